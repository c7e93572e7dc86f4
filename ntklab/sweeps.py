"""A grid of parameters × a function, on any executor, on record as it goes, as a tidy table.

The function must be one that worker processes can import. A script guards its entry, for workers
import the script, too::

    import numpy as np
    from ntklab import sweeps

    def median_time(frequency, points, rng):
        times = experiment(frequency, rng.uniform(-np.pi, np.pi, points))
        return {"median": np.median(times), "largest": times.max()}

    if __name__ == "__main__":
        grid = {"frequency": range(1, 11), "points": [100, 1000]}
        frame = sweeps.run(median_time, grid, record="times.jsonl", progress=True)

Every result passes through JSON, on record or not, and every cell draws from a generator of its
own. So the table depends on function, grid and seed alone: not on the executor, on the order of
finishing, or on how often the sweep was interrupted.
"""

import inspect
import itertools
import json
import multiprocessing
import os
import pickle
import time
import traceback
import warnings
import zlib
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from ntklab._arguments import whole_number

try:
    import fcntl
except ImportError:  # no POSIX system: no lock
    fcntl = None

ADDED = ("seconds", "error")  # the columns that `run` adds
FORMAT = 1


class SweepWarning(UserWarning):
    """Some cells of a sweep failed; their rows say how."""


def run(
    function, grid, *, seed=0, record=None, executor=None, workers=None, retry=False,
    progress=False,
):
    """The function at every cell of a grid of parameters.

    Parameters
    ----------
    function : callable
        Called with a cell's parameters as keywords, and with `rng`, a numpy.random.Generator that
        depends on seed and cell alone, if it has a parameter of that name. It returns a dict (one
        row) or a list of dicts or a DataFrame (several); values are numbers, strings, booleans,
        None, or lists of them.
    grid : dict of sequences, or sequence of dicts
        Values of each parameter, whose product is the grid (the last varies fastest); or the cells.
    seed : int
        >= 0.
    record : path, optional
        A file of JSON lines, one a finished cell, each on disk before the next is looked at. A
        sweep that finds its record goes on from there. A torn last line is cut off. The header
        names function and seed, not the code: a function that changed needs a new record.
    executor : concurrent.futures.Executor, optional
        Where cells run: threads, `dask.distributed.Client.get_executor()`, ... It is not shut down.
    workers : int, optional
        Processes of one thread each, without an executor; 0 runs cells in this process. All cores
        when left out. A worker that dies costs the cells in flight; they are on record as failed.
    retry : bool
        Run cells again that are on record as failed.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    pandas.DataFrame
        In the grid's order: parameters, results, "seconds" and "error" ("" where none). A failed
        cell has one row; its traceback is on record.

    Warns
    -----
    SweepWarning
        Cells failed. The others are finished all the same.

    Raises
    ------
    ValueError, TypeError
        An argument out of range or of the wrong kind; a record that is damaged, in use by another
        process, or of another function or seed. It stays as it is.
    OSError
        The record could not be written; it holds what was finished before.
    """
    cells = _cells(grid)
    seed = whole_number("seed", seed, at_least=0)
    if not callable(function):
        raise TypeError(f"function: must be callable, got {function!r}")
    own_pool = executor is None and workers != 0
    if workers is not None:
        if executor is not None:
            raise ValueError("workers: is for sweeps without an executor of their own")
        workers = whole_number("workers", workers, at_least=0)
    if own_pool:
        _check_importable(function)
    wants_rng = "rng" in inspect.signature(function).parameters
    job = _Job(function, seed, wants_rng)
    with _Record(record, function, seed) as log:
        missing = {
            key: cell for key, cell in cells.items()
            if key not in log.lines or (retry and log.lines[key]["error"])
        }
        with tqdm(
            total=len(cells), initial=len(cells) - len(missing), disable=not progress, desc="cells"
        ) as bar:
            def finish(line):
                log.append(line)
                bar.update()

            if own_pool and missing:
                _run_in_processes(job, missing, workers or os.cpu_count() or 1, finish)
            elif executor is not None:
                _run_on(executor, job, missing, finish)
            else:
                for key, cell in missing.items():
                    finish(job(key, cell))
        lines = [log.lines[key] for key in cells]
    failed = [line for line in lines if line["error"]]
    if failed:
        first = failed[0]
        warnings.warn(
            f"{len(failed)} of {len(lines)} cells failed, first {first['cell']}: {first['error']}",
            SweepWarning, stacklevel=2,
        )
    return _frame(lines)


class _Job:
    """What a worker does for one cell: a line of the record."""

    def __init__(self, function, seed, wants_rng):
        self.function, self.seed, self.wants_rng = function, seed, wants_rng

    def __call__(self, key, cell):
        rng = {}
        if self.wants_rng:
            # by what the cell is, not where in the grid: a grid may grow
            rng["rng"] = np.random.default_rng([self.seed, *key.encode()])
        start = time.perf_counter()
        try:
            result, failure = _plain(_rows(self.function(**cell, **rng), cell)), None
        except Exception as error:
            result, failure = [], error
        return _line(cell, result, time.perf_counter() - start, failure)


def _line(cell, rows, seconds, failure=None):
    told = "" if failure is None else f"{type(failure).__name__}: {failure}"
    trace = "" if failure is None else "".join(traceback.format_exception(failure))
    return {"cell": cell, "rows": rows, "seconds": seconds, "error": told, "traceback": trace}


def _cells(grid):
    """{canonical JSON: cell} in the grid's order."""
    if isinstance(grid, Mapping):
        for name, values in grid.items():
            if isinstance(values, str) or not hasattr(values, "__iter__"):
                raise TypeError(f"grid: {name!r} must be a sequence of values, got {values!r}")
        product = itertools.product(*grid.values())
        grid = [dict(zip(grid, values, strict=True)) for values in product]
    cells = {}
    for cell in grid:
        if not isinstance(cell, Mapping):
            raise TypeError(f"grid: must be a dict of sequences or hold dicts, got {cell!r}")
        reserved = sorted({"rng", *ADDED} & set(cell))
        if reserved:
            raise ValueError(f"grid: {reserved[0]!r} is no name for a parameter here")
        cell = _plain(dict(cell))
        key = json.dumps(cell, sort_keys=True)
        if key in cells:
            raise ValueError(f"grid: holds the cell {key} twice")
        cells[key] = cell
    if not cells:
        raise ValueError("grid: must hold a cell at least, got none")
    return cells


def _plain(value):
    """As it comes back from JSON, which keeps every bit of a float."""

    def convert(thing):
        if isinstance(thing, np.generic | np.ndarray):
            return thing.tolist()
        if isinstance(thing, range):
            return list(thing)
        raise TypeError(f"must be numbers, strings, booleans, None or lists, got {thing!r}")

    return json.loads(json.dumps(value, default=convert))


def _rows(result, cell):
    if isinstance(result, pd.DataFrame):
        result = result.to_dict("records")
    rows = [result] if isinstance(result, Mapping) else result
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TypeError(f"must return a dict, a list of dicts or a DataFrame, got {result!r}")
    for row in rows:
        clash = sorted({*cell, *ADDED} & set(row))
        if clash:
            raise ValueError(f"returned a column {clash[0]!r}, which the table has already")
    return [dict(row) for row in rows]


def _frame(lines):
    rows = []
    for line in lines:
        last = {"seconds": line["seconds"], "error": line["error"]}
        rows += [{**line["cell"], **row, **last} for row in line["rows"] or [{}]]
    frame = pd.DataFrame(rows)
    return frame[[name for name in frame if name not in ADDED] + list(ADDED)]


def _check_importable(function):
    try:
        pickle.dumps(function)
    except Exception as error:
        raise ValueError(
            f"function: must be importable by worker processes, got {function!r} ({error}); give "
            "it a place in a module, or workers=0"
        ) from None


def _run_on(executor, job, cells, finish):
    """All cells on one executor; on an exception those not started are cancelled."""
    running = {executor.submit(job, key, cell): cell for key, cell in cells.items()}
    try:
        # not futures.as_completed: futures of other libraries only share the interface
        while running:
            done = [future for future in running if future.done()]
            for future in done:
                cell = running.pop(future)
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    raise error
                finish(future.result() if error is None else _line(cell, [], 0.0, error))
            if not done:
                time.sleep(0.005)
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _run_in_processes(job, cells, workers, finish):
    """Cells in processes of one thread each; a fresh pool where a worker died."""
    left = dict(cells)

    def took(line):
        left.pop(json.dumps(line["cell"], sort_keys=True))
        finish(line)

    while left:
        started = multiprocessing.get_context("spawn").Manager
        with started() as manager:
            flying = manager.dict()
            pool = futures.ProcessPoolExecutor(
                min(workers, len(left)), multiprocessing.get_context("spawn"), _one_thread
            )
            try:
                _run_on(pool, _Marked(job, flying), left, took)
            except BrokenProcessPool:
                lost = [key for key in dict(flying) if key in left]
                for key in lost or list(left)[:1]:
                    error = RuntimeError("its worker process died")
                    took(_line(left[key], [], 0.0, error))
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


class _Marked:
    """A job that says when it starts and ends, so that a dead worker's cells are known."""

    def __init__(self, job, flying):
        self.job, self.flying = job, flying

    def __call__(self, key, cell):
        self.flying[key] = True
        line = self.job(key, cell)
        self.flying.pop(key, None)
        return line


def _one_thread():
    os.environ["OMP_NUM_THREADS"] = "1"  # for libraries that the function imports later
    threadpool_limits(1)


class _Record:
    """Lines by cell, in memory and, with a path, on disk; see `run`."""

    def __init__(self, path, function, seed):
        self.path = None if path is None else Path(path)
        named = f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
        self.header = {"format": FORMAT, "function": named, "seed": seed}
        self.lines, self.file = {}, None

    def __enter__(self):
        if self.path is None:
            return self
        if not self.path.parent.is_dir():
            raise ValueError(f"record: its folder must exist, got {str(self.path)!r}")
        self.file = open(self.path, "ab+", buffering=0)
        try:
            self._lock()
            self._read()
        except BaseException:
            self.file.close()
            raise
        return self

    def __exit__(self, *_):
        if self.file is not None:
            self.file.close()  # which also unlocks

    def append(self, line):
        self.lines[json.dumps(line["cell"], sort_keys=True)] = line
        if self.file is not None:
            self._write(line)

    def _write(self, line):
        data, end = _sealed(line), self.file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self.file.write(data) :]
            os.fsync(self.file.fileno())
        except OSError:
            os.ftruncate(self.file.fileno(), end)  # back to the last whole line
            raise

    def _lock(self):
        if fcntl is None:
            return
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = f"record: {str(self.path)!r} is in use by another process"
            raise ValueError(told) from None

    def _read(self):
        self.file.seek(0)
        good, entries = 0, []
        lines = self.file.read().splitlines(keepends=True)
        for number, raw in enumerate(lines, start=1):
            entry = _opened(raw)
            if entry is None:
                if number < len(lines):
                    raise ValueError(
                        f"record: line {number} of {str(self.path)!r} is damaged; it was left as "
                        "it is, move it away or delete that line"
                    )
                break  # torn while it was written
            entries.append(entry)
            good += len(raw)
        found = entries[0] if entries else None
        if found is not None and found != self.header:
            raise ValueError(
                f"record: {str(self.path)!r} is of {found}, not of {self.header}; it was left as "
                "it is, give another path"
            )
        os.ftruncate(self.file.fileno(), good)
        if found is None:
            self._write(self.header)
        self.lines = {json.dumps(e["cell"], sort_keys=True): e for e in entries[1:]}


def _sealed(entry):
    """One line of JSON with its own checksum."""
    text = json.dumps(entry)
    return f"{zlib.crc32(text.encode()):08x} {text}\n".encode()


def _opened(raw):
    """What a line holds, or None where it is torn or damaged."""
    checksum, _, text = raw.partition(b" ")
    if not text.endswith(b"\n") or checksum != f"{zlib.crc32(text[:-1]):08x}".encode():
        return None
    return json.loads(text)
