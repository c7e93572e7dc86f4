"""Digits: the density estimate against known ones, the prediction against plain steps."""

import numpy as np
import pytest
from scipy.special import ive

from ntklab.experiments import digits, trained
from ntklab.kernels import TwoLayerNTK


def sphere(n, d, rng):
    x = rng.standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_uniform_points_have_the_density_of_the_area():
    """Two-sphere: 1/4π; circle: 1/2π."""
    rng = np.random.default_rng(0)
    for d, area in ((3, 4 * np.pi), (2, 2 * np.pi)):
        values, _ = digits.log_density(sphere(3000, d, rng), 20.0)
        assert np.exp(values).mean() == pytest.approx(1 / area, rel=0.03)


@pytest.mark.nightly
def test_density_of_a_known_mixture():
    """Von Mises points on the circle: the estimate follows the true logarithm."""
    rng = np.random.default_rng(1)
    angle = rng.vonmises(0.0, 2.0, 3000)
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    values, concentration = digits.log_density(X)
    true = 2 * np.cos(angle) - np.log(2 * np.pi * ive(0, 2.0)) - 2
    assert 5 < concentration < 500
    assert np.corrcoef(values, true)[0, 1] > 0.97
    assert np.abs(values - true).mean() < 0.15


def test_the_bandwidth_has_the_greatest_likelihood():
    X = sphere(200, 5, np.random.default_rng(2))
    values, best = digits.log_density(X)
    for c in (best / 2, best * 2):
        assert digits.log_density(X, c)[0].mean() < values.mean()


@pytest.fixture(scope="module")
def run():
    return trained.digits.learn(80, 300, 40, rng=np.random.default_rng(3), device="cpu")


def test_points_are_unit_vectors_with_their_digits(run):
    np.testing.assert_allclose(np.linalg.norm(run.X, axis=1), 1)
    assert set(run.digit) <= set(range(10))
    np.testing.assert_array_equal(run.target, np.where(run.digit >= 5, 1, -1))


def test_prediction_against_plain_steps(run):
    T = TwoLayerNTK(normalization="network")(run.X) / 80
    rate = 1 / np.linalg.eigvalsh(T)[-1]
    u = run.predicted[0].copy()
    for _ in range(run.iterations[-1]):
        u = u - rate * T @ (u - run.target)
    np.testing.assert_allclose(run.predicted[-1], u, atol=1e-9)


def test_the_network_is_near_its_prediction(run):
    np.testing.assert_allclose(run.predicted[0], run.trained[0], atol=1e-12)
    moved = np.linalg.norm(run.trained[-1] - run.trained[0])
    assert np.linalg.norm(run.trained[-1] - run.predicted[-1]) < 0.3 * moved


def test_quarters_hold_a_quarter_each_in_the_order_of_density(run):
    np.testing.assert_array_equal(np.bincount(run.quarter), 20)
    ends = [run.log_density[run.quarter == k] for k in range(4)]
    assert all(low.max() <= high.min() for low, high in zip(ends, ends[1:], strict=False))


def test_eigenvectors_are_learned_from_the_first_to_the_last(run):
    learned = run.learned(run.predicted)[:, :20]
    np.testing.assert_allclose(learned[0], 0, atol=1e-12)
    assert np.all(np.diff(learned[-1]) <= 1e-9)


def test_prediction_alone_needs_no_network():
    run = digits.predict(40, 10, rng=np.random.default_rng(0))
    assert run.trained is None and np.abs(run.predicted[0]).max() < 1e-9
    np.testing.assert_allclose(run.spectrum(run.X)[:, :5], run.spectrum.values[:, :5], atol=1e-9)
