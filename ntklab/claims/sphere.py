"""The claim on the sphere's halves."""

import numpy as np

from ntklab.claims.ledger import Claim, Measurement
from ntklab.experiments import sphere

LECTURE = "sphere"


def measure_hemispheres(exact=None, samples=None):
    """C23: what the gap between density ratios and median time ratios is made of."""
    if exact is None:
        exact = sphere.population(frequencies=range(1, 31))
    if samples is None:
        rng = np.random.default_rng(23)
        samples = sphere.sampled(draws=6, frequencies=range(2, 8), rng=rng)
    table = sphere.decomposition(exact, samples)
    gap = table.index - table.paper
    # were sampling the cause, it would make up the gap
    unexplained = float(np.abs(1 - table.by_sampling / gap).max())
    population = float(np.abs(table.population / table.paper - 1).max())
    last = exact[exact.frequency == exact.frequency.max()].set_index("ratio").quotient
    return Measurement(
        printed=unexplained,
        tolerance=0.1,
        corrected=population,
        figure="1 : " + ", ".join(map(str, table.index)) + ": medians over κ = 2 to 7 "
        + ", ".join(f"{value:z.2f}" for value in table.population)
        + " in the population without any sampling (paper "
        + ", ".join(f"{value:z.2f}" for value in table.paper) + "); random points move them by "
        + ", ".join(f"{-value:+z.2f}" for value in table.by_sampling)
        + f"; at κ = {exact.frequency.max()} " + ", ".join(f"{value:z.2f}" for value in last),
    )


CLAIMS = (
    Claim(
        "C23",
        "figure",
        "on the sphere, halves of density 1 : r are learned in time ratios 1.76, 2.45, 2.99 for "
        "r = 2, 3, 4, an undershoot due to sampling",
        "the population without any sampling undershoots as much: it is finite frequency; the "
        "ratio tends to r as κ grows",
        LECTURE,
        measure_hemispheres,
    ),
)
