"""Wide networks against their kernel: every column computed again by another route."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal

from ntklab.experiments import ONE_TWO_FOUR, deep_kernels, fit_power, rms, trained
from ntklab.experiments.trained import tangent_kernel as lazy
from ntklab.experiments.trained.tangent_kernel import Size
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.tangent import empirical_ntk

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def rng(seed=0):
    return np.random.default_rng(seed)


def plain_descent(network, X, y, rate, steps):
    """Outputs and parameters by autograd and a loop, gradient of the mean squared loss."""
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    outputs = []
    for t in range(steps + 1):
        u = network(X)
        outputs.append(u.detach().numpy().copy())
        if t == steps:
            return np.array(outputs)
        loss = (u - y).square().mean() / 2
        weights = [w for w in network.parameters() if w.requires_grad]
        with torch.no_grad():
            for w, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                w -= rate * slope


@pytest.mark.parametrize("kind", lazy.STARTS)
def test_columns_of_training_by_plain_steps(kind):
    row = lazy.training(
        Size((32,), 2), starts=[kind], points=10, iterations=6, rng=rng(3), device="cpu"
    ).iloc[0]
    network = lazy.two_layer(32, kind, rng=rng(3), device="cpu")
    before = lazy.two_layer(32, kind, rng=rng(3), device="cpu")
    x = ONE_TWO_FOUR.grid(10)
    X, y = to_circle(x), np.cos(x) + np.cos(2 * x)
    T = (1 + X @ X.T) * (np.pi - np.arccos(np.clip(X @ X.T, -1, 1))) / (2 * np.pi) / 10
    rate = 1 / np.linalg.eigvalsh(T)[-1]
    u = plain_descent(network, X, y, rate, 6)
    M, size = np.eye(10) - rate * T, np.linalg.norm(y)
    steps = [np.linalg.matrix_power(M, t) for t in range(7)]
    error = np.linalg.norm(u - y, axis=1)
    from_zero = np.array([np.linalg.norm(S @ y) for S in steps])
    from_start = np.array([S @ (u[0] - y) for S in steps])
    assert row.printed == pytest.approx(np.abs(error - from_zero).max() / size)
    counted = np.abs(error - np.linalg.norm(from_start, axis=1)).max() / size
    assert row.counted == pytest.approx(counted)
    assert row.vector == pytest.approx(np.linalg.norm(u - y - from_start, axis=1).max() / size)
    H, after = (empirical_ntk(net, X) / 10 for net in (before, network))
    assert row.start == pytest.approx(np.linalg.norm(H - T) / np.linalg.norm(T))
    assert row.drift == pytest.approx(np.linalg.norm(after - H) / np.linalg.norm(H))
    weights = [(w.detach(), v.detach()) for w, v in
               zip(before.parameters(), network.parameters(), strict=True) if w.requires_grad]
    linear = np.zeros(10)
    for i in range(10):
        output = before(torch.from_numpy(X[i]))
        trained = [w for w in before.parameters() if w.requires_grad]
        slopes = torch.autograd.grad(output, trained)
        linear[i] = sum(float((s * (v - w)).sum())
                        for s, (w, v) in zip(slopes, weights, strict=True))
    change = u[-1] - u[0]
    missed = np.linalg.norm(change - linear) / np.linalg.norm(change)
    assert row.linearised == pytest.approx(missed, rel=1e-6)


def test_paired_start_is_zero_and_keeps_the_kernel_of_half_the_width():
    X = to_circle(np.linspace(-3, 3, 7))
    paired = lazy.two_layer(20, "paired", rng=rng(1), device="cpu")
    with torch.no_grad():
        assert paired(torch.from_numpy(X)).abs().max() < 1e-14
    half = TwoLayerReLU(10, 2, generator=torch.Generator().manual_seed(0), device="cpu")
    with torch.no_grad():
        half.W.copy_(paired.W[:10])
        half.a.copy_(paired.a[:10])
    np.testing.assert_allclose(empirical_ntk(paired, X), empirical_ntk(half, X), atol=1e-14)


@pytest.mark.nightly
def test_exponents_of_training():
    """ε of (1) falls like m^-1/2 once the initial output is taken care of, and only then."""
    table = lazy.training(Size((128, 512, 2048), 20), rng=rng(5), device="cpu")

    def exponent(kind, column):
        part = table[table.start_kind == kind]
        return fit_power(*rms(part, column)).exponent

    assert exponent("paired", "printed") == pytest.approx(-0.5, abs=0.15)
    assert exponent("random", "counted") == pytest.approx(-0.5, abs=0.15)
    assert exponent("random", "vector") == pytest.approx(-0.5, abs=0.15)
    assert abs(exponent("random", "printed")) < 0.25


def test_small_weights_make_the_kernel_move():
    """The kernel at the start is the same for every τ, the change grows as τ falls."""
    tables = [
        lazy.training(
            Size((256,), 3), starts=["random"], weight_scale=tau, rng=rng(2), device="cpu"
        )
        for tau in (1.0, 0.3)
    ]
    np.testing.assert_allclose(tables[0].start, tables[1].start, rtol=1e-12)
    assert tables[1].drift.mean() > 1.5 * tables[0].drift.mean()


def test_curves_begin_where_they_must():
    table = lazy.curves((16, 64), points=12, iterations=20, rng=rng(), device="cpu")
    first = table[table.iteration == 0]
    np.testing.assert_allclose(first.printed, 1)
    np.testing.assert_allclose(first.counted, first.trained, rtol=1e-12)
    assert (table[table.iteration == 20].trained < first.trained.min()).all()


def test_step_is_the_derivative_of_the_outputs():
    seeds = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    network, other = (
        FullyConnected(2, 6, 2, activation="erf", generator=seed, device="cpu") for seed in seeds
    )
    X = to_circle([0.3, 1.0, 2.5])

    def outputs(t):
        moved = FullyConnected(
            2, 6, 2, activation="erf", generator=torch.Generator().manual_seed(0), device="cpu"
        )
        with torch.no_grad():
            for w, v in zip(moved.parameters(), other.parameters(), strict=True):
                w += t * (v - w)
            return moved(torch.from_numpy(X)).numpy()

    h = 1e-5
    central = (outputs(h) - outputs(-h)) / (2 * h)
    np.testing.assert_allclose(lazy.step(network, other, X), central, rtol=1e-7)


@pytest.mark.nightly
def test_one_hidden_layer_concentrates_exactly_like_a_mean():
    """H is a mean of m independent terms: E‖H - Θ‖² is that of one term divided by m."""
    table = lazy.concentration(Size((4, 64), 400), depths=[1], rng=rng(6), device="cpu")
    m, off = rms(table, "deviation")
    assert off[0] / off[1] == pytest.approx(4, rel=0.12)


def test_deviation_by_hand():
    row = lazy.concentration(Size((16,), 2), depths=[2], points=5, rng=rng(4), device="cpu").iloc[0]
    x = np.linspace(-np.pi, np.pi, 5, endpoint=False)
    seed = int(rng(4).integers(2**32))
    network = FullyConnected(2, 16, 2, generator=torch.Generator().manual_seed(seed), device="cpu")
    J = []
    for point in torch.from_numpy(to_circle(x)):
        slopes = torch.autograd.grad(network(point), list(network.parameters()))
        J.append(torch.cat([slope.flatten() for slope in slopes]).numpy())
    H, limit = np.array(J) @ np.array(J).T, DeepNTK(2).at_angles(x)
    assert row.deviation == pytest.approx(np.linalg.norm(H - limit) / np.linalg.norm(limit))


def test_kurtosis_of_one_neuron_a_layer():
    """m = 1: f⁽²⁾ = w √2 relu(z), so E f⁴ = 3 · 4 · E relu(z)⁴ = 18, E f² = 1."""
    assert deep_kernels.kurtosis(2, 1) == 18 - 3
    assert deep_kernels.kurtosis(1, 1) == 0
    np.testing.assert_allclose(deep_kernels.kurtosis(3, 10**6) * 10**6, 30, rtol=1e-4)


def test_gaussianity_against_exact_moments():
    table = trained.deep_kernels.gaussianity(
        Size((8, 32), 8000), angle=1.0, rng=rng(7), device="cpu"
    )
    assert ((table.excess - table.expected).abs() < 5 * table.error).all()
    # f⁽¹⁾ is Gaussian, its covariance over m entries Wishart: E‖S - Σ‖² = (‖Σ‖² + (tr Σ)²)/m
    sigma = np.array([[1, np.cos(1.0)], [np.cos(1.0), 1]])
    norm = np.linalg.norm(sigma)
    first = table[table.layer == 1]
    expected = np.sqrt((norm**2 + 4) / first.width) / norm
    np.testing.assert_allclose(first.covariance, expected, rtol=0.05)
    # E S is Σ exactly in the first two layers
    early = table[table.layer <= 2]
    assert (early["mean"] < 5 * early.covariance / np.sqrt(8000)).all()


def test_preactivations_are_those_of_the_networks():
    """The variance of layer 2, drawn by FullyConnected instead, has the same first two moments."""
    x, q = torch.tensor([[0.6, 0.8]], dtype=torch.float64), []
    for seed in range(600):
        network = FullyConnected(
            2, 6, 2, generator=torch.Generator().manual_seed(seed), device="cpu"
        )
        g, _ = network.gradient_factors(x)["W2"]
        q.append(float((g @ network.W2.detach().T).square().mean()))
    _, f = trained.deep_kernels.preactivations(x.numpy(), 6, 2, 20_000, rng(8), device="cpu")
    mine = f[:, 0].double().square().mean(1).numpy()
    error = np.std(q) / np.sqrt(len(q))
    assert np.mean(q) == pytest.approx(mine.mean(), abs=4 * error)
    assert np.std(q) == pytest.approx(np.std(mine), rel=0.2)


def test_slope_is_twice_the_chance_of_both_on():
    table = deep_kernels.slope_products(400_000, rng=rng(9))
    for row in table.itertuples():
        rho = np.cos(row.angle)
        both = multivariate_normal.cdf([0, 0], cov=[[1, rho], [rho, 1]])
        assert deep_kernels.slope(row.angle) == pytest.approx(2 * both, abs=1e-6)
        assert abs(row.mean - 2 * both) < 5 * row.error
        assert abs(row.mean - deep_kernels.printed_slope(row.angle)) > 40 * row.error


def test_parts_add_up_to_the_kernel_and_networks_have_them():
    parts = trained.deep_kernels.layer_parts(2, width=200, networks=20, rng=rng(10), device="cpu")
    total = parts.groupby("angle").formula.sum()
    np.testing.assert_allclose(total, DeepNTK(2).profile(total.index.to_numpy()), rtol=1e-12)
    seen = parts[parts.formula.abs() > 1e-12]
    assert ((seen["mean"] - seen.formula).abs() < 5 * seen.error).all()
    wrong = trained.deep_kernels.layer_parts(
        2, 200, 20, rng=rng(10), device="cpu", slope=deep_kernels.printed_slope
    )
    assert ((wrong["mean"] - wrong.formula).abs() > 10 * wrong.error).any()


@pytest.mark.parametrize(
    "measure",
    [
        lambda: lazy.training(Size((8,), 2), points=5, iterations=3, rng=rng(1), device="cpu"),
        lambda: lazy.concentration(Size((8,), 2), rng=rng(1), device="cpu"),
        lambda: trained.deep_kernels.gaussianity(Size((8,), 20), rng=rng(1), device="cpu"),
        lambda: trained.deep_kernels.layer_parts(1, 8, 3, rng=rng(1), device="cpu"),
    ],
    ids=["training", "concentration", "gaussianity", "layer_parts"],
)
def test_the_same_seed_is_the_same_table(measure):
    pd.testing.assert_frame_equal(measure(), measure())


@GPU
def test_cpu_and_gpu_agree():
    def run(device):
        return lazy.training(Size((64,), 2), points=10, iterations=20, rng=rng(1), device=device)

    pd.testing.assert_frame_equal(run("cpu"), run("cuda"), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: lazy.training("big", rng=rng()), "size"),
        (lambda: lazy.training(Size((5,), 2), starts=["paired"], rng=rng()), "width"),
        (lambda: lazy.training(iterations=0, rng=rng()), "iterations"),
        (lambda: lazy.training(Size((4,), 2), weight_scale=0.0, rng=rng()), "weight_scale"),
        (lambda: lazy.curves(iterations=1.5, rng=rng()), "iterations"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()


def test_moved_by_plain_steps():
    seen = lazy.moved(0.2, 16, 3, points=12, iterations=8, rng=rng(4), device="cpu")
    network = lazy.two_layer(16, "paired", weight_scale=0.2, rng=rng(4), device="cpu")
    x = np.linspace(-np.pi, np.pi, 12, endpoint=False)
    X, y = to_circle(x), np.cos(3 * x)
    np.testing.assert_allclose(seen.before, empirical_ntk(network, X), atol=1e-12)
    limit = (1 + X @ X.T) * (np.pi - np.arccos(np.clip(X @ X.T, -1, 1))) / (2 * np.pi)
    np.testing.assert_allclose(seen.limit, limit, atol=1e-7)
    u = plain_descent(network, X, y, 0.3 * 12 / np.linalg.eigvalsh(limit)[-1], 8)
    np.testing.assert_allclose(seen.outputs, u[-1], atol=1e-6)
    np.testing.assert_allclose(seen.after, empirical_ntk(network, X), atol=1e-6)
    assert seen.error == pytest.approx(np.linalg.norm(u[-1] - y) / np.linalg.norm(y), abs=1e-6)
    assert seen.rate(limit) == pytest.approx(y @ limit @ y / (y @ y) / 12)
    assert seen.rate(limit, of=X[:, 0]) == pytest.approx(np.linalg.eigvalsh(limit)[-2] / 12)


def test_all_wide_networks_add_what_infinite_width_adds_while_their_neurons_rest():
    narrow, wide = (lazy.together(m, networks=4, rng=rng(0), device="cpu") for m in (16, 4096))
    for seen, count in ((narrow, 16), (wide, 16)):
        assert seen.before.shape == seen.after.shape == (count, len(seen.angles))
    off = [np.sqrt(np.mean((seen.added - seen.expected) ** 2)) for seen in (narrow, wide)]
    assert off[1] < 0.02 and off[0] > 8 * off[1]  # the root of 256 is 16
    moved = [np.sqrt(np.mean((seen.after - seen.before) ** 2)) for seen in (narrow, wide)]
    assert moved[0] > 8 * moved[1]
    # the kernel's function by another route: k(x, X) K⁻¹ (1 - (1 - ηλ)^t) y
    n, x = 40, lazy.ONE_TWO_FOUR.grid(40)
    values, v = np.linalg.eigh(lazy.KERNEL.at_angles(x) / n)
    learned = (1 - (1 - values / values[-1]) ** 20) / (n * values)
    expected = lazy.KERNEL.at_angles(wide.angles, x) @ (v * learned) @ (v.T @ lazy.target(x))
    np.testing.assert_allclose(wide.expected, expected, atol=1e-9)


@pytest.mark.nightly
def test_small_weights_let_the_kernel_move_and_kinks_gather_at_the_crests():
    small, large = (
        lazy.moved(tau, m, points=80, rng=rng(0), device="cpu")
        for tau, m in ((1 / 16, 256), (4.0, 1024))
    )
    assert small.drift > 4 * large.drift
    bends = np.abs(np.diff(small.outputs, 2))  # a zigzag has its bends where cos 4x is 1 or -1
    np.testing.assert_allclose(np.abs(small.target[1:-1][bends > 0.15]), 1, atol=1e-9)
    assert small.rate(small.after) < small.rate(small.before) / 4
