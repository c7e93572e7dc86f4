"""What several tests ask of densities and spectra, and nobody else does."""

import numpy as np

from ntklab.densities import FromFunction, PiecewiseConstant
from ntklab.geometry import wrap


def inner_products(spectrum):
    """∫ v_i v_l p, shape (k, k): the identity up to the solver's error."""
    return spectrum.values.T @ (spectrum.weights[:, None] * spectrum.values)


def cdf(density, x):
    """P(x) = ∫_{-π}^x p."""
    return np.clip(density._mass(wrap(x)), 0.0, 1.0)


def rotated(density, by):
    """The density of the rotated points: p(x - by)."""
    if isinstance(density, PiecewiseConstant):
        edges = wrap(density.edges + by)
        order = np.argsort(edges)
        return PiecewiseConstant(edges[order], density.values[order])
    # the function need not be smooth across ±π, so that place travels as a breakpoint
    edges = np.unique(wrap(np.append(density.breakpoints, -np.pi) + by))
    return FromFunction(lambda x: density.pdf(x - by), edges)
