"""Checks of the assignment: kinks, the order of places and waves, and depth from a spectrum."""

from functools import lru_cache

import numpy as np

from ntklab import asymptotics, bounds, fredholm
from ntklab.course.checks.answers import CheckFailed, ask, constant_factor, hint_for, passed
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import NNGP, DeepNTK

# -- the kink of another activation ----------------------------------------------------------------

DEPTH_HINTS = [
    (lambda L: L**0, "depth does not enter: what does every further layer add?"),
    (lambda L: L, "layers do not add the same each: a slope is multiplied by what came before it."),
    (lambda L: L**2, "a sum over the layers, and not all of its terms are as large as the last."),
    (lambda L: L * (L - 1), "the first layer is lost: Θ_0 is 1 at angle 0, not 0."),
    (lambda L: (L + 1) * (L + 2), "one layer too many: the output layer has no activation."),
]
SIZE_HINTS = {
    0.5: "half of it: did a 2 of c_σ go astray, or does the sum of the layers hold one half more?",
    2.0: "twice too large: in the sum over the layers, or in the chance of different signs?",
    np.pi: "π too large: different signs have probability φ/π, not φ.",
    1 / np.pi: "π too small: different signs have probability φ/π.",
}


def kink(student):
    """ReLU at several depths, then what every kink must obey, then other activations."""

    def at(below, above, L):
        return float(ask(student, below, above, L, shape=()))

    _check_relu(student, at)
    _check_symmetries(student, at)
    cases = [(a, b, L) for a, b in ((0.1, 1.0), (-0.5, 2.0), (0.6, 1.0)) for L in (1, 3)]
    got, right = (np.array([f(*case) for case in cases]) for f in (at, _kink))
    if not np.allclose(got, right, rtol=1e-3):
        relu = np.array([asymptotics.end_slopes(L)[0] for _, _, L in cases])
        share, wanted = got / relu, right / relu
        depths = np.array([L for *_, L in cases])
        hint = "weigh σ'(u)σ'(v) by the chances of equal and of different signs."
        if np.allclose(share, wanted**depths, rtol=1e-3):
            hint = "every layer has this factor in its own slope once; slopes of layers add up."
        elif np.allclose(share, np.sqrt(wanted), rtol=1e-3):
            hint = "σ' stands there twice, once for each of the two inputs."
        a, b, L = cases[int(np.abs(got / right - 1).argmax())]
        what = f"{at(a, b, L):.4g} is not the kink for slopes {a} and {b} at L = {L}"
        raise CheckFailed(student, what, hint)
    passed(student, "right for five activations and up to seven layers.")


def _check_relu(student, at):
    L = np.array([1, 2, 4, 7])
    got = np.array([at(0.0, 1.0, int(depth)) for depth in L])
    right = np.array([asymptotics.end_slopes(int(depth))[0] for depth in L])
    if np.allclose(got, right, rtol=1e-3):
        return
    if np.allclose(got, -right, rtol=1e-3):
        hint = "two inputs are most alike at angle 0. Does the kernel rise or fall from there?"
        raise CheckFailed(student, "the sign is wrong", hint)
    factor = constant_factor(got, right)
    if factor is not None:
        hint = hint_for(factor, SIZE_HINTS) or "compare with the lecture's k'(0)."
        raise CheckFailed(student, f"for ReLU it is off by the factor {factor:.4g}", hint)
    hint = "start from a = 0, where the lecture gives the answer."
    for law, named in DEPTH_HINTS:
        if got[-1] and np.allclose(got / got[-1], law(L) / law(L)[-1], rtol=1e-3):
            hint = named
    raise CheckFailed(student, "for ReLU it grows with depth in another way", hint)


def _check_symmetries(student, at):
    linear = at(0.7, 0.7, 2)
    if abs(linear) > 1e-6:
        relu = at(0.0, 1.0, 2)
        hints = {
            1.0: "the slope on the left does not enter.",
            2.0: "only a *difference* of slopes makes a corner.",
            0.5: "different signs come in two ways: u > 0 > v, and v > 0 > u.",
        }
        hint = hint_for(linear / relu, hints) or "what is left at angle 0 of a = b?"
        raise CheckFailed(student, "a linear network has no corner, and its kernel no kink", hint)
    growth = at(0.4, 2.0, 2) / at(0.2, 1.0, 2)
    if not np.isclose(growth, 1, rtol=1e-3):
        hints = {
            4.0: "c_σ is not that of ReLU: it undoes whatever factor σ has.",
            0.5: "a square is lost above the line: σ' stands there twice.",
            2.0: "a square is lost below the line: look at E[σ(z)²].",
        }
        hint = hint_for(growth, hints) or "c_σ undoes whatever factor σ has."
        what = f"2σ is as good as σ in a network, but here its kink is {growth:.3g} times as strong"
        raise CheckFailed(student, what, hint)
    mirrored = at(1.0, 0.3, 2) / at(0.3, 1.0, 2)
    if not np.isclose(mirrored, 1, rtol=1e-3):
        what = f"σ(-u) is as good as σ(u), but here its kink is {mirrored:.3g} times as strong"
        hint = "u and -u are equally likely. Which square is whose?"
        raise CheckFailed(student, what, hint)


def _kink(below, above, L):
    """The slope at 0 by differences of the kernel itself, extrapolated to 0."""
    h = 0.02 / L
    slopes = [(_profile(below, above, L, x) - (L + 1)) / x for x in (h, h / 2, h / 4)]
    return (slopes[0] - 6 * slopes[1] + 8 * slopes[2]) / 3


def _profile(below, above, L, theta):
    """Recursion with σ split into an odd and an even part, whose expectations do not mix."""
    odd, even = ((above + below) / 2) ** 2, ((above - below) / 2) ** 2
    rho = theta_kernel = np.cos(theta)
    for _ in range(L):
        sign = 2 / np.pi * np.arcsin(rho)  # E[sign u sign v]
        size = 2 / np.pi * np.sqrt(1 - rho**2) + rho * sign  # E|u||v|
        slope = (odd + even * sign) / (odd + even)
        rho = (odd * rho + even * size) / (odd + even)
        theta_kernel = rho + theta_kernel * slope
    return theta_kernel


# -- places before waves ---------------------------------------------------------------------------

WAVES = ((2, 6, 4.0), (2, 4, 3.0), (6, 8, 2.5), (6, 12, 3.0), (4, 12, 6.0))


@lru_cache(maxsize=1024)
def _lead(slow, fast, contrast, L, kernel=DeepNTK):
    """Time of the slow wave in the sparse region over that of the fast one in the dense."""
    if L == 0:
        return 0.0
    density = PiecewiseConstant.equal_pieces([1, contrast])
    sparse, dense = density.regions
    late, early = (
        bounds.local_time(0.05, 1.0, kernel(L), frequency, density, region)
        for frequency, region in ((slow, sparse), (fast, dense))
    )
    return late / early


def dense_first(student):
    """The fast wave leads at the depth returned, and at none before."""
    got = []
    for case in WAVES:
        answer = float(ask(student, *case, shape=()))
        if answer != round(answer) or not 0 <= answer <= 10_000:
            raise CheckFailed(student, f"a number of hidden layers cannot be {answer:.6g}")
        got.append(int(answer))

    def at(case, L, kernel=DeepNTK):
        return _lead(*case, min(L, 200), kernel)  # deeper is not worth the time

    def least(wanted=lambda contrast: 1.0, kernel=DeepNTK, shift=0):
        """Whether all answers are the first depths at which the lead exceeds what is wanted."""
        for case, answer in zip(WAVES, got, strict=True):
            L, lead = answer + shift, wanted(case[2])
            if L < 1 or not (at(case, L, kernel) > lead >= at(case, L - 1, kernel)):
                return False
        return True

    if least():
        passed(student, f"right for {len(WAVES)} pairs of waves.")
        return
    hints = [
        (least(shift=-1), "one layer too many: are these hidden layers, and the first that will?"),
        (least(shift=1), "one layer too few: there the slow wave is still first."),
        (least(np.sqrt), "√p is for frequencies. A rate has p itself."),
        (least(lambda c: 1 / c), "the density enters each rate once, and so the contrast."),
        (least(kernel=NNGP), "these are the eigenvalues of ρ_L, of a network whose last layer "
         "alone is trained. Take Θ_L."),
        (set(got) == {1}, "shallow networks learn the slow wave first unless the contrast is large "
         "enough: which wave is where?"),
    ]
    for case, answer in zip(WAVES, got, strict=True):
        lead = at(case, answer)
        if lead > 1 >= at(case, max(answer - 1, 0)):
            continue
        slow, fast, contrast = case
        what = f"at κ = {slow} and {fast} and contrast {contrast:g} it is not {answer}"
        hint = "the fast wave's rate in the dense region must be the larger of the two."
        if lead > 1:
            hint = "a smaller number will do, too: try every depth in turn."
        raise CheckFailed(student, what, next((h for seen, h in hints if seen), hint))


# -- depth from a spectrum -------------------------------------------------------------------------

MADE = (
    (PiecewiseConstant.equal_pieces([1, 20, 1]), 12),
    (uniform(), 3),
    (PiecewiseConstant.equal_pieces([1, 2, 4]), 5),
    (TrigPolynomial([0.6], [0.3]), 8),
    (PiecewiseConstant.equal_pieces([1, 20, 1]), 7),
    (uniform(), 11),
)


@lru_cache
def _eigenvalues(number):
    density, L = MADE[number]
    return fredholm.solve(DeepNTK(L), density, 121).eigenvalues


def count_layers(student):
    """Spectra of known depth; a wrong answer is compared with those of usual mistakes."""
    got = []
    for number, (density, _) in enumerate(MADE):
        answer = float(ask(student, _eigenvalues(number), density.pdf, shape=()))
        if answer != round(answer):
            hint = "the law is asymptotic, so what comes out is near a whole number: round."
            raise CheckFailed(student, f"a number of layers must be whole, got {answer:.4g}", hint)
        got.append(answer)
    got, right = np.array(got), np.array([L for _, L in MADE])
    if (got == right).all():
        passed(student, f"right for {len(MADE)} spectra under four densities.")
        return
    wrong = np.flatnonzero(got != right)[0]
    what = f"spectrum {wrong + 1} of {len(MADE)} was not made by {got[wrong]:.0f} layers"
    raise CheckFailed(student, what, _layers_hint(got, right))


def _layers_hint(got, right):
    for shift, hint in [
        (1, "one too many: the layers of weights are one more than the hidden layers."),
        (-1, "one too few: did the output layer go twice, or is something cut instead of rounded?"),
    ]:
        if (got == right + shift).all():
            return hint
    Z = np.array([density.Z for density, _ in MADE])
    even = np.isclose(Z, uniform().Z)
    if (got == right)[even].all():
        return "right under uniform data: where does the density enter the law?"
    first = np.array([_eigenvalues(i)[1] for i in range(len(MADE))]) / (2 * Z**2)
    strength = np.array([-asymptotics.end_slopes(int(L))[0] for L in right])
    guesses = [
        (first / strength, "the first eigenvalues do not obey the law yet. Which ones do?"),
        (1 / (4 * np.pi**2), "Z is a mean: is its 1/2π there?"),
        (Z, "in the law Z is squared."),
        (Z**2, "where is Z in your answer?"),
        (4.0, "eigenvalues come in pairs: number i belongs to half of it."),
        (0.25, "eigenvalues come in pairs: each q counts twice, not each number twice."),
        (2.0, "a kink turns the slope from -|k'| to |k'|: where is the 2 of the law?"),
        (0.5, "twice the kink once too often: is there one 2 too many?"),
        (1 / np.pi, "is k'(0) the sum of the layers alone? It has a π of its own."),
        (2 * np.pi, "a factor 2π too much: where does p integrate to 1?"),
    ]
    misses = [np.abs(got - _depth(factor * strength)).max() for factor, _ in guesses]
    if min(misses) < 0.8:
        return guesses[int(np.argmin(misses))][1]
    return "solve the law of uneven data for |k'(0)|, at large q, and that for L."


def _depth(strength):
    """The depths, no whole numbers, whose kink has this strength."""
    depths = np.arange(1, 200)
    known = np.array([-asymptotics.end_slopes(int(L))[0] for L in depths])
    return np.interp(strength, np.append(0, known), np.append(0, depths))
