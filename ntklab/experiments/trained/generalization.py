"""Networks of finite width on noisy labels, watched on new data (C26)."""

import numpy as np
import pandas as pd
import torch

from ntklab import generalization
from ntklab.experiments.trained.toolkit import output, seed
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU

RATE = 2.0  # of the mean loss; the network's kernel is twice the lecture's


def stopping(stopping, iterations, width=2000, *, rng):
    """Train two-layer networks on the sample of an experiment and test them in every region.

    Parameters
    ----------
    stopping : experiments.generalization.Stopping
        Whose points and noisy labels are learned. One iteration is 4 units of its time.
    iterations : sequence of int
        Ascending; where the network is tested.
    width : int
    rng : numpy.random.Generator
        Source of the network.

    Returns
    -------
    pandas.DataFrame
        region, t, trained, theory: rms on new data for these labels, without the mean over noise.
    """
    angles, labels = stopping.learner.descent.spectrum.points, stopping.labels
    x = stopping.density.grid(2000)
    network = TwoLayerReLU(width, 2, weight_scale=10.0, generator=seed(rng), device="cpu")
    X, new = torch.as_tensor(to_circle(angles)), to_circle(x)
    start = output(network, new)
    y = torch.as_tensor(output(network, X) + labels)
    parameters = [getattr(network, name) for name in network.trained_parameters]
    outputs = []
    for t in range(iterations[-1] + 1):
        if t in iterations:
            outputs.append(output(network, new) - start)
        loss = ((network(X) - y) ** 2).mean() / 2
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= RATE * gradient
    kernel = TwoLayerNTK(normalization="network")
    theory = generalization.learner(kernel, angles, stopping.learner.target, learning_rate=RATE)
    pairs = zip(iterations, outputs, theory.predict(iterations, x, labels), strict=True)
    goal, rows = stopping.learner.target(x), []
    for t, *pair in pairs:
        for j, region in enumerate((None, *stopping.density.regions), start=-1):
            inside = slice(None) if region is None else region.contains(x)
            rms = [np.sqrt(np.mean((u - goal)[inside] ** 2)) for u in pair]
            rows.append((j, 2 * RATE * t, *rms))
    return pd.DataFrame(rows, columns=["region", "t", "trained", "theory"])
