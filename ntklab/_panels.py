"""Panels that cut an interval: nodes of quadrature on them, and polynomials."""

import numpy as np
from numpy.polynomial import chebyshev, legendre


def gauss(starts, halves, count):
    """`count` Gauss-Legendre nodes on each panel of given start and half length, and weights."""
    s, w = legendre.leggauss(count)
    halves = halves[:, None]
    return (starts[:, None] + halves * (1 + s)).ravel(), (halves * w).ravel()


def gauss_between(edges, count):
    """The same on the panels between ascending edges."""
    return gauss(edges[:-1], np.diff(edges) / 2, count)


def each(starts, x):
    """(number, mask of the x that lie on it) of the panels that hold some, by their starts."""
    panel = np.maximum(np.searchsorted(starts, x, side="right") - 1, 0)
    for a in np.unique(panel):
        yield a, panel == a


def chebyshev_to_powers(degree):
    """The matrix from coefficients of Chebyshev polynomials to those of powers."""
    to_powers = np.zeros((degree + 1, degree + 1))
    for k in range(degree + 1):
        to_powers[: k + 1, k] = chebyshev.cheb2poly([0] * k + [1])
    return to_powers
