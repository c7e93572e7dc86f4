"""With one core taken away, training and kernels take at most three times as long."""

import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

WORK = """
import time
import numpy as np
from ntklab import gram
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU
from ntklab.tangent import empirical_ntk
from ntklab.training import train
import torch

x = np.linspace(-3, 3, 200)
networks = [
    TwoLayerReLU(1000, 2, generator=torch.Generator().manual_seed(i), device="cpu")
    for i in range(4)
]
works = [
    lambda: train(networks, to_circle(x), np.sin(3 * x), 0.01, 300),
    lambda: [empirical_ntk(networks[0], to_circle(x)) for _ in range(10)],
    lambda: gram.solve(TwoLayerNTK(), np.repeat(x, 50) + 1e-3 * np.arange(50).repeat(200), 20),
]
for work in works:
    work()
    start = time.perf_counter()
    work()
    print(time.perf_counter() - start)
"""
HOG = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"


# what the threads of a process compute in 100 pauses of 10 ms between short works
SPINNING = """
import time
from ntklab import networks
import torch
numbers = torch.ones(2**17)
numbers.add_(1)
start = time.process_time()
for _ in range(100):
    numbers.add_(1)
    time.sleep(0.01)
print(time.process_time() - start)
"""
TWO_CORES = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two cores",
)


def seconds(work):
    """That a work prints in a Python started plainly, as Jupyter starts one."""
    spared = ("OMP_", "OPENBLAS_", "MKL_", "KMP_", "GOMP_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(spared)}
    command = [sys.executable, "-c", work]
    told = subprocess.run(command, env=plain, capture_output=True, encoding="utf-8", check=True)
    return np.array(told.stdout.split(), dtype=float)


@contextmanager
def a_core_taken():
    hog = subprocess.Popen([sys.executable, "-c", HOG])
    try:
        yield
    finally:
        hog.kill()
        hog.wait()


@pytest.mark.nightly
@TWO_CORES
@pytest.mark.parametrize("first", ["ntklab", "torch"])
def test_one_core_of_two_taken_away(first):
    idle, busy = [], []
    for _ in range(3):  # alternately, as other programs come and go
        idle.append(seconds(f"import {first}" + WORK))
        with a_core_taken():
            busy.append(seconds(f"import {first}" + WORK))
    ratios = np.median(busy, axis=0) / np.median(idle, axis=0)
    assert (ratios < 3).all(), dict(zip(("train", "tangent", "gram"), ratios, strict=True))


@TWO_CORES
@pytest.mark.parametrize("first", [pytest.param("ntklab", marks=pytest.mark.nightly), "torch"])
def test_threads_sleep_between_works_whoever_is_imported_first(first):
    # spinning, the pauses alone are most of a second
    assert seconds(f"import {first}" + SPINNING) < 0.2


def test_importing_the_package_first_lets_threads_sleep():
    code = "import ntklab, os; print(os.environ['OMP_WAIT_POLICY'])"
    for given, expected in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
        environment |= {} if given is None else {"OMP_WAIT_POLICY": given}
        told = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8"
        )
        assert told.stdout.strip() == expected
