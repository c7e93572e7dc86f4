"""Common parts of experiments with networks: seeds, outputs as arrays, linear decay, norms."""

import numpy as np
import torch


def seed(rng):
    """A torch.Generator that follows from a numpy.random.Generator."""
    return torch.Generator().manual_seed(int(rng.integers(2**32)))


@torch.no_grad()
def output(network, X):
    """f(X) as an array of float64, shape (n,)."""
    points = torch.as_tensor(np.asarray(X)).to(next(network.parameters()))
    return network(points).double().cpu().numpy()


def decayed(H, learning_rate, t, r):
    """(I - ηH)^t r for every t, shape (T, n)."""
    eigenvalues, v = np.linalg.eigh(H)
    return ((1 - learning_rate * eigenvalues) ** t[:, None] * (v.T @ r)) @ v.T


def ratio(change, of):
    """‖change‖/‖of‖, Frobenius."""
    return float(np.linalg.norm(change) / np.linalg.norm(of))
