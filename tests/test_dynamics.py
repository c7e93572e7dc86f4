"""Error in time against iterations that are stepped through."""

import numpy as np
import pytest

from ntklab import dynamics, fredholm, gram
from ntklab.densities import PiecewiseConstant, Region, uniform
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.spectrum import Spectrum

KERNEL = TwoLayerNTK(bias=True)
DENSITY = PiecewiseConstant.equal_pieces([1, 2, 4])
POINTS = DENSITY.grid(120)
FULL = gram.solve(KERNEL, POINTS, 120)
MATRIX = KERNEL.at_angles(POINTS) / 120
TARGET = np.cos(3 * POINTS) + 0.3 * np.sin(POINTS)


def stepped(learning_rate, iterations, start=0.0):
    residual = start - TARGET
    yield residual
    for _ in range(iterations):
        residual = residual - learning_rate * MATRIX @ residual
        yield residual


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_residual_is_that_of_stepping(share):
    rate = share * 2 / FULL.eigenvalues[0]
    start = 0.1 * np.ones(120)
    exact = dynamics.gradient_descent(FULL, TARGET, rate, start=start)
    steps = list(stepped(rate, 60, start))
    np.testing.assert_allclose(exact.residual_at(np.arange(61)), steps, atol=1e-10)


@pytest.mark.parametrize("share", [0.4, 0.97])
@pytest.mark.parametrize("region", [None, *DENSITY.regions])
@pytest.mark.parametrize("norm", dynamics.NORMS)
def test_time_is_the_first_step_below_the_threshold(share, region, norm):
    rate = share * 2 / FULL.eigenvalues[0]
    exact = dynamics.gradient_descent(FULL, TARGET, rate)
    inside = np.ones(120, bool) if region is None else region.contains(POINTS)
    size = {
        "rms": lambda r: np.sqrt(np.mean(r**2)),
        "l2": lambda r: np.sqrt(np.sum(r**2) / 120),
        "half_mse": lambda r: np.mean(r**2) / 2,
    }[norm]
    errors = np.array([size(r[inside]) for r in stepped(rate, 1500)])
    threshold = 0.3 * errors[0]
    first = int(np.argmax(errors <= threshold))
    assert exact.time_to_reach(threshold, region, norm).time == first
    np.testing.assert_allclose(exact.error([0, 7, 40], region, norm), errors[[0, 7, 40]], rtol=1e-8)


def test_a_first_mode_that_flips_on_to_the_target_is_seen_at_the_first_step():
    # two points so close that one step takes the mean mode to -0.9 of itself, the other nowhere:
    # at the first the two then cancel, as they would at t = 0 on the curve of odd iterations
    pair = gram.solve(KERNEL, np.array([0.0, 0.01]), 2)
    rate, first = 1.9 / pair.eigenvalues[0], np.array([True, False])
    exact = dynamics.gradient_descent(pair, -pair.values @ (1 / pair.values[0]), rate)
    np.testing.assert_allclose(exact.error([0, 1, 2], first), [2, 0.1, 1.8], atol=0.01)
    assert exact.time_to_reach(0.5, first).time == 1


def test_a_crossing_between_two_iterations_is_none():
    # alone in the region the curve passes zero and stays below -0.1 of the start from then on
    ones = np.ones((2, 1))
    one = Spectrum(np.array([0.7]), np.arange(2.0), np.full(2, 0.5), ones, lambda x: ones)
    exact = dynamics.gradient_descent(one, [1.0, 0.5], 1.0)
    first = np.array([True, False])
    np.testing.assert_allclose(exact.error([0, 1, 2], first), [1, 0.475, 0.3175])
    second = np.array([False, True])
    np.testing.assert_allclose(exact.error([0, 1, 2, 3], second), [0.5, 0.025, 0.1825, 0.22975])
    assert exact.time_to_reach(0.1, second).time == 1
    assert exact.time_to_reach(0.02, second) == dynamics.Reach(np.inf, 0.25)


@pytest.mark.parametrize("seed", range(40))
def test_the_time_is_the_first_iteration_of_all(seed):
    rng = np.random.default_rng(seed)
    values = np.linalg.qr(rng.standard_normal((4, 4)))[0][:, :3] * 2
    eigenvalues = np.sort(10 ** rng.uniform(-1.5, 0, 3))[::-1]
    spectrum = Spectrum(eigenvalues, np.arange(4.0), np.full(4, 0.25), values, None)
    rate = rng.choice([0.5, 1.0, 1.2, 1.9]) / eigenvalues[0]
    exact = dynamics.gradient_descent(spectrum, rng.standard_normal(4), rate)
    region = np.arange(4) == seed % 4
    errors = exact.error(np.arange(40), region)
    for threshold in np.geomspace(1e-3, 0.999, 30) * errors[0]:
        found, there = exact.time_to_reach(threshold, region).time, errors <= threshold
        assert found >= 40 or there[found]
        assert found == np.argmax(there) if there.any() else found >= 40


def test_one_mode_that_a_step_puts_out_is_reached_at_that_step():
    ones = np.ones((2, 1))
    one = Spectrum(np.array([0.5]), np.arange(2.0), np.full(2, 0.5), ones, lambda x: ones)
    assert dynamics.gradient_descent(one, [1.0, 1.0], 2.0).time_to_reach(0.5).time == 1


def test_what_no_eigenvalue_moves_is_never_reached():
    still = gram.solve(DeepNTK(2), np.zeros((3, 2)))
    for exact in (dynamics.gradient_flow(still, np.ones(3)),
                  dynamics.gradient_descent(still, np.ones(3), 1.0)):
        assert exact.time_to_reach(0.5) == dynamics.Reach(np.inf, 1.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("norm", ["rms", "l2"])
def test_the_size_of_a_target_sets_the_unit_alone(scale, norm):
    usual, scaled = (dynamics.gradient_flow(FULL, size * TARGET) for size in (1.0, scale))
    errors = scaled.error([0, 20], norm=norm) / scale
    np.testing.assert_allclose(errors, usual.error([0, 20], norm=norm), rtol=1e-12)
    found, expected = (scaled.time_to_reach(0.1 * scale, norm=norm),
                       usual.time_to_reach(0.1, norm=norm))
    assert found.time == pytest.approx(expected.time, rel=1e-9)


def test_flow_is_the_limit_of_small_steps():
    rate = 1e-3 / FULL.eigenvalues[0]
    slow = dynamics.gradient_descent(FULL, TARGET, rate).time_to_reach(0.3).time * rate
    assert dynamics.gradient_flow(FULL, TARGET).time_to_reach(0.3).time == pytest.approx(slow, 2e-3)


def test_late_times_neither_overflow_nor_lose_slow_modes():
    exact = dynamics.gradient_descent(FULL, TARGET, 1.0)
    decay = exact.decay([1e12])[0]
    assert np.isfinite(decay).all() and decay[0] == 0
    tiny = FULL.eigenvalues[-1]
    assert exact.decay([1000])[0, -1] == pytest.approx(np.exp(1000 * np.log1p(-tiny)), rel=1e-13)


def test_without_bias_an_odd_frequency_is_never_learned():
    spectrum = fredholm.solve(TwoLayerNTK(bias=False), uniform(), 41)
    never = dynamics.gradient_flow(spectrum, lambda x: np.cos(3 * x)).time_to_reach(0.1)
    assert never.time == np.inf and never.floor == pytest.approx(np.sqrt(0.5), rel=1e-9)
    assert "never" in str(never)


def test_denser_regions_finish_in_proportion():
    target = lambda x: np.cos(10 * x)  # noqa: E731
    spectrum = fredholm.resolve(KERNEL, DENSITY, target, 5e-3)
    flow = dynamics.gradient_flow(spectrum, target)
    times = [flow.time_to_reach(0.05, region).time for region in DENSITY.regions]
    assert times[0] / times[2] == pytest.approx(3.75, abs=0.06)
    assert times[1] / times[2] == pytest.approx(1.90, abs=0.04)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: dynamics.gradient_descent(FULL, TARGET, 2 / FULL.eigenvalues[0]), "learning_rate"),
        (lambda: dynamics.gradient_descent(FULL, TARGET, 0.0), "learning_rate"),
        (lambda: dynamics.gradient_flow(FULL, TARGET[:5]), "target"),
        (lambda: dynamics.gradient_flow(FULL, TARGET, start=[1.0]), "start"),
        (lambda: dynamics.gradient_flow(FULL, TARGET).time_to_reach(0.0), "threshold"),
        (lambda: dynamics.gradient_flow(FULL, TARGET).error(1.0, norm="max"), "norm"),
        (lambda: dynamics.gradient_flow(FULL, TARGET).error(-1.0), "t"),
        (lambda: dynamics.gradient_descent(FULL, TARGET, 1.0).error(1.5), "t"),
        (lambda: dynamics.gradient_flow(FULL, TARGET).error(1.0, Region(0.0, 1e-9)), "region"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
