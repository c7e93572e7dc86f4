"""Deep kernels' spectra: the data of figures that need no network."""

import math

import numpy as np
import pandas as pd

from ntklab import asymptotics, dynamics, fredholm
from ntklab.experiments.toolkit import fit_power, wave
from ntklab.kernels import DeepNTK, TwoLayerNTK

DEPTHS = (1, 2, 3, 5, 10, 50)
# Frequencies over which slopes are fitted, by the dimension d of the ambient space
WINDOWS = {2: (50, 200), 3: (10, 30)}


def eigenvalue_decay(depths=DEPTHS, highest=200, dimension=2):
    """λ_κ of `DeepNTK(L)` under uniform data on S^{d-1} for κ = 1 ... highest.

    Parameters
    ----------
    depths : sequence of int
        L, numbers of hidden layers.
    highest : int
        Largest frequency κ (degree of the harmonic for d >= 3).
    dimension : int
        d >= 2.

    Returns
    -------
    pandas.DataFrame
        hidden_layers, frequency, eigenvalue, asymptotic (d = 2 only, else nan).
    """
    frequency = np.arange(1, highest + 1)
    frames = []
    for L in depths:
        eigenvalues = DeepNTK(L).harmonic_eigenvalues(frequency, dimension=dimension)
        law = asymptotics.deep_eigenvalue(frequency, L) if dimension == 2 else np.nan
        columns = {"hidden_layers": L, "frequency": frequency, "eigenvalue": eigenvalues}
        frames.append(pd.DataFrame({**columns, "asymptotic": law}))
    return pd.concat(frames, ignore_index=True)


def decay_slopes(decay, window):
    """Slopes of log λ against log κ over a window, even and odd frequencies apart.

    A line through both would fit the zig-zag of parity, and depth 1 has no odd eigenvalues.

    Returns
    -------
    pandas.DataFrame
        hidden_layers, parity, slope, error (standard error of the slope).
    """
    low, high = window
    inside = decay[decay.frequency.between(low, high)]
    rows = []
    for (L, odd), part in inside.groupby(["hidden_layers", inside.frequency % 2]):
        part = part[part.eigenvalue > 1e-12 * decay.eigenvalue.max()]
        if len(part) >= 3:
            law = fit_power(part.frequency.to_numpy(), part.eigenvalue.to_numpy())
            rows.append((L, "odd" if odd else "even", law.exponent, law.error))
    return pd.DataFrame(rows, columns=["hidden_layers", "parity", "slope", "error"])


def parity_ratio(hidden_layers, frequency=100):
    """λ_{κ+1}/λ_κ on the circle at an even κ: 1 but for parity and the slow decay."""
    if frequency % 2:
        raise ValueError(f"frequency: must be even, got {frequency}")
    lower, upper = DeepNTK(hidden_layers).harmonic_eigenvalues([frequency, frequency + 1])
    return float(upper / lower)


def learning_times(density, frequencies, kernel, threshold=0.05):
    """Gradient-flow time until cos κx is learned to rms `threshold` in every region (C18, C22).

    Parameters
    ----------
    density : CircleDensity
    frequencies : sequence of int
        κ >= 1.
    kernel : ZonalKernel
    threshold : float
        δ, rms over the region.

    Returns
    -------
    pandas.DataFrame
        frequency, region, density (p_j, its mean over the region), time.
    """
    spectrum = fredholm.resolve(kernel, density, wave(max(frequencies)), 0.1 * threshold)
    rows = []
    for k in frequencies:
        flow = dynamics.gradient_flow(spectrum, wave(k))
        for j, region in enumerate(density.regions):
            p = density.mass(region) / region.length
            rows.append((k, j, p, flow.time_to_reach(threshold, region).time))
    return pd.DataFrame(rows, columns=["frequency", "region", "density", "time"])


def eigenspace_overlaps(density, hidden_layers, count=41):
    """Overlaps of the eigenfunctions of a deep kernel with those of the two-layer kernel.

    Returns
    -------
    pandas.DataFrame
        q and overlap: the least cosine between the spaces of the q-th pairs, in L²(p).
    """
    shallow = fredholm.solve(TwoLayerNTK(bias=True), density, count)
    deep = fredholm.solve(DeepNTK(hidden_layers), density, count)
    # both spectra at the nodes of one of them
    products = (deep.values * deep.weights[:, None]).T @ shallow(deep.points)
    rows = []
    for q in range(1, (count - 1) // 2 + 1):
        pair = slice(2 * q - 1, 2 * q + 1)
        rows.append((q, np.linalg.svd(products[pair, pair], compute_uv=False).min()))
    return pd.DataFrame(rows, columns=["q", "overlap"])


def required_width(points, hidden_layers):
    r"""log10 of the width that the theorem on (20) asks for, its unnamed constants taken as 1.

    m = n²⁴ L¹² log⁵ m / (δ⁸ τ⁶) with τ = ε δ̂ / n and ε = δ = δ̂ = 0.1, so m grows like n³⁰.

    Parameters
    ----------
    points, hidden_layers : int
        n and L.
    """
    n, L = points, hidden_layers
    rest = 24 * math.log(n) + 12 * math.log(L) - 8 * math.log(0.1) - 6 * math.log(0.01 / n)
    # log m = rest + 5 log log m. From above, where it contracts, this falls to the larger root:
    # all widths beyond that one will do
    log_m = rest + 100
    for _ in range(200):
        log_m = rest + 5 * math.log(log_m)
    return log_m / math.log(10)


def theorem_settings(points, hidden_layers):
    """τ, m and η of the theorem on (20) for ε = δ = δ̂ = 0.1, its unnamed constants taken as 1.

    τ = ε δ̂/n, m of `required_width`, η = δ/(n⁴ L² m τ²). The output before training has the size
    τ of the last layer's weights, so a small τ makes |u(0)| < ε: then y may stand for y - u(0).

    Returns
    -------
    dict
        "tau", "log10 m", "log10 eta".
    """
    tau, width = 0.01 / points, required_width(points, hidden_layers)
    eta = -1 - 4 * math.log10(points) - 2 * math.log10(hidden_layers)
    return {"tau": tau, "log10 m": width, "log10 eta": eta - width - 2 * math.log10(tau)}


def wave_overlaps(density, kernel, count=41):
    """Overlaps of the eigenfunctions under a density with waves in x, and with waves in Ψ/Z.

    Returns
    -------
    pandas.DataFrame
        q, straight and warped: the least cosine, in L²(dx) over the circle, between the space of
        the q-th pair and that of cos qx, sin qx, and that of cos(qΨ/Z), sin(qΨ/Z).
    """
    x = np.linspace(-np.pi, np.pi, 4096, endpoint=False)
    values, phases = fredholm.solve(kernel, density, count)(x), (x, density.phase(x) / density.Z)
    rows = []
    for q in range(1, (count - 1) // 2 + 1):
        pair, _ = np.linalg.qr(values[:, 2 * q - 1 : 2 * q + 1])
        waves = [np.linalg.qr(np.stack([np.cos(q * u), np.sin(q * u)], axis=1))[0] for u in phases]
        rows.append((q, *(np.linalg.svd(pair.T @ w, compute_uv=False).min() for w in waves)))
    return pd.DataFrame(rows, columns=["q", "straight", "warped"])


def slopes_by_seed(table, quantities=("start", "drift", "residual")):
    """The power of the width for every depth and seed: their scatter is the uncertainty of a slope.

    The error of one fit only says how well its points lie on a line.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `trained.depth.lazy_training`: hidden_layers, width, seed and the quantities.

    Returns
    -------
    pandas.DataFrame
        hidden_layers, seed, quantity, exponent.
    """
    rows = [
        (L, seed, name, fit_power(part.width.to_numpy(float), part[name].to_numpy()).exponent)
        for (L, seed), part in table.groupby(["hidden_layers", "seed"])
        for name in quantities
    ]
    return pd.DataFrame(rows, columns=["hidden_layers", "seed", "quantity", "exponent"])
