"""Deep spectra: decay, parity, times, overlaps."""

import numpy as np
import pandas as pd
import pytest

from ntklab.densities import uniform
from ntklab.experiments import ONE_TWO_FOUR, depth
from ntklab.kernels import DeepNTK, TwoLayerNTK


def test_decay_holds_the_kernels_own_eigenvalues():
    table = depth.eigenvalue_decay((1, 3), 12)
    part = table[table.hidden_layers == 3]
    expected = DeepNTK(3).harmonic_eigenvalues(np.arange(1, 13))
    np.testing.assert_array_equal(part.eigenvalue, expected)
    assert table[table.hidden_layers == 1].eigenvalue.iloc[2] == pytest.approx(0, abs=1e-15)
    assert depth.eigenvalue_decay((2,), 5, dimension=3).asymptotic.isna().all()


def test_slopes_of_a_known_zigzag():
    kappa = np.arange(1, 101)
    value = np.where(kappa % 2, 3.0, 1.0) * kappa**-2.5
    table = pd.DataFrame({"hidden_layers": 4, "frequency": kappa, "eigenvalue": value})
    slopes = depth.decay_slopes(table, (10, 100))
    np.testing.assert_allclose(slopes.slope, -2.5)
    assert slopes.parity.tolist() == ["even", "odd"]


def test_depth_one_has_no_odd_slope_and_the_circle_has_slope_two():
    slopes = depth.decay_slopes(depth.eigenvalue_decay((1, 10), 200), (50, 200))
    assert slopes[slopes.hidden_layers == 1].parity.tolist() == ["even"]
    np.testing.assert_allclose(slopes.slope, -2, atol=0.01)


def test_parity_ratio_against_known_figures():
    assert depth.parity_ratio(2) == pytest.approx(0.7002, abs=2e-4)
    assert depth.parity_ratio(3) == pytest.approx(0.8864, abs=2e-4)
    with pytest.raises(ValueError, match="^frequency: must be even"):
        depth.parity_ratio(2, 101)


def test_times_under_uniform_data_are_in_closed_form():
    """One mode, rms 1/√2: exp(-λt)/√2 = δ."""
    table = depth.learning_times(uniform(), (2, 5), TwoLayerNTK(), threshold=0.05)
    lam = TwoLayerNTK().harmonic_eigenvalues([2, 5])
    np.testing.assert_allclose(table.time, np.log(1 / (np.sqrt(2) * 0.05)) / lam, rtol=1e-6)


def test_times_are_nearly_inverse_to_the_density():
    table = depth.learning_times(ONE_TWO_FOUR, (16,), DeepNTK(3))
    product = table.time * table.density
    np.testing.assert_allclose(product / product.iloc[0], 1, atol=0.1)


def test_overlap_is_one_under_uniform_data_and_lost_at_depth_50():
    np.testing.assert_allclose(depth.eigenspace_overlaps(uniform(), 3, 5).overlap, 1, atol=1e-8)
    assert depth.eigenspace_overlaps(ONE_TWO_FOUR, 2, 9).overlap.min() > 0.95
    assert depth.eigenspace_overlaps(ONE_TWO_FOUR, 50, 9).overlap.iloc[1:].max() < 0.5


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: depth.learning_times("p", (2,), TwoLayerNTK()), "density"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
