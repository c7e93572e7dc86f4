"""Power laws fitted to data, with the standard error of their exponent."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress

from ntklab._arguments import finite_array


@dataclass(frozen=True)
class PowerLaw:
    """y = constant · x^exponent, fitted to logarithms by least squares."""

    exponent: float
    error: float  # standard error of the exponent
    constant: float

    def __str__(self):
        return f"{self.exponent:.2f} ± {self.error:.2f}"


def fit_power(x, y):
    """Fit y = c x^s: slope of log y against log x with its standard error.

    Raises
    ------
    ValueError
        Fewer than three points, different lengths, or values that are not positive.
    """
    x, y = finite_array("x", x, ndim=1), finite_array("y", y, ndim=1)
    if len(x) != len(y) or len(x) < 3:
        raise ValueError(f"y: must have as many values as x, at least 3, got {len(y)} and {len(x)}")
    for name, values in (("x", x), ("y", y)):
        if values.min() <= 0:
            raise ValueError(f"{name}: must be positive, got {values.min()}")
    line = linregress(np.log(x), np.log(y))
    return PowerLaw(float(line.slope), float(line.stderr), float(np.exp(line.intercept)))
