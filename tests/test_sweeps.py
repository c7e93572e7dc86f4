"""Sweeps: one table whatever the executor, and nothing lost whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sweep_functions as functions

from ntklab import sweeps

GRID = {"x": [1, 2, 3, 4, 5]}


def results(frame):
    return frame.drop(columns="seconds")


def same(a, b):
    pd.testing.assert_frame_equal(results(a), results(b))


def serial(function, grid, **options):
    return sweeps.run(function, grid, workers=0, **options)


def test_the_table():
    frame = serial(functions.square, {"x": [1, 2], "y": [10, 20]})
    assert list(frame) == ["x", "y", "value", "third", "seconds", "error"]
    assert frame.x.tolist() == [1, 1, 2, 2] and frame.y.tolist() == [10, 20, 10, 20]
    assert frame.value.tolist() == [11, 21, 14, 24] and (frame.error == "").all()
    assert frame.third.tolist() == [1 / 3, 1 / 3, 2 / 3, 2 / 3]  # to the last bit
    assert (frame.seconds >= 0).all()


def test_cells_may_be_listed_and_return_several_rows():
    frame = serial(functions.rows, [{"n": 3}, {"n": 0}, {"n": np.int64(1)}])
    assert frame.n.tolist() == [3, 3, 3, 0, 1]
    assert frame.root.tolist()[:3] == [0, 1, np.sqrt(2)] and np.isnan(frame.root[3])
    assert serial(functions.frame, {"n": [2]}).nan.isna().all()


@pytest.fixture(scope="module")
def expected():
    return serial(functions.draw, GRID, seed=7)


def test_threads_give_the_same(expected):
    with ThreadPoolExecutor(3) as executor:
        same(expected, sweeps.run(functions.draw, GRID, seed=7, executor=executor))


def test_own_processes_give_the_same_and_have_one_thread(expected, tmp_path):
    same(expected, sweeps.run(functions.draw, GRID, seed=7, workers=2, record=tmp_path / "r"))
    frame = sweeps.run(functions.threads, {"x": [1, 2]}, workers=2)
    assert (frame.most == 1).all()


def test_any_pool_gives_the_same(expected):
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        same(expected, sweeps.run(functions.draw, GRID, seed=7, executor=executor))


def test_a_dask_cluster_gives_the_same(expected):
    from distributed import Client, LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cluster's own
        path = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(path)
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            executor = client.get_executor()
            same(expected, sweeps.run(functions.draw, GRID, seed=7, executor=executor))
            with pytest.warns(sweeps.SweepWarning, match="1 of 5 cells failed"):
                frame = sweeps.run(functions.fails, GRID, executor=executor)
        os.environ["PYTHONPATH"] = path[1]
    assert frame.error[1] == "ArithmeticError: two is bad"


def test_a_cell_draws_the_same_in_a_larger_grid_and_other_with_another_seed(expected):
    larger = serial(functions.draw, {"x": [9, 5, 1]}, seed=7)
    assert larger.value[2] == expected.value[0] and larger.value[1] == expected.value[4]
    assert expected.value.is_unique
    assert serial(functions.draw, GRID, seed=8).value[0] != expected.value[0]


def test_a_failure_costs_its_own_cell_and_is_retried_on_request(tmp_path):
    record, marker = tmp_path / "record", tmp_path / "marker"
    grid = {"x": [1, 2, 3], "marker": [str(marker)]}
    with pytest.warns(sweeps.SweepWarning, match="1 of 3 cells failed.*not yet"):
        frame = serial(functions.fails_unless, grid, record=record)
    assert frame.error.tolist() == ["", "ArithmeticError: not yet", ""]
    assert 'raise ArithmeticError("not yet")' in record.read_text().replace("\\", "")
    marker.touch()
    with pytest.warns(sweeps.SweepWarning):
        serial(functions.fails_unless, grid, record=record)  # not asked for
    again = serial(functions.fails_unless, grid, record=record, retry=True)
    assert (again.error == "").all() and again.value.tolist() == [1, 2, 3]


def test_a_worker_that_dies_costs_the_cells_in_flight(tmp_path):
    with pytest.warns(sweeps.SweepWarning):
        frame = sweeps.run(functions.dies, GRID, workers=1, record=tmp_path / "record")
    assert frame.error[1] == "RuntimeError: its worker process died"
    assert frame.value.drop(1).tolist() == [1, 3, 4, 5] and (frame.error != "").sum() == 1


def test_an_interrupt_keeps_what_is_done(tmp_path):
    record = tmp_path / "record"
    with pytest.raises(KeyboardInterrupt):
        serial(functions.interrupts, GRID, record=record)
    assert len(record.read_text().splitlines()) == 1 + 2


SWEEP = """
import sys
sys.path.insert(0, {tests!r})
import sweep_functions
from ntklab import sweeps
if __name__ == "__main__":
    grid = {{"x": list(range(12)), "folder": [{folder!r}]}}
    sweeps.run(sweep_functions.slow, grid, workers={workers}, record={record!r})
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_kill_9_loses_at_most_what_was_in_flight(tmp_path, workers):
    record, folder = tmp_path / "record", tmp_path / "marks"
    folder.mkdir()
    script = tmp_path / "sweep.py"
    tests = str(Path(__file__).parent)
    script.write_text(
        SWEEP.format(tests=tests, folder=str(folder), record=str(record), workers=workers)
    )
    for kill in range(4):
        process = subprocess.Popen(
            [sys.executable, script], start_new_session=True, stderr=subprocess.DEVNULL
        )
        before = len(list(folder.glob("ended*")))
        while process.poll() is None and len(list(folder.glob("ended*"))) < before + 1 + kill % 2:
            time.sleep(0.003)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        ended = {int(path.name[5:]) for path in folder.glob("ended*")}
        lines = record.read_bytes().splitlines(keepends=True)[1:] if record.exists() else []
        kept = {json.loads(raw[9:])["cell"]["x"] for raw in lines if raw.endswith(b"\n")}
        assert kept <= ended and len(ended - kept) <= max(1, workers)
    grid = {"x": list(range(12)), "folder": [str(folder)]}
    resumed = serial(functions.slow, grid, record=record)
    same(resumed, serial(functions.slow, grid))


def test_a_torn_last_line_is_repaired_wherever_it_is_torn(tmp_path):
    record = tmp_path / "record"
    whole = serial(functions.square, {"x": [1, 2]}, record=record)
    data = record.read_bytes()
    for end in range(len(data)):
        record.write_bytes(data[:end])
        same(serial(functions.square, {"x": [1, 2]}, record=record), whole)
        assert len(record.read_bytes().splitlines()) == 3


def refused(tmp_path, change, match):
    record = tmp_path / "record"
    serial(functions.square, GRID, record=record)
    record.write_bytes(change(record.read_bytes()))
    before = record.read_bytes()
    with pytest.raises(ValueError, match=match):
        serial(functions.square, GRID, record=record)
    assert record.read_bytes() == before


def test_a_damaged_line_is_named_and_the_file_kept(tmp_path):
    def damage(data):
        lines = data.splitlines(keepends=True)
        lines[2] = lines[2].replace(b'"value": 4', b'"value": 5')
        return b"".join(lines)

    refused(tmp_path, damage, "^record: line 3 of .* is damaged; it was left as it is")


def test_a_record_of_another_sweep_is_refused(tmp_path):
    record = tmp_path / "record"
    serial(functions.square, GRID, record=record)
    before = record.read_bytes()
    for call in (
        lambda: serial(functions.fails, GRID, record=record),
        lambda: serial(functions.square, GRID, record=record, seed=1),
    ):
        with pytest.raises(ValueError, match="^record: .*square.* not of"):
            call()
    assert record.read_bytes() == before


def test_two_processes_on_one_record(tmp_path):
    record = tmp_path / "record"
    with sweeps._Record(record, functions.square, 0):
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
            "import sweep_functions; from ntklab import sweeps; "
            f"sweeps.run(sweep_functions.square, {{'x': [1]}}, workers=0, record={str(record)!r})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "is in use by another process" in done.stderr
    assert len(serial(functions.square, GRID, record=record)) == 5


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    record = tmp_path / "record"
    serial(functions.square, {"x": [1, 2]}, record=record)
    before = record.read_bytes()
    real = os.fsync

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        serial(functions.square, GRID, record=record)
    assert record.read_bytes() == before
    monkeypatch.setattr(os, "fsync", real)
    same(serial(functions.square, GRID, record=record), serial(functions.square, GRID))


def test_a_grid_may_grow_on_its_record(tmp_path):
    record = tmp_path / "record"
    serial(functions.square, {"x": [1, 2]}, record=record)
    grown = serial(functions.square, GRID, record=record)
    assert grown.x.tolist() == GRID["x"] and len(record.read_text().splitlines()) == 6


def bad_column(x):
    return {"x": x}


def bad_result(x):
    return 5


def bad_value(x):
    return {"value": {1, 2}}


@pytest.mark.parametrize("function", [bad_column, bad_result, bad_value])
def test_a_result_that_is_no_row_fails_its_cell(function):
    with pytest.warns(sweeps.SweepWarning):
        frame = serial(function, {"x": [1]})
    assert frame.error[0].startswith(("ValueError: returned", "TypeError: must"))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: serial(functions.square, {"x": []}), "grid"),
        (lambda: serial(functions.square, {"x": 3}), "grid"),
        (lambda: serial(functions.square, {"x": "abc"}), "grid"),
        (lambda: serial(functions.square, [3]), "grid"),
        (lambda: serial(functions.square, [{"x": 1}, {"x": 1}]), "grid"),
        (lambda: serial(functions.square, {"seconds": [1]}), "grid"),
        (lambda: serial(functions.square, {"rng": [1]}), "grid"),
        (lambda: serial("square", GRID), "function"),
        (lambda: sweeps.run(lambda x: {}, GRID, workers=1), "function"),
        (lambda: serial(functions.square, GRID, seed=-1), "seed"),
        (lambda: sweeps.run(functions.square, GRID, workers=-1), "workers"),
        (lambda: sweeps.run(functions.square, GRID, workers=1, executor=object()), "workers"),
        (lambda: serial(functions.square, GRID, record="/no/such/folder/record"), "record"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: "):
        call()
