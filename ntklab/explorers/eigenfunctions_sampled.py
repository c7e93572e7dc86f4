"""How many random points until a sample's spectrum looks like the population's?"""

from dataclasses import dataclass

import numpy as np

from ntklab import fredholm, gram
from ntklab._arguments import finite_number, whole_number
from ntklab.densities import CircleDensity
from ntklab.experiments import ONE_TWO_FOUR
from ntklab.explorers.board import Board, log_slider, whole_slider
from ntklab.explorers.frames import Plan
from ntklab.figures.eigenfunctions import sample_and_population
from ntklab.kernels import TwoLayerNTK

COUNT = 10
GRID = np.linspace(-np.pi, np.pi, 801)[:-1]
FRAMES = Plan(
    ("eigenfunction", "points"),
    points=(15.8, 50.0, 100.0, 300.0, 1e3, 3e3, 1e4, 5.01e4),
    eigenfunction=(0, 1, 3, 6, 9),
    seed=range(4),
)


@dataclass(frozen=True)
class Compared:
    """One eigenfunction of a sample and of the population on a grid, and all eigenvalues."""

    density: CircleDensity
    points: int
    x: np.ndarray
    sampled: np.ndarray
    population: np.ndarray
    relative: np.ndarray  # λ_i(n)/λ_i - 1


def compute(points=300, eigenfunction=3, seed=0):
    """Spectrum of `points` i.i.d. draws of the 1:2:4 density beside the population's."""
    points = round(finite_number("points", points, at_least=COUNT + 1, at_most=1e6))
    index = whole_number("eigenfunction", eigenfunction, at_least=0, at_most=COUNT - 1)
    rng = np.random.default_rng(whole_number("seed", seed, at_least=0))
    kernel = TwoLayerNTK(bias=True)
    population = fredholm.solve(kernel, ONE_TWO_FOUR, COUNT)
    sample = gram.solve(kernel, ONE_TWO_FOUR.sample(points, rng), COUNT)
    truth, found = population(GRID)[:, index], sample(GRID)[:, index]
    found = found * np.copysign(1.0, found @ truth)
    relative = sample.eigenvalues / population.eigenvalues - 1
    return Compared(ONE_TWO_FOUR, points, GRID, found, truth, relative)


draw = sample_and_population


def explorer():
    """Sliders for the number of points, the eigenfunction and the draw."""
    controls = {
        "points": log_slider("points n", 300.0, 1.2, 4.7),
        "eigenfunction": whole_slider("eigenfunction i", 3, 0, COUNT - 1),
        "seed": whole_slider("draw", 0, 0, 20),
    }
    return Board(compute, draw, controls)
