"""Networks against plain PyTorch, the import against NumPy's, and the whole course."""

import copy
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gpu_benchmarks import RATE, batched_autograd, contraction_of, unit

from ntklab.networks import TwoLayerReLU
from ntklab.tangent import empirical_ntk
from ntklab.training import train

COURSE = Path(__file__).parents[2]


def network(width, seed=0, dtype=torch.float64, dimension=2):
    generator = torch.Generator().manual_seed(seed)
    return TwoLayerReLU(width, dimension, generator=generator, device="cpu", dtype=dtype)


@pytest.mark.parametrize(("dimension", "goal"), [(2, 5), (3, 2)])
def test_empirical_ntk_against_contracted_jacobians(against, dimension, goal):
    net, X = network(4096, dimension=dimension), unit(1_000, dimension)
    contraction = contraction_of(net, X)
    np.testing.assert_allclose(empirical_ntk(net, X), contraction(), atol=1e-12)
    against(lambda: empirical_ntk(net, X), contraction, goal,
            name=f"empirical NTK, m = 4096, n = 1 000, d = {dimension} / jacrev")


def one_by_one(networks, x, y):
    """learn(steps): each network by a plain loop of autograd and SGD."""

    def learn(steps):
        for net, wanted in zip(networks, y, strict=True):
            net = copy.deepcopy(net)
            optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
            for _ in range(steps):
                optimizer.zero_grad()
                ((net(x) - wanted).square().mean() / 2).backward()
                optimizer.step()

    return learn


def compiled(networks, x, y):
    learn = batched_autograd(networks, x, y, compiled=True)
    learn(2)  # compiles
    return learn


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("peer", "goal"), [(one_by_one, 2), (compiled, 3)])
def test_training_16_networks_against(against, peer, goal, dtype):
    X, steps = unit(734, 2), 20
    networks = [network(4_000, seed, dtype) for seed in range(16)]
    targets = np.random.default_rng(1).normal(size=(16, len(X)))
    learn = peer(networks, torch.tensor(X, dtype=dtype), torch.tensor(targets, dtype=dtype))
    against(lambda: train(networks, X, targets, RATE, steps), lambda: learn(steps), goal, rounds=3,
            name=f"16 networks, m = 4000, {steps} steps / {peer.__name__}, {dtype}")


def test_import_against_numpy(benchmark, report):
    def seconds(module):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        return time.perf_counter() - start

    pairs = benchmark.pedantic(
        lambda: [(seconds("ntklab"), seconds("numpy")) for _ in range(11)], rounds=1
    )
    added = np.median([ours - numpys for ours, numpys in pairs])
    report("import ntklab beyond import numpy", f"{1e3 * added:.0f} ms (goal < 150)")
    assert added < 0.15
    code = "import ntklab, sys; print({'torch', 'matplotlib', 'ipywidgets'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert loaded.stdout.strip() == "set()"


def test_the_whole_course(benchmark, report, tmp_path):
    spent = {}

    def run():
        for source in sorted((COURSE / "lectures").glob("[0-9]*.py")):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "jupytext", "--to", "ipynb", "--execute", str(source),
                 "-o", str(tmp_path / f"{source.stem}.ipynb")],
                capture_output=True, text=True, env=os.environ | {"MPLBACKEND": "agg"},
                encoding="utf-8",
            )
            assert done.returncode == 0, done.stderr
            spent[source.stem] = time.perf_counter() - start

    benchmark.pedantic(run, rounds=1)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    total = sum(spent.values())
    report("the whole course", f"{total:.0f} s (goal < 300), {largest:.0f} MB at most")
    for name, seconds in spent.items():
        report(f"  {name}", f"{seconds:.1f} s")
    assert len(spent) >= 10 and total < 300 and largest < 1500
