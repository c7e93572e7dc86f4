"""A deep network trained on a low and a high frequency under uneven data (C01)."""

import numpy as np
import torch

from ntklab.experiments.motivation import SETTINGS, Learning, components, halves
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.toolkit import seed
from ntklab.geometry import to_circle
from ntklab.networks import FullyConnected
from ntklab.training import train


def learn(ratio=40.0, frequencies=(1, 16), size="quick", *, rng, device="auto", progress=False):
    """Train a deep ReLU network by mini-batch gradient descent and watch it.

    Parameters
    ----------
    ratio : float
        Data on [-π, 0) for one on [0, π), > 0.
    frequencies : (int, int)
        κ₁ and κ₂, different, each >= 1 and at most the expected points of the sparser half.
    size : {"quick", "paper"} or Setting
        Seconds, or the paper's numbers (minutes on a CPU).
    rng : numpy.random.Generator
        Source of the points, the network and the batches.
    device : str
        See `networks.pick_device`.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Learning
    """
    given = {"rng": rng, "device": device, "progress": progress}
    return learn_together(1, ratio, frequencies, size, **given)[0]


def learn_together(
    seeds, ratio=40.0, frequencies=(1, 16), size="quick", *, rng, device="auto", progress=False
):
    """`learn` for several networks side by side, each with its own points.

    The batches take the same places of all networks' sorted points.

    Parameters
    ----------
    seeds : int
        Networks.

    Returns
    -------
    list of Learning
    """
    setting = chosen(size, SETTINGS)
    density = halves(ratio, frequencies, setting.points)
    x, networks = [], []
    for _ in range(seeds):
        x.append(np.sort(density.sample(setting.points, rng)))
        networks.append(FullyConnected(
            setting.hidden_layers, setting.width, 2,
            generator=seed(rng), dtype=torch.float32, device=device,
        ))
    x = np.array(x)
    X = to_circle(x) if seeds > 1 else to_circle(x[0])
    training = train(
        networks, X, np.array([components(row, frequencies).sum(0) for row in x]),
        setting.learning_rate, setting.iterations,
        batch_size=min(setting.batch_size, setting.points), generator=seed(rng),
        record=12, outputs=True, progress=progress,
    )
    return [
        Learning(
            density, tuple(frequencies), setting, x[i], training.iterations,
            training.outputs[:, i].astype(float),
        )
        for i in range(seeds)
    ]
