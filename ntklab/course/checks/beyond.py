"""Checks of the assignment: weights that forget a density, and losses that choose a wave."""

import numpy as np
from scipy.integrate import trapezoid

from ntklab.course.checks.answers import CheckFailed, ask, generator, hint_for, passed
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import DeepNTK, TwoLayerNTK


def arc_weights(student):
    """The sum of the weights, their order, then integrals of piecewise linear functions."""
    rng = generator()
    for n in (3, *rng.integers([20, 100], [60, 200])):
        x = np.sort(np.pi * rng.uniform(-1, 1, n) ** 3)  # crowded around 0
        weights = ask(student, x, shape=(n,))
        _check_length(student, x, weights)
        _check_arcs(student, x, weights)
        shuffled = rng.permutation(n)
        if not np.allclose(ask(student, x[shuffled], shape=(n,)), weights[shuffled]):
            hint = "right for sorted points. Give the weights back in the order of the points."
            raise CheckFailed(student, "the order of the points must not matter", hint)
    passed(student, "every point has its arc, in any order.")


def _check_length(student, x, weights):
    total = weights.sum() / (2 * np.pi)
    if np.isclose(total, 1):
        return
    hints = {
        1 / (2 * np.pi): "these are shares. The weights are lengths, 2π in all.",
        2.0: "each gap counts in full at both of its ends.",
        (x[-1] - x[0]) / (2 * np.pi): "the gap across ±π is nobody's.",
    }
    hint = hint_for(total, hints) or "which part of the circle is nobody's, or two points'?"
    raise CheckFailed(student, f"the arcs add up to {total:.4g} of the circle", hint)


def _check_arcs(student, x, weights):
    corners = np.concatenate([[-np.pi], x, [np.pi]])
    lines = [np.interp(corners, x, values, period=2 * np.pi) for values in np.eye(len(x))]
    right = trapezoid(lines, corners)
    if np.allclose(weights, right, atol=1e-10):
        return
    worst = int(np.argmax(np.abs(weights - right)))
    hint = "a straight line over a gap: how much does each of its ends count?"
    gaps = np.diff(np.append(x, x[0] + 2 * np.pi))
    if np.allclose(weights, weights[0]):
        hint = "all alike: that is the plain mean. A lonely point stands for a long arc."
    elif np.allclose(weights, gaps) or np.allclose(weights, np.roll(gaps, 1)):
        hint = "the whole gap to one side: the other neighbour counts as much."
    what = f"point {worst} is off by the factor {weights[worst] / right[worst]:.4g}"
    raise CheckFailed(student, what, hint)


SPEED_HINTS = {
    10.0: "ten times too fast: 1 and 1/10, not 10 and 1.",
    1.1: "the 1/10 that all have is there already: how much more does the wave need?",
    0.1: "all have the speed 1/10, the wave too. What makes it faster?",
}


def one_first(student):
    """M symmetric, the wave an eigenvector of HM, all other eigenvalues of HM alike."""
    rng = generator()
    for kernel in (TwoLayerNTK(normalization="network"), DeepNTK(2)):
        density = PiecewiseConstant.equal_pieces([1, rng.uniform(2, 6)])
        x = density.grid(int(rng.integers(14, 28)))
        H = kernel.at_angles(x)
        wave = np.cos(int(rng.integers(2, 6)) * x + rng.uniform(0, np.pi))
        M = ask(student, H.copy(), wave.copy(), shape=H.shape)
        _check_symmetric(student, H, wave, M)
        _check_wave(student, H, wave, M)
        _check_others(student, H, wave, M)
    passed(student, "the wave at speed 1, everything else at 1/10, under two kernels.")


def _check_symmetric(student, H, wave, M):
    if np.abs(M - M.T).max() < 1e-6 * np.abs(M).max():
        return
    hint = "½ rᵀMr sees only the symmetric part of M."
    if np.allclose(H @ M @ wave, wave, atol=1e-6):
        hint = ("the speeds are right, but no loss has them. HM is symmetric in the inner product "
                "aᵀH⁻¹b: what is \"everything else\" orthogonal to?")
    raise CheckFailed(student, "M must be symmetric", hint)


def _check_wave(student, H, wave, M):
    after = H @ M @ wave
    speed = float(after @ wave / (wave @ wave))
    if np.allclose(after, speed * wave, atol=1e-6 * np.abs(wave).max()):
        if np.isclose(speed, 1, rtol=1e-6):
            return
        what = f"the wave has {speed:.4g} times the speed that it should have"
        hint = hint_for(speed, SPEED_HINTS) or "how long is the wave, in the norm √(aᵀH⁻¹a)?"
        raise CheckFailed(student, what, hint)
    hint = "HM has to map the wave to itself: which vector must M make of it?"
    if np.allclose(M @ wave, wave, atol=1e-6):
        hint = "M has these speeds, but HM does not: the kernel multiplies them again."
    elif np.allclose(np.linalg.solve(H, M @ wave), wave, atol=1e-6):
        hint = "H where its inverse belongs: what is slow under H needs a large M."
    elif _halved(H, wave, M):
        hint = "made symmetric afterwards: now the wave is no eigenvector any more."
    raise CheckFailed(student, "the wave does not keep its shape", hint)


def _halved(H, wave, M):
    """Whether M is the symmetric part of a matrix whose product with H has the right speeds."""
    want = np.eye(len(H)) / 10 + 0.9 * np.outer(wave, wave) / (wave @ wave)
    lopsided = np.linalg.solve(H, want)
    return np.allclose(M, (lopsided + lopsided.T) / 2, atol=1e-6 * np.abs(M).max())


def _check_others(student, H, wave, M):
    root = np.linalg.cholesky(H)
    speeds = np.linalg.eigvalsh(root.T @ M @ root)  # those of HM
    others = np.delete(speeds, np.argmin(np.abs(speeds - 1)))
    if np.allclose(others, 0.1, atol=1e-5):
        return
    hint = "ten times the speed of all others: one number for all of them."
    if np.allclose(others, 0, atol=1e-5):
        hint = "the others stand still: they are to be learned, too, only later."
    elif np.allclose(others, 1, atol=1e-5):
        hint = "all come at once: nothing is first."
    what = f"the others have speeds from {others.min():.3g} to {others.max():.3g}"
    raise CheckFailed(student, what, hint)
