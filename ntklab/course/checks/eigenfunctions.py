"""Checks of the assignment: the Fredholm equation under non-uniform density."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import circulant

from ntklab import fredholm
from ntklab.asymptotics import eigenvalue_printed
from ntklab.course.checks.answers import (
    CheckFailed,
    ask,
    constant_factor,
    generator,
    hint_for,
    passed,
    power_law,
)
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK, ZonalKernel

SPEED_HINTS = {
    1.0: "more data means faster, but not in proportion: look at what Ψ integrates in (12). "
    "Did a square root get lost?",
    -0.5: "this one is slow where data are dense. Where does Ψ grow fastest?",
    -1.0: "this one is slow where data are dense. Where does Ψ grow fastest?",
    0.0: "a density that varies must show: the phase of (12) is Ψ(x), not x.",
}


def local_frequencies(student):
    """Frequencies per arc: how they follow the density, and the turns they add up to."""
    rng = generator()
    first, second, third, last = (int(q) for q in rng.permutation(np.arange(2, 10))[:4])
    for q, fractions, weights in [
        (first, _shares(rng, 4), rng.permutation([1, 2, 4, 8])),
        (second, _shares(rng, 3), rng.permutation([1, 2, 6])),
        (third, np.ones(3) / 3, rng.permutation([1, 2, 4])),
    ]:
        density, lengths = _arcs(fractions, weights * rng.uniform(0.9, 1.1, len(weights)))
        answer = ask(student, q, lengths, density.values, shape=lengths.shape)
        if (answer <= 0).any():
            raise CheckFailed(student, f"a frequency must be positive, got {answer.min():.4g}")
        _check_speeds(student, density.values, answer)
        _check_turns(student, q, lengths, density, answer)
    everywhere = ask(student, last, np.array([2 * np.pi]), np.array([1 / (2 * np.pi)]), shape=(1,))
    if not np.isclose(everywhere[0], last):
        what = f"under uniform data cos {last}x has frequency {last}, not {everywhere[0]:.4g}"
        raise CheckFailed(student, what)
    passed(student, "fast where data are dense, and whole turns round the circle.")


def _shares(rng, count):
    """Shares of the circle, none of them small and no two alike."""
    shares = rng.permutation(np.arange(2, count + 2)) + rng.uniform(0, 0.5, count)
    return shares / shares.sum()


def _arcs(fractions, weights):
    lengths = 2 * np.pi * np.array(fractions)
    edges = np.cumsum(np.append(-np.pi, lengths[:-1]))
    return PiecewiseConstant.proportional(edges, weights), lengths


def _check_speeds(student, p, answer):
    power = power_law(p, answer)
    if power is None:
        what = "the frequencies of two arcs must relate by a power of their densities"
        hint = "what else stands in front of (12)'s phase is the same everywhere on the circle."
        raise CheckFailed(student, what, hint)
    if not np.isclose(power, 0.5, atol=1e-3):
        hint = hint_for(power, SPEED_HINTS) or "compare the slopes of Ψ in (12)."
        raise CheckFailed(student, f"the frequencies go like p^{_rounded(power)}", hint)


def _check_turns(student, q, lengths, density, answer):
    turns = answer @ lengths / (2 * np.pi)
    factor = turns / q
    if np.isclose(factor, 1, rtol=1e-3):
        return
    hints = {
        1 / (2 * np.pi): "2π is lost: Z carries a factor 1/2π, and a frequency counts radians of "
        "phase, not turns.",
        density.Z: "Ψ alone does not fit the circle; what is it divided by in (12)?",
        1 / q: "which eigenfunction is asked for?",
    }
    hint = hint_for(factor, hints)
    if hint is None and np.ptp(lengths) > 0:
        equal, same = _arcs(np.full(len(lengths), 1 / len(lengths)), density.values)
        if np.isclose(ask(student, q, same, equal.values, shape=same.shape) @ same, 2 * np.pi * q):
            hint = "right only for arcs of equal length: a long arc counts for more in Z."
    what = f"eigenfunction {q} must make {q} turns round the circle, yours makes {turns:.4g}"
    raise CheckFailed(student, what, hint or "add frequency times length over the arcs.")


RATIO_HINTS = {
    0.5: "half of it is missing. z runs over the whole circle, on both sides of x.",
    2 * np.pi: "2π too large. T integrates against p(z) dz: what is p here?",
    np.pi: "π too large: p(z) = 1/2π is missing, and so is one half of the circle.",
    2.0: "twice too large. λ is what T multiplies cos qx by; no norm of cos qx enters.",
}


def true_over_printed(student):
    """Eigenvalues under the uniform density, against closed forms for three kernels, a mixture."""
    q = np.arange(9)
    printed = eigenvalue_printed(q, uniform().Z)
    before = None
    deep = DeepNTK(2, normalized=True)
    mixture = _Mixture((TwoLayerNTK(), deep), tuple(generator().uniform([0.5, 0.1], [1.5, 0.4])))
    for kernel in (
        TwoLayerNTK(), TwoLayerNTK(normalization="network"), TwoLayerNTK(bias=False), mixture
    ):
        ratio = ask(student, kernel.profile, q, shape=q.shape)
        if before is not None and np.allclose(ratio, before, rtol=1e-3):
            hint = "compute λ from `profile`; fixed numbers fit only one kernel."
            raise CheckFailed(student, "gives the same for every kernel", hint)
        before = ratio
        _check_ratio(student, kernel, q, printed, ratio)
    passed(student, "right for three kernels and a mixture, q = 0 … 8.")


@dataclass(frozen=True)
class _Mixture(ZonalKernel):
    """K = Σ w_i K_i, no kernel that has a name."""

    kernels: tuple
    weights: tuple

    def _profile(self, theta):
        return sum(w * k.profile(theta) for w, k in zip(self.weights, self.kernels, strict=True))

    def __repr__(self):
        return "a mixture of two kernels"


def _check_ratio(student, kernel, q, printed, ratio):
    right, got = kernel.harmonic_eigenvalues(q), ratio * printed
    off = np.abs(got - right) > 1e-3 * right + 1e-6 * right[0]
    if not off.any():
        return
    seen = right > 0
    factor = constant_factor(got[seen], right[seen])
    hint = hint_for(factor, RATIO_HINTS)
    if np.allclose((ratio * right / printed)[seen], 1, rtol=1e-3):
        hint = "upside down: the true value belongs on top."
    if hint is None and not off[:2].any():
        hint = "right at first, then not: λ_q falls like 1/q², so a plain sum is too coarse."
    name = repr(kernel).partition(" [")[0]
    what = f"for {name} the ratio is off at q = {', '.join(map(str, q[off]))}"
    if factor is not None:
        what += f", always by the factor {factor:.4g}"
    raise CheckFailed(student, what, hint or "write down (T cos q·)(x) and put x = 0.")


WEIGHT_HINTS = {
    2.0: "p stands on both sides, so its square is on the diagonal. Which power of p on each side "
    "leaves one p in all?",
    0.5: "p enters with half its power: K·√p has to meet √p once more, on the other side.",
    0.0: "the density does not reach the matrix.",
}
TRACE_HINTS = {
    2.0: "twice too large: 1/2π in place of the 1/4π of (11).",
    0.5: "half of it is missing: the network of (11) has a bias, so 1 + cos, not cos alone.",
    1 / (2 * np.pi): "2π too small: the cells of the grid must add up to the length of the circle.",
}


def operator_matrix(student):
    """The Nyström matrix: symmetry, trace and rotation; then eigenvalues against `fredholm`."""
    rng = generator()
    n, sign = int(rng.integers(50, 70)), rng.choice([-1, 1], 2)
    cosine, sine = sign * rng.uniform([0.2, 0.3], [0.35, 0.5])
    smooth = TrigPolynomial([cosine], [0.0, sine])
    matrix = ask(student, smooth.pdf, n, shape=(n, n))
    if np.allclose(matrix, ask(student, uniform().pdf, n, shape=(n, n))):
        hint = "T integrates against p(z) dz. Where does `pdf` enter?"
        raise CheckFailed(student, "gives the same matrix for every density", hint)
    _check_symmetry(student, matrix)
    _check_diagonal(student, matrix, smooth)
    _check_rotation(student, matrix)
    steps = PiecewiseConstant.equal_pieces(rng.permutation([1, 2, 4]) * rng.uniform(0.9, 1.1, 3))
    worst = max(_eigenvalue_error(student, density, 300) for density in (smooth, steps))
    passed(student, f"six eigenvalues within {100 * worst:.1g} % of fredholm.solve at n = 300.")


def _check_symmetry(student, matrix):
    if not np.allclose(matrix, matrix.T, atol=1e-9 * np.abs(matrix).max()):
        hint = (
            "K(x_i, x_j) p(x_j) has the right eigenvalues, but p is only on one side. Share it "
            "between the two sides, so that the eigenvalues stay and the matrix is symmetric."
        )
        raise CheckFailed(student, "the matrix is not symmetric", hint)


def _check_diagonal(student, matrix, density):
    n, diagonal = len(matrix), np.diag(matrix)
    if (diagonal <= 0).any():
        what = f"k(x, x) is positive, but the diagonal holds {diagonal.min():.4g}"
        raise CheckFailed(student, what, "the angle between x and itself is 0.")
    x = -np.pi + 2 * np.pi * (np.arange(n) + 0.5) / n
    power = power_law(density.pdf(x), diagonal)
    if power is None or not np.isclose(power, 1, atol=1e-3):
        what = "the diagonal must follow the density, p(x_i)"
        if power is not None:
            what += f", yours goes like p^{_rounded(power)}"
        hint = hint_for(power, WEIGHT_HINTS) or "are your points those of the grid x?"
        raise CheckFailed(student, what, hint)
    factor = np.trace(matrix) / 0.5  # ∫ k(x, x) p(x) dx, the sum of all eigenvalues
    if not np.isclose(factor, 1, rtol=1e-3):
        missing = {n / (2 * np.pi): "a sum is no integral yet: what is the width of a grid cell?"}
        hint = hint_for(factor, TRACE_HINTS | missing)
        what = f"the trace must be ∫ k(x, x) p(x) dx, yours is {factor:.4g} times that"
        raise CheckFailed(student, what, hint or "which constants stand in (11)?")


def _check_rotation(student, matrix):
    root = np.sqrt(np.diag(matrix))
    kernel = matrix / np.outer(root, root)
    if not np.allclose(kernel, circulant(kernel[:, 0])):
        what = "without p, the kernel of two points must depend on the angle between them alone"
        hint = (
            f"the first and the last point of the grid are neighbours, yet theirs is "
            f"{kernel[0, -1]:.3g}, and {kernel[0, 1]:.3g} for the first two. An angle is never "
            "more than π: wrap the difference."
        )
        mean = (root[:, None] ** 2 + root**2) / 2
        if np.allclose(matrix / mean, circulant((matrix / mean)[:, 0])):
            hint = (
                "the mean of a matrix and its transpose is symmetric, but its eigenvalues are "
                "others. Which similarity transform moves half of the weight from right to left?"
            )
        elif np.isclose(kernel[0, -1], kernel[0, 1], rtol=0.05):
            hint = "row and column i must belong to x_i: no other change of basis."
        raise CheckFailed(student, what, hint)


def _eigenvalue_error(student, density, n):
    right = fredholm.solve(TwoLayerNTK(), density, 6).eigenvalues
    got = np.linalg.eigvalsh(ask(student, density.pdf, n, shape=(n, n)))[::-1][:6]
    error = np.max(np.abs(got / right - 1))
    if error > 0.01:
        what = f"the first eigenvalues are off by up to {error:.2g} of their size"
        raise CheckFailed(student, what, "compare your kernel with (11), factor by factor.")
    return error


def _rounded(power):
    return f"{round(power, 2) + 0.0:g}"  # + 0.0: never "-0"
