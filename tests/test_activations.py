"""ntklab.activations: a layer's Gaussian expectations by mpmath, Monte Carlo and identities."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf

from ntklab.activations import (
    TOLERANCE,
    Erf,
    HermiteSeries,
    ReLU,
    dual_activation,
    half_angle,
    with_bias,
)

NAMES = ["relu", "erf", "tanh", "gelu", "sin"]
FUNCTIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "erf": erf,
    "tanh": np.tanh,
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "sin": np.sin,
}
SLOPES = {
    "relu": lambda z: (z > 0) * 1.0,
    "erf": lambda z: 2 / np.sqrt(np.pi) * np.exp(-(z**2)),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "gelu": lambda z: (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    "sin": np.cos,
}
ANGLES = np.concatenate([np.geomspace(1e-8, 0.3, 12), np.linspace(0.4, np.pi, 12)])


def exact_half_angle(theta):
    return mpmath.sin(mpmath.mpf(theta) / 2), mpmath.cos(mpmath.mpf(theta) / 2)


def relative_error(value, exact):
    return float(abs(mpmath.mpf(float(value)) - exact) / abs(exact))


def covariance(name, p, q, theta):
    """c_σ E[σ(u)σ(v)] and slope from the dual activation."""
    dual = dual_activation(name)
    _, _, cosine, slope = dual.pair(p, q, *half_angle(theta))
    return np.sqrt(dual.variance(p) * dual.variance(q)) * cosine, slope


@mpmath.workdps(60)
def test_half_angles_keep_their_digits_up_to_pi():
    for theta in [1e-300, 1e-8, 1.0, np.pi - 1e-8, np.pi]:
        for value, exact in zip(half_angle(theta), exact_half_angle(theta), strict=True):
            assert relative_error(value, exact) < 1e-15


@mpmath.workdps(120)
@pytest.mark.parametrize("theta", [*ANGLES, np.pi - 1e-3, np.pi - 1e-8])
def test_relu_against_mpmath(theta):
    s, c, cosine, slope = ReLU().pair(1.0, 1.0, *half_angle(theta))
    angle = mpmath.mpf(theta)
    exact = (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / mpmath.pi
    assert relative_error(cosine, exact) < 2e-15
    assert relative_error(s, mpmath.sqrt((1 - exact) / 2)) < 2e-15
    assert relative_error(c, mpmath.sqrt((1 + exact) / 2)) < 2e-15
    assert relative_error(slope, (mpmath.pi - angle) / mpmath.pi) < 2e-15


@mpmath.workdps(60)
@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.3, 0.3), (40, 40), (0.3, 40), (1, 1 + 1e-9)])
def test_erf_against_mpmath(p, q):
    def arcsine(x, y, covariance):
        return mpmath.asin(2 * covariance / mpmath.sqrt((1 + 2 * x) * (1 + 2 * y)))

    for theta in ANGLES:
        s, c, cosine, slope = Erf().pair(p, q, *half_angle(theta))
        x, y, angle = mpmath.mpf(p), mpmath.mpf(q), mpmath.mpf(float(theta))
        mixed = mpmath.sqrt(x * y) * mpmath.cos(angle)
        exact = arcsine(x, y, mixed) / mpmath.sqrt(arcsine(x, x, x) * arcsine(y, y, y))
        assert abs(cosine - exact) < 1e-15
        # for p ≠ q the small angle of σ(u) and σ(v) is a difference of order p - q
        for half, square in ((s, (1 - exact) / 2), (c, (1 + exact) / 2)):
            allowed = 1e-14 * mpmath.sqrt(square) + (0 if p == q else 1e-15)
            assert abs(half - mpmath.sqrt(square)) < allowed
        root = mpmath.sqrt((1 + 2 * x) * (1 + 2 * y) - 4 * mixed**2)
        assert relative_error(slope, 2 / (mpmath.asin(mpmath.mpf(2) / 3) * root)) < 1e-14


@pytest.mark.parametrize("name", NAMES)
def test_expectations_against_monte_carlo(name):
    rng = np.random.default_rng(7)
    z = rng.normal(size=(2, 400_000))
    c_sigma = dual_activation(name).c_sigma
    for p, q, theta in [(1.0, 1.0, 0.7), (1.0, 1.0, 2.5), (0.5, 2.0, 1.2)]:
        u = np.sqrt(p) * z[0]
        v = np.sqrt(q) * (np.cos(theta) * z[0] + np.sin(theta) * z[1])
        for function, value in zip(
            (FUNCTIONS[name], SLOPES[name]), covariance(name, p, q, theta), strict=True
        ):
            products = c_sigma * function(u) * function(v)
            error = products.std() / np.sqrt(products.size)
            assert abs(products.mean() - value) < 4 * error


def test_the_slope_of_relu_has_no_further_factor_cosine():
    # claim C05: the paper's appendix prints ρ(π - arccos ρ)/2π for E[σ̇(u)σ̇(v)]
    rng = np.random.default_rng(3)
    z = rng.normal(size=(2, 400_000))
    for theta in (0.9, 1.4, 2.4):
        rho = np.cos(theta)
        both = (z[0] > 0) & (rho * z[0] + np.sin(theta) * z[1] > 0)
        error = both.std() / np.sqrt(both.size)
        right = ReLU().pair(1.0, 1.0, *half_angle(theta))[3] / 2
        assert right == pytest.approx((np.pi - theta) / (2 * np.pi), rel=1e-15)
        assert abs(both.mean() - right) < 4 * error
        assert abs(both.mean() - rho * right) > 50 * error


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.4, 1.5)])
def test_the_slope_is_the_derivative_in_the_covariance(name, p, q):
    # Price's theorem: ∂E[σ(u)σ(v)]/∂E[uv] = E[σ̇(u)σ̇(v)]
    series = np.polynomial.Chebyshev.interpolate(
        lambda theta: covariance(name, p, q, theta)[0], 60, domain=[0.2, 3.0]
    )
    theta = np.linspace(0.3, 2.9, 40)
    derivative = -series.deriv()(theta) / (np.sqrt(p * q) * np.sin(theta))
    np.testing.assert_allclose(covariance(name, p, q, theta)[1], derivative, rtol=0, atol=1e-10)


@pytest.mark.parametrize("q", [0.2, 1.0, 2.5])
def test_the_hermite_series_of_erf_is_its_closed_form(q):
    theta = np.append(0.0, ANGLES)
    series, closed = HermiteSeries(erf), Erf()
    assert series.c_sigma == pytest.approx(closed.c_sigma, rel=1e-14)
    assert series.variance(q) == pytest.approx(closed.variance(q), rel=1e-14)
    for other in (q, 0.7):
        for got, wanted in zip(
            series.pair(q, other, *half_angle(theta)),
            closed.pair(q, other, *half_angle(theta)),
            strict=True,
        ):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_c_sigma_and_variance_against_adaptive_quadrature(name):
    def second_moment(q):
        def integrand(z):
            return FUNCTIONS[name](np.sqrt(q) * z) ** 2 * np.exp(-(z**2) / 2)

        return quad(integrand, -12, 12, points=[0], epsabs=0, epsrel=1e-13, limit=200)[0]

    dual = dual_activation(name)
    assert dual.c_sigma * second_moment(1) == pytest.approx(np.sqrt(2 * np.pi), rel=1e-12)
    assert dual.variance(1.0) == pytest.approx(1, rel=1e-14)
    assert dual.variance(2.0) == pytest.approx(second_moment(2) / second_moment(1), rel=1e-12)


def test_variances_broadcast_entry_by_entry():
    p, q = np.array([[0.5], [1.0]]), np.array([0.3, 1.0, 2.0])
    theta = np.random.default_rng(0).uniform(0, np.pi, (2, 3))
    for name in NAMES:
        together = dual_activation(name).pair(p, q, *half_angle(theta))
        for i, j in np.ndindex(2, 3):
            alone = dual_activation(name).pair(p[i, 0], q[j], *half_angle(theta[i, j]))
            for whole, part in zip(together, alone, strict=True):
                np.testing.assert_allclose(whole[i, j], part, rtol=1e-12, atol=1e-14)


@mpmath.workdps(60)
def test_a_bias_is_one_more_coordinate_of_both_vectors():
    for a, b, theta, added in [(1, 1, 1e-8, 0.1), (2, 0.5, 1.0, 3.0), (1, 1, np.pi, 1e-12)]:
        p, q, s, c, covariance = with_bias(
            a**2, b**2, *half_angle(theta), np.cos(theta), added
        )
        angle, root = mpmath.mpf(theta), mpmath.sqrt(mpmath.mpf(added))
        x = mpmath.matrix([a, 0, root])
        y = mpmath.matrix([b * mpmath.cos(angle), b * mpmath.sin(angle), root])
        x_norm, y_norm = mpmath.norm(x), mpmath.norm(y)
        assert relative_error(s, mpmath.norm(x / x_norm - y / y_norm) / 2) < 1e-15
        assert relative_error(c, mpmath.norm(x / x_norm + y / y_norm) / 2) < 1e-15
        assert (p, q) == (pytest.approx(float(x_norm**2)), pytest.approx(float(y_norm**2)))
        assert covariance == pytest.approx(float((x.T * y)[0]), rel=1e-15)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda z: np.maximum(z, 0), "not resolved by Gauss-Hermite .* a kink, a steep slope"),
        (np.abs, "is not resolved"),
        (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), "not resolved"),
        (lambda z: np.tanh(9 * z), "not resolved"),
        (lambda z: np.ones_like(z), "must not be constant"),
        (lambda z: np.exp(z**2), r"must be finite, got inf"),
        (lambda z: z[:3], r"must be elementwise, got shape \(3,\)"),
        ("swish", "must be one of 'relu', 'erf', 'tanh', 'gelu', 'sin', got 'swish'"),
    ],
)
def test_activations_that_cannot_be_integrated_are_refused(function, message):
    with pytest.raises(ValueError, match=f"^activation: .*{message}"):
        dual_activation(function)


def test_activations_of_another_type_are_refused():
    with pytest.raises(TypeError, match="^activation: must be a name or a function, got int 3"):
        dual_activation(3)


def test_the_tolerance_bounds_the_error_of_a_steep_activation():
    def steep(z):
        return np.tanh(2 * z)

    theta = np.linspace(0, np.pi, 30)
    with pytest.raises(ValueError, match="not resolved"):
        HermiteSeries(steep, 512, tolerance=TOLERANCE / 10)
    coarse = HermiteSeries(steep, 512).pair(1.0, 1.0, *half_angle(theta))
    fine = HermiteSeries(steep).pair(1.0, 1.0, *half_angle(theta))
    error = np.abs(coarse[3] - fine[3]).max() / fine[3].max()
    assert 0 < error < TOLERANCE
