"""How cost grows: exponents fitted to the least of a few timings at four sizes or more."""

import time

import numpy as np
import pytest
from gpu_benchmarks import unit

from ntklab import circle_gram, gram, sphere
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.tangent import empirical_ntk
from ntklab.training import train

from .test_networks_and_course import network

KERNEL = TwoLayerNTK()
RNG = np.random.default_rng
TWO_HALVES = sphere.hemispheres(2)


def angles(n):
    return PiecewiseConstant.equal_pieces([1, 2, 4]).sample(n, RNG(0))


def product(n):
    operator, v = circle_gram.CircleGram(angles(n), KERNEL), RNG(1).normal(size=n)
    return lambda: operator @ v


def pairs(n):
    x = angles(n)
    return lambda: gram.solve(KERNEL, x, 20)


def any_product(n):
    operator, v = circle_gram.ZonalGram(angles(n), DeepNTK(3)), RNG(1).normal(size=n)
    return lambda: operator @ v


def blocks(degree):
    return lambda: sphere.solve(KERNEL, TWO_HALVES, None, orders=(0,), degree=degree)


def recursion(layers):
    theta = np.linspace(0, np.pi, 50_000)
    kernel = DeepNTK(layers)
    return lambda: kernel.profile(theta)


def tangent(width):
    net, X = network(width), unit(500, 2)
    return lambda: empirical_ntk(net, X)


def training(width):
    nets, X = [network(width, seed) for seed in range(4)], unit(300, 2)
    targets = RNG(1).normal(size=(4, 300))
    return lambda: train(nets, X, targets, 0.01, 20)


@pytest.mark.parametrize(
    ("make", "sizes", "most"),
    [
        (product, (125_000, 250_000, 500_000, 1_000_000, 2_000_000), 1.25),
        (pairs, (25_000, 50_000, 100_000, 200_000), 1.25),
        (any_product, (125_000, 250_000, 500_000, 1_000_000), 1.2),
        (blocks, (200, 400, 800, 1600), 3.0),
        (recursion, (8, 16, 32, 64), 1.2),
        (tangent, (2_000, 4_000, 8_000, 16_000), 1.2),
        (training, (2_000, 4_000, 8_000, 16_000), 1.2),
    ],
    ids=["Gram product in n", "20 pairs in n", "any product in n", "S², one order, in the degree",
         "deep kernel in L", "empirical NTK in m", "training in m"],
)
def test_growth(benchmark, report, request, make, sizes, most):
    def least(run):
        times = []
        for _ in range(4):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times[1:])

    seconds = benchmark.pedantic(lambda: [least(make(size)) for size in sizes], rounds=1)
    exponent = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    report(f"growth: {request.node.callspec.id}", f"exponent {exponent:.2f} (goal <= {most})")
    assert exponent <= most
