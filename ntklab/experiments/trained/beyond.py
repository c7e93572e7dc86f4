"""Two-layer networks trained by the losses of `experiments.beyond`."""

import numpy as np
import torch

from ntklab.experiments import beyond as exact
from ntklab.experiments.trained.toolkit import seed
from ntklab.geometry import to_circle
from ntklab.networks import TwoLayerReLU


def learn(loss, target, times, *, width=1000, rng, device="auto"):
    """u(t) of a two-layer network under small steps of gradient descent, shape (T, n).

    The output is counted from where it starts. Starting weights of size 10 keep the network lazy
    at moderate width: they leave the kernel as it is, and what training adds to them is small
    beside them.
    """
    network = TwoLayerReLU(width, 2, weight_scale=10.0, generator=seed(rng), device=device)
    X = torch.as_tensor(to_circle(loss.angles)).to(next(network.parameters()).device)
    y, M = torch.as_tensor(target).to(X), torch.as_tensor(loss.matrix).to(X)
    step = 0.2 / loss.fastest  # small enough to look like a flow
    with torch.no_grad():
        start = network(X)
    trained = [value for value in network.parameters() if value.requires_grad]
    outputs, t = [], 0.0
    for time in times:
        while t < time:
            h = min(step, time - t)
            r = network(X) - start - y
            gradients = torch.autograd.grad(0.5 * r @ M @ r, trained)
            with torch.no_grad():
                for value, gradient in zip(trained, gradients, strict=True):
                    value -= h * gradient
            t += h
        with torch.no_grad():
            outputs.append((network(X) - start).cpu().numpy())
    return np.array(outputs)


def compare(*arguments, width=1000, rng, device="auto", **named):
    """`experiments.beyond.compare` with a network of this width trained by every loss beside it."""
    def train(loss, target, times):
        return learn(loss, target, times, width=width, rng=rng, device=device)

    return exact.compare(*arguments, train=train, **named)
