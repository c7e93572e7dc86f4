"""Checks of the assignment: kinks, the order of places and waves, and depth from a spectrum."""

from functools import lru_cache, partial

import numpy as np
from scipy.linalg import eigvalsh, toeplitz

from ntklab import asymptotics
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
    """ReLU at several depths, symmetries that hold for every kink, then other activations."""
    at, rng = partial(ask, student), generator()
    _check_relu(student, at, np.sort(rng.choice(np.arange(1, 9), 4, replace=False)))
    _check_symmetries(student, at, *rng.uniform(0.3, 0.9, 2))
    slopes = rng.uniform([0.05, -0.9, 0.4], [0.3, -0.3, 0.7])
    cases = [(float(a), b, L) for a, b in zip(slopes, (1.0, 2.0, 1.5), strict=True) for L in (1, 3)]
    got, right = (np.array([f(*case) for case in cases]) for f in (at, _kink))
    if not np.allclose(got, right, rtol=1e-2):  # differences of the kernel will do
        relu = np.array([asymptotics.end_slopes(L)[0] for _, _, L in cases])
        share, wanted = got / relu, right / relu
        depths = np.array([L for *_, L in cases])
        hint = "weigh σ'(u)σ'(v) by the chances of equal and of different signs."
        if np.allclose(share, wanted**depths, rtol=1e-3):
            hint = "every layer has this factor in its own slope once; slopes of layers add up."
        elif np.allclose(share, np.sqrt(wanted), rtol=1e-3):
            hint = "σ' stands there twice, once for each of the two inputs."
        a, b, L = cases[int(np.abs(got / right - 1).argmax())]
        what = f"{at(a, b, L):.4g} is not the kink for slopes {a:.3g} and {b:g} at L = {L}"
        raise CheckFailed(student, what, hint)
    passed(student, "right for ReLU at four depths, and for other activations.")


def _check_relu(student, at, L):
    got = np.array([at(0.0, 1.0, int(depth)) for depth in L])
    right = np.array([asymptotics.end_slopes(int(depth))[0] for depth in L])
    if np.allclose(got, right, rtol=1e-2):
        return
    if np.allclose(got, -right, rtol=1e-2):
        hint = "two inputs are most alike at angle 0. Does the kernel rise or fall from there?"
        raise CheckFailed(student, "the sign is wrong", hint)
    factor = constant_factor(got, right)
    if factor is not None:
        hint = hint_for(factor, SIZE_HINTS) or "compare with the lecture's k'(0)."
        raise CheckFailed(student, f"for ReLU it is off by the factor {factor:.4g}", hint)
    laws = [(got[-1] * law(L) / law(L)[-1], hint) for law, hint in DEPTH_HINTS]
    hint = mistake(got, laws, rtol=1e-3) or "start from a = 0, where the lecture gives the answer."
    raise CheckFailed(student, "for ReLU it grows with depth in another way", hint)


def _check_symmetries(student, at, slope, other):
    linear = at(slope, slope, 2)
    relu = at(0.0, 1.0, 2)
    if abs(linear) > 1e-2 * abs(relu):
        hints = {
            1.0: "the slope on the left does not enter.",
            2.0: "only a *difference* of slopes makes a corner.",
            0.5: "different signs come in two ways: u > 0 > v, and v > 0 > u.",
        }
        hint = hint_for(linear / relu, hints) or "what is left at angle 0 of a = b?"
        raise CheckFailed(student, "a linear network has no corner, and its kernel no kink", hint)
    growth = at(other, 2.0, 2) / at(other / 2, 1.0, 2)
    if not np.isclose(growth, 1, rtol=1e-2):
        hints = {
            4.0: "c_σ is not that of ReLU: it undoes whatever factor σ has.",
            0.5: "a square is lost above the line: σ' stands there twice.",
            2.0: "a square is lost below the line: look at E[σ(z)²].",
        }
        hint = hint_for(growth, hints) or "c_σ undoes whatever factor σ has."
        what = f"2σ is as good as σ in a network, but here its kink is {growth:.3g} times as strong"
        raise CheckFailed(student, what, hint)
    mirrored = at(1.0, other, 2) / at(other, 1.0, 2)
    if not np.isclose(mirrored, 1, rtol=1e-2):
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

EVEN = np.arange(2, 15, 2)  # frequencies that are asked for
DEEPEST = 30


@lru_cache(maxsize=256)
def _strength(L, kernel):
    """λ_κ of the frequencies in `EVEN`."""
    return kernel(L).harmonic_eigenvalues(EVEN)


def _lead(slow, fast, contrast, L, kernel=DeepNTK):
    """The fast wave's rate in the dense region over the slow wave's in the sparse region."""
    if L < 1:
        return 0.0
    low, high = (_strength(L, kernel)[frequency // 2 - 1] for frequency in (slow, fast))
    return contrast * high / low


def _waves():
    """(slow, fast, contrast) of five cases whose answers are depths from small to large."""
    rng = generator()

    def draw():
        slow, fast = np.sort(rng.choice(EVEN, 2, replace=False)).tolist()
        return slow, fast, round(float(rng.uniform(1.5, 7)), 1)

    spans = [(2, 4), (5, 9), (10, 15), (16, 22), (20, DEEPEST)]
    return [next(case for case in iter(draw, None) if _within(case, *span)) for span in spans]


def _within(case, first, last):
    """Whether the answer of a case is from `first` to `last`, and safe from small errors."""
    leads = np.array([_lead(*case, L) for L in range(DEEPEST + 1)])
    answer = int(np.argmax(leads > 1))
    return first <= answer <= last and leads[answer] > 1.002 and leads[answer - 1] < 0.998


def dense_first(student):
    """The fast wave leads at the depth returned, and at none before."""
    waves, got = _waves(), []
    for case in waves:
        answer = ask(student, *case)
        if answer != round(answer) or not 0 <= answer <= 10_000:
            raise CheckFailed(student, f"a number of hidden layers cannot be {answer:.6g}")
        got.append(int(answer))

    def at(case, L, kernel=DeepNTK):
        return _lead(*case, min(L, 200), kernel)  # deeper is not worth the time

    def least(wanted=lambda contrast: 1.0, kernel=DeepNTK, shift=0):
        """Whether all answers are the first depths at which the lead exceeds `wanted`(contrast)."""
        depths = [(case, answer + shift) for case, answer in zip(waves, got, strict=True)]
        return all(at(case, L, kernel) > wanted(case[2]) >= at(case, L - 1, kernel)
                   for case, L in depths)

    if least():
        passed(student, f"right for {len(waves)} pairs of waves.")
        return
    hints = [
        (least(shift=-1), "one layer too many: are these hidden ones, and the first that will do?"),
        (least(shift=1), "one layer too few: there the slow wave is still first."),
        (set(got) == {1}, "shallow networks learn the slow wave first unless the contrast is large "
         "enough: which wave is where?"),
        (least(np.sqrt), "√p is for frequencies. A rate has p itself."),
        (least(lambda c: 1 / c), "the density enters each rate once, and so the contrast."),
        (least(kernel=NNGP), "these are the eigenvalues of ρ_L, of a network whose last layer "
         "alone is trained. Take Θ_L."),
    ]
    for case, answer in zip(waves, got, strict=True):
        lead = at(case, answer)
        if lead > 1 >= at(case, answer - 1):
            continue
        slow, fast, contrast = case
        what = f"at κ = {slow} and {fast} and contrast {contrast:g} it is not {answer}"
        hint = "the fast wave's rate in the dense region must be the larger of the two."
        if lead > 1:
            hint = "a smaller number will do, too: try every depth in turn."
        raise CheckFailed(student, what, next((h for seen, h in hints if seen), hint))


# -- depth from a spectrum -------------------------------------------------------------------------


@lru_cache
def _made(shares, wave, L):
    """Density and its 121 largest eigenvalues: those of √λ_m p_{m-n} √λ_n between waves e^{imx}.

    T and this matrix are B*B and BB* of one B: the eigenvalues but 0 are the same. Waves beyond 200
    change the last of the 121 by a tenth of a per cent.
    """
    density = PiecewiseConstant.equal_pieces(shares) if shares else TrigPolynomial(*wave)
    highest, n = 200, 2**13
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    m = np.arange(2 * highest + 1)
    p = np.fft.fft(density.pdf(x))[: len(m)] * 2 * np.pi / n * np.exp(-1j * m * x[0])
    strength = np.maximum(DeepNTK(L).harmonic_eigenvalues(np.arange(highest + 1)), 0)
    root = np.sqrt(strength[np.abs(m - highest)])
    return density, eigvalsh(root[:, None] * toeplitz(p) * root)[::-1][:121]


def _spectra():
    """Densities, eigenvalues and depths; uniform data at the second and the last."""
    rng = generator()
    depths = [*rng.choice(np.arange(2, 10), 4, replace=False), *rng.choice([10, 11, 12], 2, False)]
    peak, other = rng.uniform(8, 20, 2).round(1)
    shares = [
        (1, peak, 1), (1,), (1, *rng.uniform(2, 5, 2).round(1)), None, (1, other, 1), (1,)
    ]
    wave = tuple((float(part),) for part in rng.uniform([0.3, -0.3], [0.6, 0.3]))
    order = rng.permutation(depths).tolist()
    return [(*_made(one, wave, L), L) for one, L in zip(shares, order, strict=True)]


def count_layers(student):
    """Depths from spectra of known depth; wrong depths are compared with usual mistakes."""
    spectra, got = _spectra(), []
    for density, eigenvalues, _ in spectra:
        answer = ask(student, eigenvalues, density.pdf)
        if answer != round(answer):
            hint = "the law is asymptotic, so what comes out is near a whole number: round."
            raise CheckFailed(student, f"a number of layers must be whole, got {answer:.4g}", hint)
        got.append(answer)
    got, right = np.array(got), np.array([L for *_, L in spectra])
    if (got == right).all():
        passed(student, f"right for {len(spectra)} spectra under five densities.")
        return
    wrong = np.flatnonzero(got != right)[0]
    what = f"spectrum {wrong + 1} of {len(spectra)} was not made by {got[wrong]:.0f} layers"
    raise CheckFailed(student, what, _layers_hint(got, right, spectra))


def _layers_hint(got, right, spectra):
    for shift, hint in [
        (1, "one too many: the layers of weights are one more than the hidden layers."),
        (-1, "one too few: is the output layer taken off twice, or L cut instead of rounded?"),
    ]:
        if (got == right + shift).all():
            return hint
    Z = np.array([density.Z for density, *_ in spectra])
    even = np.isclose(Z, uniform().Z)
    if (got == right)[even].all():
        return "right under uniform data: where does the density enter the law?"
    first = np.array([np.mean(eigenvalues[1:3]) for _, eigenvalues, _ in spectra]) / (2 * Z**2)
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
    """The depths, as real numbers, at which the kink has this strength."""
    depths = np.arange(1, 200)
    known = np.array([-asymptotics.end_slopes(int(L))[0] for L in depths])
    return np.interp(strength, np.append(0, known), np.append(0, depths))
