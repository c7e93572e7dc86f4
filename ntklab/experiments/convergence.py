r"""When each region is learned: the paper's Figures 6 and 7, trained and by linear theory (C18).

A two-layer network with bias and fixed a_r = ±1, equation (6), learns sin κx from points of a
piecewise-constant density by full-batch gradient descent. Region j is finished at the first
iteration with

    (1/2|R_j|) Σ_{i in R_j} (f(x_i) - u(x_i))² <= threshold.

**What τ means.** Weights start from N(0, τ²). The tangent kernel of (6) does not depend on τ, for
a neuron's activation depends on the direction of its weights alone. But to learn g the weights must
move by ‖g‖_H/√m each, ‖g‖_H ≈ πκ/√2 the norm of g in the kernel's space (uniform density), whatever
τ. Seen from a weight of length τ that turns its kink by an angle of πκ/(τ√(2m)), and the kernel
changes once that is no longer small against the wavelength's 1/κ:

    laziness:  κ² << τ√m      (up to a factor of order one).

At the paper's τ = 0.2, m = 4000, τ√m is 13: only κ of 1 and 2 are in the linear regime. A large τ
would cure it, but the output before training has standard deviation τ/√2. `centred` learns
f + u(0) instead of f, so that what is learned is f, from 0, whatever τ (Chizat, Oyallon and Bach).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.special import polygamma
from scipy.stats import linregress
from scipy.stats import t as student
from tqdm.auto import tqdm

from ntklab import bounds, dynamics, fredholm, gram
from ntklab._arguments import (
    LARGEST,
    MOST,
    boolean,
    finite_array,
    finite_number,
    frame,
    generator,
    instance_of,
    one_of,
    positive,
    sequence,
    whole_number,
)
from ntklab.densities import CircleDensity, PiecewiseConstant, Region
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.geometry import to_circle, wrap
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU, pick_device
from ntklab.training import train

LECTURE_KERNEL = TwoLayerNTK(bias=True)
KERNEL = TwoLayerNTK(bias=True, normalization="network")  # what the gradients of (6) give
ELEVEN_ONE_THREE = PiecewiseConstant.equal_pieces([11, 1, 3])
POINTS = 734  # the paper's: spacing 0.02, 0.01 and 0.005 give 105 + 210 + 419
SUM_RATE = 0.004  # η of the lecture's loss (5), a sum over the points
LAYOUTS = ("grid", "random")
HIGHEST, MOST_MODES = 1000, 3000  # frequency and eigenpairs in the population


class Setting(NamedTuple):
    """Sizes of Figure 7."""

    frequencies: tuple
    seeds: int
    width: int
    weight_scale: float  # τ
    centred: bool
    threshold: float  # of half the mean square over a region
    iterations: int  # at most
    draws: int  # random point sets for the linear theory


SETTINGS = {
    # lazy enough to obey the linear theory, and a threshold of 0.1 in root mean square
    "quick": Setting((3, 4, 6, 8), 2, 8000, 10.0, True, 0.005, 4000, 12),
    "wide": Setting((3, 4, 5, 6, 8, 10, 12), 5, 32_000, 10.0, True, 0.005, 10_000, 40),
    # as the paper states it: δ/n = 0.05/734
    "paper": Setting((1, 2, 3, 4, 5), 5, 4000, 0.2, False, 0.05 / POINTS, 100_000, 40),
}


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
    instance_of("density", density, PiecewiseConstant)
    points = whole_number("points", points, at_least=2, at_most=MOST)
    if one_of("layout", layout, LAYOUTS) == "random":
        x = np.sort(density.sample(points, generator("rng", rng)))
        region_counts(density, x)
        return x
    edges = np.round(points * np.cumsum(np.append(0, [mass(density, r) for r in density.regions])))
    counts = np.diff(edges).astype(int)
    if (counts == 0).any():
        raise ValueError(f"points: {points} leave region {np.argmin(counts)} empty, use more")
    arcs = [region.points(n) for region, n in zip(density.regions, counts, strict=True)]
    return np.sort(wrap(np.concatenate(arcs)))


def mass(density, region):
    """∫_R p of one of the density's own regions."""
    instance_of("density", density, CircleDensity)
    instance_of("region", region, Region)
    return float(density.pdf(region.points(1))[0] * region.length)


def region_counts(density, x):
    """Points of every region, shape (R,); refuses an empty region."""
    instance_of("density", density, CircleDensity)
    x = finite_array("x", x, ndim=1)
    counts = np.array([region.contains(x).sum() for region in density.regions])
    if (counts == 0).any():
        told = f"leave region {np.argmin(counts)} empty, use more than {len(x)}"
        raise ValueError(f"x, points: {told}")
    return counts


def check_frequencies(density, x, frequencies, *, name="frequencies"):
    """Whole κ >= 1 that the points can carry: κ <= πn_j/ℓ_j, Nyquist's limit, in every region."""
    instance_of("density", density, CircleDensity)
    frequencies = sequence(name, frequencies, whole_number, at_least=1, at_most=MOST)
    lengths = [region.length for region in density.regions]
    limits = np.pi * region_counts(density, x) / lengths
    for frequency in frequencies:
        if frequency > limits.min():
            raise ValueError(
                f"{name}: must be <= {limits.min():.4g}, Nyquist's limit in the sparsest "
                f"region ({np.argmin(limits)}), got {frequency}"
            )
    return tuple(frequencies)


def predicted_times(density, x, frequencies, threshold, learning_rate, kernel=KERNEL):
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

    Returns
    -------
    pandas.DataFrame
        frequency, region, density (p_j), theory (iterations, inf for never), floor (half the mean
        square left for good).
    """
    instance_of("density", density, PiecewiseConstant)
    frequencies = check_frequencies(density, x, frequencies)
    threshold, learning_rate = _rates(threshold, learning_rate)
    x = finite_array("x", x, ndim=1)
    spectrum = gram.solve(kernel, x, len(x))
    rows = []
    for frequency in frequencies:
        descent = dynamics.gradient_descent(spectrum, np.sin(frequency * x), learning_rate)
        for j, region in enumerate(density.regions):
            reach = descent.time_to_reach(threshold, region, norm="half_mse")
            rows.append((frequency, j, density.values[j], float(reach.time), reach.floor))
    return pd.DataFrame(rows, columns=["frequency", "region", "density", "theory", "floor"])


def population_times(density, frequencies, threshold, learning_rate, kernel=KERNEL):
    """The same without any points: exact, for the cosine, beside `bounds.local_time` and the bound.

    Parameters
    ----------
    threshold : float
        > 0, of the *root mean square* over a region.

    Returns
    -------
    pandas.DataFrame
        frequency, region, density, exact, local (log(1/√2δ)/(ηp_j k_κ)), bound (S/(eηδ√P_j)), and
        circle (exact, in the norm of L²(p) over the whole circle).
    """
    instance_of("density", density, CircleDensity)
    frequencies = sequence("frequencies", frequencies, whole_number, at_least=1, at_most=HIGHEST)
    threshold, learning_rate = _rates(threshold, learning_rate)
    finite_number("threshold", threshold, at_least=10 * dynamics.FINEST)
    frames = []
    for frequency in frequencies:
        descent = _descent(density, frequency, threshold, learning_rate, kernel)
        S = bounds.source(kernel, density, frequency)
        rows = [
            (
                frequency,
                j,
                float(density.pdf(region.points(1))[0]),
                float(descent.time_to_reach(threshold, region).time),
                bounds.local_time(threshold, learning_rate, kernel, frequency, density, region),
                bounds.iterations(threshold, learning_rate, S, mass=mass(density, region)),
            )
            for j, region in enumerate(density.regions)
        ]
        columns = ["frequency", "region", "density", "exact", "local", "bound"]
        circle = float(descent.time_to_reach(threshold, norm="l2").time)
        frames.append(pd.DataFrame(rows, columns=columns).assign(circle=circle))
    return pd.concat(frames, ignore_index=True)


def _descent(density, frequency, threshold, learning_rate, kernel):
    """cos κx in the population, with as many eigenpairs as the threshold asks for."""
    def wave(x):
        return np.cos(frequency * x)

    if bounds.multiplier(kernel, frequency) == 0:
        raise ValueError(f"frequency, frequencies, kernel: {kernel} never learns cos {frequency}x")
    spectrum = dynamics.resolve(kernel, density, wave, 0.1 * threshold)
    return dynamics.gradient_descent(spectrum, wave, learning_rate)


def lemma_table(density, frequency, modes=240, kernel=LECTURE_KERNEL):
    """The lemma's bounds beside what they bound, for cos κx and n = 2 … modes - 1 (C19).

    Returns
    -------
    pandas.DataFrame
        n (the lecture's count from 1), q = ⌊n/2⌋; coefficient |g_n| with its bounds printed (inf
        where it does not apply) and corrected; Σ_{i>n} g_i² as rest, rest_printed,
        rest_corrected; Σ_{i>n} 1/q_i² as reciprocal, reciprocal_printed, reciprocal_corrected.
    """
    modes = whole_number("modes", modes, at_least=3, at_most=MOST_MODES)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=HIGHEST)
    instance_of("density", density, PiecewiseConstant)
    spectrum = fredholm.solve(kernel, density, modes)
    g = np.cos(frequency * spectrum.points)
    coefficients, S = spectrum.project(g), bounds.source(kernel, density, frequency)
    left = spectrum.weights @ g**2 - np.cumsum(coefficients**2)
    n = np.arange(2, modes)
    q = n // 2
    constant = 8 * bounds.amplitude_constant(density) * density.Z / (3 * np.sqrt(density.minimum))
    return pd.DataFrame(
        {
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
        }
    )


def error_table(density, frequency, iterations, learning_rate=1.0, kernel=LECTURE_KERNEL):
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
    instance_of("density", density, PiecewiseConstant)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=HIGHEST)
    t = finite_array("iterations", iterations, ndim=1, within=LARGEST)
    if not len(t) or (t < 1).any() or (t != np.round(t)).any():
        raise ValueError(f"iterations: must be whole and >= 1, got {t.tolist()}")
    iterations = np.asarray(iterations)
    descent = _descent(density, frequency, 0.01, positive("learning_rate", learning_rate), kernel)
    S, largest = bounds.source(kernel, density, frequency), descent.spectrum.eigenvalues[0]
    frames = []
    for j, region in enumerate((None, *density.regions), start=-1):
        here = {"region": j, "density": np.nan if region is None else density.values[j]}
        error = descent.error(iterations, region, "l2" if region is None else "rms")
        share = 1.0 if region is None else mass(density, region)
        bound = bounds.error(iterations, learning_rate, S, largest, mass=share)
        table = {"iteration": iterations, "error": error, "bound": bound}
        frames.append(pd.DataFrame({**here, **table}))
    return pd.concat(frames, ignore_index=True)


def thinning(weights, frequency, threshold, learning_rate, *, setting=None, rng=None):
    """The sparsest third's time as its density p* falls: densities w:1:1, w <= 1 (C18).

    Parameters
    ----------
    weights : sequence of float
        w, each from 0.001 to 1.
    frequency : int
        κ.
    threshold : float
        > 0, of the root mean square over the region.
    learning_rate : float
        η of the mean loss.
    setting : Setting, optional
        Trains one such network on each density that leaves the region 16 points or more of 734.
    rng : numpy.random.Generator
        Needed for training.

    Returns
    -------
    pandas.DataFrame
        weight, lowest (p*), exact, local, bound, circle (exact, in the norm of L²(p) over all the
        circle), and trained (nan where no network was).
    """
    rows, places = [], {}
    sequence("weights", weights, finite_number, at_least=1e-3, at_most=1)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=HIGHEST)
    threshold, learning_rate = _rates(threshold, learning_rate)
    if setting is not None:
        setting_of(instance_of("setting", setting, Setting))
        generator("rng", rng)
    for weight in weights:
        density = PiecewiseConstant.equal_pieces([weight, 1, 1])
        times = population_times(density, (frequency,), threshold, learning_rate)
        rows.append((weight, density.minimum, *times.loc[0, ["exact", "local", "bound", "circle"]]))
        if setting is not None and POINTS * mass(density, density.regions[0]) >= 16:
            places[len(rows) - 1] = place(density, POINTS)
    columns = ["weight", "lowest", "exact", "local", "bound", "circle"]
    frame = pd.DataFrame(rows, columns=columns).assign(trained=np.nan)
    if not places:
        return frame
    networks = [_network(setting.width, setting.weight_scale, rng, "cpu") for _ in places]
    x = np.array(list(places.values()))
    pairs = zip(networks, x, strict=True)
    start = [_output(net, row) if setting.centred else 0 * row for net, row in pairs]
    sparsest = ONE_TWO_FOUR.regions[0]  # the same third for all
    training = train(
        networks, np.array([to_circle(row) for row in x]), np.cos(frequency * x) + start,
        learning_rate, setting.iterations, regions=sparsest.contains(x)[:, None],
        threshold=threshold, record=1,
    )
    frame.loc[list(places), "trained"] = training.reached[:, 0]
    return frame


def theory(
    size="quick", layout="grid", *, rng=None, density=ONE_TWO_FOUR, frequencies=None, progress=False
):
    """Figure 7 by linear theory: one grid, or `draws` random point sets.

    Parameters
    ----------
    size : {"quick", "wide", "paper"} or Setting
        Threshold, draws and, unless given, frequencies are used.

    Returns
    -------
    pandas.DataFrame
        The columns of `predicted_times` with draw and layout.
    """
    setting = setting_of(size)
    boolean("progress", progress)
    draws = 1 if one_of("layout", layout, LAYOUTS) == "grid" else setting.draws
    frames = []
    for draw in tqdm(range(draws), disable=not progress, desc="point sets"):
        x = place(density, POINTS, layout, rng)
        rate = SUM_RATE * len(x)
        asked = setting.frequencies if frequencies is None else frequencies
        frame = predicted_times(density, x, asked, setting.threshold, rate)
        frames.append(frame.assign(draw=draw, layout=layout))
    return pd.concat(frames, ignore_index=True)


def trained(
    size="quick", layout="grid", *, rng, density=ONE_TWO_FOUR, device="cpu", progress=False
):
    """Figure 7 by training: every κ with `seeds` networks, beside the theory for the same points.

    Parameters
    ----------
    size : {"quick", "wide", "paper"} or Setting
        Seconds; minutes, at width 32 000; minutes, with the paper's own width, τ and stopping rule.
    layout : {"grid", "random"}
        Each network has its own draw for "random".
    rng : numpy.random.Generator
        Source of networks and points.
    device : str
        See `networks.pick_device`.

    Returns
    -------
    pandas.DataFrame
        seed, frequency, region, density, theory, floor, trained (iterations; inf if not within
        `iterations`), layout.
    """
    setting = setting_of(size)
    boolean("progress", progress)
    generator("rng", rng)
    pick_device(device)
    places = [place(density, POINTS, layout, rng) for _ in range(setting.seeds)]
    frames, networks, points, targets, masks = [], [], [], [], []
    for seed, x in enumerate(places):
        rate = SUM_RATE * len(x)
        frame = predicted_times(density, x, setting.frequencies, setting.threshold, rate)
        frames.append(frame.assign(seed=seed))
        regions = np.array([region.contains(x) for region in density.regions])
        for frequency in setting.frequencies:
            network = _network(setting.width, setting.weight_scale, rng, device)
            y = np.sin(frequency * x)
            networks.append(network)
            points.append(to_circle(x))
            targets.append(y + _output(network, x) if setting.centred else y)
            masks.append(regions)
    training = train(
        networks, np.array(points), np.array(targets), SUM_RATE * POINTS, setting.iterations,
        regions=np.array(masks), threshold=setting.threshold, norm="half_mse", record=1,
        device=device, progress=progress,
    )
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(trained=training.reached.ravel(), layout=layout)


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
    _check_times(frame, column)
    key = next((name for name in ("draw", "seed") if name in frame), None)
    sets = frame.assign(set=frame[key] if key else 0)
    wide = sets.pivot(index=["set", "frequency"], columns="region", values=column)
    densities = frame.groupby("region").density.first()
    densest = densities.idxmax()
    with np.errstate(invalid="ignore"):
        ratio = wide.div(wide[densest], axis=0)
    each = ratio.groupby("set").median()
    return pd.DataFrame(
        {
            "density": densities,
            "median": ratio.median(),
            "low": each.quantile(0.1),
            "high": each.quantile(0.9),
        }
    )


def slopes(frame, column, level=0.95):
    """The exponent of κ in the time of every region, least squares in logarithms.

    Times that are inf (not finished) are left out; at least three frequencies must remain.

    Returns
    -------
    pandas.DataFrame
        density, slope, low, high (Student's interval at `level`), by region.
    """
    _check_times(frame, column)
    level = finite_number("level", level, at_least=1e-6, at_most=1 - 1e-6)
    rows = {}
    for region, times in frame.groupby("region"):
        times = times[np.isfinite(times[column]) & (times[column] > 0)]
        if times.frequency.nunique() < 3:
            raise ValueError(
                f"frame: region {region} must have finished at 3 frequencies at least, "
                f"got {times.frequency.nunique()}"
            )
        line = linregress(np.log(times.frequency), np.log(times[column]))
        room = student.ppf((1 + level) / 2, len(times) - 2) * line.stderr
        rows[region] = (
            times.density.iloc[0], line.slope, line.slope - room, line.slope + room
        )
    columns = ["density", "slope", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("region")


@dataclass(frozen=True)
class Order:
    """Figure 6: one network's output in time at T recorded iterations, beside linear theory."""

    density: PiecewiseConstant
    frequency: int
    points: np.ndarray  # (n,)
    iterations: np.ndarray  # (T,)
    outputs: np.ndarray  # (T, n), of what is learned, from 0 if centred
    errors: np.ndarray  # (T, R), root mean square over each region
    predicted: np.ndarray  # (T, R), the same by linear theory
    reached: np.ndarray  # (R,), iteration at which a region's error came down to `threshold`
    threshold: float

    def sequence(self):
        """Regions in the order in which they were finished."""
        return tuple(int(j) for j in np.argsort(self.reached, kind="stable"))


def order(
    size="quick", *, rng, density=ELEVEN_ONE_THREE, frequency=14, threshold=0.1, device="cpu",
    progress=False,
):
    """Figure 6: which region of the density 11:1:3 converges first on sin 14x?

    Parameters
    ----------
    size : {"quick", "wide", "paper"} or Setting
        Width, τ, centring and the most iterations are used.
    rng : numpy.random.Generator
    threshold : float
        Root mean square at which a region counts as learned, > 0.

    Returns
    -------
    Order
    """
    setting = setting_of(size)
    boolean("progress", progress)
    threshold = positive("threshold", threshold)
    pick_device(device)
    x = place(density, POINTS)
    (frequency,) = check_frequencies(density, x, (frequency,), name="frequency")
    y = np.sin(frequency * x)
    network = _network(setting.width, setting.weight_scale, generator("rng", rng), device)
    start = _output(network, x) if setting.centred else np.zeros(len(x))
    regions = np.array([region.contains(x) for region in density.regions])
    spectrum = gram.solve(KERNEL, x, len(x))
    rate = min(SUM_RATE * len(x), 1.8 / spectrum.eigenvalues[0])  # 11:1:3 leaves less room
    training = train(
        [network], to_circle(x), y + start, rate, 2 * setting.iterations, regions=regions,
        threshold=threshold, record=12, outputs=True, device=device, progress=progress,
    )
    descent = dynamics.gradient_descent(spectrum, y, rate)
    predicted = [descent.error(training.iterations, mask) for mask in regions]
    return Order(
        density, frequency, x, training.iterations, training.outputs[:, 0] - start,
        training.errors[:, 0], np.array(predicted).T, training.reached[0], threshold,
    )


def setting_of(size):
    """The Setting called `size`, or `size` itself, checked."""
    if not isinstance(size, Setting):
        return SETTINGS[one_of("size", size, tuple(SETTINGS))]
    sequence("frequencies", size.frequencies, whole_number, at_least=1, at_most=MOST)
    for name in ("seeds", "width", "iterations", "draws"):
        whole_number(name, getattr(size, name), at_least=1, at_most=MOST)
    positive("weight_scale", size.weight_scale)
    positive("threshold", size.threshold)
    boolean("centred", size.centred)
    return size


def _rates(threshold, learning_rate):
    return positive("threshold", threshold), positive("learning_rate", learning_rate)


def _check_times(table, column):
    """A frame of times in one column, by frequency and region."""
    frame("frame", table, "frequency region density")
    one_of("column", column, list(table))


def _network(width, weight_scale, rng, device):
    seed = torch.Generator().manual_seed(int(rng.integers(2**32)))
    return TwoLayerReLU(width, 2, weight_scale=weight_scale, generator=seed, device=device)


@torch.no_grad()
def _output(network, x):
    first = next(network.parameters())
    points = torch.from_numpy(to_circle(x)).to(first.dtype).to(first.device)
    return network(points).cpu().numpy()
