"""Closed-form gradients of many networks: against autograd, one another, and a NumPy loop."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ntklab import _gradients as gradients
from ntklab._gradients import Arcs, Layers, Patterns
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.tangent import empirical_ntk

torch.set_num_threads(1)

N, n = 3, 23


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def moved(networks):
    """The same networks away from the start, where zero biases and a = ±1 would hide mistakes."""
    rng = np.random.default_rng(5)
    with torch.no_grad():
        for network in networks:
            for name, value in network.named_parameters():
                scale = 1.5 if name == "b" else 0.3  # 1.5: some neurons always on, some never
                value += scale * torch.from_numpy(rng.standard_normal(value.shape)).to(value.dtype)
    return networks


def two_layer(width=40, dimension=2, count=N, **options):
    options = {"device": "cpu", **options}
    make = (
        TwoLayerReLU(width, dimension, generator=seeded(seed), **options) for seed in range(count)
    )
    return moved(list(make))


def deep(hidden_layers=3, width=(7, 9, 8), dimension=3, count=N, **options):
    options = {"device": "cpu", **options}
    make = (
        FullyConnected(hidden_layers, width, dimension, generator=seeded(seed), **options)
        for seed in range(count)
    )
    return moved(list(make))


def on_circle(*shape, seed=1):
    angles = torch.from_numpy(np.random.default_rng(seed).uniform(-np.pi, np.pi, (*shape, n)))
    return torch.stack([torch.cos(angles), torch.sin(angles)], dim=-1)


def in_space(*shape, dimension=2, seed=2):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(*shape, n, dimension)))


def in_closed_form(route, networks, X, targets):
    """f(x_i) and gradients by name, as `train` gets them."""
    parameters = gradients.stack(networks, "cpu")
    order = route.order(parameters)
    sorted_ = gradients.rearranged(parameters, order)
    points = route.prepare(X)
    u, slopes = route.gradients(sorted_, points, targets)
    torch.testing.assert_close(route.outputs(sorted_, points), u, rtol=0, atol=0)
    back = None if order is None else order.argsort(dim=-1)
    return u, gradients.rearranged(slopes, back)


@pytest.mark.parametrize("bias", [True, False])
def test_neurons_that_are_zero_and_points_on_their_borders_are_inactive(bias):
    networks = two_layer(bias=bias, train_output=True)
    X, corners = on_circle(), torch.cat([torch.eye(2), -torch.eye(2)]).double()
    X[:4] = corners
    with torch.no_grad():
        for network in networks:
            network.W[:5] = torch.cat([torch.zeros(1, 2), 3 * corners])
            if bias:
                network.b[:5] = 0
    targets = torch.randn(N, n, generator=seeded(3), dtype=torch.float64)
    u, slopes = in_closed_form(Arcs(networks[0]), networks, X, targets)
    expected, wanted = by_autograd(networks, X, targets)
    torch.testing.assert_close(u, expected, rtol=0, atol=1e-12)
    for name in wanted:
        torch.testing.assert_close(slopes[name], wanted[name], rtol=0, atol=1e-12)


def test_a_neuron_active_everywhere_but_at_one_point():
    network = two_layer(bias=True, train_output=True)[0]
    X = torch.cat([torch.eye(2), -torch.eye(2)]).double()
    with torch.no_grad():
        network.W[:8] = torch.cat([X, 2 * X])
        network.b[:8] = torch.tensor([1.0] * 4 + [2.0] * 4)
    targets = torch.randn(1, 4, generator=seeded(3), dtype=torch.float64)
    u, slopes = in_closed_form(Arcs(network), [network], X, targets)
    expected, wanted = by_autograd([network], X, targets)
    torch.testing.assert_close(u, expected, rtol=0, atol=1e-12)
    for name in wanted:
        torch.testing.assert_close(slopes[name], wanted[name], rtol=0, atol=1e-12)
    kernels = [empirical_ntk(network, X, route=route) for route in ("arcs", "jacobian")]
    np.testing.assert_allclose(*kernels, atol=1e-13)


def by_autograd(networks, X, targets):
    outputs, slopes = [], []
    for i, network in enumerate(networks):
        u = network(X if X.ndim == 2 else X[i])
        loss = (u - targets[i]).square().mean() / 2
        names = network.trained_parameters
        values = [getattr(network, name) for name in names]
        slopes.append(dict(zip(names, torch.autograd.grad(loss, values), strict=True)))
        outputs.append(u.detach())
    return torch.stack(outputs), {k: torch.stack([s[k] for s in slopes]) for k in slopes[0]}


def assert_same_as_autograd(route, networks, X, bound=1e-12):
    shape = (len(networks), X.shape[-2])
    targets = torch.from_numpy(np.random.default_rng(3).normal(size=shape)).to(X.dtype)
    u, slopes = in_closed_form(route, networks, X, targets)
    v, expected = by_autograd(networks, X, targets)
    assert list(slopes) == list(expected)
    for one, other in [(u, v), *zip(slopes.values(), expected.values(), strict=True)]:
        torch.testing.assert_close(one, other, rtol=0, atol=bound * float(other.abs().max()))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("train_output", [True, False])
@pytest.mark.parametrize("width", [1, 40, 700])
@pytest.mark.parametrize("X, kind", [
    (on_circle(), Arcs),
    (on_circle(N), Arcs),
    (in_space(), None),  # Arcs without bias, where only the angle counts
    (in_space(N), None),
    (in_space(dimension=1), Patterns),
    (in_space(N, dimension=4), Patterns),
])  # fmt: skip
def test_two_layers(bias, train_output, width, X, kind):
    networks = two_layer(width, X.shape[-1], bias=bias, train_output=train_output)
    route = gradients.route(networks[0], X)
    assert type(route) is (kind or (Patterns if bias else Arcs))
    assert_same_as_autograd(route, networks, X)
    assert_same_as_autograd(Patterns(networks[0]), networks, X)
    assert_same_as_autograd(Layers(networks[0]), networks, X)


@pytest.mark.parametrize("X", [
    on_circle()[torch.arange(n) // 4],  # each point four times
    on_circle()[:1],
    on_circle()[on_circle()[:, 0] < -0.3],  # around -1, where angles jump from π to -π
    torch.tensor([[1.0, 0], [0, 1], [-1, 0], [-1, -0.0], [0, -1]], dtype=torch.float64),
])  # fmt: skip
@pytest.mark.parametrize("bias", [True, False])
def test_points_in_heaps_and_across_the_cut(X, bias):
    networks = two_layer(300, bias=bias, train_output=True)
    assert type(gradients.route(networks[0], X)) is Arcs
    assert_same_as_autograd(Arcs(networks[0]), networks, X)


def test_neurons_always_on_never_on_and_without_weight():
    networks = two_layer(6)
    with torch.no_grad():
        for network in networks:
            network.W[3:5] = 0
            network.b[:] = torch.tensor([9.0, -9, 0.2, 1, -1, 0])
            network.b[5] = network.W[5].norm() * 0.99
    X = on_circle()
    assert_same_as_autograd(Arcs(networks[0]), networks, X)
    u = torch.stack([network(X) for network in networks])
    _, slopes = in_closed_form(Arcs(networks[0]), networks, X, u.detach() - 1)  # residuals of 1
    a = torch.stack([network.a.detach() for network in networks]) / np.sqrt(6)
    share = slopes["b"] / a  # of the points where a neuron is active
    assert torch.allclose(share[:, [0, 1, 3, 4]], torch.tensor([1.0, 0, 1, 0]).double())


def test_neurons_opposite_to_points_and_on_everywhere():
    X = on_circle(40).reshape(-1, 2)
    networks = two_layer(len(X), count=1)
    with torch.no_grad():
        networks[0].W.copy_(-X)
        networks[0].b[:] = 3
    assert_same_as_autograd(Arcs(networks[0]), networks, X)


def test_the_sums_at_the_head_of_the_module_as_a_loop():
    (network,) = two_layer(11, count=1, train_output=True)
    W, b, a = (value.detach().numpy() for value in network.parameters())
    X, y = on_circle().numpy(), np.random.default_rng(7).normal(size=n)
    u, slopes = in_closed_form(Arcs(network), [network], on_circle(), torch.from_numpy(y)[None])
    f = np.maximum(X @ W.T + b, 0) @ a / np.sqrt(11)
    np.testing.assert_allclose(u[0], f, rtol=1e-12)
    for r in range(11):
        S = np.zeros(3)
        for x, residual in zip(X, f - y, strict=True):
            S += (W[r] @ x + b[r] > 0) * residual * np.array([*x, 1]) / n
        np.testing.assert_allclose(slopes["W"][0, r], a[r] * S[:2] / np.sqrt(11), atol=1e-14)
        np.testing.assert_allclose(slopes["b"][0, r], a[r] * S[2] / np.sqrt(11), atol=1e-14)
        expected = (W[r] @ S[:2] + b[r] * S[2]) / np.sqrt(11)
        np.testing.assert_allclose(slopes["a"][0, r], expected, atol=1e-14)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
def test_arcs_are_patterns(width, points, seed, bias):
    rng = np.random.default_rng(seed)
    networks = two_layer(width, count=2, bias=bias)
    with torch.no_grad():
        for network in networks:
            network.W.copy_(torch.from_numpy(rng.normal(size=(width, 2))))
    angles = torch.from_numpy(rng.uniform(-4, 4, points))
    X = torch.stack([angles.cos(), angles.sin()], dim=-1)
    y = torch.from_numpy(rng.normal(size=(2, points)))
    by_arcs = in_closed_form(Arcs(networks[0]), networks, X, y)
    by_patterns = in_closed_form(Patterns(networks[0]), networks, X, y)
    torch.testing.assert_close(by_arcs, by_patterns, rtol=1e-11, atol=1e-11)


DEEP = {
    "relu": {},
    "one hidden layer": {"hidden_layers": 1, "width": 30},
    "biases": {"bias_variance": 0.3},
    "hidden": {"trained": "hidden", "bias_variance": 0.3},
    "first": {"trained": "first"},
    "first and last": {"trained": (1, 4), "activation": "tanh", "bias_variance": 0.3},
    "last": {"trained": (4,), "bias_variance": 0.3},
    "erf": {"activation": "erf"},
    "gelu": {"activation": "gelu", "bias_variance": 0.1},
    "sin, six layers": {"hidden_layers": 6, "width": 12, "activation": "sin"},
    "own activation": {"activation": lambda z: z * torch.cos(z)},
    "linear": {"activation": lambda z: z, "bias_variance": 0.2},
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("X", [in_space(dimension=3), in_space(N, dimension=3)])
def test_deep(name, X):
    networks = deep(**DEEP[name])
    route = gradients.route(networks[0], X)
    assert type(route) is Layers
    assert_same_as_autograd(route, networks, X)


@pytest.mark.parametrize("kind", [Arcs, Patterns, Layers])
def test_single_precision(kind):
    networks, X = two_layer(500, train_output=True, dtype=torch.float32), on_circle().float()
    assert type(gradients.route(networks[0], X)) is Arcs
    assert_same_as_autograd(kind(networks[0]), networks, X, bound=1e-5)


@pytest.mark.parametrize("budget", [1, 70 * 8 * n, 200 * 8 * n])
def test_blocks_change_nothing(monkeypatch, budget):
    monkeypatch.setattr(gradients, "CACHE", budget)
    monkeypatch.setattr(gradients, "MEMORY", budget)
    networks = two_layer(150, train_output=True)
    assert_same_as_autograd(Patterns(networks[0]), networks, in_space(N))
    networks = deep(bias_variance=0.3)
    assert_same_as_autograd(Layers(networks[0]), networks, in_space(N, dimension=3))


@pytest.mark.parametrize("kind", [Arcs, Patterns, Layers])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_shows_in_the_output_of_its_network_alone(kind, value):
    networks = two_layer()
    with torch.no_grad():
        networks[1].W[:] = value
    parameters, X = gradients.stack(networks, "cpu"), on_circle()
    route = kind(networks[0])
    u = route.outputs(parameters, route.prepare(X))
    assert u.isfinite().all(1).tolist() == [True, False, True]


def test_no_circle_no_arcs():
    X = on_circle()
    biased, plain = two_layer(count=1)[0], two_layer(count=1, bias=False)[0]
    longer, with_zero = X.clone(), X.clone()
    longer[4] *= 1 + 1e-10
    with_zero[4] = 0
    assert type(gradients.route(biased, longer)) is Patterns
    assert type(gradients.route(plain, longer)) is Arcs
    assert type(gradients.route(plain, with_zero)) is Patterns
    assert_same_as_autograd(Patterns(plain), two_layer(bias=False), with_zero)


def test_unstack_undoes_stack_and_order():
    networks = two_layer(bias=True, train_output=True)
    parameters = gradients.stack(networks, "cpu")
    order = Arcs(networks[0]).order(parameters)
    assert not torch.equal(order[0], torch.arange(40))
    copies = gradients.unstack(networks, gradients.rearranged(parameters, order), order)
    for network, copy in zip(networks, copies, strict=True):
        assert type(copy) is TwoLayerReLU and copy is not network
        assert copy.trained_parameters == network.trained_parameters
        for one, other in zip(network.parameters(), copy.parameters(), strict=True):
            assert torch.equal(one, other) and one.data_ptr() != other.data_ptr()


def half(network):
    return network.to(torch.bfloat16)


def untrained(network):
    return network.requires_grad_(False)


def tied():
    networks = deep(width=3)
    networks[1].W2 = networks[1].W1
    return networks


def hooked():
    networks = two_layer()
    networks[1].register_forward_hook(lambda network, inputs, output: 2 * output)
    return networks


class Doubled(TwoLayerReLU):
    def forward(self, x):
        return 2 * super().forward(x)


def other_forward():
    return [Doubled(4, 2, generator=seeded(0), device="cpu")]


@pytest.mark.parametrize("networks, error, words", [
    (tied(), ValueError, "networks: must have the forward and the parameters .*, as number 1, Ful"),
    (hooked(), ValueError, "networks: must have the forward and the parameters .*, as number 1, T"),
    (other_forward(), ValueError, "networks: must have the forward .*, as number 0, Doubled"),
    (two_layer(count=1)[0], TypeError, r"networks: must be a sequence of networks, got one"),
    ([], ValueError, "networks: must hold one at least"),
    ([torch.nn.Linear(2, 1)], TypeError, "networks: must be a LayeredNetwork, got Linear"),
    ([*two_layer(4), *two_layer(5)], ValueError, "networks: must be alike.*as number 3"),
    ([*two_layer(4), *two_layer(4, bias=False)], ValueError, "must be alike"),
    ([*two_layer(4), *two_layer(4, train_output=True)], ValueError, "must be alike"),
    ([*two_layer(4), *two_layer(4, dtype=torch.float32)], ValueError, "must be alike"),
    ([*deep(), *deep(activation="tanh")], ValueError, "must be alike"),
    ([*deep(bias_variance=0.1), *deep(bias_variance=0.2)], ValueError, "must be alike"),
    ([half(net) for net in two_layer()], ValueError, "networks: must be float32 or float64"),
    ([untrained(net) for net in two_layer()], ValueError, "networks: must have a trained"),
])  # fmt: skip
def test_networks_refused(networks, error, words):
    with pytest.raises(error, match=words):
        gradients.alike(networks)
