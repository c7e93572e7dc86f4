"""The claim of the motivation."""

import numpy as np

from ntklab.claims.ledger import Measurement, claim


@claim(
    "C01",
    "motivation",
    "a network that fits a low and a high frequency fits the low one first",
    "it does, and each of them first where the data are dense",
    "waves of amplitude 1 and 0.4, 40 times as many points in one half, 3 networks",
    {"another network": {"first_seed": 10, "seeds": 1}},
)
def measure_order(learnings=None, seeds=3, first_seed=0):
    """C01: in each half, is the low frequency half learned before the high one?"""
    from ntklab.experiments.trained import motivation  # needs torch

    if learnings is None:
        learnings = [
            motivation.learn(rng=np.random.default_rng(seed), device="cpu")
            for seed in range(first_seed, first_seed + seeds)
        ]
    times = [learning.half_learned().to_numpy() for learning in learnings]  # (half, frequency)
    # never against never is no order: nan, which settles nothing
    with np.errstate(invalid="ignore"):
        ratio = np.max([low / high for low, high in np.transpose(times, (0, 2, 1))], axis=(0, 1))
    dense, sparse = np.median(times, axis=0)
    low, high = learnings[0].frequencies
    setting = learnings[0].setting
    return Measurement(
        printed=float(ratio),
        tolerance=0.99,
        figure=f"{len(times)} networks of {setting.hidden_layers} hidden layers, width "
        f"{setting.width}: κ={low} is half learned {_count(dense[0], ' iterations')} in the dense "
        f"half and {_count(sparse[0])} in the sparse one (medians), κ={high} {_count(dense[1])} "
        f"and {_count(sparse[1])}; largest ratio of the two in one half {ratio:z.1g}",
    )


def _count(iterations, unit=""):
    return f"after {iterations:z.2g}{unit}" if np.isfinite(iterations) else "never"
