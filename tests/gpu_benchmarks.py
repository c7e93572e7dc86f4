"""Milliseconds a step, and an empirical kernel, beside batched autograd.

Sizes are those of a large run on a GPU, and small ones on a CPU, whose table is of the same form.
"""

import argparse
import sys
import time

import numpy as np
import torch
from torch.func import functional_call, grad, jacrev, stack_module_state, vmap

from ntklab.networks import FullyConnected, TwoLayerReLU, pick_device
from ntklab.tangent import empirical_ntk
from ntklab.training import train

RATE = 1e-3


def unit(n, dimension):
    x = np.random.default_rng(0).normal(size=(n, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def seconds(work, device):
    """The median of three, after a first."""
    spent = []
    for _ in range(4):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent[1:]))


def batched_autograd(networks, X, y, compiled=False):
    """What a user would write, vmap over networks of grad of the loss: learn(steps)."""
    fixed = {k for k, v in networks[0].named_parameters() if not v.requires_grad}
    values = {k: v.detach() for k, v in stack_module_state(networks)[0].items()}
    held = {k: v for k, v in values.items() if k in fixed}
    start = {k: v for k, v in values.items() if k not in fixed}

    def loss(moving, held, target):
        u = functional_call(networks[0], {**moving, **held}, (X,))
        return (u - target).square().mean() / 2

    def step(moving):
        slopes = vmap(grad(loss))(moving, held, y)
        return {k: v - RATE * slopes[k] for k, v in moving.items()}

    step = torch.compile(step) if compiled else step

    def learn(steps):
        moving = start
        for _ in range(steps):
            moving = step(moving)
        return moving

    return learn


def training(name, make, X, count, steps, device, compiled):
    networks = [make(torch.Generator().manual_seed(i)) for i in range(count)]
    dtype = next(networks[0].parameters()).dtype
    y = np.random.default_rng(1).normal(size=(count, len(X)))
    on_device = torch.tensor(X, dtype=dtype, device=device), torch.tensor(
        y, dtype=dtype, device=device
    )
    works = [lambda: train(networks, X, y, RATE, steps, device=device)]
    for way in (False, True) if compiled else (False,):
        learn = batched_autograd(networks, *on_device, way)
        works.append(lambda learn=learn: learn(steps))
    row(f"{name}, {dtype}", *(1e3 * seconds(work, device) / steps for work in works))


def contraction_of(network, X):
    """What a user would write for `empirical_ntk`, as a function without arguments."""
    trained = {k: v.detach() for k, v in network.named_parameters() if v.requires_grad}
    x = torch.tensor(X, device=next(iter(trained.values())).device)

    def one(parameters, point):
        return functional_call(network, parameters, (point[None],))[0]

    def contraction():
        jacobian = vmap(jacrev(one), (None, 0))(trained, x)
        return sum(J.flatten(1) @ J.flatten(1).T for J in jacobian.values()).cpu().numpy()

    return contraction


def kernel(n, width, device):
    network = TwoLayerReLU(width, 2, generator=torch.Generator().manual_seed(0), device=device)
    X = unit(n, 2)
    contraction = contraction_of(network, X)
    np.testing.assert_allclose(empirical_ntk(network, X), contraction(), atol=1e-10)
    ours, peer = (seconds(f, device) for f in (lambda: empirical_ntk(network, X), contraction))
    row(f"empirical NTK, m = {width}, n = {n} (jacrev contraction)", 1e3 * ours, 1e3 * peer)


def row(name, ours, *peers):
    told = "".join(f"{peer:10.3f}{peer / ours:8.2f}" for peer in peers)
    print(f"{name:64s}{ours:10.3f}{told}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="as for ntklab.networks.pick_device")
    parser.add_argument("--compiled", action="store_true", help="beside compiled autograd, too")
    chosen = parser.parse_args()
    try:
        device = pick_device(chosen.device)
    except ValueError as error:
        sys.exit(f"gpu_benchmarks: {error}")
    on_gpu = device.type == "cuda"
    card = torch.cuda.get_device_name(device) if on_gpu else "CPU"
    print(f"{card}, torch {torch.__version__}: milliseconds a step, or a kernel")
    heads = ["autograd", "compiled"] if chosen.compiled else ["autograd"]
    print(f"{'':64s}{'ntklab':>10s}" + "".join(f"{head:>10s}{'ratio':>8s}" for head in heads))
    width, count, n, steps = (4_000, 16, 734, 320) if on_gpu else (200, 2, 60, 10)
    for dtype in (torch.float32, torch.float64):
        for place, d in (("circle", 2), ("sphere", 3)):
            training(
                f"{place}, {count} networks, m = {width}, n = {n}",
                lambda seed, d=d, dtype=dtype: TwoLayerReLU(
                    width, d, generator=seed, dtype=dtype, device=device
                ),
                unit(n, d), count, steps, device, chosen.compiled,
            )  # fmt: skip
    deep, n = (256, 200) if on_gpu else (16, 40)
    training(
        f"three hidden layers of {deep}, {count} networks, n = {n}",
        lambda seed: FullyConnected(3, deep, 2, generator=seed, device=device),
        unit(n, 2), count, steps, device, chosen.compiled,
    )  # fmt: skip
    for n in (1_000, 4_000) if on_gpu else (50,):
        kernel(n, 4_096 if on_gpu else 100, device)


if __name__ == "__main__":
    main()
