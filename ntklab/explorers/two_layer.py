"""Switch the bias on and off: kernel, eigenvalues, and what is learned of one frequency."""

from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np

from ntklab._arguments import finite_number, whole_number
from ntklab.explorers.board import Board, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.two_layer import bias_switch
from ntklab.kernels import TwoLayerNTK

HIGHEST = 12
FRAMES = Plan(
    ("bias", "frequency", "iteration"),
    bias=(False, True),
    frequency=(2, 3, 4, 5, 7, 12),
    iteration=(1.0, 30.0, 300.0, 3e3, 3e4, 1e5),
)


@dataclass(frozen=True)
class Switched:
    """The infinitely wide network on cos x + cos κx under uniform data, at one iteration."""

    bias: bool
    frequency: int
    iteration: float
    theta: np.ndarray
    profile: np.ndarray
    eigenvalues: np.ndarray  # κ = 0 ... 12
    x: np.ndarray
    target: np.ndarray
    output: np.ndarray
    fraction: float  # of cos κx


def compute(bias=False, frequency=3, iteration=300):
    """Gradient descent at η = 1/λ_max, frequency by frequency: 1 - (1 - ηλ_κ)^t."""
    kappa = whole_number("frequency", frequency, at_least=2, at_most=HIGHEST)
    t = round(finite_number("iteration", iteration, at_least=1, at_most=1e5))
    kernel = TwoLayerNTK(bias=bias, normalization="network")
    eigenvalues = kernel.harmonic_eigenvalues(np.arange(HIGHEST + 1))
    learned = 1 - (1 - eigenvalues / eigenvalues.max()) ** t
    x, theta = np.linspace(-np.pi, np.pi, 401), np.linspace(0, np.pi, 200)
    waves = np.cos(x), np.cos(kappa * x)
    return Switched(
        kernel.bias, kappa, t, theta, kernel.profile(theta), eigenvalues, x, sum(waves),
        learned[1] * waves[0] + learned[kappa] * waves[1], float(learned[kappa]),
    )


draw = bias_switch


def explorer():
    """A switch for the bias, sliders for frequency and time."""
    controls = {
        "bias": widgets.Checkbox(value=False, description="bias"),
        "frequency": whole_slider("frequency κ", 3, 2, HIGHEST),
        "iteration": log_slider("iteration", 300.0, 0, 5),
    }
    return Board(compute, draw, controls)
