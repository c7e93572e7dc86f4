"""Experiments on new data: laws beside exact errors, networks beside theory, the ledger's row."""

import numpy as np
import pytest

from ntklab import claims
from ntklab.claims import generalization as ledger
from ntklab.densities import PiecewiseConstant, uniform
from ntklab.experiments import generalization
from ntklab.experiments.trained import generalization as trained
from ntklab.explorers import generalization as explorer
from ntklab.figures import generalization as pictures

P = PiecewiseConstant.equal_pieces([1, 4])
RUN = generalization.stopping(P, points=80, rng=np.random.default_rng(0))


def test_noise_comes_through_like_the_root_of_time_over_density():
    run = generalization.stopping(uniform(), 1, 400, 0.5, rng=np.random.default_rng(1))
    middle = run.curves[(run.curves.region == -1) & run.curves.t.between(300, 1e4)]
    law = generalization.passed(middle.t, 1 / (2 * np.pi), 400, 0.5)
    np.testing.assert_allclose(middle.variance, law, rtol=0.1)


def test_networks_on_new_points_as_at_infinite_width():
    table = trained.stopping(RUN, [0, 20, 200], width=1000, rng=np.random.default_rng(2))
    np.testing.assert_allclose(table.trained, table.theory, rtol=0.08)
    assert table[table.region == -1].trained.iloc[-1] < 0.6 * table.trained.iloc[0]


def test_random_labels_reverse_the_order():
    table = generalization.random_labels(P, 200, [300.0], 3, rng=np.random.default_rng(3))
    sparse, dense = (table[table.region == j].iloc[0] for j in (0, 1))
    assert sparse.wave > 1.5 * dense.wave and sparse.random < 0.97 * dense.random


def test_bound_holds_and_ranks():
    table = generalization.bounds((1, 4, 16, 0), density=P, rng=np.random.default_rng(4))
    assert (table.loss < table.bound).all()
    assert table.bound.is_monotonic_increasing and table.loss.is_monotonic_increasing


def test_the_motivations_question():
    judged = claims.judge("C26", counts=(60,), seeds=1)
    assert judged.measurement.verdict == "holds"
    assert "κ = 1, 2, 4, 8, 16" in str(judged)


def test_its_check_can_fail():
    measured = ledger.measure_link(counts=(60,), seeds=1, frequencies=(16, 8, 4, 2, 1))
    assert measured.verdict == "unsettled"


CURVES = generalization.curves((4, 8), draws=3, density=P, rng=np.random.default_rng(5))
BOUNDS = generalization.bounds((1, 2, 0), 30, density=P, rng=np.random.default_rng(6))
LABELS = generalization.random_labels(P, 40, [1, 10, 100], 2, rng=np.random.default_rng(7))
NETWORKS = RUN.curves[["region", "t"]].assign(trained=0.5, theory=0.4)


DRAWINGS = {
    "sample": lambda: pictures.sample(RUN, 100.0),
    "stopping": lambda: pictures.stopping_times(RUN, NETWORKS),
    "bias and variance": lambda: pictures.bias_and_variance(RUN, [RUN.times * 1e-6] * 2),
    "bounds": lambda: pictures.bounds(BOUNDS),
    "random labels": lambda: pictures.random_labels(LABELS),
    "learning curves": lambda: pictures.learning_curves(CURVES),
    "explorer": lambda: explorer.draw(explorer.compute(contrast=1.0, noise=0.0)),
}


@pytest.mark.parametrize(
    ("given", "name"),
    [({"contrast": 0.5}, "contrast"), ({"frequency": 13}, "frequency"), ({"noise": -1}, "noise"),
     ({"time": 0}, "time")],
)  # fmt: skip
def test_explorer_refuses_by_name(given, name):
    with pytest.raises(ValueError, match=f"^{name}: "):
        explorer.compute(**given)


def test_the_moment_is_where_the_picture_says():
    moment = explorer.compute(time=300.0)
    assert moment.time == 300.0
    assert moment.stopping.stops[1].time < moment.stopping.stops[0].time


def test_a_curve_that_never_falls_or_never_rises_is_not_said_to():
    """Few sparse points and a fast wave: there nothing is best; without noise the end is."""
    run = generalization.stopping(
        PiecewiseConstant.equal_pieces([1, 25]), 12, 120, 0.0, rng=np.random.default_rng(8)
    )
    assert run.stops[0].time == 0 and np.isinf(run.stops[1].time)
    figure = pictures.stopping_times(run)
    text = figure.get_label()
    assert "rises" not in text and "sparse 0.71, 0.71 at 0," in text and "in the end" in text
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert all(1 <= line.get_xdata()[0] <= 1e6 for line in marks)


def test_regions_are_called_by_their_densities():
    names = {
        (1, 4): ["all", "sparse", "dense"],
        (4, 1): ["all", "dense", "sparse"],
        (1, 1): ["all", "region 0", "region 1"],
        (1, 2, 4): ["all", "region 0", "region 1", "region 2"],
    }
    for weights, expected in names.items():
        density = PiecewiseConstant.equal_pieces(weights)
        run = generalization.stopping(density, points=60, rng=np.random.default_rng(0))
        _, labels = pictures.stopping_times(run).axes[0].get_legend_handles_labels()
        assert labels == expected


def test_random_labels_are_told_by_times():
    text = pictures.random_labels(
        generalization.random_labels(
            P, 100, np.geomspace(1, 1e6, 30), 2, rng=np.random.default_rng(7)
        )
    ).get_label()
    assert "of a wave half is left at time" in text and "in the sparse half" in text
