"""Figures 6 and 7: points, exact times, trained networks, medians and slopes."""

import numpy as np
import pandas as pd
import pytest
import torch

from ntklab.densities import PiecewiseConstant
from ntklab.experiments import ONE_TWO_FOUR, convergence
from ntklab.experiments.convergence import SETTINGS
from ntklab.experiments.trained import convergence as trained
from ntklab.experiments.trained.toolkit import output
from ntklab.geometry import to_circle

RATE = convergence.SUM_RATE * convergence.POINTS
SMALL = SETTINGS["quick"]._replace(frequencies=(2, 3), seeds=1, width=6000, draws=2)


@pytest.fixture(scope="module")
def small():
    return trained.times(SMALL, rng=np.random.default_rng(4))


# -- points ----------------------------------------------------------------------------------------


def test_grid_is_the_papers():
    x = convergence.place(ONE_TWO_FOUR, 734)
    assert convergence.region_counts(ONE_TWO_FOUR, x).tolist() == [105, 210, 419]
    spacing = [np.diff(x[region.contains(x)]) for region in ONE_TWO_FOUR.regions]
    for gaps, expected in zip(spacing, (0.02, 0.01, 0.005), strict=True):
        np.testing.assert_allclose(gaps, expected, rtol=5e-3)


def test_random_points_are_sorted_reproducible_and_follow_the_density():
    x = convergence.place(ONE_TWO_FOUR, 7000, "random", np.random.default_rng(0))
    again = convergence.place(ONE_TWO_FOUR, 7000, "random", np.random.default_rng(0))
    np.testing.assert_array_equal(x, again)
    assert (np.diff(x) >= 0).all()
    np.testing.assert_allclose(
        convergence.region_counts(ONE_TWO_FOUR, x) / 1000, [1, 2, 4], atol=0.15
    )


def test_a_region_across_the_seam_keeps_its_points_on_the_circle():
    turned = PiecewiseConstant.equal_pieces([1, 2, 4], start=1 - np.pi)
    x = convergence.place(turned, 70)
    assert (np.diff(x) > 0).all() and x.min() >= -np.pi and x.max() < np.pi
    assert sorted(convergence.region_counts(turned, x)) == [10, 20, 40]


def test_nyquist_of_the_sparsest_region():
    x = convergence.place(ONE_TWO_FOUR, 70)  # 10 points on 2π/3: κ <= 15
    convergence.check_frequencies(ONE_TWO_FOUR, x, (1, 15))
    with pytest.raises(ValueError, match=r"frequencies: must be <= 15.*sparsest region \(0\)"):
        convergence.check_frequencies(ONE_TWO_FOUR, x, (16,))


# -- linear theory ---------------------------------------------------------------------------------


def test_predicted_times_are_those_of_stepping():
    density, x = PiecewiseConstant.equal_pieces([1, 3]), None
    x = convergence.place(density, 80)
    frame = convergence.predicted_times(density, x, (2,), 0.005, 1.5)
    matrix = convergence.KERNEL.at_angles(x) / 80
    residual, first = -np.sin(2 * x), {}
    for t in range(400):
        for j, region in enumerate(density.regions):
            if 0.5 * np.mean(residual[region.contains(x)] ** 2) <= 0.005:
                first.setdefault(j, t)
        residual = residual - 1.5 * matrix @ residual
    assert frame.theory.tolist() == [first[0], first[1]]


def test_grid_of_many_points_is_the_population():
    exact = convergence.population_times(ONE_TWO_FOUR, (4,), 0.1, 1.0)
    x = convergence.place(ONE_TWO_FOUR, 1400)
    frame = convergence.predicted_times(ONE_TWO_FOUR, x, (4,), 0.005, 1.0)
    # sine for cosine: the same but for the phase at the jumps
    np.testing.assert_allclose(frame.theory, exact.exact, rtol=0.1)
    assert (exact.exact <= exact.bound).all()


def test_an_unreachable_threshold_is_never_with_its_floor():
    from ntklab.kernels import TwoLayerNTK

    density = PiecewiseConstant.equal_pieces([1, 1])
    # an even number of evenly spaced points: sin 3x is an eigenvector of eigenvalue 0
    x = convergence.place(density, 60)
    blind = TwoLayerNTK(bias=False, normalization="network")
    frame = convergence.predicted_times(density, x, (3,), 0.005, 1.0, kernel=blind)
    assert np.isinf(frame.theory).all()
    np.testing.assert_allclose(frame.floor, 0.25, rtol=1e-9)


def test_random_draws_scatter_and_grids_do_not():
    setting = SETTINGS["quick"]._replace(frequencies=(3, 5, 7), draws=6)
    grid = convergence.theory(setting)
    random = convergence.theory(setting, "random", rng=np.random.default_rng(5))
    assert len(grid) == 9 and len(random) == 54
    calm, wild = (convergence.median_ratios(f, "theory") for f in (grid, random))
    assert calm["high"][0] == calm["low"][0] == calm["median"][0]
    assert wild["high"][0] - wild["low"][0] > 0.1
    assert calm["median"].tolist() == sorted(calm["median"], reverse=True)


def test_tables_hold_bounds_beside_what_they_bound():
    table = convergence.lemma_table(ONE_TWO_FOUR, 3, modes=60)
    assert (table.coefficient <= table.corrected).all()
    assert (table.rest <= table.rest_corrected).all()
    assert (table.reciprocal < table.reciprocal_corrected).all()
    assert (table.reciprocal > table.reciprocal_printed).all()
    # tails and coefficients are of one target: the tail falls by the next coefficient's square
    np.testing.assert_allclose(-np.diff(table.rest), table.coefficient[1:] ** 2, atol=1e-12)
    errors = convergence.error_table(ONE_TWO_FOUR, 3, np.array([1, 100, 1000]))
    assert (errors.error <= errors.bound).all() and errors.region.unique().tolist() == [-1, 0, 1, 2]
    whole = errors[errors.region < 0].error.to_numpy()
    parts = errors[errors.region >= 0].pivot(index="iteration", columns="region", values="error")
    np.testing.assert_allclose(whole**2, parts**2 @ np.array([1, 2, 4]) / 7, rtol=1e-9)


# -- training --------------------------------------------------------------------------------------


def test_lazy_networks_obey_linear_theory(small):
    assert len(small) == 6 and small.trained.notna().all()
    np.testing.assert_allclose(small.trained, small.theory, rtol=0.08, atol=2)


def test_the_same_seed_gives_the_same_times(small):
    again = trained.times(SMALL, rng=np.random.default_rng(4))
    pd.testing.assert_frame_equal(small, again)


def test_small_initial_weights_leave_the_linear_regime():
    """κ² against τ√m: at κ = 4 and τ√m = 6 training takes twice as long as theory and more."""
    setting = SMALL._replace(
        frequencies=(4,), width=1000, weight_scale=0.2, centred=False, iterations=1000
    )
    frame = trained.times(setting, rng=np.random.default_rng(6))
    assert (frame.trained > 2 * frame.theory).all()


def test_centring_only_moves_the_start():
    rng = np.random.default_rng(7)
    x = convergence.place(ONE_TWO_FOUR, 50)
    network = trained._network(SMALL._replace(width=200, weight_scale=3.0), rng, "cpu")
    expected = network(torch.from_numpy(np.stack([np.cos(x), np.sin(x)], 1))).detach().numpy()
    np.testing.assert_allclose(output(network, to_circle(x)), expected, rtol=1e-12)
    assert np.std(expected) > 0.5


def test_regions_converge_in_the_order_of_their_densities():
    setting = SETTINGS["quick"]._replace(width=4000, iterations=700)
    order = trained.order(setting, rng=np.random.default_rng(8), frequency=4)
    assert order.sequence() == (0, 2, 1)  # of 11:1:3
    early = order.iterations <= 300
    np.testing.assert_allclose(order.errors[early], order.predicted[early], rtol=0.1, atol=0.02)
    assert order.outputs.shape == (len(order.iterations), len(order.points))
    assert np.abs(order.outputs[0]).max() < 1e-9  # centred: from 0


@pytest.mark.nightly
def test_thinning():
    setting = SMALL._replace(width=4000)
    frame = trained.thinning(
        (1.0, 0.2, 0.005), 3, 0.1, RATE, setting, rng=np.random.default_rng(9)
    )
    assert (frame.exact <= frame.bound).all()
    # 1/p* in the region; the circle stops minding once the region holds less than 2δ² of the data
    assert frame.exact[2] / frame.exact[0] > 20 and frame.circle[2] < 2 * frame.circle[0]
    np.testing.assert_allclose(frame.trained[:2], frame.exact[:2], rtol=0.15)
    assert np.isnan(frame.trained[2])


# -- summaries -------------------------------------------------------------------------------------


def made_up(exponent=2.0, noise=0.0):
    rng = np.random.default_rng(10)
    rows = [
        (draw, frequency, region, density, frequency**exponent / density * np.exp(noise * z))
        for draw in range(5)
        for frequency in (2, 4, 8, 16)
        for region, (density, z) in enumerate(zip((0.1, 0.4), rng.normal(size=2), strict=True))
    ]
    return pd.DataFrame(rows, columns=["draw", "frequency", "region", "density", "theory"])


def test_slopes_and_their_intervals():
    exact = convergence.slopes(made_up(1.7), "theory")
    np.testing.assert_allclose(exact[["slope", "low", "high"]], 1.7, atol=1e-9)
    noisy = convergence.slopes(made_up(2.0, noise=0.2), "theory")
    assert ((noisy.low < 2) & (2 < noisy.high) & (noisy.high - noisy.low < 0.6)).all()
    wider = convergence.slopes(made_up(2.0, noise=0.2), "theory", level=0.999)
    assert (wider.high - wider.low > noisy.high - noisy.low).all()


def test_median_ratios_of_exact_times():
    table = convergence.median_ratios(made_up(), "theory")
    np.testing.assert_allclose(table["median"], [4, 1])
    np.testing.assert_allclose(table[["low", "high"]].loc[0], 4)


def test_unfinished_times_are_left_out_of_slopes_and_named():
    frame = made_up()
    frame.loc[frame.frequency > 4, "theory"] = np.inf
    with pytest.raises(ValueError, match="^frame: region 0 must have finished at 3 frequencies"):
        convergence.slopes(frame, "theory")


RNG = np.random.default_rng(11)
GRID = convergence.place(ONE_TWO_FOUR, 70)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: convergence.place(PiecewiseConstant.equal_pieces([1, 999]), 70), "points"),
        (lambda: convergence.place(PiecewiseConstant.equal_pieces([1, 0]), 70), "points"),
        (lambda: convergence.place(ONE_TWO_FOUR, 70, "spiral"), "layout"),
        (lambda: convergence.place(ONE_TWO_FOUR, 70, "random"), "rng"),
        (lambda: convergence.predicted_times(ONE_TWO_FOUR, GRID, (3,), 0.0, 1.0), "threshold"),
        (lambda: convergence.predicted_times(ONE_TWO_FOUR, GRID, (3,), 0.1, 9.0), "learning_rate"),
        (lambda: convergence.predicted_times(ONE_TWO_FOUR, GRID, (99,), 0.1, 1.0), "frequencies"),
        (lambda: convergence.theory("huge"), "size"),
        (lambda: trained.order("quick", rng=RNG, threshold=0.0), "threshold"),
        (lambda: trained.order("quick", rng=RNG, frequency=200), "frequency"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()


@pytest.mark.nightly
def test_the_local_law_ends_at_a_threshold_that_falls_like_the_root_of_the_frequency():
    frame = convergence.law_border(PiecewiseConstant.equal_pieces([1, 2, 4]), (6, 9, 12))
    densest = frame[frame.region == 2]
    excess = (densest.border / densest.law).to_numpy()
    assert (np.diff(excess) < 0).all() and 1 < excess[-1] < 1.2
    layer = densest.border * np.log(1 / (np.sqrt(2) * densest.border)) ** 1.25
    exponent = np.polyfit(np.log(densest.frequency), np.log(layer), 1)[0]
    assert -0.65 < exponent < -0.45


def test_just_beyond_the_border_the_region_is_late():
    density = PiecewiseConstant.equal_pieces([1, 2, 4])
    border = convergence.law_border(density, (6,)).border[2]
    for factor, late in ((0.9, True), (1.1, False)):
        times = convergence.population_times(density, (6,), factor * border, 1.0)
        assert (times.exact[2] > 1.25 * times.local[2]) == late
