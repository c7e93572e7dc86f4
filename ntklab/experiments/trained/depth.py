"""How lazy deep networks are: (20)-(22) measured on trained networks against their width (C21)."""

import math

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ntklab._arguments import (
    MOST,
    boolean,
    finite_number,
    generator,
    positive,
    sequence,
    whole_number,
)
from ntklab.geometry import to_circle
from ntklab.gram import DENSE_LIMIT
from ntklab.kernels import DEEPEST, DeepNTK
from ntklab.networks import FullyConnected, pick_device
from ntklab.tangent import empirical_ntk
from ntklab.training import LONGEST, train

DEPTHS = (1, 2, 3, 5)
WIDTHS = (64, 128, 256, 512)


def lazy_training(
    depths=DEPTHS, widths=WIDTHS, *, seeds=5, points=30, iterations=60, rng, device="auto",
    progress=False,
):
    r"""Train hidden layers, first and last fixed, and compare with (22).

    With H(t) the tangent kernel's matrix over n points divided by n, y = cos x + cos 2x and
    η = 1/(2λ_1(H^∞)):

        drift     ‖H(t) - H(0)‖ / ‖H(0)‖
        start     ‖H(0) - H^∞‖ / ‖H^∞‖
        residual  max_t ‖ξ(t)‖ / ‖u(0) - y‖,  ξ(t) = u(t) - y - (I - ηH^∞)^t (u(0) - y)
        frozen    the same with H(0) in the place of H^∞

    in Frobenius and Euclidean norms, H(t) at the end, the maximum over about 20 moments.

    Parameters
    ----------
    depths, widths : sequences of int
        L and m. With one hidden layer the first layer is trained, since there is no other.
    seeds : int
        Networks for each L and m.
    points, iterations : int
        n, evenly spaced on the circle, and t.
    rng : numpy.random.Generator
        Source of the networks.
    device : str
    progress : bool

    Returns
    -------
    pandas.DataFrame
        hidden_layers, width, seed, drift, start, residual, frozen.
    """
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    depths = sequence("depths", depths, whole_number, at_least=1, at_most=DEEPEST)
    widths = sequence("widths", widths, whole_number, at_least=1, at_most=MOST)
    n = whole_number("points", points, at_least=4, at_most=DENSE_LIMIT)
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
    seeds = whole_number("seeds", seeds, at_least=1, at_most=MOST)
    x = np.linspace(-np.pi, np.pi, n, endpoint=False)
    X, y = to_circle(x), np.cos(x) + np.cos(2 * x)
    frames = []
    for L, m in tqdm([(L, m) for L in depths for m in widths], disable=not progress):
        trained = "first" if L == 1 else "hidden"
        limit = DeepNTK(L, trained=trained).at_angles(x) / n
        rate = 0.5 / np.linalg.eigvalsh(limit)[-1]
        networks = [
            FullyConnected(
                L, m, 2, trained=trained, device=device,
                generator=torch.Generator().manual_seed(int(rng.integers(2**32))),
            )
            for _ in range(seeds)
        ]
        training = train(networks, X, y, rate, iterations, outputs=True, record=12)
        for seed, (before, after) in enumerate(zip(networks, training.networks, strict=True)):
            first, last = (empirical_ntk(net, X) / n for net in (before, after))
            t, r = training.iterations, training.outputs[:, seed] - y
            frames.append(
                {
                    "hidden_layers": L, "width": m, "seed": seed,
                    "drift": _ratio(last - first, first),
                    "start": _ratio(first - limit, limit),
                    "residual": _largest(r, _decayed(limit, rate, t, r[0])),
                    "frozen": _largest(r, _decayed(first, rate, t, r[0])),
                }
            )
    return pd.DataFrame(frames)


def _ratio(change, of):
    return float(np.linalg.norm(change) / np.linalg.norm(of))


def _largest(r, linear):
    return float(np.linalg.norm(r - linear, axis=1).max() / np.linalg.norm(r[0]))


def _decayed(H, rate, t, r):
    """(I - ηH)^t r for every t."""
    eigenvalues, v = np.linalg.eigh(H)
    return ((1 - rate * eigenvalues) ** t[:, None] * (v.T @ r)) @ v.T


def required_width(points, hidden_layers, epsilon=0.1, delta=0.1, failure=0.1):
    r"""log10 of the width that the theorem on (20) asks for, its unnamed constants taken as 1.

    m = n²⁴ L¹² log⁵ m / (δ⁸ τ⁶) with τ = ε δ̂ / n, so m grows like n³⁰.

    Parameters
    ----------
    points, hidden_layers : int
        n and L.
    epsilon, delta, failure : float
        ε, δ and δ̂ of the theorem, in (0, 1].
    """
    n = whole_number("points", points, at_least=1, at_most=10**18)
    L = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=10**18)
    given = {"epsilon": epsilon, "delta": delta, "failure": failure}
    for name, value in given.items():
        finite_number(name, positive(name, value), at_most=1)
    tau = epsilon * failure / n
    rest = 24 * math.log(n) + 12 * math.log(L) - 8 * math.log(delta) - 6 * math.log(tau)
    # log m = rest + 5 log log m. From above, where it contracts, this falls to the larger root:
    # all widths beyond that one will do
    log_m = rest + 100
    for _ in range(200):
        log_m = rest + 5 * math.log(log_m)
    return log_m / math.log(10)
