"""Activations at infinite width: the expectations over two Gaussians inside equation (4).

A layer sees a pair of points as two Gaussian pre-activations u, v of variances p, q and correlation
cos θ. It answers with c_σ E[σ(u)σ(v)] and c_σ E[σ̇(u)σ̇(v)], where c_σ = 1/E[σ(z)²] (equation (3)).
So a layer is a map on variances and angles. Angles travel in *half-angle coordinates*

    s = sin(θ/2),   c = cos(θ/2),   cos θ = c² - s²,

which keep all digits at θ = 0 and at θ = π, where cos θ itself has lost half of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from math import asin, factorial, pi

import numpy as np
from scipy.special import ndtr, roots_hermitenorm

from ntklab._arguments import _short, finite_array, instance_of, positive, whole_number

TOLERANCE = 1e-8  # least accuracy, of c_σ E[σ̇σ̇], that a quadrature may have
MOST_NODES = 4096  # a basis of 128 MB
NEGLIGIBLE = 1e-18  # part of Σ_k k a_k²


def half_angle(theta):
    """sin(θ/2), cos(θ/2) of angles in [0, π], both with all their digits."""
    # cos(θ/2) = sin((π - θ)/2), where π is float64's and the rest of it
    return np.sin(theta / 2), np.sin(((pi - theta) + 1.2246467991473532e-16) / 2)


def with_bias(p, q, s, c, cosine, added):
    """Variances, half-angle coordinates and covariance once both vectors get one coordinate more.

    Vectors of squared lengths p, q at angle θ, the new coordinate √added in both: an independent
    N(0, added) in both pre-activations.
    """
    r = np.sqrt(p) * np.sqrt(q)
    if not added:
        return p, q, s, c, r * cosine
    new_p, new_q = p + added, q + added
    new_r = np.sqrt(new_p) * np.sqrt(new_q)
    # new_r (1 ∓ cos θ') = r (1 ∓ cos θ) + new_r - r ∓ added, with nothing left to cancel
    minus = added * (np.sqrt(p) - np.sqrt(q)) ** 2 / (new_r + r + added)
    plus = added * (p + q + added) / (new_r + r) + added
    new_s = np.sqrt((r * s**2 + minus / 2) / new_r)
    new_c = np.sqrt((r * c**2 + plus / 2) / new_r)
    return new_p, new_q, new_s, new_c, r * cosine + added


class DualActivation(ABC):
    """The two expectations of equation (4) for one σ.

    Attributes
    ----------
    c_sigma : float
        c_σ = 1/E[σ(z)²], z ~ N(0, 1).
    homogeneous : bool
        σ(az) = aσ(z) for every a > 0.
    zero_at_zero : bool
        σ(0) = 0.
    """

    homogeneous = False
    zero_at_zero = True

    @abstractmethod
    def variance(self, q):
        """c_σ E[σ(√q z)²], z ~ N(0, 1); 1 at q = 1."""

    @abstractmethod
    def pair(self, p, q, s, c):
        """The angle φ between σ(u) and σ(v), and their slope, for variances p, q > 0.

        Returns
        -------
        sin(φ/2), cos(φ/2), cos φ, slope : ndarray
            cos φ = E[σ(u)σ(v)]/√(E[σ(u)²] E[σ(v)²]), slope = c_σ E[σ̇(u)σ̇(v)].
        """


class ReLU(DualActivation):
    """cos φ = (sin θ + (π - θ) cos θ)/π, slope = (π - θ)/π (arc-cosine kernels; Cho, Saul 2009).

    The variances do not enter. The appendix of the paper prints the slope with a factor cos θ too
    many.
    """

    c_sigma = 2.0
    homogeneous = True

    def variance(self, q):
        return q

    def pair(self, p, q, s, c):
        theta = 2 * np.arctan2(s, c)
        # 1 - cos φ = 1 - cos θ - (sin θ - θ cos θ)/π, halved; of this no digit cancels
        less = _sine_minus(theta) / (2 * pi)
        half_sine, half_cosine = np.sqrt(s**2 - less), np.sqrt(c**2 + less)
        if c.min(initial=1) > 0.5:  # all but the first layer: cos φ is above 0.1, π - θ above 1
            cosine = (half_cosine - half_sine) * (half_cosine + half_sine)
            return half_sine, half_cosine, cosine, 1 - theta / pi
        rest = 2 * np.arctan2(c, s)  # π - θ
        return half_sine, half_cosine, _sine_minus(rest) / pi, rest / pi


def _sine_minus(x):
    """sin x - x cos x = x³ Σ_k (-1)^k x^{2k} 2(k+1)/(2k+3)!, to rounding on [0, π]."""
    square = x**2
    # as many terms as the largest x needs: angles of deep layers are small
    last = int(np.searchsorted(_REACH, square.max(initial=0))) + 1
    series = np.full_like(x, _SINE_MINUS[last])
    for coefficient in _SINE_MINUS[last - 1 :: -1]:
        series *= square
        series += coefficient
    return x * square * series


_SINE_MINUS = np.array([(-1) ** k * 2 * (k + 1) / factorial(2 * k + 3) for k in range(15)])
# x² at which the term k = 2, 3, ... is 2⁻⁵⁶ of the first
_REACH = (2.0**-56 * np.abs(_SINE_MINUS[0] / _SINE_MINUS[2:])) ** (1 / np.arange(2, 15))


class Erf(DualActivation):
    """E[σ(u)σ(v)] = (2/π) arcsin(2√(pq) cos θ / √((1+2p)(1+2q))) (Williams 1996).

    E[σ̇(u)σ̇(v)] = (4/π) / √(1 + 2p + 2q + 4pq sin²θ).
    """

    c_sigma = pi / (2 * asin(2 / 3))

    def variance(self, q):
        return np.arctan2(2 * q, np.sqrt(1 + 4 * q)) / asin(2 / 3)

    def pair(self, p, q, s, c):
        root = np.sqrt(1 + 2 * (p + q) + 4 * p * q * (2 * s * c) ** 2)
        angle = np.arctan2(2 * np.sqrt(p * q) * (c - s) * (c + s), root)
        # arcsines α, β of σ(u), σ(v) alone; a² = sin α, b² = sin β
        a, b = np.sqrt(2 * p / (1 + 2 * p)), np.sqrt(2 * q / (1 + 2 * q))
        alpha, beta = np.arctan2(2 * p, np.sqrt(1 + 4 * p)), np.arctan2(2 * q, np.sqrt(1 + 4 * q))
        middle = np.sqrt(alpha * beta)
        cosines = root / np.sqrt((1 + 2 * p) * (1 + 2 * q))
        unequal = (np.sqrt(alpha) - np.sqrt(beta)) ** 2

        def half(t):
            # √(αβ) ∓ angle: differences of arcsines, each as one arctangent, lest they cancel
            first = _arcsine_gap(a * (a - b) + 2 * a * b * t**2, np.sqrt(1 - a**4) + cosines)
            second = _arcsine_gap(b * (b - a) + 2 * a * b * t**2, np.sqrt(1 - b**4) + cosines)
            return np.sqrt(np.maximum(first + second - unequal, 0) / (4 * middle))

        slope = 2 / (asin(2 / 3) * root)
        return half(s), half(c), angle / middle, slope


def _arcsine_gap(sines, cosines):
    """α - φ from sin α - sin φ and cos α + cos φ."""
    return 2 * np.arctan2(sines, cosines)


class HermiteSeries(DualActivation):
    """Any smooth σ: E[σ(u)σ(v)] = Σ_k a_k(p) a_k(q) cosᵏθ, a_k(q) = E[σ(√q z) He_k(z)]/√k!.

    E[σ̇(u)σ̇(v)] = Σ_k k a_k(p) a_k(q) cosᵏ⁻¹θ / √(pq): the derivative itself is never needed. The
    a_k come from Gauss-Hermite quadrature, as many as there are nodes.

    Parameters
    ----------
    activation : callable
        σ, elementwise on arrays.
    most_nodes : int
        Of the quadrature, 256 to 4096, which doubles them from 256 while that helps.
    tolerance : float
        Part of Σ_k k a_k² that the upper half of the coefficients may hold. It falls fast for an
        analytic σ, and by a power only for one with a kink, which is refused.

    Raises
    ------
    ValueError
        Where σ is not finite or not elementwise, and where `tolerance` is not met.
    """

    def __init__(self, activation, most_nodes=2048, tolerance=TOLERANCE):
        self.function = instance_of("activation", activation, Callable)
        self.most_nodes = whole_number("most_nodes", most_nodes, at_least=256, at_most=MOST_NODES)
        self.tolerance = positive("tolerance", tolerance, infinite=True)
        self._known = {}
        self.c_sigma = 1 / float(np.sum(self._coefficients(np.array(1.0)) ** 2))
        self.zero_at_zero = bool(self._values(np.zeros(1))[0] == 0)

    def variance(self, q):
        return self.c_sigma * np.sum(self._coefficients(np.asarray(q)) ** 2, axis=0)

    def pair(self, p, q, s, c):
        a, b = self._coefficients(np.asarray(p)), self._coefficients(np.asarray(q))
        count = max(len(a), len(b))
        a, b = (np.concatenate([x, np.zeros((count - len(x), *x.shape[1:]))]) for x in (a, b))
        norm_a, norm_b = np.sqrt(np.sum(a**2, axis=0)), np.sqrt(np.sum(b**2, axis=0))
        a, b = a / norm_a, b / norm_b
        # 1 ± cos φ = Σ (unequal parts)²/2 + Σ_k ab (1 ± cosᵏθ): small terms add, none cancels
        unequal = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 2
        s, c = np.broadcast_arrays(s, c)
        rho = (c - s) * (c + s)
        power, rise = np.ones_like(rho), np.zeros_like(rho)  # ρᵏ
        short, far = np.zeros_like(rho), np.zeros_like(rho)  # 1 - ρᵏ, 1 - (-ρ)ᵏ
        minus, plus, cosine, slope = unequal + 0 * rho, unequal + 0 * rho, 0 * rho, 0 * rho
        for k in range(count):
            weight = a[k] * b[k]
            minus += weight * short
            plus += weight * (far if k % 2 else 2 - short)
            cosine += weight * power
            slope += k * weight * rise
            short = short + power * 2 * s**2
            far = far + (power if k % 2 == 0 else -power) * 2 * c**2
            power, rise = power * rho, power
        slope = self.c_sigma * slope * norm_a * norm_b / np.sqrt(p * q)
        return np.sqrt(np.maximum(minus, 0) / 2), np.sqrt(np.maximum(plus, 0) / 2), cosine, slope

    def _values(self, z):
        with np.errstate(all="ignore"):
            values = finite_array("activation", self.function(z))
        if values.shape != z.shape:
            raise ValueError(
                f"activation: must be elementwise, got shape {values.shape} from {z.shape}"
            )
        return values

    def _coefficients(self, q):
        """a_k(q), shape (k, *q.shape), without those too small to matter."""
        if q.ndim:
            return self._integrate(q)
        # on the sphere a layer has one variance, asked for again and again
        key = float(q)
        if key not in self._known:
            if len(self._known) >= 100:
                self._known.clear()
            self._known[key] = self._integrate(q)
        return self._known[key]

    def _integrate(self, q):
        nodes, tails = 128, np.ones((1, 1))
        while nodes < self.most_nodes and tails[-1].max() > NEGLIGIBLE:
            nodes *= 2
            z, root_weights, basis = _hermite_basis(nodes)
            values = self._values(np.multiply.outer(np.sqrt(q), z))
            a = np.tensordot(basis, root_weights * values, axes=(1, -1))
            energy = np.arange(nodes) * np.moveaxis(a, 0, -1).reshape(-1, nodes) ** 2
            if not (energy.sum(axis=1) > 1e-20 * np.sum(a**2, axis=0).ravel()).all():
                raise ValueError("activation: must not be constant")
            # what the coefficients from k on hold of Σ_k k a_k²; the upper half tells the error
            tails = np.cumsum(energy[:, ::-1], axis=1)[:, ::-1].T
            tails = (tails / tails[0])[: nodes // 2 + 1]
        worst = np.argmax(tails[-1])
        if not tails[-1, worst] <= self.tolerance:
            raise ValueError(
                f"activation: is not resolved by Gauss-Hermite quadrature with {nodes} nodes, "
                f"error {tails[-1, worst]:.1e} at variance {q.flat[worst]:.4g}, accepted "
                f"{self.tolerance:.0e}; a kink, a steep slope or a large input needs a closed form "
                f"('relu', 'erf')"
            )
        kept = np.count_nonzero(tails.max(axis=1) > NEGLIGIBLE)
        return a[:kept] if kept < len(tails) else a


@lru_cache(maxsize=8)
def _hermite_basis(nodes):
    """z_i, √w_i of Gauss-Hermite quadrature, and He_k(z_i)√(w_i/k!), an orthogonal matrix."""
    z, _ = roots_hermitenorm(nodes)
    basis = np.zeros((nodes, nodes))
    basis[0], basis[1] = 1, z
    for k in range(1, nodes - 1):
        basis[k + 1] = (z * basis[k] - np.sqrt(k) * basis[k - 1]) / np.sqrt(k + 1)
        # columns are normalised in the end: scale them down before they overflow
        large = np.abs(basis[k + 1]) > 1e150
        basis[: k + 2, large] *= 1e-150
    basis /= np.linalg.norm(basis, axis=0)
    return z, basis[0].copy(), basis


def _gelu(z):
    return z * ndtr(z)


SMOOTH = {"tanh": np.tanh, "gelu": _gelu, "sin": np.sin}


def dual_activation(activation, **quadrature):
    """The `DualActivation` of a name ("relu", "erf", "tanh", "gelu", "sin") or an elementwise σ."""
    if isinstance(activation, str):
        if activation == "relu":
            return ReLU()
        if activation == "erf":
            return Erf()
        if activation in SMOOTH:
            return HermiteSeries(SMOOTH[activation], **quadrature)
        known = ", ".join(map(repr, ("relu", "erf", *SMOOTH)))
        raise ValueError(f"activation: must be one of {known}, got {activation!r}")
    if not callable(activation):
        raise TypeError(f"activation: must be a name or a function, got {_short(activation)}")
    return HermiteSeries(activation, **quadrature)
