"""Hemispheres: the population, random points, networks, and what the gap is made of."""

import numpy as np
import pandas as pd
import pytest

from ntklab import dynamics, sphere
from ntklab.experiments import full_size
from ntklab.experiments import sphere as hemispheres
from ntklab.experiments.trained import sphere as trained


def test_equal_halves_learn_alike_and_unequal_ones_tend_to_their_ratio():
    table = hemispheres.population((1, 3), (4, 30))
    quotient = table.set_index(["ratio", "frequency"]).quotient
    assert quotient[1, 4] == pytest.approx(1, abs=1e-9)
    assert quotient[3, 4] < quotient[3, 30] < 3
    assert quotient[3, 30] == pytest.approx(3, rel=0.04)


@pytest.mark.parametrize("threshold", [0.32, 0.2, 0.1, 0.05, 0.02])
def test_the_population_undershoots_at_every_threshold(threshold):
    table = hemispheres.population(frequencies=range(2, 8), threshold=threshold)
    median = table.groupby("ratio").quotient.median()
    assert (median < 0.96 * median.index).all()


def test_the_papers_medians_lie_within_the_scatter_of_one_draw():
    """Full-size networks, targets of norm 1; the medians of all draws are a little larger."""
    table = full_size.read("sphere_protocol")
    quotient = table["sparse"] / table["dense"]
    draws = quotient.groupby([table.ratio, table.seed]).median()
    for ratio, paper in hemispheres.PAPER.items():
        assert len(draws[ratio]) >= 10
        assert 1 < quotient[table.ratio == ratio].median() / paper < 1.07
        assert draws[ratio].min() < paper < draws[ratio].max()


def test_an_axis_that_is_not_tilted_and_one_that_is():
    straight = hemispheres.tilted(3, 4, 0.0, degree=40)
    table = hemispheres.population((3,), (4,), degree=40).iloc[0]
    np.testing.assert_allclose(straight, (table["sparse"], table["dense"]), rtol=1e-6)
    # a tilted one against all orders at once
    density = sphere.hemispheres(2)
    spectrum = sphere.solve(hemispheres.NETWORK, density, None, degree=12)
    tilt = 0.7
    target = sphere.harmonic(2, [np.sin(tilt), 0.0, np.cos(tilt)])
    flow = dynamics.gradient_flow(spectrum, target)
    times = [
        flow.time_to_reach(0.05, region.contains(spectrum.points)).time
        for region in density.regions
    ]
    np.testing.assert_allclose(hemispheres.tilted(2, 2, tilt, 0.05, degree=12), times, rtol=1e-3)


def test_samples_are_reproducible_and_those_of_equal_halves_scatter_about_one():
    first, second = (
        hemispheres.sampled(
            (1,), (2, 3), draws=4, per_half=60, rng=np.random.default_rng(3)
        )
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)
    assert 0.6 < first.quotient.median() < 1.7
    X = hemispheres.points(2.5, 40, np.random.default_rng(0))
    assert [region.contains(X).sum() for region in sphere.hemispheres(2).regions] == [40, 100]


def test_networks_follow_their_points():
    setting = hemispheres.Setting(2000, 40, (1, 2), 1, 400, threshold=0.2)
    table = trained.trained(
        (2,), setting, rng=np.random.default_rng(5), device="cpu"
    )
    np.testing.assert_allclose(table.quotient, table.predicted, rtol=0.2)


def test_the_gap_adds_up():
    exact = pd.DataFrame({"ratio": [2] * 3, "frequency": [2, 3, 4], "quotient": [1.5, 1.6, 1.7]})
    samples = exact.assign(quotient=exact.quotient + 0.1, draw=0)
    nets = exact.assign(quotient=1.8, predicted=1.7)
    row = hemispheres.decomposition(exact, samples, nets).loc[2]
    assert row.population == 1.6 and row.by_frequency == pytest.approx(0.4)
    assert row.by_sampling == pytest.approx(-0.1) and row.by_network == pytest.approx(-0.1)
    assert row.paper == 1.76 and row.unexplained == pytest.approx(0.04)
    steps = ["by_frequency", "by_sampling", "by_network", "unexplained"]
    assert row[steps].sum() == pytest.approx(2 - 1.76)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda rng: hemispheres.sampled(rng=1), "rng"),
        (lambda rng: trained.trained(size="huge", rng=rng), "size"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call(np.random.default_rng(0))


def test_modes_are_eigenfunctions_with_their_order_and_eigenvalue():
    """By a sum over a fine grid of each half, with no harmonics."""
    density, nodes = sphere.hemispheres(4), np.polynomial.legendre.leggauss(80)
    z = np.concatenate([(nodes[0] - 1) / 2, (nodes[0] + 1) / 2])
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    X = sphere.at_height(np.repeat(z, 240), np.tile(turn, len(z)))
    area = np.repeat(np.tile(nodes[1] / 2, 2), 240) * 2 * np.pi / 240
    probe = sphere.at_height(np.array([-0.7, -0.2, 0.3, 0.8]), np.array([0.1, 1.0, 2.0, -2.5]))
    for mode in hemispheres.modes(4, ((0, 3), (2, 1)), degree=60):
        values = mode.function(X)
        image = hemispheres.NETWORK(probe, X) @ (area * density.pdf(X) * values)
        np.testing.assert_allclose(image, mode.eigenvalue * mode.function(probe), atol=2e-5)
        if mode.order:  # turned by half a wave it changes its sign
            turned = sphere.at_height(np.full(2, 0.4), np.array([0.3, 0.3 + np.pi / mode.order]))
            assert np.sum(mode.function(turned)) == pytest.approx(0, abs=1e-12)


def test_zeros_of_equal_halves_are_alike():
    [equal] = hemispheres.modes(1, ((0, 10),))
    assert equal.crossings == (5, 5)


@pytest.mark.parametrize("ratio", [4, 8, 27])
def test_zeros_follow_the_cube_root_of_the_density(ratio):
    # one eigenvalue everywhere and λ ~ p/κ³ there: κ ~ p^(1/3). A zero more or less is 4 % at most.
    [mode] = hemispheres.modes(ratio, ((0, 80),), degree=200)
    below, above = mode.crossings
    assert below + above == 80
    assert above / below == pytest.approx(ratio ** (1 / 3), rel=0.04)
