"""What solvers return: projections, local frequencies and signs, on functions known beforehand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from ntklab._errors import error_bounds, fix_signs
from ntklab.densities import PiecewiseConstant, Region
from ntklab.fredholm import solve
from ntklab.kernels import TwoLayerNTK
from ntklab.spectrum import Spectrum

ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])
SPECTRUM = solve(TwoLayerNTK(), ONE_TWO_FOUR, 12)


def fourier(frequencies, phase=0.3, size=512):
    """A spectrum by hand: √2 cos(κx + phase) under the uniform density, on an even grid."""
    points = -np.pi + 2 * np.pi / size * np.arange(size)

    def evaluate(x):
        return np.sqrt(2) * np.cos(np.outer(x, frequencies) + phase)

    weights = np.full(size, 1 / size)
    eigenvalues = 1 / (1 + np.arange(len(frequencies)))
    return Spectrum(eigenvalues, points, weights, evaluate(points), evaluate)


# -- projection -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-10, 10), min_size=12, max_size=12))
def test_a_combination_of_eigenfunctions_gives_back_its_coefficients(coefficients):
    target = SPECTRUM.project(lambda x: SPECTRUM(x) @ coefficients)
    np.testing.assert_allclose(target, coefficients, atol=1e-10)
    values = SPECTRUM.values @ coefficients
    np.testing.assert_allclose(SPECTRUM.project(values), coefficients, atol=1e-10)


def test_projection_is_the_integral_against_the_density():
    projected = SPECTRUM.project(lambda x: np.cos(3 * x))
    cuts = [-np.pi, -np.pi / 3, np.pi / 3, np.pi]
    for i in range(4):

        def integrand(x, i=i):
            return SPECTRUM([x])[0, i] * np.cos(3 * x) * float(ONE_TWO_FOUR.pdf(x))

        parts = (quad(integrand, a, b, epsabs=1e-13)[0] for a, b in zip(cuts, cuts[1:]))  # noqa: B905
        assert projected[i] == pytest.approx(sum(parts), abs=1e-9)


def test_bessel():
    squares = np.sum(SPECTRUM.project(np.cos) ** 2)
    assert squares <= SPECTRUM.weights @ np.cos(SPECTRUM.points) ** 2 + 1e-12


# -- errors ---------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.integers(0, 40), min_size=4, max_size=12),  # with many repeats
    st.integers(1, 8),
    st.floats(-14, 0),
    st.integers(0, 10**6),
)
def test_error_bounds_hold_for_any_matrix_and_nearly_invariant_subspace(whole, count, log, seed):
    rng = np.random.default_rng(seed)
    true = np.sort(np.array(whole, dtype=float))[::-1]
    count = min(count, len(true))
    perturbed = np.eye(len(true)) + 10**log * rng.normal(size=(len(true), len(true)))
    basis, _ = np.linalg.qr(perturbed[:, :count])
    ritz, turn = np.linalg.eigh(basis.T @ (true[:, None] * basis))
    ritz, v = ritz[::-1], (basis @ turn)[:, ::-1]
    residuals = np.linalg.norm(true[:, None] * v - v * ritz, axis=0)
    following = true[count] if count < len(true) else 0.0
    # a subspace far from the leading one is not what the bounds speak of
    if 100 * np.linalg.norm(residuals) > max(ritz[-1] - following, 0):
        following = np.inf
        if 10**log > 1e-3:
            return
    errors, functions = error_bounds(ritz, residuals, following, rounding=1e-13)
    assert (np.abs(ritz - true[:count]) <= errors).all()
    alone = functions < np.sqrt(2)
    for i in np.flatnonzero(alone):
        assert np.count_nonzero(np.abs(true - ritz[i]) <= errors[i]) == 1
        assert 1 - v[i, i] ** 2 <= functions[i] ** 2 + 1e-14


def test_error_bounds_are_quadratic_where_there_is_a_gap():
    errors, functions = error_bounds(np.array([2.0, 1.0]), np.array([1e-4, 1e-5]), following=0.5)
    np.testing.assert_allclose(errors, [1e-8 / 0.99999, 1e-10 / 0.5], rtol=1e-9)
    np.testing.assert_allclose(functions, np.sqrt(2) * np.array([1e-4 / 0.99999, 2e-5]), rtol=1e-9)
    errors, functions = error_bounds(np.array([2.0, 2.0]), np.array([3e-4, 4e-4]), following=1.0)
    np.testing.assert_allclose(errors, 25e-8, rtol=1e-9)
    np.testing.assert_allclose(functions, np.sqrt(2))
    assert (error_bounds(np.array([2.0]), np.array([1e-4]))[0] == 1e-4).all()


# -- local frequency ------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [Region(-np.pi, np.pi), Region(-1.0, 1.1), Region(2.5, 4.5)])
@pytest.mark.parametrize("phase", [0.0, 0.8, 2.0])
def test_the_local_frequency_of_a_sinusoid_is_its_frequency(region, phase):
    frequencies = np.array([12, 20.5, 33.3, 100, 400])
    measured = fourier(frequencies, phase).local_frequency(region)
    # the mirror image at -κ leaks in by the decay of the Hann window over κℓ/2π periods
    np.testing.assert_allclose(measured, frequencies, rtol=2e-3)


@pytest.mark.parametrize("samples", [512, 1000, 4096])
def test_the_local_frequency_does_not_depend_on_the_samples(samples):
    measured = fourier([15, 40]).local_frequency(Region(0.0, 3.0), samples)
    np.testing.assert_allclose(measured, [15, 40], rtol=1e-3)


def test_a_constant_has_local_frequency_zero():
    assert fourier([0]).local_frequency(Region(0.0, 2.0))[0] == 0


def test_each_region_has_its_own_frequency():
    # claim C10: frequency q√p_j/Z in region j, so regions of density 1:2:4 relate as 1:√2:2
    spectrum = solve(TwoLayerNTK(), ONE_TWO_FOUR, 80)
    q = (np.arange(80) + 1) // 2
    for region, p in zip(ONE_TWO_FOUR.regions, ONE_TWO_FOUR.values, strict=True):
        measured = spectrum.local_frequency(region)[40:]
        np.testing.assert_allclose(measured, q[40:] * np.sqrt(p) / ONE_TWO_FOUR.Z, rtol=0.03)


# -- evaluation and signs -------------------------------------------------------------------------


def test_evaluation_at_the_nodes_gives_the_values():
    np.testing.assert_allclose(SPECTRUM(SPECTRUM.points), SPECTRUM.values, atol=1e-13)
    assert len(SPECTRUM) == 12 and SPECTRUM([]).shape == (0, 12)


def test_a_spectrum_is_frozen_and_short_in_print():
    with pytest.raises(AttributeError):
        SPECTRUM.eigenvalues = None
    assert repr(SPECTRUM).startswith("Spectrum(eigenvalues=array(") and len(repr(SPECTRUM)) < 500


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_fixed_signs_do_not_depend_on_the_signs_given(size, count, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(size, count))
    fixed = fix_signs(values)
    np.testing.assert_array_equal(np.abs(fixed), np.abs(values))
    np.testing.assert_array_equal(fix_signs(values * rng.choice([-1.0, 1.0], count)), fixed)
    largest = np.abs(fixed) == np.abs(fixed).max(axis=0)
    full = np.abs(fixed) > 0.9 * np.abs(fixed).max(axis=0)
    assert (np.where(full, fixed, -np.inf).max(axis=0) > 0).all()
    assert largest.any()


def test_rounding_among_equal_extrema_does_not_flip_a_sign():
    wave = np.cos(np.linspace(0, 6 * np.pi, 301))
    for noise in (1e-15, -1e-15):
        column = wave.copy()
        column[100] += noise * np.sign(column[100])
        assert fix_signs(-column[:, None])[0, 0] == 1


def test_a_zero_column_stays_zero():
    np.testing.assert_array_equal(fix_signs(np.zeros((3, 1))), np.zeros((3, 1)))


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s(0.5), ValueError, r"x: must have 1 dimension\(s\)"),
        (lambda s: s([[0.5]]), ValueError, r"x: must have 1 dimension\(s\)"),
        (lambda s: s([np.nan]), ValueError, "x: must be finite"),
        (lambda s: s(["a"]), TypeError, "x: must be real numbers"),
        (lambda s: s(None), TypeError, "x: must be real numbers"),
        (lambda s: s.project([1.0, 2.0]), ValueError, "target: must have one value per point"),
        (lambda s: s.project(lambda x: 1.0), ValueError, "target: must have one value per point"),
        (lambda s: s.project(lambda x: x * np.nan), ValueError, "target: must be finite"),
        (lambda s: s.project(lambda x: np.exp(1j * x)), TypeError, "target: must be real numbers"),
        (lambda s: s.project("cos"), TypeError, "target: must be real numbers"),
        (lambda s: s.local_frequency((0, 1)), TypeError, "region: must be a Region"),
        (lambda s: s.local_frequency(Region(0, 1), 0), ValueError, "samples: must be >= 16"),
        (lambda s: s.local_frequency(Region(0, 1), 9.5), TypeError, "samples: must be a whole"),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(SPECTRUM)
