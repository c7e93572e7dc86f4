"""Full-size tables: kept ones beside the paper, parts that make new ones, intervals by ranks."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ntklab.experiments import full_size
from ntklab.experiments.full_size import comparison, runs

TINY = {
    "circle": runs.RUNS["circle"].setting
    | {"width": 400, "frequencies": (3, 4), "iterations": 400},
    "order": runs.RUNS["order"].setting | {"width": 400, "iterations": 400},
    "circle_deep": runs.RUNS["circle_deep"].setting
    | {"width": 128, "frequencies": (3,), "iterations": 60, "hidden_layers": 2},
    "sphere": runs.RUNS["sphere"].setting
    | {"width": 300, "per_half": 40, "frequencies": (2,), "iterations": 300},
    "learning": runs.RUNS["learning"].setting
    | {"points": 800, "hidden_layers": 2, "width": 16, "iterations": 40},
    "gaussianity": {"networks": 40},
    "laziness": {"depths": (1, 2), "iterations": 10},
}


@pytest.mark.parametrize("name", full_size.TABLES)
def test_kept_tables_have_what_is_compared(name):
    times = comparison.pairs(full_size.read(name))
    assert times[["slow", "fast"]].notna().all().all()
    assert (times.slow > 0).all() and name in full_size.PROVENANCE


def test_all_networks_finish_in_the_order_of_the_densities():
    assert comparison.in_order(full_size.read("order_protocol")) == (10, 10)


def test_an_interval_covers_the_median_as_often_as_it_says():
    assert comparison.interval([3.0, 1.0, 2.0]) == (1.0, 3.0, 0.75)
    assert comparison.interval([5.0]) == (5.0, 5.0, 0.0)
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(2000):
        low, high, coverage = comparison.interval(rng.exponential(size=10))
        hits.append(low <= np.log(2) <= high)
    assert coverage > 0.95 and np.mean(hits) == pytest.approx(coverage, abs=0.015)
    with pytest.raises(ValueError, match="^values: "):
        comparison.interval([])


def test_networks_leave_linear_theory_where_the_table_says():
    kept = full_size.read("circle_protocol")
    first, low, high = comparison.leaves(kept)
    assert low <= first <= high < np.inf
    ratio = (kept.trained / kept.theory).groupby(kept.frequency).median()
    assert (ratio[ratio.index < first] < 1.1).all() and (ratio[ratio.index >= first] > 1.1).all()
    same = kept.assign(trained=kept.theory)
    assert comparison.leaves(same) == (np.inf,) * 3
    assert comparison.leaves(kept.assign(trained=2 * kept.theory))[0] == kept.frequency.min()


def test_unlearned_waves_are_counted_and_left_out():
    times = pd.DataFrame(
        [(seed, k, region, t * 2 ** (2 - region) * k**2)
         for seed in (0, 1) for k, t in ((3, 1.0), (4, np.inf)) for region in range(3)],
        columns=["seed", "frequency", "region", "trained"],
    )
    found = comparison.medians(times.assign(theory=times.trained)).set_index("pair")
    assert found.networks["1:4"] == 4 and found.networks["2:4"] == 2
    assert (found.learned == 2).all() and (found.runs == 4).all()


@pytest.mark.nightly
def test_the_paper_lies_in_the_intervals_of_its_own_protocol_and_not_of_rms_1():
    tables = {name: full_size.read(name) for name in full_size.TABLES}
    table = comparison.beside_the_paper(tables, np.random.default_rng(1))
    lazy = table[table.reading.str.startswith("norm 1, κ <")]
    assert ((lazy.low < lazy.paper) & (lazy.paper < lazy.high)).all() and len(lazy) == 2
    other = table[(table.figure == "7") & (table.reading == "rms 1")]
    assert ((other.networks / other.paper - 1).abs() > 0.1).all()
    mean = table[table.reading == "η of mean, theory"]
    assert mean[mean.figure == "7"]["first"].min() > 20_000


DEAR = ("circle", "circle_deep", "order")  # seconds each


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.nightly] * (n in DEAR)) for n in TINY]
)
def test_a_part_is_plain_and_computes_the_same_again(monkeypatch, name):
    run = replace(runs.RUNS[name], setting=TINY[name], cases=runs.RUNS[name].cases[:1])
    monkeypatch.setitem(runs.RUNS, name, run)
    part = json.loads(json.dumps(runs.parts(name, seeds=2)[0]))
    assert runs.cost(part) > 0
    table = runs.compute(**part, device="cpu")
    assert table.device[0].startswith("cpu, torch ") and len(table)
    pd.testing.assert_frame_equal(table, runs.compute(**part, device="cpu"))


def test_parts_hold_all_seeds_once():
    parts = runs.parts("sphere", 7)
    held = sorted((p["case"], p["first"] + i) for p in parts for i in range(p["count"]))
    assert held == [(case, seed) for case in (2, 3, 4) for seed in range(7)]
    assert sum(part["count"] for part in runs.parts("circle")) == 10
    assert len(runs.parts("gaussianity", 7)) == len(runs.RUNS["gaussianity"].cases)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: runs.parts("none"), "name"),
        (lambda: runs.parts("circle", 0), "seeds"),
        (lambda: runs.compute("circle", None, 0, 1, {}, "gpu"), "device"),
        (lambda: full_size.read("none"), "name"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
