"""Width makes a network's tangent kernel certain, keeps it, and so makes its training known."""

from dataclasses import dataclass
from functools import lru_cache

import ipywidgets as widgets
import numpy as np
import torch

from ntklab import dynamics, gram
from ntklab._arguments import MOST, whole_number
from ntklab.experiments.trained.toolkit import decayed, ratio
from ntklab.explorers.board import Board, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.tangent_kernel import network_and_limit
from ntklab.geometry import circle_distance, to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected
from ntklab.tangent import empirical_ntk
from ntklab.training import DivergenceError, train

POINTS = 24
ANGLES = np.linspace(-np.pi, np.pi, POINTS, endpoint=False)
ITERATIONS = 60
WIDTHS = (16, 32, 64, 128, 256, 512)
DEEPEST = 3  # hidden layers
FRAMES = Plan(
    ("hidden_layers", "width"),
    ("seed", "width"),
    width=WIDTHS,
    hidden_layers=range(1, DEEPEST + 1),
    seed=range(4),
)


@dataclass(frozen=True)
class Width:
    """One random network: its kernel before and after training, and its training."""

    hidden_layers: int
    width: int
    angles: np.ndarray  # (n,) the training points
    target: np.ndarray  # (n,)
    distances: np.ndarray  # (n, n) angles between the points
    before: np.ndarray  # (n, n) H(0)
    after: np.ndarray  # (n, n) H(T)
    theta: np.ndarray  # (N,)
    profile: np.ndarray  # (N,) the limit of infinite width
    iterations: np.ndarray  # (T,)
    outputs: np.ndarray  # (T, n) of the network
    predicted: np.ndarray  # (T, n) from H(0)
    limit: np.ndarray  # (T, n) from the limit and the same initial output

    @property
    def deviation(self):
        """‖H(0) - H∞‖ / ‖H∞‖."""
        limit = DeepNTK(self.hidden_layers).at_angles(self.angles)
        return ratio(self.before - limit, limit)

    @property
    def drift(self):
        """‖H(T) - H(0)‖ / ‖H(0)‖."""
        return ratio(self.after - self.before, self.before)

    def errors(self, outputs):
        """Rms error of outputs (T, n)."""
        return np.sqrt(np.mean((outputs - self.target) ** 2, axis=1))


def compute(width=64, hidden_layers=2, seed=0):
    """Train a network (3) of this width on cos x + cos 2x at 24 points, 60 steps."""
    m = whole_number("width", width, at_least=WIDTHS[0], at_most=WIDTHS[-1])
    L = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, at_least=0, at_most=MOST))
    X, y = to_circle(ANGLES), np.cos(ANGLES) + np.cos(2 * ANGLES)
    spectrum = _limit(L)
    rate = 0.3 / spectrum.eigenvalues[0]
    network = FullyConnected(L, m, 2, generator=generator, dtype=torch.float32, device="cpu")
    try:
        trained = train([network], X, y, rate, ITERATIONS, outputs=True)
    except DivergenceError:
        raise ValueError(
            f"width: this network's kernel is so far from its limit that the steps are too "
            f"long for it and the training diverges; got width {m}, try a wider one"
        ) from None
    t, outputs = trained.iterations, trained.outputs[:, 0].astype(float)
    before, after = (empirical_ntk(net, X) for net in (network, trained.networks[0]))
    theta = np.linspace(0, np.pi, 200)
    limit = dynamics.gradient_descent(spectrum, y, rate, start=outputs[0]).residual_at(t)
    return Width(
        hidden_layers=L,
        width=m,
        angles=ANGLES,
        target=y,
        distances=circle_distance(ANGLES[:, None], ANGLES),
        before=before,
        after=after,
        theta=theta,
        profile=DeepNTK(L).profile(theta),
        iterations=t,
        outputs=outputs,
        predicted=y + decayed(before / POINTS, rate, t, outputs[0] - y),
        limit=y + limit,
    )


@lru_cache
def _limit(hidden_layers):
    return gram.solve(DeepNTK(hidden_layers), ANGLES, POINTS)


draw = network_and_limit


def explorer():
    """Sliders for width (its powers of two), hidden layers and the random start."""
    controls = {
        "width": widgets.SelectionSlider(
            value=64, options=WIDTHS, description="width m", continuous_update=False
        ),
        "hidden_layers": whole_slider("hidden layers", 2, 1, DEEPEST),
        "seed": whole_slider("random start", 0, 0, 20),
    }
    return Board(compute, draw, controls)
