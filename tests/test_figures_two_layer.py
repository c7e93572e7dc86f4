"""Figures."""

import numpy as np
import pytest

from ntklab import figures
from ntklab.experiments import trained, two_layer
from ntklab.explorers import two_layer as bias
from ntklab.figures import two_layer as pictures

RNG = np.random.default_rng(0)
RUN = trained.two_layer.with_and_without_bias(2, 40, 16, 20, rng=RNG, device="cpu")

DRAWINGS = {
    "active": lambda: pictures.active_neurons(
        1.0, two_layer.active_together([0.5, 1.0], 100, rng=RNG)
    ),
    "wrapped": lambda: pictures.wrapped_and_not(*np.zeros((3, 4))),
    "uniform": lambda: pictures.uniform_eigenvalues(two_layer.uniform_spectra(5)),
    "learned": lambda: pictures.learned_or_not(RUN),
    "switch": lambda: pictures.bias_switch(bias.compute()),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_drawn_with_alt_text(draw):
    picture = figures.show(draw())
    assert len(picture.png) > 5000 and len(picture.alt) > 100


def test_alt_text_says_what_is_learned():
    assert "0% of cos 3x" in pictures.bias_switch(bias.compute(False, 3, 1e5)).get_label()
    assert "100% of cos 3x" in pictures.bias_switch(bias.compute(True, 3, 1e5)).get_label()
