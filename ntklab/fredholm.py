"""The population spectrum: p and k meet in one operator, solved to rounding error.

The kernel on the circle is a smooth function of the angle except where x and z coincide or are
opposite. So the circle is cut at the density's breakpoints *and their antipodes*; on every panel
p and all eigenfunctions are then analytic, Gauss-Legendre nodes integrate to rounding, and only
the panel that holds x and the one that holds x + π need care: they are split there.
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import eigh

from ntklab._arguments import finite_number, instance_of, whole_number
from ntklab.densities import CircleDensity
from ntklab.geometry import wrap
from ntklab.kernels import ZonalKernel
from ntklab.spectrum import Spectrum, fix_signs

NODES_PER_PANEL = 32
MOST_NODES = 6000  # a dense eigenproblem of that size takes minutes, not hours
TAIL = 1e-11
MASS = 1e-12  # of the density, left unresolved on a panel


def solve(kernel, density, count=50, *, refine=1):
    """Leading eigenpairs of (T f)(x) = ∫ k(x, z) p(z) f(z) dz = λ f(x) (equations (9), (10)).

    Parameters
    ----------
    kernel : ZonalKernel
    density : CircleDensity
    count : int
        How many eigenpairs, at least 1.
    refine : int
        Cuts every panel into this many, to confirm a result at a higher resolution.

    Returns
    -------
    Spectrum
        Eigenfunctions orthonormal in L²(p), evaluable at any angle.

    Raises
    ------
    ValueError
        `count` beyond the eigenvalues that exceed rounding, more nodes needed than a dense
        eigenproblem bears, or an arc of the density too narrow for angles in float64.

    Notes
    -----
    Nyström's method on panels with product integration of the two singular ones. With weights w_i
    the matrix √(w_i p_i) K_ij √(p_j/w_j) is symmetric to rounding on all but the steepest
    polynomials of a panel, which resolved eigenfunctions do not contain; p enters by
    multiplication only, so it may vanish on whole arcs.
    """
    instance_of("kernel", kernel, ZonalKernel)
    instance_of("density", density, CircleDensity)
    count = whole_number("count", count, at_least=1, at_most=MOST_NODES)
    refine = whole_number("refine", refine, at_least=1, at_most=MOST_NODES)
    edges = _refined(_cuts(density), _expected_turn(density, count), refine)
    while True:
        _affordable(edges)
        spectrum, unresolved = _solve_on(kernel, density, count, edges)
        if not unresolved.any():
            return spectrum
        edges = _halved(edges, unresolved)


def quadrature(density, frequency):
    """Nodes x and weights w with Σ w_j h(x_j) = ∫ h to rounding over the circle.

    For h analytic between the density's breakpoints and their antipodes, such as p, the
    eigenfunctions and their products, oscillating no faster than `frequency` in 1/radian.
    """
    instance_of("density", density, CircleDensity)
    frequency = finite_number("frequency", frequency, at_least=0, at_most=1e6)
    edges = _refined(_cuts(density), lambda a, b: (b - a) * (1 + frequency))
    starts, halves = _panels(edges)
    return _nodes(starts, halves)


def _cuts(density):
    """Cuts of the half circle [-π, 0] at breakpoints and antipodes, folded onto it, and as many
    more as it takes for 32 nodes a panel to resolve p."""
    folded = np.mod(density.breakpoints + np.pi, np.pi) - np.pi
    edges = np.unique(np.concatenate([[-np.pi, 0.0], folded]))
    edges = edges[np.append(True, np.diff(edges) > 1e-14)]
    edges[-1] = 0.0
    while True:
        _affordable(edges)
        starts, halves = _panels(edges)
        x, _ = _nodes(starts, halves)
        series = density.pdf(x).reshape(len(starts), NODES_PER_PANEL) @ _to_series().T
        tails = np.abs(series[:, -2:]).max(axis=1) * halves
        if (tails <= MASS).all():
            return edges
        edges = _halved(edges, tails > MASS)


def _affordable(edges):
    nodes = 2 * (len(edges) - 1) * NODES_PER_PANEL
    if nodes > MOST_NODES:
        raise ValueError(
            f"count, density: {nodes} nodes or more are needed, at most {MOST_NODES} are accepted; "
            f"ask for fewer eigenpairs, or declare the density's breakpoints"
        )


def _halved(edges, panels):
    """More cuts, at the middles of some panels; x and x + π share a panel's fate, since the cuts
    must stay antipodal."""
    middles = (edges[:-1] + edges[1:]) / 2
    return np.sort(np.append(edges, middles[panels.reshape(2, -1).any(axis=0)]))


def _refined(edges, turn, refine=1):
    """The cuts with every panel divided so that it holds a quarter turn of the circle at most,
    and 16 radians of the oscillation that `turn(a, b)` expects: 32 nodes resolve those."""
    fine = [edges[:1]]
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        parts = max(int(np.ceil(turn(a, b) / 16)), int(np.ceil((b - a) / (np.pi / 2))))
        fine.append(np.linspace(a, b, refine * parts + 1)[1:])
    return np.concatenate(fine)


def _expected_turn(density, count):
    """Eigenfunction i turns through about (i/2)√p/Z radians per radian (equation (13))."""

    def turn(a, b):
        x = np.linspace(a, b, 18)[1:-1]  # not the ends, where the next arc may be far denser
        densest = max(density.pdf(x).max(), density.pdf(x + np.pi).max())
        return (b - a) * (1 + 0.5 * count * np.sqrt(densest) / density.Z)

    return turn


def _panels(half_edges):
    """Starts and half lengths of the panels on the half circle, then of their antipodes."""
    starts = np.concatenate([half_edges[:-1], half_edges[:-1] + np.pi])
    return starts, np.tile(np.diff(half_edges) / 2, 2)


def _nodes(starts, halves):
    s, ws = legendre.leggauss(NODES_PER_PANEL)
    x = (starts[:, None] + halves[:, None] * (1 + s)).ravel()
    return x, (halves[:, None] * ws).ravel()


def _solve_on(kernel, density, count, half_edges):
    """Eigenpairs on given panels, and for each panel whether its Legendre series are too short."""
    starts, halves = _panels(half_edges)
    x, w = _nodes(starts, halves)
    p = density.pdf(x)
    if abs(w @ p - 1) > TAIL:
        raise ValueError(
            f"density: has an arc too narrow for the nodes, which see ∫ p = {w @ p:.12g}; "
            f"declare breakpoints around a narrow peak"
        )

    integral = _integration_matrix(kernel, x, w, halves)
    root = np.sqrt(w * p)
    symmetric = root[:, None] * integral * np.sqrt(p / w)
    symmetric = (symmetric + symmetric.T) / 2
    if count > np.count_nonzero(p):
        raise ValueError(f"count: must be <= {np.count_nonzero(p)}, got {count}")
    values, vectors = eigh(symmetric, subset_by_index=[len(x) - count, len(x) - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    good = values > 100 * np.finfo(float).eps * values[0]
    if not good.all():
        raise ValueError(
            f"count: only {np.count_nonzero(good)} eigenvalues exceed rounding, got {count}"
        )
    # v = T v / λ rather than u/√(wp): it also holds where p is zero or tiny
    functions = fix_signs(integral @ (np.sqrt(p / w)[:, None] * vectors) / values)

    series = _to_series() @ functions.reshape(len(starts), NODES_PER_PANEL, count)
    # v = T v / λ carries rounding of some eps λ_0/λ, which no further cut removes
    tolerance = np.maximum(TAIL, 30 * np.finfo(float).eps * values[0] / values)
    unresolved = np.abs(series[:, -2:]) > tolerance * np.abs(functions).max(axis=0)
    evaluate = _evaluator(starts, halves, series)
    return Spectrum(values, x, w * p, functions, evaluate), unresolved.any(axis=(1, 2))


def _integration_matrix(kernel, x, w, halves):
    """A with (A h)_i = ∫ K(d(x_i, z)) h(z) dz for h given at the nodes and smooth on panels."""
    matrix = kernel.at_angles(x) * w
    panels = len(halves)
    blocks = matrix.reshape(panels, NODES_PER_PANEL, panels, NODES_PER_PANEL)
    distance, weights = _split_rule()
    for half in np.unique(halves):
        gap = half * distance
        near = half * np.einsum("iu,iuj->ij", kernel.profile(gap), weights)
        far = half * np.einsum("iu,iuj->ij", kernel.profile(np.pi - gap), weights)
        for a in np.flatnonzero(halves == half):
            blocks[a, :, a] = near
            blocks[a, :, (a + panels // 2) % panels] = far
    return matrix


@lru_cache(maxsize=1)
def _split_rule():
    """Product rule on [-1, 1] split at each node s_i: distances |s_i - u|, weights for ℓ_j(u)."""
    s, ws = legendre.leggauss(NODES_PER_PANEL)
    # lengths of the two sides times (1 + s)/2 are the distances themselves: nothing cancels
    left, right = (1 + s)[:, None], (1 - s)[:, None]
    distance = np.concatenate([left * (1 + s) / 2, right * (1 + s) / 2], axis=1)
    u = np.concatenate([s[:, None] - left * (1 + s) / 2, s[:, None] + right * (1 + s) / 2], axis=1)
    wu = np.concatenate([left * ws / 2, right * ws / 2], axis=1)
    cardinal = legendre.legvander(u, NODES_PER_PANEL - 1) @ _to_series()
    return distance, wu[:, :, None] * cardinal


@lru_cache(maxsize=1)
def _to_series():
    """The matrix from values at the Gauss nodes to Legendre coefficients."""
    s, _ = legendre.leggauss(NODES_PER_PANEL)
    return np.linalg.inv(legendre.legvander(s, NODES_PER_PANEL - 1))


def _evaluator(starts, halves, series):
    """x -> Σ_k series_k P_k(x) on the panel that holds x."""

    def evaluate(x):
        x = wrap(x)
        panel = np.clip(np.searchsorted(starts, x, side="right") - 1, 0, len(starts) - 1)
        result = np.empty((len(x), series.shape[2]))
        for a in np.unique(panel):
            here = panel == a
            local = np.clip((x[here] - starts[a]) / halves[a] - 1, -1, 1)
            result[here] = legendre.legvander(local, NODES_PER_PANEL - 1) @ series[a]
        return result

    return evaluate
