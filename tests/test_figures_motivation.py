"""Figures: alt text that says what is seen."""

import numpy as np
import pytest

from ntklab.experiments import motivation
from ntklab.figures import motivation as pictures

SMALL = motivation.Setting(100, 2, 32, iterations=20, batch_size=50)
RUN = motivation.predict(4.0, (1, 5), SMALL, points=60)
EIGEN = np.linspace(2, 1, 60), np.eye(60)

DRAWINGS = {
    "network": lambda: pictures.network_diagram(),
    "snapshots": lambda: pictures.snapshots(RUN, [0, 1, 3, 20]),
    "one snapshot": lambda: pictures.snapshots(RUN, [20]),
    "fractions": lambda: pictures.learned_fractions(RUN),
    "fractions, both": lambda: pictures.learned_fractions(RUN, RUN),
    "by hand": lambda: pictures.by_hand(RUN.points, np.cos, {0: RUN.outputs[0], 9: RUN.outputs[5]}),
    "eigenvectors": lambda: pictures.eigenvectors(RUN.points, *EIGEN, chosen=(0, 2, 5)),
    "moment": lambda: pictures.moment(RUN, 7, "exact"),
}


def test_alt_text_of_a_moment_gives_the_numbers():
    alt = pictures.moment(RUN, 0, "exact").get_label()
    assert alt.count("0% of") == 4


def test_snapshot_shows_the_recorded_output():
    figure = pictures.snapshots(RUN, [3])
    line = next(line for line in figure.axes[0].lines if line.get_label() == "network")
    np.testing.assert_array_equal(line.get_ydata(), RUN.at(3)[1])


def test_prediction_is_drawn_over_the_outputs():
    outputs = {0: RUN.outputs[0], 9: RUN.outputs[5]}
    predicted = {t: u + 0.1 for t, u in outputs.items()}
    figure = pictures.by_hand(RUN.points, np.cos, outputs, predicted)
    drawn = [line for ax in figure.axes for line in ax.lines if line.get_label() == "predicted"]
    np.testing.assert_array_equal(drawn[1].get_ydata(), predicted[9])


def test_eigenvectors_tell_how_much_slower_they_are():
    assert "first by 1, 4, 8." in pictures.eigenvectors(
        RUN.points, 8.0 / 2.0 ** np.arange(60), np.eye(60), chosen=(0, 2, 3)
    ).get_label()


def test_alt_text_says_when_half_is_learned_and_names_halves_by_their_data():
    for draw in (pictures.learned_fractions, lambda run: pictures.snapshots(run, [3])):
        told = "cos 5x never in the dense half and never in the sparse one."
        assert told in draw(RUN).get_label()
    longer = SMALL._replace(iterations=3000)
    more, less = (motivation.predict(r, (1, 5), longer, points=60) for r in (4.0, 0.25))
    times = more.half_learned()
    assert times.loc["dense", 1] < times.loc["sparse", 1]
    np.testing.assert_allclose(times, less.half_learned(), rtol=1e-6)
    assert f"cos x at iteration {times.loc['dense', 1]:.0f} in the dense half" in (
        pictures.learned_fractions(more).get_label()
    )
    shaded = pictures.snapshots(less, [3]).axes[0].patches[0].get_extents()
    sparse = pictures.snapshots(more, [3]).axes[0].patches[0].get_extents()
    assert shaded.x0 == pytest.approx(sparse.x1)


def test_equal_halves_are_called_equal():
    even = motivation.predict(1.0, (1, 5), SMALL, points=60)
    assert "equally dense" in pictures.moment(even, 7, "exact").get_label()
    assert "equally dense" not in pictures.moment(RUN, 7, "exact").get_label()
