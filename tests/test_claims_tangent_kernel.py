"""C02–C05: verdicts by measurement, and every check can fail."""

import numpy as np
import pandas as pd
import pytest

from ntklab.claims import deep_kernels as deep
from ntklab.claims import judge, tangent_kernel
from ntklab.experiments import deep_kernels, trained
from ntklab.experiments.trained.tangent_kernel import Size


@pytest.fixture(scope="module")
def tables():
    """Five seconds of training; the verdicts themselves are printed by lectures."""
    rng = np.random.default_rng(1)
    return {
        "C02": trained.tangent_kernel.training(
            Size((128, 256, 512, 1024, 2048), 12), rng=rng, device="cpu"
        ),
        "C03": trained.tangent_kernel.concentration(
            Size((32, 64, 128, 256), 15), rng=rng, device="cpu"
        ),
        "C04": trained.deep_kernels.gaussianity(Size((16, 32, 64), 5000), rng=rng, device="cpu"),
    }


@pytest.mark.nightly
@pytest.mark.parametrize("claim_id", ["C02", "C03", "C04"])
def test_true_in_the_limit(tables, claim_id):
    judged = judge(claim_id, table=tables[claim_id])
    assert judged.measurement.verdict == "asymptotic"
    assert claim_id in str(judged) and judged.measurement.figure in str(judged)


def test_printed_slope_is_corrected():
    judged = judge("C05", samples=100_000, networks=12)
    assert judged.measurement.verdict == "corrected"
    assert judged.measurement.printed > 50


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("measure", "claim_id", "wrong"),
    [
        (tangent_kernel.measure_training, "C02", {"expected": -1.0}),
        (tangent_kernel.measure_training, "C02", {"start": "random"}),  # whose u(0) is not zero
        (tangent_kernel.measure_concentration, "C03", {"expected": -1.0}),
        (deep.measure_gaussianity, "C04", {"expected": -1.0}),
        (deep.measure_gaussianity, "C04", {"expected_excess": -0.5}),
    ],
)
def test_a_wrong_rate_settles_nothing(tables, measure, claim_id, wrong):
    assert measure(tables[claim_id], **wrong).verdict == "unsettled"


@pytest.mark.nightly
def test_every_depth_must_concentrate(tables):
    table = tables["C03"].copy()
    stuck = pd.Series(np.where(table.hidden_layers == 2, 0.3, table.deviation))
    measured = tangent_kernel.measure_concentration(table.assign(deviation=stuck))
    assert measured.verdict == "unsettled"


@pytest.mark.parametrize(
    "slope",
    [
        deep_kernels.printed_slope,
        lambda theta: deep_kernels.slope(theta) / 2,  # without c_σ
        lambda theta: 1.02 * deep_kernels.slope(theta),
    ],
)
def test_a_wrong_slope_corrects_nothing(slope):
    measured = deep.measure_slope(slope, samples=100_000, networks=4)
    assert measured.verdict == "unsettled"
