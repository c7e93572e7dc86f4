"""The κ²/p* theorem by hand: density, κ, δ and η → learning curves and finishing times."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ntklab import bounds, dynamics, fredholm, gram
from ntklab._arguments import finite_number, one_of, positive, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.experiments import convergence
from ntklab.explorers.board import Board, choice, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.convergence import theorem_board
from ntklab.kernels import TwoLayerNTK

KERNELS = {"with bias": TwoLayerNTK(bias=True), "without bias": TwoLayerNTK(bias=False)}
POINTS = 600
MODES = 96  # where the kernel is blind to κ: what these leave of the target is the floor
FRAMES = Plan(
    ("kernel", "frequency"),
    left=(0.316, 1.0, 3.16, 10.0),
    middle=(0.316, 1.0, 2.0, 10.0),
    right=(0.316, 1.0, 4.0, 10.0),
    frequency=(1, 2, 3, 4, 6, 9, 14, 20, 29),
    threshold=(0.00316, 0.01, 0.05, 0.2, 0.5),
    learning_rate=(0.01, 0.1, 1.0, 3.98),
    kernel=tuple(KERNELS),
)


@dataclass(frozen=True)
class Learning:
    """Error curves by region, and when they come down to the threshold."""

    density: PiecewiseConstant
    frequency: int
    threshold: float
    t: np.ndarray
    curves: np.ndarray
    table: pd.DataFrame  # of `experiments.convergence.region_times`


def compute(
    left=1.0, middle=2.0, right=4.0, frequency=6, threshold=0.05, learning_rate=1.0,
    kernel="with bias",
):
    """Gradient descent on cos κx over 600 evenly placed points, by exact linear theory.

    Parameters
    ----------
    left, middle, right : float
        Relative densities of the thirds of the circle.
    frequency : int
        κ >= 1, up to Nyquist's limit of the sparsest third.
    threshold : float
        δ > 0, root mean square over a region.
    learning_rate : float
        η of the mean loss, below 2/λ_1.
    kernel : {"with bias", "without bias"}
        Without bias odd κ >= 3 are never learned.
    """
    named = {"left": left, "middle": middle, "right": right}
    bounds_of_weights = {"at_least": 0.1, "at_most": 10}  # which leaves each third its points
    weights = [finite_number(name, w, **bounds_of_weights) for name, w in named.items()]
    density = PiecewiseConstant.equal_pieces(weights)
    threshold = positive("threshold", threshold)
    learning_rate = positive("learning_rate", learning_rate)
    frequency = whole_number("frequency", frequency, at_least=1)
    kernel = KERNELS[one_of("kernel", kernel, tuple(KERNELS))]
    x = convergence.place(density, POINTS)
    convergence.check_frequencies(density, x, (frequency,), name="frequency")
    if bounds.multiplier(kernel, frequency) > 0:
        spectrum = gram.solve(kernel, x, len(x))
    else:  # points would be fitted in the very end by modes that no population has
        spectrum = fredholm.solve(kernel, density, MODES)
    descent = dynamics.gradient_descent(
        spectrum, np.cos(frequency * spectrum.points), learning_rate
    )
    table = convergence.region_times(descent, density, frequency, threshold, kernel)
    finished = table.exact[np.isfinite(table.exact)]
    last = finished.max() if len(finished) else 1e5
    t = np.concatenate([[0], np.unique(np.round(np.geomspace(1, 3 * last + 20, 150)))])
    curves = np.stack([descent.error(t, region) for region in density.regions], axis=1)
    return Learning(density, frequency, threshold, t, curves, table)


draw = theorem_board


def explorer():
    """Sliders for the three weights, κ, δ and η; with bias or without."""
    controls = {
        "left": log_slider("weight, left", 1.0, -0.5, 1),
        "middle": log_slider("weight, middle", 2.0, -0.5, 1),
        "right": log_slider("weight, right", 4.0, -0.5, 1),
        "frequency": whole_slider("frequency κ", 6, 1, 29),
        "threshold": log_slider("threshold δ", 0.05, -2.5, -0.3),
        "learning_rate": log_slider("learning rate η", 1.0, -2, 0.6),
        "kernel": choice("network", tuple(KERNELS)),
    }
    return Board(compute, draw, controls)
