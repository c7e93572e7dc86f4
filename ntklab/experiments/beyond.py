r"""Beyond the lecture: losses that undo the density or tune the frequency bias.

Gradient flow on the loss ½ rᵀ M r, with r = u - y over n points and H the tangent kernel's matrix
(not divided by n), moves the outputs by

    dr/dt = -H M r.

The ordinary loss is M = I/n. Quadrature weights w_i, M = diag(w), make sums into integrals over the
circle whatever the density of the points. The Sobolev loss of order s,

    M = W F diag((1 + κ²)^s) Fᵀ W,

with F the Fourier functions at the points, weighs the residual's frequencies; s = 0 is the
quadrature loss up to the cut-off. (Yu, Yang, Townsend, *Tuning frequency bias in neural network
training with nonuniform data*, ICLR 2023.)
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ntklab._arguments import one_of, whole_number
from ntklab.densities import PiecewiseConstant
from ntklab.experiments.toolkit import fractions, named_halves
from ntklab.geometry import wrap
from ntklab.kernels import TwoLayerNTK

LOSSES = ("ordinary", "quadrature", "sobolev")
FREQUENCIES = (1, 3, 9)
KERNEL = TwoLayerNTK(bias=True, normalization="network")


def quadrature_weights(angles, exact=0):
    """Weights w_i with Σ w_i f(x_i) ≈ ∫ f over the circle for scattered points, shape (n,).

    Half the distance between the two neighbours of each point (the trapezoidal rule), changed as
    little as possible, relative to their size, so that the sum is exact for all waves up to a
    frequency.

    Parameters
    ----------
    angles : array_like, shape (n,)
    exact : int
        Largest frequency summed exactly; 0 leaves the trapezoidal rule as it is.

    Raises
    ------
    ValueError
        Fewer than three points, or a frequency that the points cannot carry: some weight would
        be negative.
    """
    return _weights(angles, "exact", exact, 1)


def _weights(angles, name, frequency, times):
    """`quadrature_weights` exact to `times` a frequency, which errors call by `name`."""
    x = wrap(angles, name="angles")
    # n points carry no positive weights that are exact to frequency n
    frequency = whole_number(name, frequency, at_least=0, at_most=(len(x) - 1) // times)
    exact = times * frequency
    order = np.argsort(x, kind="stable")
    gaps = np.diff(x[order], append=x[order[0]] + 2 * np.pi)
    weights = np.empty_like(x)
    weights[order] = (gaps + np.roll(gaps, 1)) / 2
    if exact:
        waves, integrals = _waves(x, exact), np.zeros(2 * exact + 1)
        integrals[0] = 2 * np.pi
        root = np.sqrt(weights)  # relative changes: w (1 + c) with Σ w c² least
        change, *_ = np.linalg.lstsq((root[:, None] * waves).T, integrals - weights @ waves)
        weights = weights + root * change
        off = np.abs(weights @ waves - integrals).max()
        if off > 1e-9 or weights.min() < 0:
            raise ValueError(
                f"{name}: these {len(x)} points carry no positive weights exact to frequency "
                f"{exact}"
            )
    return weights


def _waves(x, highest):
    """1, √2 cos κx, √2 sin κx for κ = 1 ... highest, shape (n, 2 highest + 1)."""
    phase = np.outer(x, np.arange(1, highest + 1))
    root = np.sqrt(2)
    return np.hstack([np.ones((len(x), 1)), root * np.cos(phase), root * np.sin(phase)])


def loss_matrix(angles, loss="ordinary", order=1.0, highest=12):
    """M of the loss ½ rᵀ M r, shape (n, n); see the module.

    Parameters
    ----------
    angles : array_like, shape (n,)
    loss : {"ordinary", "quadrature", "sobolev"}
    order : float
        s; negative orders strengthen the bias. Only for "sobolev".
    highest : int
        Largest frequency of F, for "sobolev"; its weights are exact up to twice that frequency,
        so that waves of different frequency do not mix.

    Raises
    ------
    ValueError
        As for `quadrature_weights`.
    """
    one_of("loss", loss, LOSSES)
    if loss == "ordinary":
        return np.eye(len(angles)) / len(angles)
    if loss == "quadrature":
        return np.diag(quadrature_weights(angles) / (2 * np.pi))
    weights = _weights(angles, "highest", highest, 2) / (2 * np.pi)
    kappa = np.arange(1, highest + 1)
    scale = (1.0 + np.concatenate([[0], kappa, kappa]) ** 2) ** order
    weighted = weights[:, None] * _waves(wrap(np.asarray(angles, dtype=float)), highest)
    return (weighted * scale) @ weighted.T


@dataclass(frozen=True)
class Loss:
    """One loss over given points: what it does to each frequency in time."""

    name: str
    angles: np.ndarray  # (n,)
    matrix: np.ndarray  # M, (n, n)

    @cached_property
    def _modes(self):
        """H^{1/2}, and the eigenpairs of H^{1/2} M H^{1/2}: H is positive definite with a bias."""
        eigenvalues, v = np.linalg.eigh(KERNEL.at_angles(self.angles))
        root = (v * np.sqrt(np.maximum(eigenvalues, 1e-14 * eigenvalues[-1]))) @ v.T
        return root, *np.linalg.eigh(root @ self.matrix @ root)

    @property
    def fastest(self):
        """λ_1 of HM: the flow's largest speed."""
        return float(self._modes[1][-1])

    def predict(self, target, times):
        """u(t) = y - exp(-HMt) y at the points under gradient flow from u = 0, shape (T, n)."""
        root, speeds, v = self._modes
        start = v.T @ np.linalg.solve(root, target)
        decay = np.exp(-np.outer(times, np.maximum(speeds, 0)))
        return target - (decay * start) @ (root @ v).T


def compare(
    ratio=4.0, orders=(0.5, 1.0, 1.5), frequencies=FREQUENCIES, points=200, times=None, train=None
):
    """Fractions learned of Σ cos κx, one curve a loss, frequency and half of the circle.

    Parameters
    ----------
    ratio : float
        Data on [-π, 0) for one on [0, π).
    orders : sequence of float
        s of the Sobolev losses.
    frequencies : sequence of int
    points : int
        n, laid out on a grid in proportion to the density.
    times : array_like, optional
        Of gradient flow, in units of 1/λ_1 of each loss, so that curves can be compared.
    train : callable, optional
        (loss, target, times) -> outputs of shape (T, n): another route beside the prediction.

    Returns
    -------
    pandas.DataFrame
        loss, order, route ("predicted" or "trained"), half, frequency, time, fraction.
    """
    density = PiecewiseConstant.equal_pieces([ratio, 1.0])
    x = np.sort(density.grid(points))
    kappa = np.asarray(frequencies)
    waves, highest = np.cos(np.outer(kappa, x)), int(kappa.max()) + 3
    _weights(x, "points", highest, 2)  # refused now, by its name here
    y = waves.sum(axis=0)
    times = np.geomspace(0.1, 1000, 41) if times is None else np.asarray(times, dtype=float)
    named = [("ordinary", 0.0), ("quadrature", 0.0), *(("sobolev", s) for s in orders)]
    frames = []
    for name, s in named:
        loss = Loss(name, x, loss_matrix(x, name, s, highest))
        t = times / loss.fastest
        routes = {"predicted": loss.predict(y, t)}
        if train is not None:
            routes["trained"] = train(loss, y, t)
        for route, outputs in routes.items():
            for half, region in named_halves(density).items():
                inside = region.contains(x)
                columns = {"loss": name, "order": s, "route": route, "half": half}
                for k, fraction in zip(kappa, fractions(waves, outputs, inside), strict=True):
                    curve = {"frequency": int(k), "time": times, "fraction": fraction}
                    frames.append(pd.DataFrame(columns | curve))
    return pd.concat(frames, ignore_index=True)


def speeds(angles, loss="ordinary", order=1.0, highest=12):
    """⟨c, Tc⟩/⟨c, c⟩ of the waves c = cos κx, κ = 1 ... highest, relative to that of κ = 1.

    T = HM and ⟨f, g⟩ = fᵀMg: how fast each wave fades at the start if it is all the residual.
    """
    M = loss_matrix(angles, loss, order, highest)
    H = KERNEL.at_angles(angles)
    waves = np.cos(np.outer(angles, np.arange(1, highest + 1)))
    weighted = M @ waves
    quotient = np.sum(weighted * (H @ weighted), axis=0) / np.sum(waves * weighted, axis=0)
    return quotient / quotient[0]
