r"""Wide networks against their tangent kernel: how far apart, and how that falls with the width.

training, curves  equations (1), (8), (22): the error of a trained network is known beforehand (C02)
concentration     equation (2): one network's kernel is the expectation over networks (C03)
moved             a network from small weights: training changes its kernel
together          neurons before and after training, and what training adds to several networks

`size` is "quick" (seconds), "full" (minutes) or a `Size` of one's own.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ntklab import dynamics, gram
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.toolkit import output, ratio, seed
from ntklab.geometry import to_circle
from ntklab.kernels import DeepNTK, TwoLayerNTK
from ntklab.networks import FullyConnected, TwoLayerReLU
from ntklab.tangent import empirical_ntk, ntk_drift
from ntklab.training import train


class Size(NamedTuple):
    """Widths m, increasing, and the number of networks of each width."""

    widths: tuple
    networks: int


TRAINING = {
    "quick": Size((128, 256, 512, 1024, 2048, 4096), networks=20),
    "full": Size((256, 1024, 4096, 16_384, 65_536), networks=40),
}
CONCENTRATION = {
    "quick": Size((32, 64, 128, 256, 512, 1024), networks=20),
    "full": Size((32, 128, 512, 2048, 4096), networks=40),
}

KERNEL = TwoLayerNTK(bias=True, normalization="network")
STARTS = ("random", "paired")


def target(x):
    """cos x + cos 2x."""
    return np.cos(x) + np.cos(2 * x)


def training(
    size="quick", *, starts=STARTS, weight_scale=1.0, points=40, iterations=60, rng, device="auto",
    progress=False,
):
    r"""Train network (6), first layer with biases, and compare with the three forms of (1).

    With the infinite width's kernel matrix H^∞, its eigenpairs λ_i, v_i, and r = u(0) - y:

        printed  max_t |‖y - u(t)‖ - √Σ(1-ηλ_i)^{2t} (v_iᵀy)²| / ‖y‖      (1), (8) as they stand
        counted  the same with v_iᵀr in the place of v_iᵀy                 initial output included
        vector   max_t ‖u(t) - y - (I - ηH^∞)^t r‖ / ‖y‖                   (22): the vectors, too

    and what they come from:

        start       ‖H(0) - H^∞‖ / ‖H^∞‖
        drift       ‖H(T) - H(0)‖ / ‖H(0)‖ at the end T of the training
        linearised  ‖u(T) - u(0) - J(w(T) - w(0))‖ / ‖u(T) - u(0)‖, J = ∂u(0)/∂w

    t runs over about 12 moments for each factor of 10. In units of the sum (5), η is 1/λ_1.

    Parameters
    ----------
    size : {"quick", "full"} or Size
    starts : sequence of {"random", "paired"}
        "random" is TwoLayerReLU's own start; "paired" has every neuron twice, with a_r of both
        signs, so that u(0) = 0 exactly and H(0) is that of half the width.
    weight_scale : float
        τ of the starting weights N(0, τ²).
    points : int
        n, laid out as the density 1:2:4. The target is `target`.
    iterations : int
        T.
    rng : numpy.random.Generator
        Source of the networks.
    device : str
        See `networks.pick_device`.
    progress : bool

    Returns
    -------
    pandas.DataFrame
        start_kind, width, seed, then the six columns above.

    Raises
    ------
    ValueError, TypeError
        Naming the argument out of range or of the wrong kind.
    """
    size = chosen(size, TRAINING)
    spectrum, X, y, rate = _problem(points)
    limit, frames = KERNEL.at_angles(spectrum.points), []
    for m, kind in tqdm([(m, k) for m in size.widths for k in starts], disable=not progress):
        networks = [
            two_layer(m, kind, weight_scale=weight_scale, rng=rng, device=device)
            for _ in range(size.networks)
        ]
        trained = train(networks, X, y, rate, iterations, outputs=True, record=12)
        for number, (before, after) in enumerate(zip(networks, trained.networks, strict=True)):
            u = trained.outputs[:, number]
            frames.append({
                "start_kind": kind, "width": m, "seed": number,
                **_missed(spectrum, y, rate, trained.iterations, u),
                "start": ratio(empirical_ntk(before, X) - limit, limit),
                "drift": ntk_drift(before, after, X).frobenius,
                "linearised": ratio(u[-1] - u[0] - step(before, after, X), u[-1] - u[0]),
            })
    return pd.DataFrame(frames)


def curves(widths=(16, 128, 4096), *, points=40, iterations=200, rng, device="auto"):
    """The error of one trained network of each width, and what (1) and (22) say of it.

    Returns
    -------
    pandas.DataFrame
        width, iteration, and relative to ‖y‖: trained ‖y - u(t)‖, printed √Σ(1-ηλ_i)^{2t} (v_iᵀy)²,
        counted the same with the initial output. Networks start from "random", see `training`.
    """
    spectrum, X, y, rate = _problem(points)
    frames = []
    for m in widths:
        networks = [two_layer(m, rng=rng, device=device)]
        trained = train(networks, X, y, rate, iterations, outputs=True)
        t, u = trained.iterations, trained.outputs[:, 0]
        error, from_zero, from_start = _errors(spectrum, y, rate, t, u)
        named = {"trained": error, "printed": from_zero, "counted": from_start}
        frames.append(pd.DataFrame({"width": m, "iteration": t} | named))
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class Moved:
    """The tangent kernel of a network before and after training, beside that of infinite width."""

    angles: np.ndarray  # (n,)
    target: np.ndarray  # (n,)
    outputs: np.ndarray  # (n,) at the end
    limit: np.ndarray  # (n, n)
    before: np.ndarray  # (n, n)
    after: np.ndarray  # (n, n)

    @property
    def drift(self):
        """‖H(T) - H(0)‖ / ‖H(0)‖."""
        return ratio(self.after - self.before, self.before)

    @property
    def error(self):
        """Root mean square error at the end, relative to that of the target."""
        return ratio(self.outputs - self.target, self.target)

    def rate(self, H, of=None):
        """yᵀHy / n‖y‖²: the rate at which a kernel begins to learn the target, or values `of`."""
        y = self.target if of is None else of
        return float(y @ H @ y / (len(H) * np.sum(y**2)))


def moved(weight_scale, width=256, frequency=4, *, points=80, iterations=4000, rng, device="auto"):
    """Train a network (6) from weights N(0, τ²) on cos κx, and keep its kernel before and after.

    It starts from pairs of neurons, so that u(0) = 0. In units of the sum (5), η is 0.3/λ_1.

    Parameters
    ----------
    weight_scale : float
        τ > 0. The kernel at the start does not depend on it.
    width, frequency, points, iterations : int
        m (even), κ, n (evenly spaced), T.
    rng : numpy.random.Generator
    device : str
        See `networks.pick_device`.

    Returns
    -------
    Moved
    """
    x = np.linspace(-np.pi, np.pi, points, endpoint=False)
    X, y, limit = to_circle(x), np.cos(frequency * x), KERNEL.at_angles(x)
    before = two_layer(width, "paired", weight_scale=weight_scale, rng=rng, device=device)
    rate = 0.3 * points / np.linalg.eigvalsh(limit)[-1]
    trained = train([before], X, y, rate, iterations, outputs=True, record=1)
    kernels = (empirical_ntk(network, X) for network in (before, trained.networks[0]))
    return Moved(x, y, trained.outputs[-1, 0], limit, *kernels)


@dataclass(frozen=True)
class Together:
    """Networks of one width, learning one target, on a grid of angles.

    Attributes
    ----------
    width : int
    angles : ndarray, shape (A,)
    before, after : ndarray, shape (K, A)
        a_r σ(w_r·x + b_r) of the first K neurons of one of them.
    added : ndarray, shape (N, A)
        f(x) at the end less f(x) at the start, of each network.
    expected : ndarray, shape (A,)
        The same at infinite width.
    """

    width: int
    angles: np.ndarray
    before: np.ndarray
    after: np.ndarray
    added: np.ndarray
    expected: np.ndarray


def together(width, networks=12, neurons=16, *, points=40, iterations=20, rng, device="auto"):
    """Train networks (6) of one width to add `target` to what they give at the start.

    So all of them have the same residual -y at the start, and at infinite width all would add the
    same function, Σ_i (1 - (1 - ηλ_i)^T) ⟨v_i, y⟩ v_i(x). In units of the sum (5), η is 1/λ_1.

    Parameters
    ----------
    width, networks, neurons, points, iterations : int
        m, N, K, n (laid out as the density 1:2:4), T.
    rng : numpy.random.Generator
    device : str
        See `networks.pick_device`.

    Returns
    -------
    Together
    """
    spectrum, X, y, rate = _problem(points)
    angles = np.linspace(-np.pi, np.pi, 201)
    grid = to_circle(angles)
    starts = [two_layer(width, rng=rng, device=device) for _ in range(networks)]
    targets = np.stack([output(network, X) + y for network in starts])
    ends = train(starts, X, targets, rate, iterations).networks
    added = [output(e, grid) - output(s, grid) for s, e in zip(starts, ends, strict=True)]
    learned = 1 - (1 - rate * spectrum.eigenvalues) ** iterations
    expected = spectrum(angles) @ (learned * spectrum.project(y))
    drawn = (_neurons(network, grid)[:neurons] for network in (starts[0], ends[0]))
    return Together(width, angles, *drawn, np.array(added), expected)


def _neurons(network, X):
    """a_r σ(w_r·x + b_r), shape (m, len(X))."""
    W, b, a = (getattr(network, name).detach().double().cpu().numpy() for name in "Wba")
    return a[:, None] * np.maximum(W @ X.T + b[:, None], 0)


def _problem(points):
    x = ONE_TWO_FOUR.grid(points)
    spectrum = gram.solve(KERNEL, x, points)
    return spectrum, to_circle(x), target(x), 1 / spectrum.eigenvalues[0]


def _errors(spectrum, y, rate, t, u):
    """‖y - u(t)‖/‖y‖ of outputs u, by (1) as it stands, and by (1) with the initial output."""
    size = math.sqrt(np.mean(y**2))
    from_zero = dynamics.gradient_descent(spectrum, y, rate)
    from_start = dynamics.gradient_descent(spectrum, y, rate, start=u[0])
    return (
        np.sqrt(np.mean((u - y) ** 2, axis=1)) / size,
        from_zero.error(t) / size,
        from_start.error(t) / size,
    )


def _missed(spectrum, y, rate, t, u):
    error, from_zero, from_start = _errors(spectrum, y, rate, t, u)
    predicted = dynamics.gradient_descent(spectrum, y, rate, start=u[0]).residual_at(t)
    xi = np.linalg.norm(u - y - predicted, axis=1) / np.linalg.norm(y)
    return {
        "printed": np.abs(error - from_zero).max(),
        "counted": np.abs(error - from_start).max(),
        "vector": xi.max(),
    }


def two_layer(width, kind="random", *, weight_scale=1.0, rng, device="auto"):
    """A `TwoLayerReLU` on the plane with either start, see `training`."""
    network = TwoLayerReLU(width, 2, weight_scale=weight_scale, generator=seed(rng), device=device)
    if kind == "paired":
        if width % 2:
            raise ValueError(f"width: must be even for pairs of neurons, got {width}")
        half = width // 2
        with torch.no_grad():
            network.W[half:] = network.W[:half]
            network.a[half:] = -network.a[:half]
    return network


def step(before, after, X):
    """J (w' - w), shape (n,): the change of the outputs to first order in that of the parameters.

    Parameters
    ----------
    before, after : torch.nn.Module
        The same network with parameters w, where J = ∂f(X)/∂w is taken, and w'.
    X : array_like, shape (n, d)
    """
    kept = [name for name, value in before.named_parameters() if value.requires_grad]
    w = [dict(before.named_parameters())[name] for name in kept]
    change = [dict(after.named_parameters())[name].detach() - v.detach()
              for name, v in zip(kept, w, strict=True)]
    u = before(torch.as_tensor(X, dtype=w[0].dtype, device=w[0].device))
    v = torch.zeros_like(u, requires_grad=True)
    # Jᵀv is linear in v, so its product with the change has the gradient J (w' - w)
    back = torch.autograd.grad(u, w, v, create_graph=True)
    product = sum((b * c).sum() for b, c in zip(back, change, strict=True))
    return torch.autograd.grad(product, v)[0].cpu().numpy()


def concentration(size="quick", *, depths=(1, 2, 3), points=16, rng, device="auto", progress=False):
    r"""‖H(0) - Θ‖ / ‖Θ‖ for random networks (3), all layers trained, and Θ of infinite width.

    Frobenius norms over `points` evenly spaced points of the circle.

    Returns
    -------
    pandas.DataFrame
        hidden_layers, width, seed, deviation.
    """
    size = chosen(size, CONCENTRATION)
    x = np.linspace(-np.pi, np.pi, points, endpoint=False)
    frames = []
    for L, m in tqdm([(L, m) for L in depths for m in size.widths], disable=not progress):
        limit = DeepNTK(L).at_angles(x)
        for number in range(size.networks):
            H = empirical_ntk(connected(L, m, rng, device), to_circle(x))
            deviation = ratio(H - limit, limit)
            frames.append({"hidden_layers": L, "width": m, "seed": number, "deviation": deviation})
    return pd.DataFrame(frames)


def connected(hidden_layers, width, rng, device):
    """A random network (3) on the plane."""
    return FullyConnected(hidden_layers, width, 2, generator=seed(rng), device=device)
