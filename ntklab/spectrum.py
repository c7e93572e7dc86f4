"""What every eigen-solver returns: eigenvalues, and eigenfunctions to evaluate anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ntklab._arguments import MOST, finite_array, instance_of, size
from ntklab.densities import Region

EPS = np.finfo(float).eps
UNDETERMINED = np.sqrt(2)  # between unit functions of free sign: no bound is larger


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
        How far each eigenvalue may be off, |λ_i - eigenvalues_i| <= errors_i; inf where nothing is
        known. Solvers take them from residuals, see `error_bounds`.
    function_errors : ndarray, shape (k,)
        How far each eigenfunction may be off in L²(p), with the better sign; √2 is no knowledge:
        eigenvalues so close that only the span of their eigenfunctions is determined.
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

    def inner_products(self):
        """∫ v_i v_l p, shape (k, k): the identity up to the solver's error."""
        return self.values.T @ (self.weights[:, None] * self.values)

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
        g = finite_array("target", target(self.points) if callable(target) else target)
        if g.shape != (len(self.points),):
            raise ValueError(
                f"target: must have one value per point, shape ({len(self.points)},), got {g.shape}"
            )
        return self.values.T @ (self.weights * g)

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


def error_bounds(eigenvalues, residuals, following=np.inf, rounding=0.0):
    """Bounds on errors of eigenvalues and eigenfunctions, from r_i = ‖T v_i - λ_i v_i‖ in L²(p).

    Neighbours whose intervals λ_i ± r_i meet form a cluster; R² is its sum of r_i², γ its distance
    from the intervals of all others. A self-adjoint T has as many eigenvalues within R of the
    cluster's λ_i as the cluster has members, and within R²/γ where the λ_i are Rayleigh-Ritz values
    (Temple, Kato). The eigenfunction of a cluster of one is off by at most √2 R/γ (Davis, Kahan).

    Parameters
    ----------
    eigenvalues : ndarray, shape (k,)
        Descending Rayleigh-Ritz values; the largest of T, which no residual can tell.
    residuals : ndarray, shape (k,)
        r_i or a bound on it. Where T is replaced by T', ‖T - T'‖ is one.
    following : float
        The upper end of the interval of the eigenvalue after the last; inf where nothing is known,
        and then the last cluster has the bound R alone; 0 where T has no other.
    rounding : float or ndarray, shape (k,)
        Added to the bounds of eigenvalues, and to the residuals of eigenfunctions.

    Returns
    -------
    errors, function_errors : ndarray, shape (k,)
    """
    eigenvalues = finite_array("eigenvalues", eigenvalues, ndim=1)
    residuals = finite_array("residuals", residuals, ndim=1)
    if len(residuals) != len(eigenvalues) or not len(eigenvalues) or (residuals < 0).any():
        raise ValueError(
            f"residuals: must be one number >= 0 for each of the {len(eigenvalues)} eigenvalues "
            f"(one at least), got {residuals.tolist()}"
        )
    low, high = eigenvalues - residuals, eigenvalues + residuals
    # of eigenvalues in descending order a cluster begins where all before lie above all that follow
    floor, roof = np.minimum.accumulate(low), np.maximum.accumulate(high[::-1])[::-1]
    starts = np.flatnonzero(np.append(True, floor[:-1] > roof[1:]))
    stops = np.append(starts[1:], len(eigenvalues))
    errors, functions = np.empty((2, len(eigenvalues)))
    for a, b in zip(starts, stops, strict=True):
        R = np.linalg.norm(residuals[a:b])
        above = floor[a - 1] - eigenvalues[a] if a else np.inf
        below = eigenvalues[b - 1] - (roof[b] if b < len(eigenvalues) else following)
        gap = min(above, below)
        errors[a:b] = min(R, R**2 / gap) if gap > 0 else R
        alone = b == a + 1 and gap > 0
        functions[a:b] = np.sqrt(2) * (R + np.max(rounding)) / gap if alone else UNDETERMINED
    return errors + rounding, np.minimum(functions, UNDETERMINED)


def fix_signs(values):
    """`values` (N, k) with each column's sign such that its first entry of full size is positive.

    An eigenfunction's sign is free; fixing it makes pictures and printed figures repeatable.
    """
    values = finite_array("values", values, ndim=2)
    if 0 in values.shape:
        raise ValueError(f"values: must not be empty, got shape {values.shape}")
    height = np.abs(values)
    # "of full size" with a margin, so that rounding among equal extrema cannot flip the choice
    first = np.argmax(height > 0.9 * height.max(axis=0), axis=0)
    return values * np.where(values[first, np.arange(values.shape[1])] < 0, -1.0, 1.0)
