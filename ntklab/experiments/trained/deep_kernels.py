"""Random deep networks against the recursion and the product of infinite width (C04, C05)."""

import math

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from ntklab.experiments import deep_kernels as exact
from ntklab.experiments.toolkit import chosen
from ntklab.experiments.trained.tangent_kernel import Size, connected
from ntklab.experiments.trained.toolkit import ratio
from ntklab.geometry import to_circle
from ntklab.networks import pick_device
from ntklab.tangent import empirical_ntk_by_layer

GAUSSIANITY = {
    "quick": Size((16, 32, 64, 128), networks=5000),
    "full": Size((16, 32, 64, 128, 256), networks=50_000),
}
CHUNK = 2**22  # random numbers at a time


def preactivations(X, width, hidden_layers, networks, rng, *, device="auto"):
    """Yields f⁽¹⁾(X), ..., f⁽ᴸ⁾(X) of `networks` random ReLU networks (3) at once.

    Each is a tensor of shape (networks, n, width); every entry of every W⁽ʰ⁾ is N(0, 1), c_σ = 2.
    """
    device = pick_device(device)
    source = torch.Generator(device).manual_seed(int(rng.integers(2**32)))
    g = torch.as_tensor(X, dtype=torch.float32, device=device).expand(networks, -1, -1)
    for _ in range(hidden_layers):
        shape = networks, g.shape[-1], width
        f = g @ torch.randn(shape, generator=source, device=device)
        yield f
        g = math.sqrt(2 / width) * torch.relu(f)


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
    size = chosen(size, GAUSSIANITY)
    L = hidden_layers
    X = to_circle([0.0, angle])
    sigma = [np.array([[1, c], [c, 1]]) for c in exact.correlations(L, np.array([angle]))[:L, 0]]
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
            frames.append({
                "layer": h + 1,
                "width": m,
                "covariance": math.sqrt(np.mean(off**2)) / norm,
                "mean": ratio(S.mean(0) - sigma[h], sigma[h]),
                "excess": excess,
                "error": error,
                "expected": float(exact.kurtosis(h + 1, m)),
            })
    return pd.DataFrame(frames)


def _excess(second, fourth):
    """E[f⁴]/E[f²]² - 3 from the moments in each network, and its standard error to first order."""
    q = second.mean()
    influence = fourth / q**2 - 2 * fourth.mean() * second / q**3
    return fourth.mean() / q**2 - 3, influence.std(ddof=1) / math.sqrt(len(second))


def layer_parts(hidden_layers=3, width=512, networks=30, *, rng, device="auto", slope=exact.slope):
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
    X = to_circle(np.concatenate([[0.0], exact.ANGLES]))
    parts = []
    for _ in range(networks):
        by_layer = empirical_ntk_by_layer(connected(hidden_layers, width, rng, device), X[:1], X)
        parts.append(np.array(list(by_layer.values()))[:, 0, 1:])  # (L + 1, angles)
    formula = exact.products(hidden_layers, slope)
    layer, angle = np.meshgrid(np.arange(1, len(formula) + 1), exact.ANGLES, indexing="ij")
    return pd.DataFrame({
        "layer": layer.ravel(),
        "angle": angle.ravel(),
        "mean": np.mean(parts, axis=0).ravel(),
        "error": (np.std(parts, axis=0, ddof=1) / math.sqrt(networks)).ravel(),
        "formula": formula.ravel(),
    })
