"""From samples to orders of learning: intervals against truth, over simulated samples."""

import numpy as np
import pytest

from ntklab import fredholm
from ntklab.densities import PiecewiseConstant
from ntklab.estimation import digit_angles, estimate
from ntklab.kernels import DeepNTK, TwoLayerNTK


@pytest.mark.parametrize("epsilon", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("kernel", [TwoLayerNTK(), TwoLayerNTK(bias=False), DeepNTK(3)], ids=repr)
def test_eigenvalues_move_no_more_than_the_density(kernel, epsilon):
    rng = np.random.default_rng(1)
    for _ in range(4):
        weights = rng.uniform(0.5, 5, 8)
        factors = 1 + epsilon * rng.choice([-1, 1], 8)
        factors *= weights.sum() / (weights * factors).sum()
        p, other = (PiecewiseConstant.equal_pieces(w) for w in (weights, weights * factors))
        ratio = fredholm.solve(kernel, other, 12).eigenvalues
        ratio /= fredholm.solve(kernel, p, 12).eigenvalues
        assert (factors.min() - 1e-11 <= ratio).all() and (ratio <= factors.max() + 1e-11).all()


@pytest.mark.parametrize("n", [300, 3000])
def test_intervals_cover_the_truth_as_often_as_promised(n):
    density, rng = PiecewiseConstant.equal_pieces([1, 2, 4, 3, 1, 2]), np.random.default_rng(2)
    truth = fredholm.solve(TwoLayerNTK(), density, 9).eigenvalues
    covered, widths = [], []
    for _ in range(60):
        table = estimate(density.sample(n, rng), 6, 9, confidence=0.9).table()
        covered.append(((table.low <= truth) & (truth <= table.high)).all())
        widths.append((table.high / table.low).iloc[0])
        before = table.sure[table.sure > 0]
        assert (truth[before.index] < truth[before - 1]).all()  # what is called sure is so
    # ninety in a hundred, and by four standard deviations of sixty draws at least 0.75
    assert np.mean(covered) >= 0.75
    assert np.median(widths) < {300: 3.5, 3000: 1.5}[n]


def test_times_are_those_of_exponential_decay():
    angles = PiecewiseConstant.equal_pieces([1, 2]).sample(2000, np.random.default_rng(3))
    table = estimate(angles, 4, 5).table(learning_rate=0.5, threshold=0.05)
    error = np.exp(-0.5 * table.eigenvalue * table.time)
    np.testing.assert_allclose(error, 0.05, rtol=1e-12)
    assert (table.soonest <= table.time).all() and (table.time <= table.latest).all()


def test_an_empty_bin_leaves_no_lower_bound():
    table = estimate(np.random.default_rng(4).uniform(0, 1, 200), 6, 4).table()
    assert (table.low == 0).all() and np.isinf(table.latest).all() and (table.high > 0).all()


def test_digits_as_they_are():
    angles = digit_angles()
    assert angles.shape == (1797,) and np.abs(angles).max() <= np.pi
    found = estimate(angles, 12, 9)
    table = found.table()
    assert 0.5 < found.ratios[0] < 1 < found.ratios[1] < 2
    # constants are learned before the third pair, whatever the true density
    assert table.sure.iloc[-1] >= 3


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: estimate([]), "angles"),
        (lambda: estimate([10.0, 200.0]), "angles"),
        (lambda: estimate([0.1], 1), "bins"),
        (lambda: estimate([0.1], confidence=1), "confidence"),
        (lambda: estimate([0.1], kernel="k"), "kernel"),
        (lambda: estimate([0.1]).table(0), "learning_rate"),
        (lambda: estimate([0.1]).table(threshold=1), "threshold"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
