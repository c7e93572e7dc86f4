"""When to stop, by hand: contrast, frequency, noise and time → prediction and error on new data."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ntklab._arguments import finite_number, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import generalization
from ntklab.experiments.generalization import Stopping
from ntklab.explorers.board import Board, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.generalization import stopping_board

POINTS = 120
FRAMES = Plan(
    ("noise", "time"),
    ("contrast", "time"),
    contrast=(1.0, 2.0, 8.0, 25.1),
    frequency=(1, 2, 3, 6, 12),
    noise=(0.01, 0.2, 0.5, 1.0, 2.0),
    time=(1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6),
)


@dataclass(frozen=True)
class Moment:
    """A noisy sample with its errors in time, and the moment looked at."""

    stopping: Stopping
    time: float


def compute(contrast=8.0, frequency=3, noise=0.5, time=1000.0):
    """Gradient flow on 120 noisy labels of cos κx; the right half is `contrast` times as dense."""
    contrast = finite_number("contrast", contrast, at_least=1, at_most=30)
    frequency = whole_number("frequency", frequency, at_least=1, at_most=12)
    noise = finite_number("noise", noise, at_least=0, at_most=2)
    time = finite_number("time", time, at_least=1, at_most=1e6)
    return Moment(_stopping(contrast, frequency, noise), time)


@lru_cache(maxsize=8)
def _stopping(contrast, frequency, noise):
    density = PiecewiseConstant.equal_pieces([1, contrast])
    return generalization.stopping(density, frequency, POINTS, noise, rng=np.random.default_rng(8))


draw = stopping_board


def explorer():
    """Sliders for the contrast, κ, σ and the time."""
    controls = {
        "contrast": log_slider("dense : sparse", 8.0, 0, 1.4),
        "frequency": whole_slider("frequency κ", 3, 1, 12),
        "noise": log_slider("noise σ", 0.5, -2, 0.3),
        "time": log_slider("time ηt", 1000.0, 0, 6),
    }
    return Board(compute, draw, controls)
