r"""Real data: handwritten digits as points on a sphere, their density, and what is learned first.

scikit-learn's 1797 digits of 8 × 8 pixels, each scaled to length 1, are points on S⁶³. The target
is +1 for digits 5 to 9 and -1 for 0 to 4.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ive, logsumexp

from ntklab import dynamics, gram
from ntklab.geometry import unit_vectors
from ntklab.kernels import TwoLayerNTK
from ntklab.spectrum import Spectrum

QUARTERS = ("sparsest quarter", "second", "third", "densest quarter")


def load(points, rng):
    """(X, digit): a random choice of digits on the sphere, shapes (n, 64) and (n,)."""
    from sklearn.datasets import load_digits  # ships with scikit-learn, nothing is downloaded

    data = load_digits()
    chosen = rng.choice(len(data.target), size=points, replace=False)
    X = data.data[chosen]
    return X / np.linalg.norm(X, axis=1, keepdims=True), data.target[chosen]


def log_density(X, concentration=None):
    r"""log p̂(x_i) by a leave-one-out kernel estimate on the sphere S^{d-1}.

    p̂(x_i) = 1/(n-1) Σ_{j≠i} C_d(c) exp(c x_i·x_j), the von Mises-Fisher kernel with
    C_d(c) = c^{d/2-1} / ((2π)^{d/2} I_{d/2-1}(c)).

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit vectors, n >= 3.
    concentration : float, optional
        c from 0.001 to 10⁶, one over the square of the bandwidth; the one of greatest
        leave-one-out likelihood when left out.

    Returns
    -------
    values : ndarray, shape (n,)
        With respect to area on the sphere.
    concentration : float
    """
    X = unit_vectors("X", X)
    n, d = X.shape
    # 1 - x·y without the cancellation: |x - y|²/2
    closeness = -0.5 * np.square(X[:, None] - X[None]).sum(-1)
    np.fill_diagonal(closeness, -np.inf)

    def estimate(c):
        order = d / 2 - 1
        # ive carries the factor exp(-c) that turns exp(c x·y) into exp(c (x·y - 1))
        constant = order * np.log(c) - d / 2 * np.log(2 * np.pi) - np.log(ive(order, c))
        return constant + logsumexp(c * closeness, axis=1) - np.log(n - 1)

    if concentration is None:
        found = minimize_scalar(
            lambda log_c: -estimate(np.exp(log_c)).mean(), bounds=(0, 9), method="bounded"
        )
        concentration = float(np.exp(found.x))
    return estimate(concentration), concentration


@dataclass(frozen=True)
class Digits:
    """Digits on the sphere with their density, and learning predicted and trained."""

    X: np.ndarray  # (n, 64)
    digit: np.ndarray  # (n,)
    target: np.ndarray  # (n,)
    log_density: np.ndarray  # (n,)
    spectrum: Spectrum  # of H/n at the points, all n eigenpairs
    iterations: np.ndarray  # (T,)
    predicted: np.ndarray  # (T, n) outputs by the linear theory
    trained: np.ndarray | None  # (T, n) outputs of a network, or None

    @property
    def quarter(self):
        """0 to 3 by density, shape (n,)."""
        rank = np.argsort(np.argsort(self.log_density))
        return 4 * rank // len(rank)

    def errors(self, outputs):
        """rms error of each density quarter, shape (T, 4)."""
        square = (outputs - self.target) ** 2
        means = [square[:, self.quarter == k].mean(axis=1) for k in range(4)]
        return np.sqrt(np.stack(means, axis=1))

    def learned(self, outputs):
        """v_i·(u(t) - u(0)) / v_i·(y - u(0)) for the first eigenvectors, shape (T, 30)."""
        v = self.spectrum.values[:, :30]
        gone = (outputs - outputs[0]) @ v
        return gone / ((self.target - outputs[0]) @ v)


def predict(points=500, iterations=1000, *, rng):
    """Digits with the learning of the two-layer network from 0 that linear theory predicts.

    Parameters
    ----------
    points : int
        n, at most 1797.
    iterations : int
        Steps of gradient descent at learning rate 1/λ_1.
    rng : numpy.random.Generator
        Source of the choice of digits.

    Returns
    -------
    Digits
    """
    X, digit = load(points, rng)
    target = np.where(digit >= 5, 1.0, -1.0)
    spectrum = gram.solve(TwoLayerNTK(normalization="network"), X, len(X))
    t = np.concatenate([[0], np.unique(np.round(np.geomspace(1, iterations, 40)))]).astype(int)
    descent = dynamics.gradient_descent(spectrum, target, 1 / spectrum.eigenvalues[0])
    density, _ = log_density(X)
    return Digits(X, digit, target, density, spectrum, t, target + descent.residual_at(t), None)
