r"""The recursion and the product that make the kernel of any depth (C04, C05)."""

import math

import numpy as np
import pandas as pd

from ntklab.kernels import NNGP


def kurtosis(hidden_layer, width):
    r"""3(1 + 5/m)^{h-1} - 3: excess kurtosis of one entry of f⁽ʰ⁾(x), ReLU, no bias, any m.

    Given the layer before, the entry is Gaussian with variance q = ‖g⁽ʰ⁻¹⁾‖². A layer multiplies q
    by (2/m) Σ_j max(z_j, 0)², which has mean 1 and variance 5/m, and 3 E[q²]/E[q]² - 3 remains.
    """
    hidden_layer, width = np.asarray(hidden_layer, float), np.asarray(width, float)
    with np.errstate(over="ignore"):  # very deep and narrow: infinite
        return 3 * (1 + 5 / width) ** (hidden_layer - 1) - 3


ANGLES = np.pi * np.array([1, 2, 3, 4, 5]) / 6


def slope(theta):
    """Σ̇ = c_σ E[σ̇(u)σ̇(v)] = (π - θ)/π for ReLU, u and v of correlation cos θ."""
    return (np.pi - np.asarray(theta)) / np.pi


def printed_slope(theta):
    """Σ̇ as the paper's appendix prints it: with a factor ρ = cos θ too many."""
    return np.cos(theta) * slope(theta)


def correlations(hidden_layers, theta):
    """Σ⁽⁰⁾, ..., Σ⁽ᴸ⁾ at angles θ between unit vectors, shape (L + 1, len(θ)): equation (4)."""
    return np.array([np.cos(theta), *(NNGP(h).profile(theta) for h in range(1, hidden_layers + 1))])


def products(hidden_layers, slope=slope):
    """Each layer's part Σ⁽ʰ⁻¹⁾ ∏_{k=h}^{L} Σ̇⁽ᵏ⁾ of the kernel at `ANGLES`, shape (L + 1, 5)."""
    sigma = correlations(hidden_layers, ANGLES)
    # Σ̇⁽ᵏ⁾ belongs to the angle between the inputs of layer k, whose cosine is Σ⁽ᵏ⁻¹⁾
    slopes = slope(np.arccos(np.clip(sigma[:-1], -1, 1)))
    after = np.cumprod(np.vstack([slopes, np.ones_like(ANGLES)])[::-1], axis=0)[::-1]
    return sigma * after


def slope_products(samples=1_000_000, *, angles=ANGLES, rng):
    r"""c_σ E[σ̇(u)σ̇(v)] of ReLU by drawing (u, v) ~ N(0, [[1, ρ], [ρ, 1]]), ρ = cos θ.

    Returns
    -------
    pandas.DataFrame
        angle, mean, error (standard error of the mean).
    """
    z = rng.standard_normal((2, samples))
    frames = []
    for angle in angles:
        both = (z[0] > 0) & (np.cos(angle) * z[0] + np.sin(angle) * z[1] > 0)
        p = both.mean()
        error = math.sqrt(p * (1 - p) / samples)
        frames.append({"angle": angle, "mean": 2 * p, "error": 2 * error})
    return pd.DataFrame(frames)
