"""Empirical tangent kernels: against autograd row by row, each other, and the infinite width."""

import copy
import multiprocessing
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.tangent import (
    ROUTES,
    empirical_ntk,
    empirical_ntk_by_layer,
    ntk_drift,
    ntk_vector_product,
)

torch.set_num_threads(1)

rng = np.random.default_rng(1)
X, Y, V = rng.normal(size=(11, 3)), rng.normal(size=(3, 3)), rng.normal(size=11)
ANGLES = np.linspace(-3, 3, 9)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def two_layer(width=50, dimension=3, seed=0, **options):
    return TwoLayerReLU(width, dimension, generator=seeded(seed), **{"device": "cpu", **options})


def deep(hidden_layers=3, width=(12, 10, 11), dimension=3, seed=0, **options):
    generator = seeded(seed)
    return FullyConnected(
        hidden_layers, width, dimension, generator=generator, device="cpu", **options
    )


def any_module():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [
            torch.nn.Linear(3, 20),
            torch.nn.ReLU(),
            torch.nn.Linear(20, 15, bias=False),
            torch.nn.Tanh(),
            torch.nn.Linear(15, 1),
        ]
    layers[0].weight.requires_grad_(False)
    return torch.nn.Sequential(*layers).double()


NETWORKS = {
    "two layers": two_layer,
    "all of two layers, no bias": lambda: two_layer(bias=False, train_output=True),
    "deep": deep,
    "hidden": lambda: deep(trained="hidden", bias_variance=0.3),
    "first and last": lambda: deep(trained=(1, 4), activation="tanh", bias_variance=0.3),
    "any module": any_module,
}
each_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


def jacobians(network, points):
    """Row by row by torch.autograd, parameter by parameter."""
    trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
    rows = {name: [] for name in trained}
    for x in torch.tensor(points, dtype=torch.float64):
        gradients = torch.autograd.grad(network(x[None]).sum(), list(trained.values()))
        for name, gradient in zip(trained, gradients, strict=True):
            rows[name].append(gradient.flatten())
    return {name: torch.stack(gradients).numpy() for name, gradients in rows.items()}


@each_network
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("memory", [2**30, 60_000])  # one block; several
def test_every_route_is_autograd_row_by_row(build, route, memory):
    network = build()
    if route == "arcs" or (route == "factors" and build is any_module):
        pytest.skip("offered by the networks of ntklab.networks alone, arcs on the circle")
    options = {"route": route, "memory": memory}
    left, right = jacobians(network, X), jacobians(network, Y)
    square = empirical_ntk_by_layer(network, X, **options)
    cross = empirical_ntk_by_layer(network, X, Y, **options)
    assert list(square) == list(cross) == list(left)
    for name in left:
        np.testing.assert_allclose(square[name], left[name] @ left[name].T, atol=1e-12)
        np.testing.assert_allclose(cross[name], left[name] @ right[name].T, atol=1e-12)


def biased(generator, **options):
    """A two-layer network of which a neuron is zero, one is active everywhere and one nowhere."""
    network = TwoLayerReLU(40, 2, generator=generator, device="cpu", **options)
    with torch.no_grad():
        network.W[0] = 0
        if "b" in dict(network.named_parameters()):
            network.b.copy_(torch.randn(40, generator=generator))
            network.b[:3] = torch.tensor([0.0, 30.0, -30.0])
    return network


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("train_output", [True, False])
@pytest.mark.parametrize("memory", [2**30, 60_000])  # one block; several
def test_neurons_on_arcs_are_autograd_row_by_row(bias, train_output, memory):
    generator = torch.Generator().manual_seed(0)
    network = biased(generator, bias=bias, train_output=train_output)
    # corners, where neurons of a grid begin; the same point twice; without bias, of any norm
    x = np.vstack([np.eye(2), -np.eye(2), to_circle(np.linspace(-3, 3, 60)), to_circle([1.0, 1.0])])
    y = to_circle([0.5, 2.0, -3.0])
    if not bias:
        x[::3] *= 7
    with torch.no_grad():
        network.W[1:5] = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -2.0]])
    left, right = jacobians(network, x), jacobians(network, y)
    for route in ("auto", "arcs"):
        square = empirical_ntk_by_layer(network, x, route=route, memory=memory)
        cross = empirical_ntk_by_layer(network, x, y, route=route, memory=memory)
        assert list(square) == list(cross) == list(left)
        for name in left:
            np.testing.assert_allclose(square[name], left[name] @ left[name].T, atol=1e-11)
            np.testing.assert_allclose(cross[name], left[name] @ right[name].T, atol=1e-11)
            np.testing.assert_array_equal(square[name], square[name].T)


def test_arcs_are_for_the_circle():
    network = two_layer(dimension=2)
    on, off = to_circle([0.0, 1.0]), 2 * to_circle([0.0, 1.0])
    assert empirical_ntk(network, on, route="arcs").shape == (2, 2)
    for points, other in ((off, None), (on, off), (off, on)):
        with pytest.raises(ValueError, match="^route: 'arcs' is for a TwoLayerReLU as"):
            empirical_ntk(network, points, other, route="arcs")
        expected = empirical_ntk(network, points, other, route="jacobian")
        np.testing.assert_allclose(empirical_ntk(network, points, other), expected, atol=1e-12)


@each_network
def test_parts_add_up_to_the_whole(build):
    network = build()
    for other in (None, Y):
        whole = empirical_ntk(network, X, other)
        parts = empirical_ntk_by_layer(network, X, other)
        np.testing.assert_allclose(whole, sum(parts.values()), atol=1e-12)
        assert whole.dtype == np.float64


@pytest.mark.parametrize("route", ["factors", "jacobian"])
def test_strips_and_blocks_cover_every_entry(route):
    network = two_layer(width=5)
    points = np.random.default_rng(2).normal(size=(300, 3))
    J = np.hstack(list(jacobians(network, points).values()))
    for memory in (2**20, 2**30):  # 300 points are three strips, and two blocks or more
        H = empirical_ntk(network, points, route=route, memory=memory)
        np.testing.assert_allclose(H, J @ J.T, atol=1e-12)
        cross = empirical_ntk(network, points, points[:200], route=route, memory=memory)
        np.testing.assert_allclose(cross, J @ J[:200].T, atol=1e-12)


@each_network
def test_symmetric_and_positive_semidefinite(build):
    H = empirical_ntk(build(), X)
    np.testing.assert_array_equal(H, H.T)
    eigenvalues = np.linalg.eigvalsh(H)
    assert eigenvalues[0] > -1e-13 * eigenvalues[-1]


@each_network
@pytest.mark.parametrize("memory", [2**30, 40_000])
def test_product_with_a_vector(build, memory):
    network = build()
    J = np.hstack(list(jacobians(network, X).values()))
    product = ntk_vector_product(network, X, V, memory=memory)
    np.testing.assert_allclose(product, J @ (J.T @ V), atol=1e-11)


def test_kernel_predicts_a_gradient_step():
    # u(1) - u(0) = -η H (u(0) - y) + O(η²): equation (21), by finite differences in η
    network, y, off = deep(activation="erf"), np.sin(X[:, 0]), []
    H = empirical_ntk(network, X)
    for rate in (1e-4, 1e-5):
        moved = copy.deepcopy(network)
        outputs = moved(torch.tensor(X))
        error = outputs.detach().numpy() - y
        (0.5 * (outputs - torch.tensor(y)) ** 2).sum().backward()
        torch.optim.SGD(moved.parameters(), lr=rate).step()
        change = (moved(torch.tensor(X)) - outputs).detach().numpy() / rate
        off.append(np.linalg.norm(change + H @ error) / np.linalg.norm(H @ error))
    assert off[1] < 1e-3
    assert off[0] / off[1] == pytest.approx(10, rel=0.2)


def closed_form(bias):
    theta = np.abs(np.subtract.outer(ANGLES, ANGLES))
    theta = np.minimum(theta, 2 * np.pi - theta)
    return (bias + np.cos(theta)) * (np.pi - theta) / (2 * np.pi)


@pytest.mark.parametrize("bias", [True, False])
def test_two_layers_tend_to_the_closed_form_like_one_over_root_width(bias):
    widths, seeds, points = (64, 256, 1024, 4096), 20, to_circle(ANGLES)
    kernels = np.array([
        [empirical_ntk(two_layer(m, 2, 100 * seed + m, bias=bias), points) for seed in range(seeds)]
        for m in widths
    ])  # fmt: skip
    # an entry is a mean of m independent terms, each 0 or at most 1 + bias in modulus
    spread = (1 + bias) / 2
    mean_off = np.abs(kernels.mean(1) - closed_form(bias)).max((1, 2))
    assert (mean_off < 5 * spread / np.sqrt(np.multiply(widths, seeds))).all()
    off = np.sqrt(np.mean((kernels - closed_form(bias)) ** 2, axis=(1, 2, 3)))
    exponent = np.polyfit(np.log(widths), np.log(off), 1)[0]
    # with 20 seeds an off[i] has a standard error of some 10 per cent, the exponent of 0.03
    assert exponent == pytest.approx(-0.5, abs=0.12)


def test_output_layer_trained_adds_the_covariance():
    m, points = 20_000, to_circle(ANGLES)
    parts = empirical_ntk_by_layer(two_layer(m, 2, train_output=True), points)
    # E[σ(u)σ(v)] = (sin θ + (π - θ) cos θ)/2π (arc-cosine kernel of order one)
    theta = np.arccos(np.clip(points @ points.T, -1, 1))
    expected = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
    # variance of a term is at most E[σ⁴] = 3/2
    np.testing.assert_allclose(parts["a"], expected, atol=5 * np.sqrt(1.5 / m))


@pytest.mark.parametrize("options", [
    {},
    {"trained": "hidden"},
    {"activation": "erf", "bias_variance": 0.1},
])  # fmt: skip
def test_deep_networks_tend_to_the_recursion(options):
    points, seeds = to_circle(ANGLES[::2]), 20
    limit = DeepNTK(2, **options)(points)
    off = []
    for width in (64, 256):
        kernels = np.array([
            empirical_ntk(deep(2, width, 2, seed, **options), points) for seed in range(seeds)
        ])  # fmt: skip
        # the mean over seeds by its own standard error; a bias of order 1/width is below it
        error = kernels.std(0, ddof=1) / np.sqrt(seeds)
        assert (np.abs(kernels.mean(0) - limit) < 5 * error + 1 / width).all()
        off.append(np.sqrt(np.mean((kernels - limit) ** 2)))
    assert off[0] / off[1] == pytest.approx(2, rel=0.4)  # √(256/64)


def test_drift_by_its_definition():
    start, end = deep(seed=0), deep(seed=1)
    H0, Ht = (sum(J @ J.T for J in jacobians(network, X).values()) for network in (start, end))
    for trained in (end, end.state_dict()):
        drift = ntk_drift(start, trained, X)
        assert drift.frobenius == pytest.approx(np.linalg.norm(Ht - H0) / np.linalg.norm(H0))
        top = np.linalg.norm(Ht - H0, 2) / np.linalg.norm(H0, 2)
        assert drift.operator == pytest.approx(top)
    assert ntk_drift(start, copy.deepcopy(start), X).frobenius == 0


@pytest.mark.parametrize("network", [two_layer(), deep(), any_module()])
def test_the_product_at_a_single_point(network):
    expected = empirical_ntk(network, X[:1])[0] * V[:1]
    np.testing.assert_allclose(ntk_vector_product(network, X[:1], V[:1]), expected)


def test_a_kernel_of_dead_neurons_is_zero_and_has_no_relative_drift():
    dead = two_layer(20, 2, train_output=True)
    with torch.no_grad():
        dead.W.zero_()
        dead.b.fill_(-1)
    points = to_circle(ANGLES)
    for route in ("arcs", "factors"):
        assert (empirical_ntk(dead, points, route=route) == 0).all()
    with pytest.raises(ValueError, match="^initial: .* not zero"):
        ntk_drift(dead, two_layer(20, 2), points)


def test_wide_networks_drift_less():
    points = to_circle(ANGLES)
    target = torch.tensor(np.cos(ANGLES))
    drifts = []
    for width in (100, 10_000):
        start = two_layer(width, 2)
        network = copy.deepcopy(start)
        optimizer = torch.optim.SGD([network.W, network.b], lr=0.2)
        for _ in range(30):
            optimizer.zero_grad()
            (0.5 * (network(torch.tensor(points)) - target) ** 2).sum().backward()
            optimizer.step()
        drifts.append(ntk_drift(start, network, points))
    assert 0 < drifts[1].frobenius < drifts[0].frobenius / 4
    assert 0 < drifts[1].operator < drifts[0].operator / 4


def test_single_precision_is_that_of_the_network():
    H = empirical_ntk(two_layer(dtype=torch.float32), X)
    exact = empirical_ntk(two_layer(), X)
    assert H.dtype == np.float64
    np.testing.assert_allclose(H, exact, rtol=0, atol=1e-5 * np.abs(exact).max())
    assert (H != exact).any()


def test_points_may_be_tensors_images_and_lists():
    expected = empirical_ntk(two_layer(), X)
    np.testing.assert_array_equal(empirical_ntk(two_layer(), torch.tensor(X)), expected)
    np.testing.assert_array_equal(empirical_ntk(two_layer(), X.tolist()), expected)
    network = torch.nn.Sequential(torch.nn.Flatten(), any_module())
    images = X[:, None, :, None]
    flat = empirical_ntk(any_module(), X)
    for route in ("jacobian", "products"):
        found = empirical_ntk(network, images, route=route)
        np.testing.assert_allclose(found, flat, atol=1e-12)


def test_network_is_left_as_it_was():
    network = two_layer(dimension=2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for route in ROUTES:
        empirical_ntk(network, to_circle(V), route=route)
    ntk_vector_product(network, to_circle(V), V)
    assert all((network.state_dict()[name] == value).all() for name, value in before.items())
    assert all(value.grad is None for value in network.parameters())
    assert network.trained_parameters == ("W", "b")


def test_auto_takes_products_where_gradients_do_not_fit():
    # 40 gradients of 200 kB each are 8 MB; products hold one
    network = torch.nn.Sequential(
        torch.nn.Linear(3, 160), torch.nn.Tanh(), torch.nn.Linear(160, 160), torch.nn.Linear(160, 1)
    ).double()
    points = np.random.default_rng(3).normal(size=(40, 3))
    small = {"memory": 4_000_000}
    auto = empirical_ntk_by_layer(network, points, **small)
    products = empirical_ntk_by_layer(network, points, route="products", **small)
    jacobian = empirical_ntk_by_layer(network, points, route="jacobian", **small)
    np.testing.assert_array_equal(auto["2.weight"], products["2.weight"])
    np.testing.assert_array_equal(auto["0.weight"], jacobian["0.weight"])
    np.testing.assert_allclose(jacobian["2.weight"], products["2.weight"], rtol=1e-11, atol=1e-13)


def resident(which):
    """Bytes of this process that are (VmRSS) or have been (VmHWM) in memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(rf"{which}:\s+(\d+) kB", status)[1])


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.nightly
def test_memory_stays_under_its_bound():
    aside = 2**23  # allocator and matrix library
    # a process of its own: this one may have free memory to take up again
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        for route in ("arcs", "factors", "jacobian"):
            assert fresh.submit(peak, 2**25, route).result() < 2**25 + aside
        assert fresh.submit(peak, 2**30, "jacobian").result() > 2**25  # some is taken up again


def peak(memory, route):
    """Bytes that an empirical kernel takes beside its matrix."""
    network = two_layer(4096, 2, train_output=True)
    points = to_circle(np.linspace(-3, 3, 400))
    empirical_ntk(network, points, memory=2**24, route=route)  # loads libraries and their buffers
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # VmHWM starts anew
    before = resident("VmRSS")
    H = empirical_ntk(network, points, memory=memory, route=route)
    return resident("VmHWM") - before - H.nbytes


def test_progress_is_shown_on_request_and_complete(capsys):
    for route in ("factors", "jacobian", "products"):
        empirical_ntk(two_layer(), X, route=route, memory=200_000, progress=True)
        bars = capsys.readouterr().err
        assert "100%" in bars and "132/132" in bars  # two parameters, 11·12/2 entries each
    ntk_vector_product(two_layer(), X, V, progress=True)
    assert "22/22" in capsys.readouterr().err
    empirical_ntk(two_layer(), X)
    assert capsys.readouterr().err == ""


def bad(**changes):
    arguments = {"network": two_layer(), "X": X, **changes}
    return lambda: empirical_ntk(**arguments)


def frozen():
    network = two_layer()
    return network.requires_grad_(False)


def diverged():
    network = two_layer()
    with torch.no_grad():
        network.W[0, 0] = torch.nan
    return network


@pytest.mark.parametrize("call, error, message", [
    (bad(X=np.where(X == X[2, 1], np.nan, X)), ValueError, "X: must be finite, got nan at index"),
    (bad(Y=np.full((2, 3), np.inf)), ValueError, "Y: must be finite, got inf"),
    (bad(X=X[:, :2]), ValueError, "X: must suit the network, got shape (11, 2) (x: must have 3"),
    (bad(X=X[:, :2], network=any_module()), ValueError, "X: must suit the network, got shape"),
    (bad(Y=X[:, :2]), ValueError, "Y: must suit the network, got shape (11, 2)"),
    (bad(X=X[0]), ValueError, "X: must have shape (n, d), n >= 1, got (3,)"),
    (bad(X=X[:0]), ValueError, "X: must have shape (n, d), n >= 1, got (0, 3)"),
    (bad(X="points"), TypeError, "X: must be real numbers"),
    (bad(network=np.cos), TypeError, "network: must be a Module"),
    (bad(network=frozen()), ValueError, "network: must have a trained parameter"),
    (bad(network=diverged()), ValueError, "network: its parameters must be finite"),
    (bad(network=torch.nn.Linear(3, 2).double()), ValueError, "network: must give one number"),
    (bad(memory=0), ValueError, "memory: must be >= 1"),
    (bad(memory=1e9), TypeError, "memory: must be a whole number"),
    (bad(memory=1000), ValueError, "memory: must be at least "),
    (bad(memory=1000, route="jacobian"), ValueError, "memory: must be at least "),
    (bad(memory=1000, route="products"), ValueError, "memory: must be at least "),
    (bad(route="direct"), ValueError, "route: must be one of 'auto', 'arcs', 'factors'"),
    (bad(route="arcs"), ValueError, "route: 'arcs' is for a TwoLayerReLU as it comes and points"),
    (bad(route="factors", network=any_module()), ValueError, "route: 'factors' is for networks"),
    (lambda: ntk_vector_product(two_layer(), X, V[:5]), ValueError, "v: must be one number a"),
    (lambda: ntk_vector_product(two_layer(), X, V * np.nan), ValueError, "v: must be finite"),
    (lambda: ntk_vector_product(two_layer(), X, V, memory=9), ValueError, "memory: must be at le"),
    (lambda: ntk_drift(two_layer(), {"W": torch.zeros(2)}, X), ValueError, "trained: must be a s"),
    (lambda: ntk_drift(two_layer(), 3, X), TypeError, "trained: must be a Module"),
    (lambda: ntk_drift({}, two_layer(), X), TypeError, "initial: must be a Module"),
])  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match="^" + re.escape(message)):
        call()


def test_least_memory_is_enough():
    with pytest.raises(ValueError) as refusal:
        empirical_ntk(two_layer(), X, memory=1)
    least = int(re.search(r"at least (\d+) bytes", str(refusal.value))[1])
    expected = empirical_ntk(two_layer(), X)
    np.testing.assert_allclose(empirical_ntk(two_layer(), X, memory=least), expected, atol=1e-13)
    with pytest.raises(ValueError, match="^memory: "):
        empirical_ntk(two_layer(), X, memory=least - 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
@pytest.mark.parametrize("route", ROUTES)
def test_gpu_and_cpu_agree(route):
    x = to_circle(np.arange(len(V)))
    on_cpu = empirical_ntk(two_layer(2000, 2), x, route=route)
    on_gpu = empirical_ntk(two_layer(2000, 2, device="cuda"), x, route=route)
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=0, atol=1e-11 * np.abs(on_cpu).max())
    product = ntk_vector_product(two_layer(2000, 2, device="cuda"), x, V)
    np.testing.assert_allclose(product, on_cpu @ V, rtol=0, atol=1e-10 * np.abs(on_cpu).max())
