"""Which wave comes first, and where: density ratio, two frequencies, and time."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ntklab._arguments import finite_number, one_of, positive, whole_number
from ntklab.experiments import motivation
from ntklab.experiments.motivation import Learning, Setting
from ntklab.explorers.board import Board, choice, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.motivation import moment

NETWORKS = ("infinite width", "width 64, trained now")
POINTS = 600
LONGEST = 4.0  # log10 of the last iteration
EXACT = Setting(POINTS, hidden_layers=10, width=64, iterations=10**4)
TRAINED = EXACT._replace(iterations=800, batch_size=60, learning_rate=0.1)
FRAMES = Plan(
    ("ratio", "iteration"),
    ("high", "iteration"),
    ("network", "iteration"),
    ratio=(1.0, 2.0, 10.0, 39.8),
    low=(1, 2, 3, 6),
    high=(7, 8, 14),
    iteration=(1.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0),
    network=NETWORKS,
)


@dataclass(frozen=True)
class Moment:
    """A whole training, and the iteration looked at."""

    learning: Learning
    iteration: int
    network: str


def compute(ratio=10.0, low=1, high=8, iteration=100, network=NETWORKS[0]):
    """The training for these settings (kept: moving in time does not compute it again)."""
    one_of("network", network, NETWORKS)
    last = 10**LONGEST
    iteration = round(finite_number("iteration", iteration, at_least=1, at_most=last))
    ratio = positive("ratio", ratio)
    most = motivation.fewest(ratio, POINTS)
    low = whole_number("low", low, at_least=1, at_most=most)
    high = whole_number("high", high, at_least=1, at_most=most)
    if low == high:
        raise ValueError(f"low, high: must differ, got {low} twice")
    return Moment(_learning(ratio, low, high, network), iteration, network)


@lru_cache(maxsize=16)
def _learning(ratio, low, high, network):
    if network == NETWORKS[0]:
        return motivation.predict(ratio, (low, high), EXACT, points=POINTS)
    from ntklab.experiments.trained import motivation as trained  # the exact network needs no torch

    rng = np.random.default_rng(1)
    return trained.learn(ratio, (low, high), TRAINED, rng=rng, device="cpu")


def draw(seen):
    """Density, output and fractions."""
    kind = "theory" if seen.network == NETWORKS[0] else "network"
    return moment(seen.learning, seen.iteration, f"10 hidden layers, {seen.network}", kind)


def explorer():
    """Sliders for the density ratio, both frequencies and the time; exact or trained."""
    controls = {
        "ratio": log_slider("density ratio", 10.0, 0, 1.6),
        "low": whole_slider("frequency κ₁", 1, 1, 6),
        "high": whole_slider("frequency κ₂", 8, 7, 14),
        "iteration": log_slider("iteration", 100.0, 0, LONGEST),
        "network": choice("network", NETWORKS),
    }
    return Board(compute, draw, controls)
