"""Seconds of a step of 16 networks by `training.train` against a plain loop over autograd.

``python tests/benchmarks/test_training_benchmarks.py`` prints the table; with NTKLAB_BENCHMARKS=1
in the environment pytest checks the goals, too (minutes; the machine must be otherwise idle). The
plain loop trains one network after another by torch.optim.SGD. What is timed is the difference of
a longer and a shorter training, so that neither pays for its start.
"""

import os
import subprocess
import sys

import pytest

SETUP = """
import numpy as np, torch
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.training import train
torch.set_num_threads(1)
dtype, COUNT, POINTS = torch.{dtype}, 16, 734
rng = np.random.default_rng(0)
def points(dimension):
    x = rng.normal(size=(POINTS, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)
def seeded(make):
    return [make(torch.Generator().manual_seed(seed)) for seed in range(COUNT)]
def two_layers(generator):
    return TwoLayerReLU(4000, X.shape[1], generator=generator, dtype=dtype, device="cpu")
def three_hidden_layers(generator):
    return FullyConnected(3, 256, 2, generator=generator, dtype=dtype, device="cpu")
{problem}
targets = rng.normal(size=(COUNT, POINTS))
"""

PROBLEMS = {
    "two layers, m = 4000, circle": "X = points(2); networks = seeded(two_layers)",
    "two layers, m = 4000, sphere": "X = points(3); networks = seeded(two_layers)",
    "three hidden layers of 256": "X = points(2); networks = seeded(three_hidden_layers)",
}

TOGETHER = """
def run(steps):
    train(networks, X, targets, 0.01, steps)
"""

ONE_BY_ONE = """
import copy
def run(steps):
    x = torch.tensor(X, dtype=dtype)
    for network, y in zip(networks, torch.tensor(targets, dtype=dtype)):
        network = copy.deepcopy(network)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
        for _ in range(steps):
            optimizer.zero_grad()
            loss = (network(x) - y).square().mean() / 2
            loss.backward()
            optimizer.step()
"""

MEASURE = """
import time
def clocks(steps):
    start = time.perf_counter(), time.process_time()
    run(steps)
    return time.perf_counter() - start[0], time.process_time() - start[1]
run(1)
pairs = [(clocks({steps}), clocks(2 * {steps})) for _ in range(3)]
for clock in (0, 1):
    print((min(two[clock] for _, two in pairs) - min(one[clock] for one, _ in pairs)) / {steps})
"""


def measure(problem, dtype, way, steps):
    """Seconds, and seconds of CPU time, for a step of all networks on one thread."""
    script = SETUP.format(dtype=dtype, problem=PROBLEMS[problem]) + way
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script + MEASURE.format(steps=steps)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def compare(problem, dtype):
    """(seconds, CPU seconds) for each way."""
    return measure(problem, dtype, TOGETHER, 20), measure(problem, dtype, ONE_BY_ONE, 3)


@pytest.mark.skipif("NTKLAB_BENCHMARKS" not in os.environ, reason="minutes; needs an idle machine")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twice_as_fast_as_a_plain_loop(dtype):
    for problem in list(PROBLEMS)[:2]:
        (together, _), (one_by_one, _) = compare(problem, dtype)
        assert one_by_one > 2 * together, problem


if __name__ == "__main__":
    print("ms a step of 16 networks, 734 points            together (CPU)  plain loop (CPU)  ratio")
    for name in PROBLEMS:
        for precision in ("float32", "float64"):
            fast, slow = compare(name, precision)
            ms = [f"{1e3 * wall:8.2f} ({1e3 * cpu:.2f})" for wall, cpu in (fast, slow)]
            ratio = slow[0] / fast[0]
            print(f"{name:31s} {precision:9s} {ms[0]:>20s} {ms[1]:>17s} {ratio:6.1f}", flush=True)
