"""Verdicts, and proof that each check can fail."""

import numpy as np
import pandas as pd
import pytest

from ntklab import claims
from ntklab.claims import convergence
from ntklab.densities import uniform

EXPECTED = {"C18": "asymptotic", "C19": "corrected", "C20": "holds"}


@pytest.mark.nightly  # lectures print them
@pytest.mark.parametrize("claim_id", EXPECTED)
def test_verdict(claim_id):
    judged = claims.judge(claim_id)
    assert judged.measurement.verdict == EXPECTED[claim_id]
    assert claim_id in str(judged) and judged.measurement.figure in str(judged)


@pytest.mark.parametrize(
    "wrong",
    [
        # times that would go like 1/√p*, and a deviation that would fall like 1/κ²
        lambda: convergence.measure_times(power=0.5, frequencies=(5, 7, 10), border=()),
        lambda: convergence.measure_times(expected=-2.0, frequencies=(5, 7, 10), border=()),
        # bounds made smaller than they are
        lambda: convergence.measure_lemma(scale=0.7, zoo=convergence.ZOO[:1]),
        lambda: convergence.measure_proof(scale=0.3, zoo=convergence.ZOO[:1]),
    ],
)
def test_every_check_can_fail(wrong):
    assert wrong().verdict == "unsettled"


def test_trained_networks_are_compared_with_their_theory():
    frame = pd.DataFrame({"trained": [110.0, 95.0], "theory": [100.0, 100.0]})
    measured = convergence.measure_times(trained=frame, frequencies=(5, 7, 10), border=())
    assert "networks within 10 % of linear theory" in measured.figure


def test_iteration_table_bounds_in_order():
    table = convergence.iteration_table((2, 4))
    assert (table.exact < table.direct).all() and (table.direct < table.corrected).all()
    assert (table.corrected < table.printed).all()
    np.testing.assert_allclose(table.printed[0], table.printed[1])  # it does not know κ
    assert table.direct[1] > 3 * table.direct[0]


def test_under_uniform_data_the_law_is_exact_and_has_no_border():
    measured = convergence.measure_times(frequencies=(5, 7, 10), density=uniform(), border=(5,))
    assert measured.verdict == "holds" and "never passed" in measured.figure


def test_bounds_that_fail_are_not_said_to_hold():
    measured = convergence.measure_lemma(scale=0.7, zoo=convergence.ZOO[:1], frequencies=(2, 5))
    assert "fail by a factor 1." in measured.figure
