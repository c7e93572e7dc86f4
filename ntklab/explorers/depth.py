"""Depth moves a kernel's profile, its spectrum under uneven data, and the local frequencies."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ntklab import asymptotics, fredholm
from ntklab._arguments import one_of, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import region_frequencies
from ntklab.explorers.board import Board, choice, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.depth import kernel_and_spectrum
from ntklab.kernels import DeepNTK

COUNT = 61
DENSITIES = {"1 : 2 : 4": (1, 2, 4), "1 : 1 : 1": (1, 1, 1), "1 : 10 : 1": (1, 10, 1)}
FRAMES = Plan(
    ("density", "hidden_layers"),
    hidden_layers=(2, 3, 4, 6, 8, 10, 15, 20, 30, 45, 60),
    density=tuple(DENSITIES),
)


@dataclass(frozen=True)
class Deep:
    """A deep kernel, its spectrum under three regions of data, and local frequencies."""

    hidden_layers: int
    density: str
    theta: np.ndarray
    profile: np.ndarray  # scaled to 1 at 0
    shallow_profile: np.ndarray
    eigenvalues: np.ndarray
    law: np.ndarray  # 2|k'(0)|Z²/q²
    local: pd.DataFrame


def compute(hidden_layers=10, density="1 : 2 : 4"):
    """Profile, 61 eigenvalues and local frequencies for L >= 2 hidden layers.

    One hidden layer without bias learns no odd frequency and has a law of its own (lecture 2).
    """
    L = whole_number("hidden_layers", hidden_layers, at_least=2, at_most=100)
    p = PiecewiseConstant.equal_pieces(DENSITIES[one_of("density", density, DENSITIES)])
    kernel, theta = DeepNTK(L), np.linspace(0, np.pi, 400)
    spectrum = fredholm.solve(kernel, p, COUNT)
    near, _ = asymptotics.end_slopes(L)
    q = np.maximum((np.arange(COUNT) + 1) // 2, 1)
    return Deep(
        L,
        density,
        theta,
        kernel.profile(theta) / (L + 1),
        DeepNTK(1).profile(theta) / 2,
        spectrum.eigenvalues,
        2 * abs(near) * p.Z**2 / q**2,
        region_frequencies(p, spectrum),
    )


draw = kernel_and_spectrum


def explorer():
    """A slider for depth, a choice of density."""
    controls = {
        "hidden_layers": whole_slider("hidden layers", 10, 2, 60),
        "density": choice("density", list(DENSITIES)),
    }
    return Board(compute, draw, controls)
