"""Closed forms as printed and as corrected, Hill's equation, and the two differential laws."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from ntklab import asymptotics, fredholm
from ntklab.densities import PiecewiseConstant, TrigPolynomial, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK(bias=True)
ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])


@pytest.fixture(scope="module")
def spectrum():
    return fredholm.solve(KERNEL, ONE_TWO_FOUR, 81)


def test_printed_formula_misses_pi_under_the_uniform_density():
    q = np.arange(30)
    ratio = KERNEL.harmonic_eigenvalues(q) / asymptotics.eigenvalue_printed(q, uniform().Z)
    assert ratio[0] == pytest.approx(2 * np.pi, rel=1e-14)
    np.testing.assert_allclose(ratio[1:], np.pi, rtol=1e-14)


def test_corrected_formula_is_exact_for_odd_frequencies_under_the_uniform_density():
    q = np.arange(3, 41, 2)
    right = KERNEL.harmonic_eigenvalues(q)
    np.testing.assert_allclose(asymptotics.eigenvalue_corrected(q, uniform().Z), right, rtol=1e-14)


def test_pair_ratios_of_the_lecture_density(spectrum):
    ratios = asymptotics.pair_ratios(spectrum, ONE_TWO_FOUR)
    known = {1: (2.361, 1.729), 3: (1.181, 1.050), 5: (1.123, 1.046), 10: (1.029, 1.009)}
    for q, pair in known.items():
        np.testing.assert_allclose(ratios[q - 1], pair, atol=6e-4)
    q = asymptotics.effective_frequency(spectrum, ONE_TWO_FOUR)
    np.testing.assert_allclose(q[19:21], 10 / np.sqrt(ratios[9]), rtol=1e-13)


def test_local_frequency_grows_like_the_root_of_the_density():
    frequency = asymptotics.local_frequency([3, 6], ONE_TWO_FOUR)
    np.testing.assert_allclose(frequency[0] / frequency[0, 0], [1, np.sqrt(2), 2], rtol=1e-14)
    np.testing.assert_allclose(frequency[1], 2 * frequency[0])


def test_hill_eigenvalues_of_constant_density_are_double():
    expected = np.repeat(asymptotics.eigenvalue_corrected(np.arange(1, 11), uniform().Z), 2)
    np.testing.assert_allclose(asymptotics.hill_eigenvalues(uniform(), 20), expected, rtol=1e-12)


@pytest.mark.parametrize("weights", [[1, 2, 4], [1, 9], [3, 1, 4, 1, 5]])
def test_hill_eigenvalues_against_an_integrated_monodromy(weights):
    """At ω = 1/√(πλ) the solution operator over one turn has the eigenvalue 1."""
    density = PiecewiseConstant.equal_pieces(weights, start=-2.0)
    for lam in asymptotics.hill_eigenvalues(density, 9):
        columns = np.eye(2)
        for region in density.regions:
            p = density.pdf(region.points(1))[0]
            columns = np.stack(
                [
                    solve_ivp(
                        lambda _, y, p=p, lam=lam: [y[1], -p / (np.pi * lam) * y[0]],
                        (region.start, region.stop),
                        y,
                        rtol=1e-11,
                        atol=1e-11,
                    ).y[:, -1]
                    for y in columns.T
                ],
                axis=1,
            )
        assert np.trace(columns) == pytest.approx(2, abs=1e-6)
        assert np.linalg.det(columns) == pytest.approx(1, abs=1e-7)


def test_hill_eigenvalues_of_a_steep_step():
    found = asymptotics.hill_eigenvalues(PiecewiseConstant.equal_pieces([1, 40]), 12)
    np.testing.assert_allclose(found[:2], [0.05993282180625822, 0.02606946120836816], rtol=1e-13)


def test_hill_eigenvalues_of_any_density():
    rng = np.random.default_rng(3)
    for _ in range(60):
        edges = np.sort(rng.uniform(-np.pi, np.pi, rng.integers(2, 7)))
        density = PiecewiseConstant.proportional(edges, np.exp(rng.normal(0, 2, len(edges))))
        found = asymptotics.hill_eigenvalues(density, 12)
        # the trace of the matrix that carries f, f' round the circle is 2 there
        for lam in found:
            omega, product = 1 / np.sqrt(np.pi * lam), np.eye(2)
            for region in density.regions:
                root = np.sqrt(density.pdf(region.points(1))[0])
                turn, slope = omega * root * region.length, omega * root
                c, s = np.cos(turn), np.sin(turn)
                product = np.array([[c, s / slope], [-slope * s, c]]) @ product
            assert np.trace(product) == pytest.approx(2, abs=1e-8 * np.abs(product).max())
        assert (np.diff(found) <= 1e-15).all()
    smooth = asymptotics.hill_eigenvalues(TrigPolynomial([0.5]), 5)
    assert (smooth > 0).all()


def monodromy(density, lam):
    """The 4x4 matrix that carries (a, a', b, b'), a = f, b = f(·+π), over [-π, 0]: eigenvalue 1
    after the exchange of a and b is the law's condition."""
    product, cuts = np.eye(4), np.unique(np.append(np.mod(density.breakpoints, np.pi), [0, np.pi]))
    for left, right in zip(cuts[:-1] - np.pi, cuts[1:] - np.pi, strict=True):
        middle = (left + right) / 2
        p, q = density.pdf(middle) / (np.pi * lam), density.pdf(middle + np.pi) / (np.pi * lam)
        A = [[0, 1, 0, 0], [-1.5 - p, 0, -1.5, 0], [0, 0, 0, 1], [-1.5, 0, -1.5 - q, 0]]
        product = expm(np.array(A, dtype=float) * (right - left)) @ product
    exchange = np.kron([[0, 1], [1, 0]], np.eye(2))
    return np.linalg.det(exchange @ product - np.eye(4))


@pytest.mark.parametrize("weights", [[1, 2, 4], [1, 40], [3, 1, 2, 7, 1]])
def test_antipodal_hill_eigenvalues_are_those_of_transfer_matrices(weights):
    density = PiecewiseConstant.equal_pieces(weights)
    for lam in asymptotics.antipodal_hill_eigenvalues(density, 12):
        near = [monodromy(density, lam * (1 + h)) for h in (-1e-7, 0, 1e-7)]
        assert near[0] * near[2] < 0 and abs(near[1]) < 1e-4 * min(abs(near[0]), abs(near[2]))


def test_the_antipodal_law_is_exact_at_odd_frequencies_under_the_uniform_density():
    q = np.arange(1, 12)
    expected = np.where(q % 2, 1 / q**2, 1 / (q**2 - 3.0)) / (2 * np.pi**2)
    found = asymptotics.antipodal_hill_eigenvalues(uniform(), 22)
    np.testing.assert_allclose(found, np.sort(np.repeat(expected, 2))[::-1], rtol=1e-12)


@pytest.mark.parametrize(("weights", "constant"), [([1, 2, 4], 6), ([3, 1, 2, 7, 1], 40)])
def test_the_antipodal_law_is_approached_like_q_to_the_fourth(weights, constant):
    density = PiecewiseConstant.equal_pieces(weights)
    true = fredholm.solve(KERNEL, density, 82).eigenvalues[1:81]
    law = asymptotics.antipodal_hill_eigenvalues(density, 80)
    error = np.abs(true / law - 1).reshape(-1, 2).max(axis=1)
    q = np.arange(1, 41)
    assert (error * q**4)[7:].max() < constant
    hill = np.abs(true / asymptotics.hill_eigenvalues(density, 80) - 1).reshape(-1, 2).max(axis=1)
    assert (error < 0.05 * hill)[9:].all()


def test_hill_is_approached_faster_than_the_integer_formula():
    density = PiecewiseConstant.proportional([-3.0, -1, 1.3], [1, 2, 9])
    spectrum = fredholm.solve(KERNEL, density, 161)
    hill = (spectrum.eigenvalues[1:] / asymptotics.hill_eigenvalues(density, 160)).reshape(-1, 2)
    integer = asymptotics.pair_ratios(spectrum, density)
    q = np.arange(1, 81)[:, None]
    assert np.abs(q**2 * (hill - 1))[10:].max() < 4
    # multiplied by q alone the integer formula's error does not die out
    assert np.abs(q * (integer - 1))[40:].max() > 0.2
    assert np.abs(hill - 1)[40:].max() < 0.15 * np.abs(integer - 1)[40:].max()


@pytest.mark.parametrize(
    "density",
    [
        ONE_TWO_FOUR,
        PiecewiseConstant.equal_pieces([1, 40], start=0.3),
        TrigPolynomial([0, -2 / 3]),
        TrigPolynomial([0.3], [0.5, 0.1]),
        uniform(),
    ],
)
def test_exact_law_holds_for_every_eigenfunction(density):
    _, exact = asymptotics.law_residuals(fredholm.solve(KERNEL, density, 41), density)
    assert exact.max() < 1e-9


def test_exact_law_fails_for_a_wrong_eigenvalue_and_without_bias(spectrum):
    wrong = fredholm.solve(TwoLayerNTK(bias=False), ONE_TWO_FOUR, 21)
    _, exact = asymptotics.law_residuals(wrong, ONE_TWO_FOUR)
    assert exact.min() > 1e-3


def test_second_order_law_is_asymptotic(spectrum):
    residual, _ = asymptotics.law_residuals(spectrum, ONE_TWO_FOUR, highest=160)
    assert residual[1] > 0.3
    assert residual[79] < 1e-3
    slope = np.polyfit(np.log(np.arange(5, 41)), np.log(residual[10:81:2]), 1)[0]
    assert slope == pytest.approx(-2, abs=0.15)


def test_second_order_law_is_exact_where_its_conditions_hold():
    """p of period π, odd pairs f(x+π) = -f(x), no first harmonic in pf: uniform p, odd q ≥ 3."""
    spectrum = fredholm.solve(KERNEL, uniform(), 12)
    order = np.argsort(-KERNEL.harmonic_eigenvalues(np.repeat(np.arange(1, 9), 2)), kind="stable")
    q = np.repeat(np.arange(1, 9), 2)[order][:11]
    residual, _ = asymptotics.law_residuals(spectrum, uniform())
    assert residual[1:][(q % 2 == 1) & (q > 1)].max() < 1e-9
    assert residual[1:][q % 2 == 0].min() > 0.01


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: asymptotics.eigenvalue_printed([-1], 0.4), "q"),
        (lambda: asymptotics.eigenvalue_printed([1.5], 0.4), "q"),
        (lambda: asymptotics.eigenvalue_corrected([1], 0.0), "Z"),
        (lambda: asymptotics.eigenvalue_corrected([1], float("nan")), "Z"),
        (lambda: asymptotics.local_frequency(1, TrigPolynomial([0.5])), "density"),
        (lambda: asymptotics.hill_eigenvalues([1, 2], 3), "density"),
        (lambda: asymptotics.antipodal_hill_eigenvalues([1, 2], 3), "density"),
        (lambda: asymptotics.antipodal_hill_eigenvalues(uniform(), 0), "count"),
        (lambda: asymptotics.hill_eigenvalues(uniform(), 0), "count"),
        (lambda: asymptotics.law_residuals(None, uniform()), "spectrum"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()


# -- deep kernels --------------------------------------------------------------------------------


@pytest.mark.parametrize("L", [1, 2, 3, 7, 20])
def test_end_slopes_against_differences_of_the_profile(L):
    near, far = asymptotics.end_slopes(L)
    h = 1e-5
    at = DeepNTK(L).profile(np.array([0.0, h, 2 * h, np.pi - 2 * h, np.pi - h, np.pi]))
    # one-sided differences of second order
    assert (4 * at[1] - 3 * at[0] - at[2]) / (2 * h) == pytest.approx(near, rel=1e-4)
    assert (3 * at[5] - 4 * at[4] + at[3]) / (2 * h) == pytest.approx(far, rel=1e-4)


def test_end_slopes_of_one_layer_cancel_at_odd_frequencies():
    near, far = asymptotics.end_slopes(1)
    assert near == pytest.approx(-1 / np.pi) and far == pytest.approx(1 / np.pi)
    np.testing.assert_allclose(asymptotics.deep_eigenvalue([3, 5], 1), 0, atol=1e-16)
    even = np.array([2, 4])
    np.testing.assert_allclose(asymptotics.deep_eigenvalue(even, 1), 2 / (np.pi * even) ** 2)


@pytest.mark.parametrize("L", [2, 5])
def test_deep_law_is_approached_like_one_over_the_square(L):
    q = np.array([50, 100, 200])
    off = DeepNTK(L).harmonic_eigenvalues(q) / asymptotics.deep_eigenvalue(q, L) - 1
    np.testing.assert_allclose(off[:-1] / off[1:], 4, rtol=0.1)


def test_end_slopes_bad_input():
    with pytest.raises(ValueError, match="^hidden_layers: "):
        asymptotics.end_slopes(0)
