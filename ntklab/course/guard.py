"""Limits of a judge's own process: whatever a submission makes of it, the class goes on.

What comes out of a sandbox is read by a process that has no walls. It may take so much memory and
so many seconds; then the submission ends with an error, or its worker ends and another is started.
The process of whoever called us is never limited, nor ended.
"""

import contextlib
import multiprocessing
import os
import signal
import threading

MEMORY = 900 * 2**20  # bytes, beyond what the process has already
GRACE = 30.0  # seconds from the first word to the end of the process


@contextlib.contextmanager
def within(seconds: float):
    """The block ends after so many seconds, by TimeoutError or with its process.

    Memory is bounded where the system can bound it (Linux): MemoryError beyond.
    """
    if multiprocessing.parent_process() is None:
        yield
        return
    last = threading.Timer(seconds + GRACE, os._exit, [1])
    last.daemon = True
    last.start()
    try:
        with _memory(MEMORY), _alarm(seconds):
            yield
    finally:
        last.cancel()


@contextlib.contextmanager
def _memory(more):
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            (held,) = (1024 * int(line.split()[1]) for line in file if line.startswith("VmData"))
    except (ImportError, OSError, ValueError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = held + more if hard == resource.RLIM_INFINITY else min(held + more, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextlib.contextmanager
def _alarm(seconds):
    """A TimeoutError in the middle of whatever runs; only a main thread can have one."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number, frame):
        raise TimeoutError(f"marking it took more than {seconds:.0f} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
