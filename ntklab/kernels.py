"""The infinite-width limit: tangent kernels k(x, x') of points on the unit sphere.

A kernel is called like scikit-learn's: ``k(X)`` is the Gram matrix, ``k(X, Y)`` the cross matrix,
``k.diag(X)`` the diagonal. Every kernel here is zonal: on unit vectors it depends on the angle θ
between its arguments alone, and `profile` is that function of θ in [0, π].
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.special import beta

from ntklab._arguments import (
    _short,
    boolean,
    finite_array,
    finite_number,
    one_of,
    sequence,
    whole_number,
    whole_numbers,
)
from ntklab._panels import gauss_between
from ntklab._tables import tabulate
from ntklab.activations import dual_activation, half_angle, with_bias
from ntklab.geometry import (
    LARGEST_NORM,
    angle_between,
    circle_distance,
    directions_and_norms,
    unit_vectors,
)


class ZonalKernel(ABC):
    """k(x, x') = K(θ), θ in [0, π] the angle between the unit vectors x and x'."""

    @abstractmethod
    def _profile(self, theta):
        """K(θ) for a checked float64 array of angles in [0, π]."""

    def _from_pi(self, t):
        """K(π - t), where t may be smaller than the rounding of π."""
        return self._profile(np.pi - t)

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
        return self._entries(angle_between(X, Y))

    def diag(self, X):
        """k(x_i, x_i) = K(0), shape (n,)."""
        return np.full(len(unit_vectors("X", X)), self._profile(np.zeros(1))[0])

    def at_angles(self, x, z=None):
        """K(d(x_i, z_j)) for angles x (n,) and z (m,) on the circle, wrapped (equation (11))."""
        x = finite_array("x", x, ndim=1)
        z = x if z is None else finite_array("z", z, ndim=1)
        return self._entries(circle_distance(x[:, None], z[None, :]))

    def _entries(self, theta):
        """K at the many angles of a matrix; where `_profile` is dear, a cheaper way to the same."""
        return self._profile(theta)

    def harmonic_eigenvalues(self, frequencies, dimension=2):
        r"""λ_ℓ = ∫ K(θ) P_ℓ(cos θ) sin^{d-2}θ dθ / ∫ sin^{d-2}θ dθ over [0, π] (Funk-Hecke).

        The spectrum under the uniform density on the sphere S^{d-1}: λ_ℓ belongs to all harmonics
        of degree ℓ. P_ℓ is the Gegenbauer polynomial C_ℓ^{(d-2)/2} scaled to P_ℓ(1) = 1: cos ℓθ on
        the circle, Legendre's on S².

        Parameters
        ----------
        frequencies : array_like of int
            ℓ from 0 to 20000, any shape.
        dimension : int
            d from 2 to 10⁶, coordinates of a point.

        Returns
        -------
        ndarray
            The shape of `frequencies`; error about 1e-15 K(0) (quadrature; the small ones
            therefore have fewer digits).

        Raises
        ------
        ValueError
            A frequency that is negative, not whole or beyond 20000; a dimension below 2.
        """
        frequencies = whole_numbers("frequencies", frequencies)
        dimension = _dimension(dimension)
        top = int(frequencies.max(initial=0))
        if top > MOST_FREQUENT:
            raise ValueError(f"frequencies: must be <= {MOST_FREQUENT}, got {top}")
        # deep kernels have layers at 0 and π: narrower than any panel they would be lost
        at_zero, halvings = self._profile(np.zeros(1))[0], 16
        while halvings < 512 and abs(
            at_zero - self._profile(np.pi / 2.0 ** np.array([halvings]))[0]
        ) > 0.01 * abs(at_zero):
            halvings *= 2
        t, weights = _graded_nodes(top + np.sqrt(dimension), halvings)
        weights = weights * np.sin(t) ** (dimension - 2) / beta(0.5, (dimension - 1) / 2)
        # P_ℓ(cos(π - t)) = (-1)^ℓ P_ℓ(cos t)
        near, far = self._profile(t), self._from_pi(t)
        parts = weights * (near + far), weights * (near - far)
        wanted, where = np.unique(frequencies, return_inverse=True)
        wanted = wanted.astype(int)
        if dimension == 2:
            values = np.array([parts[ell % 2] @ np.cos(ell * t) for ell in wanted])
        else:
            # the three-term recurrence stays in [-1, 1], whatever the degree and dimension
            x, now, before, values = np.cos(t), np.ones_like(t), 0.0, []
            for ell in range(top + 1):
                if ell == wanted[len(values)]:
                    values.append(parts[ell % 2] @ now)
                up = (2 * ell + dimension - 2) * x * now - ell * before
                now, before = up / (ell + dimension - 2), now
        return np.reshape(values, -1)[where].reshape(frequencies.shape)


MOST_FREQUENT = 20000
MOST_DIMENSIONS = 10**6


def _dimension(dimension):
    return whole_number("dimension", dimension, at_least=2, at_most=MOST_DIMENSIONS)


def _graded_nodes(frequency, halvings):
    """Gauss-Legendre nodes and weights on [0, π/2] for f(t) cos(frequency t), f analytic inside.

    Panels halve in length towards 0; 32 nodes bear a phase of 16 radians a panel to rounding.
    """
    edges = np.append(0, np.pi / 2.0 ** np.arange(halvings, 0, -1))
    parts = np.ceil(np.diff(edges) * frequency / 16).astype(int).clip(1)
    pieces = zip(edges[:-1], edges[1:], parts, strict=True)
    fine = [np.linspace(a, b, n, endpoint=False) for a, b, n in pieces]
    fine = np.concatenate([*fine, [np.pi / 2]])
    return gauss_between(fine, 32)


class TwoLayerNTK(ZonalKernel):
    r"""K(θ) = c (π - θ)(β + cos θ): two-layer ReLU network, first layer trained, (7) and (11).

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
        self.bias = boolean("bias", bias)
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

    def harmonic_eigenvalues(self, frequencies, dimension=2):
        """λ_q = (1/2π)∫ K cos(qθ) dθ over the circle: the spectrum under the uniform density.

        λ_0 belongs to the constant, every other λ_q to cos qθ and sin qθ alike. At c = 1/4π:
        λ_0 = 1/2π² + β/8, λ_1 = 1/16 + β/2π², even q: (q²+1)/(2π²(q²-1)²), odd q ≥ 3: β/(2π²q²).

        Parameters
        ----------
        frequencies : array_like of int
            q ≥ 0, any shape.
        dimension : int
            2 is this closed form; see `ZonalKernel.harmonic_eigenvalues` for spheres.

        Raises
        ------
        ValueError
            A frequency that is negative or not whole.

        Notes
        -----
        Corrects equation (17), which is too small by 2π at q = 0 and by π elsewhere even at
        Z² = 1/2π; without bias odd q ≥ 3 have eigenvalue 0 and are never learned.
        """
        if _dimension(dimension) != 2:
            return super().harmonic_eigenvalues(frequencies, dimension)
        q = whole_numbers("frequencies", frequencies)
        q = np.minimum(q, 1e75)  # beyond, 1/q⁴ is below all numbers
        with np.errstate(divide="ignore", invalid="ignore"):
            even = (q**2 + 1) / (2 * np.pi**2 * (q**2 - 1) ** 2)
            odd = float(self.bias) / (2 * np.pi**2 * q**2)
        values = np.where(q % 2 == 0, even, odd)
        values = np.where(q == 0, 1 / (2 * np.pi**2) + self.bias / 8, values)
        values = np.where(q == 1, 1 / 16 + self.bias / (2 * np.pi**2), values)
        return values * (4 * np.pi * self.constant)


class _InfiniteWidth(ZonalKernel):
    """The recursion (4) and what it yields for the layers named in `layers`."""

    def __init__(self, hidden_layers, activation, bias_variance, layers, normalized):
        self.hidden_layers = hidden_layers
        self.activation = activation
        self.bias_variance = finite_number(
            "bias_variance", bias_variance, at_least=0, at_most=LARGEST_NORM**2
        )
        self.normalized = boolean("normalized", normalized)
        self._layers = layers
        self._dual = dual_activation(activation)
        self._scale = 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            at_zero = self._profile(np.zeros(1))[0]
        if not np.isfinite(at_zero):
            raise ValueError(
                f"hidden_layers: the kernel grows beyond float64 in {hidden_layers} layers of "
                f"{activation!r}"
            )
        if self.normalized:
            self._scale = 1 / at_zero

    def _name(self, *arguments):
        """repr: the call that makes this kernel, and in words which kernel it is."""
        activation = self.activation
        if not isinstance(activation, str):
            activation = getattr(activation, "__name__", activation)
        shown = [f"hidden_layers={self.hidden_layers}", f"activation={activation!r}"]
        shown += [f"bias_variance={self.bias_variance:g}", *arguments]
        shown += [f"normalized={self.normalized}"]
        bias = " + β b⁽ʰ⁾" if self.bias_variance else ""
        return (
            f"{type(self).__name__}({', '.join(shown)}) [{self._formula} of "
            f"f⁽ʰ⁾ = W⁽ʰ⁾ g⁽ʰ⁻¹⁾{bias}, g⁽ʰ⁾ = √(c/d_h) σ(f⁽ʰ⁾), c = {self._dual.c_sigma:.6g}"
            f"{', scaled to K(0) = 1' if self.normalized else ''}; infinite width, "
            f"tangent-kernel parameterisation, {self._role}]"
        )

    def _profile(self, theta):
        return self._recursion(1.0, 1.0, *half_angle(theta), np.cos(theta))

    def _from_pi(self, t):
        return self._recursion(1.0, 1.0, *half_angle(t)[::-1], -np.cos(t))

    def _recursion(self, p, q, s, c, cosine):
        """k(x, x') for |x|² = p, |x'|² = q at half-angle coordinates s, c; shapes broadcast."""
        added, dual = self.bias_variance, self._dual
        p, q, s, c, sigma = with_bias(p, q, s, c, cosine, added)
        total = sigma * (1 in self._layers)
        for layer in range(2, self.hidden_layers + 2):
            s, c, cosine, slope = dual.pair(p, q, s, c)
            p, q, s, c, sigma = with_bias(dual.variance(p), dual.variance(q), s, c, cosine, added)
            # Horner's way through Σ_h Σ⁽ʰ⁻¹⁾ ∏ Σ̇: what lies below passes through one more slope
            total = total * slope + sigma * (layer in self._layers)
        return self._scale * total

    @cached_property
    def _table(self):
        return tabulate(self._profile)

    def _entries(self, theta):
        if theta.size < FEW or self._table is None:
            return self._profile(theta)
        return self._table(theta)

    def __call__(self, X, Y=None):
        """k(x_i, y_j) for X (n, d) and Y (m, d), of any norm; the Gram matrix when Y is left out.

        On unit vectors, and for ReLU without bias, where k(ax, bx') = ab k(x, x'), every entry
        costs the same whatever the number of layers, and is within 1e-13 K(0) of `profile`. Else
        each entry goes through the recursion. A row of zeros is k = 0 where there is no bias.

        Raises
        ------
        ValueError
            Entries beyond 1e75, numbers of columns that differ, or rows of zeros where σ(0) ≠ 0 and
            there is no bias.
        """
        directions, a = self._rows("X", X)
        if Y is not None and np.shape(Y)[1:] != np.shape(X)[1:]:
            raise ValueError(f"Y: must have {np.shape(X)[1]} columns like X, got {np.shape(Y)}")
        Z, b = (None, a) if Y is None else self._rows("Y", Y)
        theta = angle_between(directions, Z)
        if (a == 1).all() and (b == 1).all():
            return self._entries(theta)
        if self._homogeneous:
            return self._entries(theta) * (a[:, None] * b)
        result = np.empty(theta.shape)
        rows = max(1, 2**19 // len(b))
        for i in range(0, len(a), rows):
            block = slice(i, i + rows)
            result[block] = self._of_norms(a[block, None], b, theta[block])
        # each entry of a Gram matrix is computed twice; make the last bits agree
        return (result + result.T) / 2 if Y is None else result

    def diag(self, X):
        """k(x_i, x_i), shape (n,), for rows of any norm."""
        _, a = self._rows("X", X)
        if self._homogeneous:
            return a**2 * self._profile(np.zeros(1))
        return self._of_norms(a, a, np.zeros(len(a)))

    @property
    def _homogeneous(self):
        return self._dual.homogeneous and not self.bias_variance

    def _of_norms(self, a, b, theta):
        angle = *half_angle(theta), np.cos(theta)
        if self.bias_variance:
            return self._recursion(a**2, b**2, *angle)
        # no variance, no angle: σ(0) = 0, so that all Σ vanish and k with them
        there = (a > 0) & (b > 0)
        a, b = np.where(a > 0, a, 1.0), np.where(b > 0, b, 1.0)
        return np.where(there, self._recursion(a**2, b**2, *angle), 0.0)

    def _rows(self, name, points):
        directions, norms = directions_and_norms(name, points)
        if not (self.bias_variance or self._dual.zero_at_zero or norms.all()):
            raise ValueError(
                f"{name}: rows must not be zero where σ(0) is not and there is no bias, "
                f"got row {int(np.argmin(norms))}"
            )
        return directions, norms


DEEPEST = 10000
FEW = 20000  # angles; below, the recursion itself is faster than making a table


class DeepNTK(_InfiniteWidth):
    r"""Θ = Σ_h Σ⁽ʰ⁻¹⁾ ∏_{h'=h}^{L} Σ̇⁽ʰ'⁾, h over the trained layers: fully connected network (3).

    Σ⁽⁰⁾ = x·x' + β², Σ⁽ʰ⁾ = c_σ E[σ(u)σ(v)] + β², Σ̇⁽ʰ⁾ = c_σ E[σ̇(u)σ̇(v)] with (u, v) ~ N(0, Λ⁽ʰ⁾)
    (equation (4), the backup slides). It is the limit of `FullyConnected`'s tangent kernel:
    weights and biases start from N(0, 1), layer h adds β b⁽ʰ⁾, β² the `bias_variance`, and a layer
    is trained with its bias or not at all. With ReLU all digits are right: the relative error of
    `profile` is a few units of rounding times the number of layers, measured against
    Σ_h |Σ⁽ʰ⁻¹⁾| ∏ Σ̇ (which is |Θ| unless layer 1 pulls the other way, at θ > π/2).

    Parameters
    ----------
    hidden_layers : int
        L from 1 to 10000.
    activation : str or callable
        "relu", "erf" (closed forms), "tanh", "gelu", "sin", or an elementwise function of an array
        (Gauss-Hermite quadrature: `profile` is right to about 1e-14 K(0) for a few layers; an
        error grows with depth where neighbours drift apart: "sin" at 50 layers is off by 1e-11).
    bias_variance : float
        β² >= 0; no biases at 0.
    trained : {"all", "first", "hidden"} or sequence of int
        Layers 1 to L+1; 1; 2 to L (first and last layer fixed, equations (20)-(22)); or those
        listed. "first" with L = 1 is the two-layer network of equation (7): without bias twice
        `TwoLayerNTK(bias=False, normalization="network")`, the 2 being c_σ. (With bias that
        kernel is another one: its biases start at 0.)
    normalized : bool
        Whether to divide by K(0), the value at two equal unit vectors. Without bias, all layers
        trained, this is scikit-ntk's kernel of that depth.

    Raises
    ------
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind; an activation that the quadrature
        does not resolve.
    """

    _formula = "Θ = Σ_h Σ⁽ʰ⁻¹⁾ ∏ Σ̇⁽ʰ'⁾"

    def __init__(
        self,
        hidden_layers,
        activation="relu",
        bias_variance=0.0,
        trained="all",
        normalized=False,
    ):
        count = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
        self.trained = trained
        layers = _trained_layers(trained, count)
        super().__init__(count, activation, bias_variance, layers, normalized)

    @property
    def trained_layers(self):
        """Numbers of the trained layers, 1 the first, L+1 the output."""
        return tuple(sorted(self._layers))

    @property
    def _role(self):
        listed = ", ".join(map(str, self.trained_layers))
        if len(self._layers) == self.hidden_layers + 1:
            listed = f"1 to {self.hidden_layers + 1}"
        return f"trained: layers {listed} of {self.hidden_layers + 1}"

    def __repr__(self):
        return self._name(f"trained={self.trained!r}")


class NNGP(_InfiniteWidth):
    r"""Σ⁽ᴸ⁾(x, x'), the covariance of the outputs of random networks (3): equation (4).

    Also the tangent kernel when the last layer alone is trained. Parameters as for `DeepNTK`.
    """

    _formula = "Σ⁽ᴸ⁾"
    _role = "random networks, nothing trained"

    def __init__(self, hidden_layers, activation="relu", bias_variance=0.0):
        count = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
        super().__init__(count, activation, bias_variance, frozenset({count + 1}), False)

    def __repr__(self):
        return self._name()


def _trained_layers(trained, hidden_layers):
    last = hidden_layers + 1
    if isinstance(trained, str):
        one_of("trained", trained, ("all", "first", "hidden"))
        layers = {"all": range(1, last + 1), "first": (1,), "hidden": range(2, last)}[trained]
        if not layers:
            raise ValueError(
                "trained: with one hidden layer 'hidden' leaves none, since the first and the "
                "last layer are all there are"
            )
        return frozenset(layers)
    if not isinstance(trained, Sequence) or not len(trained):
        raise ValueError(
            f"trained: must be 'all', 'first', 'hidden' or layer numbers, got {_short(trained)}"
        )
    return frozenset(sequence("trained", trained, whole_number, at_least=1, at_most=last))
