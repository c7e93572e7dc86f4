"""Densities of very many pieces: the population operator in harmonics, by Lanczos' method.

With K(θ) = Σ_q λ_q e^{iqθ} and P_m = ∫ p e^{-imx} dx the nonzero spectrum of T is that of the
matrix √λ_q P_{q-q'} √λ_q'. Cut off at |q| <= N it is a compression, so every eigenvalue is too
small; it is applied by fast Fourier transforms, and what is cut off is seen in the next octave.
"""

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.sparse.linalg import LinearOperator, eigsh

from ntklab._errors import EPS, error_bounds, fix_signs
from ntklab.geometry import wrap
from ntklab.spectrum import Spectrum

FIRST, LAST = 2**10, 2**13  # how many harmonics are tried
ENOUGH = 1e-11  # error of the eigenvalues over λ_0
SPARE = 2  # eigenvalues beyond those asked for, to know the gap behind the last
NODES = 8  # a piece


def solve(kernel, density, count, refine):
    """`fredholm.solve` for a `PiecewiseConstant` of any number of pieces."""
    N = min(FIRST * refine, LAST)
    while N < min(8 * count, LAST):
        N *= 2
    weights = kernel.harmonic_eigenvalues(np.arange(2 * max(N, LAST))).clip(0)
    while True:
        spectrum = _solve_up_to(N, weights, density, count)
        if spectrum.errors.max() <= ENOUGH * spectrum.eigenvalues[0] or N >= LAST:
            return spectrum
        N *= 2


def coefficients(density, highest):
    """P_m = ∫ p e^{-imx} dx of a piecewise-constant p, m = 0, …, highest: Σ jumps e^{-imx}/(im)."""
    result = np.ones(highest + 1, dtype=complex)
    jumps = density.values - np.roll(density.values, 1)
    m = np.arange(1, highest + 1)
    for block in np.array_split(m, highest * len(jumps) // 2**22 + 1):
        result[block] = np.exp(-1j * np.outer(block, density.edges)) @ jumps / (1j * block)
    return result


def _solve_up_to(N, weights, density, count):
    size = 8 * N  # products of N, 4N modes alias beyond the first 3N only
    p = np.fft.irfft(coefficients(density, 4 * N - 1), size, norm="forward") / (2 * np.pi)
    root = np.sqrt(weights)

    def modes(u, top):
        """(p √λ u)^ up to `top`, for real u as one constant, N-1 cosines and N-1 sines."""
        half = np.zeros(size // 2 + 1, dtype=complex)
        half[0], half[1:N] = u[0], (u[1:N] - 1j * u[N:]) / np.sqrt(2)
        half[:N] *= root[:N]
        product = np.fft.rfft(p * np.fft.irfft(half, size, norm="forward"), norm="forward")
        return 2 * np.pi * product[:top]

    def apply(u):
        half = root[:N] * modes(np.ravel(u), N)
        cosine, sine = np.sqrt(2) * half[1:].real, -np.sqrt(2) * half[1:].imag
        return np.concatenate([half[:1].real, cosine, sine])

    k, n = min(count + SPARE, 2 * N - 2), 2 * N - 1
    start = np.random.default_rng(0).normal(size=n)
    values, u = eigsh(LinearOperator((n, n), apply, dtype=float), k, which="LA", v0=start)
    values, u = values[::-1], u[:, ::-1]
    above_rounding = np.count_nonzero(values > 100 * EPS * values[0])
    if count > above_rounding:
        raise ValueError(f"count: only {above_rounding} eigenvalues exceed rounding, got {count}")

    series = np.array([modes(v, 2 * N) for v in u.T]) / np.sqrt(values)[:, None]
    octave = root[N : 2 * N] * np.abs(series[:, N:]) * np.sqrt(2 * values)[:, None]
    # coefficients that fall like 1/q leave a seventh of the octave's λ_q |c_q|² beyond it
    residuals = np.sqrt(1.5) * np.linalg.norm(octave, axis=1) + 100 * EPS * values[0]
    errors, functions = error_bounds(
        values, residuals, values[-1] + residuals[-1], rounding=20 * EPS * values[0]
    )
    # f = T f/λ, which reaches an octave further
    series = series[:count] * weights[: 2 * N] / values[:count, None]
    spline = _spline(series, size)
    x, w = _nodes(density, count)
    raw = spline(x)
    flip = np.where(np.sum(raw * fix_signs(raw), axis=0) < 0, -1.0, 1.0)
    return Spectrum(
        values[:count], x, w * density.pdf(x), raw * flip, lambda at: spline(wrap(at)) * flip,
        errors[:count], functions[:count],
    )


def _spline(series, size):
    """The functions of given Fourier coefficients, with their derivatives at `size` angles."""
    q = np.arange(series.shape[1])
    # shifted by π, so that the grid begins at -π
    turned = np.zeros((len(series), size // 2 + 1), dtype=complex)
    turned[:, : len(q)] = series * (-1.0) ** q
    f = np.fft.irfft(turned, size, norm="forward")
    slope = np.fft.irfft(1j * np.arange(size // 2 + 1) * turned, size, norm="forward")
    x = -np.pi + 2 * np.pi / size * np.arange(size + 1)
    close = (np.concatenate([h, h[:, :1]], axis=1).T for h in (f, slope))
    return CubicHermiteSpline(x, *close)


def _nodes(density, count):
    """Gauss-Legendre nodes between the density's edges and their antipodes."""
    steepest = 1 + count * np.sqrt(density.values.max()) / density.Z
    cuts = np.unique(np.concatenate([
        [-np.pi, np.pi], density.edges, wrap(density.edges + np.pi),
        np.linspace(-np.pi, np.pi, int(np.ceil(steepest)) + 1),
    ]))
    s, ws = np.polynomial.legendre.leggauss(NODES)
    halves = np.diff(cuts)[:, None] / 2
    return (cuts[:-1, None] + halves * (1 + s)).ravel(), (halves * ws).ravel()
