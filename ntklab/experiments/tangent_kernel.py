r"""Wide networks against their tangent kernel: how far apart, and how that falls with the width.

Four statements of the lecture on trained or random networks, each a table with one row a network:

training, curves  equations (1), (8), (22): the error of a trained network is known beforehand (C02)
concentration     equation (2): one network's kernel is the expectation over networks (C03)
gaussianity       equations (3), (4): pre-activations become Gaussian (C04)
slope_products, layer_parts
                  the backup slides: Σ̇ and the kernel as a sum over layers (C05)

`size` is "quick" (seconds), "full" (minutes) or a `Size` of one's own.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ntklab import dynamics, gram
from ntklab._arguments import (
    LARGEST,
    MOST,
    boolean,
    broadcast,
    finite_array,
    finite_number,
    frame,
    generator,
    instance_of,
    one_of,
    positive,
    sequence,
    whole_number,
)
from ntklab.experiments.eigenfunctions import ONE_TWO_FOUR
from ntklab.geometry import to_circle
from ntklab.kernels import DEEPEST, NNGP, DeepNTK, TwoLayerNTK
from ntklab.networks import MOST_WEIGHTS, FullyConnected, TwoLayerReLU, pick_device
from ntklab.tangent import empirical_ntk, empirical_ntk_by_layer, ntk_drift
from ntklab.training import LONGEST, train


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
GAUSSIANITY = {
    "quick": Size((16, 32, 64, 128), networks=5000),
    "full": Size((16, 32, 64, 128, 256), networks=50_000),
}

KERNEL = TwoLayerNTK(bias=True, normalization="network")
STARTS = ("random", "paired")
LARGEST_INPUT = 1e15  # float32 bears its square
CHUNK = 2**22  # random numbers at a time


def target(x):
    """cos x + cos 2x."""
    x = finite_array("x", x, within=LARGEST)
    return np.cos(x) + np.cos(2 * x)


def training(
    size="quick",
    *,
    starts=STARTS,
    weight_scale=1.0,
    points=40,
    iterations=60,
    rng,
    device="auto",
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
    size = _size(size, TRAINING)
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    starts = sequence("starts", starts, one_of, choices=STARTS)
    weight_scale = positive("weight_scale", weight_scale)
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
    spectrum, X, y, rate = _problem(points)
    limit, frames = KERNEL.at_angles(spectrum.points), []
    for m, kind in tqdm([(m, k) for m in size.widths for k in starts], disable=not progress):
        networks = [
            two_layer(m, kind, weight_scale=weight_scale, rng=rng, device=device)
            for _ in range(size.networks)
        ]
        trained = train(networks, X, y, rate, iterations, outputs=True, record=12)
        for seed, (before, after) in enumerate(zip(networks, trained.networks, strict=True)):
            u = trained.outputs[:, seed]
            frames.append(
                {"start_kind": kind, "width": m, "seed": seed}
                | _missed(spectrum, y, rate, trained.iterations, u)
                | {
                    "start": _ratio(empirical_ntk(before, X) - limit, limit),
                    "drift": ntk_drift(before, after, X).frobenius,
                    "linearised": _ratio(u[-1] - u[0] - step(before, after, X), u[-1] - u[0]),
                }
            )
    return pd.DataFrame(frames)


def curves(widths=(16, 128, 4096), *, points=40, iterations=200, rng, device="auto"):
    """The error of one trained network of each width, and what (1) and (22) say of it.

    Returns
    -------
    pandas.DataFrame
        width, iteration, and relative to ‖y‖: trained ‖y - u(t)‖, printed √Σ(1-ηλ_i)^{2t} (v_iᵀy)²,
        counted the same with the initial output. Networks start from "random", see `training`.
    """
    generator("rng", rng)
    pick_device(device)
    widths = sequence("widths", widths, whole_number, at_least=1, at_most=MOST)
    iterations = whole_number("iterations", iterations, at_least=1, at_most=LONGEST)
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


def _problem(points):
    n = whole_number("points", points, at_least=4, at_most=2000)
    x = ONE_TWO_FOUR.grid(n)
    spectrum = gram.solve(KERNEL, x, n)
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
    width = whole_number("width", width, at_least=1, at_most=MOST)
    generator("rng", rng)
    seed = torch.Generator().manual_seed(int(rng.integers(2**32)))
    network = TwoLayerReLU(
        width, 2, weight_scale=weight_scale, generator=seed, device=device
    )
    if one_of("kind", kind, STARTS) == "paired":
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
    instance_of("before", before, torch.nn.Module)
    instance_of("after", after, torch.nn.Module)
    X = finite_array("X", X, ndim=2)
    kept = [name for name, value in before.named_parameters() if value.requires_grad]
    w = [dict(before.named_parameters())[name] for name in kept]
    change = [dict(after.named_parameters())[name].detach() - v.detach()
              for name, v in zip(kept, w, strict=True)]
    if X.shape[1] != before.dimension:
        raise ValueError(f"X: must have {before.dimension} columns, got shape {X.shape}")
    u = before(torch.as_tensor(X, dtype=w[0].dtype, device=w[0].device))
    v = torch.zeros_like(u, requires_grad=True)
    # Jᵀv is linear in v, so its product with the change has the gradient J (w' - w)
    back = torch.autograd.grad(u, w, v, create_graph=True)
    product = sum((b * c).sum() for b, c in zip(back, change, strict=True))
    return torch.autograd.grad(product, v)[0].cpu().numpy()


def concentration(
    size="quick", *, depths=(1, 2, 3), points=16, rng, device="auto", progress=False
):
    r"""‖H(0) - Θ‖ / ‖Θ‖ for random networks (3), all layers trained, and Θ of infinite width.

    Frobenius norms over `points` evenly spaced points of the circle.

    Returns
    -------
    pandas.DataFrame
        hidden_layers, width, seed, deviation.
    """
    size = _size(size, CONCENTRATION)
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    depths = sequence("depths", depths, whole_number, at_least=1, at_most=DEEPEST)
    points = whole_number("points", points, at_least=2, at_most=gram.DENSE_LIMIT)
    x = np.linspace(-np.pi, np.pi, points, endpoint=False)
    frames = []
    for L, m in tqdm([(L, m) for L in depths for m in size.widths], disable=not progress):
        limit = DeepNTK(L).at_angles(x)
        for seed in range(size.networks):
            H = empirical_ntk(_connected(L, m, rng, device), to_circle(x))
            named = {"hidden_layers": L, "width": m, "seed": seed}
            frames.append(named | {"deviation": _ratio(H - limit, limit)})
    return pd.DataFrame(frames)


def _connected(hidden_layers, width, rng, device):
    seed = torch.Generator().manual_seed(int(rng.integers(2**32)))
    return FullyConnected(hidden_layers, width, 2, generator=seed, device=device)


def preactivations(X, width, hidden_layers, networks, rng, *, device="auto"):
    """Yields f⁽¹⁾(X), ..., f⁽ᴸ⁾(X) of `networks` random ReLU networks (3) at once.

    Each is a tensor of shape (networks, n, width); every entry of every W⁽ʰ⁾ is N(0, 1), c_σ = 2.
    """
    device = pick_device(device)
    generator("rng", rng)
    X = finite_array("X", X, ndim=2, within=LARGEST_INPUT)
    hidden_layers = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
    width = whole_number("width", width, at_least=1, at_most=MOST)
    networks = whole_number("networks", networks, at_least=1, at_most=MOST)
    if networks * width * max(width, *X.shape) > MOST_WEIGHTS:
        raise ValueError(f"width, networks, X: must make {MOST_WEIGHTS} numbers a layer at most")
    seed = torch.Generator(device).manual_seed(int(rng.integers(2**32)))
    g = torch.as_tensor(X, dtype=torch.float32, device=device).expand(networks, -1, -1)
    for _ in range(hidden_layers):
        shape = networks, g.shape[-1], width
        f = g @ torch.randn(shape, generator=seed, device=device)
        yield f
        g = math.sqrt(2 / width) * torch.relu(f)


def kurtosis(hidden_layer, width):
    r"""3(1 + 5/m)^{h-1} - 3: excess kurtosis of one entry of f⁽ʰ⁾(x), ReLU, no bias, any m.

    Given the layer before, the entry is Gaussian with variance q = ‖g⁽ʰ⁻¹⁾‖². A layer multiplies q
    by (2/m) Σ_j max(z_j, 0)², which has mean 1 and variance 5/m, and 3 E[q²]/E[q]² - 3 remains.
    """
    hidden_layer, width = finite_array("hidden_layer", hidden_layer), finite_array("width", width)
    broadcast(hidden_layer=hidden_layer, width=width)
    for name, values in (("hidden_layer", hidden_layer), ("width", width)):
        if (values < 1).any():
            raise ValueError(f"{name}: must be >= 1, got {values.min():g}")
    with np.errstate(over="ignore"):  # very deep and narrow: infinite
        return 3 * (1 + 5 / width) ** (hidden_layer - 1) - 3


def gaussianity(
    size="quick", *, hidden_layers=3, angle=2 * np.pi / 3, rng, device="auto", progress=False
):
    r"""Covariance and excess kurtosis of the pre-activations of random networks (3) (ReLU).

    For the layers h = 1, ..., L at two unit inputs x, x' that are `angle` apart:

        covariance  rms over networks of ‖S - Σ⁽ʰ⁻¹⁾‖ / ‖Σ⁽ʰ⁻¹⁾‖, 2×2 matrices; S is the covariance
                    over the m entries of f⁽ʰ⁾(x), f⁽ʰ⁾(x') in one network
        mean        ‖E S - Σ⁽ʰ⁻¹⁾‖ / ‖Σ⁽ʰ⁻¹⁾‖, E the mean over networks
        excess      E[f⁴]/E[f²]² - 3 of an entry of f⁽ʰ⁾(x) over networks

    Returns
    -------
    pandas.DataFrame
        layer, width, covariance, mean, excess, error (its standard error), expected (`kurtosis`).
    """
    size = _size(size, GAUSSIANITY)
    generator("rng", rng)
    pick_device(device)
    boolean("progress", progress)
    L = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=100)
    angle = finite_number("angle", angle, at_least=0, at_most=np.pi)
    X = to_circle([0.0, angle])
    sigma = [np.array([[1, c], [c, 1]]) for c in _correlations(L, np.array([angle]))[:L, 0]]
    frames = []
    for m in tqdm(size.widths, disable=not progress):
        parts = [[] for _ in range(L)]
        at_once = max(1, CHUNK // m**2)
        for done in range(0, size.networks, at_once):
            count = min(at_once, size.networks - done)
            for h, f in enumerate(preactivations(X, m, L, count, rng, device=device)):
                second = (f @ f.mT / m).double().cpu().numpy()
                fourth = f[:, 0].double().pow(4).mean(1).cpu().numpy()
                parts[h].append((second, fourth))
        for h, chunks in enumerate(parts):
            S, fourth = (np.concatenate(values) for values in zip(*chunks, strict=True))
            off, norm = np.linalg.norm(S - sigma[h], axis=(1, 2)), np.linalg.norm(sigma[h])
            excess, error = _excess(S[:, 0, 0], fourth)
            frames.append(
                {
                    "layer": h + 1,
                    "width": m,
                    "covariance": math.sqrt(np.mean(off**2)) / norm,
                    "mean": _ratio(S.mean(0) - sigma[h], sigma[h]),
                    "excess": excess,
                    "error": error,
                    "expected": float(kurtosis(h + 1, m)),
                }
            )
    return pd.DataFrame(frames)


def _excess(second, fourth):
    """E[f⁴]/E[f²]² - 3 from the moments in each network, and its standard error to first order."""
    q = second.mean()
    influence = fourth / q**2 - 2 * fourth.mean() * second / q**3
    return fourth.mean() / q**2 - 3, influence.std(ddof=1) / math.sqrt(len(second))


def _correlations(hidden_layers, theta):
    """Σ⁽⁰⁾, ..., Σ⁽ᴸ⁾ at angles θ between unit vectors, shape (L + 1, len(θ)): equation (4)."""
    return np.array(
        [np.cos(theta)] + [NNGP(h).profile(theta) for h in range(1, hidden_layers + 1)]
    )


ANGLES = np.pi * np.array([1, 2, 3, 4, 5]) / 6


def slope(theta):
    """Σ̇ = c_σ E[σ̇(u)σ̇(v)] = (π - θ)/π for ReLU, u and v of correlation cos θ."""
    return (np.pi - finite_array("theta", theta)) / np.pi


def printed_slope(theta):
    """Σ̇ as the paper's appendix prints it: with a factor ρ = cos θ too many."""
    theta = finite_array("theta", theta)
    return np.cos(theta) * slope(theta)


def slope_products(samples=1_000_000, *, angles=ANGLES, rng):
    r"""c_σ E[σ̇(u)σ̇(v)] of ReLU by drawing (u, v) ~ N(0, [[1, ρ], [ρ, 1]]), ρ = cos θ.

    Returns
    -------
    pandas.DataFrame
        angle, mean, error (standard error of the mean).
    """
    samples = whole_number("samples", samples, at_least=2, at_most=MOST)
    generator("rng", rng)
    theta = finite_array("angles", angles, ndim=1)
    if not len(theta):
        raise ValueError("angles: must hold one at least, got none")
    z = rng.standard_normal((2, samples))
    frames = []
    for angle in theta:
        both = (z[0] > 0) & (np.cos(angle) * z[0] + np.sin(angle) * z[1] > 0)
        p = both.mean()
        error = math.sqrt(p * (1 - p) / samples)
        frames.append({"angle": angle, "mean": 2 * p, "error": 2 * error})
    return pd.DataFrame(frames)


def layer_parts(hidden_layers=3, width=512, networks=30, *, rng, device="auto", slope=slope):
    r"""Each layer's part of the tangent kernel, in random networks and by the product formula.

    ⟨g⁽ʰ⁻¹⁾, g⁽ʰ⁻¹⁾'⟩⟨b⁽ʰ⁾, b⁽ʰ⁾'⟩ → Σ⁽ʰ⁻¹⁾ ∏_{k=h}^{L} Σ̇⁽ᵏ⁾ for h = 1, ..., L + 1, at the angles
    `ANGLES` between two points.

    Parameters
    ----------
    hidden_layers, width, networks : int
    rng : numpy.random.Generator
    device : str
    slope : callable
        θ -> Σ̇ of a layer whose inputs are θ apart.

    Returns
    -------
    pandas.DataFrame
        layer, angle, mean and error (standard error) over the networks, formula.
    """
    generator("rng", rng)
    pick_device(device)
    instance_of("slope", slope, Callable)
    hidden_layers = whole_number("hidden_layers", hidden_layers, at_least=1, at_most=DEEPEST)
    width = whole_number("width", width, at_least=1, at_most=MOST)
    networks = whole_number("networks", networks, at_least=2, at_most=MOST)
    X = to_circle(np.concatenate([[0.0], ANGLES]))
    parts = []
    for _ in range(networks):
        by_layer = empirical_ntk_by_layer(_connected(hidden_layers, width, rng, device), X[:1], X)
        parts.append(np.array(list(by_layer.values()))[:, 0, 1:])  # (L + 1, angles)
    sigma = _correlations(hidden_layers, ANGLES)
    # Σ̇⁽ᵏ⁾ belongs to the angle between the inputs of layer k, whose cosine is Σ⁽ᵏ⁻¹⁾
    angles = np.arccos(np.clip(sigma[:-1], -1, 1))
    slopes = finite_array("slope", slope(angles))
    if slopes.shape != angles.shape:
        raise ValueError(f"slope: must be elementwise, got {slopes.shape} from {angles.shape}")
    after = np.cumprod(np.vstack([slopes, np.ones_like(ANGLES)])[::-1], axis=0)[::-1]
    layer, angle = np.meshgrid(np.arange(1, len(after) + 1), ANGLES, indexing="ij")
    return pd.DataFrame(
        {
            "layer": layer.ravel(),
            "angle": angle.ravel(),
            "mean": np.mean(parts, axis=0).ravel(),
            "error": (np.std(parts, axis=0, ddof=1) / math.sqrt(networks)).ravel(),
            "formula": (sigma * after).ravel(),
        }
    )


def rms(table, column, by="width"):
    """Root of the mean square of a column for every width: (widths, values), ready to be fitted."""
    frame("table", table, "")
    one_of("column", column, list(table))
    one_of("by", by, list(table))
    mean = table.groupby(by)[column].agg(lambda v: np.sqrt(np.mean(v**2)))
    return mean.index.to_numpy(float), mean.to_numpy()


def _size(size, named):
    if not isinstance(size, Size):
        return named[one_of("size", size, named)]
    widths = sequence("size (widths)", size.widths, whole_number, at_least=1, at_most=MOST)
    networks = whole_number("size (networks)", size.networks, at_least=2, at_most=MOST)
    return Size(tuple(widths), networks)


def _ratio(change, of):
    return float(np.linalg.norm(change) / np.linalg.norm(of))
