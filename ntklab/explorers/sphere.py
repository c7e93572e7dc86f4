"""Two halves of a sphere, one denser than the other: when is a harmonic learned in each?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ntklab import dynamics, sphere
from ntklab._arguments import finite_number, whole_number
from ntklab.experiments.sphere import NETWORK, PROTOCOL
from ntklab.explorers.board import Board, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.sphere import halves_learning

DEGREE = 300  # times within 1 % also at 1 : 40, κ = 30 and δ = 0.01, where 60 would miss a third
FRAMES = Plan(
    ("ratio", "frequency"),
    ratio=(1.0, 2.0, 4.0, 10.0, 39.8),
    frequency=(1, 2, 3, 4, 6, 10, 16, 30),
    threshold=(0.01, 0.1, PROTOCOL, 0.562),
)


@dataclass(frozen=True)
class Halves:
    """Errors of both halves in time, and when they come down to the threshold."""

    ratio: float
    frequency: int
    density: sphere.Bands
    target: Callable
    threshold: float
    t: np.ndarray  # (T,)
    errors: np.ndarray  # (T, 2): sparse (lower), dense (upper)
    times: tuple


def compute(ratio=4.0, frequency=4, threshold=PROTOCOL):
    """Exact gradient flow of the infinitely wide two-layer network on one zonal harmonic."""
    ratio = finite_number("ratio", ratio, at_least=1, at_most=100)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=30)
    threshold = finite_number("threshold", threshold, at_least=0.01, at_most=0.6)
    density = sphere.hemispheres(ratio)
    target = sphere.harmonic(frequency)
    spectrum = _spectrum(ratio)
    flow = dynamics.gradient_flow(spectrum, target)
    inside = [region.contains(spectrum.points) for region in density.regions]
    times = tuple(float(flow.time_to_reach(threshold, half).time) for half in inside)
    t = np.geomspace(times[1] / 1e3, 2 * max(times), 200)
    errors = np.stack([flow.error(t, half) for half in inside], axis=1)
    return Halves(ratio, frequency, density, target, threshold, t, errors, times)


@lru_cache(maxsize=8)
def _spectrum(ratio):
    return sphere.solve(NETWORK, sphere.hemispheres(ratio), None, orders=(0,), degree=DEGREE)


draw = halves_learning


def explorer():
    """Sliders for the ratio of densities, the frequency and the threshold."""
    controls = {
        "ratio": log_slider("density ratio", 4.0, 0, 1.6),
        "frequency": whole_slider("frequency κ", 4, 1, 30),
        "threshold": log_slider("threshold δ", PROTOCOL, -2, -0.25),
    }
    return Board(compute, draw, controls)
