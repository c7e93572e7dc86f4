r"""The two-layer network, its kernel, and what it never learns without a bias (C06, C07, C24, C25).

For ReLU σ(z) - σ(-z) = z. So the odd part of a network without bias is linear in x, at any width,

    f(x) - f(-x) = (1/√m) Σ_r a_r w_r·x,

and no odd frequency but the first can ever appear in it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import eval_legendre

from ntklab._arguments import (
    LARGEST,
    MOST,
    boolean,
    finite_array,
    generator,
    instance_of,
    whole_number,
)
from ntklab.geometry import to_circle
from ntklab.kernels import MOST_FREQUENT, TwoLayerNTK, ZonalKernel
from ntklab.networks import TwoLayerReLU, pick_device
from ntklab.training import LONGEST, train


def active_together(angles, samples=100_000, *, rng):
    """P(w·x > 0 and w·x' > 0) for w ~ N(0, I) by sampling, beside (π - θ)/2π.

    Parameters
    ----------
    angles : array_like, shape (k,)
        θ between x and x', in [0, π].
    samples : int
        Neurons drawn.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        angle, sampled, error (one standard error), exact.
    """
    generator("rng", rng)
    theta = finite_array("angles", angles, ndim=1)
    samples = whole_number("samples", samples, at_least=2, at_most=MOST // max(2, len(theta)))
    w = rng.standard_normal((samples, 2))
    x = np.stack([np.cos(theta), np.sin(theta)])
    both = (w[:, :1] > 0) & (w @ x > 0)
    share = both.mean(axis=0)
    return pd.DataFrame(
        {
            "angle": theta,
            "sampled": share,
            "error": np.sqrt(share * (1 - share) / samples),
            "exact": (np.pi - theta) / (2 * np.pi),
        }
    )


def gradient_by_hand(W, b, a, X, y):
    r"""Loss (5) and its gradients for the network (6), in NumPy, with nothing but the formulas.

    With r_i = f(x_i) - y_i and s_ir = 1{w_r·x_i + b_r > 0},

        ∂Φ/∂w_r = (a_r/√m) Σ_i r_i s_ir x_i,    ∂Φ/∂b_r = (a_r/√m) Σ_i r_i s_ir .

    Parameters
    ----------
    W : ndarray, shape (m, d)
    b, a : ndarray, shape (m,)
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,)

    Returns
    -------
    loss : float
    gradient_W : ndarray, shape (m, d)
    gradient_b : ndarray, shape (m,)
    """
    W, X = (finite_array(*pair, ndim=2, within=LARGEST) for pair in (("W", W), ("X", X)))
    b, a, y = (
        finite_array(*pair, ndim=1, within=LARGEST) for pair in (("b", b), ("a", a), ("y", y))
    )
    (m, d), n = W.shape, len(X)
    wanted = {"b": (b, (m,)), "a": (a, (m,)), "X": (X, (n, d)), "y": (y, (n,))}
    for name, (values, shape) in wanted.items():
        if values.shape != shape or not values.size:
            raise ValueError(f"{name}: must have shape {shape}, none of it 0, got {values.shape}")
    f = X @ W.T + b
    active = f > 0
    residual = np.where(active, f, 0) @ a / np.sqrt(len(a)) - y
    pulls = residual[:, None] * active * (a / np.sqrt(len(a)))
    return 0.5 * residual @ residual, pulls.T @ X, pulls.sum(axis=0)


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
        m, n (even, so that every point has its opposite), steps at η = 1/λ_1.
    rng : numpy.random.Generator
        Source of the networks.
    device : str
    progress : bool

    Returns
    -------
    Parity
    """
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
    n = whole_number("points", points, at_least=8, at_most=MOST)
    if n % 2:
        raise ValueError(f"points: must be even, got {n}")
    frequency = whole_number("frequency", frequency, at_least=1, at_most=n // 4)
    x = np.linspace(-np.pi, np.pi, n, endpoint=False)
    target = np.cos(frequency * x)
    outputs, predicted = [], []
    for bias in (True, False):
        seed = torch.Generator().manual_seed(int(rng.integers(2**32)))
        network = TwoLayerReLU(width, 2, bias=bias, generator=seed, device=device)
        kernel = TwoLayerNTK(bias=bias, normalization="network")
        rate = 1 / kernel.harmonic_eigenvalues(np.arange(3)).max()
        with torch.no_grad():
            X = torch.as_tensor(to_circle(x)).to(next(network.parameters()))
            start = network(X).cpu().numpy()
        training = train(
            [network], X, start + target, rate, iterations, outputs=True, record=12,
            progress=progress,
        )
        t = training.iterations
        outputs.append(training.outputs[:, 0] - start)
        decay = 1 - rate * kernel.harmonic_eigenvalues([frequency])[0]
        predicted.append(1 - decay ** t.astype(float))
    return Parity(frequency, x, t, np.array(outputs), np.array(predicted))


def uniform_spectra(highest=12):
    """λ_κ under the uniform density on the circle and the sphere, with and without bias.

    Returns
    -------
    pandas.DataFrame
        Index frequency κ = 0 ... highest; columns (circle, sphere) × (with bias, without).
    """
    highest = whole_number("highest", highest, at_least=1, at_most=MOST_FREQUENT)
    kappa = np.arange(highest + 1)
    columns = {}
    for space, dimension in (("circle", 2), ("sphere", 3)):
        for bias in (True, False):
            name = "with bias" if bias else "without"
            kernel = TwoLayerNTK(bias=bias)
            columns[space, name] = kernel.harmonic_eigenvalues(kappa, dimension=dimension)
    return pd.DataFrame(columns, index=pd.Index(kappa, name="frequency"))


def sphere_residual(kernel, degree, points=7):
    """max |∫ k(x, z) P_l(z·e) dz/4π - λ_l P_l(x·e)|: is the zonal harmonic an eigenfunction on S²?

    Around x the integral is one over the angle to x, where k is smooth, and one round x, where
    P_l is a trigonometric polynomial: Gauss and trapezoidal rules are exact to rounding.

    Parameters
    ----------
    kernel : ZonalKernel
    degree : int
        l >= 0.
    points : int
        Places x between the poles at which it is tried.
    """
    instance_of("kernel", kernel, ZonalKernel)
    degree = whole_number("degree", degree, at_least=0, at_most=1000)
    points = whole_number("points", points, at_least=1, at_most=MOST)
    nodes, weights = np.polynomial.legendre.leggauss(80 + degree)
    theta, weights = np.pi * (nodes + 1) / 2, np.pi * weights / 2
    turn = 2 * np.pi * np.arange(2 * degree + 2) / (2 * degree + 2)
    value = kernel.harmonic_eigenvalues([degree], dimension=3)[0]
    worst = 0.0
    for height in np.linspace(-0.9, 1, points):
        side = np.sqrt(1 - height**2)
        # height over the equator of the point at angle θ from x, at direction `turn` round it
        z = np.outer(np.cos(theta), np.full(len(turn), height))
        z += np.outer(np.sin(theta), side * np.cos(turn))
        ring = eval_legendre(degree, z).mean(axis=1)
        applied = 0.5 * weights @ (np.sin(theta) * kernel.profile(theta) * ring)
        worst = max(worst, abs(applied - value * eval_legendre(degree, height)))
    return worst
