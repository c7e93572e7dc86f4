"""Common parts of experiments: named sizes, waves, fits of waves, rms by group, power laws."""

from dataclasses import dataclass

import numpy as np

from ntklab._arguments import LARGEST, finite_array, one_of


def chosen(size, named):
    """The setting that `size` names, or `size` itself: a setting of one's own."""
    return named[one_of("size", size, tuple(named))] if isinstance(size, str) else size


def wave(frequency):
    """cos κx as a function of x."""
    return lambda x: np.cos(frequency * x)


def fractions(waves, outputs, inside):
    """The part of each wave that outputs hold at some of the points, by least squares.

    Parameters
    ----------
    waves : ndarray, shape (k, n)
    outputs : ndarray, shape (T, n)
    inside : ndarray of bool, shape (n,)
        The points; a constant is fitted besides the waves.

    Returns
    -------
    ndarray, shape (k, T)
    """
    basis = np.vstack([waves[:, inside], np.ones(inside.sum())]).T
    return np.linalg.lstsq(basis, outputs[:, inside].T)[0][:-1]


HALVES = ("dense", "sparse")


def named_halves(density):
    """{"dense": region, "sparse": region} of two regions; of equal ones the first is "dense"."""
    first, second = density.regions
    ordered = density.mass(first) * second.length >= density.mass(second) * first.length
    return dict(zip(HALVES, (first, second) if ordered else (second, first), strict=True))


def half_learned(t, fraction):
    """The time from which on a fraction is at least 1/2 for good; inf if it ends below.

    Parameters
    ----------
    t, fraction : ndarray, shape (T,)
        Times in order; between two of them the fraction is taken as linear.
    """
    below = np.flatnonzero(fraction < 0.5)
    if not below.size:
        return float(t[0])
    j = below[-1]
    if j == len(t) - 1:
        return np.inf
    share = (0.5 - fraction[j]) / (fraction[j + 1] - fraction[j])
    return float(t[j] + share * (t[j + 1] - t[j]))


def rms(table, column, by="width"):
    """(values of `by`, root mean square of a column for each), two arrays for `fit_power`."""
    mean = table.groupby(by)[column].agg(lambda v: np.sqrt(np.mean(v**2)))
    return mean.index.to_numpy(float), mean.to_numpy()


@dataclass(frozen=True)
class PowerLaw:
    """y = constant · x^exponent, fitted to logarithms by least squares."""

    exponent: float
    error: float  # standard error of the exponent
    constant: float

    def __str__(self):
        return f"{self.exponent:z.2f} ± {self.error:z.2f}"


def fit_power(x, y):
    """Fit y = c x^s: slope of log y against log x with its standard error.

    Raises
    ------
    ValueError
        Fewer than three points, different lengths, or values that are not positive.
    """
    x, y = (finite_array(*pair, ndim=1, within=LARGEST) for pair in (("x", x), ("y", y)))
    if len(x) != len(y) or len(x) < 3:
        raise ValueError(f"y: must have as many values as x, at least 3, got {len(y)} and {len(x)}")
    for name, values in (("x", x), ("y", y)):
        if values.min() < 1 / LARGEST:
            raise ValueError(f"{name}: must be positive, got {values.min()}")
    if (x == x[0]).all():
        raise ValueError(f"x: must differ, got {x[0]} throughout")
    slope, error, intercept = fit_line(np.log(x), np.log(y))
    return PowerLaw(slope, error, float(np.exp(intercept)))


def fit_line(x, y):
    """(slope, its standard error, intercept) of y against x, at least 3 points, by least squares.

    As `scipy.stats.linregress` does, whose module takes most of a second to import.
    """
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0])), float(intercept)
