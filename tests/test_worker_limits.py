"""Limits of a worker that marks: they hold in a worker, and never for whoever started it."""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest

from ntklab.course import worker_limits


def sleeps(seconds):
    with worker_limits.within(0.2):
        time.sleep(seconds)
    return "slept"


def deaf():
    worker_limits.GRACE = 0.3
    with worker_limits.within(0.2):
        while True:
            try:
                time.sleep(60)
            except TimeoutError:
                pass


def hoards(size):
    with worker_limits.within(60):
        try:
            return len(bytes(size))
        except MemoryError:
            return "refused"


@pytest.fixture
def worker():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_time_runs_out_in_a_worker(worker):
    with pytest.raises(TimeoutError, match="marking it took more than 0 seconds"):
        worker.submit(sleeps, 60).result()
    assert worker.submit(sleeps, 0).result() == "slept"


def test_a_worker_that_does_not_listen_ends(worker):
    with pytest.raises(BrokenProcessPool):
        worker.submit(deaf).result()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux bounds it")
def test_memory_runs_out_in_a_worker(worker):
    assert worker.submit(hoards, worker_limits.MEMORY + 2**20).result() == "refused"
    assert worker.submit(hoards, 2**20).result() == 2**20


def test_whoever_calls_has_no_limits():
    more = worker_limits.MEMORY + 2**20
    assert sleeps(0.4) == "slept" and hoards(more) == more
