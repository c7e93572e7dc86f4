"""Laziness of deep networks, and the width that the theorem asks for."""

import numpy as np
import pytest

from ntklab.experiments import depth, fit_power, rms
from ntklab.experiments.trained import depth as lazy_depth
from ntklab.experiments.trained.toolkit import decayed


@pytest.fixture(scope="module")
def table():
    return lazy_depth.lazy_training(
        (1, 3), (64, 256, 1024), seeds=4, points=14, iterations=30,
        rng=np.random.default_rng(0), device="cpu",
    )


def test_every_network_is_in_the_table(table):
    assert len(table) == 2 * 3 * 4 and set(table.hidden_layers) == {1, 3}
    assert (table[["drift", "start", "residual", "frozen"]] > 0).all().all()


@pytest.mark.parametrize("column", ["start", "drift", "residual", "frozen"])
def test_all_distances_fall_with_width(table, column):
    law = fit_power(*rms(table, column))
    assert -1.2 < law.exponent < -0.25


def test_the_residual_of_a_linear_run_is_nothing():
    """Against plain steps r <- r - ηHr."""
    rng = np.random.default_rng(1)
    A = rng.standard_normal((5, 5))
    H, r = A @ A.T / 5, rng.standard_normal(5)
    steps = [r]
    for _ in range(6):
        steps.append(steps[-1] - 0.1 * H @ steps[-1])
    np.testing.assert_allclose(decayed(H, 0.1, np.arange(7), r), steps, atol=1e-12)
    assert lazy_depth._largest(np.array(steps), np.array(steps)) == 0


def test_the_same_seed_is_the_same_table():
    first, second = (
        lazy_depth.lazy_training(
            (2,), (16,), seeds=2, points=8, iterations=5, rng=np.random.default_rng(4),
            device="cpu",
        )
        for _ in range(2)
    )
    assert first.equals(second)


def test_the_required_width_solves_its_own_equation():
    n, L, eps, delta, failure = 20, 3, 0.1, 0.1, 0.1
    log_m = depth.required_width(n, L) * np.log(10)
    tau = eps * failure / n
    right = 24 * np.log(n) + 12 * np.log(L) + 5 * np.log(log_m) - 8 * np.log(delta)
    assert log_m == pytest.approx(right - 6 * np.log(tau), rel=1e-9)
    growth = depth.required_width(2000, 1) - depth.required_width(200, 1)
    assert growth == pytest.approx(30, abs=1)
