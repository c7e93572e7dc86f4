"""The population spectrum: p and k meet in one operator, solved to rounding error.

The kernel on the circle is a smooth function of the angle except where x and z coincide or are
opposite. So the circle is cut at the density's breakpoints *and their antipodes*; on every panel
p and all eigenfunctions are then analytic, Gauss-Legendre nodes integrate to rounding, and only
the panel that holds x and the one that holds x + π need care: they are split there.
"""

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import eigh, qr, solve_triangular

from ntklab import _harmonics
from ntklab._arguments import boolean, finite_number, instance_of, values_of, whole_number
from ntklab._errors import EPS, above_rounding, error_bounds, fix_signs
from ntklab._panels import each, gauss
from ntklab.densities import CircleDensity, PiecewiseConstant
from ntklab.geometry import wrap
from ntklab.kernels import ZonalKernel
from ntklab.spectrum import Spectrum

NODES_PER_PANEL = 32
CHECK_NODES = 41  # a panel, where residuals are measured: none is a node of the solver
AT_ONCE = 2**19  # entries of the matrix worked out together, 4 MB: fewer are slow, more no faster
MOST_NODES = 8000  # a dense eigenproblem of that size takes minutes, not hours
MANY_PIECES = 80  # beyond, harmonics are faster
WATCHED = 4000  # places round the circle where a density's series is compared with it
RECIPROCAL = 1e-9
USUAL = 50  # eigenpairs
TAIL = 1e-11
FINEST = 1e-7  # what is left of a target that thousands of eigenfunctions carry
ROUNDED = 1e-8
ELSEWHERE = "bounds.local_time tells when a region learns a frequency without a spectrum"
STEEP, REACHED = 100, 0.5  # contrast, and rms of a wave
MASS = 1e-12  # of the density, left unresolved on a panel


def solve(kernel, density, count=None, *, refine=1):
    """Leading eigenpairs of (T f)(x) = ∫ k(x, z) p(z) f(z) dz = λ f(x) (equations (9), (10)).

    Parameters
    ----------
    kernel : ZonalKernel
    density : CircleDensity
    count : int, optional
        How many eigenpairs, at least 1. Left out: 50, or as many as exceed rounding.
    refine : int
        Cuts every panel into this many, to confirm a result at a higher resolution.

    Returns
    -------
    Spectrum
        Eigenfunctions orthonormal in L²(p), evaluable at any angle. `errors` come from the
        residuals ‖T v_i - λ_i v_i‖ in L²(p), by other nodes than the solver's.

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
    multiplication only, so it may vanish on whole arcs. A `PiecewiseConstant` of more than
    eighty pieces, or of more nodes than a dense eigenproblem bears, is solved in up to 8192
    harmonics by Lanczos' method instead, which takes seconds for thousands of pieces, to about
    1e-11 λ_0; errors are then those of the cut.
    """
    instance_of("kernel", kernel, ZonalKernel)
    instance_of("density", density, CircleDensity)
    usual = count is None
    count = USUAL if usual else whole_number("count", count, at_least=1, at_most=MOST_NODES)
    refine = whole_number("refine", refine, at_least=1, at_most=MOST_NODES)
    if isinstance(density, PiecewiseConstant) and len(density.values) > MANY_PIECES:
        return _harmonics.solve(kernel, density, count, refine, fewer=usual)
    edges = _refined(_cuts(density), _expected_turn(density, count), refine)
    too_many = _count_of_nodes(edges) > MOST_NODES and count <= _harmonics.LAST // 4
    if isinstance(density, PiecewiseConstant) and too_many:
        return _harmonics.solve(kernel, density, count, refine, fewer=usual)
    while True:
        _affordable(edges)
        spectrum, unresolved = _solve_on(kernel, density, count, edges, fewer=usual)
        if not unresolved.any():
            return spectrum
        edges = _halved(edges, unresolved)


def resolve(kernel, density, target, tolerance, most=3000):
    """The population spectrum with as many eigenpairs as carry the target to `tolerance`.

    Doubles the count until the rms of what no eigenfunction carries is at most `tolerance` in
    every region of the density.

    Parameters
    ----------
    kernel : ZonalKernel
    density : CircleDensity
    target : callable
        g(x) at angles x.
    tolerance : float
        At least 1e-7. Ask for a hundredth of the threshold whose time is wanted.
    most : int
        Largest count tried.

    Raises
    ------
    ValueError
        The target is not carried by `most` eigenfunctions (it may have parts that the kernel
        cannot learn), or by as many as a dense eigenproblem of 8000 nodes bears; the remainder
        reached is named. To carry κ to a region takes more than 2κZ/√p* eigenpairs, a number
        that grows like the root of the contrast; seconds grow like the cube of that number.
    """
    finite_number("tolerance", finite_number("tolerance", tolerance, above=0), at_least=FINEST)
    most = whole_number("most", most, at_least=1)
    count = min(64, most)
    while True:
        spectrum = solve(kernel, density, count)
        region = np.searchsorted(density.breakpoints, wrap(spectrum.points), side="right")
        region %= max(len(density.breakpoints), 1)  # the last one runs on to the first edge
        g = values_of("target", target, spectrum.points)
        rest = g - spectrum.values @ spectrum.project(g)
        mass = np.bincount(region, spectrum.weights)
        left = np.bincount(region, spectrum.weights * rest**2)[mass > 0] / mass[mass > 0]
        left = np.sqrt(left.max())
        if left <= tolerance:
            return spectrum
        if count == most:
            raise ValueError(
                f"target: {most} eigenfunctions leave rms {left:.3g} of it, "
                f"more than tolerance {tolerance:.3g}; {ELSEWHERE}"
            )
        _bearable(density, count, left, tolerance)
        count = min(2 * count, most)


def _bearable(density, count, left, tolerance):
    """Refuses, before minutes go by, what needs more eigenpairs than a dense eigenproblem bears.

    Twice as many are tried next. Beyond jumps of the density coefficients fall like n⁻³, so what
    is left falls like n^-5/2 at best: under high contrast, once the sparsest region is reached
    (what is left is no longer all of a wave), that tells how many will be needed.
    """
    if not isinstance(density, PiecewiseConstant) or len(density.values) > MANY_PIECES:
        return
    needed = 2 * count
    if density.values.max() > STEEP * density.minimum and left < REACHED:
        needed = max(needed, int(count * (left / tolerance) ** 0.4))
    edges = _refined(_cuts(density), _expected_turn(density, needed))
    nodes = _count_of_nodes(edges)
    if nodes > MOST_NODES:
        raise ValueError(
            f"target, density: {count} eigenfunctions leave rms {left:.3g} of the target, beyond "
            f"tolerance {tolerance:.3g}; about {needed} would need {nodes} nodes, "
            f"and at most {MOST_NODES} are accepted. Use a larger tolerance or less contrast; "
            f"{ELSEWHERE}"
        )


def eigenvalues(kernel, density, count, *, mean_free=False):
    """The largest eigenvalues of T alone, shape (count,), whatever the sign of the others.

    `mean_free` compresses T to the functions with ∫ p f = 0.
    """
    instance_of("kernel", kernel, ZonalKernel)
    instance_of("density", density, CircleDensity)
    count = whole_number("count", count, at_least=1, at_most=MOST_NODES)
    mean_free = boolean("mean_free", mean_free)
    edges = _refined(_cuts(density), _expected_turn(density, count))
    _affordable(edges)
    _, halves, x, w = _panels(edges)
    symmetric, _, root = _matrix(kernel, density.pdf(x), x, w, halves)
    if mean_free:
        root = root / np.linalg.norm(root)
        symmetric -= np.outer(root, root @ symmetric)
        symmetric -= np.outer(symmetric @ root, root)
    top = len(x) - 1
    return eigh(symmetric, eigvals_only=True, subset_by_index=[top + 1 - count, top])[::-1]


def quadrature(density, frequency, *, reciprocal=False):
    """Nodes x and weights w with Σ w_j h(x_j) = ∫ h to rounding over the circle.

    For h analytic between the density's breakpoints and their antipodes, such as p, the
    eigenfunctions and their products, oscillating no faster than `frequency` in 1/radian. With
    `reciprocal` also such as 1/p, which may be far steeper than p, to 1e-9.
    """
    instance_of("density", density, CircleDensity)
    frequency = finite_number("frequency", frequency, at_least=0, at_most=1e6)
    edges = _cuts(density)
    if boolean("reciprocal", reciprocal):
        edges = _resolving(lambda x: 1 / density.pdf(x), edges, RECIPROCAL)
    edges = _refined(edges, lambda a, b: (b - a) * (1 + frequency))
    return _panels(edges)[2:]


def _cuts(density):
    """Cuts of the half circle [-π, 0] at breakpoints and antipodes, folded onto it, and as many
    more as it takes for 32 nodes a panel to resolve p."""
    folded = np.mod(density.breakpoints + np.pi, np.pi) - np.pi
    edges = np.unique(np.concatenate([[-np.pi, 0.0], folded]))
    edges = edges[np.append(True, np.diff(edges) > 1e-14)]
    edges[-1] = 0.0
    if isinstance(density, PiecewiseConstant):
        return edges
    return _resolving(density.pdf, edges, MASS)


def _resolving(function, edges, tolerance):
    """The cuts with panels halved until 32 nodes resolve a function to `tolerance` of its
    integral, as seen in its last coefficients and between the nodes."""
    while True:
        _affordable(edges)
        starts, halves, x, w = _panels(edges)
        values = function(x)
        series = values.reshape(len(starts), NODES_PER_PANEL) @ _to_series().T
        tails = np.abs(series[:, -2:]).max(axis=1) * halves
        between = 16 + int(WATCHED * halves.max() / np.pi)
        s = np.linspace(-1, 1, between + 2)[1:-1]
        seen = function((starts[:, None] + halves[:, None] * (1 + s)).ravel())
        told = series @ legendre.legvander(s, NODES_PER_PANEL - 1).T
        missed = np.abs(seen.reshape(told.shape) - told).max(axis=1) * halves
        total = w @ values
        short = (tails > tolerance * total) | (missed > 1e3 * tolerance * total)
        if not short.any():
            return edges
        edges = _halved(edges, short)


def _count_of_nodes(edges):
    """Of panels between these edges, of half of the circle, and of their antipodes."""
    return 2 * (len(edges) - 1) * NODES_PER_PANEL


def _affordable(edges):
    nodes = _count_of_nodes(edges)
    if nodes > MOST_NODES:
        raise ValueError(
            f"count, density: {nodes} nodes or more are needed, at most {MOST_NODES} are accepted; "
            f"ask for fewer eigenpairs, declare the density's breakpoints, or call "
            f"gram.solve(kernel, density.grid(100_000), count), which agrees to about 1e-6"
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
    """Starts and half lengths of the panels on the half circle, then of their antipodes; nodes
    and weights on all of them."""
    starts = np.concatenate([half_edges[:-1], half_edges[:-1] + np.pi])
    halves = np.tile(np.diff(half_edges) / 2, 2)
    return starts, halves, *gauss(starts, halves, NODES_PER_PANEL)


def _solve_on(kernel, density, count, half_edges, fewer):
    """Eigenpairs on given panels, and for each panel whether its Legendre series are too short."""
    starts, halves, x, w = _panels(half_edges)
    p = density.pdf(x)
    unseen = abs(w @ p - 1)  # of pieces it is what the ends of narrow ones, rounded, leave over
    if unseen > (ROUNDED if isinstance(density, PiecewiseConstant) else TAIL):
        raise ValueError(
            f"density: has an arc too narrow for the nodes, which see ∫ p = {w @ p:.12g}; "
            f"declare breakpoints around a narrow peak"
        )

    symmetric, integral, _ = _matrix(kernel, p, x, w, halves)
    # one more than asked for, to know the gap behind the last
    lowest = max(len(x) - count - 1, 0)
    values, vectors = eigh(symmetric, subset_by_index=[lowest, len(x) - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    count = min(count, above_rounding(values, count, fewer))
    following, values, vectors = values[count:], values[:count], vectors[:, :count]
    # v = T v / λ rather than u/√(wp): it also holds where p is zero or tiny
    functions = fix_signs(integral @ (np.sqrt(p / w)[:, None] * vectors) / values)

    series = _to_series() @ functions.reshape(len(starts), NODES_PER_PANEL, count)
    # v = T v / λ carries rounding of some eps λ_0/λ, which no further cut removes
    tolerance = np.maximum(TAIL, 30 * EPS * values[0] / values)
    unresolved = np.abs(series[:, -2:]) > tolerance * np.abs(functions).max(axis=0)
    evaluate = _evaluator(starts, halves, series)
    if unresolved.any():
        return None, unresolved.any(axis=(1, 2))
    shift, residuals, as_given = _residuals(kernel, density, starts, halves, values, evaluate)
    rounding = shift + 4 * (EPS + unseen) * values[0]
    following = max(following.max(initial=0), 0) + residuals[-1]
    errors, _ = error_bounds(values, residuals, following, rounding)
    _, function_errors = error_bounds(values, as_given, following, rounding)
    found = Spectrum(values, x, w * p, functions, evaluate, errors, function_errors)
    return found, unresolved.any(axis=(1, 2))


def _matrix(kernel, p, x, w, halves):
    """√(w_i p_i) A_ij √(p_j/w_j) made symmetric, the integration matrix A, and √(wp)."""
    integral = np.concatenate(list(_rows(kernel, x, w, halves)))
    root = np.sqrt(w * p)
    symmetric = root[:, None] * integral * np.sqrt(p / w)
    return (symmetric + symmetric.T) / 2, integral, root


def _residuals(kernel, density, starts, halves, values, evaluate):
    """|⟨v, Tv⟩ - λ| and ‖T v - λ v‖ in L²(p) of the orthonormalised v_i, and ‖T v - λ v‖ as given.

    By other nodes than the solver's. Rounding of ε λ_0/λ_i in v_i = T v_i/λ_i weighs λ_0 times as
    much in T v_i; what of it lies along the earlier functions says nothing about λ_i.
    """
    y, w = gauss(starts, halves, CHECK_NODES)
    functions, root = evaluate(y), np.sqrt(w * density.pdf(y))[:, None]
    weighed = density.pdf(y)[:, None] * functions
    rows = _rows(kernel, y, w, halves, CHECK_NODES)
    images = root * np.concatenate([block @ weighed for block in rows])
    functions = root * functions
    as_given = np.linalg.norm(images - values * functions, axis=0)
    basis, triangle = qr(functions, mode="economic")
    images = solve_triangular(triangle, images.T, trans="T").T
    quotients = np.sum(basis * images, axis=0)
    return np.abs(quotients - values), np.linalg.norm(images - values * basis, axis=0), as_given


def _rows(kernel, x, w, halves, nodes=NODES_PER_PANEL):
    """Rows of A, some `AT_ONCE` entries at a time: (A h)_i = ∫ K(d(x_i, z)) h(z) dz for h given at
    the nodes and smooth on panels."""
    distance, weights = _split_rule(nodes)
    panels, (lengths, rule) = len(halves), np.unique(halves, return_inverse=True)
    gaps = lengths[:, None, None] * distance
    around = kernel.at_angles([0.0], np.ravel([gaps, np.pi - gaps])).reshape(2, *gaps.shape)
    # node by node a product of matrices: (lengths, distances) times (distances, nodes)
    near, far = lengths[:, None] * (around.swapaxes(1, 2) @ weights)
    step = max(1, AT_ONCE // (nodes * len(x)))
    for first in range(0, panels, step):
        some = range(first, min(first + step, panels))
        rows = kernel.at_angles(x[first * nodes : some.stop * nodes], x) * w
        blocks = rows.reshape(len(some), nodes, panels, nodes)
        for k, a in enumerate(some):
            blocks[k, :, a] = near[:, rule[a]]
            blocks[k, :, (a + panels // 2) % panels] = far[:, rule[a]]
        yield rows


@lru_cache(maxsize=2)
def _split_rule(nodes):
    """Product rule on [-1, 1] split at each node s_i: distances |s_i - u|, weights for ℓ_j(u)."""
    s, ws = legendre.leggauss(nodes)
    # lengths of the two sides times (1 + s)/2 are the distances themselves: nothing cancels
    left, right = (1 + s)[:, None], (1 - s)[:, None]
    distance = np.concatenate([left * (1 + s) / 2, right * (1 + s) / 2], axis=1)
    u = np.concatenate([s[:, None] - left * (1 + s) / 2, s[:, None] + right * (1 + s) / 2], axis=1)
    wu = np.concatenate([left * ws / 2, right * ws / 2], axis=1)
    cardinal = legendre.legvander(u, nodes - 1) @ _to_series(nodes)
    return distance, wu[:, :, None] * cardinal


@lru_cache(maxsize=2)
def _to_series(nodes=NODES_PER_PANEL):
    """The matrix from values at the Gauss nodes to Legendre coefficients."""
    s, _ = legendre.leggauss(nodes)
    return np.linalg.inv(legendre.legvander(s, nodes - 1))


def _evaluator(starts, halves, series):
    """x -> Σ_k series_k P_k(x) on the panel that holds x."""

    def evaluate(x):
        x = wrap(x)
        result = np.empty((len(x), series.shape[2]))
        for a, here in each(starts, x):
            local = np.clip((x[here] - starts[a]) / halves[a] - 1, -1, 1)
            result[here] = legendre.legvander(local, NODES_PER_PANEL - 1) @ series[a]
        return result

    return evaluate
