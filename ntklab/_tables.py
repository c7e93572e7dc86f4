"""A function of an angle as polynomials on cells of [0, π].

A deep kernel goes through all its layers at every angle; from a table an entry of a large matrix
costs the same whatever the depth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from ntklab._panels import chebyshev_to_powers

BINS = 64  # equal parts of [0, π], each cut into as many equal cells as it needs
MOST_CELLS = 4096  # of one bin
DEGREE = 7
BLOCK = 2**14  # entries that stay in cache


@dataclass(frozen=True, eq=False)
class Table:
    """A piecewise polynomial; called with angles of any shape it gives its values.

    Attributes
    ----------
    cells : ndarray of int, shape (parts,)
        Of each of many equal parts of [0, π], the cell that it lies in.
    middles : ndarray, shape (cells,)
        Of the cells.
    coefficients : ndarray, shape (degree + 1, cells)
        Of the powers of θ - middle.
    """

    cells: np.ndarray
    middles: np.ndarray
    coefficients: np.ndarray

    def __call__(self, theta):
        flat, result = theta.ravel(), np.empty(theta.size)
        for i in range(0, theta.size, BLOCK):
            part = flat[i : i + BLOCK]
            place = (part * (len(self.cells) / np.pi)).astype(np.intp)
            cell = self.cells.take(place, mode="clip")  # π itself is in the last cell
            t = part - self.middles.take(cell)
            value = self.coefficients[-1].take(cell)
            for column in self.coefficients[-2::-1]:
                value *= t
                value += column.take(cell)
            result[i : i + BLOCK] = value
        return result.reshape(theta.shape)


def tabulate(profile):
    """The `Table` of K on [0, π], or None where `MOST_CELLS` cells a bin do not resolve it.

    Cells halve until the last two orders of the Chebyshev interpolants are below 1e-14 of the
    largest value, or until that no longer helps, K itself having no more digits.
    """
    t = chebyshev.chebpts1(DEGREE + 1)
    to_series = chebyshev.chebvander(t, DEGREE) * 2 / (DEGREE + 1)
    to_series[:, 0] /= 2
    to_powers = chebyshev_to_powers(DEGREE)
    pieces, size = [None] * BINS, 0.0
    todo, before, cells = np.arange(BINS), np.full(BINS, np.inf), 1
    while todo.size:
        if cells > MOST_CELLS:
            return None
        place = (np.arange(cells)[:, None] + (1 + t) / 2) / cells
        series = profile((todo[:, None, None] + place) * (np.pi / BINS)) @ to_series
        size = max(size, np.abs(series).max())
        tails = np.abs(series[:, :, -2:]).max(axis=(1, 2)) / size
        # each halving divides the tails of a resolved function by 2^6 at least
        done = (tails <= 1e-14) | ((tails <= 1e-10) & (tails > before / 8))
        for i in np.flatnonzero(done):
            pieces[todo[i]] = series[i] @ to_powers.T
        todo, before, cells = todo[~done], tails[~done], 2 * cells
    counts = np.array([len(piece) for piece in pieces])
    cells = np.repeat(np.arange(counts.sum()), np.repeat(counts.max() // counts, counts))
    middles = np.concatenate([i + (np.arange(n) + 0.5) / n for i, n in enumerate(counts)])
    halves = np.repeat(np.pi / BINS / 2 / counts, counts)
    coefficients = np.concatenate(pieces).T / halves ** np.arange(DEGREE + 1)[:, None]
    return Table(cells, middles * (np.pi / BINS), coefficients)
