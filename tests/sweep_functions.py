"""Functions that worker processes can import, for test_sweeps."""

import os
import signal
import time

import numpy as np
import pandas as pd


def square(x, y=0):
    return {"value": x * x + y, "third": x / 3}


def draw(x, rng):
    return {"value": rng.standard_normal(), "many": rng.standard_normal(2)}


def scaled(x, by):
    return {"value": x * by}


def rows(n):
    return [{"i": i, "root": np.sqrt(i)} for i in range(n)]


def frame(n):
    return pd.DataFrame({"i": range(n), "nan": np.nan})


def fails(x):
    if x == 2:
        raise ArithmeticError("two is bad")
    return {"value": x}


def fails_unless(x, marker):
    if x == 2 and not os.path.exists(marker):
        raise ArithmeticError("not yet")
    return {"value": x}


def dies(x):
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": x}


def threads(x):
    from threadpoolctl import threadpool_info

    np.linalg.eigvalsh(np.eye(3))
    return {"most": max((pool["num_threads"] for pool in threadpool_info()), default=1)}


def slow(x, folder, rng):
    """Leaves a mark when it starts."""
    open(os.path.join(folder, f"started.{x}-{os.getpid()}"), "w", encoding="utf-8").close()
    time.sleep(0.05)
    return {"value": x / 7, "draw": rng.standard_normal()}


def moment(x):
    return {"moment": time.time_ns()}


def leaves(x):
    if x == 1:
        raise SystemExit("enough")
    return {"value": x}


def interrupts(x):
    if x == 3:
        raise KeyboardInterrupt
    return {"value": x}
