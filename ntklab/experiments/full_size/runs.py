"""The runs that make tables at the paper's sizes, cut into parts of minutes.

A part is a dict of names and numbers alone, so that any machine can compute it: which run, its
case (a width, a ratio of densities, or none), the seeds that are trained side by side in it, and
its setting. What comes out depends on nothing else but the arithmetic of the device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ntklab._arguments import one_of, whole_number
from ntklab.experiments import convergence, motivation, sphere
from ntklab.experiments.convergence import ELEVEN_ONE_THREE, PROTOCOL
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.experiments.toolkit import HALVES


@dataclass(frozen=True)
class Run:
    """One experiment at its full size."""

    description: str
    compute: Callable  # (setting, case, seeds, rng, device) -> DataFrame
    setting: Mapping
    seeds: int
    cases: tuple = (None,)
    cost: Callable = lambda setting, case: 1.0  # of one seed, in operations, very roughly
    together: int = 5  # seeds in a part: one tensor program, lost together when killed
    seeded: bool = True  # whether another number of seeds may be asked for


def parts(name, seeds=None):
    """The parts of a run, as dicts for `compute`; `seeds` in the place of the run's own number."""
    run = RUNS[one_of("name", name, tuple(RUNS))]
    count = run.seeds
    if seeds is not None and run.seeded:
        count = whole_number("seeds", seeds, at_least=1)
    found = []
    for case in run.cases:
        for first in range(0, count, run.together):
            some = min(run.together, count - first)
            found.append({"run": name, "case": case, "first": first, "count": some,
                          "setting": dict(run.setting)})
    return found


def cost(part):
    """Roughly how many operations a part takes: for estimates of the time left."""
    return float(part["count"] * RUNS[part["run"]].cost(part["setting"], part["case"]))


def compute(run, case, first, count, setting, device="auto"):
    """Compute one part, of a dict by `parts`.

    Returns
    -------
    pandas.DataFrame
        The table of the experiment with seeds counted from `first`, and the device's name.
    """
    name = device_name(device)  # a device that is missing is refused first
    # by what the part is, not by when it is computed
    source = [*run.encode(), 0 if case is None else int(case), first]
    table = RUNS[run].compute(setting, case, count, np.random.default_rng(source), device)
    if "seed" in table:
        table = table.assign(seed=table.seed + first)
    return table.assign(device=name)


def device_name(device):
    """The name of the device and the version of torch, for the column "device" of a table."""
    import torch

    from ntklab.networks import pick_device

    device = pick_device(device)
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__.split('+')[0]}"
    return f"{device}, torch {torch.__version__.split('+')[0]}"


# -- what is run ---------------------------------------------------------------------------------


def _circle(setting, case, seeds, rng, device, density=ONE_TWO_FOUR):
    from ntklab.experiments.trained import convergence as trained

    chosen = convergence.Setting(**setting)._replace(seeds=seeds)
    table = trained.times(chosen, rng=rng, density=density, device=device)
    return table[["seed", "frequency", "region", "density", "trained", "theory", "from_zero"]]


def _sphere(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import sphere as trained

    chosen = sphere.Setting(**setting)._replace(seeds=seeds)
    table = trained.trained((case,), chosen, rng=rng, device=device)
    columns = [f"{kind}{half}" for kind in ("", "predicted_", "zero_")
               for half in ("sparse", "dense")]
    return table[["ratio", "seed", "frequency", *columns]]


def _learning(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import motivation as trained

    chosen, frames = motivation.Setting(**setting), []
    learnings = trained.learn_together(seeds, size=chosen, rng=rng, device=device)
    for number, run in enumerate(learnings):
        times = run.half_learned().rename_axis("half")
        long = times.reset_index().melt("half", var_name="frequency", value_name="iteration")
        frames.append(long.assign(seed=number))
    return pd.concat(frames, ignore_index=True).assign(**setting)


@dataclass(frozen=True)
class Learned:
    """What claim C01 needs of one network, from a table of the run "learning"."""

    frequencies: tuple
    setting: motivation.Setting
    table: pd.DataFrame

    def half_learned(self):
        """The iteration at which each wave was half learned: rows halves, columns frequencies."""
        wide = self.table.pivot(index="half", columns="frequency", values="iteration")
        return wide.loc[list(HALVES), list(self.frequencies)]


def learned(table):
    """A `Learned` for each seed in a table of the run "learning", which holds the setting, too."""
    frequencies = tuple(sorted(table.frequency.unique()))
    fields = {name: table[name][0].item() for name in motivation.Setting._fields}
    chosen = motivation.Setting(**fields)
    return [Learned(frequencies, chosen, rows) for _, rows in table.groupby("seed")]


def _training(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import tangent_kernel

    return tangent_kernel.training(tangent_kernel.Size((case,), seeds), rng=rng, device=device)


def _concentration(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import tangent_kernel

    return tangent_kernel.concentration(tangent_kernel.Size((case,), seeds), rng=rng, device=device)


def _gaussianity(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import deep_kernels, tangent_kernel

    size = tangent_kernel.Size((case,), setting["networks"])
    return deep_kernels.gaussianity(size, rng=rng, device=device)


def _laziness(setting, case, seeds, rng, device):
    from ntklab.experiments.trained import depth

    return depth.lazy_training(
        setting["depths"], (case,), seeds=seeds, iterations=setting["iterations"], rng=rng,
        device=device,
    )


# -- how long it takes, in operations of which a core does some 10⁹ a second -----------------------


def _circle_cost(setting, case):
    steps = len(setting["frequencies"]) * setting["iterations"]
    width, layers = setting["width"], setting["hidden_layers"]
    if layers == 1:  # neurons are looked up by their angle, at about this price each
        return 1000.0 * steps * width
    stopped = 0.2  # of the iterations, at which most are finished
    return stopped * steps * 6 * convergence.POINTS * layers * width**2


def _sphere_cost(setting, case):
    points = setting["per_half"] * (1 + case)
    waves = len(setting["frequencies"])
    return waves * setting["iterations"] * points * 20 * setting["width"]


def _learning_cost(setting, case):
    weights = setting["hidden_layers"] * setting["width"] ** 2
    return 6 * setting["iterations"] * setting["batch_size"] * weights


def _setting(setting, **changed):
    """A setting in names and numbers."""
    return setting._replace(**changed)._asdict()


WIDTHS = (256, 1024, 4096, 16_384, 65_536)
RUNS = {
    "order": Run(
        "Figure 6: sin 14x under 11:1:3, targets of norm 1",
        partial(_circle, density=ELEVEN_ONE_THREE),
        _setting(PROTOCOL, frequencies=(14,)), 10, cost=_circle_cost,
    ),
    "circle": Run(
        "Figure 7: sin κx under 1:2:4, targets of norm 1", _circle,
        _setting(PROTOCOL), 10, cost=_circle_cost,
    ),
    "circle_deep": Run(
        "the same with 10 hidden layers, all trained, f - u(0) learned, η = 1/(2λ_1)", _circle,
        _setting(PROTOCOL, width=256, centred=True, hidden_layers=10, iterations=5000,
                 frequencies=(3, 4, 6, 8, 12, 16)),
        10, cost=_circle_cost,
    ),
    "sphere": Run(
        "Figure 9: harmonics on halves of the sphere, targets of norm 1", _sphere,
        _setting(sphere.SETTINGS["paper"]), 10, sphere.RATIOS, _sphere_cost,
    ),
    "circle_rms_1": Run(
        "Figure 7 read with targets of rms 1", _circle,
        _setting(convergence.SETTINGS["misread"]), 5, cost=_circle_cost,
    ),
    "circle_lazy": Run(
        "large weights and width: lazy networks on the circle", _circle,
        _setting(convergence.SETTINGS["wide"]), 5, cost=_circle_cost,
    ),
    "sphere_rms_1": Run(
        "Figure 9 read with targets of rms 1", _sphere,
        _setting(sphere.SETTINGS["misread"], centred=False), 3, sphere.RATIOS, _sphere_cost,
    ),
    "sphere_lazy": Run(
        "large weights: lazy networks on the sphere", _sphere,
        _setting(sphere.SETTINGS["wide"]), 5, sphere.RATIOS, _sphere_cost,
    ),
    "learning": Run(
        "C01: two waves, 10 hidden layers", _learning, motivation.SETTINGS["paper"]._asdict(), 5,
        cost=_learning_cost,
    ),
    "training": Run(
        "C02: networks beside (1)", _training, {}, 40, WIDTHS,
        lambda setting, width: 60 * 2 * 40 * 10 * width, 40,
    ),
    "concentration": Run(
        "C03: kernels beside their limit", _concentration, {}, 40, (32, 128, 512, 2048, 4096),
        lambda setting, width: 3 * 16 * 6 * width**2, 40,
    ),
    "gaussianity": Run(
        "C04: pre-activations of random networks", _gaussianity, {"networks": 50_000}, 1,
        (16, 32, 64, 128, 256), lambda setting, width: setting["networks"] * 12 * width**2,
        seeded=False,
    ),
    "laziness": Run(
        "C21: deep networks beside (22)", _laziness,
        {"depths": (1, 2, 3, 5), "iterations": 60}, 20, (64, 128, 256, 512, 1024, 2048),
        lambda setting, width: 30 * 60 * 40 * width**2, 20,
    ),
}
