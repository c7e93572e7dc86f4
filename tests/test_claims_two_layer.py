"""Claims: measured, and able to fail."""

import pytest

from ntklab.claims import CLAIMS, judge, two_layer
from ntklab.experiments import ONE_TWO_FOUR
from ntklab.kernels import TwoLayerNTK

EXPECTED = {
    "C06": "holds", "C07": "corrected", "C09": "holds", "C24": "holds", "C25": "holds",
}


@pytest.mark.parametrize("claim_id", EXPECTED)
def test_verdict(claim_id):
    judged = judge(claim_id)
    assert judged.measurement.verdict == EXPECTED[claim_id]
    assert judged.measurement.figure in str(judged)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: two_layer.measure_gradient(scale=2.0),
        lambda: two_layer.measure_constant(TwoLayerNTK(bias=False)),  # 1/4π once more
        lambda: two_layer.measure_wrapping(lambda gap: abs(gap) % 3),
        lambda: two_layer.measure_harmonics(density=ONE_TWO_FOUR),
        lambda: two_layer.measure_decomposition(TwoLayerNTK(bias=False)),
    ],
    ids=EXPECTED,
)
def test_every_check_can_fail(wrong):
    assert wrong().verdict == "unsettled"


def test_a_right_constant_would_hold():
    """With the bias of the unit-norm input the printed constant is half the network's, too."""
    assert two_layer.measure_constant(bias=True).verdict == "unsettled"
    both = TwoLayerNTK(bias=True, normalization="network")
    assert two_layer.measure_constant(both, bias=True).verdict == "corrected"


def test_the_sentence_is_about_the_network_that_was_measured():
    with_bias = judge("C07", **CLAIMS["C07"].elsewhere["with bias"]).measurement.figure
    assert "of (6) with a bias have 2.000" in with_bias and "(7)" not in with_bias
    assert "of (6) without bias have 2.000" in judge("C07").measurement.figure


def test_points_without_opposites_are_refused():
    with pytest.raises(ValueError, match="^points: must be even"):
        two_layer.measure_decomposition(points=41)
