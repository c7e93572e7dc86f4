r"""When each region is learned, by exact linear theory: the paper's Figures 6 and 7 (C18 to C20).

A two-layer network with bias and fixed a_r = ±1, equation (6), learns sin κx from points of a
piecewise-constant density by full-batch gradient descent. Region j is finished at the first
iteration with

    (1/2|R_j|) Σ_{i in R_j} (f(x_i) - y_i)² <= threshold.

**The paper's protocol.** It states a width, τ, η and the stopping rule δ/n with δ = 0.05, and does
not state the size of its target. With y = sin κx / ‖sin κx‖, of *norm* 1 over all n points,
the rule asks for a root mean square of √(2δ) = 0.316 relative to the target. With a target of
root mean square 1 the same rule would ask for 0.012, and its networks would be far from lazy.

**What τ and the amplitude mean.** Weights start from N(0, τ²). The tangent kernel of (6) does not
depend on τ, for a neuron's activation depends on the direction of its weights alone. But to learn
a target of root mean square A the weights must move by ‖g‖_H/√m each, ‖g‖_H ≈ πκA the norm of g in
the kernel's space (uniform density), whatever τ. Seen from a weight of length τ that turns its
kink by an angle of πκA/(τ√m), and the kernel changes once that is no longer small against the
wavelength's 1/κ:

    laziness:  κ² A << τ√m      (up to a factor of order one).

With τ = 0.2 and m = 4000, τ√m is 13: for A = 1 only κ of 1 and 2 are in the linear regime, for the
paper's A = 1/√n = 0.037 all κ well below 18.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import polygamma, stdtrit

from ntklab import bounds, dynamics, fredholm, gram
from ntklab._arguments import _short, one_of
from ntklab.densities import PiecewiseConstant
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.experiments.toolkit import chosen, fit_line, wave
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK

LECTURE_KERNEL = TwoLayerNTK(bias=True)
KERNEL = TwoLayerNTK(bias=True, normalization="network")  # what the gradients of (6) give
ELEVEN_ONE_THREE = PiecewiseConstant.equal_pieces([11, 1, 3])
POINTS = 734  # the paper's: spacing 0.02, 0.01 and 0.005 give 105 + 210 + 419
SUM_RATE = 0.004  # η of the lecture's loss (5), a sum over the points
LAYOUTS = ("grid", "random")
LAYER = 3 / (16 * np.sqrt(2 * np.pi))  # ∫ of the square of the layer at a jump
EXCESS = 1.25  # times its local law, beyond which a region no longer obeys it
FINEST_BORDER = 5e-4  # of a target that spectra carry where borders are sought


class Setting(NamedTuple):
    """Sizes of Figure 7."""

    frequencies: tuple
    seeds: int
    width: int
    weight_scale: float  # τ
    centred: bool  # whether f - u(0) is learned in the place of f, so that learning starts at 0
    threshold: float  # of half the mean square over a region
    iterations: int  # at most
    draws: int  # random point sets for the linear theory
    normalised: bool = False  # whether the target has norm 1 over the points, or is sin κx itself
    hidden_layers: int = 1  # more: `FullyConnected`, all layers trained, η = 1/(2λ_1)


PROTOCOL = Setting(tuple(range(3, 21)), 5, 4000, 0.2, False, 0.05 / POINTS, 20_000, 40, True)
SETTINGS = {
    # lazy enough to obey the linear theory, and a threshold of 0.1 in root mean square
    "quick": Setting((3, 4, 6, 8), 2, 8000, 10.0, True, 0.005, 4000, 12),
    "wide": Setting((3, 4, 5, 6, 8, 10, 12), 5, 32_000, 10.0, True, 0.005, 10_000, 40),
    # the paper's own numbers: its Figure 7, some of its waves with one seed, and what one gets by
    # reading its target as sin κx itself
    "paper": PROTOCOL,
    "protocol": PROTOCOL._replace(frequencies=(3, 5, 8, 12), seeds=1),
    "misread": PROTOCOL._replace(
        frequencies=(1, 2, 3, 4, 5), iterations=100_000, normalised=False
    ),
}


def target(x, frequency, normalised=False):
    """sin κx at the points, with root mean square 1/√2 or, normalised, with norm 1 over them."""
    y = np.sin(frequency * x)
    return y / np.linalg.norm(y) if normalised else y


def place(density, points, layout="grid", rng=None):
    """Sorted training angles: an even grid in every region in proportion to its mass, or draws.

    Parameters
    ----------
    density : PiecewiseConstant
    points : int
        n. For 734 of 1:2:4 the grid is the paper's, with 105, 210 and 419.
    layout : {"grid", "random"}
        i.i.d. draws for "random".
    rng : numpy.random.Generator
        Needed for draws.

    Raises
    ------
    ValueError
        A region that gets no point, which is named.
    """
    if one_of("layout", layout, LAYOUTS) == "random":
        x = np.sort(density.sample(points, rng))
        region_counts(density, x)
        return x
    edges = np.round(points * np.cumsum(np.append(0, [density.mass(r) for r in density.regions])))
    counts = np.diff(edges).astype(int)
    if (counts == 0).any():
        raise ValueError(f"points: {points} leave region {np.argmin(counts)} empty, use more")
    arcs = [region.points(n) for region, n in zip(density.regions, counts, strict=True)]
    return np.sort(wrap(np.concatenate(arcs)))


def region_counts(density, x):
    """Points of every region, shape (R,); refuses an empty region."""
    counts = np.array([region.contains(x).sum() for region in density.regions])
    if (counts == 0).any():
        empty = f"leave region {np.argmin(counts)} empty"
        raise ValueError(f"x, points: {empty}, use more than {len(x)}")
    return counts


def check_frequencies(density, x, frequencies, *, name="frequencies"):
    """Refuses κ that the points cannot carry: κ <= πn_j/ℓ_j, Nyquist's limit, in every region."""
    lengths = [region.length for region in density.regions]
    limits = np.pi * region_counts(density, x) / lengths
    for frequency in frequencies:
        # the limit as a float may lie a rounding error below the whole number that it is
        if frequency > float(limits.min()) * (1 + 1e-12):
            raise ValueError(
                f"{name}: must be <= {limits.min():z.4g}, Nyquist's limit in the sparsest "
                f"region ({np.argmin(limits)}), got {_short(frequency)}"
            )


def predicted_times(
    density, x, frequencies, threshold, learning_rate, kernel=KERNEL, *, normalised=False, start=0.0
):
    """First iteration at which every region is finished, by exact linear theory for these points.

    Parameters
    ----------
    density : PiecewiseConstant
        Its regions are those measured.
    x : array_like, shape (n,)
    frequencies : sequence of int
        κ of the targets sin κx.
    threshold : float
        > 0, of half the mean square over a region.
    learning_rate : float
        η of the mean loss, below 2/λ_1.
    normalised : bool
        Targets of norm 1 over the points.
    start : float or ndarray, shape (n,) or (len(frequencies), n)
        u(0).

    Returns
    -------
    pandas.DataFrame
        frequency, region, density (p_j), theory (iterations, inf for never), floor (half the mean
        square left for good).
    """
    check_frequencies(density, x, frequencies)
    spectrum = gram.solve(kernel, x, len(x))
    starts = np.broadcast_to(start, (len(frequencies), len(x)))
    rows = []
    for frequency, u in zip(frequencies, starts, strict=True):
        y = target(x, frequency, normalised)
        descent = dynamics.gradient_descent(spectrum, y, learning_rate, start=u)
        for j, region in enumerate(density.regions):
            reach = descent.time_to_reach(threshold, region, norm="half_mse")
            rows.append((frequency, j, density.values[j], float(reach.time), reach.floor))
    return pd.DataFrame(rows, columns=["frequency", "region", "density", "theory", "floor"])


def population_times(density, frequencies, threshold, learning_rate):
    """Times of cos κx in the population, exact, beside `bounds.local_time` and the bound.

    Parameters
    ----------
    density : CircleDensity
    frequencies : sequence of int
    threshold : float
        > 0, of the *root mean square* over a region.
    learning_rate : float
        η of the mean loss, below 2/λ_1.

    Returns
    -------
    pandas.DataFrame
        frequency, region, density (p_j, its mean over the region), exact, local
        (log(1/(√2 δ))/(ηp_j k_κ)), bound (S/(eηδ√P_j)), and circle (exact, in the norm of L²(p)
        over the whole circle).
    """
    frames = []
    for frequency in frequencies:
        descent = population_descent(density, frequency, threshold, learning_rate, KERNEL)
        table = region_times(descent, density, frequency, threshold, KERNEL)
        circle = float(descent.time_to_reach(threshold, norm="l2").time)
        frames.append(table.drop(columns="floor").assign(circle=circle))
    return pd.concat(frames, ignore_index=True)


def region_times(descent, density, frequency, threshold, kernel):
    """When the error of cos κx comes down to δ in every region, beside the law and the bound.

    Parameters
    ----------
    descent : dynamics.Dynamics
        Of cos κx with this kernel and density, by gradient descent; or flow, as if η were 1.

    Returns
    -------
    pandas.DataFrame
        The columns of `population_times` but for the last, and floor: what is left for good.
    """
    rate, S = descent.learning_rate or 1.0, bounds.source(kernel, density, frequency)
    rows = []
    for j, region in enumerate(density.regions):
        mass, reach = density.mass(region), descent.time_to_reach(threshold, region)
        local = bounds.local_time(threshold, rate, kernel, frequency, density, region)
        bound = bounds.iterations(threshold, rate, S, mass=mass)
        mean = mass / region.length
        rows.append((frequency, j, mean, float(reach.time), local, bound, reach.floor))
    columns = ["frequency", "region", "density", "exact", "local", "bound", "floor"]
    return pd.DataFrame(rows, columns=columns)


def population_descent(density, frequency, threshold, learning_rate, kernel):
    """cos κx in the population, with as many eigenpairs as the threshold asks for."""
    target = wave(frequency)
    if bounds.multiplier(kernel, frequency) == 0:
        raise ValueError(f"frequency, frequencies, kernel: {kernel} never learns cos {frequency}x")
    spectrum = fredholm.resolve(kernel, density, target, 0.1 * threshold)
    return dynamics.gradient_descent(spectrum, target, learning_rate)


def lemma_table(density, frequency, modes=240):
    """The lemma's bounds beside what they bound, for cos κx and n = 2 … modes - 1 (C19).

    Returns
    -------
    pandas.DataFrame
        n (the lecture's count from 1), q = ⌊n/2⌋; coefficient |g_n| with its bounds printed (inf
        where it does not apply) and corrected; Σ_{i>n} g_i² as rest, rest_printed,
        rest_corrected; Σ_{i>n} 1/q_i² as reciprocal, reciprocal_printed, reciprocal_corrected.
    """
    spectrum = fredholm.solve(LECTURE_KERNEL, density, modes)
    g = np.cos(frequency * spectrum.points)
    coefficients, S = spectrum.project(g), bounds.source(LECTURE_KERNEL, density, frequency)
    left = spectrum.weights @ g**2 - np.cumsum(coefficients**2)
    n = np.arange(2, modes)
    q = n // 2
    constant = 8 * bounds.amplitude_constant(density) * density.Z / (3 * np.sqrt(density.minimum))
    return pd.DataFrame({
        "n": n,
        "q": q,
        "coefficient": np.abs(coefficients[n - 1]),
        "printed": bounds.coefficient_printed(q, frequency, density),
        "corrected": bounds.coefficient(spectrum.eigenvalues[n - 1], S),
        "rest": np.maximum(left[n - 1], 0),
        "rest_printed": constant**2 * bounds.reciprocal_tail_printed(n),
        "rest_corrected": bounds.tail(spectrum.eigenvalues[n], S),
        "reciprocal": 2 * polygamma(1, q + 1) + np.where(n % 2 == 0, 1 / q**2, 0),
        "reciprocal_printed": bounds.reciprocal_tail_printed(n),
        "reciprocal_corrected": bounds.reciprocal_tail(n),
    })


def error_table(density, frequency, iterations, learning_rate=1.0):
    """Error of cos κx in time beside S/(eηt√P), over the circle and by region (C20).

    Parameters
    ----------
    iterations : array_like of whole numbers > 0

    Returns
    -------
    pandas.DataFrame
        region (-1 for the circle), density (nan for the circle), iteration, error (in L²(p) over
        the circle, root mean square in a region), bound.
    """
    iterations = np.asarray(iterations)
    descent = population_descent(density, frequency, 0.01, learning_rate, LECTURE_KERNEL)
    S, largest = bounds.source(LECTURE_KERNEL, density, frequency), descent.spectrum.eigenvalues[0]
    frames = []
    for j, region in enumerate((None, *density.regions), start=-1):
        here = {"region": j, "density": np.nan if region is None else density.values[j]}
        error = descent.error(iterations, region, "l2" if region is None else "rms")
        share = 1.0 if region is None else density.mass(region)
        bound = bounds.error(iterations, learning_rate, S, largest, mass=share)
        table = {"iteration": iterations, "error": error, "bound": bound}
        frames.append(pd.DataFrame({**here, **table}))
    return pd.concat(frames, ignore_index=True)


def law_border(density, frequencies):
    r"""The δ below which a region takes more than c = `EXCESS` times its local law, exact.

    Where p jumps a layer of width 1/(κ√s), s = k_κ t, is left over whose square falls like s^-5/2
    only. By Laplace's transform of ∂_s ∂_yy r = p r, y = κx, with continuous r and r', it leaves

        ∫ r² dy = 3/(16√2π) cos²φ (√ρ - 1)² (p_j s)^-5/2     (s → ∞)

    on the side of p_j, ρ being p_j over its neighbour and φ the phase of the wave at the jump. The
    mean over the region's κℓ_j, with p_j s = cL and L = log(1/√2δ), reaches δ² at

        δ √κ (cL)^5/4 = √(3/(16√2π ℓ_j) Σ cos²φ (√ρ - 1)²):     δ* ~ κ^-1/2, up to logarithms.

    Parameters
    ----------
    density : PiecewiseConstant
    frequencies : sequence of int

    Returns
    -------
    pandas.DataFrame
        frequency, region, density, border (exact; 0 where none was found), law (δ from the formula,
        for large κ).
    """
    L = np.linspace(0.5, 6.5, 400)
    thresholds = np.exp(-L) / np.sqrt(2)
    rows = []
    for frequency in frequencies:
        target = wave(frequency)
        spectrum = fredholm.resolve(LECTURE_KERNEL, density, target, FINEST_BORDER)
        flow = dynamics.gradient_flow(spectrum, target)
        k = bounds.multiplier(LECTURE_KERNEL, frequency)
        for j, (region, p) in enumerate(zip(density.regions, density.values, strict=True)):
            # finished at L's threshold by c times its law: the least error so far tells
            left = np.minimum.accumulate(flow.error(EXCESS * L / (p * k), region))
            late = left > thresholds
            border = thresholds[np.argmax(late)] if late.any() else 0.0
            rows.append((frequency, j, p, border, _law_border(density, j, frequency)))
    return pd.DataFrame(rows, columns=["frequency", "region", "density", "border", "law"])


def _law_border(density, j, frequency):
    values, edges, region = density.values, density.edges, density.regions[j]
    sides = (edges[j], values[j - 1]), (edges[(j + 1) % len(edges)], values[(j + 1) % len(values)])
    jumps = sum(
        np.cos(frequency * x) ** 2 * (np.sqrt(values[j] / other) - 1) ** 2 for x, other in sides
    )
    size = np.sqrt(LAYER * jumps / (frequency * region.length)) * EXCESS**-1.25
    if size < 1e-9:
        return 0.0
    return brentq(lambda d: d * np.log(1 / (np.sqrt(2) * d)) ** 1.25 - size, 1e-12, 0.2)


def thinning(weights, frequency, threshold, learning_rate):
    """The sparsest third's time as its density p* falls: densities w:1:1, w <= 1 (C18).

    Parameters
    ----------
    weights : sequence of float
        w.
    frequency : int
        κ.
    threshold : float
        > 0, of the root mean square over the region.
    learning_rate : float
        η of the mean loss.

    Returns
    -------
    pandas.DataFrame
        weight, lowest (p*), exact, local, bound, circle (exact, in the norm of L²(p) over all the
        circle).
    """
    rows = []
    for weight in weights:
        density = PiecewiseConstant.equal_pieces([weight, 1, 1])
        times = population_times(density, (frequency,), threshold, learning_rate)
        rows.append((weight, density.minimum, *times.loc[0, ["exact", "local", "bound", "circle"]]))
    return pd.DataFrame(rows, columns=["weight", "lowest", "exact", "local", "bound", "circle"])


def theory(size="quick", layout="grid", *, rng=None, frequencies=None):
    """Figure 7 by linear theory from u(0) = 0: one grid, or `draws` random point sets.

    Parameters
    ----------
    size : one of `SETTINGS` or a Setting
        Threshold, draws, the target's norm and, unless given, frequencies are used.

    Returns
    -------
    pandas.DataFrame
        The columns of `predicted_times` with draw and layout.
    """
    setting = chosen(size, SETTINGS)
    draws = 1 if layout == "grid" else setting.draws
    asked = setting.frequencies if frequencies is None else frequencies
    frames = []
    for draw in range(draws):
        x = place(ONE_TWO_FOUR, POINTS, layout, rng)
        frame = predicted_times(
            ONE_TWO_FOUR, x, asked, setting.threshold, SUM_RATE * len(x),
            normalised=setting.normalised,
        )
        frames.append(frame.assign(draw=draw, layout=layout))
    return pd.concat(frames, ignore_index=True)


def median_ratios(frame, column):
    """Time of every region over that of the densest: the paper's 1 : 1.96 : 3.89.

    Parameters
    ----------
    frame : DataFrame of `theory` or `trained`
    column : str
        "theory", "trained" or "exact".

    Returns
    -------
    pandas.DataFrame
        density, median over κ and sets, low and high (10th and 90th percentile of the medians over
        κ that each set of points or seed has by itself), by region.
    """
    key = next((name for name in ("draw", "seed") if name in frame), None)
    sets = frame.assign(set=frame[key] if key else 0)
    wide = sets.pivot(index=["set", "frequency"], columns="region", values=column)
    densities = frame.groupby("region").density.first()
    densest = densities.idxmax()
    with np.errstate(invalid="ignore"):
        ratio = wide.div(wide[densest], axis=0)
    each = ratio.groupby("set").median()
    return pd.DataFrame({
        "density": densities,
        "median": ratio.median(),
        "low": each.quantile(0.1),
        "high": each.quantile(0.9),
    })


def slopes(frame, column, level=0.95):
    """The exponent of κ in the time of every region, least squares in logarithms.

    Times that are inf (not finished) are left out; at least three frequencies must remain.

    Returns
    -------
    pandas.DataFrame
        density, slope, low, high (Student's interval at `level`), by region.
    """
    rows = {}
    for region, times in frame.groupby("region"):
        times = times[np.isfinite(times[column]) & (times[column] > 0)]
        if times.frequency.nunique() < 3:
            raise ValueError(
                f"frame: region {region} must have finished at 3 frequencies at least, "
                f"got {times.frequency.nunique()}"
            )
        logarithms = np.log(times[["frequency", column]].to_numpy(float))
        slope, error, _ = fit_line(*logarithms.T)
        room = stdtrit(len(times) - 2, (1 + level) / 2) * error
        rows[region] = times.density.iloc[0], slope, slope - room, slope + room
    columns = ["density", "slope", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("region")
