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

import numpy as np
import pandas as pd
import torch

from ntklab._arguments import (
    LARGEST,
    finite_array,
    finite_number,
    generator,
    instance_of,
    one_of,
    positive,
    sequence,
    size,
    whole_number,
)
from ntklab.densities import PiecewiseConstant
from ntklab.geometry import to_circle, wrap
from ntklab.gram import DENSE_LIMIT
from ntklab.kernels import TwoLayerNTK, ZonalKernel
from ntklab.networks import TwoLayerReLU, pick_device

MOST_ORDER = 20
MOST_STEPS = 10**6  # of a training
LOSSES = ("ordinary", "quadrature", "sobolev")
FREQUENCIES = (1, 3, 9)


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
    """The same up to `times` a frequency that an error calls by its name."""
    x = wrap(angles, name="angles")
    if x.ndim != 1 or len(x) < 3:
        raise ValueError(f"angles: must be at least 3 points, got shape {x.shape}")
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
    order = finite_number("order", order, at_least=-MOST_ORDER, at_most=MOST_ORDER)
    if loss == "ordinary":
        n = len(finite_array("angles", angles, ndim=1))
        if not n:
            raise ValueError("angles: must hold a point at least, got none")
        return np.eye(n) / n
    if loss == "quadrature":
        return np.diag(quadrature_weights(angles) / (2 * np.pi))
    highest = whole_number("highest", highest, at_least=1)
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

    def __post_init__(self):
        instance_of("name", self.name, str)
        angles = finite_array("angles", self.angles, ndim=1)
        matrix = finite_array("matrix", self.matrix, within=LARGEST)
        if not len(angles) or matrix.shape != (len(angles), len(angles)):
            told = f"{matrix.shape} for {len(angles)} angles"
            raise ValueError(f"matrix: must be square, one row an angle, got {told}")
        object.__setattr__(self, "angles", angles)
        object.__setattr__(self, "matrix", matrix)

    def fastest(self, kernel):
        """λ_1 of HM: the flow's largest speed."""
        instance_of("kernel", kernel, ZonalKernel)
        root = _root(kernel.at_angles(self.angles))
        return float(np.linalg.eigvalsh(root @ self.matrix @ root)[-1])

    def predict(self, target, times, kernel=None):
        """u(t) = y - exp(-HMt) y at the points under gradient flow from u = 0, shape (T, n).

        Through the symmetric matrix H^{1/2} M H^{1/2}: H is positive definite with a bias.
        """
        kernel = TwoLayerNTK(bias=True, normalization="network") if kernel is None else kernel
        instance_of("kernel", kernel, ZonalKernel)
        target, times = self._targets(target), _times(times)
        root = _root(kernel.at_angles(self.angles))
        speeds, v = np.linalg.eigh(root @ self.matrix @ root)
        start = v.T @ np.linalg.solve(root, target)
        decay = np.exp(-np.outer(times, np.maximum(speeds, 0)))
        return target - (decay * start) @ (root @ v).T

    def train(self, target, times, *, width=1000, generator, device="auto"):
        """The same for a trained two-layer network, by steps of gradient descent.

        The output is counted from where it starts. Starting weights of size 10 keep the network
        lazy at moderate width: they leave the kernel as it is, and what training adds to them is
        small beside them.

        Returns
        -------
        outputs : ndarray, shape (T, n)
        """
        target, times = self._targets(target), _times(times)
        if (np.diff(times) < 0).any():
            raise ValueError(f"times: must ascend, got {times.tolist()}")
        network = TwoLayerReLU(width, 2, weight_scale=10.0, generator=generator, device=device)
        X = torch.as_tensor(to_circle(self.angles)).to(next(network.parameters()).device)
        y = torch.as_tensor(target).to(X)
        M = torch.as_tensor(self.matrix).to(X)
        kernel = TwoLayerNTK(bias=True, normalization="network")
        step = 0.2 / self.fastest(kernel)  # small enough to look like a flow
        if times[-1] > MOST_STEPS * step:
            raise ValueError(f"times: must be <= {MOST_STEPS * step:.4g}, got {times[-1]:.4g}")
        with torch.no_grad():
            start = network(X)
        trained = [value for value in network.parameters() if value.requires_grad]
        outputs, t = [], 0.0
        for time in times:
            while t < time:
                h = min(step, time - t)
                r = network(X) - start - y
                gradients = torch.autograd.grad(0.5 * r @ M @ r, trained)
                with torch.no_grad():
                    for value, gradient in zip(trained, gradients, strict=True):
                        value -= h * gradient
                t += h
            with torch.no_grad():
                outputs.append((network(X) - start).cpu().numpy())
        return np.array(outputs)

    def _targets(self, target):
        target = finite_array("target", target, within=LARGEST)
        if target.shape != self.angles.shape:
            raise ValueError(f"target: must have shape {self.angles.shape}, got {target.shape}")
        return target


def _times(times):
    times = finite_array("times", times, ndim=1)
    if not len(times) or times.min() < 0:
        raise ValueError(f"times: must be one at least, each >= 0, got {times.tolist()}")
    return times


def _root(H):
    """The symmetric square root of a positive definite matrix."""
    eigenvalues, v = np.linalg.eigh(H)
    return (v * np.sqrt(np.maximum(eigenvalues, 1e-14 * eigenvalues[-1]))) @ v.T


def compare(
    ratio=4.0, orders=(0.5, 1.0, 1.5), frequencies=FREQUENCIES, points=200, times=None,
    train_width=0, *, rng, device="auto",
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
    train_width : int
        Also trains a network of that width; 0 does not.
    rng : numpy.random.Generator
        Source of the network.

    Returns
    -------
    pandas.DataFrame
        loss, order, route ("predicted" or "trained"), half, frequency, time, fraction.
    """
    generator("rng", rng)
    ratio = positive("ratio", ratio)
    n = whole_number("points", points, at_least=8, at_most=DENSE_LIMIT)
    bounds = {"at_least": -MOST_ORDER, "at_most": MOST_ORDER}
    orders = sequence("orders", orders, finite_number, empty=True, **bounds)
    frequencies = sequence("frequencies", frequencies, whole_number, at_least=1, at_most=n // 2)
    train_width = size("train_width", train_width, at_least=0)
    pick_device(device)
    density = PiecewiseConstant.equal_pieces([ratio, 1.0])
    x = np.sort(density.grid(n))
    kappa = np.asarray(frequencies)
    waves, highest = np.cos(np.outer(kappa, x)), int(kappa.max()) + 3
    _weights(x, "points", highest, 2)  # refused now, by its name here
    y = waves.sum(axis=0)
    times = np.geomspace(0.1, 1000, 41) if times is None else _times(times)
    kernel = TwoLayerNTK(bias=True, normalization="network")
    named = [("ordinary", 0.0), ("quadrature", 0.0), *(("sobolev", s) for s in orders)]
    frames = []
    for name, s in named:
        loss = Loss(name, x, loss_matrix(x, name, s, highest))
        fastest = loss.fastest(kernel)
        routes = {"predicted": loss.predict(y, times / fastest)}
        if train_width:
            seed = torch.Generator().manual_seed(int(rng.integers(2**32)))
            routes["trained"] = loss.train(
                y, times / fastest, width=train_width, generator=seed, device=device
            )
        for route, outputs in routes.items():
            for half, region in zip(("dense", "sparse"), density.regions, strict=True):
                inside = region.contains(x)
                basis = np.vstack([waves[:, inside], np.ones(inside.sum())]).T
                fractions, *_ = np.linalg.lstsq(basis, outputs[:, inside].T)
                for k, fraction in zip(kappa, fractions, strict=False):
                    frames.append(
                        pd.DataFrame(
                            {
                                "loss": name, "order": s, "route": route, "half": half,
                                "frequency": int(k), "time": times, "fraction": fraction,
                            }
                        )
                    )
    return pd.concat(frames, ignore_index=True)


def speeds(angles, loss="ordinary", order=1.0, highest=12):
    """⟨c, Tc⟩/⟨c, c⟩ of the waves c = cos κx, κ = 1 ... highest, relative to that of κ = 1.

    T = HM and ⟨f, g⟩ = fᵀMg: how fast each wave fades at the start if it is all the residual.
    """
    M = loss_matrix(angles, loss, order, highest)
    highest = whole_number("highest", highest, at_least=1, at_most=len(M))
    angles = finite_array("angles", angles)
    H = TwoLayerNTK(bias=True, normalization="network").at_angles(angles)
    waves = np.cos(np.outer(angles, np.arange(1, highest + 1)))
    weighted = M @ waves
    quotient = np.sum(weighted * (H @ weighted), axis=0) / np.sum(waves * weighted, axis=0)
    return quotient / quotient[0]
