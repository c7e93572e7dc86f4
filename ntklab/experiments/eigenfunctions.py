"""Spectra under non-uniform densities: the data of the figures."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from ntklab import asymptotics, fredholm, gram
from ntklab.densities import FromFunction, PiecewiseConstant, TrigPolynomial, uniform, von_mises
from ntklab.kernels import TwoLayerNTK

ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])
CONTINUOUS = TrigPolynomial([0, -2 / 3])


def _two_bumps():
    """Peaks of height 2 : 1, of nine tenths of the data, over a uniform tenth."""
    heights = np.array([2 * np.exp(-4) * np.i0(4), np.exp(-12) * np.i0(12)])
    return von_mises([-1, 2, 0], [4, 12, 0], [*(0.9 * heights / heights.sum()), 0.1])


def _tent(x):
    return (1.2 - np.abs(x) / np.pi) / (1.4 * np.pi)


def lecture_densities():
    """Name -> density: the seven that the eigenvalue figure compares, from uniform to extreme."""
    return {
        "uniform": uniform(),
        "1:2:4 on thirds": ONE_TWO_FOUR,
        "continuous": CONTINUOUS,
        "1:40 on halves": PiecewiseConstant.equal_pieces([1, 40]),
        "11:1:3 on thirds": PiecewiseConstant.equal_pieces([11, 1, 3]),
        "tent": FromFunction(_tent, breakpoints=[-np.pi, 0.0]),
        "two bumps": _two_bumps(),
    }


def eigenvalue_table(densities=None, frequencies=20, points=50_000):
    """Eigenvalues of several densities by three routes (the lecture's figure after (17)).

    Parameters
    ----------
    densities : dict of str to CircleDensity, optional
        `lecture_densities()` when left out.
    frequencies : int
        Largest q; 2q + 1 eigenvalues a density.
    points : int
        Size of the finite sample, laid out as `density.grid`.

    Returns
    -------
    pandas.DataFrame
        density, points, index, q, population, sample, printed (17), corrected Z²/(πq²).
    """
    kernel, count = TwoLayerNTK(bias=True), 2 * frequencies + 1
    index = np.arange(count)
    q = (index + 1) // 2
    frames = []
    for name, density in (densities or lecture_densities()).items():
        frames.append(pd.DataFrame({
            "density": name,
            "points": points,
            "index": index,
            "q": q,
            "population": fredholm.solve(kernel, density, count).eigenvalues,
            "sample": gram.solve(kernel, density.grid(points), count).eigenvalues,
            "printed": asymptotics.eigenvalue_printed(q, density.Z),
            "corrected": asymptotics.eigenvalue_corrected(q, density.Z),
        }))
    return pd.concat(frames, ignore_index=True)


def sampling_error(density, rng, sizes=(100, 300, 1000, 3000, 10_000), draws=20, count=10):
    """Errors of the spectrum of n i.i.d. points beside the population's (C08).

    Parameters
    ----------
    density : CircleDensity
    rng : numpy.random.Generator
    sizes : sequence of int
        n, each larger than `count`.
    draws : int
        Independent samples a size.
    count : int
        Leading eigenpairs compared.

    Returns
    -------
    pandas.DataFrame
        points, draw, eigenvalue_error (rms over the eigenvalues, relative) and
        eigenfunction_error (sine of the largest angle between the spaces that the first three
        eigenfunctions span, in the norm of the sample).
    """
    kernel = TwoLayerNTK(bias=True)
    truth = fredholm.solve(kernel, density, count)
    leading = min(3, count)
    rows = []
    for n, draw in product(sizes, range(draws)):
        x = density.sample(n, rng)
        sample = gram.solve(kernel, x, count)
        relative = sample.eigenvalues / truth.eigenvalues - 1
        basis, _ = np.linalg.qr(truth(x)[:, :leading])
        left = sample.values[:, :leading] / np.sqrt(n)
        left = left - basis @ (basis.T @ left)
        rows.append((n, draw, np.sqrt(np.mean(relative**2)), np.linalg.norm(left, 2)))
    columns = ["points", "draw", "eigenvalue_error", "eigenfunction_error"]
    return pd.DataFrame(rows, columns=columns)


def region_frequencies(density, spectrum):
    """Local frequency of every eigenfunction in every region, by FFT, beside (13) (C16).

    Returns
    -------
    pandas.DataFrame
        index, q, region, density (p_j), periods (predicted inside the region), measured,
        predicted (q√p_j/Z), resolution (2π/length), all frequencies in 1/radian.
    """
    index = np.arange(1, len(spectrum))
    q = (index + 1) // 2
    predicted = asymptotics.local_frequency(q, density)
    frames = []
    for j, region in enumerate(density.regions):
        frames.append(pd.DataFrame({
            "index": index,
            "q": q,
            "region": j,
            "density": density.mass(region) / region.length,
            "periods": predicted[:, j] * region.length / (2 * np.pi),
            "measured": spectrum.local_frequency(region)[1:],
            "predicted": predicted[:, j],
            "resolution": 2 * np.pi / region.length,
        }))
    return pd.concat(frames, ignore_index=True)


def region_amplitudes(density, spectrum):
    """Amplitude of every eigenfunction in every region: √(2 · mean of v²), shape (k, l).

    Equation (12) says that it is a function of p_j alone.
    """
    means = [np.mean(spectrum(region.points(512)) ** 2, axis=0) for region in density.regions]
    return np.sqrt(2 * np.stack(means, axis=1))


@dataclass(frozen=True)
class Reflection:
    """A pulse on the string p f_tt = f_xx, of density `light` at x < 0 and `heavy` at x > 0.

    Attributes
    ----------
    light, heavy : float
    back, through : float
        Heights r = (√light - √heavy)/(√light + √heavy) and 1 + r of the parts that run back and
        on, for any shape of the pulse and so for any frequency.
    x, times : ndarray
    values : ndarray, shape (len(times), len(x))
    """

    light: float
    heavy: float
    back: float
    through: float
    x: np.ndarray
    times: np.ndarray
    values: np.ndarray

    def place(self, t, way):
        """The place at time t of the part of the pulse that "comes", runs "back" or "through"."""
        slow = np.sqrt(self.heavy if way == "through" else self.light)
        return (-t if way == "back" else t) / slow


def reflection(light=1.0, heavy=4.0, times=(-2.0, 0.0, 2.0), width=0.35):
    """A bell-shaped pulse that meets a jump of the density at x = 0 at time 0.

    With g(t) = exp(-(t/width)²) the solution is g(t - √light x) + r g(t + √light x) at x < 0 and
    (1+r) g(t - √heavy x) at x > 0: f and f_x are continuous at 0.

    Returns
    -------
    Reflection
    """
    one, two = np.sqrt(light), np.sqrt(heavy)
    r = float((one - two) / (one + two))
    x, t = np.linspace(-3, 3, 1201), np.asarray(times, dtype=float)

    def pulse(when):
        return np.exp(-((when / width) ** 2))

    left = pulse(t[:, None] - one * x) + r * pulse(t[:, None] + one * x)
    right = (1 + r) * pulse(t[:, None] - two * x)
    return Reflection(light, heavy, r, 1 + r, x, t, np.where(x < 0, left, right))
