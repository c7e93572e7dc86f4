"""The result of every eigen-solver: eigenvalues, and eigenfunctions to evaluate anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ntklab._arguments import MOST, finite_array, instance_of, size, values_at
from ntklab._errors import UNDETERMINED
from ntklab.densities import Region


@dataclass(frozen=True)
class Spectrum:
    """The leading eigenpairs λ_i, v_i of (T f)(x) = ∫ k(x, z) p(z) f(z) dz (equation (9)).

    The v_i are orthonormal in L²(p): Σ_j weights_j v_i(x_j) v_l(x_j) = δ_il.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,)
        Descending.
    points : ndarray, shape (N,) or (N, d)
        Quadrature nodes in the population, data points in a finite sample.
    weights : ndarray, shape (N,)
        Quadrature weights of p(z) dz at the points (1/n in a finite sample); they sum to 1.
    values : ndarray, shape (N, k)
        v_i at the points.
    evaluate : callable
        Maps locations (m,) to v_i there, shape (m, k).
    errors : ndarray, shape (k,)
        Bounds |λ_i - eigenvalues_i| <= errors_i; inf where nothing is known. Solvers take them
        from residuals ‖T v_i - λ_i v_i‖.
    function_errors : ndarray, shape (k,)
        Bounds on the distance of each eigenfunction from the exact one in L²(p), with the better
        sign; √2 where eigenvalues are so close that only the span of theirs is determined.
    """

    eigenvalues: np.ndarray
    points: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    evaluate: Callable[[np.ndarray], np.ndarray] = field(repr=False)
    errors: np.ndarray = field(default=None, repr=False)
    function_errors: np.ndarray = field(default=None, repr=False)

    def __post_init__(self):
        for name, unknown in (("errors", np.inf), ("function_errors", UNDETERMINED)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.full(len(self.eigenvalues), unknown))

    def __len__(self):
        return len(self.eigenvalues)

    def __call__(self, x):
        """v_i(x_j), shape (m, k), for m locations anywhere (angles in radians on the circle)."""
        return self.evaluate(finite_array("x", x, ndim=np.ndim(self.points)))

    def project(self, target):
        """g_i = ∫ v_i(x) g(x) p(x) dx, shape (k,): the coefficients of a target (equation (19)).

        Parameters
        ----------
        target : callable or array_like
            g as a function of the location, or its values at `points`, shape (N,).

        Notes
        -----
        In the population the nodes resolve targets about as steep as the eigenfunctions asked
        for: with 32 nodes a panel, some 60 radians a panel. For a steeper target ask for more
        eigenfunctions, or `refine`.
        """
        return self.values.T @ (self.weights * values_at("target", target, self.points))

    def local_frequency(self, region, samples=4096):
        """The frequency in 1/radian at which each v_i oscillates inside an arc, by FFT.

        v_i is sampled evenly over the arc, tapered by a Hann window, and padded with zeros; the
        peak of the amplitude is placed by a parabola through its three highest samples.
        Equation (13) predicts q√p_j/Z. An arc of length ℓ tells frequencies apart only to about
        2π/ℓ: fewer than two periods inside the arc give a rough answer.

        Parameters
        ----------
        region : Region
        samples : int
            Points over the arc, at least 16.

        Returns
        -------
        ndarray, shape (k,)
        """
        instance_of("region", region, Region)
        samples = size("samples", samples, at_least=16, at_most=MOST // 16)
        functions = self(region.points(samples))
        padded = 16 * samples
        amplitude = np.abs(np.fft.rfft(np.hanning(samples)[:, None] * functions, padded, axis=0))
        peak = np.argmax(amplitude, axis=0)
        inner = np.clip(peak, 1, len(amplitude) - 2)
        left, top, right = (
            np.take_along_axis(amplitude, (inner + shift)[None], axis=0)[0] for shift in (-1, 0, 1)
        )
        shift = 0.5 * (left - right) / (left - 2 * top + right)
        place = np.where(peak == 0, 0.0, inner + np.clip(shift, -1, 1))
        return 2 * np.pi * place * samples / (padded * region.length)
