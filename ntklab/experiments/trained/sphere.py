"""The halves of the sphere learned by networks, beside the finite-sample theory (C23)."""

from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from ntklab import dynamics, gram, sphere
from ntklab.experiments import sphere as exact
from ntklab.experiments.sphere import NETWORK, RATIOS, SETTINGS
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.toolkit import output, seed
from ntklab.networks import TwoLayerReLU
from ntklab.spectrum import Spectrum
from ntklab.sphere import Bands
from ntklab.training import train


def trained(ratios=RATIOS, size="quick", *, rng, device="auto", progress=False):
    """Times of trained two-layer networks beside the theory for the same points and start.

    "quick" and "wide" start with large weights (τ = 10), learn target + u(0) and take steps
    η = 1/λ_1 (the largest of the seeds): lazy, so that what differs from the theory is the width of
    the network. Seeds and targets are trained side by side.

    Parameters
    ----------
    size : one of `experiments.sphere.SETTINGS` or a Setting of one's own
        "quick", "protocol": seconds; "wide", "paper", "misread": many minutes on a CPU.
    rng : numpy.random.Generator
        Source of points and networks.

    Returns
    -------
    pandas.DataFrame
        ratio, seed, frequency, sparse, dense, quotient (of the network, in iterations);
        predicted_sparse, predicted_dense, predicted (by the finite-sample theory from the same
        u(0), and their quotient; NaN where η >= 2/λ_1, for which the theory diverges); zero_sparse,
        zero_dense (the same from 0).
    """
    setting = chosen(size, SETTINGS)
    rows = []
    for ratio in tqdm(ratios, disable=not progress, desc="ratios"):
        draws = [_draw(ratio, setting, rng, device) for _ in range(setting.seeds)]
        largest = max(draw.spectrum.eigenvalues[0] for draw in draws)
        n = len(draws[0].X)
        rate = 1 / largest if setting.sum_rate is None else setting.sum_rate * n
        threshold = setting.threshold / (np.sqrt(n) if setting.normalised else 1)
        reached = _reached(draws, setting, rate, threshold, progress)
        for number, (draw, times) in enumerate(zip(draws, reached, strict=True)):
            for k, y, (low, high) in zip(setting.frequencies, draw.targets, times, strict=True):
                quotient = low / high if np.isfinite(low) and high else np.nan
                theory = _theory(draw, y, rate, threshold, setting.centred)
                rows.append((ratio, k, low, high, quotient, number, *theory))
    halves = ("sparse", "dense")
    columns = [f"{start}_{half}" for start in ("predicted", "zero") for half in halves]
    table = exact.table(rows, "seed", *columns)
    dense = table.predicted_dense.where(table.predicted_dense > 0)
    return table.assign(predicted=table.predicted_sparse / dense)


@dataclass(frozen=True)
class _Draw:
    """One seed: its points with their spectrum, one network for all targets, its output."""

    density: Bands
    X: np.ndarray  # (n, 3)
    spectrum: Spectrum
    network: TwoLayerReLU
    start: np.ndarray  # (n,)
    targets: np.ndarray  # (K, n)


def _draw(ratio, setting, rng, device):
    density, X = sphere.hemispheres(ratio), exact.points(ratio, setting.per_half, rng)
    network = TwoLayerReLU(
        setting.width, 3, weight_scale=setting.weight_scale, generator=seed(rng), device=device
    ).to(getattr(torch, setting.dtype))
    targets = np.array([sphere.harmonic(k)(X) for k in setting.frequencies])
    if setting.normalised:
        targets = targets / np.linalg.norm(targets, axis=1, keepdims=True)
    spectrum = gram.solve(NETWORK, X, len(X))
    return _Draw(density, X, spectrum, network, output(network, X), targets)


def _reached(draws, setting, rate, threshold, progress):
    """Iterations of every draw, target and half: all networks in one program, (S, K, 2)."""
    masks = [[region.contains(draw.X) for region in draw.density.regions] for draw in draws]
    each, count = len(setting.frequencies), len(draws)
    targets = [draw.targets + (draw.start if setting.centred else 0) for draw in draws]
    # one draw shares its points, which its networks then read once
    X = draws[0].X if count == 1 else np.repeat([draw.X for draw in draws], each, axis=0)
    masks = masks[0] if count == 1 else np.repeat(masks, each, axis=0)
    training = train(
        [draw.network for draw in draws for _ in range(each)], X, np.concatenate(targets), rate,
        setting.iterations, regions=masks, threshold=threshold, record=1, progress=progress,
    )
    return training.reached.reshape(count, each, 2)


def _theory(draw, y, rate, threshold, centred):
    """Linear theory for the same points: both halves from the same u(0), and from 0.

    Nothing, nan, beyond 2/λ_1, where it diverges.
    """
    if rate >= 2 / draw.spectrum.eigenvalues[0]:
        return (np.nan,) * 4
    found = []
    for u in (0 * y if centred else draw.start, 0 * y):
        descent = dynamics.gradient_descent(draw.spectrum, y, rate, start=u)
        found += exact.halves(descent, draw.density, draw.X, threshold)[:2]
    return tuple(float(time) for time in found)
