"""Other losses: weights against integrals, predictions against steps, networks against both."""

import numpy as np
import pytest

from ntklab.densities import PiecewiseConstant
from ntklab.experiments import beyond, trained
from ntklab.experiments.beyond import Loss
from ntklab.kernels import TwoLayerNTK

KERNEL = TwoLayerNTK(bias=True, normalization="network")


def points(ratio=4.0, n=120):
    return np.sort(PiecewiseConstant.equal_pieces([ratio, 1.0]).grid(n))


def test_weights_are_the_arcs_that_points_stand_for():
    w = beyond.quadrature_weights([0.0, 1.0, 3.0])
    gap = 2 * np.pi - 3
    np.testing.assert_allclose(w, [(1 + gap) / 2, 1.5, (2 + gap) / 2])
    shuffled = beyond.quadrature_weights([3.0, 0.0, 1.0])
    np.testing.assert_allclose(shuffled, w[[2, 0, 1]])


def test_weights_integrate_a_smooth_function():
    x = np.random.default_rng(0).uniform(-np.pi, np.pi, 4000)
    w = beyond.quadrature_weights(x)
    assert w.sum() == pytest.approx(2 * np.pi)
    exact = 2 * np.pi * np.i0(1.0)  # ∫ exp(cos x)
    assert w @ np.exp(np.cos(x)) == pytest.approx(exact, rel=1e-4)


def test_exact_weights_are_exact_and_close_to_the_arcs():
    x = points()
    w, arcs = beyond.quadrature_weights(x, 20), beyond.quadrature_weights(x)
    for k in range(1, 21):
        assert abs(w @ np.exp(1j * k * x)) < 1e-12
    assert w.min() > 0 and np.abs(w / arcs - 1).max() < 0.5


def test_on_an_even_grid_all_weights_are_equal():
    x = np.linspace(-np.pi, np.pi, 40, endpoint=False)
    np.testing.assert_allclose(beyond.quadrature_weights(x, 19), 2 * np.pi / 40)


def test_sobolev_speeds_on_an_even_grid_are_the_eigenvalues_times_the_weights():
    x = np.linspace(-np.pi, np.pi, 400, endpoint=False)
    kappa = np.arange(1, 9)
    eigenvalues = KERNEL.harmonic_eigenvalues(kappa)
    for s in (-0.5, 0.0, 1.0, 1.7):
        expected = eigenvalues * (1.0 + kappa**2) ** s
        found = beyond.speeds(x, "sobolev", s, highest=8)
        np.testing.assert_allclose(found, expected / expected[0], rtol=3e-3)


def test_exact_weights_make_waves_eigenvectors_under_any_density():
    x = points(5.0, 300)
    M = beyond.loss_matrix(x, "sobolev", 1.0, highest=10)
    residual = np.cos(7 * x)
    # M applied to a wave is (1 + κ²) w times that wave
    w = beyond.quadrature_weights(x, 20) / (2 * np.pi)
    np.testing.assert_allclose(M @ residual, 50 * w * residual, atol=1e-10)


def test_quadrature_is_the_sobolev_loss_of_order_0_for_what_it_carries():
    x = points(2.0, 200)
    wave = np.cos(3 * x) - np.sin(5 * x)
    quadrature = np.diag(beyond.quadrature_weights(x, 16) / (2 * np.pi))
    sobolev = beyond.loss_matrix(x, "sobolev", 0.0, highest=8)
    np.testing.assert_allclose(sobolev @ wave, quadrature @ wave, atol=1e-12)


@pytest.mark.parametrize("loss", beyond.LOSSES)
def test_prediction_against_small_steps(loss):
    x = points(3.0, 40)
    y = np.cos(x) + np.cos(3 * x)
    flow = Loss(loss, x, beyond.loss_matrix(x, loss, 0.5, highest=5))
    T = KERNEL.at_angles(x) @ flow.matrix
    u, t = np.zeros(40), 3.0 / flow.fastest
    steps = 4000
    for _ in range(steps):
        middle = u - t / steps / 2 * T @ (u - y)
        u = u - t / steps * T @ (middle - y)
    np.testing.assert_allclose(flow.predict(y, [t])[0], u, atol=1e-5)
    assert flow.fastest == pytest.approx(np.linalg.eigvals(T).real.max())


def test_quadrature_undoes_the_density():
    table = beyond.compare(6.0, (), (1, 4), points=300)
    halves = table.pivot_table(
        index=["loss", "frequency", "time"], columns="half", values="fraction"
    )
    gap = (halves["dense"] - halves["sparse"]).abs().groupby("loss").max()
    assert gap["quadrature"] < 0.02 and gap["ordinary"] > 0.2


def test_a_trained_network_follows():
    rng = np.random.default_rng(1)
    table = trained.beyond.compare(
        2.0, (1.0,), (1, 3), points=60, times=[1.0, 5.0, 20.0], width=600, rng=rng, device="cpu"
    )
    wide = table.pivot_table(
        index=["loss", "half", "frequency", "time"], columns="route", values="fraction"
    )
    assert (wide.trained - wide.predicted).abs().max() < 0.12
    assert wide.trained.max() > 0.9


def test_training_starts_at_zero_and_is_reproducible():
    x = points(2.0, 40)
    loss = Loss("ordinary", x, beyond.loss_matrix(x))
    first, second = (
        trained.beyond.learn(
            loss, np.cos(x), [0.0, 1.0], width=50, rng=np.random.default_rng(4), device="cpu"
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first[0]).max() == 0 and np.abs(first[1]).max() > 0


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: beyond.quadrature_weights(points(10.0, 60), 40), "exact"),
        (lambda: beyond.loss_matrix(points(), "huber"), "loss"),
        (lambda: beyond.compare(points=3), "points"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
