r"""Data on the sphere S² that depend on height alone, and the population spectrum under them.

A density p(z) of the height z = x·e over an axis e commutes with turns about that axis, so T splits
by order m. In the basis of spherical harmonics Y_lm of one order

    T Y_l'm = Σ_l λ_l P_ll' Y_lm,    P_ll' = ∫ p Y_lm Y_l'm dA,

with λ_l the kernel's Funk-Hecke eigenvalues. P is exact by Gauss quadrature band by band. The
matrix M = √λ P √λ is symmetric and has the eigenvalues of T; cutting it at degree L leaves a
relative error of about 1e-5 (L = 100) to 1e-8 (L = 400) in the 20th eigenvalue at a ratio of
densities of 3, falling like L^-4.

How large is it? The eigenvalues of the cut matrix are Rayleigh-Ritz values of M, and what an
eigenvector misses are its rows beyond L. With v the eigenfunction, and p̂_l = ∫ p v Y_lm dA, their
squares are λ λ_l p̂_l², so that the residual has

    ‖M u - λu‖² = λ Σ_{l>L} λ_l p̂_l² <= λ max_{l>L} λ_l (∫ p² v² dA - Σ_{l<=L} p̂_l²),

by Parseval: all of it is known. Temple's bound, the residual's square over the gap, does the rest;
below max p max_{l>L} λ_l, the norm of all that is cut off, that norm itself is the bound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import sph_legendre_p

from ntklab._arguments import (
    LARGEST,
    broadcast,
    finite_array,
    finite_number,
    generator,
    instance_of,
    positive,
    real_array,
    sequence,
    size,
    whole_number,
)
from ntklab._errors import error_bounds, signs
from ntklab.geometry import unit_vectors
from ntklab.kernels import ZonalKernel
from ntklab.spectrum import Spectrum

AXIS = np.array([0.0, 0.0, 1.0])
MOST_DEGREE = 2000
BEYOND = 4  # degrees past the largest among which λ_l is taken to be greatest: it falls from there
ROUNDING = 2e-15  # of the kernel's own eigenvalues, relative to K(0)


@dataclass(frozen=True)
class Band:
    """The part of the sphere with low <= z < high (and z = 1 if high is 1)."""

    low: float
    high: float

    def __post_init__(self):
        low = finite_number("low", self.low, at_least=-1, below=1)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", finite_number("high", self.high, above=low, at_most=1))

    def contains(self, X):
        """Mask of the unit vectors X, shape (n, 3), that lie in the band."""
        z = unit_vectors("X", X, dimension=3)[:, 2]
        return (z >= self.low) & ((z < self.high) | (self.high == 1))


@dataclass(frozen=True, eq=False)
class Bands:
    """p constant on bands of height; ∫ p dA = 1 over the sphere.

    Parameters
    ----------
    edges : array_like, shape (k-1,)
        Inner edges, increasing, between -1 and 1.
    values : array_like, shape (k,)
        p in each band from z = -1 upwards, > 0, per unit of area.

    Raises
    ------
    ValueError
        Edges that do not increase within (-1, 1), values that are not positive or do not
        integrate to 1 within 1e-9.
    """

    edges: np.ndarray
    values: np.ndarray

    def __post_init__(self):
        edges = np.atleast_1d(finite_array("edges", self.edges))
        values = np.atleast_1d(finite_array("values", self.values))
        bounds = _bounds(edges)
        if values.shape != (len(edges) + 1,):
            raise ValueError(
                f"values: must be one more than the inner edges, got {values.shape} and "
                f"{edges.shape}"
            )
        if (values <= 0).any():
            raise ValueError(f"values: must be positive, got {values.min()}")
        mass = 2 * np.pi * values @ np.diff(bounds)
        if abs(mass - 1) > 1e-9:
            raise ValueError(f"values: must integrate to 1 over the sphere, got {mass:.6g}")
        for name, array in (("edges", edges), ("values", values)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def proportional(cls, edges, weights):
        """Densities in proportion to `weights` > 0, scaled to mass 1."""
        edges = np.atleast_1d(finite_array("edges", edges))
        weights = np.atleast_1d(finite_array("weights", weights, within=LARGEST))
        widths = np.diff(_bounds(edges))
        if weights.shape != widths.shape:
            raise ValueError(f"weights: must be {len(widths)}, one a band, got {weights.shape}")
        if weights.min() < 1 / LARGEST:
            raise ValueError(f"weights: must be positive, got {weights.min()}")
        return cls(edges, weights / (2 * np.pi * weights @ widths))

    @property
    def bounds(self):
        """Edges with -1 and 1, shape (k+1,)."""
        return _bounds(self.edges)

    @property
    def regions(self):
        """The bands from z = -1 upwards."""
        return tuple(Band(*pair) for pair in zip(self.bounds[:-1], self.bounds[1:], strict=True))

    @property
    def minimum(self):
        """p*, the least density."""
        return float(self.values.min())

    def pdf(self, X):
        """p at unit vectors, shape (n,)."""
        z = unit_vectors("X", X, dimension=3)[:, 2]
        return self.values[np.searchsorted(self.edges, z, side="right")]

    def sample(self, n, rng):
        """n i.i.d. points, shape (n, 3)."""
        n, rng = size("n", n), generator("rng", rng)
        mass = 2 * np.pi * self.values * np.diff(self.bounds)
        return self._points(rng.choice(len(mass), size=n, p=mass / mass.sum()), rng)

    def sample_in_bands(self, counts, rng):
        """Random points, counts[j] of them uniform in band j, shape (Σ counts, 3)."""
        counts = sequence("counts", counts, size, at_least=0)
        if len(counts) != len(self.values):
            raise ValueError(f"counts: must be {len(self.values)}, one a band, got {len(counts)}")
        return self._points(np.repeat(np.arange(len(counts)), counts), generator("rng", rng))

    def _points(self, band, rng):
        low, high = self.bounds[band], self.bounds[band + 1]
        return at_height(rng.uniform(low, high), rng.uniform(-np.pi, np.pi, len(band)))


def _bounds(edges):
    if edges.ndim != 1 or (np.abs(edges) >= 1).any() or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges: must increase between -1 and 1, got {edges}")
    return np.concatenate([[-1.0], edges, [1.0]])


def hemispheres(ratio):
    """The upper half `ratio` > 0 times as dense as the lower one."""
    return Bands.proportional([0.0], [1.0, positive("ratio", ratio)])


def at_height(z, longitude):
    """Unit vectors of height z in [-1, 1] and a longitude in radians, shape (n, 3)."""
    z, longitude = finite_array("z", z), finite_array("longitude", longitude)
    broadcast(z=z, longitude=longitude)
    z, longitude = np.broadcast_arrays(z, longitude)
    if (np.abs(z) > 1).any():
        raise ValueError(f"z: must lie in [-1, 1], got {z[np.abs(z) > 1].flat[0]}")
    side = np.sqrt((1 - z) * (1 + z))
    return np.stack([side * np.cos(longitude), side * np.sin(longitude), z], axis=-1)


def harmonic(degree, axis=AXIS):
    """x -> √(2l+1) P_l(x·e): the zonal harmonic about an axis, of rms 1 over the sphere.

    Parameters
    ----------
    degree : int
        l from 0 to 10⁵.
    axis : array_like, shape (3,)
        e, a unit vector.
    """
    degree = whole_number("degree", degree, at_least=0, at_most=10**5)
    axis = unit_vectors("axis", finite_array("axis", axis, ndim=1)[None], dimension=3)[0]

    def zonal(X):
        # normalised: ∫ over the sphere is 1, so 4π times its square has mean 1
        height = np.clip(real_array("X", X) @ axis, -1, 1)
        return np.sqrt(4 * np.pi) * _legendre(0, np.array([degree]), height)[0]

    return zonal


def solve(kernel, density, count=50, *, orders=None, degree=None):
    """Leading eigenpairs of T f = ∫ k(·, z) p(z) f(z) dA under a density of bands.

    Parameters
    ----------
    kernel : ZonalKernel
    density : Bands
    count : int or None
        Eigenpairs over all orders asked for; None is all that the degree gives.
    orders : sequence of int, optional
        m >= 0; (0,) is enough for targets that depend on height alone. All up to the degree when
        left out. Every order m > 0 gives pairs, cos mφ and sin mφ.
    degree : int, optional
        L <= 2000, the largest degree of the basis; see the module for the error it leaves. When
        left out, it is doubled from 150 on until no eigenvalue may be off by more than 1 %.

    Returns
    -------
    Spectrum
        `points` are unit vectors (N, 3), `weights` a quadrature for p dA over them, exact for the
        products of eigenfunctions with each other; `errors` bound what the cut and rounding do.

    Raises
    ------
    TypeError, ValueError
        Naming the argument; an order above the degree, more eigenpairs than there are; a density
        that no degree up to 2000 resolves.
    """
    instance_of("kernel", kernel, ZonalKernel)
    instance_of("density", density, Bands)
    if count is not None:
        count = whole_number("count", count, at_least=1)
    if degree is None:
        for degree in (150, 300, 600, 1200, 2000):
            spectrum = solve(kernel, density, count, orders=orders, degree=degree)
            if count is None or (spectrum.errors <= 0.01 * spectrum.eigenvalues).all():
                return spectrum
        off = np.flatnonzero(spectrum.errors > 0.01 * spectrum.eigenvalues)[0]
        raise ValueError(
            f"count: must be <= {off} for this density, got {count}; beyond, 1 % is not certain "
            "even at degree 2000, which may be asked for"
        )
    degree = whole_number("degree", degree, at_least=0, at_most=MOST_DEGREE)
    orders = range(degree + 1) if orders is None else orders
    orders = sorted(set(sequence("orders", orders, whole_number, at_least=0, at_most=degree)))
    degrees = np.arange(degree + BEYOND + 1)
    funk_hecke = 4 * np.pi * kernel.harmonic_eigenvalues(degrees, dimension=3)
    beyond, funk_hecke = max(funk_hecke[degree + 1 :].max(), 0), funk_hecke[: degree + 1]
    root = np.sqrt(np.maximum(funk_hecke, 0))
    z, weights, p = _heights(density, degree + 1)
    rounding = ROUNDING * 4 * np.pi * p.max() * kernel.profile(0.0)
    values = []
    for m in orders:
        # T restricted to order m is at most max p times the largest λ_l, l >= m, that it holds
        largest = density.values.max() * funk_hecke[m:].max()
        if count is not None and sum(value > largest for value, *_ in values) >= count:
            break
        block = _block(m, root[m:], z, weights, p, beyond, rounding)
        pairs = list(zip(*block, strict=True))[:count]
        for side in ("cos",) if m == 0 else ("cos", "sin"):
            values.extend((value, m, side, c, *errors) for value, c, *errors in pairs)
    values.sort(key=lambda mode: -mode[0])
    if count is not None:
        whole_number("count", count, at_most=len(values))
        values = values[:count]
    highest = max(m for _, m, *_ in values)
    turn = 2 * np.pi * np.arange(2 * highest + 1) / (2 * highest + 1)
    points = at_height(np.repeat(z, len(turn)), np.tile(turn, len(z)))
    at_points = np.repeat(weights, len(turn)) / len(turn)
    unsigned = _evaluate(values, degree, points)
    flip = signs(unsigned)
    return Spectrum(
        np.array([value for value, *_ in values]), points, at_points, flip * unsigned,
        lambda X: flip * _evaluate(values, degree, unit_vectors("x", X, dimension=3)),
        *np.array([mode[4:] for mode in values]).T,
    )


def _heights(density, nodes):
    """Gauss nodes in every band, weights for 2π p(z) dz, and p."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    low, high = density.bounds[:-1, None], density.bounds[1:, None]
    z = (high + low) / 2 + (high - low) / 2 * x
    p = np.repeat(density.values, nodes)
    return z.ravel(), p * (np.pi * (high - low) * w).ravel(), p


def _block(m, root, z, weights, p, beyond, rounding):
    """Eigenvalues of order m, descending, rows of coefficients in Y_lm, errors of both."""
    Y = _legendre(m, np.arange(m, m + len(root)), z)
    P = (Y * weights) @ Y.T
    eigenvalues, u = np.linalg.eigh(root[:, None] * P * root)
    eigenvalues, u = eigenvalues[::-1], u[:, ::-1]
    seen = eigenvalues > 1e-14 * max(eigenvalues[0], np.finfo(float).tiny)
    eigenvalues, u = eigenvalues[seen], u[:, seen]
    coefficients = root[:, None] * u / np.sqrt(eigenvalues)
    missed = (weights * p) @ (Y.T @ coefficients) ** 2 - np.sum((P @ coefficients) ** 2, axis=0)
    residuals = np.sqrt(eigenvalues * beyond * np.maximum(missed, 0))
    # no eigenvalue rises by more than all of what is cut off, whose norm this is
    most = beyond * p.max()
    errors, functions = error_bounds(eigenvalues, residuals, most, rounding)
    lost = eigenvalues - residuals <= most  # among them eigenvalues from beyond may stand
    errors = np.where(lost, most + rounding, np.minimum(errors, most + rounding))
    return eigenvalues, coefficients.T, errors, np.where(lost, np.sqrt(2), functions)


def _legendre(m, degrees, z):
    """The part of Y_lm that depends on height: ∫ Y² dA = 1 with e^{imφ}, shape (len(l), len(z))."""
    start = sph_legendre_p(degrees[:2, None], m, np.arccos(z))[0]
    Y = np.concatenate([start, np.empty((len(degrees) - len(start), len(z)))])
    # upwards in l the three-term recurrence is stable; from nothing for each l, as SciPy's
    # function does it, a basis would cost a factor l more
    for i, n in enumerate(degrees[2:], 2):
        before = np.sqrt(((n - 1) ** 2 - m**2) / (4 * (n - 1) ** 2 - 1))
        Y[i] = np.sqrt((4 * n**2 - 1) / (n**2 - m**2)) * (z * Y[i - 1] - before * Y[i - 2])
    return Y


def _evaluate(modes, degree, X):
    """Eigenfunctions at unit vectors, from (eigenvalue, m, "cos" or "sin", coefficients, …)."""
    z, longitude = np.clip(X[:, 2], -1, 1), np.arctan2(X[:, 1], X[:, 0])
    heights, where = np.unique(z, return_inverse=True)
    out = np.empty((len(X), len(modes)))
    for m in {mode[1] for mode in modes}:
        chosen = [i for i, mode in enumerate(modes) if mode[1] == m]
        coefficients = np.stack([modes[i][3] for i in chosen], axis=1)
        legendre = _legendre(m, np.arange(m, degree + 1), heights)
        profile = (legendre.T @ coefficients)[where]
        scale = 1.0 if m == 0 else np.sqrt(2)
        waves = {"cos": scale * np.cos(m * longitude), "sin": scale * np.sin(m * longitude)}
        for column, i in enumerate(chosen):
            out[:, i] = profile[:, column] * waves[modes[i][2]]
    return out
