"""Claims: measured, and able to fail."""

import functools

import numpy as np
import pandas as pd
import pytest

from ntklab.claims import depth, eigenfunctions, judge
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments import ONE_TWO_FOUR
from ntklab.experiments import depth as measured_depth
from ntklab.kernels import DeepNTK


def laziness(power):
    """A table in which everything falls like m^power."""
    rows = [
        {"hidden_layers": L, "width": m, "seed": s, "residual": m**power, "drift": m**power}
        for L in (1, 2) for m in (64, 128, 256) for s in (0, 1)
    ]
    return pd.DataFrame(rows)


def test_the_remainder_dies_out_with_width():
    assert judge("C21", table=laziness(-0.5)).measurement.verdict == "asymptotic"
    for power in (0.0, -1.0, 0.5):
        assert judge("C21", table=laziness(power)).measurement.verdict == "unsettled"


@pytest.mark.nightly
def test_time_grows_with_frequency(monkeypatch):
    # measured once, judged three times
    times = measured_depth.learning_times(ONE_TWO_FOUR, (8, 12, 16, 24), DeepNTK(10))
    decay = functools.cache(measured_depth.eigenvalue_decay)
    monkeypatch.setattr(measured_depth, "eigenvalue_decay", decay)
    monkeypatch.setattr(measured_depth, "learning_times", lambda *_: times)
    judged = judge("C22")
    assert judged.measurement.verdict == "corrected"
    assert "κ^-2.00 on the circle" in str(judged)
    for wrong in ({"power": 3.0}, {"density_power": -2.0}):
        assert depth.measure_decay(**wrong).verdict == "unsettled"


def test_local_frequency_of_both_depths():
    measured = eigenfunctions.measure_local_frequency()
    assert measured.verdict == "asymptotic" and "10 hidden layers" in measured.figure
    other = PiecewiseConstant.equal_pieces([1, 3, 4])
    wrong = eigenfunctions.measure_local_frequency(count=41, depths=(10,), predicted_for=other)
    assert wrong.printed > 0.1


def test_trained_networks_are_measured():
    from ntklab.experiments.trained import depth as lazy_depth

    table = lazy_depth.lazy_training(
        (1, 2), (64, 256, 1024), seeds=3, points=16, iterations=30, rng=np.random.default_rng(1),
        device="cpu",
    )
    assert depth.measure_laziness(table).rate.measured.exponent < -0.2


def test_likeness_to_waves_is_lost_in_x_and_kept_in_the_phase():
    measured = judge("C29").measurement
    assert measured.verdict == "corrected" and measured.corrected < 0.1 < 0.5 < measured.printed
    same = depth.measure_likeness(uniform(), depths=(1,))
    assert same.verdict == "holds"  # nothing to tell apart


def test_what_the_theorem_asks_for_is_out_of_reach():
    measured = judge("C27").measurement
    assert measured.verdict == "corrected" and "10^76" in measured.figure


def test_sentences_follow_the_regions_and_the_number_of_modes():
    four = PiecewiseConstant.equal_pieces([1, 2, 4, 8])
    assert "in the 4 regions 1 : " in depth.measure_decay(density=four).figure
    assert "at q = 1, 5, 10, and" in depth.measure_likeness(depths=(1,), count=21).figure
