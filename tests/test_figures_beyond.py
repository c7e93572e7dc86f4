"""Figures."""

import numpy as np
import pytest

from ntklab import figures
from ntklab.experiments import digits, trained
from ntklab.figures import beyond as pictures

DIGITS = digits.predict(60, 30, rng=np.random.default_rng(0))
TABLE = trained.beyond.compare(
    2.0, (1.0,), (1, 3), points=60, times=[1.0, 10.0], width=20,
    rng=np.random.default_rng(0), device="cpu",
)

DRAWINGS = {
    "fractions": lambda: pictures.fractions_by_loss(TABLE),
    "speeds": lambda: pictures.speeds_by_loss(
        np.arange(1, 5), {"ordinary": np.ones(4), "other": np.arange(1, 5)}, 4
    ),
    "gallery": lambda: pictures.digit_gallery(DIGITS),
    "digits": lambda: pictures.digit_learning(DIGITS),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_drawn_with_alt_text(draw):
    picture = figures.show(draw())
    assert len(picture.png) > 5000 and len(picture.alt) > 100


def test_alt_text_names_the_losses_and_says_what_dots_are():
    alt = pictures.fractions_by_loss(TABLE).get_label()
    assert "ordinary, quadrature, Sobolev, s = 1" in alt and "Dots are a trained network" in alt
    exact = TABLE[TABLE.route == "predicted"]
    assert "Dots" not in pictures.fractions_by_loss(exact).get_label()
