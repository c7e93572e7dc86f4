"""Errors on new data: where to stop, what a bound is worth, random labels, learning curves (C26).

All under gradient flow of the two-layer kernel with bias, so that times are η × iterations.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ntklab import generalization, gram
from ntklab._arguments import finite_number, size, whole_number
from ntklab.densities import CircleDensity, PiecewiseConstant
from ntklab.experiments.toolkit import wave
from ntklab.generalization import Learner, Stop
from ntklab.kernels import TwoLayerNTK

KERNEL = TwoLayerNTK()
ONE_TO_EIGHT = PiecewiseConstant.equal_pieces([1, 8])


def passed(t, density, points, noise):
    """σ²(2 - √2)/(πn) · √(t/p): the noise that has come through by t where the density is p."""
    return noise**2 * (2 - np.sqrt(2)) / (np.pi * points) * np.sqrt(t / density)


@dataclass(frozen=True)
class Stopping:
    """One noisy sample, its errors in time on new data by region, and when to stop."""

    density: CircleDensity
    frequency: int
    learner: Learner
    labels: np.ndarray
    times: np.ndarray
    curves: pd.DataFrame  # region (-1: all), t, bias, variance, rms
    stops: dict[int, Stop]  # by region


def stopping(density=ONE_TO_EIGHT, frequency=3, points=200, noise=0.5, *, rng):
    """Draw a noisy sample of cos κx and follow the error on new data to the end.

    Parameters
    ----------
    density : CircleDensity
        Training and test points alike.
    frequency : int
    points : int
    noise : float
    rng : numpy.random.Generator

    Returns
    -------
    Stopping
    """
    target = wave(whole_number("frequency", frequency, at_least=1))
    angles = density.sample(size("points", points, at_least=2), rng)
    learner = generalization.learner(KERNEL, angles, target, noise)
    times = np.geomspace(1, 1e6, 91)
    parts, stops = [], {}
    for j, region in enumerate((None, *density.regions), start=-1):
        errors = learner.errors(times, density, region)
        parts.append(pd.DataFrame({
            "region": j, "t": times, "bias": errors.bias, "variance": errors.variance,
            "rms": errors.rms,
        }))  # fmt: skip
        stops[j] = learner.best_stop(density, region)
    labels = target(angles) + noise * rng.standard_normal(points)
    return Stopping(density, frequency, learner, labels, times, pd.concat(parts), stops)


def bounds(frequencies, points=100, *, density, rng):
    """Bound and truth after training to the end, by frequency; 0 stands for random signs.

    Returns
    -------
    pandas.DataFrame
        frequency, bound, rms, loss: the mean of min(|u - y|, 1), which the bound is about.
    """
    angles = density.sample(points, rng)
    x = density.grid(4000)
    rows = []
    for frequency in frequencies:
        learner = generalization.learner(KERNEL, angles, wave(frequency))
        labels, truth = wave(frequency)(angles), wave(frequency)(x)
        if frequency == 0:
            labels, truth = (rng.choice([-1.0, 1.0], n) for n in (points, len(x)))
        off = np.abs(learner.predict([1e13], x, labels)[0] - truth)
        bound = generalization.norm_bound(learner.descent.spectrum, labels)
        rms = np.sqrt(np.mean(off**2))
        rows.append((frequency, bound, rms, np.minimum(off, 1).mean()))
    return pd.DataFrame(rows, columns=["frequency", "bound", "rms", "loss"])


def random_labels(density, points, times, frequency, *, rng):
    """The error left of random ±1 labels and of cos κx at the points of each region, by time.

    Returns
    -------
    pandas.DataFrame
        region, density, t, random, wave (root mean squares).
    """
    angles = density.sample(points, rng)
    spectrum = gram.solve(KERNEL, angles, points)
    learner = generalization.learner(KERNEL, angles, wave(frequency))
    rows = []
    for j, region in enumerate(density.regions):
        p = float(density.pdf(region.points(1))[0])
        left = generalization.random_label_error(spectrum, times, region)
        waves = np.sqrt(2) * learner.descent.error(times, region)
        rows += [(j, p, *row) for row in zip(times, left, waves, strict=True)]
    return pd.DataFrame(rows, columns=["region", "density", "t", "random", "wave"])


def curves(
    counts, frequency=3, noise=0.5, ridges=(0.0, 1e-3), draws=20, *, density, test=None, rng
):
    """Mean square error of kernel regression against n: theory beside samples.

    Returns
    -------
    pandas.DataFrame
        ridge, points, theory, mean, low, high (10 % and 90 % of the draws), error (of the mean).
    """
    noise = finite_number("noise", noise, at_least=0)
    rows = []
    found = np.empty((len(counts), draws, len(ridges)))
    for i, n in enumerate(counts):
        for j in range(draws):
            learner = generalization.learner(KERNEL, density.sample(n, rng), wave(frequency), noise)
            found[i, j] = learner.ridge_errors(ridges, test or density).rms ** 2
    for k, ridge in enumerate(ridges):
        theory = generalization.learning_curve(
            KERNEL, density, wave(frequency), counts, noise=noise, ridge=ridge, test=test
        )
        for i, n in enumerate(counts):
            sample = found[i, :, k]
            low, high = np.quantile(sample, (0.1, 0.9))
            rows.append((ridge, n, theory.rms[i] ** 2, sample.mean(), low, high,
                         sample.std() / np.sqrt(draws)))
    names = ["ridge", "points", "theory", "mean", "low", "high", "error"]
    return pd.DataFrame(rows, columns=names)
