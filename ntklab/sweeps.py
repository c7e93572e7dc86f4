"""A function at every cell of a grid of parameters, on any executor, recorded, as a tidy table.

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

Every result passes through JSON, recorded or not, and every cell has a random generator of its own.
So the table depends on function, grid and seed alone: not on the executor, the order in which cells
finish, or interruptions.
"""

import contextlib
import functools
import inspect
import itertools
import json
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
import uuid
import warnings
import zlib
from collections.abc import Mapping, Set
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from ntklab._arguments import _short, finite_array, instance_of, whole_number

try:
    import fcntl
except ImportError:  # no POSIX system: no lock
    fcntl = None

ADDED = ("seconds", "error", "traceback")  # the columns that `run` adds


class SweepWarning(UserWarning):
    """Some cells of a sweep failed; their rows say how."""


def run(
    function, grid, *, given=None, seed=0, record=None, executor=None, workers=None, retry=False,
    progress=False, costs=None,
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
    given : dict, optional
        Keywords for every call that say how to compute, not what (a device, a folder): they are
        neither in the table nor on record, so a record may be taken up with others.
    seed : int
        0 <= seed < 2¹²⁸.
    record : path, optional
        A file of JSON lines, one a finished cell, each on disk before the next is looked at. A
        sweep that finds its record goes on from there; the grid may have grown. A torn last line
        is cut off. The header names function, parameters and seed, not the code: a function that
        changed needs a new record.
    executor : concurrent.futures.Executor, optional
        Where cells run: threads, `dask.distributed.Client.get_executor()`, ... It is not shut down.
    workers : int, optional
        Processes of one thread each, without an executor; 0 runs cells in this process. All cores
        when left out. Where one dies, the cells in flight run again, each alone, to find which.
    retry : bool
        Run cells again that are on record as failed.
    progress : bool
        Whether to show a bar, with an estimate of the time left.
    costs : sequence of float, optional
        What each cell of the grid may cost, in any unit, > 0: the estimate goes by it.

    Returns
    -------
    pandas.DataFrame
        In the grid's order: parameters, results, "seconds", "error" and "traceback" ("" where
        none). A failed cell has one row; a SweepWarning tells of it once all others are finished.

    Raises
    ------
    ValueError, TypeError
        An argument out of range or of the wrong kind; a function that workers cannot import; a
        record that is damaged, in use by another process, or of another sweep: it stays as it is.
    OSError
        The record could not be opened or written; it holds what was finished before.
    concurrent.futures.BrokenExecutor
        The executor given cannot go on; the sweep can, from its record on another.
    """
    cells = _cells(grid)
    seed = whole_number("seed", seed, at_least=0, at_most=2**128 - 1)
    parameters = sorted(next(iter(cells.values())))
    given, costs = _given(given, parameters), _costs(costs, cells)
    name, wants_rng = _inspected(function, [*parameters, *given], record)
    if executor is not None:
        instance_of("executor", executor, futures.Executor)
        if workers is not None:
            raise ValueError("workers: is for sweeps without an executor of their own")
    workers = _cores() if workers is None else whole_number("workers", workers, at_least=0)
    token = uuid.uuid4().hex  # each sweep is new, or Dask might answer from memory
    job = functools.partial(_compute, function, seed, wants_rng, given, token)
    header = {"function": name, "parameters": parameters, "seed": seed}
    with _open(record, header) as (lines, write):
        missing = {
            key: cell for key, cell in cells.items()
            if key not in lines or (retry and lines[key]["error"])
        }
        with _bar(costs, missing, progress) as bar:
            def finish(key, line):
                write(line)
                lines[key] = line
                del missing[key]
                bar.set_description_str(_done(costs, missing), refresh=False)
                bar.update(costs[key])

            if executor is not None:
                _run_on(executor, job, missing, finish)
            elif workers:
                _run_in_processes(job, missing, workers, finish)
            else:
                for key, cell in list(missing.items()):
                    finish(key, job(key, cell))
    lines = [lines[key] for key in cells]
    failed = [line for line in lines if line["error"]]
    if failed:
        first = failed[0]
        message = f"{len(failed)} of {len(lines)} cells failed, first {first['cell']}"
        warnings.warn(f"{message}: {first['error']}", SweepWarning, stacklevel=2)
    rows = [
        {**line["cell"], **row, **{name: line[name] for name in ADDED}}
        for line in lines for row in line["rows"] or [{}]
    ]
    frame = pd.DataFrame(rows)
    return frame[[name for name in frame if name not in ADDED] + list(ADDED)]


def _given(given, parameters):
    """Keywords by name, none of them a parameter of the grid."""
    given = {} if given is None else dict(instance_of("given", given, Mapping))
    for name in given:
        if name in {*parameters, "rng", *ADDED}:
            wanted = f"must name no parameter of the grid, rng or {', '.join(ADDED)}"
            raise ValueError(f"given: {wanted}, got {name!r}")
    return given


def _costs(costs, cells):
    """{key: cost}; 1 each where none are given."""
    if costs is None:
        return dict.fromkeys(cells, 1.0)
    costs = finite_array("costs", costs, ndim=1)
    if len(costs) != len(cells) or not (costs > 0).all():
        wanted = f"must be {len(cells)} numbers > 0, one a cell"
        raise ValueError(f"costs: {wanted}, got {_short(costs.tolist())}")
    return dict(zip(cells, costs.tolist(), strict=True))


def _bar(costs, missing, progress):
    """A progress bar in units of cost; its estimate uses the cells finished in this call."""
    total, left = sum(costs.values()), sum(costs[key] for key in missing)
    return tqdm(
        total=total, initial=total - left, disable=not progress, desc=_done(costs, missing),
        bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}, about {remaining} left",
    )


def _done(costs, missing):
    return f"{len(costs) - len(missing)} of {len(costs)} cells"


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _inspected(function, parameters, record):
    """(name of the function, whether it takes `rng`); refused if it does not take `parameters`."""
    try:
        signature = inspect.signature(function)
        wants_rng = "rng" in signature.parameters
        signature.bind(**dict.fromkeys([*parameters, "rng"] if wants_rng else parameters))
    except (TypeError, ValueError) as error:
        wanted = f"must be one that takes {parameters}"
        raise TypeError(f"function: {wanted}, got {_short(function)} ({error})") from None
    name = getattr(function, "__qualname__", "<lambda>")
    if record is not None and "<lambda>" in name:
        raise ValueError(f"function: must have a name to go on record, got {_short(function)}")
    return f"{function.__module__}.{name}", wants_rng


def _cells(grid):
    """{key: cell} in the grid's order."""
    product = isinstance(grid, Mapping)
    for values in grid.values() if product else [grid]:
        if not np.iterable(values) or isinstance(values, str | bytes | Mapping | Set):
            wanted = "must be a dict of sequences or a sequence of dicts"  # a set has no order
            raise TypeError(f"grid: {wanted}, got {_short(values)}")
    if product:
        grid = [dict(zip(grid, cell, strict=True)) for cell in itertools.product(*grid.values())]
    cells, names = {}, None
    for cell in grid:
        if not isinstance(cell, Mapping) or not all(isinstance(name, str) for name in cell):
            raise TypeError(f"grid: cells must be dicts by names of parameters, got {_short(cell)}")
        names = names or set(cell)
        if set(cell) != names:
            raise ValueError(f"grid: cells must have the same parameters, got {names}, {set(cell)}")
        if names & {"rng", *ADDED}:
            raise ValueError(f"grid: no parameter may be called rng or {', '.join(ADDED)}")
        cell = _plain("grid", dict(cell))
        if _key(cell) in cells:
            raise ValueError(f"grid: must hold each cell once, got {_key(cell)} twice")
        cells[_key(cell)] = cell
    if not cells:
        raise ValueError("grid: must hold a cell at least, got none")
    return cells


def _key(cell):
    return json.dumps(cell, sort_keys=True)


def _plain(name, value):
    """The value after a round trip through JSON, which keeps every bit of a float."""
    try:
        return json.loads(json.dumps(value, default=lambda thing: thing.tolist()))  # NumPy's
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        wanted = "must be of numbers, strings, booleans, None or lists of them"
        raise TypeError(f"{name}: {wanted}, got {_short(value)} ({error})") from None


def _compute(function, seed, wants_rng, given, _token, key, cell):
    """Call the function at one cell, in a worker; return the line for the record."""
    rng = {}
    if wants_rng:
        # by what the cell is, not where in the grid: a grid may grow
        stream = np.random.SeedSequence(seed, spawn_key=tuple(key.encode()))
        rng["rng"] = np.random.default_rng(stream)
    start = time.perf_counter()
    try:
        rows, failure = _rows(function(**cell, **given, **rng), cell), None
    except (Exception, SystemExit) as error:
        rows, failure = [], error
    return _line(cell, rows, time.perf_counter() - start, failure)


def _rows(result, cell):
    if isinstance(result, pd.DataFrame):
        result = result.to_dict("records")
    rows = [result] if isinstance(result, Mapping) else result
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TypeError(f"result: must be a dict, a list of dicts or a DataFrame, got {result!r}")
    for row in rows:
        if {*cell, *ADDED} & set(row):
            raise ValueError(f"result: must not repeat a column of the table, got {list(row)}")
    return [_plain("result", dict(row)) for row in rows]


def _line(cell, rows, seconds, failure=None):
    error = "" if failure is None else f"{type(failure).__name__}: {failure}"
    trace = "" if failure is None else "".join(traceback.format_exception(failure))
    return {"cell": cell, "rows": rows, "seconds": seconds, "error": error, "traceback": trace}


def _run_on(executor, job, cells, finish, at_once=None):
    """Run cells on an executor, `at_once` at a time; an exception cancels those not started."""
    waiting, running, done = iter(list(cells.items())), {}, queue.SimpleQueue()

    def submit(count):
        for key, cell in itertools.islice(waiting, count):
            future = executor.submit(job, key, cell)
            running[future] = key, cell
            future.add_done_callback(done.put)

    try:
        submit(at_once)
        while running:
            future = done.get()
            key, cell = running.pop(future)
            try:
                line = future.result()
            except (futures.BrokenExecutor, futures.CancelledError):
                raise
            except Exception as error:  # the executor's: a worker lost, a result it cannot send
                line = _line(cell, [], 0.0, error)
            finish(key, line)
            submit(1)
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _run_in_processes(job, missing, workers, finish):
    """Run cells in worker processes; those in flight when one died run again, each alone."""

    def lasted(cells, workers):
        """Whether a pool finished the cells without the death of a worker."""
        spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        pool = futures.ProcessPoolExecutor(workers, spawn, _start_worker)
        try:
            try:
                pool.submit(callable, job).result()
            except Exception as error:
                hint = 'define it in a module, guard a script by if __name__ == "__main__"'
                raise ValueError(
                    "function: must be one that worker processes can import, got "
                    f"{_short(job.args[0])} ({error}); {hint}, or pass workers=0"
                ) from None
            _run_on(pool, job, cells, finish, at_once=workers)
            return True
        except BrokenProcessPool:
            return False
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()  # nobody takes its result
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    while missing and not lasted(missing, min(workers, len(missing))):
        for key in list(missing)[:workers]:  # cells start in order: these were in flight
            if not lasted({key: missing[key]}, 1):
                finish(key, _line(missing[key], [], 0.0, RuntimeError("its worker process died")))


def _start_worker():
    """Limit a worker to one thread, and end it with the process of the sweep."""
    os.environ["OMP_NUM_THREADS"] = "1"  # for libraries that the function imports later
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a word
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)


@contextlib.contextmanager
def _open(path, header):
    """({key: line on record}, function that appends a line); empty without a path."""
    if path is None:
        yield {}, lambda line: None
        return
    try:
        log = open(Path(path), "ab+", buffering=0)
    except (TypeError, ValueError):
        raise TypeError(f"record: must be a path, got {_short(path)}") from None
    with log:  # closing also unlocks
        yield _locked(log, header), functools.partial(_write, log)


def _locked(log, header):
    """Lock the record and return {key: line}; a torn last line is cut off."""

    def refused(why):
        return ValueError(f"record: {str(log.name)!r} {why} (it was left as it is)")

    try:  # not flock: forked workers of a killed sweep would hold it on
        if fcntl is not None:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise refused("is in use by another process") from None
    log.seek(0)
    data = log.read()
    *lines, torn = data.split(b"\n")  # a line that was being written lacks its end
    if not lines and not _encoded(header).startswith(torn):
        raise refused("is not the record of a sweep")
    entries = [_decoded(line) for line in lines]
    if None in entries:
        number = entries.index(None) + 1
        raise refused(f"is damaged in line {number}; move it away or delete that line")
    for name, value in header.items():
        if lines and (found := entries[0].get(name)) != value:
            raise refused(f"is of another sweep: {name} {found!r}, not {value!r}")
    os.ftruncate(log.fileno(), len(data) - len(torn))
    if not lines:
        _write(log, header)
    return {_key(entry["cell"]): entry for entry in entries[1:]}


def _write(log, entry):
    data, end = _encoded(entry), log.seek(0, os.SEEK_END)
    try:
        while data:
            data = data[log.write(data) :]
        os.fsync(log.fileno())
    except OSError as error:
        os.ftruncate(log.fileno(), end)  # back to the last whole line
        message = f"record: not written ({error.strerror}), what it held is kept"
        raise OSError(error.errno, message, str(log.name)) from None


def _encoded(entry):
    """A line of JSON after its checksum."""
    text = json.dumps(entry).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _decoded(line):
    """The entry of a line, or None where it is damaged."""
    checksum, _, text = line.partition(b" ")
    return json.loads(text) if checksum == b"%08x" % zlib.crc32(text) else None
