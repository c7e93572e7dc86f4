"""The lecture's figures as data."""

import numpy as np
import pytest

from ntklab import experiments, fredholm
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.kernels import TwoLayerNTK


def test_power_law_is_recovered_with_its_error():
    rng = np.random.default_rng(0)
    x = np.geomspace(1, 1000, 40)
    law = experiments.fit_power(x, 3 * x**-0.5 * np.exp(0.01 * rng.standard_normal(40)))
    assert law.exponent == pytest.approx(-0.5, abs=4 * law.error)
    assert law.constant == pytest.approx(3, rel=0.05)
    assert 1e-4 < law.error < 5e-3


def test_seven_densities_integrate_to_one():
    densities = experiments.lecture_densities()
    assert len(densities) == 7
    x = np.linspace(-np.pi, np.pi, 100_001)
    for density in densities.values():
        assert np.trapezoid(density.pdf(x), x) == pytest.approx(1, abs=2e-4)


def test_eigenvalue_table_agrees_with_both_routes():
    table = experiments.eigenvalue_table(
        {"uniform": uniform(), "1:40": PiecewiseConstant.equal_pieces([1, 40])}, 5, points=4000
    )
    assert list(table.groupby("density").size()) == [11, 11]
    np.testing.assert_allclose(table["sample"], table.population, rtol=1e-4)
    q = table.q.to_numpy()
    assert (np.diff(q[:11]) >= 0).all() and q[0] == 0 and q[10] == 5


@pytest.mark.nightly
def test_sampling_error_halves_with_four_times_the_points():
    errors = experiments.sampling_error(
        experiments.ONE_TWO_FOUR, np.random.default_rng(1), sizes=(200, 800, 3200), draws=40
    )
    rms = errors.groupby("points").eigenvalue_error.agg(lambda e: np.sqrt(np.mean(e**2)))
    law = experiments.fit_power(rms.index.to_numpy(), rms.to_numpy())
    assert law.exponent == pytest.approx(-0.5, abs=0.12)
    assert errors.eigenfunction_error.between(0, 1).all()


def test_same_generator_same_frame():
    frames = [
        experiments.sampling_error(
            experiments.CONTINUOUS, np.random.default_rng(3), sizes=(50, 60, 70), draws=2
        )
        for _ in range(2)
    ]
    assert frames[0].equals(frames[1])


def test_region_frequencies_of_the_uniform_density_are_its_harmonics():
    spectrum = fredholm.solve(TwoLayerNTK(), uniform(), 13)
    table = experiments.region_frequencies(uniform(), spectrum)
    order = np.argsort(-TwoLayerNTK().harmonic_eigenvalues(np.arange(1, 9)), kind="stable") + 1
    np.testing.assert_allclose(table.measured[2:], np.repeat(order[:6], 2)[2:], atol=0.05)


def test_region_amplitudes_of_pure_waves():
    spectrum = fredholm.solve(TwoLayerNTK(), uniform(), 9)
    amplitude = experiments.region_amplitudes(uniform(), spectrum)
    np.testing.assert_allclose(amplitude[1:, 0], np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: experiments.fit_power([1, 2], [1, 2]), "y"),
        (lambda: experiments.fit_power([1, 2, 3], [1, -2, 3]), "y"),
        (lambda: experiments.fit_power([1, 0, 3], [1, 2, 3]), "x"),
        (lambda: experiments.sampling_error("p", np.random.default_rng(0)), "density"),
        (lambda: experiments.sampling_error(uniform(), 0), "rng"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()


def test_a_reflected_pulse_obeys_the_string_and_keeps_its_energy():
    seen = experiments.reflection(1.0, 9.0, times=(-1.5, 0.1, 0.1 + 1e-3, 0.1 + 2e-3, 1.5))
    p, h = np.where(seen.x < 0, seen.light, seen.heavy), seen.x[1] - seen.x[0]
    before, now, after = seen.values[1:4]
    force = np.gradient(np.gradient(now, h), h)
    away = np.abs(seen.x) > 3 * h
    np.testing.assert_allclose((p * (after - 2 * now + before) / 1e-6)[away], force[away], atol=0.3)
    # far from the jump half of the energy is ∫ p f_t² and half ∫ f_x²
    energy = [(np.gradient(f, h) ** 2).sum() for f in (seen.values[0], seen.values[-1])]
    assert energy[1] == pytest.approx(energy[0], rel=3e-3)
    assert seen.through - seen.back == 1 and seen.back == -0.5
