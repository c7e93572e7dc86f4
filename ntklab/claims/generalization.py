"""The motivation's question: is there a link between generalisation and frequency bias?"""

import numpy as np

from ntklab import generalization as errors
from ntklab.claims.ledger import Measurement, claim
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments.generalization import KERNEL, wave

FREQUENCIES = (1, 2, 4, 8, 16)  # each learned later than the one before


@claim(
    "C26",
    "motivation",
    "is there a link between generalization and frequency bias?",
    "in the linear regime there is: one spectrum decides both, and of waves the one learned "
    "first errs least on new data; which one is first, the density decides",
    "two layers with bias, uniform and 1:8, noise 0 and 0.5, stopped at the best moment",
    {
        "other samples": {"first_seed": 100},
        "11:1:3": {"densities": {"11:1:3": PiecewiseConstant.equal_pieces([11, 1, 3])}},
    },
)
def measure_link(
    densities=None, noises=(0.0, 0.5), counts=(60, 120), seeds=6, frequencies=FREQUENCIES,
    first_seed=0,
):
    """C26: does twice the frequency, twice as slow or slower, err more on new data?"""
    if densities is None:
        densities = {"uniform": uniform(), "1:8": PiecewiseConstant.equal_pieces([1, 8])}
    rms = np.array([
        [
            [
                [learner.of(wave(k), s).best_stop(density).rms for s in noises]
                for k in frequencies
            ]
            for learner in _learners(density, n, seeds, first_seed)
        ]
        for density in densities.values()
        for n in counts
    ])  # fmt: skip
    mean, single = rms.mean(axis=1), (rms[:, :, :-1] / rms[:, :, 1:]).ravel()
    ratios = mean[:, :-1] / mean[:, 1:]  # (setting, frequency, noise)
    return Measurement(
        printed=float(ratios.max()),
        tolerance=0.95,
        figure=f"rms error on new data at the best moment, κ = "
        f"{', '.join(map(str, frequencies))}, n = "
        f"{', '.join(map(str, counts))}, noise {', '.join(f'{s:zg}' for s in noises)}, densities "
        f"{', '.join(densities)}: in the mean of {seeds} samples κ errs {np.median(ratios):z.2f} "
        f"times as much as 2κ (median), {ratios.max():z.2f} at most; in single samples more than "
        f"2κ in {np.sum(single > 1)} of {single.size} cases",
    )


def _learners(density, n, seeds, first_seed):
    """One for each sample; what it learns is to be chosen."""
    for seed in range(first_seed, first_seed + seeds):
        angles = density.sample(n, np.random.default_rng(seed))
        yield errors.learner(KERNEL, angles, wave(1))
