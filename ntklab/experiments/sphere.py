r"""Two halves of the sphere S² with different densities: who learns first, and by how much (C23).

The paper divides the sphere into halves of density 1 : r, learns zonal harmonics of frequency κ
and measures the time in each half. It finds median ratios 1.76, 2.45 and 2.99 in the place of 2, 3
and 4 and blames sampling. Here the same ratio is computed at three levels:

population   exact, no sample and no network: what is left is the effect of finite frequency;
sample       the spectrum of the paper's number of random points: adds the effect of sampling;
network      trained on such points: adds the effect of finite width.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.optimize import brentq
from tqdm.auto import tqdm

from ntklab import dynamics, gram, sphere
from ntklab._arguments import (
    MOST,
    boolean,
    finite_number,
    frame,
    generator,
    instance_of,
    one_of,
    positive,
    sequence,
    whole_number,
)
from ntklab.gram import DENSE_LIMIT
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU, pick_device
from ntklab.training import train

RATIOS = (2, 3, 4)
PAPER = {2: 1.76, 3: 2.45, 4: 2.99}
THRESHOLD = 0.05  # δ, rms over a half, for a target of rms 1
NETWORK = TwoLayerNTK(bias=True, normalization="network")


def population(ratios=RATIOS, frequencies=range(1, 31), threshold=THRESHOLD, degree=150):
    """Times in both halves by the population's zonal spectrum, exact to its degree.

    Parameters
    ----------
    ratios : sequence of float
        Upper to lower density, > 0.
    frequencies : sequence of int
        κ >= 1, degrees of the zonal harmonic about the density's axis; at most half of `degree`.
    threshold : float
        δ > 0.
    degree : int
        Of the basis.

    Returns
    -------
    pandas.DataFrame
        ratio, frequency, sparse, dense (times of gradient flow), quotient (sparse/dense).
    """
    sequence("ratios", ratios, positive)
    threshold = positive("threshold", threshold)
    degree = whole_number("degree", degree, at_least=2, at_most=2000)
    bounds = {"at_least": 1, "at_most": degree // 2}
    frequencies = sequence("frequencies", frequencies, whole_number, **bounds)
    rows = []
    for ratio in ratios:
        density = sphere.hemispheres(ratio)
        spectrum = sphere.solve(NETWORK, density, None, orders=(0,), degree=degree)
        for k in frequencies:
            flow = dynamics.gradient_flow(spectrum, sphere.harmonic(k))
            rows.append((ratio, k, *_times(flow, density, spectrum.points, threshold)))
    return _frame(rows)


def tilted(ratio, frequency, tilt, threshold=THRESHOLD, degree=60):
    """The same for a zonal harmonic about an axis at an angle to the density's, exact.

    By orders m about the density's axis the problem splits; squares of the errors add up.

    Parameters
    ----------
    ratio : float
    frequency : int
        κ, at most half of `degree`.
    tilt : float
        Angle between the axes in radians, in [0, π/2].

    Returns
    -------
    sparse, dense : float
        Times of gradient flow.
    """
    tilt = finite_number("tilt", tilt, at_least=0, at_most=np.pi / 2)
    threshold = positive("threshold", threshold)
    degree = whole_number("degree", degree, at_least=2, at_most=2000)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=degree // 2)
    density = sphere.hemispheres(ratio)
    target = sphere.harmonic(frequency, [np.sin(tilt), 0.0, np.cos(tilt)])
    flows = []
    for m in range(frequency + 1):  # of P_κ about another axis, orders up to κ
        spectrum = sphere.solve(NETWORK, density, None, orders=(m,), degree=degree)
        # cos mφ alone: the target is even in longitude
        wave = _part(target, m, spectrum.points)
        flows.append((dynamics.gradient_flow(spectrum, wave), spectrum.points))
    return tuple(_combined(flows, region, threshold) for region in density.regions)


def _part(target, m, points):
    """The part of order m of a function even in longitude, at points laid out ring by ring."""
    turn = 2 * np.pi * np.arange(256) / 256
    z = np.unique(points[:, 2])
    ring = sphere.at_height(np.repeat(z, 256), np.tile(turn, len(z)))
    mean = (target(ring).reshape(len(z), 256) * np.cos(m * turn)).mean(axis=1)
    profile = mean * (1 if m == 0 else 2)
    at = np.searchsorted(z, points[:, 2])
    return profile[at] * np.cos(m * np.arctan2(points[:, 1], points[:, 0]))


def _combined(flows, region, threshold):
    mass = sum(
        flow.spectrum.weights[region.contains(points)].sum() for flow, points in flows[:1]
    )

    def error(t):
        parts = [
            flow.error(t, region.contains(points), norm="l2")[0] ** 2 for flow, points in flows
        ]
        return np.sqrt(sum(parts) / mass) - threshold

    grid = np.geomspace(1e-2, 1e7, 200)
    values = np.array([error(t) for t in grid])
    below = int(np.argmax(values <= 0))
    if values[below] > 0:
        return np.inf
    if below == 0:
        return 0.0 if error(0.0) <= 0 else brentq(error, 0.0, grid[0])
    return brentq(error, grid[below - 1], grid[below])


def sampled(
    ratios=RATIOS, frequencies=range(2, 8), *, draws=20, per_half=300, threshold=THRESHOLD, rng,
    progress=False,
):
    """Times by the finite-sample spectrum of `per_half` points below and ratio times as many above.

    Parameters
    ----------
    draws : int
        Independent samples for each ratio.
    per_half : int
        Points of the sparse half; the paper has 300.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        ratio, draw, frequency, sparse, dense, quotient.
    """
    generator("rng", rng)
    boolean("progress", progress)
    sequence("ratios", ratios, positive)
    threshold = positive("threshold", threshold)
    frequencies = sequence("frequencies", frequencies, whole_number, at_least=1, at_most=1000)
    for ratio in ratios:
        _counts("ratios", ratio, per_half, DENSE_LIMIT)
    rows = []
    draws = whole_number("draws", draws, at_least=1, at_most=10**6)
    jobs = [(r, draw) for r in ratios for draw in range(draws)]
    for ratio, draw in tqdm(jobs, disable=not progress, desc="samples"):
        density, X = sphere.hemispheres(ratio), points(ratio, per_half, rng)
        spectrum = gram.solve_points(NETWORK, X)
        for k in frequencies:
            flow = dynamics.gradient_flow(spectrum, sphere.harmonic(k))
            rows.append((ratio, k, *_times(flow, density, X, threshold), draw))
    return _frame(rows, "draw")


def points(ratio, per_half, rng):
    """Random points of the sphere, `per_half` below the equator and ratio times as many above."""
    counts = _counts("ratio", positive("ratio", ratio), per_half)
    return sphere.hemispheres(ratio).sample_in_bands(counts, rng)


def _counts(name, ratio, per_half, most=MOST):
    """Points below and above the equator, at most so many in all."""
    per_half = whole_number("per_half", per_half, at_least=2, at_most=most)
    above = max(2, round(float(ratio) * per_half))
    if per_half + above > most:
        raise ValueError(f"{name}: must give {most} points at most, got {per_half + above}")
    return [per_half, above]


class Setting(NamedTuple):
    """A trained experiment: sizes, τ, δ, and η of the lecture's loss (5), a sum; None is n/λ_1."""

    width: int
    per_half: int
    frequencies: tuple
    seeds: int
    iterations: int
    weight_scale: float = 10.0
    threshold: float = 2 * THRESHOLD
    sum_rate: float | None = None
    dtype: torch.dtype = torch.float64


ALL = (2, 3, 4, 5, 6, 7)
SETTINGS = {
    "quick": Setting(1000, 100, (2, 3, 4), 1, 3000),
    "wide": Setting(8000, 300, ALL, 1, 20_000, threshold=THRESHOLD, dtype=torch.float32),
    # as the paper states it, Figure 9
    "paper": Setting(8000, 300, ALL, 1, 20_000, 0.2, THRESHOLD, 0.004, torch.float32),
}


def trained(
    ratios=RATIOS, size="quick", *, rng, device="auto", progress=False
):
    """Times of trained two-layer networks beside the finite-sample theory for the same points.

    The networks learn target + output at the start. "quick" and "wide" start with large weights
    (τ = 10) and take steps η = 1/λ_1: lazy, so that what differs from the theory is the width of
    the network. "paper" has the paper's τ = 0.2 and η = 0.004, which is not lazy.

    Parameters
    ----------
    size : {"quick", "wide", "paper"} or Setting
        Seconds; about half an hour; ten minutes a ratio (one thread, 2 cores).
    rng : numpy.random.Generator
        Source of points and networks.

    Returns
    -------
    pandas.DataFrame
        ratio, seed, frequency, sparse, dense, quotient (of the network, in iterations), and
        predicted (the quotient of the finite-sample theory; NaN where η >= 2/λ_1, for which the
        theory diverges).
    """
    setting = size if isinstance(size, Setting) else SETTINGS[one_of("size", size, SETTINGS)]
    _check(setting)
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    sequence("ratios", ratios, positive)
    for ratio in ratios:
        _counts("ratios", ratio, setting.per_half, DENSE_LIMIT)
    rows = []
    jobs = [(ratio, seed) for ratio in ratios for seed in range(setting.seeds)]
    for ratio, seed in tqdm(jobs, disable=not progress, desc="networks"):
        density, X = sphere.hemispheres(ratio), points(ratio, setting.per_half, rng)
        spectrum = gram.solve_points(NETWORK, X)
        rate = 1 / spectrum.eigenvalues[0]
        if setting.sum_rate is not None:
            rate = float(setting.sum_rate) * len(X)
        source = torch.Generator().manual_seed(int(rng.integers(2**32)))
        network = TwoLayerReLU(
            setting.width, 3, weight_scale=setting.weight_scale, generator=source, device=device
        ).to(setting.dtype)
        with torch.no_grad():
            start = network(torch.as_tensor(X).to(next(network.parameters()))).cpu().numpy()
        targets = np.array([sphere.harmonic(k)(X) for k in setting.frequencies])
        halves = [region.contains(X) for region in density.regions]
        training = train(
            [network] * len(targets), X, start + targets, rate, setting.iterations,
            regions=halves, threshold=setting.threshold, record=1, progress=progress,
        )
        for k, target, (low, high) in zip(
            setting.frequencies, targets, training.reached, strict=True
        ):
            predicted = np.nan
            if rate < 2 / spectrum.eigenvalues[0]:
                descent = dynamics.gradient_descent(spectrum, target, rate)
                *_, predicted = _times(descent, density, X, setting.threshold)
            quotient = low / high if np.isfinite(low) and high else np.nan
            rows.append((ratio, k, low, high, quotient, seed, predicted))
    return _frame(rows, "seed", "predicted")


def _check(setting):
    sequence("frequencies", setting.frequencies, whole_number, at_least=1, at_most=1000)
    for name in ("width", "seeds", "iterations"):
        whole_number(name, getattr(setting, name), at_least=1, at_most=MOST)
    positive("weight_scale", setting.weight_scale)
    positive("threshold", setting.threshold)
    if setting.sum_rate is not None:
        positive("sum_rate", setting.sum_rate)
    if instance_of("dtype", setting.dtype, torch.dtype) not in (torch.float32, torch.float64):
        raise ValueError(f"dtype: must be torch.float32 or float64, got {setting.dtype}")


def _times(flow, density, X, threshold):
    low, high = (
        flow.time_to_reach(threshold, region.contains(X)).time for region in density.regions
    )
    return low, high, low / high if high else np.nan


def _frame(rows, *more):
    columns = ["ratio", "frequency", "sparse", "dense", "quotient", *more]
    return pd.DataFrame(rows, columns=columns)


def decomposition(exact, samples, networks=None, frequencies=range(2, 8)):
    """How much of the gap r - (measured ratio) is finite frequency, sampling, finite width.

    Parameters
    ----------
    exact, samples, networks : pandas.DataFrame
        Of `population`, `sampled` and `trained`.
    frequencies : sequence of int
        Over which medians are taken.

    Returns
    -------
    pandas.DataFrame
        Index ratio; paper, population, sample (medians), low, high (10th and 90th percentile of
        the medians of single draws), by_frequency = r - population, by_sampling = population -
        sample, and, with networks, network and by_width = the median of predicted - quotient.
    """
    frame("exact", exact, "ratio frequency quotient")
    frame("samples", samples, "ratio frequency quotient draw")
    if networks is not None:
        frame("networks", networks, "ratio quotient predicted")
    frequencies = sequence("frequencies", frequencies, whole_number, at_least=1)
    rows = {}
    for ratio, part in exact[exact.frequency.isin(frequencies)].groupby("ratio"):
        draws = samples[(samples.ratio == ratio) & samples.frequency.isin(frequencies)]
        medians = draws.groupby("draw").quotient.median()
        row = {
            "paper": PAPER.get(ratio, np.nan),
            "population": part.quotient.median(),
            "sample": draws.quotient.median(),
            "low": medians.quantile(0.1),
            "high": medians.quantile(0.9),
        }
        row["by_frequency"] = ratio - row["population"]
        row["by_sampling"] = row["population"] - row["sample"]
        if networks is not None:
            nets = networks[networks.ratio == ratio]
            row["network"] = nets.quotient.median()
            row["by_width"] = (nets.predicted - nets.quotient).median()
        rows[ratio] = row
    return pd.DataFrame(rows).T.rename_axis("ratio")
