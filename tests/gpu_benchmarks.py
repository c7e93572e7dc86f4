"""Milliseconds a step, and an empirical kernel, beside plain batched autograd: `--device cuda`.

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


def batched_autograd(networks, X, y, steps):
    """What a user would write: vmap over networks of grad of the loss."""
    fixed = {k for k, v in networks[0].named_parameters() if not v.requires_grad}
    values = {k: v.detach() for k, v in stack_module_state(networks)[0].items()}
    held = {k: v for k, v in values.items() if k in fixed}
    moving = {k: v for k, v in values.items() if k not in fixed}

    def loss(moving, held, target):
        u = functional_call(networks[0], {**moving, **held}, (X,))
        return (u - target).square().mean() / 2

    slope = vmap(grad(loss))
    for _ in range(steps):
        slopes = slope(moving, held, y)
        moving = {k: v - RATE * slopes[k] for k, v in moving.items()}
    return moving


def training(name, make, X, count, steps, device):
    networks = [make(torch.Generator().manual_seed(i)) for i in range(count)]
    dtype = next(networks[0].parameters()).dtype
    y = np.random.default_rng(1).normal(size=(count, len(X)))
    on_device = torch.tensor(X, dtype=dtype, device=device), torch.tensor(
        y, dtype=dtype, device=device
    )
    ours = seconds(lambda: train(networks, X, y, RATE, steps, device=device), device)
    peer = seconds(lambda: batched_autograd(networks, *on_device, steps), device)
    row(f"{name}, {dtype}", 1e3 * ours / steps, 1e3 * peer / steps)


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


def row(name, ours, peer):
    print(f"{name:64s}{ours:10.3f}{peer:10.3f}{peer / ours:8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="as for ntklab.networks.pick_device")
    try:
        device = pick_device(parser.parse_args().device)
    except ValueError as error:
        sys.exit(f"gpu_benchmarks: {error}")
    on_gpu = device.type == "cuda"
    card = torch.cuda.get_device_name(device) if on_gpu else "CPU"
    print(f"{card}, torch {torch.__version__}: milliseconds a step, or a kernel")
    print(f"{'':64s}{'ntklab':>10s}{'autograd':>10s}{'ratio':>8s}")
    width, count, n, steps = (4_000, 16, 734, 320) if on_gpu else (200, 2, 60, 10)
    for dtype in (torch.float32, torch.float64):
        for place, d in (("circle", 2), ("sphere", 3)):
            training(
                f"{place}, {count} networks, m = {width}, n = {n}",
                lambda seed, d=d, dtype=dtype: TwoLayerReLU(
                    width, d, generator=seed, dtype=dtype, device=device
                ),
                unit(n, d), count, steps, device,
            )  # fmt: skip
    deep, n = (256, 200) if on_gpu else (16, 40)
    training(
        f"three hidden layers of {deep}, {count} networks, n = {n}",
        lambda seed: FullyConnected(3, deep, 2, generator=seed, device=device),
        unit(n, 2), count, steps, device,
    )  # fmt: skip
    for n in (1_000, 4_000) if on_gpu else (50,):
        kernel(n, 4_096 if on_gpu else 100, device)


if __name__ == "__main__":
    main()
