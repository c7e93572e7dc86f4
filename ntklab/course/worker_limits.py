"""Limits of the worker process that marks a submission.

A worker reads what comes out of a sandbox, but is not in one itself. Beyond its limits of memory
and time the submission ends with an error, or the worker ends and another one is started, so that
the marking of the class goes on. The process that starts workers is never limited, nor ended.
"""

import contextlib
import multiprocessing
import os
import signal
import threading

import psutil

MEMORY = 900 * 2**20  # bytes, beyond what the process has already
GRACE = 30.0  # seconds from the TimeoutError to the end of the process


@contextlib.contextmanager
def within(seconds: float):
    """End the block after so many seconds: by TimeoutError, or if that fails with its process.

    On Linux it may also take no more than `MEMORY` bytes: MemoryError beyond.
    """
    if multiprocessing.parent_process() is None:
        yield
        return
    last = threading.Timer(seconds + GRACE, os._exit, [1])
    last.daemon = True
    last.start()
    try:
        with contextlib.ExitStack() as limits:
            if psutil.LINUX:
                limits.enter_context(_memory(MEMORY))
            in_main_thread = threading.current_thread() is threading.main_thread()
            if in_main_thread and hasattr(signal, "setitimer"):
                limits.enter_context(_alarm(seconds))
            yield
    finally:
        last.cancel()


@contextlib.contextmanager
def _memory(more):
    process = psutil.Process()
    before = soft, hard = process.rlimit(psutil.RLIMIT_DATA)
    bound = process.memory_info().data + more
    bound = bound if hard == psutil.RLIM_INFINITY else min(bound, hard)
    process.rlimit(psutil.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_DATA, before)


@contextlib.contextmanager
def _alarm(seconds):
    """Raise TimeoutError in whatever runs then; possible in the main thread only."""
    def stop(number, frame):
        raise TimeoutError(f"marking it took more than {seconds:.0f} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
