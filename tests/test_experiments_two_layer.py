"""The two-layer network: probabilities, gradients, parity, harmonics on the sphere."""

import numpy as np
import pytest
import torch

from ntklab.experiments import two_layer
from ntklab.experiments.trained.two_layer import with_and_without_bias
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.networks import TwoLayerReLU


def test_share_of_neurons_active_on_both():
    table = two_layer.active_together([0.0, 0.4, 1.5, np.pi], 40_000, rng=np.random.default_rng(0))
    np.testing.assert_allclose(table.exact, [0.5, (np.pi - 0.4) / 2 / np.pi,
                                             (np.pi - 1.5) / 2 / np.pi, 0])
    assert (np.abs(table.sampled - table.exact) <= 4 * table.error + 1e-12).all()


def test_gradient_by_hand_against_differences():
    rng = np.random.default_rng(1)
    W, b, a = rng.standard_normal((5, 2)), rng.standard_normal(5), rng.choice([-1.0, 1.0], 5)
    X, y = rng.standard_normal((7, 2)), rng.standard_normal(7)
    loss, gradient_W, gradient_b = two_layer.gradient_by_hand(W, b, a, X, y)
    h = 1e-6
    for index in np.ndindex(5, 2):
        moved = W.copy()
        moved[index] += h
        slope = (two_layer.gradient_by_hand(moved, b, a, X, y)[0] - loss) / h
        assert slope == pytest.approx(gradient_W[index], abs=1e-4)
    for r in range(5):
        moved = b.copy()
        moved[r] += h
        slope = (two_layer.gradient_by_hand(W, moved, a, X, y)[0] - loss) / h
        assert slope == pytest.approx(gradient_b[r], abs=1e-4)


def test_odd_part_of_a_network_without_bias_is_linear():
    """The identity at the head of the module, on a network of any width."""
    seed = torch.Generator().manual_seed(0)
    network = TwoLayerReLU(13, 3, bias=False, generator=seed, device="cpu")
    X = torch.randn(20, 3, generator=seed, dtype=torch.float64)
    with torch.no_grad():
        odd = network(X) - network(-X)
        linear = X @ (network.a @ network.W) / np.sqrt(13)
    torch.testing.assert_close(odd, linear)


@pytest.mark.parametrize(("frequency", "learned"), [(3, False), (5, False), (2, True), (1, True)])
def test_what_is_learned_without_bias(frequency, learned):
    run = with_and_without_bias(
        frequency, width=2000, points=24, iterations=300, rng=np.random.default_rng(2), device="cpu"
    )
    assert run.fractions[0, -1] > 0.5
    if learned:
        assert run.fractions[1, -1] > 0.8
    else:
        assert np.abs(run.fractions[1]).max() < 1e-12
        assert np.abs(run.predicted[1]).max() < 1e-12
    assert np.abs(run.fractions - run.predicted).max() < 0.2


def test_wider_is_nearer_to_the_prediction():
    def off(width):
        runs = (
            with_and_without_bias(
                3, width, 24, 60, rng=np.random.default_rng(seed), device="cpu"
            )
            for seed in range(4)
        )
        return np.mean([np.abs(run.fractions[0] - run.predicted[0]).max() for run in runs])

    assert off(3000) < 0.5 * off(30)


def test_closed_forms_of_the_circle():
    table = two_layer.uniform_spectra(5)
    circle = table["circle", "with bias"]
    assert circle[0] == pytest.approx(1 / 8 + 1 / (2 * np.pi**2))
    assert circle[1] == pytest.approx(1 / 16 + 1 / (2 * np.pi**2))
    # on the sphere the trace of T is Σ (2l+1) λ_l = k(0) = 1/2
    sphere = two_layer.uniform_spectra(300)["sphere", "with bias"]
    assert (sphere * (2 * sphere.index + 1)).sum() == pytest.approx(0.5, rel=2e-3)


@pytest.mark.parametrize("kernel", [TwoLayerNTK(), TwoLayerNTK(bias=False), DeepNTK(3)], ids=repr)
@pytest.mark.parametrize("degree", [0, 1, 4, 9])
def test_zonal_harmonics_are_eigenfunctions(kernel, degree):
    assert two_layer.sphere_residual(kernel, degree) < 1e-11


def test_a_mixture_of_harmonics_is_none(monkeypatch):
    """The residual is not small because it could not be large."""
    mixture = lambda l, z: z**2  # noqa: E731, E741
    monkeypatch.setattr(two_layer, "eval_legendre", mixture)
    assert two_layer.sphere_residual(TwoLayerNTK(), 2) > 1e-3
