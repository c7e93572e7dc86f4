"""Figures: drawn with alt text, from the data given."""

import numpy as np
import pandas as pd
import pytest

from ntklab.experiments.trained import tangent_kernel as lazy
from ntklab.explorers import tangent_kernel as width
from ntklab.figures import deep_kernels
from ntklab.figures import tangent_kernel as pictures

WIDTHS = [64, 128, 256]


def gaps():
    columns = ("printed", "counted", "vector", "start", "drift", "linearised")
    return pd.DataFrame(
        [
            {"start_kind": kind, "width": m, "seed": seed}
            | {c: (1 + i + seed) / np.sqrt(m) for i, c in enumerate(columns)}
            for kind in ("random", "paired") for m in WIDTHS for seed in (0, 1)
        ]
    )


LAWS = {("random", "printed"): "-0.10 ± 0.01", ("random", "drift"): "-0.50 ± 0.02"}
SPREAD = pd.DataFrame(
    [
        {"hidden_layers": L, "width": m, "seed": s, "deviation": (L + s) / np.sqrt(m)}
        for L in (1, 2) for m in WIDTHS for s in (0, 1)
    ]
)
LAYERS = pd.DataFrame(
    [
        {"layer": h, "width": m, "excess": 15 * h / m, "error": 0.01, "expected": 16 * h / m}
        for h in (1, 2, 3) for m in WIDTHS
    ]
)
CURVES = pd.DataFrame(
    [
        {"width": m, "iteration": t, "trained": 1.2 / (t + 1), "printed": 1 / (t + 1),
         "counted": 1.1 / (t + 1)}
        for m in WIDTHS for t in (0, 1, 10, 100)
    ]
)
SLOPES = pd.DataFrame({"angle": [0.5, 1.0], "mean": [0.8, 0.7]})
MOVED = lazy.moved(0.1, 16, 2, points=20, iterations=5, rng=np.random.default_rng(0), device="cpu")
TOGETHER = [
    lazy.together(m, 2, 4, iterations=5, rng=np.random.default_rng(0), device="cpu")
    for m in (8, 64)
]
ANGLES = np.linspace(-np.pi, np.pi, 50)
PATH = np.linspace([0.5, 0.5], [1, -1], 9)
SAMPLES = {4: np.linspace(-3, 3, 500), 64: np.linspace(-2, 2, 500)}

DRAWINGS = {
    "gap": lambda: pictures.training_gap(gaps(), LAWS),
    "deviations": lambda: pictures.deviations(SPREAD, {1: "-0.50 ± 0.01", 2: "-0.51 ± 0.01"}),
    "layers": lambda: deep_kernels.gaussian_layers(SAMPLES, LAYERS),
    "curves": lambda: pictures.error_curves(CURVES),
    "slopes": lambda: deep_kernels.slopes(SLOPES, lambda t: 1 - t / np.pi, np.cos),
    "one step": lambda: pictures.one_step(ANGLES, np.cos(ANGLES), np.cos(ANGLES) + 0.1, 0.6),
    "two points": lambda: pictures.two_points(
        np.array([[1.0, 0.8], [0.8, 1.0]]), np.array([1.0, -1.0]), PATH, PATH
    ),
    "moved": lambda: pictures.moved_kernel(MOVED),
    "neurons and networks": lambda: pictures.neurons_and_networks(TOGETHER),
    "network": lambda: pictures.network_and_limit(width.compute(16, 1, 0)),
}


def test_gap_shows_the_root_mean_square_and_the_laws():
    figure = pictures.training_gap(gaps(), LAWS)
    curve = figure.axes[0].lines[0]
    np.testing.assert_allclose(curve.get_ydata(), np.sqrt(2.5 / np.array(WIDTHS)))
    assert "-0.10 ± 0.01" in curve.get_label() and "-0.50 ± 0.02" in figure.get_label()


def test_deviations_name_each_depth_with_its_law():
    figure = pictures.deviations(SPREAD, {1: "-0.50 ± 0.01", 2: "-0.51 ± 0.01"})
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["1 hidden layer: m^(-0.50 ± 0.01)", "2 hidden layers: m^(-0.51 ± 0.01)"]


def test_single_neurons_and_networks_stand_in_a_column_for_each_width():
    figure = pictures.neurons_and_networks(TOGETHER)
    for column, seen in enumerate(TOGETHER):
        neurons, outputs = figure.axes[column], figure.axes[2 + column]
        assert [line.get_ydata().tolist() for line in neurons.lines] == [
            *seen.before.tolist(), *seen.after.tolist()
        ]
        assert len(outputs.lines) == len(seen.added) + 1
        np.testing.assert_array_equal(outputs.lines[-1].get_ydata(), seen.expected)
    assert "width 8" in figure.get_label() and "width 64" in figure.get_label()


def test_kernels_that_moved_share_their_colours_and_the_alt_text_tells_how_far():
    figure = pictures.moved_kernel(MOVED)
    shown = [ax.images[0] for ax in figure.axes[:3]]
    for image, H in zip(shown, (MOVED.limit, MOVED.before, MOVED.after), strict=True):
        np.testing.assert_array_equal(image.get_array(), H)
    assert len({image.get_clim() for image in shown}) == 1
    assert f"moved it by {MOVED.drift:.0%}" in figure.get_label()


def test_network_picture_tells_the_distances():
    seen = width.compute(32, 2, 3)
    alt = pictures.network_and_limit(seen).get_label()
    for number in (f"{seen.deviation:.0%}", f"{seen.drift:.0%}", "width 32", "2 hidden layers"):
        assert number in alt


def test_width_compute_by_plain_steps():
    """The explorer's three trainings at t = 0 and after; wide networks meet the prediction."""
    seen = width.compute(512, 1, 1)
    np.testing.assert_allclose(seen.outputs[0], seen.predicted[0], atol=1e-6)
    np.testing.assert_allclose(seen.outputs[0], seen.limit[0], atol=1e-6)
    narrow = width.compute(16, 1, 1)
    for run, near in ((seen, True), (narrow, False)):
        off = np.abs(run.outputs[-1] - run.predicted[-1]).max()
        assert (off < 0.05) == near
    assert seen.deviation < narrow.deviation and seen.drift < narrow.drift


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: width.compute(width=1024), "width"),
        (lambda: width.compute(hidden_layers=4), "hidden_layers"),
        (lambda: width.compute(seed=-1), "seed"),
    ],
)
def test_bad_input_of_the_explorer_is_named(call, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        call()
