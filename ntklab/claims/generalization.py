"""The motivation's question: is there a link between generalisation and frequency bias?"""

import numpy as np

from ntklab import generalization as errors
from ntklab.claims.ledger import Claim, Measurement
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments.generalization import KERNEL, wave

LECTURE = "generalization"
FREQUENCIES = (1, 2, 4, 8, 16)  # each learned later than the one before


def measure_link(densities=None, noises=(0.0, 0.5), counts=(60, 120), seeds=4, frequencies=FREQUENCIES):
    """C26: does twice the frequency, twice as slow or slower, err more on new data?"""
    if densities is None:
        densities = {"uniform": uniform(), "1:8": PiecewiseConstant.equal_pieces([1, 8])}
    ratios = []
    for density in densities.values():
        for n in counts:
            for seed in range(seeds):
                angles = density.sample(n, np.random.default_rng(seed))
                for noise in noises:
                    rms = [
                        errors.learner(KERNEL, angles, wave(k), noise).best_stop(density).rms
                        for k in frequencies
                    ]
                    ratios.append(np.divide(rms[:-1], rms[1:]))
    ratios = np.array(ratios)
    low, middle = ratios.max(), np.median(ratios)
    return Measurement(
        printed=float(low),
        tolerance=0.99,
        figure=f"rms error on new data at the best moment, κ = "
        f"{', '.join(map(str, frequencies))}, n = "
        f"{', '.join(map(str, counts))}, σ = {', '.join(f'{s:g}' for s in noises)}, densities "
        f"{', '.join(densities)}, {seeds} samples each: κ errs {middle:.2f} times as much as 2κ "
        f"(median), {low:.2f} at most",
    )


CLAIMS = (
    Claim(
        "C26",
        "motivation",
        "is there a link between generalization and frequency bias?",
        "in the linear regime there is: one spectrum decides both, and of waves the one learned "
        "first errs least on new data; which one is first, the density decides",
        LECTURE,
        measure_link,
    ),
)
