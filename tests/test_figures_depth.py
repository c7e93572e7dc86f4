"""Figures."""

import numpy as np
import pandas as pd
import pytest

from ntklab import figures
from ntklab.experiments import ONE_TWO_FOUR, depth
from ntklab.explorers import depth as explorer
from ntklab.figures import depth as pictures
from ntklab.kernels import DeepNTK

THETA = np.linspace(0, np.pi, 50)
X = np.linspace(-np.pi, np.pi, 60)
LAZY = pd.DataFrame(
    {"hidden_layers": L, "width": m, "start": 5 * m**-0.5, "drift": m**-0.5, "residual": m**-0.6}
    for L in (1, 5) for m in (64, 128)
)

DRAWINGS = {
    "profiles": lambda: pictures.profiles_and_decay(
        THETA, {L: DeepNTK(L).profile(THETA) / (L + 1) for L in (1, 2)},
        depth.eigenvalue_decay((1, 2), 20),
    ),
    "laziness": lambda: pictures.laziness(LAZY, {"start": "-1", "drift": "-1", "residual": "-1"}),
    "compared": lambda: pictures.compared_eigenfunctions(
        ONE_TWO_FOUR, X, np.sin(X)[:, None], np.cos(X)[:, None], ["one", "two"]
    ),
    "explorer": lambda: pictures.kernel_and_spectrum(explorer.compute(5)),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_drawn_with_alt_text(draw):
    picture = figures.show(draw())
    assert len(picture.png) > 5000 and len(picture.alt) > 100
