"""The infinite-width limit: tangent kernels k(x, x') of points on the unit sphere.

A kernel is called like scikit-learn's: ``k(X)`` is the Gram matrix, ``k(X, Y)`` the cross matrix,
``k.diag(X)`` the diagonal. Every kernel here is zonal: it depends on the angle θ between its
arguments alone, and `profile` is that function of θ in [0, π].
"""

from abc import ABC, abstractmethod

import numpy as np

from ntklab._arguments import finite_array, one_of
from ntklab.geometry import angle_between, circle_distance, unit_vectors


class ZonalKernel(ABC):
    """k(x, x') = K(θ), θ in [0, π] the angle between the unit vectors x and x'."""

    @abstractmethod
    def _profile(self, theta):
        """K(θ) for a checked float64 array of angles in [0, π]."""

    def profile(self, theta):
        """K(θ) for angles θ in [0, π] of any shape, in radians.

        Raises
        ------
        ValueError
            An angle outside [0, π], or NaN.
        """
        theta = finite_array("theta", theta)
        if theta.size and not (theta.min() >= 0 and theta.max() <= np.pi):
            wrong = theta[(theta < 0) | (theta > np.pi)].flat[0]
            raise ValueError(f"theta: must lie in [0, π], got {wrong}")
        return self._profile(theta)

    def __call__(self, X, Y=None):
        """K(θ_ij) for unit vectors X (n, d) and Y (m, d); the Gram matrix when Y is left out."""
        return self._profile(angle_between(X, Y))

    def diag(self, X):
        """k(x_i, x_i) = K(0), shape (n,)."""
        return np.full(len(unit_vectors("X", X)), self._profile(np.zeros(1))[0])

    def at_angles(self, x, z=None):
        """K(d(x_i, z_j)) for angles x (n,) and z (m,) on the circle, wrapped (equation (11))."""
        x = finite_array("x", x, ndim=1)
        z = x if z is None else finite_array("z", z, ndim=1)
        return self._profile(circle_distance(x[:, None], z[None, :]))


class TwoLayerNTK(ZonalKernel):
    r"""K(θ) = c (π - θ)(β + cos θ): two-layer ReLU network, first layer trained (equations (7), (11)).

    β = 1 with bias (starting at 0), β = 0 without.

    Parameters
    ----------
    bias : bool
        Whether the first layer has a trained bias.
    normalization : {"lecture", "network"}
        "lecture" is c = 1/4π, as printed in (7) and (11): with bias it belongs to the unit-norm
        input (x, 1)/√2. "network" is c = 1/2π, the inner product of the gradients of equation (6)
        as it stands.

    Notes
    -----
    E over w ~ N(0, I) of 1{w·x ≥ 0, w·x' ≥ 0} is (π - θ)/2π, which gives "network"; the 1/4π that
    (7) prints without bias belongs to no network of the form (6).
    """

    def __init__(self, bias=True, normalization="lecture"):
        if not isinstance(bias, bool | np.bool_):
            raise TypeError(f"bias: must be True or False, got {bias!r}")
        self.bias = bool(bias)
        self.normalization = one_of("normalization", normalization, ("lecture", "network"))
        self.constant = 1 / ((4 if normalization == "lecture" else 2) * np.pi)

    def __repr__(self):
        formula = f"{'(1 + cos θ)' if self.bias else 'cos θ'}(π - θ)/"
        formula += "4π" if self.normalization == "lecture" else "2π"
        return (
            f"TwoLayerNTK(bias={self.bias}, normalization={self.normalization!r})"
            f" [K(θ) = {formula}; infinite width, first layer trained]"
        )

    def _profile(self, theta):
        # 1 + cos θ = 2 cos²(θ/2) keeps its digits near θ = π
        angular = 2 * np.cos(theta / 2) ** 2 if self.bias else np.cos(theta)
        return self.constant * (np.pi - theta) * angular

    def harmonic_eigenvalues(self, frequencies):
        """λ_q = (1/2π)∫ K cos(qθ) dθ over the circle: the spectrum under the uniform density.

        λ_0 belongs to the constant, every other λ_q to cos qθ and sin qθ alike. At c = 1/4π:
        λ_0 = 1/2π² + β/8, λ_1 = 1/16 + β/2π², even q: (q²+1)/(2π²(q²-1)²), odd q ≥ 3: β/(2π²q²).

        Parameters
        ----------
        frequencies : array_like of int
            q ≥ 0, any shape.

        Raises
        ------
        ValueError
            A frequency that is negative or not whole.

        Notes
        -----
        Corrects equation (17), which is too small by 2π at q = 0 and by π elsewhere even at
        Z² = 1/2π; without bias odd q ≥ 3 have eigenvalue 0 and are never learned.
        """
        q = finite_array("frequencies", frequencies)
        if (q < 0).any() or (q != np.round(q)).any():
            raise ValueError(f"frequencies: must be whole and >= 0, got {q.tolist()}")
        with np.errstate(divide="ignore", invalid="ignore"):
            even = (q**2 + 1) / (2 * np.pi**2 * (q**2 - 1) ** 2)
            odd = float(self.bias) / (2 * np.pi**2 * q**2)
        values = np.where(q % 2 == 0, even, odd)
        values = np.where(q == 0, 1 / (2 * np.pi**2) + self.bias / 8, values)
        values = np.where(q == 1, 1 / 16 + self.bias / (2 * np.pi**2), values)
        return values * (4 * np.pi * self.constant)
