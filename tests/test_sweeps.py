"""Sweeps: one table whatever the executor, and nothing lost whatever happens."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sweep_functions as functions

from ntklab import sweeps

GRID = {"x": [1, 2, 3, 4, 5]}
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def results(frame):
    return frame.drop(columns="seconds")


def same(a, b):
    pd.testing.assert_frame_equal(results(a), results(b))


def serial(function, grid, **options):
    return sweeps.run(function, grid, workers=0, **options)


def test_the_table():
    frame = serial(functions.square, {"x": [1, 2], "y": [10, 20]})
    assert list(frame) == ["x", "y", "value", "third", "seconds", "error", "traceback"]
    assert frame.x.tolist() == [1, 1, 2, 2] and frame.y.tolist() == [10, 20, 10, 20]
    assert frame.value.tolist() == [11, 21, 14, 24] and (frame.error == "").all()
    assert frame.third.tolist() == [1 / 3, 1 / 3, 2 / 3, 2 / 3]  # to the last bit
    assert (frame.seconds >= 0).all()


def test_what_is_given_is_neither_in_the_table_nor_on_record(tmp_path):
    record = tmp_path / "record"
    first = serial(functions.scaled, {"x": [1, 2]}, given={"by": 10}, record=record)
    assert list(first) == ["x", "value", "seconds", "error", "traceback"]
    assert first.value.tolist() == [10, 20]
    more = serial(functions.scaled, {"x": [1, 2, 3]}, given={"by": 100}, record=record)
    assert more.value.tolist() == [10, 20, 300]  # two from the record


def test_the_estimate_goes_by_costs(monkeypatch):
    bars = []

    class Bar(sweeps.tqdm):
        def close(self):
            if not self.disable and self not in bars:
                bars.append(self)
            super().close()

        def update(self, n=1):
            steps.append(n)
            return super().update(n)

    steps = []
    monkeypatch.setattr(sweeps, "tqdm", Bar)
    serial(functions.square, {"x": [1, 2]}, costs=[1, 30], progress=True)
    assert steps == [1, 30] and bars[0].total == bars[0].n == 31
    assert bars[0].desc == "2 of 2 cells" and "about" in str(bars[0])


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


@pytest.fixture(scope="module")
def cluster():
    """An executor on two worker processes; a cell that ends its worker is not tried again."""
    import dask
    from distributed import Client, LocalCluster

    with (
        warnings.catch_warnings(action="ignore"),  # of the cluster's own
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_and_tells_failures(expected, cluster):
    same(expected, sweeps.run(functions.draw, GRID, seed=7, executor=cluster))
    with pytest.warns(sweeps.SweepWarning, match="1 of 5 cells failed"):
        frame = sweeps.run(functions.fails, GRID, executor=cluster)
    assert frame.error[1] == "ArithmeticError: two is bad"


@pytest.mark.slow
def test_a_dask_cluster_answers_no_cell_from_memory(cluster):
    again = [sweeps.run(functions.moment, {"x": [1, 2]}, executor=cluster) for _ in range(3)]
    assert pd.concat(again).moment.is_unique


def test_a_dask_worker_that_dies_costs_its_own_cell(cluster):
    with pytest.warns(sweeps.SweepWarning, match="1 of 1 cells failed.*KilledWorker"):
        sweeps.run(functions.dies, {"x": [2]}, executor=cluster)
    assert sweeps.run(functions.dies, {"x": [1, 3]}, executor=cluster).value.tolist() == [1, 3]


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
    assert 'raise ArithmeticError("not yet")' in frame.traceback[1]
    marker.touch()
    with pytest.warns(sweeps.SweepWarning):
        serial(functions.fails_unless, grid, record=record)  # not asked for
    again = serial(functions.fails_unless, grid, record=record, retry=True)
    assert (again.error == "").all() and again.value.tolist() == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_costs_its_own_cell(tmp_path, workers):
    record = tmp_path / "record"
    with pytest.warns(sweeps.SweepWarning, match="1 of 5 cells failed"):
        frame = sweeps.run(functions.dies, GRID, workers=workers, record=record)
    assert frame.error[1] == "RuntimeError: its worker process died"
    assert frame.value.drop(1).tolist() == [1, 3, 4, 5] and (frame.error != "").sum() == 1


@pytest.mark.slow
def test_a_pool_of_the_callers_that_breaks_stops_the_sweep_which_its_record_takes_up(tmp_path):
    record = tmp_path / "record"
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(BrokenExecutor),
    ):
        sweeps.run(functions.dies, GRID, executor=pool, record=record)
    assert len(record.read_text(encoding="utf-8").splitlines()) == 1 + 1
    with pytest.warns(sweeps.SweepWarning, match="1 of 5"):
        sweeps.run(functions.dies, GRID, workers=1, record=record)


def test_an_interrupt_keeps_what_is_done(tmp_path):
    record = tmp_path / "record"
    with pytest.raises(KeyboardInterrupt):
        serial(functions.interrupts, GRID, record=record)
    assert len(record.read_text(encoding="utf-8").splitlines()) == 1 + 2


def test_a_cell_that_exits_has_failed():
    with pytest.warns(sweeps.SweepWarning, match="SystemExit: enough"):
        frame = serial(functions.leaves, {"x": [1, 2]})
    assert frame.error.tolist() == ["SystemExit: enough", ""]


SWEEP = """
import sys
sys.path.insert(0, {tests!r})
import sweep_functions
from ntklab import sweeps
if __name__ == "__main__":
    grid = {{"x": list(range({cells})), "folder": [{folder!r}]}}
    sweeps.run(sweep_functions.slow, grid, seed=3, workers=2, record={record!r})
"""
KILLS = 5


class Sweep:
    """A script in a process of its own, whose cells leave marks of what they did."""

    def __init__(self, path, cells):
        self.record, self.folder, self.script = path / "record", path / "marks", path / "sweep.py"
        self.grid = {"x": list(range(cells)), "folder": [str(self.folder)]}
        self.folder.mkdir()
        tests, folder, record = str(Path(__file__).parent), str(self.folder), str(self.record)
        text = SWEEP.format(tests=tests, folder=folder, record=record, cells=cells)
        self.script.write_text(text, encoding="utf-8")

    def start(self):
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, self.script], stderr=pipe, encoding="utf-8")

    def marks(self, kind):
        """The marks of a kind, as the numbers of their cells by process."""
        return [tuple(map(int, p.suffix[1:].split("-"))) for p in self.folder.glob(f"{kind}.*")]

    def kept(self):
        lines = self.record.read_bytes().split(b"\n")[1:-1] if self.record.exists() else []
        return [json.loads(line[9:])["cell"]["x"] for line in lines]

    def wait_for(self, marks, process):
        while process.poll() is None and len(self.marks("started")) < marks:
            time.sleep(0.002)
        assert process.poll() is None, process.communicate()[1]

    def wait_for_the_end_of_its_workers(self):
        pids = {pid for _, pid in self.marks("started")}
        end = time.monotonic() + 20
        while any(alive(pid) for pid in pids):
            assert time.monotonic() < end, "a worker outlived its sweep"
            time.sleep(0.01)

    def resumed(self):
        return serial(functions.slow, self.grid, seed=3, record=self.record)


def alive(pid):
    try:
        return b"Z" not in Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
@linux
def test_kill_9_loses_at_most_what_was_in_flight_and_ends_the_workers(tmp_path):
    sweep, rng = Sweep(tmp_path, cells=4 * KILLS), np.random.default_rng(11)
    for kill in range(KILLS):
        before, kept_before = set(sweep.marks("started")), sweep.kept()
        process = sweep.start()
        # The first kill falls while the sweep starts up, if it does not finish a cell by then.
        sweep.wait_for(len(before) + (kill > 0) * rng.integers(1, 5), process)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()  # the sweep alone, not its workers
        process.communicate()
        sweep.wait_for_the_end_of_its_workers()
        started = {x for x, _ in set(sweep.marks("started")) - before}
        kept = sweep.kept()
        assert kept[: len(kept_before)] == kept_before and len(set(kept)) == len(kept)
        assert not started & set(kept_before)  # nothing that was kept runs again
        assert len(started - set(kept)) <= 2
    assert 0 < len(sweep.kept()) < 4 * KILLS
    undisturbed = serial(functions.slow, sweep.grid, seed=3)
    same(sweep.resumed(), undisturbed)
    assert len(sweep.kept()) == 4 * KILLS


@linux
@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_ends_the_workers(tmp_path):
    sweep = Sweep(tmp_path, cells=500)
    process = sweep.start()
    sweep.wait_for(6, process)
    process.send_signal(signal.SIGINT)  # to the sweep alone
    _, told = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT and told.rstrip().endswith("KeyboardInterrupt")
    sweep.wait_for_the_end_of_its_workers()
    assert len({x for x, _ in sweep.marks("started")} - set(sweep.kept())) <= 2
    assert 4 <= len(sweep.kept()) < 500


@pytest.mark.slow
def test_a_function_that_workers_cannot_import_is_refused_at_once(tmp_path):
    call = "from ntklab import sweeps\ndef f(x): return {}\nsweeps.run(f, {'x': [1, 2, 3]})"
    script = tmp_path / "script.py"  # without a guard
    script.write_text(call, encoding="utf-8")
    for command in ([str(script)], ["-c", call]):  # the latter as in a notebook
        done = subprocess.run([sys.executable, *command], capture_output=True, encoding="utf-8")
        assert done.returncode == 1
        assert "ValueError: function: must be one that worker processes can import" in done.stderr


@pytest.mark.slow
def test_a_torn_last_line_is_repaired_wherever_it_is_torn(tmp_path):
    record = tmp_path / "record"
    whole = serial(functions.square, {"x": [1, 2]}, record=record)
    data = record.read_bytes()
    for end in range(len(data)):
        record.write_bytes(data[:end])
        same(serial(functions.square, {"x": [1, 2]}, record=record), whole)
        assert len(record.read_bytes().splitlines()) == 3


def refused(record, match, function=functions.square, grid=GRID, **options):
    before = record.read_bytes()
    with pytest.raises(ValueError, match=f"^record: .*{match}.*left as it is"):
        serial(function, grid, record=record, **options)
    assert record.read_bytes() == before


@pytest.mark.parametrize("number", [1, 2, 3, 6])  # header, middle, the last, which is not torn
def test_a_damaged_line_is_named_and_the_file_kept(tmp_path, number):
    record = tmp_path / "record"
    serial(functions.square, GRID, record=record)
    lines = record.read_bytes().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(b": ", b":: ", 1)
    record.write_bytes(b"".join(lines))
    refused(record, f"is damaged in line {number}")


@pytest.mark.parametrize("text", ["x", "a,b\n", "a,b\n1,2\n", "{}\n", "\n"])
def test_another_file_is_not_taken_for_a_record(tmp_path, text):
    record = tmp_path / "record"
    record.write_text(text, encoding="utf-8")
    refused(record, "is ")


def test_a_record_of_another_sweep_is_refused(tmp_path):
    record = tmp_path / "record"
    serial(functions.square, GRID, record=record)
    refused(record, "function '.*square', not '.*fails'", functions.fails)
    refused(record, "parameters .*'x'.*, not .*'y'", grid={"x": [1], "y": [1]})
    refused(record, "seed 0, not 1", seed=1)


@pytest.mark.slow
def test_two_processes_on_one_record(tmp_path):
    sweep = Sweep(tmp_path, cells=500)
    process = sweep.start()
    sweep.wait_for(1, process)
    with pytest.raises(ValueError, match="^record: .* is in use by another process"):
        sweep.resumed()
    process.kill()
    process.communicate()


@linux
def test_forked_workers_of_a_killed_sweep_do_not_hold_its_record(tmp_path):
    record = tmp_path / "record"
    header = {"function": "f", "parameters": [], "seed": 0}
    code = (
        "import os, time; from ntklab import sweeps\n"
        f"with sweeps._open({str(record)!r}, {header}):\n"
        "    print(os.fork() and os.getpid(), flush=True)\n    time.sleep(30)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        for _ in range(2):
            process.stdout.readline()
        with pytest.raises(ValueError, match="in use"), sweeps._open(record, header):
            pass
        process.kill()
        process.wait()
        with sweeps._open(record, header) as (lines, _):
            assert lines == {}
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.parametrize("room", [0, 5, 700])
def test_a_full_disk_leaves_whole_lines_and_the_sweep_goes_on_from_them(tmp_path, room):
    resource = pytest.importorskip("resource")
    record, grid = tmp_path / "record", {"x": list(range(20))}
    if room != 0:
        serial(functions.square, {"x": [0, 1]}, record=record)
    before = record.read_bytes() if record.exists() else b""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        with pytest.raises(OSError, match="record: not written .* is kept: .*record"):
            serial(functions.square, grid, record=record)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    data = record.read_bytes()
    assert data.startswith(before) and data[-1:] in (b"\n", b"")
    assert (len(data) > len(before)) == (room == 700)
    same(serial(functions.square, grid, record=record), serial(functions.square, grid))
    assert record.read_bytes().startswith(data)


@linux
def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(OSError, match="/proc/record"):  # not even by an administrator
        serial(functions.square, GRID, record="/proc/record")


def test_a_grid_may_grow_on_its_record(tmp_path):
    record = tmp_path / "record"
    serial(functions.square, {"x": [1, 2]}, record=record)
    grown = serial(functions.square, GRID, record=record)
    assert grown.x.tolist() == GRID["x"] and len(record.read_bytes().splitlines()) == 6


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
    assert frame.error[0].startswith(("ValueError: result: must", "TypeError: result: must"))


def test_progress_is_shown_on_request(capsys):
    serial(functions.square, GRID)
    assert capsys.readouterr().err == ""
    serial(functions.square, GRID, progress=True)
    assert "5 of 5 cells" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("grid", "match"),
    [
        ({"x": []}, "must hold a cell"),
        ([], "must hold a cell"),
        (None, "must be a dict of sequences .* got NoneType"),
        (3, "must be a dict of sequences or a sequence of dicts, got int 3"),
        ({"x": 3}, "must be a dict of sequences .* got int 3"),
        ({"x": np.array(3)}, "must be a dict of sequences"),
        ({"x": "abc"}, "must be a dict of sequences .* got str 'abc'"),
        ({"x": {1, 2}}, "must be a dict of sequences .* got set"),
        ({"x": {1: 2}}, "must be a dict of sequences .* got dict"),
        ([3], "cells must be dicts .* got int 3"),
        ({3: [1]}, "cells must be dicts by names"),
        ([{"x": 1}, {"x": 1}], "must hold each cell once"),
        ([{"x": 1}, {"x": 2, "y": 1}], "must have the same parameters"),
        ({"seconds": [1]}, "no parameter may be called"),
        ({"rng": [1]}, "no parameter may be called"),
        ({"x": [object()]}, "must be of numbers"),
        ({"x": [1j]}, "must be of numbers"),
        ({"x": [np.longdouble(1)]}, "must be of numbers"),
        ({"x": [10**5000]}, "must be of numbers"),
    ],
)
def test_a_bad_grid_is_named(grid, match):
    with pytest.raises((ValueError, TypeError), match=f"^grid: .*{match}"):
        serial(functions.square, grid)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"function": "square"}, "function: must be one that takes .* got str"),
        ({"function": dict}, "function: must be one that takes"),
        ({"grid": {"x": [1], "z": [1]}}, "function: must be one that takes .*'z'"),
        ({"function": lambda x: {}, "workers": 1}, "function: must be one that worker processes"),
        ({"function": lambda x: {}, "record": "r"}, "function: must have a name to go on record"),
        ({"function": functools.partial(functions.square, y=1), "record": "r"}, "function: must"),
        ({"seed": -1}, "seed: must be >= 0"),
        ({"seed": 2**128}, "seed: must be <="),
        ({"seed": 1.0}, "seed: must be a whole number"),
        ({"workers": -1}, "workers: must be >= 0"),
        ({"workers": 1, "executor": ThreadPoolExecutor(1)}, "workers: is for sweeps without"),
        ({"workers": None, "executor": map}, "executor: must be a Executor"),
        ({"record": 3}, "record: must be a path, got int 3"),
        ({"given": 3}, "given: must be a Mapping"),
        ({"given": {"x": 3}}, "given: must name no parameter of the grid"),
        ({"given": {"z": 3}}, "function: must be one that takes .*'z'"),
        ({"costs": [1]}, "costs: must be 5 numbers > 0, one a cell, got"),
        ({"costs": [1, 2, 3, 4, 0]}, "costs: must be 5 numbers > 0"),
    ],
)
def test_other_bad_input_is_named(options, match):
    with pytest.raises((ValueError, TypeError), match=f"^{match}"):
        sweeps.run(**{"function": functions.square, "grid": GRID, "workers": 0, **options})
    assert not Path("r").exists()
