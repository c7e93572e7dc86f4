"""Checks of the assignment: points, eigenvalues and limits on the sphere."""

import numpy as np
from scipy.special import eval_legendre
from scipy.stats import kstest

from ntklab import dynamics, sphere
from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    generator,
    hint_for,
    passed,
)
from ntklab.kernels import DeepNTK, TwoLayerNTK


def even_points(student):
    """Norms, the use of the generator, then the distribution of heights along many axes."""
    n, seed, other = generator().integers([15_000, 0, 0], [17_000, 2**32, 2**32]).tolist()

    def at(seed):
        return ask(student, n, np.random.default_rng(seed), shape=(n, 3))

    points = at(seed)
    if not np.allclose(np.linalg.norm(points, axis=1), 1):
        hint = "a direction is what counts: scale each vector to length 1."
        raise CheckFailed(student, "points must be unit vectors", hint)
    if not np.array_equal(points, at(seed)):
        hint = "draw from `rng` and from nothing else: the same seed, the same points."
        raise CheckFailed(student, "the same generator must give the same points", hint)
    if np.isclose(points, at(other)).all(axis=1).mean() > 0.01:
        hint = "a lattice is even, too, but it is no draw: where does `rng` enter?"
        raise CheckFailed(student, "another generator must give other points", hint)
    _check_halves(student, points)
    _check_axes(student, points)
    passed(student, "even along nine axes, and independent.")


def _check_axes(student, points):
    """Heights along any axis must be uniform (Archimedes), and scatter as random ones do."""
    turned = generator().normal(size=(4, 3))
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    axes = np.vstack([np.eye(3), np.ones(3) / np.sqrt(3), [0.6, -0.8, 0.0], turned])
    tests = [kstest(points @ axis, "uniform", args=(-1, 2)) for axis in axes]
    worst = min(range(len(axes)), key=lambda i: tests[i].pvalue)
    if tests[worst].pvalue < 1e-6:
        caps = [np.mean(np.abs(points @ axis) > 0.95) / 0.05 for axis in axes]
        what = f"seen from {np.round(axes[worst], 2)} the points are not even"
        hint = "is it the same from all directions?"
        if max(caps[:3]) > 1.5:
            hint = "poles are crowded: near them a step of the polar angle covers little area."
        elif caps[3] > 1.1:
            hint = "corners are crowded: a cube, scaled to the sphere, keeps its corners."
        raise CheckFailed(student, what, hint)
    # chance brings sqrt(n) D below 1/4 once in thirty million draws
    if min(test.statistic for test in tests) * np.sqrt(len(points)) < 0.25:
        hint = "each point by itself: no point may know where the others are."
        raise CheckFailed(student, "these are more even than chance allows", hint)


def _check_halves(student, points):
    for i, name in enumerate("xyz"):
        share = np.mean(points[:, i] > 0)
        if not 0.4 < share < 0.6:
            what = f"{share:.0%} of the points have {name} > 0"
            raise CheckFailed(student, what, "half of the sphere is missing, or nearly so.")


EIGENVALUE_HINTS = {
    4 * np.pi: "4π too large: T integrates against p dA, and p is one over the area.",
    2.0: "twice too large: the ring at θ has 2π sin θ dθ of the sphere's 4π.",
    2 * np.pi: "2π too large: p = 1/4π is forgotten in part. Try the kernel that is 1 everywhere.",
    0.5: "half of it is missing. Try the kernel that is 1 everywhere.",
}


def sphere_eigenvalue(student):
    """Kernels and any profile, some degrees, beside the integral over heights t = cos θ."""
    rng = generator()
    degrees = np.sort([0, 1, *rng.choice(np.arange(2, 16), 6, replace=False)])
    any_profile = np.polynomial.Polynomial(rng.uniform(0.2, 1, 4) * [1, -1, 1, -1])
    kernels = {
        "no kernel": any_profile,
        "two layers": TwoLayerNTK().profile,
        f"{(L := int(rng.integers(2, 6)))} hidden layers": DeepNTK(L).profile,
        "no bias": TwoLayerNTK(bias=False).profile,
    }
    for name, profile in kernels.items():
        right, flat, circle = _integrals(profile, degrees)
        got = np.array([ask(student, profile, int(n)) for n in degrees])
        off = np.abs(got - right) > 1e-3 * np.abs(right) + 1e-5 * np.abs(right).max()
        if not off.any():
            continue
        seen = np.abs(right) > 1e-5 * np.abs(right).max()
        hint = hint_for(constant_factor(got[seen], right[seen]), EIGENVALUE_HINTS)
        if np.allclose(got, circle, rtol=1e-3, atol=1e-6):
            hint = "these are the eigenvalues of the circle. What is P_l, and how large is a ring?"
        elif _proportional(got, flat):
            hint = "every ring has the same weight: how far from the axis is the one at θ?"
        elif np.allclose(got[0], right[0], rtol=1e-3) and got[1] * right[1] < 0:
            hint = "the sign of odd degrees is wrong: which pole is at angle 0?"
        what = f"{name}: wrong at l = {', '.join(map(str, degrees[off]))}"
        raise CheckFailed(student, what, hint or "put x at the pole: T P_l (pole) = λ_l P_l(1).")
    passed(student, f"right for {len(kernels)} profiles, up to l = {degrees[-1]}.")


def _proportional(got, guess):
    factor = got[0] / guess[0]
    return factor != 0 and np.allclose(got, factor * guess, rtol=1e-3, atol=1e-3 * abs(got[0]))


def _integrals(profile, degrees):
    """∫k P_l dt/2 over the heights; ∫k P_l dθ, in which rings are alike; ∫k cos lθ dθ/π."""
    n = 40_000
    theta = np.pi * (np.arange(n) + 0.5) / n
    height, k = np.cos(theta), profile(theta)
    edges = np.cos(np.pi * np.arange(n + 1) / n)
    waves = [eval_legendre(degree, height) for degree in degrees]
    sphere_ones = [(edges[:-1] - edges[1:]) @ (k * wave) / 2 for wave in waves]
    flat = [np.pi / n * np.sum(k * wave) for wave in waves]
    circle = [np.mean(k * np.cos(degree * theta)) for degree in degrees]
    return np.array(sphere_ones), np.array(flat), np.array(circle)


# -- what the quotients tend to --------------------------------------------------------------------


def density_ratio(student):
    """Density ratios from quotients of exact times."""
    rng, cases = generator(), []
    for low, high in [(2.3, 2.9), (2.9, 3.5), (3.5, 4.0), (2.3, 4.0)]:
        ratio, threshold = rng.uniform([low, 0.15], [high, 0.34])
        cases.append((ratio, _quotients(ratio, threshold, int(rng.integers(24, 31)))))
    got = np.array([ask(student, quotients) for _, quotients in cases])
    right = np.array([ratio for ratio, _ in cases])
    if np.allclose(got, right, rtol=0.015):
        worst = np.abs(got / right - 1).max()
        passed(student, f"{len(cases)} ratios, the worst within {worst:.2%}.")
        return
    hint = "plot the quotients against 1/κ: where does the line for late κ meet the axis?"
    for guess, named in LIMIT_HINTS:
        if np.allclose(got, [guess(q) for _, q in cases], rtol=2e-3):
            hint = named
    share = got / right - 1
    side = "too small" if (share < 0).all() else "too large" if (share > 0).all() else "off"
    what = f"{side} by up to {np.abs(share).max():.1%}; 1.5 % are allowed"
    raise CheckFailed(student, what, hint)


def _quotients(ratio, threshold, count):
    """Times of the sparse half over those of the dense one, degrees 1 to `count`."""
    halves = sphere.hemispheres(ratio)
    spectrum = sphere.solve(TwoLayerNTK(), halves, None, orders=(0,), degree=3 * count)
    inside = [region.contains(spectrum.points) for region in halves.regions]
    flows = [dynamics.gradient_flow(spectrum, sphere.harmonic(k)) for k in range(1, count + 1)]
    times = [[flow.time_to_reach(threshold, half).time for half in inside] for flow in flows]
    return np.divide(*np.transpose(times))


def _line(quotients, power=-1.0, first=10, step=2):
    """The constant and the slope of a fit by constant + slope κ^power, from some degree on."""
    chosen = np.array([k for k in range(first, len(quotients) + 1) if k % step == 0])
    slope, constant = np.polyfit(chosen**power, quotients[chosen - 1], 1)
    return constant, slope


LIMIT_HINTS = [
    (lambda q: q[-1], "the last quotient is one at a finite κ. Is it still rising?"),
    (lambda q: q[-2], "this quotient is one at a finite κ. Is it still rising?"),
    (lambda q: q.max(), "the largest of them is one at a finite κ. Are they still rising?"),
    (lambda q: np.median(q), "a median of quotients that are still rising is not their limit."),
    (lambda q: np.median(q[1:7]), "this is what the paper did: the median over κ = 2 to 7."),
    (lambda q: q.mean(), "a mean of quotients that are still rising is not their limit."),
    (lambda q: q[-10:].mean(), "late quotients are nearer, but their mean still lags behind."),
    (lambda q: _line(q, -2.0)[0], "the gap dies out more slowly than 1/κ²: look at κ times the gap "
     "for even degrees."),
    (lambda q: _line(q, first=1, step=1)[0], "the first degrees do not obey the law yet, and they "
     "pull the line."),
    (lambda q: _line(q, 1.0)[0], "a line in κ has no limit. In which variable is κ = ∞ a place "
     "where you can read it off?"),
    (lambda q: _line(q)[1], "this is the slope of the line. The limit is its other coefficient."),
]  # fmt: skip
