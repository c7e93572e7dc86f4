"""Figures of the report with their data: what they need of networks is trained or read from tables.

A figure is a function of a `Request` that returns (figure, table of its data).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from ntklab import asymptotics, experiments, fredholm, gram
from ntklab.experiments import CONTINUOUS, ONE_TWO_FOUR, convergence, depth, full_size, sphere
from ntklab.experiments.full_size import comparison
from ntklab.figures import eigenfunctions as pictures
from ntklab.figures.convergence import departures, finishing_times, order_of_regions, sampled_times
from ntklab.figures.depth import laziness, profiles_and_decay
from ntklab.figures.motivation import snapshots
from ntklab.figures.sphere import quotients
from ntklab.kernels import DeepNTK, TwoLayerNTK

TABLE = "protocol"  # the figure whose data are a table of the report, too
GALLERY = [0, 1, 2, 3, 4, 9, 10, 19]  # eigenfunctions that are shown


@dataclass(frozen=True)
class Request:
    """What a figure depends on: its size, the device of networks, and tables of finished runs."""

    size: str
    device: str = "cpu"
    tables: Mapping = field(default_factory=dict)

    @property
    def paper(self):
        return self.size == "paper"


def frequency_bias(request):
    """Motivation: the output at six moments of training."""
    from ntklab.experiments.trained import motivation  # needs torch

    run = motivation.learn(size=request.size, rng=np.random.default_rng(0), device=request.device)
    last = run.iterations[-1]
    moments = [0, 3, 30, 300, last // 2, last]
    data = pd.DataFrame(run.outputs.T, columns=run.iterations)
    data.insert(0, "target", run.components.sum(axis=0))
    data.insert(0, "x", run.points)
    return snapshots(run, moments), data


def eigenvalues(request):
    """Eigenvalues of seven densities from 50 000 points, beside the formula."""
    table = experiments.eigenvalue_table(points=50_000 if request.paper else 10_000)
    return pictures.eigenvalue_formulas(table), table


def eigenfunctions(density, points, name, request):
    """The first eigenfunctions from as many points as the paper's."""
    spectrum = gram.solve(TwoLayerNTK(), density.grid(points), 20)
    data = pd.DataFrame(spectrum.values[:, GALLERY], columns=[f"v{i}" for i in GALLERY])
    data.insert(0, "x", spectrum.points)
    picture = pictures.eigenfunction_gallery(density, spectrum, GALLERY, name)
    return picture, data.sort_values("x")


def local_frequency(request):
    """Local frequency by FFT in every region, for 1 and 10 hidden layers, from 1467 points."""
    frames = []
    for L in (1, 10):
        kernel = TwoLayerNTK() if L == 1 else DeepNTK(L)
        spectrum = gram.solve(kernel, ONE_TWO_FOUR.grid(1467), 61)
        table = experiments.region_frequencies(ONE_TWO_FOUR, spectrum)
        frames.append(table.assign(hidden_layers=L))
    data = pd.concat(frames, ignore_index=True)
    return pictures.local_frequencies(data), data


def three_regions(request):
    """Figure 6 of the paper: sin 14x under 11 : 1 : 3, which region converges first."""
    from ntklab.experiments.trained import convergence as trained  # needs torch

    order = trained.order(
        "wide" if request.paper else "quick", rng=np.random.default_rng(6), threshold=0.25,
        device=request.device,
    )
    data = pd.DataFrame(order.errors, columns=[f"trained{j}" for j in range(3)])
    data[[f"predicted{j}" for j in range(3)]] = order.predicted
    data.insert(0, "iteration", order.iterations)
    figure = order_of_regions(order)
    if "order" in request.tables:
        sorted_, every = comparison.in_order(request.tables["order"])
        figure.set_label(
            f"{figure.get_label()} Under the paper's protocol {sorted_} of {every} networks finish "
            "them in that order."
        )
    return figure, data


def convergence_times(request):
    """Figure 7 of the paper: time against κ by region, exact, bound and trained."""
    from ntklab.experiments.trained import convergence as trained  # needs torch

    rate = convergence.SUM_RATE * convergence.POINTS
    if request.paper:  # δ of half a mean square for targets of norm 1, here for cos κx
        seen, kappas, threshold = request.tables["circle"], (3, 5, 8, 12, 16), np.sqrt(0.05)
    else:
        seen = trained.times("quick", rng=np.random.default_rng(2), device=request.device)
        kappas, threshold = (3, 4, 5, 6, 8, 10), 0.1
    exact = convergence.population_times(ONE_TWO_FOUR, kappas, threshold, rate)
    data = pd.concat([exact.assign(route="exact"), seen.assign(route="trained")])
    return finishing_times(exact, seen), data


def convergence_sampling(request):
    """Figure 7 again: grids against random draws, by linear theory at the paper's threshold."""
    grid = convergence.theory("paper", frequencies=range(3, 31))
    setting = convergence.SETTINGS["paper"]
    setting = setting if request.paper else setting._replace(draws=12)
    random = convergence.theory(
        setting, "random", rng=np.random.default_rng(4), frequencies=range(3, 27, 2)
    )
    return sampled_times(grid, random), pd.concat([grid, random], ignore_index=True)


def hemisphere_times(request):
    """The sphere's halves: population, random points, and the paper's medians."""
    exact = sphere.population()
    samples = sphere.sampled(draws=40 if request.paper else 6, rng=np.random.default_rng(23))
    data = pd.concat([exact.assign(level="population"), samples.assign(level="sample")])
    return quotients(exact, samples, sphere.PAPER), data


def depth_spectra(request):
    """Profiles and eigenvalues of 1 to 50 hidden layers."""
    layers, theta = (1, 2, 3, 10, 50), np.linspace(0, np.pi, 500)
    profiles = {L: DeepNTK(L).profile(theta) / (L + 1) for L in layers}
    decay = depth.eigenvalue_decay(layers, 200)
    return profiles_and_decay(theta, profiles, decay), decay


def deep_laziness(request):
    """Distance from the limit, drift and residual of deep networks against their width."""
    from ntklab.experiments.trained import depth as trained  # needs torch

    table = request.tables.get("laziness")
    if table is None:
        table = trained.lazy_training(rng=np.random.default_rng(5), device=request.device)
    return laziness(table, depth.slopes_by_seed(table)), table


def pair_splitting(request):
    """Pairs of eigenvalues against Z²/πq², Hill's equation and the law with the opposite point."""
    spectrum = fredholm.solve(TwoLayerNTK(), ONE_TWO_FOUR, 81)
    ratios = asymptotics.pair_ratios(spectrum, ONE_TWO_FOUR)
    hill = asymptotics.hill_eigenvalues(ONE_TWO_FOUR, 80)
    near = (spectrum.eigenvalues[1:] / hill).reshape(-1, 2)
    opposite = asymptotics.antipodal_hill_eigenvalues(ONE_TWO_FOUR, 80)
    sharper = (spectrum.eigenvalues[1:] / opposite).reshape(-1, 2)
    columns = ["law0", "law1", "hill0", "hill1", "sharper0", "sharper1"]
    data = pd.DataFrame(np.hstack([ratios, near, sharper]), columns=columns)
    return pictures.pair_splitting(ratios, near, sharper), data


def protocol(request):
    """Networks over linear theory against κ; as a table the paper beside all readings."""
    tables = {name: full_size.read(name) for name in full_size.TABLES}
    source = {name: f"kept, {full_size.PROVENANCE[name]}" for name in tables}
    for name, table in request.tables.items():
        kept = f"{name}_protocol" if name in ("circle", "sphere") else name
        tables[kept], source[kept] = table, f"this run, {joined(table.device)}"
    data = comparison.beside_the_paper(tables, np.random.default_rng(1), source)
    circle, halves = (tables[f"{name}_protocol"] for name in ("circle", "sphere"))
    found = {"circle 1:2:4": comparison.departures(circle)}
    for ratio in sphere.RATIOS:
        part = comparison.departures(halves[halves.ratio == ratio])
        if len(part):  # none where linear theory diverges
            found[f"sphere 1:{ratio}"] = part
    return departures(found, comparison.LEAVES, comparison.leaves(circle)), data


def joined(values):
    """The different values, sorted, as one text."""
    return "; ".join(sorted(set(values)))


FIGURES = {
    "frequency_bias": frequency_bias,
    "eigenvalues": eigenvalues,
    "eigenfunctions_1_2_4": partial(eigenfunctions, ONE_TWO_FOUR, 2933, "density 1 : 2 : 4"),
    "eigenfunctions_continuous": partial(eigenfunctions, CONTINUOUS, 12_567, "continuous"),
    "local_frequency": local_frequency,
    "pair_splitting": pair_splitting,
    "three_regions": three_regions,
    "convergence_times": convergence_times,
    "convergence_sampling": convergence_sampling,
    "hemispheres": hemisphere_times,
    "depth_spectra": depth_spectra,
    "deep_laziness": deep_laziness,
    TABLE: protocol,
}
