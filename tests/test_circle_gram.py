"""Products of linear cost against the dense matrix and extended precision."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntklab import circle_gram
from ntklab.circle_gram import CircleGram, ZonalGram
from ntklab.densities import PiecewiseConstant
from ntklab.geometry import circle_distance, wrap
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

    def __repr__(self):
        return "RankThree()"

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
    st.floats(-9, 9),
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
    sums = circle_gram._running_sums(np.full(n, 0.1))
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
    for turn in (1.234, np.pi, -2 * np.pi, 2 * np.pi):
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


# any zonal kernel


class Cut(ZonalKernel):
    """max(1 - θ, 0), with a kink inside."""

    def _profile(self, theta):
        return np.maximum(1 - theta, 0)


@pytest.mark.parametrize(
    "kernel",
    [*KERNELS, DeepNTK(1), DeepNTK(5), DeepNTK(40), DeepNTK(3, "erf"), DeepNTK(2, "tanh"),
     DeepNTK(3, bias_variance=0.3), DeepNTK(3, trained="hidden"), RankThree()],
    ids=repr,
)  # fmt: skip
def test_the_product_of_any_zonal_kernel_equals_the_dense_one(kernel):
    rng = np.random.default_rng(1)
    angles = sample_with_coincidences(900, rng)
    angles[300:500] = rng.uniform(0, 1e-6, 200)
    x = np.concatenate([rng.uniform(-7, 7, 90), angles[:30], angles[:30] + np.pi])
    operator, v = ZonalGram(angles, kernel), rng.standard_normal((900, 2))
    assert operator.error < 1e-14 * kernel.profile(0.0)
    scale = kernel.profile(0.0) * np.abs(v).sum()
    assert np.abs(operator @ v - kernel.at_angles(angles) @ v).max() < 1e-15 * scale
    assert np.abs(operator.at(x, v) - kernel.at_angles(x, angles) @ v).max() < 1e-15 * scale
    assert operator.at(x, v[:, 0]).shape == (150,)


def test_any_zonal_kernel_at_many_points_against_the_exact_operator():
    angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample(300_000, np.random.default_rng(2))
    for v in (np.full(len(angles), 0.1), np.cos(25 * angles)):
        exact = CircleGram(angles, TwoLayerNTK()) @ v
        assert relative_error(ZonalGram(angles, TwoLayerNTK()) @ v, exact) < 1e-13


# refusals


@pytest.mark.parametrize(
    "angles, error, message",
    [
        ([], ValueError, "angles: must hold at least 2 points, got 0"),
        ([0.5], ValueError, "angles: must hold at least 2 points, got 1"),
        ([0.0, np.nan], ValueError, "angles: must be finite, got nan at index"),
        (0.5, ValueError, "angles: must have 1 dimension"),
        ([[0.0, 1.0]], ValueError, "angles: must have 1 dimension"),
        (["a", "b"], TypeError, "angles: must be real numbers"),
    ],
)
def test_refuses_angles(angles, error, message):
    with pytest.raises(error, match=message):
        CircleGram(angles, TwoLayerNTK())


def test_refuses_kernels():
    with pytest.raises(TypeError, match="kernel: must be a TwoLayerNTK, got DeepNTK"):
        CircleGram([0.0, 1.0], DeepNTK(2))
    with pytest.raises(TypeError, match="kernel: must be a ZonalKernel, got str"):
        ZonalGram([0.0, 1.0], "k")
    with pytest.raises(ValueError, match="kernel: must be smooth between 0 and π"):
        ZonalGram([0.0, 1.0], Cut())


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
    folded = circle_gram._fold(angles)
    assert np.abs(folded.offset).max() <= np.pi / 2
    assert set(folded.side) == {-1.0, 1.0}
    unfolded = folded.offset + np.where(folded.side < 0, np.pi, 0)
    assert np.max(circle_distance(wrap(unfolded), wrap(angles))) < 1e-15
