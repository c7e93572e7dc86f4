"""`gram.solve` against dense eigensolvers and closed forms; its errors against the truth."""

import numpy as np
import pytest
from population import inner_products

from ntklab import fredholm, gram
from ntklab.circle_gram import CircleGram
from ntklab.densities import PiecewiseConstant
from ntklab.gram import solve
from ntklab.kernels import DeepNTK, TwoLayerNTK, ZonalKernel

KERNELS = [
    TwoLayerNTK(bias, normalization)
    for bias in (True, False)
    for normalization in ("lecture", "network")
]
kernels = pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: f"{k.bias}-{k.normalization}")
NIGHTLY = pytest.mark.nightly
WITH_AND_WITHOUT_BIAS = pytest.mark.parametrize("bias", [True, False])


class RankThree(ZonalKernel):
    """1 + cos θ, whose only eigenfunctions are 1, cos and sin."""

    def _profile(self, theta):
        return 1 + np.cos(theta)


def relative_error(got, wanted):
    return np.linalg.norm(got - wanted) / np.linalg.norm(wanted)


# eigenpairs


@kernels
@pytest.mark.parametrize("n, count", [(2, 2), (60, 60), (300, 20)])
def test_solve_agrees_with_the_dense_matrix(kernel, n, count):
    agrees_with_the_dense_matrix(kernel, n, count)


@WITH_AND_WITHOUT_BIAS
@pytest.mark.parametrize("count", [50, 400])
def test_solve_agrees_with_a_large_dense_matrix(bias, count):
    agrees_with_the_dense_matrix(TwoLayerNTK(bias), 1500, count)


def agrees_with_the_dense_matrix(kernel, n, count):
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(n, np.random.default_rng(n))
    matrix = kernel.at_angles(angles) / n
    spectrum = solve(kernel, angles, count)
    wanted = np.linalg.eigvalsh(matrix)[::-1][:count]
    assert np.max(np.abs(spectrum.eigenvalues - wanted)) < 2e-14 * wanted[0]
    residual = matrix @ spectrum.values - spectrum.values * spectrum.eigenvalues
    assert np.max(np.linalg.norm(residual, axis=0)) / np.sqrt(n) < 2e-14 * wanted[0]
    assert np.max(np.abs(inner_products(spectrum) - np.eye(count))) < 1e-12
    assert np.array_equal(spectrum.points, angles)
    assert np.allclose(spectrum.weights, 1 / n, rtol=1e-15)


@WITH_AND_WITHOUT_BIAS
@pytest.mark.parametrize("n, count", [(401, 50), (2000, 6), (2000, 50), (5000, 49)])
def test_double_eigenvalues_of_an_even_grid(bias, n, count):
    # the matrix is circulant: its eigenvalues are the Fourier transform of its first row
    kernel = TwoLayerNTK(bias)
    angles = -np.pi + 2 * np.pi * np.arange(n) / n
    circulant = np.sort(np.fft.fft(kernel.at_angles(angles[:1], angles)[0]).real)[::-1] / n
    eigenvalues = solve(kernel, angles, count).eigenvalues
    assert np.max(np.abs(eigenvalues / circulant[:count] - 1)) < 1e-12


@pytest.mark.parametrize("distinct", [1, 3, 20])
def test_fewer_distinct_points_than_eigenpairs(distinct):
    # m places with weights: the nonzero eigenvalues are those of an m by m matrix
    rng = np.random.default_rng(distinct)
    places = rng.uniform(-np.pi, np.pi, distinct)
    draw = np.concatenate([np.arange(distinct), rng.integers(0, distinct, 1000)])
    n = len(draw)
    root = np.sqrt(np.bincount(draw) / n)
    small = np.linalg.eigvalsh(root[:, None] * TwoLayerNTK().at_angles(places) * root)[::-1]
    spectrum = solve(TwoLayerNTK(), places[draw], 30)
    wanted = np.concatenate([small, np.zeros(30 - distinct)])
    assert np.max(np.abs(spectrum.eigenvalues - wanted)) < 1e-14
    with pytest.raises(ValueError, match=rf"rounding level; solve with count <= {distinct}"):
        spectrum([0.0])
    assert solve(TwoLayerNTK(), places[draw], distinct)([0.0]).shape == (1, distinct)


@kernels
@pytest.mark.parametrize("n", [80, 500])
def test_eigenvalues_add_up_to_the_trace(kernel, n):
    angles = np.random.default_rng(11).uniform(-np.pi, np.pi, n)
    eigenvalues = solve(kernel, angles, n).eigenvalues
    assert eigenvalues.sum() == pytest.approx(kernel.profile(0.0), rel=1e-13)
    assert eigenvalues[-1] > -1e-14 * eigenvalues[0]


@pytest.mark.parametrize("turn", [0.7, np.pi, -5.0])
def test_spectrum_is_invariant_under_rotation(turn):
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(1200, np.random.default_rng(12))
    still, turned = (solve(TwoLayerNTK(), x, 20) for x in (angles, angles + turn))
    assert np.allclose(turned.eigenvalues, still.eigenvalues, rtol=1e-12)
    # signs are free, and may change where the order along the circle does
    match = np.abs(np.sum(turned.values * still.values, axis=0)) / 1200
    assert np.allclose(match, 1, atol=1e-9)


def test_solve_repeats_itself_and_ignores_the_order_of_points():
    rng = np.random.default_rng(13)
    angles = rng.uniform(-np.pi, np.pi, 900)
    first, again = solve(TwoLayerNTK(), angles, 12), solve(TwoLayerNTK(), angles, 12)
    assert np.array_equal(first.values, again.values)
    assert np.array_equal(first.eigenvalues, again.eigenvalues)
    shuffle = rng.permutation(900)
    shuffled = solve(TwoLayerNTK(), angles[shuffle], 12)
    assert np.allclose(shuffled.values, first.values[shuffle], atol=1e-10)


def test_sign_is_positive_at_the_first_large_value_along_the_circle():
    angles = np.random.default_rng(14).uniform(-np.pi, np.pi, 1000)
    values = solve(TwoLayerNTK(), angles, 10).values[np.argsort(angles)]
    size = np.abs(values)
    first = np.argmax(size > 0.9 * size.max(axis=0), axis=0)
    assert (values[first, np.arange(10)] > 0).all()


def test_an_even_grid_in_the_density_comes_close_to_the_population():
    density = PiecewiseConstant.equal_pieces([1, 2, 4])
    population = fredholm.solve(TwoLayerNTK(), density, 12)
    error = []
    for n in (7 * 100, 7 * 400):
        sampled = solve(TwoLayerNTK(), density.grid(n), 12)
        error.append(np.max(np.abs(sampled.eigenvalues / population.eigenvalues - 1)))
    assert error[1] < 1e-4
    assert 10 < error[0] / error[1] < 22  # second order: 16


# very many points: Lanczos iterations over runs


@WITH_AND_WITHOUT_BIAS
@pytest.mark.parametrize("weights", [[1], [1, 2, 4], [1, 40]], ids=str)
def test_runs_give_the_same_eigenpairs(bias, weights):
    rng = np.random.default_rng(17)
    angles = np.sort(PiecewiseConstant.equal_pieces(weights).sample(20_011, rng))
    operator = CircleGram(angles, TwoLayerNTK(bias))
    eigenvalues, values = gram._lanczos_over_runs(operator, angles, 4)
    wanted, _ = gram._lanczos(operator, 4)
    assert np.max(np.abs(eigenvalues / wanted - 1)) < 1e-13
    assert np.max(np.linalg.norm(operator @ values / wanted - values, axis=0)) < 1e-8
    assert np.max(np.abs(values.T @ values - np.eye(4))) < 1e-10


def test_runs_cope_with_repeated_points():
    # 40 places, so most runs hold one point many times over and the powers within them coincide
    rng = np.random.default_rng(18)
    angles = np.sort(rng.choice(rng.uniform(-np.pi, np.pi, 40), 20_000))
    operator = CircleGram(angles, TwoLayerNTK())
    eigenvalues, _ = gram._lanczos_over_runs(operator, angles, 4)
    assert np.max(np.abs(eigenvalues / gram._lanczos(operator, 4)[0] - 1)) < 1e-13


def test_basis_of_runs_is_orthonormal_and_its_operator_symmetric():
    angles = np.sort(np.random.default_rng(19).uniform(-np.pi, np.pi, 100))
    angles[10:40] = angles[10]
    operator = CircleGram(angles, TwoLayerNTK())
    runs = gram._Runs(operator, angles, 9)
    assert runs.shape == (3 * 11 + 1, 3 * 11 + 1)
    basis = np.stack([runs.expand(unit) for unit in np.eye(34)], axis=1)
    assert np.max(np.abs(basis.T @ basis - np.eye(34))) < 1e-14
    dense = basis.T @ TwoLayerNTK().at_angles(angles) @ basis
    assert relative_error(runs @ np.eye(34), dense) < 1e-14


def test_runs_refuse_what_they_cannot_resolve():
    rng = np.random.default_rng(20)
    # fifty points spread over the circle, all others in a short arc: functions bend within runs
    angles = np.sort(np.concatenate([rng.uniform(-np.pi, np.pi, 50), rng.uniform(0, 0.01, 20_000)]))
    assert gram._lanczos_over_runs(CircleGram(angles, TwoLayerNTK()), angles, 4) is None
    # fewer places than eigenpairs: eigenvalues at rounding level
    angles = np.sort(rng.choice([0.0, 1.0, 2.5], 20_000))
    assert gram._lanczos_over_runs(CircleGram(angles, TwoLayerNTK()), angles, 4) is None
    # runs too short to save anything
    angles = np.sort(rng.uniform(-np.pi, np.pi, 2000))
    assert gram._lanczos_over_runs(CircleGram(angles, TwoLayerNTK()), angles, 4) is None


def test_solve_falls_back_where_runs_fail(monkeypatch):
    angles = np.random.default_rng(21).uniform(-np.pi, np.pi, 20_000)
    kernel, tried = TwoLayerNTK(), []
    plain = solve(kernel, angles, 4)
    monkeypatch.setattr(gram, "LARGE", 1)
    over_runs = solve(kernel, angles, 4)
    assert not np.array_equal(over_runs.values, plain.values)
    assert np.max(np.abs(over_runs.eigenvalues / plain.eigenvalues - 1)) < 1e-13
    assert np.max(np.abs(inner_products(over_runs) - np.eye(4))) < 1e-10
    monkeypatch.setattr(gram, "LARGEST_EPSILON", 0.0)
    monkeypatch.setattr(
        gram, "_Runs", lambda *given, kind=gram._Runs: tried.append(given) or kind(*given)
    )
    assert np.array_equal(solve(kernel, angles, 4).values, plain.values)
    assert len(tried) == 1


@pytest.mark.nightly
def test_a_million_points():
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(1_000_000, np.random.default_rng(22))
    spectrum = solve(TwoLayerNTK(), angles, 10)
    assert np.max(np.abs(inner_products(spectrum) - np.eye(10))) < 1e-11
    operator = CircleGram(angles, TwoLayerNTK())
    for i in (0, 9):
        image = operator @ spectrum.values[:, i] / 1e6
        residual = image - spectrum.eigenvalues[i] * spectrum.values[:, i]
        assert np.linalg.norm(residual) < 1e-10 * np.linalg.norm(image)
    population = fredholm.solve(TwoLayerNTK(), PiecewiseConstant.equal_pieces([1, 2, 4]), 10)
    # independent draws: a relative deviation of a few n^-1/2 = 1e-3
    assert np.max(np.abs(spectrum.eigenvalues / population.eigenvalues - 1)) < 5e-3


# the extension off the sample


@pytest.mark.parametrize("n, count", [(300, 40), (2000, 50)])
def test_extension_reproduces_the_values_at_the_points(n, count):
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(n, np.random.default_rng(15))
    spectrum = solve(TwoLayerNTK(), angles, count)
    assert np.max(np.abs(spectrum(angles) - spectrum.values)) < 1e-10
    assert np.max(np.abs(spectrum(angles + 2 * np.pi) - spectrum.values)) < 1e-10


def test_extension_between_the_points_is_nystroem():
    angles = np.random.default_rng(16).uniform(-np.pi, np.pi, 800)
    spectrum = solve(TwoLayerNTK(), angles, 15)
    x = np.linspace(-4, 4, 57)
    wanted = TwoLayerNTK().at_angles(x, angles) @ spectrum.values / (800 * spectrum.eigenvalues)
    assert np.max(np.abs(spectrum(x) - wanted)) < 1e-11


def test_extension_of_an_even_grid_is_the_harmonics():
    n = 2000
    angles = -np.pi + 2 * np.pi * np.arange(n) / n
    spectrum = solve(TwoLayerNTK(), angles, 3)
    x = np.array([0.1, 1.0, 2.5])
    assert np.allclose(np.abs(spectrum(x)[:, 0]), 1, atol=1e-6)
    # cos and sin share an eigenvalue, so only the sum of their squares is determined
    assert np.allclose((spectrum(x)[:, 1:] ** 2).sum(axis=1), 2, atol=1e-5)


def test_extension_refuses_eigenvalues_at_rounding_level():
    # without bias every odd frequency from 3 on has eigenvalue 0
    angles = -np.pi + 2 * np.pi * np.arange(100) / 100
    spectrum = solve(TwoLayerNTK(bias=False), angles, 100)
    with pytest.raises(ValueError, match="count: .* at rounding level; solve with count <= "):
        spectrum([0.0])
    assert solve(TwoLayerNTK(bias=False), angles, 20)([0.0]).shape == (1, 20)


# points in any dimension


def test_points_in_three_dimensions_are_those_of_the_dense_matrix():
    X = np.random.default_rng(25).normal(size=(80, 3))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    spectrum = solve(TwoLayerNTK(), X, 12)
    wanted = np.linalg.eigvalsh(TwoLayerNTK()(X) / 80)[::-1][:12]
    assert np.max(np.abs(spectrum.eigenvalues - wanted)) < 1e-15
    assert np.max(np.abs(inner_products(spectrum) - np.eye(12))) < 1e-13
    assert np.max(np.abs(spectrum(X) - spectrum.values)) < 1e-11


# other kernels


def test_the_default_is_fifty_pairs_or_as_many_as_there_are_points():
    angles = np.linspace(-3, 3, 60)
    assert len(solve(TwoLayerNTK(), angles)) == 50 and len(solve(TwoLayerNTK(), angles[:10])) == 10
    assert len(solve(DeepNTK(2), np.eye(3))) == 3


@pytest.mark.parametrize("kernel", [DeepNTK(3), DeepNTK(2, "tanh", 0.1)], ids=repr)
def test_a_deep_kernel_at_many_points(kernel):
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(20_000, np.random.default_rng(23))
    spectrum = solve(kernel, angles, 20)
    assert np.max(np.abs(inner_products(spectrum) - np.eye(20))) < 1e-12
    rows = np.random.default_rng(0).integers(0, 20_000, 30)
    applied = kernel.at_angles(angles[rows], angles) @ spectrum.values / 20_000
    off = np.abs(applied - spectrum.values[rows] * spectrum.eigenvalues)
    assert off.max() < 1e-13 * spectrum.eigenvalues[0]
    assert np.max(np.abs(spectrum(angles[rows]) - spectrum.values[rows])) < 1e-9


@pytest.mark.parametrize(
    "kernel",
    [TwoLayerNTK(), *(pytest.param(k, marks=NIGHTLY) for k in (TwoLayerNTK(False), DeepNTK(3)))],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["1:2:4", "1:1000", "grid", "places", "arc"])
def test_errors_hold_and_are_not_far_from_the_truth(kernel, kind):
    rng, n = np.random.default_rng(24), 1700
    angles = {
        "1:2:4": PiecewiseConstant.equal_pieces([1, 2, 4]).sample(n, rng),
        "1:1000": PiecewiseConstant.equal_pieces([1, 1000]).sample(n, rng),
        "grid": -np.pi + 2 * np.pi * np.arange(n) / n,
        "places": rng.choice(rng.uniform(-np.pi, np.pi, 60), n),
        "arc": rng.uniform(0, 1e-3, n),
    }[kind]
    wanted = np.linalg.eigvalsh(kernel.at_angles(angles) / n)[::-1][:30]
    found = solve(kernel, angles, 30)
    off = np.abs(found.eigenvalues - wanted)
    # the reference is subject to rounding, too
    assert (off <= found.errors + 8 * np.finfo(float).eps * wanted[0]).all()
    assert (found.errors <= 1e-13 * wanted[0]).all()


def test_another_zonal_kernel_takes_the_dense_matrix():
    angles = -np.pi + 2 * np.pi * np.arange(1500) / 1500
    spectrum = solve(RankThree(), angles, 3)
    assert np.allclose(spectrum.eigenvalues, [1, 0.5, 0.5], rtol=1e-13)
    x = np.linspace(-3, 3, 2100)
    wanted = RankThree().at_angles(x, angles) @ spectrum.values / (1500 * spectrum.eigenvalues)
    assert np.max(np.abs(spectrum(x) - wanted)) < 1e-12
    assert spectrum([]).shape == (0, 3)


# refusals


@pytest.mark.parametrize(
    "points, error, message",
    [
        ([], ValueError, r"points: must have shape \(n,\) or \(n, d\) with n >= 2, got \(0,\)"),
        ([0.5], ValueError, "points: must have shape .* with n >= 2"),
        ([[0.5, 1.0]], ValueError, "points: must have shape .* with n >= 2"),
        (0.5, ValueError, "points: must have shape"),
        (np.zeros((2, 3, 4)), ValueError, "points: must have shape"),
        ([0.0, np.nan], ValueError, "points: must be finite, got nan at index"),
        ([10.0, 350.0], ValueError, "points: must be in radians, got angles up to 350"),
        (np.ma.array([0.0, 1.0], mask=[0, 1]), TypeError, "points: .* masked values"),
        (["a", "b"], TypeError, "points: must be real numbers"),
        (None, TypeError, "points: must be real numbers"),
    ],
)
def test_refuses_points(points, error, message):
    with pytest.raises(error, match=message):
        solve(TwoLayerNTK(), points, 1)


@pytest.mark.parametrize(
    "count, error, message",
    [
        (0, ValueError, "count: must be >= 1, got .*0"),
        (-3, ValueError, "count: must be >= 1, got .*-3"),
        (4, ValueError, "count: must be <= 3, got .*4"),
        (2.0, TypeError, "count: must be a whole number"),
        (True, TypeError, "count: must be a whole number"),
    ],
)
def test_refuses_counts(count, error, message):
    with pytest.raises(error, match=message):
        solve(TwoLayerNTK(), [0.0, 1.0, 2.0], count)


def test_refuses_kernels():
    angles = np.linspace(-3, 3, 5001)
    with pytest.raises(TypeError, match="kernel: must be a ZonalKernel, got str"):
        solve("two-layer", angles, 5)
    with pytest.raises(ValueError, match="kernel: must be smooth between 0 and π"):
        solve(DeepNTK(200, "erf"), angles, 3)
    with pytest.raises(ValueError, match="count: must be <= 1667 at 5001 angles, got 5001"):
        solve(TwoLayerNTK(), angles, 5001)
    with pytest.raises(ValueError, match="points: must be at most 5000 in 3 dimensions, got 5001"):
        solve(TwoLayerNTK(), np.ones((5001, 3)), 3)
