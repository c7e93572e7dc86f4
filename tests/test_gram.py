"""CircleGram against the dense matrix and extended precision; solve against dense eigensolvers."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntklab import fredholm, gram
from ntklab.densities import PiecewiseConstant
from ntklab.geometry import circle_distance, wrap
from ntklab.gram import CircleGram, solve
from ntklab.kernels import DeepNTK, TwoLayerNTK, ZonalKernel

KERNELS = [
    TwoLayerNTK(bias, normalization)
    for bias in (True, False)
    for normalization in ("lecture", "network")
]
kernels = pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: f"{k.bias}-{k.normalization}")
WITH_AND_WITHOUT_BIAS = pytest.mark.parametrize("bias", [True, False])


class RankThree(ZonalKernel):
    """1 + cos θ, whose only eigenfunctions are 1, cos and sin."""

    def _profile(self, theta):
        return 1 + np.cos(theta)


def relative_error(got, wanted):
    return np.linalg.norm(got - wanted) / np.linalg.norm(wanted)


def sample_with_coincidences(n, rng):
    """A third free points, a third repetitions, a third antipodes; ±π and its neighbours too."""
    free = rng.uniform(-4, 4, n)
    chosen = rng.choice(free, n)
    kind = rng.integers(0, 3, n)
    angles = np.where(kind == 0, free, np.where(kind == 1, chosen, chosen + np.pi))
    special = [np.pi, -np.pi, np.pi / 2, -np.pi / 2, 0.0, np.nextafter(np.pi, 0)]
    angles[: len(special)] = special[:n]
    return rng.permutation(angles)


def exact_rows(kernel, x, angles, v):
    """Σ_j k(x_i, x_j) v_j in extended precision, one row at a time."""
    v, angles = v.astype(np.longdouble), angles.astype(np.longdouble)
    rows = []
    for place in x:
        theta = np.abs(place - angles)
        theta = np.minimum(theta, 2 * np.longdouble(np.pi) - theta)
        rows.append(np.sum((np.pi - theta) * (int(kernel.bias) + np.cos(theta)) * v))
    return kernel.constant * np.array(rows).astype(float)


# the product


@kernels
@pytest.mark.parametrize("n", [2, 3, 10, 255, 256, 257, 1000])
def test_product_equals_the_dense_one(kernel, n):
    rng = np.random.default_rng(n)
    angles = sample_with_coincidences(n, rng)
    dense = kernel.at_angles(angles)
    operator = CircleGram(angles, kernel)
    for v in (rng.standard_normal(n), rng.random(n), np.ones(n)):
        assert relative_error(operator @ v, dense @ v) < 1e-13


@WITH_AND_WITHOUT_BIAS
def test_product_equals_the_dense_one_at_4000_points(bias):
    test_product_equals_the_dense_one(TwoLayerNTK(bias), 4000)


PLACES = st.one_of(
    st.sampled_from([0.0, np.pi, -np.pi, np.pi / 2, -np.pi / 2, np.nextafter(np.pi, 0), 1e-300]),
    st.floats(-np.pi, np.pi),
    st.integers(-8, 8).map(lambda i: i * np.pi / 4),
    st.floats(-50, 50),
)


@given(
    places=st.lists(PLACES, min_size=2, max_size=40),
    turned=st.lists(st.booleans(), min_size=40, max_size=40),
    seed=st.integers(0, 2**32 - 1),
    bias=st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_product_equals_the_dense_one_for_any_coincidence(places, turned, seed, bias):
    # every place also appears again, as it is or as its antipode
    again = [x + np.pi * turn for x, turn in zip(places, turned, strict=False)]
    angles = np.array(places + again)
    kernel = TwoLayerNTK(bias)
    dense = kernel.at_angles(angles)
    operator = CircleGram(angles, kernel)
    v = np.random.default_rng(seed).standard_normal(len(angles))
    scale = np.linalg.norm(dense, 2) * np.linalg.norm(v)
    assert np.linalg.norm(operator @ v - dense @ v) <= 1e-14 * scale
    w = np.cos(np.arange(len(angles)))
    assert abs(w @ (operator @ v) - v @ (operator @ w)) <= 1e-14 * scale * np.linalg.norm(w)
    assert v @ (operator @ v) >= -1e-14 * scale * np.linalg.norm(v)


@WITH_AND_WITHOUT_BIAS
@pytest.mark.parametrize("n", [50_000, 200_000])
def test_many_points_keep_all_digits(bias, n):
    # the constant vector is the hard one: its running sums round the same way at every step
    rng = np.random.default_rng(3)
    density = PiecewiseConstant.equal_pieces([1, 2, 4])
    angles = density.sample(n, rng)
    kernel = TwoLayerNTK(bias)
    operator = CircleGram(angles, kernel)
    rows = rng.integers(0, n, 6)
    for v in (np.full(n, 0.1), rng.standard_normal(n), np.cos(25 * angles)):
        product = operator @ v
        wanted = exact_rows(kernel, angles[rows], angles, v)
        rms = np.sqrt(np.mean(product**2))
        assert np.max(np.abs(product[rows] - wanted)) < 1e-13 * rms


@pytest.mark.parametrize("n", [1, 256, 257, 65_536, 65_537, 300_001])
def test_running_sums(n):
    exact = np.arange(n + 1) * np.longdouble(0.1)
    sums = gram._running_sums(np.full(n, 0.1))
    assert sums.shape == (n + 1,)
    assert np.max(np.abs(sums - exact)) < 2e-14 * n * 0.1


def test_order_of_the_points_does_not_matter():
    rng = np.random.default_rng(5)
    angles, v = rng.uniform(-np.pi, np.pi, 900), rng.standard_normal(900)
    shuffle = rng.permutation(900)
    straight = CircleGram(angles, TwoLayerNTK()) @ v
    shuffled = CircleGram(angles[shuffle], TwoLayerNTK()) @ v[shuffle]
    assert relative_error(shuffled, straight[shuffle]) < 1e-14


def test_rotation_and_whole_turns_change_nothing():
    rng = np.random.default_rng(6)
    angles, v = rng.uniform(-np.pi, np.pi, 900), rng.standard_normal(900)
    still = CircleGram(angles, TwoLayerNTK()) @ v
    for turn in (1.234, np.pi, -2 * np.pi, 6 * np.pi):
        assert relative_error(CircleGram(angles + turn, TwoLayerNTK()) @ v, still) < 1e-13


# the rectangular product


@kernels
def test_at_equals_the_dense_cross_matrix(kernel):
    rng = np.random.default_rng(7)
    angles = sample_with_coincidences(700, rng)
    x = np.concatenate([rng.uniform(-7, 7, 90), angles[:30], angles[:30] + np.pi])
    operator, cross = CircleGram(angles, kernel), kernel.at_angles(x, angles)
    v = rng.standard_normal((700, 3))
    assert operator.at(x, v).shape == (150, 3)
    assert relative_error(operator.at(x, v), cross @ v) < 1e-13
    assert relative_error(operator.at(x, v[:, 0]), cross @ v[:, 0]) < 1e-13


def test_at_the_points_themselves_is_the_square_product():
    rng = np.random.default_rng(8)
    angles, v = sample_with_coincidences(600, rng), rng.standard_normal(600)
    operator = CircleGram(angles, TwoLayerNTK())
    assert relative_error(operator.at(angles, v), operator @ v) < 1e-14


def test_at_no_places_or_with_no_columns():
    operator = CircleGram([0.0, 1.0, 2.0], TwoLayerNTK())
    assert operator.at([], np.ones(3)).shape == (0,)
    assert operator.at([], np.ones((3, 2))).shape == (0, 2)
    assert operator.at([0.5], np.ones((3, 0))).shape == (1, 0)


# the LinearOperator interface


def test_linear_operator_interface():
    rng = np.random.default_rng(9)
    angles = sample_with_coincidences(300, rng)
    operator, dense = CircleGram(angles, TwoLayerNTK()), TwoLayerNTK().at_angles(angles)
    assert operator.shape == (300, 300) and operator.dtype == np.float64
    v, block = rng.standard_normal(300), rng.standard_normal((300, 4))
    for got, wanted in [
        (operator.matvec(v), dense @ v),
        (operator @ v[:, None], dense @ v[:, None]),
        (operator.rmatvec(v), dense @ v),
        (operator.matmat(block), dense @ block),
        (operator @ block, dense @ block),
        (operator @ block[::-1, ::-1], dense @ block[::-1, ::-1]),
        (operator.T @ v, dense @ v),
        (operator.H @ v, dense @ v),
        (v @ operator, v @ dense),
        ((2 * operator + operator) @ v, 3 * dense @ v),
        (operator @ np.arange(300), dense @ np.arange(300)),
        (operator @ v.astype(np.float32), dense @ v.astype(np.float32).astype(float)),
        (operator @ (v + 1j * block[:, 0]), dense @ (v + 1j * block[:, 0])),
    ]:
        assert got.shape == wanted.shape
        assert relative_error(got, wanted) < 1e-13


def test_product_leaves_its_argument_alone():
    v = np.arange(5.0)
    operator = CircleGram(np.arange(5.0), TwoLayerNTK())
    operator @ v
    operator.at([0.1], v)
    assert np.array_equal(v, np.arange(5.0))


def test_memory_is_linear():
    def peak(n):
        rng = np.random.default_rng(10)
        angles, v = rng.uniform(-np.pi, np.pi, n), rng.standard_normal(n)
        operator = CircleGram(angles, TwoLayerNTK())
        tracemalloc.start()
        operator @ v
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(40_000) < 10 * 8 * 40_000  # ten arrays; the matrix would be 40 000 arrays
    assert peak(160_000) < 4.4 * peak(40_000)


# eigenpairs


@kernels
@pytest.mark.parametrize("n, count", [(2, 2), (60, 60), (300, 20), (1500, 50), (1500, 400)])
def test_solve_agrees_with_the_dense_matrix(kernel, n, count):
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(n, np.random.default_rng(n))
    matrix = kernel.at_angles(angles) / n
    spectrum = solve(kernel, angles, count)
    wanted = np.linalg.eigvalsh(matrix)[::-1][:count]
    assert np.max(np.abs(spectrum.eigenvalues - wanted)) < 2e-14 * wanted[0]
    residual = matrix @ spectrum.values - spectrum.values * spectrum.eigenvalues
    assert np.max(np.linalg.norm(residual, axis=0)) / np.sqrt(n) < 2e-14 * wanted[0]
    assert np.max(np.abs(spectrum.inner_products() - np.eye(count))) < 1e-12
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
    assert np.max(np.abs(over_runs.inner_products() - np.eye(4))) < 1e-10
    monkeypatch.setattr(gram, "LARGEST_EPSILON", 0.0)
    monkeypatch.setattr(
        gram, "_Runs", lambda *given, kind=gram._Runs: tried.append(given) or kind(*given)
    )
    assert np.array_equal(solve(kernel, angles, 4).values, plain.values)
    assert len(tried) == 1


def test_a_million_points():
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(1_000_000, np.random.default_rng(22))
    spectrum = solve(TwoLayerNTK(), angles, 10)
    assert np.max(np.abs(spectrum.inner_products() - np.eye(10))) < 1e-11
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


# other kernels


def test_another_zonal_kernel_takes_the_dense_matrix():
    angles = -np.pi + 2 * np.pi * np.arange(1500) / 1500
    spectrum = solve(RankThree(), angles, 3)
    assert np.allclose(spectrum.eigenvalues, [1, 0.5, 0.5], rtol=1e-13)
    x = np.linspace(-3, 3, 2100)
    wanted = RankThree().at_angles(x, angles) @ spectrum.values / (1500 * spectrum.eigenvalues)
    assert np.max(np.abs(spectrum(x) - wanted)) < 1e-12
    assert spectrum([]).shape == (0, 3)


# refusals


@pytest.mark.parametrize("build", [lambda a: CircleGram(a, TwoLayerNTK()),
                                   lambda a: solve(TwoLayerNTK(), a, 1)])  # fmt: skip
@pytest.mark.parametrize(
    "angles, error, message",
    [
        ([], ValueError, "angles: must hold at least 2 points, got 0"),
        ([0.5], ValueError, "angles: must hold at least 2 points, got 1"),
        ([0.0, np.nan], ValueError, "angles: must be finite, got nan at index"),
        ([0.0, np.inf], ValueError, "angles: must be finite, got inf"),
        (0.5, ValueError, "angles: must have 1 dimension"),
        ([[0.0, 1.0]], ValueError, "angles: must have 1 dimension"),
        (["a", "b"], TypeError, "angles: must be real numbers"),
        ([1j, 2.0], TypeError, "angles: must be real numbers"),
        (None, TypeError, "angles: must be real numbers"),
    ],
)
def test_refuses_angles(build, angles, error, message):
    with pytest.raises(error, match=message):
        build(angles)


@pytest.mark.parametrize(
    "count, error, message",
    [
        (0, ValueError, "count: must be >= 1, got .*0"),
        (-3, ValueError, "count: must be >= 1, got .*-3"),
        (4, ValueError, "count: must be <= 3, got .*4"),
        (2.0, TypeError, "count: must be a whole number"),
        (True, TypeError, "count: must be a whole number"),
        (None, TypeError, "count: must be a whole number"),
    ],
)
def test_refuses_counts(count, error, message):
    with pytest.raises(error, match=message):
        solve(TwoLayerNTK(), [0.0, 1.0, 2.0], count)


def test_refuses_kernels():
    angles = np.linspace(-3, 3, 5001)
    with pytest.raises(TypeError, match="kernel: must be a TwoLayerNTK, got RankThree"):
        CircleGram(angles, RankThree())
    with pytest.raises(TypeError, match="kernel: must be a ZonalKernel, got str"):
        solve("two-layer", angles, 5)
    with pytest.raises(ValueError, match="angles: .* 5001 points .* limited to 5000 points"):
        solve(RankThree(), angles, 3)
    with pytest.raises(ValueError, match="angles: 5001 eigenpairs .* limited to 5000 points"):
        solve(TwoLayerNTK(), angles, 5001)


@pytest.mark.parametrize(
    "x, v, error, message",
    [
        ([np.nan], np.ones(3), ValueError, "x: must be finite"),
        (0.5, np.ones(3), ValueError, "x: must have 1 dimension"),
        ([0.5], np.ones(4), ValueError, r"v: must have shape \(3,\) or \(3, k\), got \(4,\)"),
        ([0.5], np.ones((2, 3)), ValueError, r"v: must have shape \(3,\) or \(3, k\)"),
        ([0.5], 1.0, ValueError, "v: must have shape"),
        ([0.5], [1.0, np.nan, 0.0], ValueError, "v: must be finite"),
        ([0.5], ["a", "b", "c"], TypeError, "v: must be real numbers"),
    ],
)
def test_at_refuses(x, v, error, message):
    with pytest.raises(error, match=message):
        CircleGram([0.0, 1.0, 2.0], TwoLayerNTK()).at(x, v)


def test_fold_keeps_distances():
    # x = φ on the right half, φ ± π on the left; nothing else may enter the product
    angles = np.concatenate([np.linspace(-7, 7, 1001), [np.pi, -np.pi, np.pi / 2, -np.pi / 2]])
    folded = gram._fold(angles)
    assert np.abs(folded.offset).max() <= np.pi / 2
    assert set(folded.side) == {-1.0, 1.0}
    unfolded = folded.offset + np.where(folded.side < 0, np.pi, 0)
    assert np.max(circle_distance(wrap(unfolded), wrap(angles))) < 1e-15


# -- harmonics ---------------------------------------------------------------------------------


HARMONIC_KERNELS = [TwoLayerNTK(), TwoLayerNTK(bias=False), DeepNTK(3)]


@pytest.mark.parametrize("kernel", HARMONIC_KERNELS, ids=repr)
def test_harmonics_against_the_exact_matrix(kernel):
    """Every eigenvalue is a little too small: by the bound at most, by the bound over n about."""
    x = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(1500, np.random.default_rng(5))
    exact = gram.solve(kernel, x, 12)
    found = gram.solve_harmonics(kernel, x, 12, highest=150)
    lost, bound = exact.eigenvalues - found.eigenvalues, gram.cut_off(kernel, 150)
    assert (lost > 0).all() and (lost <= bound).all()
    np.testing.assert_allclose(lost, bound / 1500, rtol=0.25)
    np.testing.assert_allclose(found.inner_products(), np.eye(12), atol=1e-10)
    np.testing.assert_allclose(found.values[:, :4], exact.values[:, :4], atol=5e-3)
    at = np.linspace(-3, 3, 50)
    np.testing.assert_allclose(found(at)[:, :4], exact(at)[:, :4], atol=5e-3)
    np.testing.assert_allclose(found(x), found.values, atol=1e-11)
    alone = gram.harmonic_eigenvalues(kernel, x, 12, highest=150)
    np.testing.assert_allclose(alone, found.eigenvalues, rtol=1e-11)


@pytest.mark.parametrize("highest", [0, 1, 5, 400, 3000])
def test_fourier_coefficients_are_the_plain_means(highest):
    x = np.random.default_rng(3).normal(size=2000) * 3
    x[:4] = -np.pi, np.pi, np.nextafter(np.pi, 0), 0
    found = gram.fourier_coefficients(x, highest)
    expected = np.exp(-1j * np.outer(np.arange(highest + 1), wrap(x))).mean(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_cut_off_is_what_is_left_of_the_trace():
    kernel = TwoLayerNTK()
    assert gram.cut_off(kernel, 0) == pytest.approx(0.5 - kernel.harmonic_eigenvalues(0))
    tails = [gram.cut_off(kernel, K) for K in (50, 100, 200)]
    np.testing.assert_allclose(np.array(tails) * [50, 100, 200], 1 / np.pi**2, rtol=0.02)


def test_harmonics_do_not_mind_turns_of_the_circle_or_order():
    x = np.random.default_rng(2).uniform(-np.pi, np.pi, 300)
    first = gram.solve_harmonics(TwoLayerNTK(), x, 5, 60)
    turned = gram.solve_harmonics(TwoLayerNTK(), x + 2 * np.pi * np.arange(300), 5, 60)
    np.testing.assert_allclose(turned.eigenvalues, first.eigenvalues, rtol=1e-10)
    np.testing.assert_allclose(
        gram.solve_harmonics(TwoLayerNTK(), x[::-1], 5, 60).values, first.values[::-1], atol=1e-9
    )


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: gram.solve_harmonics("k", x), "kernel"),
        (lambda x: gram.solve_harmonics(TwoLayerNTK(), x[:1]), "angles"),
        (lambda x: gram.solve_harmonics(TwoLayerNTK(), x, 22, highest=10), "count"),
        (lambda x: gram.solve_harmonics(TwoLayerNTK(), x, highest=0), "highest"),
        (lambda x: gram.harmonic_eigenvalues(TwoLayerNTK(), x, 22, highest=10), "count"),
        (lambda x: gram.fourier_coefficients(x, -1), "highest"),
        (lambda x: gram.fourier_coefficients(x * np.nan, 4), "angles"),
        (lambda x: gram.cut_off(TwoLayerNTK(), -1), "highest"),
    ],
)
def test_harmonics_bad_input(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call(np.linspace(0, 1, 100))
