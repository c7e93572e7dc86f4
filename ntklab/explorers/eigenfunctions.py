"""Shape a density on thirds of the circle; see its spectrum and any eigenfunction."""

from dataclasses import dataclass

import numpy as np

from ntklab import fredholm
from ntklab._arguments import LARGEST, finite_number, one_of, whole_number
from ntklab.densities import CircleDensity, FromFunction, PiecewiseConstant
from ntklab.explorers.board import Board, choice, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.eigenfunctions import density_and_spectrum
from ntklab.kernels import TwoLayerNTK
from ntklab.spectrum import Spectrum

COUNT = 61
SHAPES = ("three pieces", "three bumps")
FRAMES = Plan(
    ("shape", "eigenfunction"),
    shape=SHAPES,
    left=(0.1, 1.0, 4.0, 39.8),
    middle=(0.1, 1.0, 2.0, 8.0, 39.8),
    right=(0.1, 1.0, 4.0, 16.0, 39.8),
    eigenfunction=(0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 15, 19, 20, 30, 60),
)


@dataclass(frozen=True)
class Edited:
    """A density, its spectrum, and the eigenfunction looked at."""

    density: CircleDensity
    spectrum: Spectrum
    index: int


def compute(shape="three pieces", left=1.0, middle=2.0, right=4.0, eigenfunction=19):
    """The spectrum under three pieces, or three smooth bumps, of the given relative weights."""
    one_of("shape", shape, SHAPES)
    index = whole_number("eigenfunction", eigenfunction, at_least=0, at_most=COUNT - 1)
    named = {"left": left, "middle": middle, "right": right}
    bounds = {"at_least": 0, "at_most": LARGEST}
    weights = np.array([finite_number(name, w, **bounds) for name, w in named.items()])
    density = PiecewiseConstant.equal_pieces(weights)
    if shape == "three bumps":
        density = _bumps(weights / weights.sum())
    return Edited(density, fredholm.solve(TwoLayerNTK(bias=True), density, COUNT), index)


def _bumps(weights, sharpness=3.0):
    centres = np.array([-2, 0, 2]) * np.pi / 3
    constant = 2 * np.pi * np.i0(sharpness)

    def pdf(x):
        return np.exp(sharpness * np.cos(np.subtract.outer(x, centres))) @ weights / constant

    return FromFunction(pdf)


draw = density_and_spectrum


def explorer():
    """Sliders for the three weights and the eigenfunction, a choice of shape."""
    controls = {
        "shape": choice("density", SHAPES),
        "left": log_slider("weight, left", 1.0, -1, 1.6),
        "middle": log_slider("weight, middle", 2.0, -1, 1.6),
        "right": log_slider("weight, right", 4.0, -1, 1.6),
        "eigenfunction": whole_slider("eigenfunction i", 19, 0, COUNT - 1),
    }
    return Board(compute, draw, controls)
