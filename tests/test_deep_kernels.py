"""ntklab.kernels, networks of any depth: mpmath at high precision, finite networks, identities."""

import math
import pickle

import mpmath
import numpy as np
import pytest
import torch

from ntklab import _tables, fredholm
from ntklab.densities import PiecewiseConstant
from ntklab.geometry import angle_between, directions_and_norms, to_circle
from ntklab.kernels import NNGP, DeepNTK, TwoLayerNTK, ZonalKernel

GRID = np.concatenate(
    [np.geomspace(1e-8, 3.1, 14), np.linspace(0.1, 3.1, 12), np.pi - np.geomspace(1e-8, 0.1, 5)]
)
GRID = np.sort(np.append(GRID, [np.pi / 2, np.pi]))
ALL_KERNELS = [
    DeepNTK(1),
    DeepNTK(3),
    DeepNTK(3, bias_variance=0.3),
    DeepNTK(4, trained="hidden"),
    DeepNTK(2, trained=(1, 3), normalized=True),
    DeepNTK(3, "erf", bias_variance=0.1),
    DeepNTK(2, "tanh"),
    DeepNTK(2, np.arctan, bias_variance=0.2),
    NNGP(2),
    NNGP(2, "erf", bias_variance=0.1),
]


def short(value):
    return repr(value).split(" [")[0]


def sphere(count, dimension, seed=0):
    x = np.random.default_rng(seed).normal(size=(count, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def exact_relu(hidden_layers, theta, layers, bias_variance=0.0):
    """Equation (4) and the product formula on cosines, and the sum of the terms' sizes."""
    beta = mpmath.mpf(bias_variance)
    variance, sigma = 1 + beta, mpmath.cos(mpmath.mpf(float(theta))) + beta
    total = sigma if 1 in layers else mpmath.mpf(0)
    size = abs(total)
    for layer in range(2, hidden_layers + 2):
        angle = mpmath.acos(sigma / variance)
        slope = (mpmath.pi - angle) / mpmath.pi
        sigma = variance * mpmath.sin(angle) / mpmath.pi + slope * sigma + beta
        variance += beta
        total = total * slope + (sigma if layer in layers else 0)
        size = size * slope + (abs(sigma) if layer in layers else 0)
    return total, size


@mpmath.workdps(100)
@pytest.mark.parametrize("trained", ["all", "first", "hidden", "last"])
@pytest.mark.parametrize("hidden_layers", [1, 2, 10, 50])
def test_relu_of_any_depth_against_mpmath(hidden_layers, trained):
    if (hidden_layers, trained) == (1, "hidden"):
        return
    kernel = DeepNTK(hidden_layers, trained=(hidden_layers + 1,) if trained == "last" else trained)
    for theta, value in zip(GRID, kernel.profile(GRID), strict=True):
        exact, size = exact_relu(hidden_layers, theta, kernel.trained_layers)
        assert abs(mpmath.mpf(float(value)) - exact) < 2e-14 * size
        assert abs(mpmath.mpf(float(value)) - exact) < 1e-12 * abs(exact)


@mpmath.workdps(100)
@pytest.mark.parametrize("bias_variance", [1e-6, 0.1, 4.0])
@pytest.mark.parametrize("hidden_layers", [1, 10, 50])
def test_relu_with_bias_against_mpmath(hidden_layers, bias_variance):
    kernel = DeepNTK(hidden_layers, bias_variance=bias_variance)
    for theta, value in zip(GRID, kernel.profile(GRID), strict=True):
        exact, size = exact_relu(hidden_layers, theta, kernel.trained_layers, bias_variance)
        assert abs(mpmath.mpf(float(value)) - exact) < 1e-12 * size


@mpmath.workdps(60)
@pytest.mark.parametrize(("hidden_layers", "accuracy"), [(1, 1e-15), (3, 1e-14), (30, 1e-13)])
def test_erf_against_mpmath(hidden_layers, accuracy):
    c = mpmath.pi / (2 * mpmath.asin(mpmath.mpf(2) / 3))
    kernel = DeepNTK(hidden_layers, "erf")
    for theta in GRID:
        sigma = total = mpmath.cos(mpmath.mpf(float(theta)))
        for _ in range(hidden_layers):
            slope = c * 4 / mpmath.pi / mpmath.sqrt(9 - 4 * sigma**2)
            sigma = c * 2 / mpmath.pi * mpmath.asin(2 * sigma / 3)
            total = total * slope + sigma
        assert abs(kernel.profile(theta) - total) < accuracy * kernel.profile(0.0)


@pytest.mark.parametrize(
    ("activation", "bias_variance", "trained"),
    [
        ("relu", 0.0, "all"),
        ("relu", 0.4, "all"),
        ("relu", 0.4, "first"),
        ("relu", 0.4, (3,)),
        ("tanh", 0.0, "all"),
        ("erf", 0.4, "hidden"),
    ],
)
def test_networks_of_finite_width_have_this_tangent_kernel_on_average(
    activation, bias_variance, trained
):
    """Autograd on the very network of equation (3), biases N(0, β²), each layer with its bias."""
    width, networks, hidden_layers = 256, 80, 2
    kernel = DeepNTK(hidden_layers, activation, bias_variance, trained)
    sigma = {"relu": torch.relu, "tanh": torch.tanh, "erf": torch.erf}[activation]
    scale = math.sqrt(kernel._dual.c_sigma / width)
    x = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-0.5, 0.3]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(5)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)

    grams = []
    for _ in range(networks):
        weights = [normal(width, 2), normal(width, width), normal(1, width)]
        biases = [normal(len(weight)) for weight in weights]
        g = x
        for weight, bias in zip(weights, biases, strict=True):
            f = g @ weight.T + math.sqrt(bias_variance) * bias
            g = scale * sigma(f)
        trainable = list(zip(weights, biases, strict=True))
        parameters = [part for h in kernel.trained_layers for part in trainable[h - 1]]
        rows = [
            torch.cat([
                torch.zeros(part.numel()) if gradient is None else gradient.ravel()
                for part, gradient in zip(parameters, gradients, strict=True)
            ])
            for gradients in (
                torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
                for value in f[:, 0]
            )
        ]
        jacobian = torch.stack(rows)
        grams.append((jacobian @ jacobian.T).numpy())
    mean, error = np.mean(grams, axis=0), np.std(grams, axis=0) / math.sqrt(networks)
    limit = kernel(x.numpy())
    # the mean at finite width is off by O(1/width)
    assert (np.abs(mean - limit) < 4 * error + 3 * np.abs(limit).max() / width).all()
    assert error.max() < 0.03 * limit.max()


def plain_recursion(X, hidden_layers):
    """Equation (4) on dot products, the way it is usually coded; rows of any norm."""
    sigma = X @ X.T
    theta = sigma.copy()
    for _ in range(hidden_layers):
        norms = np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
        cosine = np.clip(sigma / norms, -1, 1)
        slope = 1 - np.arccos(cosine) / np.pi
        sigma = norms * (np.sqrt(1 - cosine**2) / np.pi + slope * cosine)
        theta = theta * slope + sigma
    return theta, sigma


@pytest.mark.parametrize("hidden_layers", [1, 2, 10])
def test_points_of_any_norm_against_the_plain_recursion(hidden_layers):
    X = np.random.default_rng(2).normal(size=(12, 4)) * np.linspace(0.1, 30, 12)[:, None]
    tangent, covariance = plain_recursion(X, hidden_layers)
    scale = np.outer(*[np.linalg.norm(X, axis=1)] * 2)
    np.testing.assert_allclose(DeepNTK(hidden_layers)(X) / scale, tangent / scale, atol=1e-6)
    np.testing.assert_allclose(NNGP(hidden_layers)(X) / scale, covariance / scale, atol=1e-6)
    off = ~np.eye(12, dtype=bool)  # where arccos keeps its digits
    np.testing.assert_allclose(DeepNTK(hidden_layers)(X)[off], tangent[off], rtol=1e-10)


def test_scikit_ntk_normalisation_by_hand():
    # scikit-ntk of depth D without bias: Θ⁽ᴰ⁾/(D+1). Orthogonal x, x': Σ⁽⁰⁾ = 0, Σ̇⁽¹⁾ = 1/2,
    # Σ⁽¹⁾ = Θ⁽¹⁾ = 1/π; Σ̇⁽²⁾ = 1 - a/π, a = arccos(1/π); Σ⁽²⁾ = (sin a + (π - a)/π)/π.
    a = math.acos(1 / math.pi)
    second = (math.sin(a) + (math.pi - a) / math.pi) / math.pi
    by_hand = {1: 1 / math.pi / 2, 2: ((1 - a / math.pi) / math.pi + second) / 3}
    x = np.array([[3.0, 0.0], [0.0, 0.5]])
    for depth, value in by_hand.items():
        kernel = DeepNTK(depth, normalized=True)
        assert kernel(x)[0, 1] == pytest.approx(1.5 * value, rel=1e-14)
        np.testing.assert_allclose(kernel.diag(x), [9.0, 0.25], rtol=1e-14)


def test_one_hidden_layer_is_the_two_layer_kernel_up_to_c_sigma():
    two_layer = TwoLayerNTK(bias=False, normalization="network")
    deep = DeepNTK(1, trained="first")
    theta = np.linspace(0, np.pi, 200)
    difference = deep.profile(theta) - 2 * two_layer.profile(theta)
    assert np.abs(difference).max() < 1e-15
    np.testing.assert_allclose(
        deep.harmonic_eigenvalues(range(40)), 2 * two_layer.harmonic_eigenvalues(range(40)),
        rtol=0, atol=1e-15,
    )  # fmt: skip


@pytest.mark.parametrize("activation", ["relu", "erf", "tanh"])
@pytest.mark.parametrize("bias_variance", [0.0, 0.2])
def test_layers_add_up_and_the_last_is_the_covariance(activation, bias_variance):
    theta = np.linspace(0, np.pi, 33)
    options = {"activation": activation, "bias_variance": bias_variance}
    parts = [DeepNTK(3, trained=(h,), **options).profile(theta) for h in range(1, 5)]
    whole = DeepNTK(3, **options).profile(theta)
    np.testing.assert_allclose(sum(parts), whole, rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(parts[-1], NNGP(3, **options).profile(theta))
    np.testing.assert_array_equal(parts[0], DeepNTK(3, trained="first", **options).profile(theta))
    np.testing.assert_allclose(
        parts[1] + parts[2], DeepNTK(3, trained="hidden", **options).profile(theta), rtol=1e-13
    )
    scaled = DeepNTK(3, normalized=True, **options)
    np.testing.assert_allclose(scaled.profile(theta) * whole[0], whole, rtol=1e-14, atol=1e-15)
    assert scaled.profile(0.0) == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu"])
@pytest.mark.parametrize("hidden_layers", [1, 3])
def test_the_covariance_derives_to_the_product_of_slopes(activation, hidden_layers):
    # dΣ⁽ᴸ⁾/dΣ⁽⁰⁾ = ∏ Σ̇, the first layer's part of the tangent kernel over Σ⁽⁰⁾
    covariance = NNGP(hidden_layers, activation)
    series = np.polynomial.Chebyshev.interpolate(covariance.profile, 80, domain=[0.1, 3.1])
    theta = np.linspace(0.2, 3.0, 50)
    first = DeepNTK(hidden_layers, activation, trained="first").profile(theta) / np.cos(theta)
    np.testing.assert_allclose(-series.deriv()(theta) / np.sin(theta), first, rtol=1e-9)


def test_without_bias_each_relu_layer_contributes_one_at_equal_points():
    for hidden_layers in (1, 5, 50):
        assert DeepNTK(hidden_layers).profile(0.0) == pytest.approx(hidden_layers + 1, rel=1e-15)
        assert NNGP(hidden_layers).profile(0.0) == 1


@pytest.mark.parametrize("kernel", ALL_KERNELS, ids=short)
def test_gram_matrices_are_symmetric_positive_and_agree_with_their_parts(kernel):
    rng = np.random.default_rng(4)
    for X in (sphere(30, 3), sphere(30, 3) * rng.uniform(0.3, 1.5, (30, 1))):
        gram = kernel(X)
        np.testing.assert_array_equal(gram, gram.T)
        assert np.linalg.eigvalsh(gram).min() > -1e-13 * np.trace(gram)
        np.testing.assert_allclose(kernel.diag(X), np.diag(gram), rtol=1e-13)
        np.testing.assert_allclose(kernel(X[:4], X), gram[:4], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("kernel", ALL_KERNELS, ids=short)
def test_unit_vectors_are_not_a_special_case(kernel):
    # rows off the sphere by a hair take the road for any norm
    X = sphere(10, 3)
    np.testing.assert_allclose(kernel(X * (1 + 1e-12)), kernel(X), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(kernel(X), kernel.profile(angle_between(X)), rtol=1e-14)


def test_relu_without_bias_is_homogeneous_and_with_bias_is_not():
    X, Y = sphere(6, 3), sphere(7, 3, seed=1)
    a, b = np.geomspace(1e-60, 1e60, 6), np.linspace(0.1, 9, 7)
    kernel = DeepNTK(4)
    got = kernel(a[:, None] * X, b[:, None] * Y)
    np.testing.assert_allclose(got, kernel(X, Y) * a[:, None] * b, rtol=1e-12)
    biased = DeepNTK(4, bias_variance=0.1)
    assert abs(biased(2 * X)[0, 1] - 4 * biased(X)[0, 1]) > 0.1


def test_bias_is_one_more_coordinate_of_the_input_for_one_layer():
    X = np.random.default_rng(8).normal(size=(9, 2))
    augmented = np.hstack([X, np.full((9, 1), 0.7)])
    np.testing.assert_allclose(
        DeepNTK(1, bias_variance=0.49, trained="first")(X),
        DeepNTK(1, trained="first")(augmented),
        rtol=1e-13,
    )


def test_rows_of_zeros():
    X = np.array([[0.0, 0.0], [1.0, 2.0]])
    for kernel in (DeepNTK(2), DeepNTK(2, "erf"), DeepNTK(2, "tanh"), NNGP(3, "sin")):
        assert kernel(X)[0].tolist() == [0, 0]
        assert kernel.diag(X)[0] == 0 < kernel.diag(X)[1]
    biased = DeepNTK(1, bias_variance=0.5, trained=(2,))
    # x = 0 sees the bias alone: Σ⁽¹⁾(0, 0) = β² + β²
    assert biased(X)[0, 0] == pytest.approx(1.0, rel=1e-15)
    shifted = DeepNTK(1, lambda z: np.tanh(z / 2) + 0.5)
    with pytest.raises(ValueError, match=r"^Y: rows must not be zero where σ\(0\) is not .* row 0"):
        shifted(X[1:], X)


def test_one_coordinate_is_a_line():
    X = np.array([[-2.0], [0.5], [3.0]])
    kernel = DeepNTK(2, bias_variance=0.1)
    np.testing.assert_allclose(kernel(X), kernel(np.hstack([X, 0 * X])), rtol=1e-15)
    with pytest.raises(ValueError, match=r"^Y: must have 1 columns like X, got \(2, 2\)"):
        kernel(X, np.eye(2))


@pytest.mark.parametrize(
    ("kernel", "accuracy"),
    [(DeepNTK(1), 1e-14), (DeepNTK(10), 1e-14), (DeepNTK(50), 1e-14), (NNGP(1), 1e-14),
     (DeepNTK(50, bias_variance=0.1), 1e-13), (DeepNTK(20, "erf"), 1e-13),
     (DeepNTK(3, "tanh"), 1e-13)],
    ids=short,
)  # fmt: skip
def test_large_matrices_agree_with_the_profile(kernel, accuracy):
    x = np.concatenate([np.geomspace(1e-8, 3, 80), np.linspace(-3, 3, 80)])
    theta = np.abs(x[:, None] - x) % (2 * np.pi)
    theta = np.minimum(theta, 2 * np.pi - theta)
    got = kernel.at_angles(x)
    assert got.size > 20000
    np.testing.assert_allclose(
        got, kernel.profile(theta), rtol=0, atol=accuracy * kernel.profile(0.0)
    )
    np.testing.assert_array_equal(got, got.T)
    np.testing.assert_allclose(
        kernel(to_circle(x)), got, rtol=0, atol=1e-13 * kernel.profile(0.0)
    )


def test_a_kernel_too_sharp_for_the_table_goes_through_the_recursion(monkeypatch):
    monkeypatch.setattr(_tables, "MOST_CELLS", 2)
    kernel = DeepNTK(50)
    assert kernel._table is None
    x = np.linspace(0, 1e-3, 150)
    np.testing.assert_array_equal(kernel.at_angles(x), kernel.profile(np.abs(x[:, None] - x)))


def test_harmonic_eigenvalues_against_the_closed_form_of_two_layers():
    q = np.array([[0, 1, 2], [3, 40, 1000]])
    for bias in (True, False):
        kernel = TwoLayerNTK(bias)
        by_quadrature = ZonalKernel.harmonic_eigenvalues(kernel, q)
        assert by_quadrature.shape == q.shape
        np.testing.assert_allclose(
            by_quadrature, kernel.harmonic_eigenvalues(q), rtol=0, atol=1e-15
        )


@pytest.mark.parametrize("hidden_layers", [1, 10, 50])
def test_harmonic_eigenvalues_against_the_fast_fourier_transform(hidden_layers):
    # aliasing of a kernel with a kink falls like n^-2; Richardson on n and 2n
    kernel = DeepNTK(hidden_layers)

    def by_fft(n):
        theta = 2 * np.pi * np.arange(n) / n
        return np.fft.rfft(kernel.profile(np.minimum(theta, 2 * np.pi - theta))).real[:30] / n

    n = 2**13
    reference = (4 * by_fft(2 * n) - by_fft(n)) / 3
    np.testing.assert_allclose(
        kernel.harmonic_eigenvalues(range(30)), reference, rtol=0, atol=1e-11 * hidden_layers
    )


@pytest.mark.parametrize("dimension", [2, 3, 4, 10])
def test_harmonic_eigenvalues_on_spheres_sum_to_the_trace(dimension):
    # Mercer on the diagonal: Σ_ℓ N_ℓ λ_ℓ = K(0), N_ℓ harmonics of degree ℓ
    kernel = DeepNTK(1, "erf")
    ell = np.arange(60)
    count = np.array([math.comb(dimension + e - 1, e) for e in ell], dtype=float)
    count[2:] -= [math.comb(dimension + e - 3, e - 2) for e in ell[2:]]
    assert count @ kernel.harmonic_eigenvalues(ell, dimension) == pytest.approx(
        kernel.profile(0.0), rel=1e-11
    )


def test_harmonic_eigenvalues_on_the_sphere_by_hand():
    # first layer alone, L = 1: K = cos θ (π - θ)/π = x/2 + x arcsin(x)/π
    kernel = DeepNTK(1, trained="first")
    # ℓ = 1: (1/2)∫ x²/2 dx = 1/6; ℓ = 0: (1/2π)∫ x arcsin x dx = (1/π)(π/8) = 1/8
    got = kernel.harmonic_eigenvalues([0, 1, 3, 5], dimension=3)
    np.testing.assert_allclose(got, [1 / 8, 1 / 6, 0, 0], rtol=0, atol=1e-15)


def test_decay_of_harmonic_eigenvalues_with_depth():
    # claim C22: the ratio of neighbours shows that decay is not monotone for 2, 3 hidden layers
    for hidden_layers, ratio in ((2, 0.70), (3, 0.89)):
        at = DeepNTK(hidden_layers).harmonic_eigenvalues([100, 101])
        assert at[1] / at[0] == pytest.approx(ratio, abs=0.005)
    q = np.arange(50, 201)
    slope = np.polyfit(np.log(q), np.log(DeepNTK(10).harmonic_eigenvalues(q)), 1)[0]
    assert slope == pytest.approx(-2.0, abs=0.01)


def test_harmonic_eigenvalues_refuse_what_they_cannot_do():
    kernel = DeepNTK(2)
    for wrong in ([-1], [1.5], [20001]):
        with pytest.raises(ValueError, match="^frequencies: must be"):
            kernel.harmonic_eigenvalues(wrong)
    with pytest.raises(ValueError, match="^dimension: must be >= 2, got int 1"):
        kernel.harmonic_eigenvalues([1], dimension=1)


@pytest.mark.parametrize("hidden_layers", [1, 2, 3, 10, 50])
def test_population_spectrum_of_deep_kernels(hidden_layers):
    density = PiecewiseConstant.equal_pieces([1, 2, 4])
    kernel = DeepNTK(hidden_layers)
    coarse = fredholm.solve(kernel, density, 50).eigenvalues
    fine = fredholm.solve(kernel, density, 50, refine=2).eigenvalues
    np.testing.assert_allclose(coarse, fine, rtol=1e-11)


def test_the_quadrature_of_a_smooth_activation_against_its_closed_form():
    closed, series = DeepNTK(10, "erf"), DeepNTK(10, lambda z: torch.erf(torch.tensor(z)).numpy())
    theta = np.linspace(0, np.pi, 50)
    error = np.abs(series.profile(theta) - closed.profile(theta)).max() / closed.profile(0.0)
    assert error < 1e-13


@pytest.mark.parametrize("hidden_layers", [10, 150, 200, 400, 600])
def test_layers_narrower_than_rounding_take_part_in_harmonic_eigenvalues(hidden_layers):
    """Against the trapezoidal rule in log θ, as K(π - θ) = -K(θ) for an odd activation."""
    kernel = DeepNTK(hidden_layers, "erf")
    t, step = np.linspace(-300, np.log(np.pi / 2), 7_501, retstep=True)
    theta = np.exp(t)
    terms = 2 / np.pi * kernel.profile(theta) * np.cos(theta) * theta * step
    wanted = terms.sum() - terms[-1] / 2  # which is 0 at π/2
    one, even = kernel.harmonic_eigenvalues([1, 2])
    assert one == pytest.approx(wanted, rel=1e-6)
    assert abs(even) < 1e-12 * one


def test_what_a_kernel_says_of_itself():
    text = repr(DeepNTK(3, "tanh", bias_variance=0.1, trained=(1, 4), normalized=True))
    for part in (
        "DeepNTK(hidden_layers=3, activation='tanh', bias_variance=0.1, trained=(1, 4)",
        "normalized=True", "Θ = Σ_h", "+ β b⁽ʰ⁾", "scaled to K(0) = 1", "infinite width",
        "tangent-kernel parameterisation", "trained: layers 1, 4 of 4",
    ):  # fmt: skip
        assert part in text
    assert "layers 1 to 3 of 3" in repr(DeepNTK(2))
    assert "random networks, nothing trained" in repr(NNGP(2))
    assert "c = 2;" in repr(NNGP(2))


def test_kernels_can_be_sent_to_another_process():
    kernel = DeepNTK(5, "tanh")
    kernel.at_angles(np.linspace(0, 3, 150))
    again = pickle.loads(pickle.dumps(kernel))
    np.testing.assert_array_equal(again.profile(GRID), kernel.profile(GRID))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DeepNTK(0), ValueError, "hidden_layers: must be >= 1, got int 0"),
        (lambda: DeepNTK(2.0), TypeError, "hidden_layers: must be a whole number"),
        (lambda: DeepNTK(10**9), ValueError, "hidden_layers: must be <= 10000"),
        (lambda: DeepNTK(4000, "erf"), ValueError, "hidden_layers: the kernel grows beyond"),
        (lambda: DeepNTK(2, bias_variance=-1), ValueError, "bias_variance: must be >= 0"),
        (lambda: DeepNTK(2, trained="some"), ValueError, "trained: must be one of 'all'"),
        (lambda: DeepNTK(2, trained=()), ValueError, "trained: must be 'all', 'first'"),
        (lambda: DeepNTK(2, trained=2), ValueError, "trained: must be 'all', 'first'"),
        (lambda: DeepNTK(2, trained=(4,)), ValueError, "trained: must be <= 3, got int 4"),
        (lambda: DeepNTK(1, trained="hidden"), ValueError, "trained: with one hidden layer"),
        (lambda: DeepNTK(2, normalized=1), TypeError, "normalized: must be True or False"),
        (lambda: NNGP(2, "swish"), ValueError, "activation: must be one of"),
        (lambda: NNGP(2, lambda z: np.maximum(z, 0)), ValueError, "activation: is not resolved"),
        (lambda: DeepNTK(2)([[np.nan, 1]]), ValueError, "X: must be finite"),
        (lambda: DeepNTK(2)(np.ones((2, 0))), ValueError, r"X: must have shape \(n, d\)"),
        (lambda: DeepNTK(2)([[1e80, 0]]), ValueError, "X: must be <= 1e.75 in size"),
        (lambda: DeepNTK(2)(np.eye(2), np.eye(3)), ValueError, "Y: must have 2 columns"),
        (lambda: DeepNTK(2, "tanh")([[9.0, 0]]), ValueError, "activation: .* variance 81"),
        (lambda: DeepNTK(2).profile(4.0), ValueError, "theta: must lie in"),
    ],
)
def test_wrong_arguments_are_refused_by_name(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()


def test_directions_and_norms():
    X = np.vstack([sphere(4, 3), [[0, 0, 0], [3e70, 4e70, 0], [0, 3e-70, 4e-70], [1e-80, 0, 0]]])
    directions, norms = directions_and_norms("X", X)
    np.testing.assert_array_equal(directions[:4], X[:4])
    np.testing.assert_allclose(norms, [1, 1, 1, 1, 0, 5e70, 5e-70, 0], rtol=1e-15)
    np.testing.assert_allclose(directions[5:7], [[0.6, 0.8, 0], [0, 0.6, 0.8]], rtol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize("dimension", [2, 10, 500])
def test_angles_of_a_large_matrix_against_extended_precision(dimension):
    # close, opposite and general pairs, near the switch to differences of coordinates too
    rng = np.random.default_rng(dimension)
    X = sphere(25, dimension)
    steps = np.geomspace(1e-12, 0.5, 25)[:, None]
    Y = X + steps * sphere(25, dimension, seed=1)
    Y *= rng.choice([-1, 1], (25, 1)) / np.linalg.norm(Y, axis=1, keepdims=True)
    x, y = X.astype(np.longdouble)[:, None], Y.astype(np.longdouble)
    exact = 2 * np.arctan2(np.linalg.norm(x - y, axis=2), np.linalg.norm(x + y, axis=2))
    assert np.abs(angle_between(X, Y) / exact - 1).max() < 3e-15
