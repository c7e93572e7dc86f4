"""Seconds and peak memory of gram.solve against SciPy's dense eigensolver, 50 pairs each.

``python tests/benchmarks/test_gram_benchmarks.py`` prints the table; with NTKLAB_BENCHMARKS=1 in
the environment pytest checks the goals, too (minutes; the machine must be otherwise idle).
"""

import os
import subprocess
import sys

import pytest

DENSE = """
import numpy as np
from scipy.linalg import eigh
from ntklab.kernels import TwoLayerNTK
matrix = TwoLayerNTK().at_angles(np.random.default_rng(0).uniform(-np.pi, np.pi, {n}))
def run():
    return eigh(matrix, subset_by_index=[{n} - 50, {n} - 1])
"""

LANCZOS = """
import numpy as np
from ntklab.densities import PiecewiseConstant
from ntklab.gram import solve
from ntklab.kernels import TwoLayerNTK
angles = PiecewiseConstant.equal_pieces([1, 2, 4]).sample({n}, np.random.default_rng(0))
def run():
    return solve(TwoLayerNTK(), angles, 50)
"""

MEASURE = """
import resource, time
start = time.perf_counter()
result = run()
seconds = time.perf_counter() - start
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(script, n, repetitions=3):
    """Least seconds, and peak MB of the process, over fresh processes of one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script.format(n=n) + MEASURE]
    runs = []
    for _ in range(repetitions):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        runs.append([float(word) for word in done.stdout.split()])
    return min(run[0] for run in runs), max(run[1] for run in runs)


@pytest.mark.skipif("NTKLAB_BENCHMARKS" not in os.environ, reason="minutes; needs an idle machine")
def test_goals():
    dense, _ = measure(DENSE, 4_000)
    fifty_thousand, memory = measure(LANCZOS, 50_000)
    assert fifty_thousand < dense and memory < 600
    hundred_thousand, _ = measure(LANCZOS, 100_000)
    million, memory = measure(LANCZOS, 1_000_000)
    assert million < 14 * hundred_thousand and memory < 2_500


if __name__ == "__main__":
    print("solver        points   seconds   peak MB")
    table = [("dense eigh", DENSE, 4_000)]
    table += [("gram.solve", LANCZOS, n) for n in (4_000, 50_000, 100_000, 1_000_000)]
    for name, script, n in table:
        seconds, memory = measure(script, n)
        print(f"{name:10s} {n:9,d} {seconds:9.2f} {memory:9.0f}", flush=True)
