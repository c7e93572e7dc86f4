"""Networks of finite width on noisy labels, watched on new data (C26)."""

import numpy as np
import pandas as pd

from ntklab import generalization
from ntklab.experiments.trained.toolkit import output, seed
from ntklab.geometry import to_circle
from ntklab.kernels import TwoLayerNTK
from ntklab.networks import TwoLayerReLU
from ntklab.training import train

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
    X, new = to_circle(angles), to_circle(x)
    start, y, outputs = output(network, new), output(network, X) + labels, []
    for steps in np.diff(iterations, prepend=0):
        if steps:
            network = train([network], X, y, RATE, int(steps)).networks[0]
        outputs.append(output(network, new) - start)
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
