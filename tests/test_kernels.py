"""The two-layer kernel, against 40-digit arithmetic, sampled gradients and algebraic identities."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from ntklab.geometry import angle_between, circle_distance, to_circle
from ntklab.kernels import TwoLayerNTK, ZonalKernel

properties = settings(deadline=None, max_examples=40)
kinds = [
    TwoLayerNTK(bias, normalization)
    for bias in (True, False)
    for normalization in ("lecture", "network")
]
each_kernel = pytest.mark.parametrize(
    "kernel", kinds, ids=lambda k: f"{'bias' if k.bias else 'no bias'}, {k.normalization}"
)


def exact_profile(kernel, theta):
    """K(θ) in mpmath numbers, straight from the formula."""
    denominator = {"lecture": 4, "network": 2}[kernel.normalization] * mpmath.pi
    return (int(kernel.bias) + mpmath.cos(theta)) * (mpmath.pi - theta) / denominator


def sphere_points(count, dimension, seed):
    points = np.random.default_rng(seed).normal(size=(count, dimension))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


# -- the formula ----------------------------------------------------------------------------------


@each_kernel
def test_profile_has_every_digit(kernel):
    near = np.logspace(-16, 0, 33)
    theta = np.concatenate([[0, np.pi / 2, np.pi], near, np.pi - near, np.linspace(0, np.pi, 50)])
    with mpmath.workdps(40):
        exact = [float(exact_profile(kernel, mpmath.mpf(t))) for t in theta]
    np.testing.assert_allclose(kernel.profile(theta), exact, rtol=1e-14, atol=2e-17)


def test_known_values():
    for bias, at_zero, at_quarter in ((True, 0.5, 1 / 8), (False, 0.25, 0.0)):
        kernel = TwoLayerNTK(bias)
        np.testing.assert_allclose(
            kernel.profile([0, np.pi / 2, np.pi]), [at_zero, at_quarter, 0], atol=1e-17
        )
    np.testing.assert_allclose(TwoLayerNTK(normalization="network").profile(0.0), 1.0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("theta", [0.0, 0.4, 1.5, 2.9])
def test_network_normalization_is_the_inner_product_of_sampled_gradients(bias, theta):
    # u(x) = m^(-1/2) Σ_r a_r relu(w_r·x + b_r), a_r = ±1, b_r = 0: equation (6), claim C07
    width, d = 400_000, 3
    x, z = np.array([1.0, 0, 0]), np.array([np.cos(theta), np.sin(theta), 0])
    rng = np.random.default_rng(11)
    w, a = rng.normal(size=(width, d)), rng.choice([-1.0, 1.0], width)

    def gradient(point):
        active = a * (w @ point > 0)
        by_weight = active[:, None] * np.append(point, 1.0 if bias else 0.0)
        return by_weight / np.sqrt(width)

    products = np.sum(gradient(x) * gradient(z), axis=1) * width
    error = products.std() / np.sqrt(width)
    exact = TwoLayerNTK(bias, "network").profile(theta)
    assert abs(products.mean() - exact) <= 5 * error + 1e-12
    assert abs(products.mean() - TwoLayerNTK(bias, "lecture").profile(theta)) > 20 * error


def test_lecture_normalization_belongs_to_inputs_scaled_to_unit_norm():
    # first-layer weights acting on (x, 1)/√2, bias starting at 0: gradients (x, 1)/√2 where w·x > 0
    x, z = to_circle([0.3])[0], to_circle([1.5])[0]
    w = np.random.default_rng(5).normal(size=(400_000, 2))
    both = (w @ x > 0) & (w @ z > 0)
    inner = np.append(x, 1) @ np.append(z, 1) / 2
    error = inner * both.std() / np.sqrt(len(w))
    assert abs(inner * both.mean() - TwoLayerNTK().profile(1.2)) <= 5 * error


# -- matrices -------------------------------------------------------------------------------------


@each_kernel
@pytest.mark.parametrize("dimension", [2, 3, 7])
def test_gram_cross_diagonal_and_profile_agree(kernel, dimension):
    X, Y = sphere_points(9, dimension, 0), sphere_points(5, dimension, 1)
    np.testing.assert_array_equal(kernel(X), kernel(X, X))
    np.testing.assert_array_equal(kernel(X, Y), kernel.profile(angle_between(X, Y)))
    np.testing.assert_array_equal(kernel(X, Y), kernel(Y, X).T)
    np.testing.assert_array_equal(np.diag(kernel(X)), kernel.diag(X))
    assert kernel(X, Y).shape == (9, 5)


@each_kernel
def test_angles_and_points_agree(kernel):
    x, z = np.linspace(-3, 9, 7), np.linspace(-20, 3, 4)
    np.testing.assert_allclose(
        kernel.at_angles(x, z), kernel(to_circle(x), to_circle(z)), atol=1e-15
    )
    np.testing.assert_array_equal(kernel.at_angles(x), kernel.at_angles(x, x))
    np.testing.assert_array_equal(
        kernel.at_angles(x, z), kernel.profile(circle_distance(x[:, None], z))
    )


@properties
@given(st.sampled_from(kinds), st.integers(2, 6), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_gram_matrices_are_symmetric_positive_semidefinite_and_rotation_invariant(
    kernel, dimension, count, seed
):
    X = sphere_points(count, dimension, seed)
    gram = kernel(X)
    np.testing.assert_array_equal(gram, gram.T)
    assert np.linalg.eigvalsh(gram)[0] >= -1e-14 * count
    rotation = ortho_group.rvs(dimension, random_state=seed)
    np.testing.assert_allclose(kernel(X @ rotation), gram, atol=2e-15)


@properties
@given(
    st.sampled_from(kinds), st.lists(st.floats(-10, 10), min_size=1, max_size=10), st.floats(-9, 9)
)
def test_matrices_at_angles_do_not_change_when_the_circle_turns(kernel, x, by):
    x = np.array(x)
    np.testing.assert_allclose(kernel.at_angles(x + by), kernel.at_angles(x), atol=2e-14)


@each_kernel
def test_repeated_and_antipodal_points_are_exact(kernel):
    X = sphere_points(4, 3, 2)
    X = np.concatenate([X, X, -X])
    gram = kernel(X)
    np.testing.assert_array_equal(gram[:4], gram[4:8])
    np.testing.assert_array_equal(np.diag(gram[:4, 8:]), 0)


def test_the_least_eigenvalue_is_positive_with_bias_and_zero_without():
    # claim C25, on points with no antipodal pair; 100 points, so n/2 odd frequencies beyond 1
    x = np.linspace(-np.pi, np.pi, 101)[:-1]
    with_bias = np.linalg.eigvalsh(TwoLayerNTK(True).at_angles(x) / 100)
    without = np.linalg.eigvalsh(TwoLayerNTK(False).at_angles(x) / 100)
    assert with_bias[0] > 1e-5
    assert abs(without[0]) < 1e-16 and np.count_nonzero(without < 1e-15) == 100 // 2 - 2


# -- the spectrum under the uniform density -------------------------------------------------------


@each_kernel
@pytest.mark.parametrize("q", [0, 1, 2, 3, 4, 5, 10, 25])
def test_harmonic_eigenvalues_are_the_cosine_coefficients(kernel, q):
    with mpmath.workdps(30):
        cuts = [mpmath.pi * j / max(q, 1) for j in range(max(q, 1) + 1)]
        exact = mpmath.quad(lambda t: exact_profile(kernel, t) * mpmath.cos(q * t), cuts)
        exact = float(exact / mpmath.pi)
    assert kernel.harmonic_eigenvalues(q) == pytest.approx(exact, rel=1e-14, abs=1e-25)


@each_kernel
@pytest.mark.parametrize("dimension", [3, 5])
@pytest.mark.parametrize("ell", [0, 1, 2, 3, 6])
def test_harmonic_eigenvalues_on_spheres_follow_funk_and_hecke(kernel, dimension, ell):
    with mpmath.workdps(30):
        alpha = mpmath.mpf(dimension - 2) / 2
        weight = lambda t: mpmath.sin(t) ** (dimension - 2)  # noqa: E731
        harmonic = lambda t: (  # noqa: E731
            mpmath.gegenbauer(ell, alpha, mpmath.cos(t)) / mpmath.gegenbauer(ell, alpha, 1)
        )
        cuts = [mpmath.pi * j / 4 for j in range(5)]
        exact = mpmath.quad(lambda t: exact_profile(kernel, t) * harmonic(t) * weight(t), cuts)
        exact = float(exact / mpmath.quad(weight, cuts))
    assert kernel.harmonic_eigenvalues(ell, dimension) == pytest.approx(exact, abs=2e-15)


def test_the_corrected_values_of_equation_17():
    # claim C13
    values = TwoLayerNTK().harmonic_eigenvalues([0, 1])
    np.testing.assert_allclose(values, [1 / 8 + 1 / (2 * np.pi**2), 1 / 16 + 1 / (2 * np.pi**2)])
    np.testing.assert_allclose(values, [0.175660, 0.113161], atol=1e-6)


@each_kernel
def test_without_bias_odd_frequencies_from_three_on_are_never_learned(kernel):
    odd = kernel.harmonic_eigenvalues(np.arange(3, 101, 2))
    assert (odd > 0).all() if kernel.bias else (odd == 0).all()
    assert (kernel.harmonic_eigenvalues([0, 1, *range(2, 100, 2)]) > 0).all()


@each_kernel
def test_the_trace_is_the_kernel_on_the_diagonal(kernel):
    # Σ_q multiplicity λ_q = K(0); beyond Q the terms are c/q² and Σ_{q>Q} 1/q² = 1/(Q + 1/2) + …
    last = 100_000
    q = np.arange(last + 1)
    total = np.sum(kernel.harmonic_eigenvalues(q) * np.where(q == 0, 1, 2))
    scale = {"lecture": 1, "network": 2}[kernel.normalization] / np.pi**2
    tail = scale * (1 / (last + 0.5) if kernel.bias else 1 / (2 * (last + 1)))
    assert total + tail == pytest.approx(kernel.profile(0.0), abs=1e-13)


@each_kernel
def test_the_circulant_matrix_of_a_grid_has_the_aliased_harmonic_eigenvalues(kernel):
    # H/n on n equally spaced points: eigenvalue Σ_j λ_{|q + jn|}, eigenvectors the discrete harmonics  # noqa: E501
    n, turns = 8, 200_000
    row = kernel.at_angles([0.0], 2 * np.pi / n * np.arange(n))[0]
    q = np.arange(n // 2 + 1)
    aliases = np.abs(q[:, None] + n * np.arange(-turns, turns + 1))
    exact = np.fft.rfft(row).real / n
    np.testing.assert_allclose(kernel.harmonic_eigenvalues(aliases).sum(axis=1), exact, atol=1e-7)


# -- manners --------------------------------------------------------------------------------------


@each_kernel
def test_a_kernel_says_which_one_it_is(kernel):
    assert isinstance(kernel, ZonalKernel)
    shown = repr(kernel)
    assert f"bias={kernel.bias}" in shown and repr(kernel.normalization) in shown
    assert {"lecture": "4π", "network": "2π"}[kernel.normalization] in shown
    assert "infinite width" in shown and ("1 + cos θ" in shown) == kernel.bias


@each_kernel
def test_shapes_are_kept_and_arguments_are_not_changed(kernel):
    theta = np.array([[0.0, 1.0], [2.0, 3.0]])[:, ::-1]
    theta.flags.writeable = False
    assert kernel.profile(theta).shape == (2, 2) and np.shape(kernel.profile(0.3)) == ()
    assert kernel.profile([]).shape == (0,)
    assert kernel.harmonic_eigenvalues([[1, 2, 3]]).shape == (1, 3)
    X = np.asfortranarray(sphere_points(6, 3, 3))[::2]
    X.flags.writeable = False
    np.testing.assert_array_equal(kernel(X), kernel(X.copy()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: k.profile(-0.1), r"theta: must lie in \[0, π\], got -0.1"),
        (lambda k: k.profile([0, 3.2]), r"theta: must lie in \[0, π\], got 3.2"),
        (lambda k: k.profile(np.nan), "theta: must be finite"),
        (lambda k: k([[1.0, 1.0]]), "X: rows must be unit vectors, got norm 1.41421 in row 0"),
        (lambda k: k(np.eye(3), np.eye(2)), r"Y: must have shape \(n, 3\)"),
        (lambda k: k(np.empty((0, 2))), "X: must have shape"),
        (lambda k: k.diag([[np.nan, 0.0]]), "X: must be finite"),
        (lambda k: k.at_angles(0.0), r"x: must have 1 dimension\(s\)"),
        (lambda k: k.at_angles([0.0], [np.inf]), "z: must be finite"),
        (lambda k: k.harmonic_eigenvalues(-1), "frequencies: must be whole and >= 0"),
        (lambda k: k.harmonic_eigenvalues([1.5]), "frequencies: must be whole and >= 0"),
        (lambda k: k.harmonic_eigenvalues(np.nan), "frequencies: must be finite"),
        (lambda k: TwoLayerNTK(normalization="half"), "normalization: must be one of 'lecture'"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make(TwoLayerNTK())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: TwoLayerNTK(bias=1), "bias: must be True or False, got int 1"),
        (lambda k: TwoLayerNTK(bias="no"), "bias: must be True or False"),
        (lambda k: k.profile("a"), "theta: must be real numbers"),
        (lambda k: k([["a", "b"]]), "X: must be real numbers"),
        (lambda k: k(None), "X: must be real numbers"),
        (lambda k: k.at_angles([1j]), "x: must be real numbers"),
        (lambda k: k.harmonic_eigenvalues(None), "frequencies: must be real numbers"),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(make, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        make(TwoLayerNTK())
