"""The two-layer network trained on the digits, beside linear theory from the same start."""

from dataclasses import replace

import torch

from ntklab import dynamics
from ntklab.experiments import digits as exact
from ntklab.experiments.trained.toolkit import seed
from ntklab.networks import TwoLayerReLU
from ntklab.training import train


def learn(points=500, width=2000, iterations=1000, *, rng, device="auto", progress=False):
    """`experiments.digits.predict` for a network of this width and its own start, and the network.

    Parameters
    ----------
    points, width, iterations : int
        n, m, and steps of gradient descent at learning rate 1/λ_1.
    rng : numpy.random.Generator
        Source of the choice of digits and of the network.

    Returns
    -------
    Digits
    """
    digits = exact.predict(points, iterations, rng=rng)
    X, y, rate = digits.X, digits.target, 1 / digits.spectrum.eigenvalues[0]
    network = TwoLayerReLU(
        width, X.shape[1], generator=seed(rng), dtype=torch.float32, device=device
    )
    training = train([network], X, y, rate, iterations, outputs=True, record=12, progress=progress)
    t, trained = training.iterations, training.outputs[:, 0].astype(float)
    descent = dynamics.gradient_descent(digits.spectrum, y, rate, trained[0])
    return replace(digits, iterations=t, predicted=y + descent.residual_at(t), trained=trained)
