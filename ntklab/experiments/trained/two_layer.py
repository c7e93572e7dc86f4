"""One target learned with a bias and never without: two-layer networks trained (C24)."""

from dataclasses import dataclass

import numpy as np

from ntklab.experiments.trained.toolkit import output, seed
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU
from ntklab.training import train


@dataclass(frozen=True)
class Parity:
    """One target on a network with bias and one without, trained and predicted.

    Arrays over the axis (with bias, without bias) first.
    """

    frequency: int
    angles: np.ndarray  # (n,)
    iterations: np.ndarray  # (T,)
    outputs: np.ndarray  # (2, T, n), counted from the output before training
    predicted: np.ndarray  # (2, T): fraction of cos κx learned, 1 - (1 - ηλ_κ)^t

    @property
    def fractions(self):
        """The coefficient of cos κx in the trained outputs, shape (2, T)."""
        wave = np.cos(self.frequency * self.angles)
        return self.outputs @ wave / (wave @ wave)


def with_and_without_bias(
    frequency=3, width=2000, points=64, iterations=400, *, rng, device="auto", progress=False
):
    """Train (6) with and without bias on cos κx over even points, and predict both.

    Parameters
    ----------
    frequency : int
        κ, below a quarter of the points.
    width, points, iterations : int
        m, n (even, so that every point has its opposite), steps at η = 1/λ_max.
    rng : numpy.random.Generator
        Source of the networks.
    device : str
    progress : bool

    Returns
    -------
    Parity
    """
    x = np.linspace(-np.pi, np.pi, points, endpoint=False)
    target = np.cos(frequency * x)
    outputs, predicted = [], []
    for bias in (True, False):
        network = TwoLayerReLU(width, 2, bias=bias, generator=seed(rng), device=device)
        kernel = TwoLayerNTK(bias=bias, normalization="network")
        rate = 1 / kernel.harmonic_eigenvalues(np.arange(3)).max()
        X = to_circle(x)
        start = output(network, X)
        training = train(
            [network], X, start + target, rate, iterations, outputs=True, record=12,
            progress=progress,
        )
        t = training.iterations
        outputs.append(training.outputs[:, 0] - start)
        decay = 1 - rate * kernel.harmonic_eigenvalues([frequency])[0]
        predicted.append(1 - decay ** t.astype(float))
    return Parity(frequency, x, t, np.array(outputs), np.array(predicted))
