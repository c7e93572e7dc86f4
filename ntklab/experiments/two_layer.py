r"""The two-layer network, its kernel, and what it never learns without a bias (C06, C07, C24, C25).

For ReLU σ(z) - σ(-z) = z. So the odd part of a network without bias is linear in x, at any width,

    f(x) - f(-x) = (1/√m) Σ_r a_r w_r·x,

and no odd frequency but the first can ever appear in it.
"""

import numpy as np
import pandas as pd
from scipy.special import eval_legendre

from ntklab.kernels import TwoLayerNTK


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
    theta = np.asarray(angles, dtype=float)
    w = rng.standard_normal((samples, 2))
    x = np.stack([np.cos(theta), np.sin(theta)])
    both = (w[:, :1] > 0) & (w @ x > 0)
    share = both.mean(axis=0)
    return pd.DataFrame({
        "angle": theta,
        "sampled": share,
        "error": np.sqrt(share * (1 - share) / samples),
        "exact": (np.pi - theta) / (2 * np.pi),
    })


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
    f = X @ W.T + b
    active = f > 0
    residual = np.where(active, f, 0) @ a / np.sqrt(len(a)) - y
    pulls = residual[:, None] * active * (a / np.sqrt(len(a)))
    return 0.5 * residual @ residual, pulls.T @ X, pulls.sum(axis=0)


def uniform_spectra(highest=12):
    """λ_κ under the uniform density on the circle and the sphere, with and without bias.

    Returns
    -------
    pandas.DataFrame
        Index frequency κ = 0 ... highest; columns (circle, sphere) × (with bias, without).
    """
    kappa = np.arange(highest + 1)
    columns = {}
    for space, dimension in (("circle", 2), ("sphere", 3)):
        for name, bias in (("with bias", True), ("without", False)):
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
