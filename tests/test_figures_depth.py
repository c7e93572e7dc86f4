"""Figures."""

import numpy as np
import pandas as pd

from ntklab.densities import PiecewiseConstant
from ntklab.experiments import ONE_TWO_FOUR, depth
from ntklab.explorers import depth as explorer
from ntklab.figures import depth as pictures
from ntklab.kernels import DeepNTK

THETA = np.linspace(0, np.pi, 50)
X = np.linspace(-np.pi, np.pi, 60)
LAZY = pd.DataFrame(
    {
        "hidden_layers": L, "width": m, "seed": 0,
        "start": 5 * m**-0.5, "drift": m**-0.5, "residual": m**-0.6,
    }
    for L in (1, 5) for m in (64, 128, 256)
)

DRAWINGS = {
    "profiles": lambda: pictures.profiles_and_decay(
        THETA, {L: DeepNTK(L).profile(THETA) / (L + 1) for L in (1, 2)},
        depth.eigenvalue_decay((1, 2), 20),
    ),
    "laziness": lambda: pictures.laziness(LAZY, depth.slopes_by_seed(LAZY)),
    "times": lambda: pictures.times_by_depth(
        {2: depth.learning_times(ONE_TWO_FOUR, (2, 4), DeepNTK(2))}
    ),
    "compared": lambda: pictures.compared_eigenfunctions(
        ONE_TWO_FOUR, X, np.sin(X)[:, None], np.cos(X)[:, None], ["one", "two"]
    ),
    "explorer": lambda: pictures.kernel_and_spectrum(explorer.compute(5)),
}


def test_slopes_of_a_power_are_that_power_for_every_seed():
    slopes = depth.slopes_by_seed(LAZY)
    expected = {"start": -0.5, "drift": -0.5, "residual": -0.6}
    np.testing.assert_allclose(slopes.exponent, slopes.quantity.map(expected), rtol=1e-9)


def test_regions_are_counted_and_compared():
    halves = PiecewiseConstant.equal_pieces([1, 9])
    wave = np.sin(X)[:, None]
    text = pictures.compared_eigenfunctions(halves, X, wave, wave, ["one", "two"]).get_label()
    assert "of 2 regions" in text
    times = depth.learning_times(halves, (2, 4), DeepNTK(2))
    last = (times.time * times.density)[times.frequency == 4]
    told = f"at most a factor {last.max() / last.min():.2f} apart"
    assert told in pictures.times_by_depth({2: times}).get_label()
