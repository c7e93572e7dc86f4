"""Checks of the assignment: how long it takes, and what the proof of the theorem gives away."""

from bisect import bisect_left

import numpy as np

from ntklab import bounds
from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    hint_for,
    passed,
    power_law,
)
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK

FREQUENCY_HINTS = {
    1.0: "the eigenvalue falls like 1/κ², not like 1/κ.",
    -2.0: "fast waves take longer, not less: time is one over the rate.",
    0.0: "κ does not enter. Where does it in k_κ?",
}
DENSITY_HINTS = {
    -0.5: "√p is for frequencies. The rate of decay is η p k_κ, with p itself.",
    1.0: "more data, more time? Time is one over the rate.",
    0.0: "the density does not enter.",
    -2.0: "one p too many: the rate is η p k_κ.",
}
RATE_HINTS = {
    1.0: "larger steps, more steps? Time is one over the rate.",
    0.0: "the learning rate does not enter.",
}


def finishing_time(student):
    """The local law: its powers of κ, p and η, then what the threshold does."""
    p = np.array([0.05, 0.1, 0.3])
    delta = 0.03

    def at(frequency=9, p=p, rate=1.0, delta=delta):
        return ask(student, frequency, p, rate, delta, shape=p.shape)

    if (at() <= 0).any():
        raise CheckFailed(student, "a time must be positive", "is the logarithm upside down?")
    kappa, eta = np.array([3, 5, 9, 27]), np.array([0.1, 0.5, 2.0])
    for what, right, x, times, hints in [
        ("κ^2", 2, kappa, [at(frequency=int(k))[0] for k in kappa], FREQUENCY_HINTS),
        ("1/p", -1, p, at(), DENSITY_HINTS),
        ("1/η", -1, eta, [at(rate=e)[0] for e in eta], RATE_HINTS),
    ]:
        power = power_law(x, np.array(times))
        if power is None or abs(power - right) > 1e-3:
            got = "no power at all" if power is None else f"the power {power:.2g}"
            hint = hint_for(power, hints) or "start from (rms at time t) = δ and solve for t."
            raise CheckFailed(student, f"the time must go like {what}, yours has {got}", hint)
    _check_threshold(student, at)
    passed(student, "κ²/p, and it starts at 1/√2.")


def _check_threshold(student, at):
    kernel, density = TwoLayerNTK(), uniform()
    deltas = np.array([0.5, 0.1, 0.01])
    p = np.array([density.minimum])
    got = np.array([at(p=p, delta=float(delta))[0] for delta in deltas])
    region = density.regions[0]
    right = np.array([bounds.local_time(d, 1.0, kernel, 9, density, region) for d in deltas])
    if np.allclose(got, right, rtol=1e-3):
        return
    unit = right / np.log(1 / (np.sqrt(2) * deltas))
    for guess, hint in [
        (unit * np.log(1 / deltas), "at t = 0 the rms of cos κx is 1/√2, not 1."),
        (unit * np.log(np.sqrt(2) / deltas), "√2 stands on the wrong side: 1/√2 is below 1."),
        (unit * np.log10(1 / (np.sqrt(2) * deltas)), "the natural logarithm, not that of base 10."),
        (right / 2, "the error decays with the rate, its square twice as fast. Which is δ for?"),
    ]:
        if np.allclose(got, guess, rtol=1e-3):
            raise CheckFailed(student, "the threshold enters wrongly", hint)
    factor = constant_factor(got, right)
    if factor is not None:
        hints = {
            1 / np.pi: "π is lost: k_κ = 1/(πκ²).",
            1 / np.pi**2: "k_κ = 1/(πκ²): its π belongs on top here.",
            2 * np.pi: "2π too large: p k_κ is the eigenvalue already.",
        }
        hint = hint_for(factor, hints) or "compare your k_κ with that of (11)."
        raise CheckFailed(student, f"every time is off by the factor {factor:.4g}", hint)
    hint = "solve e^(-η p k t)/√2 = δ for t."
    raise CheckFailed(student, "the threshold enters wrongly", hint)


def reciprocal_tail(student):
    """Σ_{i>n} 1/⌊i/2⌋²: the total, the steps from n to n + 1, and the far end."""

    def at(n):
        return float(ask(student, n, shape=()))

    first = at(1)
    if not np.isclose(first, np.pi**2 / 3, rtol=1e-6):
        hints = {
            0.5: "every q counts twice: i = 2 and i = 3 both have q = 1.",
            3 / np.pi**2: "this is the slide's 1/q, which is no sum at all. Add up the terms.",
        }
        hint = hint_for(first / (np.pi**2 / 3), hints)
        what = f"beyond n = 1 the sum is 2 (1 + 1/4 + 1/9 + …) = π²/3 = 3.28987, got {first:.6g}"
        close = "near, but the series is longer than that: what do you know of Σ 1/q²?"
        if hint is None:
            hint = close if abs(first - np.pi**2 / 3) < 0.1 else "which i are beyond n = 1?"
        raise CheckFailed(student, what, hint)
    for n in (1, 2, 3, 8, 9, 100, 101):
        step, right = at(n) - at(n + 1), 1 / ((n + 1) // 2) ** 2
        if not np.isclose(step, right, rtol=1e-4, atol=1e-9):
            what = f"from n = {n} to {n + 1} the term {right:.6g} leaves; yours drops by {step:.6g}"
            hint = "for even n one of the two terms with q = n/2 is left, for odd n none."
            raise CheckFailed(student, what, hint)
    far = at(10**6) * 10**6 / 4
    if not np.isclose(far, 1, rtol=1e-3):
        what = f"at n = 10^6 the sum is near 4/n, yours is {far:.4g} of that"
        raise CheckFailed(student, what, "where do you cut the series off?")
    ratio = at(2001) * 1000
    passed(student, f"at n = 2001 it is {ratio:.3f} times the printed 1/q_n.")


SOURCE_HINTS = {
    2.0: "twice too large: K * cos runs over the whole circle, not over half of it.",
    2 * np.pi: "2π too large: the eigenvalue under the uniform density holds a factor p = 1/2π "
    "that k_κ does not.",
    1 / (2 * np.pi): "2π too small: where does a 2π multiply k_κ?",
    0.5: "half of it: is something counted twice in k_κ?",
}


def source_norm(student):
    """‖g/(k_κ p)‖ in L²(p), for several densities, kernels and frequencies."""
    smooth, steps = TrigPolynomial([0.4], [0.3]), PiecewiseConstant.equal_pieces([1, 2, 4])
    two, deep = TwoLayerNTK(), DeepNTK(2)
    cases = [(two, uniform(), 3), (two, smooth, 4), (two, steps, 3), (deep, steps, 2)]
    got = np.array([float(ask(student, k.profile, d.pdf, q, shape=())) for k, d, q in cases])
    right = np.array([bounds.source(k, d, q) for k, d, q in cases])
    if np.allclose(got, right, rtol=5e-3):
        passed(student, "four cases within half a per cent.")
        return
    if (got <= 0).any():
        raise CheckFailed(student, f"a norm is positive, got {got.min():.4g}")
    k = np.array([bounds.multiplier(kernel, q) for kernel, _, q in cases])
    x = -np.pi + 2 * np.pi * (np.arange(6000) + 0.5) / 6000
    shapes = [(np.cos(q * x) ** 2, density.pdf(x)) for _, density, q in cases]
    mean = 2 * np.pi
    guesses = [
        (right**2, "this is the square of the norm."),
        (right * k, "this is the norm of g/p: T(g/p) is k_κ g, so h is g/(k_κ p)."),
        (right * k**2, "divided by k_κ where it should multiply, or the other way round."),
        ([np.sqrt(np.mean(g / p**2) * mean) for g, p in shapes] / k,
         "the norm is that of L²(p): h² is weighted with p, which leaves g²/p."),
        ([np.sqrt(np.mean(g * p) * mean) for g, p in shapes] / k,
         "this is ‖g‖/k_κ: g is divided by p in h."),
        ([np.sqrt(np.mean(g) * mean / p.min()) for g, p in shapes] / k,
         "this is the upper bound √(π/p*)/k_κ. The integral itself is smaller."),
    ]
    for guess, hint in guesses:
        if np.allclose(got, guess, rtol=5e-3):
            raise CheckFailed(student, f"expected {right[2]:.4g} for 1:2:4, got {got[2]:.4g}", hint)
    factor = constant_factor(got, right, tolerance=5e-3)
    hint = hint_for(factor, SOURCE_HINTS, tolerance=5e-3)
    what = f"uniform p, κ = 3: S = 1/(√2 λ_3) = {right[0]:.4g}, got {got[0]:.4g}"
    raise CheckFailed(student, what, hint or "compute k_κ = ∫K(θ)cos κθ dθ first and look at it.")


def iterations_needed(student):
    """The first t at which the error is δ: exact for few steps, for many, and never."""
    rng = np.random.default_rng(4)
    for count, slowest, threshold in [(40, 1e-2, 1e-6), (5, 1e-2, 0.1), (12, 1e-9, 1e-3)]:
        lam = np.geomspace(0.4, slowest, count)
        g = rng.normal(size=count)
        g /= np.linalg.norm(g)
        for rate in (0.5, 2.4):
            _check_first(student, lam, g, rate, threshold)
    lam, g = np.array([0.3, 0.1, 0.0]), np.array([0.6, 0.7, 0.2])
    never = float(ask(student, lam, g, 1.0, 0.1, shape=()))
    if never != -1:
        what = f"eigenvalue 0 keeps the error at 0.2 for ever: -1 for δ = 0.1, got {never:g}"
        raise CheckFailed(student, what, "what is left of the error as t → ∞?")
    if float(ask(student, lam, g, 1.0, 0.95, shape=())) != 0:
        what = "an error that is below δ at the start needs 0 iterations"
        raise CheckFailed(student, what, "is t = 0 among those you look at?")
    passed(student, "exact to the iteration, up to a thousand million of them.")


def _error(lam, g, rate, t):
    with np.errstate(divide="ignore"):
        log = np.log1p(-rate * lam)
    return float(np.sqrt(np.sum((np.exp(t * log) * g) ** 2)))


def _first(error, threshold):
    """The first whole t with error(t) <= threshold, for an error that falls."""
    def learned(t):
        return error(t) <= threshold

    far = next(filter(learned, (2**k for k in range(64))))
    return bisect_left(range(far + 1), True, lo=1, key=learned)


def _check_first(student, lam, g, rate, threshold):
    got = float(ask(student, lam, g, rate, threshold, shape=()))
    right = _first(lambda t: _error(lam, g, rate, t), threshold)
    # rounding in a power of 10^9 may move the crossing by a few of its iterations
    slack = 1e-6 * right if right > 10**6 else 0
    if abs(got - right) <= slack and got == round(got):
        return
    what = f"the error first is {threshold:g} or less at t = {right}, got {got:g}"
    smallest = lam.min()
    guesses = [
        (_first(lambda t: _error(lam, g, rate, t / 2), threshold),
         "the error is a root: its square has the exponent 2t."),
        (_first(lambda t: _error(lam, g, rate, t) ** 2, threshold),
         "this is when the square of the error is δ."),
        (_first(lambda t: float(np.sqrt(np.sum((np.exp(-rate * lam * t) * g) ** 2))), threshold),
         "e^(-ηλt) is gradient flow; steps multiply by 1 - ηλ."),
        (_first(lambda t: float(np.sum(np.abs(np.exp(t * np.log1p(-rate * lam)) * g))), threshold),
         "orthonormal functions add up by Pythagoras, not by their sizes."),
        (int(np.ceil(np.log(threshold) / np.log1p(-rate * smallest))),
         "this is the bound by the slowest mode alone. It may hold next to nothing of g."),
        (_first(lambda t: _error(lam, np.ones(len(g)), rate, t), threshold),
         "where do the coefficients enter?"),
        (right - 1, "one too early: the error must be at δ or below."),
        (right + 1, "one too late: an earlier iteration does."),
    ]
    for guess, hint in guesses:
        if abs(got - guess) <= max(slack, 0.4 if right < 10**6 else 1e-6 * guess):
            raise CheckFailed(student, what, hint)
    if abs(got - right) < 1:
        raise CheckFailed(student, what, "iterations are whole numbers: the first one that does.")
    raise CheckFailed(student, what, "write the error as a function of t, then look for its root.")
