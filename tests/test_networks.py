"""Networks (3) and (6): against NumPy loops, autograd, mpmath and their statistics at the start."""

import re
from math import erf

import mpmath
import numpy as np
import pytest
import torch

from ntklab.networks import ACTIVATIONS, FullyConnected, TwoLayerReLU, pick_device

torch.set_num_threads(1)

POINTS = np.random.default_rng(0).normal(size=(6, 3))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def two_layer(width=40, dimension=3, **options):
    return TwoLayerReLU(width, dimension, generator=seeded(), **{"device": "cpu", **options})


def deep(hidden_layers=3, width=(7, 9, 8), dimension=3, **options):
    options = {"generator": seeded(), "device": "cpu", **options}
    return FullyConnected(hidden_layers, width, dimension, **options)


def values(network, points=POINTS):
    return network(torch.tensor(points, dtype=torch.float64)).detach().numpy()


def arrays(network):
    return {name: value.detach().numpy() for name, value in network.named_parameters()}


NETWORKS = {
    "two layers": two_layer,
    "no bias": lambda: two_layer(bias=False),
    "output trained": lambda: two_layer(train_output=True),
    "deep": deep,
    "hidden": lambda: deep(trained="hidden", bias_variance=0.3),
    "first and last": lambda: deep(trained=(1, 4), activation="tanh", bias_variance=0.3),
    "last": lambda: deep(trained=(4,), bias_variance=0.3),
    "own activation": lambda: deep(2, 5, activation=lambda z: z * torch.cos(z)),
    "linear": lambda: deep(2, 5, activation=lambda z: z, bias_variance=0.2),
}


@pytest.mark.parametrize("bias", [True, False])
def test_equation_6_term_by_term(bias):
    network = two_layer(width=11, bias=bias, weight_scale=0.7)
    p = arrays(network)
    if bias:
        with torch.no_grad():  # away from the start, where b = 0 hides
            network.b += torch.linspace(-1, 1, 11)
    b = p.get("b", np.zeros(11))
    for x, value in zip(POINTS, values(network), strict=True):
        terms = [p["a"][r] * max(p["W"][r] @ x + b[r], 0) for r in range(11)]
        assert value == pytest.approx(sum(terms) / np.sqrt(11), abs=1e-14)


@pytest.mark.parametrize("name, function, c_sigma", [
    ("relu", lambda z: max(z, 0), 2),
    ("erf", erf, np.pi / (2 * np.arcsin(2 / 3))),
])  # fmt: skip
@pytest.mark.parametrize("variance", [0.0, 0.25])
def test_equation_3_layer_by_layer(name, function, c_sigma, variance):
    network = deep(activation=name, bias_variance=variance)
    p = arrays(network)
    beta = np.sqrt(variance)
    for x, value in zip(POINTS, values(network), strict=True):
        g = x
        for h in (1, 2, 3):
            f = p[f"W{h}"] @ g + beta * p.get(f"b{h}", 0)
            g = np.sqrt(c_sigma / len(f)) * np.array([function(z) for z in f])
        assert value == pytest.approx(p["W4"] @ g + beta * p.get("b4", 0), abs=1e-13)


@pytest.mark.parametrize("name, function", [
    ("tanh", mpmath.tanh),
    ("gelu", lambda z: z * mpmath.ncdf(z)),
    ("sin", mpmath.sin),
])  # fmt: skip
def test_c_sigma_makes_the_second_moment_one(name, function):
    moment = mpmath.quad(lambda z: function(z) ** 2 * mpmath.npdf(z), mpmath.linspace(-12, 12, 13))
    z = torch.linspace(-3, 3, 50, dtype=torch.float64)[:, None]
    network = deep(1, 1, 1, activation=name)
    with torch.no_grad():
        network.W1.fill_(1.0)
        network.W2.fill_(1.0)
    expected = [float(function(float(x)) / mpmath.sqrt(moment)) for x in z]
    np.testing.assert_allclose(network(z).detach(), expected, rtol=1e-9)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, torch.sigmoid])
def test_preactivations_keep_variance_one(activation):
    width = 1500
    network = deep(2, width, activation=activation)
    x = torch.tensor([[0.6, 0.0, -0.8]], dtype=torch.float64)
    _, b = network.gradient_factors(x)["W2"]
    g, _ = network.gradient_factors(x)["W3"]
    # |g|² is a mean of m terms c σ(f)² with expectation 1, their deviation at most √5 (ReLU)
    assert float((g**2).sum()) == pytest.approx(1, abs=5 * 2 * np.sqrt(5 / width))
    assert b.shape == (1, width)


def test_start_of_equation_6():
    network = two_layer(width=20_000, weight_scale=0.2)
    p = arrays(network)
    assert set(np.unique(p["a"])) == {-1.0, 1.0}
    assert abs(p["a"].mean()) < 5 / np.sqrt(20_000)
    assert not p["b"].any()
    entries = p["W"].ravel() / 0.2
    assert abs(entries.mean()) < 5 / np.sqrt(entries.size)
    assert np.mean(entries**2) == pytest.approx(1, abs=5 * np.sqrt(2 / entries.size))
    assert np.mean(entries**4) == pytest.approx(3, abs=5 * np.sqrt(96 / entries.size))


def test_generator_decides_the_network():
    np.testing.assert_array_equal(values(deep()), values(deep()))
    assert (values(deep()) != values(deep(generator=seeded(1)))).all()
    single = arrays(two_layer(dtype=torch.float32))
    for name, value in arrays(two_layer()).items():
        np.testing.assert_array_equal(single[name], value.astype(np.float32))


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_gradient_factors_are_those_of_autograd(build):
    network = build()
    factors = network.gradient_factors(torch.tensor(POINTS))
    assert list(factors) == list(network.trained_parameters)
    for i, x in enumerate(torch.tensor(POINTS)):
        for name, (g, b) in factors.items():
            gradient = torch.autograd.grad(network(x), network.get_parameter(name))[0]
            outer = torch.outer(b[i], g[i]).reshape(gradient.shape)
            np.testing.assert_allclose(outer, gradient, rtol=1e-12, atol=1e-14)


def test_gradient_of_equation_6_by_hand():
    network = two_layer(width=12)
    p = arrays(network)
    x = POINTS[0]
    network(torch.tensor(x)).backward()
    active = p["a"] * (p["W"] @ x >= 0) / np.sqrt(12)
    np.testing.assert_allclose(network.b.grad, active, rtol=1e-14)
    np.testing.assert_allclose(network.W.grad, np.outer(active, x), rtol=1e-14)
    assert network.a.grad is None


@pytest.mark.parametrize("trained, names", [
    ("all", {"W1", "W2", "W3", "W4", "b1", "b2", "b3", "b4"}),
    ("first", {"W1", "b1"}),
    ("hidden", {"W2", "W3", "b2", "b3"}),
    ((4, 1), {"W1", "W4", "b1", "b4"}),
])  # fmt: skip
def test_only_trained_layers_move(trained, names):
    network = deep(bias_variance=0.5, trained=trained)
    assert set(network.trained_parameters) == names
    before = {name: value.copy() for name, value in arrays(network).items()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    network(torch.tensor(POINTS)).square().sum().backward()
    optimizer.step()
    moved = {name for name, value in arrays(network).items() if (value != before[name]).any()}
    assert moved == names


def test_shapes():
    network = deep()
    assert network.widths == (7, 9, 8) and network.dimension == 3
    assert network(torch.zeros(3, dtype=torch.float64)).shape == ()
    assert network(torch.zeros(4, 5, 3, dtype=torch.float64)).shape == (4, 5)


def test_many_networks_run_at_once():
    networks = [TwoLayerReLU(40, 3, generator=seeded(i), device="cpu") for i in range(3)]
    state, _ = torch.func.stack_module_state(networks)

    def output(state):
        return torch.func.functional_call(networks[0], state, (torch.tensor(POINTS),))

    together = torch.func.vmap(output)(state).detach()
    np.testing.assert_allclose(together, [values(network) for network in networks], rtol=1e-13)


def test_repr_says_which_network():
    text = repr(two_layer(width=40))
    assert "equation (6)" in text and "width=40" in text and "tangent-kernel" in text
    assert "trained: W, b; fixed: a;" in text and "float64 on cpu" in text
    text = repr(deep(trained="hidden", dtype=torch.float32))
    assert "equation (3)" in text and "width=(7, 9, 8)" in text and "c = 2" in text
    assert "trained: W2, W3; fixed: W1, W4;" in text and "float32" in text


@pytest.mark.parametrize("build, error, message", [
    (lambda: two_layer(width=0), ValueError, "width: must be >= 1, got int 0"),
    (lambda: two_layer(width=2.5), TypeError, "width: must be a whole number"),
    (lambda: two_layer(dimension=0), ValueError, "dimension: must be >= 1"),
    (lambda: two_layer(bias=1), TypeError, "bias: must be True or False, got int 1"),
    (lambda: two_layer(train_output="a"), TypeError, "train_output: must be True or False"),
    (lambda: two_layer(weight_scale=0), ValueError, "weight_scale: must be > 0"),
    (lambda: two_layer(dtype=torch.int64), ValueError, "dtype: must be a real floating"),
    (lambda: two_layer(dtype="float64"), ValueError, "dtype: must be a real floating"),
    (lambda: deep(generator=np.random.default_rng()), TypeError, "generator: must be a torch.Gen"),
    (lambda: deep(width=(3, 3)), ValueError, "width: must be one a hidden layer (3)"),
    (lambda: deep(width=(3, 0, 3)), ValueError, "width: must be >= 1"),
    (lambda: deep(activation="step"), ValueError, "activation: must be one of 'relu'"),
    (lambda: deep(activation=[1]), TypeError, "activation: must be a name or a function"),
    (lambda: deep(bias_variance=-1), ValueError, "bias_variance: must be >= 0"),
    (lambda: deep(trained="none"), ValueError, "trained: must be one of"),
    (lambda: deep(1, 5, trained="hidden"), ValueError, "trained: with one hidden layer"),
    (lambda: deep(trained=(5,)), ValueError, "trained: must be <= 4"),
    (lambda: values(deep(), np.ones((2, 4))), ValueError, "x: must have 3 coordinates a point"),
])  # fmt: skip
def test_bad_input_is_named(build, error, message):
    with pytest.raises(error, match="^" + re.escape(message)):
        build()


@pytest.mark.parametrize("count, accepted, chosen", [
    (0, "'auto', 'cpu' on this machine", "cpu"),
    (2, "'auto', 'cpu', 'cuda:0', 'cuda:1' on this machine", "cuda"),
])  # fmt: skip
def test_device_is_one_that_is_there(monkeypatch, count, accepted, chosen):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto") == torch.device(chosen)
    assert pick_device(torch.device("cpu")) == torch.device("cpu")
    for missing in ("cuda:2", "tpu", "mps"):
        message = f"device: must be one of {accepted}, got {missing!r}"
        with pytest.raises(ValueError, match="^" + re.escape(message)):
            pick_device(missing)
    with pytest.raises(TypeError, match="^device: must be a name or a torch.device, got NoneType"):
        pick_device(None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_network_on_a_missing_gpu_is_refused():
    with pytest.raises(ValueError, match="^device: must be one of 'auto', 'cpu'.* got 'cuda'"):
        two_layer(device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_gpu_and_cpu_hold_the_same_network():
    there = two_layer(device="auto")
    assert there.W.device.type == "cuda"
    on_gpu = there(torch.tensor(POINTS, device="cuda")).detach().cpu()
    np.testing.assert_allclose(on_gpu, values(two_layer()), rtol=1e-12)
