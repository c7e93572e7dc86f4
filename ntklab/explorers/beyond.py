"""Undo the density, tune the frequency bias: how a loss changes what is learned first."""

from ntklab._arguments import finite_number, whole_number
from ntklab.experiments import beyond
from ntklab.explorers.board import Board, log_slider, slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.beyond import fractions_by_loss

POINTS = 400  # enough for exact weights at the largest ratio and frequency
FRAMES = Plan(
    ("ratio", "order"),
    ratio=(1.0, 2.0, 4.0, 10.0),
    order=(-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0),
    high=(4, 6, 9, 12, 15),
)


def compute(ratio=4.0, order=1.0, high=9):
    """Fractions learned under the ordinary, the quadrature and one Sobolev loss.

    By exact gradient flow of the infinitely wide two-layer network.
    """
    ratio = finite_number("ratio", ratio, at_least=0.1, at_most=10)
    order = finite_number("order", order, at_least=-1, at_most=2)
    high = whole_number("high", high, at_least=4, at_most=15)
    return beyond.compare(ratio, (order,), (1, 3, high), points=POINTS)


draw = fractions_by_loss


def explorer():
    """Sliders for the density ratio, the Sobolev order and the highest frequency."""
    controls = {
        "ratio": log_slider("density ratio", 4.0, 0, 1),
        "order": slider("Sobolev order s", 1.0, -1, 2),
        "high": whole_slider("highest κ", 9, 4, 15),
    }
    return Board(compute, draw, controls)
