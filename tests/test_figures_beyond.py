"""Figures."""

import re

import numpy as np

from ntklab.experiments import beyond, digits, trained
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


def test_alt_text_names_the_losses_and_says_what_dots_are():
    alt = pictures.fractions_by_loss(TABLE).get_label()
    assert "ordinary, quadrature, Sobolev, s = 1" in alt and "Dots are a trained network" in alt
    exact = TABLE[TABLE.route == "predicted"]
    assert "Dots" not in pictures.fractions_by_loss(exact).get_label()


def exact(ratio, order):
    return beyond.compare(ratio, (order,), (1, 3), points=100)


def test_alt_text_gives_the_times_of_both_halves():
    even = pictures.fractions_by_loss(exact(1.0, 2.0)).get_label()
    assert "late" not in even and "agree" not in even
    # by symmetry, and at order 2 the fast wave comes first
    for loss, numbers in re.findall(r"(\w+|s = 2) loss (κ = 1 [^;.]*(?:\.\d[^;.]*)*)", even):
        pairs = re.findall(r"at ([\d.e+]+) and ([\d.e+]+)", numbers)
        assert len(pairs) == 2 and all(a == b for a, b in pairs)
        slow, fast = (float(a) for a, _ in pairs)
        assert (fast < slow) == (loss == "s = 2")


def test_the_dense_half_is_the_one_with_more_data():
    there, here = exact(4.0, 1.0), exact(0.25, 1.0)
    np.testing.assert_allclose(
        there.sort_values(["loss", "half", "frequency", "time"]).fraction,
        here.sort_values(["loss", "half", "frequency", "time"]).fraction,
        atol=1e-9,
    )


def test_speeds_are_told_by_numbers():
    text = pictures.speeds_by_loss(np.array([1, 2]), {"odd": np.array([1.0, 0.5])}, 1).get_label()
    assert "From kappa 1 to 2 it changes by a factor of 0.5 (odd)." in text
