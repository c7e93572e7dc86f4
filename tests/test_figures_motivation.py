"""Figures: alt text that says what is seen."""

import numpy as np
import pytest

from ntklab import figures
from ntklab.experiments import motivation
from ntklab.figures import motivation as pictures

SMALL = motivation.Setting(100, 2, 32, iterations=20, batch_size=50)
RUN = motivation.predict(4.0, (1, 5), SMALL, points=60)

DRAWINGS = {
    "snapshots": lambda: pictures.snapshots(RUN, [0, 1, 3, 20]),
    "one snapshot": lambda: pictures.snapshots(RUN, [20]),
    "fractions": lambda: pictures.learned_fractions(RUN),
    "fractions, both": lambda: pictures.learned_fractions(RUN, RUN),
    "moment": lambda: pictures.moment(RUN, 7, "exact"),
}


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_drawn_with_alt_text(draw):
    picture = figures.show(draw())
    assert len(picture.png) > 5000 and len(picture.alt) > 100
    assert "cos x" in picture.alt or "iteration" in picture.alt


def test_alt_text_of_a_moment_gives_the_numbers():
    alt = pictures.moment(RUN, 0, "exact").get_label()
    assert alt.count("0% of") == 4


def test_snapshot_shows_the_recorded_output():
    figure = pictures.snapshots(RUN, [3])
    line = next(line for line in figure.axes[0].lines if line.get_label() == "network")
    np.testing.assert_array_equal(line.get_ydata(), RUN.at(3)[1])
