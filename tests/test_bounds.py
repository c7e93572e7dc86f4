"""Printed and corrected bounds against the truth on a zoo of densities and frequencies."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import polygamma

from ntklab import bounds, dynamics, fredholm
from ntklab.densities import PiecewiseConstant, Region, TrigPolynomial, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK

KERNEL = TwoLayerNTK(bias=True)
ONE_TWO_FOUR = PiecewiseConstant.equal_pieces([1, 2, 4])
ZOO = {
    "1:2:4": ONE_TWO_FOUR,
    "11:1:3": PiecewiseConstant.equal_pieces([11, 1, 3]),
    "1:40": PiecewiseConstant.equal_pieces([1, 40]),
    "unequal arcs": PiecewiseConstant.proportional([-np.pi, -1.7, -0.4, 1.9], [1, 4, 1, 4]),
    "a narrow sparse arc": PiecewiseConstant.proportional([-1, -0.8, 0.5], [0.05, 3, 1]),
    "uniform": uniform(),
}
FREQUENCIES = (1, 2, 3, 5, 10)
CASES = [
    pytest.param(name, frequency, id=f"{name}-{frequency}")
    for name in ZOO
    for frequency in FREQUENCIES
]
COUNT = 121


@pytest.fixture(scope="module")
def spectra():
    return {name: fredholm.solve(KERNEL, density, COUNT) for name, density in ZOO.items()}


def wave(frequency):
    return lambda x: np.cos(frequency * x)


def square_tail(spectrum, g):
    """Σ_{i>n} g_i² for n = 0, 1, …, by what is missing to ‖g‖²."""
    norm = spectrum.weights @ g(spectrum.points) ** 2
    return norm - np.concatenate([[0], np.cumsum(spectrum.project(g) ** 2)])


# -- the identity behind the shorter proof -------------------------------------------------------


@pytest.mark.parametrize("frequency", [1, 2, 3, 8])
def test_multiplier_is_the_integral(frequency):
    integral, _ = quad(lambda t: KERNEL.profile(t) * np.cos(frequency * t), 0, np.pi, epsabs=1e-13)
    assert bounds.multiplier(KERNEL, frequency) == pytest.approx(2 * integral, rel=1e-9)


def test_multiplier_at_odd_frequencies():
    assert bounds.multiplier(KERNEL, 7) == pytest.approx(1 / (np.pi * 49), rel=1e-14)


@pytest.mark.parametrize("kernel", [KERNEL, DeepNTK(3)], ids=["two layers", "deep"])
@pytest.mark.parametrize("frequency", [1, 4])
def test_the_operator_maps_the_source_to_the_target(kernel, frequency):
    """T(g/(k p)) = g, with T applied by its eigenpairs."""
    density = TrigPolynomial([0.3, 0.1], [0.2])
    spectrum = fredholm.solve(kernel, density, 61)
    g = wave(frequency)(spectrum.points)
    h = g / density.pdf(spectrum.points) / bounds.multiplier(kernel, frequency)
    mapped = spectrum.values @ (spectrum.eigenvalues * spectrum.project(h))
    np.testing.assert_allclose(mapped, g, atol=1e-9)
    norm = np.sqrt(spectrum.weights @ h**2)
    assert bounds.source(kernel, density, frequency) == pytest.approx(norm, rel=1e-10)


@pytest.mark.parametrize(("name", "frequency"), CASES)
def test_source_is_at_most_what_the_sparsest_place_says(name, frequency):
    density = ZOO[name]
    most = np.sqrt(np.pi / density.minimum) / bounds.multiplier(KERNEL, frequency)
    assert bounds.source(KERNEL, density, frequency) <= most * (1 + 1e-12)


def test_source_under_the_uniform_density_is_the_eigenvalue():
    """There g is an eigenfunction of norm 1/√2: S = 1/(√2 λ)."""
    lam = KERNEL.harmonic_eigenvalues(np.array([6]))[0]
    assert bounds.source(KERNEL, uniform(), 6) == pytest.approx(1 / (np.sqrt(2) * lam), rel=1e-12)


def test_what_the_kernel_cannot_see_has_no_source_and_no_time():
    blind = TwoLayerNTK(bias=False)
    assert bounds.multiplier(blind, 3) == 0 and bounds.multiplier(DeepNTK(1), 5) == 0
    assert bounds.source(blind, ONE_TWO_FOUR, 3) == np.inf
    assert bounds.iterations(0.05, 1.0, np.inf) == np.inf
    assert bounds.local_time(0.05, 1.0, blind, 3, ONE_TWO_FOUR, Region(-3.0, -2.0)) == np.inf
    spectrum = fredholm.solve(blind, ONE_TWO_FOUR, 60)
    x, w = fredholm.quadrature(ONE_TWO_FOUR, 100)
    np.testing.assert_allclose((w * np.cos(3 * x)) @ spectrum(x), 0, atol=1e-9)
    assert dynamics.gradient_flow(spectrum, wave(3)).time_to_reach(0.05).time == np.inf
    # nothing is known of a coefficient then, and λ = 0 is no exception
    assert (bounds.coefficient([1.0, 0.0], np.inf) == np.inf).all()
    assert bounds.tail(0.0, np.inf) == np.inf


# -- the lemma -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "frequency"), CASES)
def test_corrected_lemma_bounds_every_coefficient_and_every_tail(spectra, name, frequency):
    spectrum, g = spectra[name], wave(frequency)
    S = bounds.source(KERNEL, ZOO[name], frequency)
    coefficients = np.abs(spectrum.project(g))
    assert (coefficients <= bounds.coefficient(spectrum.eigenvalues, S) + 1e-12).all()
    left = square_tail(spectrum, g)[:-1]
    assert (left <= bounds.tail(spectrum.eigenvalues, S) * (1 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize(("name", "frequency"), CASES)
def test_printed_lemma_holds_where_it_applies_with_room_to_spare(spectra, name, frequency):
    spectrum, density = spectra[name], ZOO[name]
    q = (np.arange(COUNT) + 1) // 2
    printed = bounds.coefficient_printed(q, frequency, density)
    coefficients = np.abs(spectrum.project(wave(frequency)))
    assert (8 * coefficients <= printed + 1e-12).all()


def test_printed_lemma_needs_its_restriction(spectra):
    """Below q_ij = 2κ the same expression is false: 9 times too small for uniform p, q = κ = 10."""
    density, frequency, q = uniform(), 10, 10
    expression = 8 * bounds.amplitude_constant(density) * density.Z
    expression /= 3 * q * np.sqrt(density.minimum)
    largest = np.abs(spectra["uniform"].project(wave(frequency))).max()
    assert largest > 2 * expression
    assert bounds.coefficient_printed(q, frequency, density) == np.inf


@pytest.mark.parametrize("name", ZOO)
def test_amplitude_constant_is_the_most_an_eigenfunction_has(spectra, name):
    density, spectrum = ZOO[name], spectra[name]
    squares = [np.mean(spectrum(region.points(2000)) ** 2, axis=0) for region in density.regions]
    B = np.sqrt(2 * np.array(squares)).T @ density.values
    assert (bounds.amplitude_constant(density) >= B * (1 - 1e-3)).all()


@pytest.mark.parametrize("q", [3.0, 8.5, 40.2])
def test_the_integral_of_two_cosines_is_at_most_8_over_3q(q):
    rng = np.random.default_rng(3)
    frequency = int(q // 2)
    for start, length, phase in rng.uniform(0, 6, (30, 3)):
        x = np.linspace(start, start + length, 20001)
        value = np.trapezoid(np.cos(frequency * x) * np.cos(q * x + phase), x)
        assert abs(value) <= 8 / (3 * q) + 1e-6


def reciprocals(n):
    """Σ_{i>n} 1/⌊i/2⌋² exactly, by the trigamma function."""
    q = n // 2
    return 2 * polygamma(1, q + 1) + (n % 2 == 0) / q**2


def test_reciprocal_tail_counts_every_q_twice():
    n = np.arange(2, 3000)
    exact = reciprocals(n)
    assert exact[0] == pytest.approx(np.sum(1.0 / (np.arange(3, 2_000_001) // 2) ** 2), abs=1e-5)
    assert (exact < bounds.reciprocal_tail(n)).all()
    assert (exact > bounds.reciprocal_tail_printed(n)).all()  # false for every n
    np.testing.assert_allclose((exact / bounds.reciprocal_tail_printed(n))[-2:], 2, rtol=2e-3)
    np.testing.assert_allclose((exact / bounds.reciprocal_tail(n))[-2:], 1, rtol=2e-3)


def least_modes(tolerance, eigenvalues, source):
    """The least n with λ_{n+1} S <= ε."""
    return int(np.argmax(bounds.coefficient(eigenvalues, source) <= tolerance))


@pytest.mark.parametrize("name", ["1:2:4", "11:1:3", "1:40"])
def test_modes_leave_no_more_than_the_tolerance(spectra, name):
    spectrum, tolerance = spectra[name], 0.05
    S = bounds.source(KERNEL, ZOO[name], 3)
    n = least_modes(tolerance, spectrum.eigenvalues, S)
    assert square_tail(spectrum, wave(3))[n] <= tolerance**2
    assert n == 0 or spectrum.eigenvalues[n - 1] * S > tolerance  # the least such n


def test_printed_modes_do_not_know_kappa_until_it_is_large():
    few, many, huge = (bounds.modes_printed(0.025, k, ONE_TWO_FOUR) for k in (1, 1000, 10_000))
    assert few == many > 20_000 and huge > many
    half = bounds.modes_printed(0.05, 1, ONE_TWO_FOUR)
    assert few == pytest.approx(4 * half, rel=1e-3)
    assert bounds.modes_printed(0.025, 40_000, ONE_TWO_FOUR) == pytest.approx(4 * huge, rel=1e-3)


# -- the theorem ---------------------------------------------------------------------------------


def head_truth(spectrum, frequency, n, learning_rate, t):
    left = np.abs(1 - learning_rate * spectrum.eigenvalues[:n]) ** (2 * t[:, None])
    return left @ spectrum.project(wave(frequency))[:n] ** 2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(("name", "frequency"), CASES)
def test_head_is_bounded_at_every_stable_learning_rate(spectra, name, frequency, share):
    spectrum, t = spectra[name], np.array([0.0, 1, 10, 1000, 10**5])
    rate = share * 2 / spectrum.eigenvalues[0]
    for n in (1, 8, 60):
        truth = head_truth(spectrum, frequency, n, rate, t)
        assert (truth <= bounds.head(t, n, rate, spectrum.eigenvalues) * (1 + 1e-9)).all()
        if rate <= 2 / (spectrum.eigenvalues[0] + spectrum.eigenvalues[n - 1]):
            printed = bounds.head_printed(t, n, rate, spectrum.eigenvalues)
            assert (truth <= printed * (1 + 1e-9)).all()


def test_printed_head_fails_near_the_limit_of_stability(spectra):
    spectrum, t = spectra["1:2:4"], np.array([4000.0])
    rate = 0.9999 * 2 / spectrum.eigenvalues[0]
    printed = bounds.head_printed(t, 8, rate, spectrum.eigenvalues)
    assert head_truth(spectrum, 1, 8, rate, t) > 100 * printed


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(("name", "frequency"), CASES)
def test_error_is_bounded_in_time_over_the_circle_and_in_every_region(
    spectra, name, frequency, share
):
    spectrum, density = spectra[name], ZOO[name]
    rate, largest = share * 2 / spectrum.eigenvalues[0], spectrum.eigenvalues[0]
    S = bounds.source(KERNEL, density, frequency)
    t = np.unique(np.round(np.geomspace(1, 1e5, 40)))
    # what the eigenpairs at hand do not carry is no part of the question
    carried = dynamics.gradient_descent(
        spectrum, spectrum.values @ spectrum.project(wave(frequency)), rate
    )
    assert (carried.error(t, norm="l2") <= bounds.error(t, rate, S, largest) * (1 + 1e-9)).all()
    for region in density.regions:
        mass = float(density.pdf(region.points(1))[0] * region.length)
        bound = bounds.error(t, rate, S, largest, mass=mass)
        assert (carried.error(t, region) <= bound * (1 + 1e-9)).all()


@pytest.fixture(scope="module")
def long_spectra():
    return {name: fredholm.solve(KERNEL, ZOO[name], 240) for name in ("1:2:4", "uniform")}


@pytest.mark.parametrize("name", ["1:2:4", "uniform"])
@pytest.mark.parametrize("frequency", [2, 3])
@pytest.mark.parametrize("threshold", [0.2, 0.05])
def test_all_three_iteration_bounds_are_late_enough(long_spectra, name, frequency, threshold):
    density, spectrum, rate = ZOO[name], long_spectra[name], 1.0
    S = bounds.source(KERNEL, density, frequency)
    descent = dynamics.gradient_descent(spectrum, wave(frequency), rate)
    true = descent.time_to_reach(threshold, norm="l2").time
    n = least_modes(threshold / np.sqrt(2), spectrum.eigenvalues, S)
    corrected = bounds.iterations_corrected(threshold, rate, spectrum.eigenvalues[n - 1])
    many = bounds.modes_printed(threshold / 2, frequency, density)
    lam = density.Z**2 / (np.pi * (many // 2) ** 2)
    printed = bounds.iterations_printed(threshold, many, rate, lam)
    assert true <= bounds.iterations(threshold, rate, S) < corrected < printed
    for region in density.regions:
        mass = float(density.pdf(region.points(1))[0] * region.length)
        bound = bounds.iterations(threshold, rate, S, mass=mass)
        assert descent.time_to_reach(threshold, region).time <= bound


def test_bound_for_the_sparsest_region_is_the_theorem():
    """κ²/p* with π^{3/2}/(eηδ√ℓ) in front, at odd κ."""
    for weights in ([1, 2, 4], [1, 50, 50]):
        density, frequency = PiecewiseConstant.equal_pieces(weights), 9
        length = 2 * np.pi / 3
        S = bounds.source(KERNEL, density, frequency)
        bound = bounds.iterations(0.05, 1.0, S, mass=density.minimum * length)
        theorem = frequency**2 / density.minimum * np.pi**1.5 / (np.e * 0.05 * np.sqrt(length))
        assert 0.5 * theorem < bound <= theorem


@pytest.mark.nightly
def test_local_time_is_approached_as_frequency_grows():
    off = []
    for frequency in (3, 9, 27):
        spectrum = fredholm.resolve(KERNEL, ONE_TWO_FOUR, wave(frequency), 5e-3)
        flow = dynamics.gradient_flow(spectrum, wave(frequency))
        region = ONE_TWO_FOUR.regions[2]
        local = bounds.local_time(0.05, 1.0, KERNEL, frequency, ONE_TWO_FOUR, region)
        off.append(abs(flow.time_to_reach(0.05, region).time / local - 1))
    assert off[0] > 2 * off[1] > 4 * off[2] and off[2] < 0.04


@pytest.mark.nightly
def test_late_decay_is_a_power_and_no_exponential():
    """g_i ~ 1/q³ under a density with jumps: the error falls like t^(-5/4), not like exp(-ct)."""
    spectrum = fredholm.solve(KERNEL, ONE_TWO_FOUR, 300)
    g = wave(1)
    late = np.array([3000.0, 12_000.0])
    carried = dynamics.gradient_flow(spectrum, spectrum.values @ spectrum.project(g))
    e = carried.error(late, norm="l2")
    assert np.log(e[1] / e[0]) / np.log(4) == pytest.approx(-1.25, abs=0.06)


STEEP = PiecewiseConstant.proportional([-np.pi, 0.0], [1.0, 1e-300])
LAM = np.array([0.2, 0.1, 0.01])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: bounds.multiplier("k", 3), "kernel"),
        (lambda: bounds.multiplier(KERNEL, 0), "frequency"),
        (lambda: bounds.multiplier(KERNEL, 1.5), "frequency"),
        (lambda: bounds.source(KERNEL, PiecewiseConstant.equal_pieces([0, 1]), 3), "density"),
        (lambda: bounds.source(KERNEL, "p", 3), "density"),
        (lambda: bounds.amplitude_constant(TrigPolynomial([0.5])), "density"),
        (lambda: bounds.coefficient_printed([5], 0, ONE_TWO_FOUR), "frequency"),
        (lambda: bounds.coefficient(LAM, -1.0), "source"),
        (lambda: bounds.modes_printed(1e-70, 1, STEEP), "tolerance"),
        (lambda: bounds.reciprocal_tail(1), "n"),
        (lambda: bounds.reciprocal_tail_printed(2.5), "n"),
        (lambda: bounds.modes_printed(0.0, 3, ONE_TWO_FOUR), "tolerance"),
        (lambda: bounds.head(1.0, 2, 10.0, LAM), "learning_rate"),
        (lambda: bounds.head(-1.0, 2, 1.0, LAM), "t"),
        (lambda: bounds.head_printed(1.0, 4, 1.0, LAM), "n"),
        (lambda: bounds.iterations_printed(0.0, 3, 1.0, 0.1), "threshold"),
        (lambda: bounds.iterations_corrected(0.1, 1.0, 2.0), "eigenvalue"),
        (lambda: bounds.error(0, 1.0, 1.0), "t"),
        (lambda: bounds.error(1, 20.0, 1.0, largest=0.2), "learning_rate"),
        (lambda: bounds.iterations(-0.1, 1.0, 1.0), "threshold"),
        (lambda: bounds.iterations(0.1, 1.0, 1.0, mass=0.0), "mass"),
        (lambda: bounds.local_time(0.1, 1.0, KERNEL, 3, ONE_TWO_FOUR, "R"), "region"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
