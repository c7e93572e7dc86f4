"""The halves of the sphere learned by networks, beside the finite-sample theory (C23)."""

from typing import NamedTuple

import numpy as np
import torch
from tqdm.auto import tqdm

from ntklab import dynamics, gram, sphere
from ntklab.experiments import sphere as exact
from ntklab.experiments.sphere import NETWORK, PROTOCOL, RATIOS
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.toolkit import output, seed
from ntklab.networks import TwoLayerReLU
from ntklab.training import train


class Setting(NamedTuple):
    """Sizes, τ, δ relative to the target's rms, and η of the loss (5), a sum; None is n/λ_1."""

    width: int
    per_half: int
    frequencies: tuple
    seeds: int
    iterations: int
    weight_scale: float = 10.0
    threshold: float = 0.1
    sum_rate: float | None = None
    dtype: torch.dtype = torch.float64
    centred: bool = True  # whether f - u(0) is learned in the place of f
    normalised: bool = False  # whether targets have norm 1 over the points, or rms 1


ALL = (2, 3, 4, 5, 6, 7)
PAPER = Setting(8000, 300, ALL, 3, 20_000, 0.2, PROTOCOL, 0.004, centred=False, normalised=True)
SETTINGS = {
    "quick": Setting(1000, 100, (2, 3, 4), 1, 3000),
    "wide": Setting(8000, 300, ALL, 1, 20_000, threshold=0.05, dtype=torch.float32),
    # as the paper does it, Figure 9; a quarter of its width and slow waves
    "paper": PAPER,
    "protocol": PAPER._replace(width=2000, frequencies=(2, 3, 4, 5), seeds=1),
    # and read as if its targets had rms 1
    "misread": Setting(8000, 300, ALL, 1, 20_000, 0.2, 0.05, 0.004, torch.float32),
}


def trained(ratios=RATIOS, size="quick", *, rng, device="auto", progress=False):
    """Times of trained two-layer networks beside the theory for the same points and start.

    "quick" and "wide" start with large weights (τ = 10), learn target + u(0) and take steps
    η = 1/λ_1: lazy, so that what differs from the theory is the width of the network.

    Parameters
    ----------
    size : one of `SETTINGS` or a Setting
        "quick", "protocol": seconds; "wide", "paper", "misread": many minutes on a CPU.
    rng : numpy.random.Generator
        Source of points and networks.

    Returns
    -------
    pandas.DataFrame
        ratio, seed, frequency, sparse, dense, quotient (of the network, in iterations), and
        predicted (the quotient of the finite-sample theory; NaN where η >= 2/λ_1, for which the
        theory diverges).
    """
    setting = chosen(size, SETTINGS)
    rows = []
    jobs = [(ratio, number) for ratio in ratios for number in range(setting.seeds)]
    for ratio, number in tqdm(jobs, disable=not progress, desc="networks"):
        density, X = sphere.hemispheres(ratio), exact.points(ratio, setting.per_half, rng)
        spectrum = gram.solve_points(NETWORK, X)
        rate = 1 / spectrum.eigenvalues[0]
        if setting.sum_rate is not None:
            rate = setting.sum_rate * len(X)
        network = TwoLayerReLU(
            setting.width, 3, weight_scale=setting.weight_scale, generator=seed(rng), device=device
        ).to(setting.dtype)
        start = output(network, X)
        targets = np.array([sphere.harmonic(k)(X) for k in setting.frequencies])
        unit = np.linalg.norm(targets, axis=1) if setting.normalised else np.ones(len(targets))
        targets = targets / unit[:, None]
        threshold = setting.threshold / (np.sqrt(len(X)) if setting.normalised else 1)
        training = train(
            [network] * len(targets), X, targets + (start if setting.centred else 0), rate,
            setting.iterations, regions=[region.contains(X) for region in density.regions],
            threshold=threshold, record=1, progress=progress,
        )
        for k, y, (low, high) in zip(setting.frequencies, targets, training.reached, strict=True):
            predicted = np.nan
            if rate < 2 / spectrum.eigenvalues[0]:
                u = 0 * y if setting.centred else start
                descent = dynamics.gradient_descent(spectrum, y, rate, start=u)
                *_, predicted = exact.halves(descent, density, X, threshold)
            quotient = low / high if np.isfinite(low) and high else np.nan
            rows.append((ratio, k, low, high, quotient, number, predicted))
    return exact.table(rows, "seed", "predicted")
