"""Figures."""

import numpy as np

from ntklab.experiments import trained, two_layer
from ntklab.explorers import two_layer as bias
from ntklab.figures import two_layer as pictures
from ntklab.kernels import TwoLayerNTK

RNG = np.random.default_rng(0)
RUN = trained.two_layer.with_and_without_bias(2, 40, 16, 20, rng=RNG, device="cpu")
THETA = np.linspace(0, np.pi, 400)
PROFILES = {
    name: TwoLayerNTK(bias=name == "with").profile(THETA) for name in ("with", "without")
}

DRAWINGS = {
    "active": lambda: pictures.active_neurons(
        1.0, two_layer.active_together([0.5, 1.0], 100, rng=RNG)
    ),
    "kinks": lambda: pictures.kinks_and_spikes(THETA, PROFILES),
    "wrapped": lambda: pictures.wrapped_and_not(*np.zeros((3, 4))),
    "uniform": lambda: pictures.uniform_eigenvalues(two_layer.uniform_spectra(5)),
    "learned": lambda: pictures.learned_or_not(RUN),
    "switch": lambda: pictures.bias_switch(bias.compute()),
}


def test_alt_text_says_what_is_learned():
    assert "0% of cos 3x" in pictures.bias_switch(bias.compute(False, 3, 1e5)).get_label()
    assert "100% of cos 3x" in pictures.bias_switch(bias.compute(True, 3, 1e5)).get_label()


def test_spikes_have_the_weight_of_the_jumps():
    figure = pictures.kinks_and_spikes(THETA, PROFILES)
    weights = [[text.get_text() for text in ax.texts if text.get_text()] for ax in figure.axes]
    assert weights[4] == ["-1/π"] and weights[5] == ["-0.5/π"] * 3


def test_zeros_are_marked_as_zeros():
    middle = pictures.bias_switch(bias.compute(False, 3, 1.0)).axes[1]
    never = next(line for line in middle.lines if line.get_label() == "zero")
    assert never.get_xdata().tolist() == [3, 5, 7, 9, 11]
    left = pictures.uniform_eigenvalues(two_layer.uniform_spectra(5)).axes[0]
    assert [tick.get_text() for tick in left.get_yticklabels()][0] == "zero"


def test_one_iteration_is_no_plural():
    assert "after 1 iteration:" in pictures.bias_switch(bias.compute(iteration=1)).get_label()
