"""Checks of the assignment: how long it takes, at the worst, at the least, and to the iteration."""

from bisect import bisect_left

import numpy as np
from scipy.optimize import minimize_scalar

from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    generator,
    hint_for,
    mistake,
    passed,
)
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK

# -- the worst amount of data ----------------------------------------------------------------------

SHARE_HINTS = {
    1 / np.e: "at this share the time is 0: nothing need be learned. Where is it longest?",
    0.5: "at the start the mean square of cos κx is 1/2, not 1.",
    2.0: "is a 2 counted twice? At the start the mean square of cos κx is 1/2.",
    np.e: "e once too often: where is the derivative of log(P/2δ²)/P zero?",
}
TIME_HINTS = {
    2.0: "the mean square decays twice as fast as its root.",
    0.5: "the mean square decays twice as fast as its root, not four times.",
    np.pi: "a π too many: k_κ = 1/(πκ²).",
    1 / np.pi: "a π is lost: k_κ = 1/(πκ²).",
    1 / np.pi**2: "k_κ = 1/(πκ²): its π belongs on top of a time.",
}


def worst_share(student):
    """The share at which the local law's time is largest, found by trying, and that time."""
    rng = generator()
    cases = [
        (int(kappa), float(rng.uniform(0.2, 2.5)), float(rng.uniform(0.02, 0.15)))
        for kappa in 2 * rng.choice(np.arange(1, 15), 4, replace=False) + 1
    ]
    found = np.array([ask(student, *case, shape=(2,)) for case in cases])
    best = np.array([_slowest(*case) for case in cases])
    _check_share(student, found[:, 0], best[:, 0], cases)
    if np.allclose(found[:, 1], best[:, 1], rtol=1e-3):
        passed(student, f"the longest time, in {len(cases)} regions: it ends even so.")
        return
    off = found[:, 1] / best[:, 1]
    kappa, length, _ = np.transpose(cases)
    hint = hint_for(constant_factor(off, 1), TIME_HINTS)
    for power, named in [
        (1 / length, "the density is P/ℓ: where is ℓ in your time?"),
        (1 / length**2, "the density is P/ℓ: longer regions are thinner, and slower."),
        (1 / kappa, "the eigenvalue falls like 1/κ², not like 1/κ."),
        (1 / best[:, 1] ** 2, "is this a rate? Time is one over it."),
    ]:
        if constant_factor(off, power) is not None:
            hint = named
    what = f"the share is right, the time is off by factors of {off.min():.3g} to {off.max():.3g}"
    raise CheckFailed(student, what, hint or "put your share into the equation for t.")


def _mean_square(share, time, frequency, length):
    """The mean square error over all data, if a region with this share is yet to be learned."""
    return share / 2 * np.exp(-2 * share / length / (np.pi * frequency**2) * time)


def _slowest(frequency, length, threshold):
    """(share, time) of the longest time to reach the threshold, by a search over shares.

    The logarithm of the mean square error is linear in time, so that two times give the line.
    """

    def time(log_share):
        start, later = (
            np.log(_mean_square(np.exp(log_share), t, frequency, length)) for t in (0.0, 1.0)
        )
        return (start - 2 * np.log(threshold)) / (start - later)

    low = np.log(2 * threshold**2)
    options = {"xatol": 1e-9}
    top = minimize_scalar(lambda s: -time(s), bounds=(low, low + 5), options=options).x
    return np.exp(top), time(top)


def _check_share(student, got, right, cases):
    if np.allclose(got, right, rtol=1e-3):
        return
    _, length, delta = np.transpose(cases)
    if (got <= 0).any() or (got >= 1).any():
        hint = "first P, then ηt. Without data there is nothing to learn."
        raise CheckFailed(student, "a share lies between 0 and 1", hint)
    hint = hint_for(constant_factor(got, right), SHARE_HINTS)
    if constant_factor(got * delta, right) is not None:
        hint = "a share of the data is a mean square: how does δ enter it?"
    elif constant_factor(got * length, right) is not None:
        hint = "this is a density, P/ℓ. The share itself is asked for."
    elif np.allclose(got, length / (2 * np.pi)):
        hint = "data are taken away, and the time grows at first. But where does it end?"
    low, *_, high = np.sort(got / right)
    what = f"the time is longer at another share: yours is {low:.3g} to {high:.3g} of it"
    hint = hint or "P/2 e^(-2ηp k t) = δ² with p = P/ℓ: solve for t, then vary P."
    raise CheckFailed(student, what, hint)


# -- every q twice ---------------------------------------------------------------------------------


def reciprocal_tail(student):
    """Σ_{i>n} 1/⌊i/2⌋²: the total, the steps from n to n + 1, and the far end."""
    rng = generator()

    def at(n):
        return ask(student, int(n))

    first = at(1) / (np.pi**2 / 3)
    if not np.isclose(first, 1, rtol=1e-6):
        hints = {
            0.5: "every q counts twice: i = 2 and i = 3 both have q = 1.",
            3 / np.pi**2: "this is the slide's 1/q, which is no sum at all. Add up the terms.",
        }
        hint = hint_for(first, hints) or "which i are beyond n = 1?"
        if abs(first - 1) < 0.03:
            hint = "near, but the series is longer than that: what do you know of Σ 1/q²?"
        raise CheckFailed(student, f"beyond n = 1 it is off by the factor {first:.6g}", hint)
    for n in (1, 2, 3, *rng.integers(4, 200, 4), *(2 * rng.integers(50, 500, 2))):
        step, term = at(n) - at(n + 1), 1 / ((n + 1) // 2) ** 2
        if not np.isclose(step, term, rtol=1e-4, atol=1e-9):
            drop = f"{step / term:.3g}"
            what = f"from n = {n} to {n + 1} one term leaves; yours drops by {drop} of it"
            hint = "for even n one of the two terms with q = n/2 is left, for odd n none."
            raise CheckFailed(student, what, hint)
    for n in rng.integers(2 * 10**5, 10**6, 2):
        far = at(n) * (n - (n % 2 == 0)) / 4  # over the integral that the sum tends to
        if not np.isclose(far, 1, rtol=1e-3):
            what = f"at n = {n} it is off by the factor {far:.4g}"
            raise CheckFailed(student, what, "where do you cut the series off?")
    passed(student, f"at n = 2001 it is {1000 * at(2001):.3f} times the printed 1/q_n.")


# -- the other side --------------------------------------------------------------------------------


def certainly_needed(student):
    """Jensen's bound for densities and kernels, with the mean eigenvalue by Fourier series."""
    cases = _cases_of_needed()
    got = np.array([ask(student, kernel.profile, density.pdf, *numbers)
                    for kernel, density, *numbers in cases])
    means = np.array([_means(*case[:3]) for case in cases])  # ‖g‖², ⟨g, Tg⟩, and wrong ones
    rate, delta = np.transpose([case[3:] for case in cases])
    right = _needed(means[:, 0], means[:, 1] / means[:, 0], rate, delta)
    if np.allclose(got, right, rtol=1e-2):
        passed(student, f"{len(cases)} cases within one per cent: no fewer iterations will do.")
        return
    worst = int(np.abs(got / right - 1).argmax())
    what = f"for κ = {cases[worst][2]} it is off by the factor {got[worst] / right[worst]:.4g}"
    hint = mistake(got, _wrong_bounds(means, rate, delta), rtol=1e-2)
    hint = hint or "‖g‖² first, then ⟨g, Tg⟩/‖g‖²: what are they under uniform data?"
    raise CheckFailed(student, what, hint)


def _cases_of_needed():
    """Kernel, density, frequency, learning rate and threshold; the first under uniform data."""
    rng = generator()
    densities = [
        uniform(),
        TrigPolynomial([rng.uniform(0.3, 0.6)], [rng.uniform(-0.3, 0.3)]),
        PiecewiseConstant.equal_pieces([1, rng.uniform(2, 4), rng.uniform(4, 8)]),
        PiecewiseConstant.equal_pieces([1, rng.uniform(3, 9)]),
        PiecewiseConstant.equal_pieces([rng.uniform(2, 5), 1, 1]),
    ]
    kernels = [TwoLayerNTK()] * 4 + [DeepNTK(2)]
    # in the first case gradient descent and flow differ enough to be distinguished
    frequencies = [1, *rng.integers(1, 9, 4)]
    shares = [rng.uniform(0.55, 0.65), *rng.uniform(0.2, 0.6, 4)]  # of the largest that is allowed
    return [
        (kernel, density, int(kappa), float(share / kernel.profile(np.zeros(1))[0]),
         float(rng.uniform(0.02, 0.2)))
        for kernel, density, kappa, share in zip(kernels, densities, frequencies, shares,
                                                 strict=True)
    ]  # fmt: skip


def _means(kernel, density, frequency):
    """∫g²p and ∫∫ g p k p g, then what is left of them without one p.

    With λ_n of uniform data k(x - z) = λ_0 + 2 Σ λ_n cos n(x - z); f = gp has the coefficients F_n:
    ∫∫ f k f = λ_0 |F_0|² + 2 Σ λ_n |F_n|². λ_n falls like 1/n², |F_n| like 1/n.
    """
    n = 2**13
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    wave, p = np.cos(frequency * x), density.pdf(x)
    uniform_speeds = kernel.harmonic_eigenvalues(np.arange(257))
    uniform_speeds[1:] *= 2
    F, G = (2 * np.pi * np.fft.rfft(f)[:257] / n for f in (wave * p, wave))
    both = float(uniform_speeds @ np.abs(F) ** 2)
    one = float(uniform_speeds @ (F * G.conj()).real)
    square, plain = (2 * np.pi * np.mean(wave**2 * weight) for weight in (p, 1.0))
    return square, both, plain, one


def _needed(square, mean, rate, delta, power=0.5):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (power * np.log(square) - np.log(delta)) / -np.log1p(-rate * mean)


def _wrong_bounds(means, rate, delta):
    square, both, plain, one = means.T
    mean = both / square
    return [
        (_needed(square, both, rate, delta), "a mean has weights that add up to 1: those of the "
         "g_i² add up to ‖g‖²."),
        (_needed(square, mean, rate, delta, 1.0), "δ is for the norm, not for its square."),
        (_needed(np.ones(len(rate)), mean, rate, delta), "at t = 0 the error is ‖g‖, not 1."),
        (_needed(plain, mean, rate, delta), "the norm is that of L²(p): ‖g‖² = ∫ g² p dx."),
        (_needed(square, mean, rate, delta) / 2, "the square has the exponent 2t; its root has t."),
        (_needed(square, one / square, rate, delta), "this is k_κ: p stands in T, and once more in "
         "the inner product of L²(p)."),
        (_needed(square, one / plain, rate, delta), "p stands in T, and once more in the inner "
         "product of L²(p)."),
        ((0.5 * np.log(square) - np.log(delta)) / (rate * mean),
         "e^(-ηλt) is gradient flow; steps multiply by 1 - ηλ."),
    ]  # fmt: skip


# -- the exact iteration ---------------------------------------------------------------------------


def iterations_needed(student):
    """The first t at which the error is δ: exact for few steps, for many, and never."""
    rng = generator()
    for count, slowest, threshold in [(40, 1e-2, 1e-6), (5, 1e-2, 0.1), (12, 1e-9, 1e-3)]:
        for rate in rng.uniform([0.3, 1.5], [0.9, 2.4]):
            lam = np.geomspace(0.4, slowest * rng.uniform(0.7, 1.4), count)
            g = rng.normal(size=count) + 0.1
            g *= rng.uniform(0.8, 1.0) / np.linalg.norm(g)
            _check_first(student, lam, g, float(rate), threshold * float(rng.uniform(0.8, 1.2)))
    lam, (rest, *g) = np.array([0.3, 0.1, 0.0]), rng.uniform(0.2, 0.5, 3)
    g = np.array([*g, rest])
    never = ask(student, lam, g, 1.0, 0.6 * rest)
    if never != -1:
        what = "eigenvalue 0 keeps the error above δ for ever, and you found an iteration"
        raise CheckFailed(student, what, "what is left of the error as t → ∞?")
    if ask(student, lam, g, 1.0, 1.01 * np.linalg.norm(g)) != 0:
        what = "an error that is below δ at the start needs no iterations"
        raise CheckFailed(student, what, "is t = 0 among those you look at?")
    _check_small_rest(student, rng)
    passed(student, "exact to the iteration, beyond 10⁹ of them.")


def _check_small_rest(student, rng):
    """The iteration is finite if the coefficient of an eigenvalue 0 is below δ."""
    lam, g = np.array([0.5, 0.02, 0.0]), np.array([0.5, 0.6, 0.01])
    threshold = float(rng.uniform(0.05, 0.1))
    got = ask(student, lam, g, 1.0, threshold)
    if got != _first(lambda t: _error(lam, g, 1.0, t), threshold):
        what = f"wrong where an eigenvalue is 0, but its coefficient is below δ: {got:g}"
        raise CheckFailed(student, what, "compare what is left as t → ∞ with δ, not with 0.")


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
    got = ask(student, lam, g, rate, threshold)
    right = _first(lambda t: _error(lam, g, rate, t), threshold)
    # rounding in a power of 10^9 may move the crossing by a few of its iterations
    slack = 1e-6 * right if right > 10**6 else 0
    if abs(got - right) <= slack and got == round(got):
        return
    side = "at or below" if got >= right else "above"
    what = f"that is not the first: at your t = {got:g} the error is {side} δ = {threshold:.3g}"
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
