"""Densities of very many pieces: the population operator in harmonics, by Lanczos' method.

With K(θ) = Σ_q λ_q e^{iqθ} and P_m = ∫ p e^{-imx} dx the nonzero spectrum of T is that of the
matrix √λ_q P_{q-q'} √λ_q'. Cut off at |q| <= N it is a compression, so every eigenvalue is too
small; it is applied by fast Fourier transforms, and what is cut off is seen in the next octave.
"""

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from ntklab._errors import EPS, above_rounding, error_bounds, signs
from ntklab._panels import gauss_between
from ntklab.geometry import wrap
from ntklab.spectrum import Spectrum

FIRST, LAST = 2**10, 2**13  # how many harmonics are tried
ENOUGH = 1e-11  # error of the eigenvalues over λ_0
SPARE = 2  # eigenvalues beyond those asked for, to know the gap behind the last
NODES = 8  # a piece


def solve(kernel, density, count, refine, *, fewer=False):
    """`fredholm.solve` for a `PiecewiseConstant` of any number of pieces."""
    N = min(FIRST * refine, LAST)
    while N < min(8 * count, LAST):
        N *= 2
    weights = kernel.harmonic_eigenvalues(np.arange(2 * LAST)).clip(0)
    p = coefficients(density, 4 * LAST - 1)
    while True:
        values, series, errors, functions = _solve_up_to(N, weights, p, count, fewer)
        off = errors.max() / (ENOUGH * values[0])
        if off <= 1 or N == LAST:
            return _spectrum(density, values, series, errors, functions, 8 * N)
        while off > 1 and N < LAST:  # errors fall like N⁻³
            N, off = 2 * N, off / 8


def coefficients(density, highest):
    """P_m = ∫ p e^{-imx} dx of a piecewise-constant p, m = 0, …, highest: Σ jumps e^{-imx}/(im)."""
    jumps, edges = density.values - np.roll(density.values, 1), density.edges
    # e^{-i(aB+b)x} = e^{-iaBx} e^{-ibx}: few exponentials, and products of matrices
    B = int(np.sqrt(highest)) + 1
    high, low = (np.exp(-1j * np.outer(m, edges)) for m in (B * np.arange(B), np.arange(B)))
    sums = (high @ (jumps * low).T).ravel()[1 : highest + 1]
    return np.append(1, sums / (1j * np.arange(1, highest + 1)))


def _product(p, factor, modes):
    """u -> (p u)^ up to the number of `modes` of `factor`, for u of N modes, as a convolution."""
    N = len(factor)
    # modes up to N + `modes` of p act; those of a grid of four times as many alias beyond `modes`
    size = 2 * (N + modes)
    values = np.fft.irfft(p[: size // 2], size, norm="forward")

    def product(u):
        """(p √λ u)^ for real u as one constant, N-1 cosines and N-1 sines."""
        half = np.zeros(size // 2 + 1, dtype=complex)
        half[0], half[1:N] = u[0], (u[1:N] - 1j * u[N:]) / np.sqrt(2)
        half[:N] *= factor
        wave = np.fft.irfft(half, size, norm="forward")
        return np.fft.rfft(values * wave, norm="forward")[:modes]

    return product


def _solve_up_to(N, weights, p, count, fewer):
    """Eigenvalues, Fourier coefficients (count, 2N) of eigenfunctions, and bounds on the errors."""
    root = np.sqrt(weights[: 2 * N])
    inside, beyond = _product(p, root[:N], N), _product(p, root[:N], 2 * N)

    def apply(u):
        half = root[:N] * inside(np.ravel(u))
        cosine, sine = np.sqrt(2) * half[1:].real, -np.sqrt(2) * half[1:].imag
        return np.concatenate([half[:1].real, cosine, sine])

    k, n = min(count + SPARE, 2 * N - 2), 2 * N - 1
    start = np.random.default_rng(0).normal(size=n)
    values, u = eigsh(LinearOperator((n, n), apply, dtype=float), k, which="LA", v0=start)
    values, u = values[::-1], u[:, ::-1]
    good = above_rounding(values, count, fewer)
    count, values, u = min(count, good), values[:good], u[:, :good]

    series = np.array([beyond(v) for v in u.T]) / np.sqrt(values)[:, None]
    octave = root[N:] * np.abs(series[:, N:]) * np.sqrt(2 * values)[:, None]
    # coefficients that fall like 1/q leave a seventh of the octave's λ_q |c_q|² beyond it
    residuals = np.sqrt(1.5) * np.linalg.norm(octave, axis=1) + 100 * EPS * values[0]
    errors, functions = error_bounds(
        values, residuals, values[-1] + residuals[-1], rounding=20 * EPS * values[0]
    )
    # f = T f/λ, which reaches an octave further
    series = series[:count] * weights[: 2 * N] / values[:count, None]
    return values[:count], series, errors[:count], functions[:count]


def _spectrum(density, values, series, errors, functions, size):
    evaluate = _evaluator(series, size)
    x, w = _nodes(density, len(values))
    raw = evaluate(x)
    flip = signs(raw)
    return Spectrum(
        values, x, w * density.pdf(x), raw * flip, lambda at: evaluate(at) * flip,
        errors, functions,
    )


def _evaluator(series, size):
    """x -> the functions of given Fourier coefficients, by cubics between `size` angles that have
    their values and derivatives there."""
    q = np.arange(series.shape[1])
    # shifted by π, so that the grid begins at -π
    turned = np.zeros((len(series), size // 2 + 1), dtype=complex)
    turned[:, : len(q)] = series * (-1.0) ** q
    step = 2 * np.pi / size
    f = np.fft.irfft(turned, size, norm="forward")
    slope = step * np.fft.irfft(1j * np.arange(size // 2 + 1) * turned, size, norm="forward")

    def evaluate(x):
        place = (wrap(x) + np.pi) / step
        left = np.minimum(place.astype(int), size - 1)
        right, s = (left + 1) % size, place - left
        rise = f[:, right] - f[:, left]
        bend = slope[:, left] - rise, rise - slope[:, right]
        return (f[:, left] + s * (rise + (1 - s) * ((1 - s) * bend[0] + s * bend[1]))).T

    return evaluate


def _nodes(density, count):
    """Gauss-Legendre nodes between the density's edges and their antipodes."""
    steepest = 1 + count * np.sqrt(density.values.max()) / density.Z
    cuts = np.unique(np.concatenate([
        [-np.pi, np.pi], density.edges, wrap(density.edges + np.pi),
        np.linspace(-np.pi, np.pi, int(np.ceil(steepest)) + 1),
    ]))
    return gauss_between(cuts, NODES)
