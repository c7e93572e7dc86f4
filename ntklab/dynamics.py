"""Spectrum × target → error in time, exactly: no iteration is ever stepped through.

The residual r = u - g of a network in its linear regime obeys r ← r - ηTr at every iteration of
gradient descent (equation (8)), or dr/dt = -Tr under gradient flow. In the eigenbasis of T each
coefficient decays on its own, by (1 - ηλ_i)^t or exp(-λ_i t).

Learning rates are those of the *mean* squared loss ½E(u - g)². The lecture's loss (5) is a sum
over n points: its η times n is the `learning_rate` here, its matrix H^p is n times this T.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from ntklab._arguments import finite_array, finite_number, instance_of, one_of, values_at
from ntklab.densities import Region
from ntklab.spectrum import Spectrum

NORMS = ("rms", "l2", "half_mse")
SLOWEST = 1e-3  # the least of a decay constant times t at which the search for a crossing begins


@dataclass(frozen=True)
class Reach:
    """The first time at which an error is at a threshold or below; inf if it never is.

    `floor` is what is left of the error as t → ∞: the part of the residual that lies in no
    eigenfunction given, or in those of eigenvalue zero.
    """

    time: float
    floor: float

    def __str__(self):
        if np.isfinite(self.time):
            return f"t = {self.time:.4g}"
        return f"never (floor {self.floor:.3g})"


@dataclass(frozen=True)
class Dynamics:
    """r(t) = Σ_i d_i(t) c_i v_i + (what no v_i carries), with d_i(0) = 1.

    Made by `gradient_descent` or `gradient_flow`.

    Attributes
    ----------
    spectrum : Spectrum
    residual : ndarray, shape (N,)
        u(0) - g at the spectrum's points.
    learning_rate : float or None
        None for gradient flow.
    """

    spectrum: Spectrum
    residual: np.ndarray = field(repr=False)
    learning_rate: float | None = None

    @property
    def coefficients(self):
        """c_i = ∫ v_i r(0) p, shape (k,)."""
        return self.spectrum.project(self.residual)

    @property
    def _remainder(self):
        """The part of r(0) outside the span of the eigenfunctions, at the points, shape (N,)."""
        return self.residual - self.spectrum.values @ self.coefficients

    def decay(self, t):
        """d_i(t), shape (len(t), k): (1 - ηλ_i)^t at whole t, or exp(-λ_i t).

        Computed as exp(t log|1 - ηλ_i|), good for any t up to 10¹² and beyond.
        """
        t = np.atleast_1d(finite_array("t", t))
        if t.ndim > 1:
            raise ValueError(f"t: must have 1 dimension, got shape {t.shape}")
        if (t < 0).any():
            raise ValueError(f"t: must be >= 0, got {t.min()}")
        if self.learning_rate is not None and (t != np.round(t)).any():
            raise ValueError("t: gradient descent counts whole iterations")
        return self._decay(t, parity=t % 2)

    @property
    def _rates(self):
        """-log|1 - ηλ_i| an iteration, or λ_i a unit of time, shape (k,); inf where ηλ_i = 1."""
        lam = np.maximum(self.spectrum.eigenvalues, 0.0)
        if self.learning_rate is None:
            return lam
        move = self.learning_rate * lam
        with np.errstate(divide="ignore"):
            # log1p keeps the digits of slow modes, where ηλ is tiny
            fast, slow = np.log(np.abs(1 - move)), np.log1p(-np.minimum(move, 0.5))
            return -np.where(move > 0.5, fast, slow)

    @property
    def _flips(self):
        """Which modes change sign at every iteration: ηλ_i > 1."""
        return (self.learning_rate or 0) * self.spectrum.eigenvalues > 1

    def _decay(self, t, parity):
        with np.errstate(invalid="ignore"):
            size = np.exp(-np.where(t[:, None] == 0, 0.0, np.multiply.outer(t, self._rates)))
        if self.learning_rate is None:
            return size
        return size * np.where(self._flips & (parity[:, None] == 1), -1.0, 1.0)

    def residual_at(self, t):
        """r(t) at the spectrum's points, shape (len(t), N)."""
        return (self.decay(t) * self.coefficients) @ self.spectrum.values.T + self._remainder

    def error(self, t, region=None, norm="rms"):
        """The size of r(t) over the circle or one region, shape (len(t),).

        Parameters
        ----------
        t : array_like
            Times, or whole iterations.
        region : Region or bool ndarray of shape (N,), optional
            An arc of the circle, or a mask over the spectrum's points (on any domain).
        norm : {"rms", "l2", "half_mse"}
            With all integrals over the region R: "rms" is √(∫r²p/∫p); "l2" is √(∫r²p), the
            lecture's norm in L²(p); "half_mse" is ½∫r²p/∫p, the paper's stopping rule.

        Raises
        ------
        ValueError
            An empty region, a negative or fractional iteration.
        """
        decay = self.decay(t)
        return self._measure(region, norm)(decay)

    def _measure(self, region, norm):
        one_of("norm", norm, NORMS)
        inside, weights = self._weights(region)
        # in units of a power of two, lest squares over- or underflow
        unit = np.ldexp(1.0, np.frexp(np.abs(self.residual).max())[1] - 1)
        scaled = np.sqrt(weights)[:, None] * self.spectrum.values[inside]
        scaled = scaled * (self.coefficients / unit)
        rest = np.sqrt(weights) * (self._remainder[inside] / unit)
        mass = 1.0 if norm == "l2" else weights.sum()

        def measure(decay):
            square = np.sum((decay @ scaled.T + rest) ** 2, axis=1) / mass
            return unit * (unit * square) / 2 if norm == "half_mse" else unit * np.sqrt(square)

        return measure

    def _weights(self, region):
        points, weights = self.spectrum.points, self.spectrum.weights
        if region is None:
            inside = np.ones(len(points), dtype=bool)
        elif isinstance(region, np.ndarray):
            if region.dtype != bool or region.shape != (len(points),):
                raise ValueError(
                    f"region: a mask must be boolean of shape ({len(points)},), "
                    f"got {region.dtype} of shape {region.shape}"
                )
            inside = region
        else:
            inside = instance_of("region", region, Region).contains(points)
        if not weights[inside].sum() > 0:
            raise ValueError("region: must hold data, got an empty one")
        return inside, weights[inside]

    def time_to_reach(self, threshold, region=None, norm="rms"):
        """The first time, or iteration, at which the error is at most `threshold`.

        Found by root finding on the exact curve. A region's error need not fall steadily, so the
        curve is first looked at on 600 times spaced evenly in log t, whole ones for descent.

        Parameters
        ----------
        threshold : float
            δ > 0, in the units of `norm`.
        region, norm
            As in `error`.

        Returns
        -------
        Reach
            `time` is a whole iteration for gradient descent, a float for flow, inf for never.
        """
        threshold = finite_number("threshold", threshold, above=0)
        measure = self._measure(region, norm)
        lam = self.spectrum.eigenvalues
        zero = np.zeros((1, len(lam)))
        zero[0, lam <= 1e-14 * lam[0]] = 1.0  # modes that never decay
        floor = float(measure(zero)[0])
        if measure(np.ones((1, len(lam))))[0] <= threshold:
            return Reach(0, floor)
        if not lam[0] > 0:
            return Reach(np.inf, floor)
        # modes with ηλ > 1 alternate: even and odd iterations lie on curves of their own
        parities = (0, 1) if self._flips.any() else (None,)
        times = [self._first_crossing(measure, threshold, parity) for parity in parities]
        return Reach(min(times), floor)

    def _first_crossing(self, measure, threshold, parity):
        """First crossing of the curve through the times of one parity, or of both."""
        lam = self.spectrum.eigenvalues
        # for η near 2/λ_1 the first mode is the slowest of all
        slowest = self._rates[lam > 1e-14 * lam[0]].min()

        def gap(t):
            t = np.atleast_1d(t)
            return measure(self._decay(t, np.full(t.shape, parity or 0))) - threshold

        if self.learning_rate is None:
            grid = np.append(0.0, np.geomspace(SLOWEST / lam[0], 60 / slowest, 600))
        else:  # whole iterations, for between them the curve may dip
            step = 1 if parity is None else 2
            grid = np.geomspace(1.0, max(60 / slowest, 2.0), 600)
            grid = step * np.unique(np.append(0.0, np.ceil(grid / step))) + (parity or 0)
        j = _first(lambda t: gap(t) <= 0, grid)
        if j is None:
            return np.inf
        if self.learning_rate is None:
            low, high = grid[max(j - 1, 0)], grid[j]
            return float(brentq(lambda t: gap(t)[0], low, high, xtol=1e-12) if j else high)
        low, high = int(grid[max(j - 1, 0)]), int(grid[j])
        while high - low > step:
            middle = low + (high - low) // (2 * step) * step
            low, high = (low, middle) if gap(float(middle))[0] <= 0 else (middle, high)
        return high


def _first(holds, times):
    """The first of `times` at which `holds`, or None: asked in blocks, since most come early."""
    for i in range(0, len(times), 50):
        there = holds(times[i : i + 50])
        if there.any():
            return i + int(np.argmax(there))
    return None


def gradient_descent(spectrum, target, learning_rate, start=None):
    """r(t) = (I - ηT)^t (u(0) - g): equation (8) as a curve, without its ±ε.

    Parameters
    ----------
    spectrum : Spectrum
    target : callable or array_like, shape (N,)
        g, as a function of the location or at the spectrum's points.
    learning_rate : float
        η of the mean squared loss, 0 < η < 2/λ_1.
    start : callable or array_like, optional
        u(0), the output before training; 0 when left out.

    Raises
    ------
    ValueError
        η at or beyond the limit of convergence, which is named.
    """
    instance_of("spectrum", spectrum, Spectrum)
    learning_rate = finite_number("learning_rate", learning_rate, above=0)
    largest = spectrum.eigenvalues[0]
    limit = 2 / largest if largest > 0 else np.inf
    if learning_rate >= limit:
        raise ValueError(
            f"learning_rate: must be below 2/λ_1 = {limit:.6g} to converge, got {learning_rate:.6g}"
        )
    return Dynamics(spectrum, _residual(spectrum, target, start), learning_rate)


def gradient_flow(spectrum, target, start=None):
    """r(t) = exp(-Tt)(u(0) - g), the limit of small learning rates; t = η × iterations."""
    instance_of("spectrum", spectrum, Spectrum)
    return Dynamics(spectrum, _residual(spectrum, target, start))


def _residual(spectrum, target, start):
    residual = -values_at("target", target, spectrum.points)
    return residual if start is None else residual + values_at("start", start, spectrum.points)
