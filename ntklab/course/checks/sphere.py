"""Checks of the assignment: points, eigenvalues and laws on the sphere."""

import numpy as np
from scipy.stats import kstest

from ntklab.course.checks.answers import CheckFailed, ask, constant_factor, hint_for, passed
from ntklab.kernels import DeepNTK, TwoLayerNTK


def even_points(student):
    """Norms, then the distribution of heights along five axes, then of longitudes."""
    n = 4000
    points = ask(student, n, np.random.default_rng(6), shape=(n, 3))
    if not np.allclose(np.linalg.norm(points, axis=1), 1):
        hint = "a direction is what counts: scale each vector to length 1."
        raise CheckFailed(student, "points must be unit vectors", hint)
    again = ask(student, n, np.random.default_rng(6), shape=(n, 3))
    if not np.array_equal(points, again):
        hint = "draw from `rng` and from nothing else: the same seed, the same points."
        raise CheckFailed(student, "the same generator must give the same points", hint)
    _check_halves(student, points)
    axes = np.vstack([np.eye(3), np.ones(3) / np.sqrt(3), [0.6, -0.8, 0.0]])
    worst = min(range(len(axes)), key=lambda i: _even(points @ axes[i]))
    if _even(points @ axes[worst]) < 1e-6:
        caps = [np.mean(np.abs(points @ axis) > 0.95) / 0.05 for axis in axes]
        what = f"seen from {np.round(axes[worst], 2)} the points are not even"
        hint = "is it the same from all directions?"
        if max(caps[:3]) > 1.5:
            hint = "poles are crowded: near them a step of the polar angle covers little area."
        elif caps[3] > 1.1:
            hint = "corners are crowded: a cube, scaled to the sphere, keeps its corners."
        raise CheckFailed(student, what, hint)
    passed(student, "even along five axes, 4000 points.")


def _check_halves(student, points):
    for i, name in enumerate("xyz"):
        share = np.mean(points[:, i] > 0)
        if not 0.4 < share < 0.6:
            what = f"{share:.0%} of the points have {name} > 0"
            raise CheckFailed(student, what, "half of the sphere is missing, or nearly so.")


def _even(heights):
    """p-value of heights being uniform over [-1, 1], as Archimedes says they are."""
    return kstest(heights, "uniform", args=(-1, 2)).pvalue


EIGENVALUE_HINTS = {
    4 * np.pi: "4π too large: T integrates against p dA, and p is one over the area.",
    2.0: "twice too large: the ring at θ has 2π sin θ dθ of the sphere's 4π.",
    2 * np.pi: "2π too large: p = 1/4π is forgotten in part. Try the kernel that is 1 everywhere.",
    0.5: "half of it is missing. Try the kernel that is 1 everywhere.",
}


def sphere_eigenvalue(student):
    """Three kernels and ten degrees against the package's own Funk-Hecke eigenvalues."""
    one = float(ask(student, np.ones_like, 0, shape=()))
    degrees = np.arange(10)
    for kernel in (TwoLayerNTK(), DeepNTK(3), TwoLayerNTK(bias=False)):
        right = kernel.harmonic_eigenvalues(degrees, dimension=3)
        got = np.array([float(ask(student, kernel.profile, int(n), shape=())) for n in degrees])
        off = np.abs(got - right) > 1e-3 * np.abs(right) + 1e-6 * right[0]
        if not off.any():
            continue
        seen = right > 1e-9
        hint = hint_for(constant_factor(got[seen], right[seen]), EIGENVALUE_HINTS)
        if np.allclose(got, kernel.harmonic_eigenvalues(degrees), rtol=1e-3, atol=1e-6):
            hint = "these are the eigenvalues of the circle. What is P_l, and how large is a ring?"
        elif hint is None and np.isclose(one, np.pi / 2, rtol=1e-2):
            hint = "rings near the poles are small: where is the sine?"
        name = repr(kernel).partition(" [")[0]
        what = f"{name}: wrong at l = {', '.join(map(str, degrees[off]))}"
        raise CheckFailed(student, what, hint or "put x at the pole: T P_l (pole) = λ_l P_l(1).")
    passed(student, "right for three kernels and l = 0 … 9.")


def good_from(student):
    """The answer by what defines it: all good from there on, and the one before not."""
    rng = np.random.default_rng(16)
    cases = [(np.array([2.9, 1.0, 2.8, 2.6, 2.9, 3.4, 2.95, 3.0]), 3.0, 0.1)]
    cases += [(np.array([1.95, 1.9, 2.0]), 2.0, 0.1)]  # good from the start
    for ratio in (2.0, 4.0, 12.0):
        kappa = np.arange(1, 60)
        noise = rng.uniform(-1, 1, 59)
        cases.append((ratio * (1 - 0.9 * noise / kappa), ratio, 0.05))
    for quotients, ratio, tolerance in cases:
        got = float(ask(student, quotients, ratio, tolerance, shape=()))
        _check_from(student, quotients, ratio, tolerance, got)
    passed(student, f"right for {len(cases)} tables.")


def _check_from(student, quotients, ratio, tolerance, got):
    if got != round(got) or not 1 <= got <= len(quotients):
        hint = "κ counts from 1, and the last one given is good."
        raise CheckFailed(student, f"κ must be 1 to {len(quotients)}, got {got:g}", hint)
    good = np.abs(quotients - ratio) <= tolerance * ratio
    k, first = int(got), int(np.argmax(good)) + 1
    if good[k - 1 :].all() and (k == 1 or not good[k - 2]):
        return
    what = f"κ = {k} is not it: {np.round(quotients[:8], 2)} … to {ratio:g} within {tolerance:.0%}"
    below = np.flatnonzero(quotients < ratio * (1 - tolerance))
    one_sided = below[-1] + 2 if len(below) else 1
    absolute = np.flatnonzero(np.abs(quotients - ratio) > tolerance)
    if k == one_sided:
        hint = "too large counts as well: a quotient may overshoot."
    elif not good[k - 1]:
        hint = "that one is not good itself: does the array begin at κ = 0 or at κ = 1?"
    elif k == first:
        hint = "it is the first good one, but after it comes one that is not."
    elif len(absolute) and k == absolute[-1] + 2:
        hint = "the tolerance is relative: a share of the ratio."
    elif good[k - 1 :].all():
        hint = "all good from there, but so they are from earlier on."
    else:
        hint = "after it comes one that is not good."
    raise CheckFailed(student, what, hint)
