"""Claims of lecture 02: measured, and able to fail."""

import pytest

from ntklab.claims import judge, lecture02
from ntklab.experiments import ONE_TWO_FOUR
from ntklab.kernels import TwoLayerNTK

EXPECTED = {
    "C06": "holds", "C07": "corrected", "C09": "corrected", "C24": "holds", "C25": "holds",
}


@pytest.mark.parametrize("claim_id", EXPECTED)
def test_verdict(claim_id):
    judged = judge(claim_id)
    assert judged.measurement.verdict == EXPECTED[claim_id]
    assert judged.measurement.figure in str(judged)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: lecture02.measure_gradient(scale=2.0),
        lambda: lecture02.measure_constant(TwoLayerNTK(bias=False)),  # 1/4π once more
        lambda: lecture02.measure_wrapping(lambda x, z: abs(x + z) % 3),
        lambda: lecture02.measure_harmonics(density=ONE_TWO_FOUR),
        lambda: lecture02.measure_decomposition(TwoLayerNTK(bias=False)),
    ],
    ids=EXPECTED,
)
def test_every_check_can_fail(wrong):
    assert wrong().verdict == "unsettled"


def test_a_right_constant_would_hold():
    """With the bias of the unit-norm input the printed constant is half the network's, too."""
    assert lecture02.measure_constant(bias=True).verdict == "unsettled"
    both = TwoLayerNTK(bias=True, normalization="network")
    assert lecture02.measure_constant(both, bias=True).verdict == "corrected"
