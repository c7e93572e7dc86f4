"""Laziness of deep networks: (20)-(22) measured on trained networks against their width (C21)."""

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ntklab.experiments.trained.toolkit import decayed, ratio, seed
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK
from ntklab.networks import FullyConnected
from ntklab.tangent import empirical_ntk
from ntklab.training import train

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
    n = points
    x = np.linspace(-np.pi, np.pi, n, endpoint=False)
    X, y = to_circle(x), np.cos(x) + np.cos(2 * x)
    frames = []
    for L, m in tqdm([(L, m) for L in depths for m in widths], disable=not progress):
        trained = "first" if L == 1 else "hidden"
        limit = DeepNTK(L, trained=trained).at_angles(x) / n
        rate = 0.5 / np.linalg.eigvalsh(limit)[-1]
        networks = [
            FullyConnected(
                L, m, 2, trained=trained, dtype=torch.float32, device=device, generator=seed(rng)
            )
            for _ in range(seeds)
        ]
        training = train(networks, X, y, rate, iterations, outputs=True, record=12)
        for number, (before, after) in enumerate(zip(networks, training.networks, strict=True)):
            first, last = (empirical_ntk(net, X) / n for net in (before, after))
            t, r = training.iterations, training.outputs[:, number] - y
            frames.append({
                "hidden_layers": L, "width": m, "seed": number,
                "drift": ratio(last - first, first),
                "start": ratio(first - limit, limit),
                "residual": _largest(r, decayed(limit, rate, t, r[0])),
                "frozen": _largest(r, decayed(first, rate, t, r[0])),
            })
    return pd.DataFrame(frames)


def _largest(r, linear):
    return float(np.linalg.norm(r - linear, axis=1).max() / np.linalg.norm(r[0]))
