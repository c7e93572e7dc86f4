"""How layers make a kernel: angles from layer to layer, and each layer's part of the sum."""

from dataclasses import dataclass

import numpy as np

from ntklab._arguments import finite_number, one_of, whole_number
from ntklab.explorers.board import Board, choice, slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.deep_kernels import layers_and_parts
from ntklab.kernels import NNGP, DeepNTK

ACTIVATIONS = ("relu", "erf", "gelu")
DEEPEST = 8  # hidden layers
FRAMES = Plan(
    ("activation", "hidden_layers"),
    hidden_layers=range(1, DEEPEST + 1),
    angle=(0.0, 0.5, 1.0, 1.5, 2.0, 2.6, 3.1),
    activation=ACTIVATIONS,
)


@dataclass(frozen=True)
class Layers:
    """Correlations after every layer, and the kernel as a sum over trained layers."""

    hidden_layers: int
    activation: str
    angle: float
    theta: np.ndarray  # (N,)
    correlations: np.ndarray  # (L + 1, N): Σ⁽ʰ⁾/Σ⁽ʰ⁾(0), h = 0 ... L
    parts: np.ndarray  # (L + 1, N): Σ⁽ʰ⁻¹⁾ ∏ Σ̇, h = 1 ... L + 1


def compute(hidden_layers=3, activation="relu", angle=1.5):
    """Equations (4) and the sum over layers for one activation.

    Parameters
    ----------
    hidden_layers : int
        L from 1 to 8.
    activation : {"relu", "erf", "gelu"}
    angle : float
        Between two inputs, in radians, from 0 to π: followed through the layers.
    """
    L = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
    one_of("activation", activation, ACTIVATIONS)
    angle = finite_number("angle", angle, at_least=0, at_most=np.pi)
    theta = np.sort(np.append(np.linspace(0, np.pi, 200), angle))
    sigma = [NNGP(h, activation).profile(theta) for h in range(1, L + 1)]
    correlations = np.array([np.cos(theta), *(row / row[0] for row in sigma)])
    parts = [DeepNTK(L, activation, trained=[h]).profile(theta) for h in range(1, L + 2)]
    return Layers(L, activation, angle, theta, correlations, np.array(parts))


draw = layers_and_parts


def explorer():
    """Sliders for the layers and the angle; three activations."""
    controls = {
        "hidden_layers": whole_slider("hidden layers", 3, 1, DEEPEST),
        "angle": slider("angle θ", 1.5, 0, 3.1),
        "activation": choice("activation", ACTIVATIONS),
    }
    return Board(compute, draw, controls)
