"""Figures: Gaussian layers, and the slope Σ̇ with and without a stray factor."""

import numpy as np

from ntklab.figures.axes import plain_ticks, theta_axis, ticks
from ntklab.figures.panels import new
from ntklab.figures.style import COLORS, MARKERS, SERIES, WIDE, layers, styled


@styled
def gaussian_layers(samples, table):
    """Pre-activations over random networks against a normal density, and their excess kurtosis.

    Parameters
    ----------
    samples : dict of int to ndarray
        width -> pre-activations of one neuron over many networks.
    table : pandas.DataFrame
        Of `experiments.tangent_kernel.gaussianity`.
    """
    figure, (left, right) = new(1, 2, size=(WIDE, 3.6))
    edges = np.linspace(-6, 6, 49)
    z = np.linspace(-6, 6, 300)
    left.semilogy(z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), color="black", lw=1, label="N(0, 1)")
    for i, (m, values) in enumerate(samples.items()):
        height, _ = np.histogram(values, edges)
        height = np.where(height > 0, height / (len(values) * np.diff(edges)), np.nan)
        left.plot((edges[1:] + edges[:-1]) / 2, height, MARKERS[i], ms=4, color=SERIES[i],
                  label=f"width {m}")
    left.set(xlabel="pre-activation of one neuron", ylabel="density over networks", ylim=(1e-5, 1))
    left.legend()
    deep = sorted(set(table.layer))[1:]
    for i, h in enumerate(deep):
        part = table[table.layer == h]
        right.errorbar(part.width, part.excess, 2 * part.error, fmt=MARKERS[i], ms=4,
                       color=SERIES[i], capsize=3, label=f"layer {h}")
        right.plot(part.width, part.expected, color=SERIES[i], lw=1)
    right.set(xlabel="width m", ylabel="excess kurtosis", xscale="log", yscale="log")
    ticks(right.xaxis, sorted(set(table.width)))
    seen = table[table.layer > 1]
    plain_ticks(right, seen.expected.min(), seen.expected.max())
    right.legend()
    return figure, (
        "Left: distribution of a deep pre-activation over random networks of width "
        f"{', '.join(map(str, samples))} on a logarithmic scale; narrow networks have heavier "
        "tails than the normal density, wide ones follow it. Right: excess kurtosis of layers "
        f"{', '.join(map(str, deep))} against the width with error bars of two standard errors, "
        "on the exact curves, which fall like 1/m."
    )


@styled
def slopes(table, right, printed):
    """Σ̇ by sampling, with the correct formula and the printed one.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.tangent_kernel.slope_products`.
    right, printed : callable
        θ -> Σ̇.
    """
    figure, ax = new(size=(5.6, 3.6))
    theta = np.linspace(0, np.pi, 200)
    ax.plot(theta, right(theta), color=COLORS["theory"], label="(π - θ)/π")
    ax.plot(theta, printed(theta), color=COLORS["printed"], ls="--", label="printed: ρ(π - θ)/π")
    ax.plot(table.angle, table["mean"], "o", color=COLORS["experiment"], label="sampled")
    theta_axis(ax)
    ax.set_ylabel("c_σ E[σ̇(u) σ̇(v)]")
    ax.legend()
    return figure, (
        "The expectation of the product of two ReLU slopes against the angle: samples lie on the "
        "straight line from 1 to 0; the printed formula falls below it and becomes negative "
        "beyond a right angle, which no probability can."
    )


@styled
def layers_and_parts(seen):
    """Correlation of two inputs after every layer; the kernel as a stack of its layers' parts.

    Parameters
    ----------
    seen : explorers.deep_kernels.Layers
    """
    figure, (left, right) = new(1, 2, size=(WIDE, 3.8))
    at = int(np.argmin(np.abs(seen.theta - seen.angle)))
    names = {0: "inputs"} | {h: f"after layer {h}" for h in (1, seen.hidden_layers)}
    for h, row in enumerate(seen.correlations):
        shade = str(0.75 - 0.7 * h / seen.hidden_layers)
        left.plot(seen.theta, row, color=shade, label=names.get(h))
        left.plot(seen.angle, row[at], "o", ms=4, color=SERIES[0])
    left.set_ylabel("correlation")
    left.legend(fontsize=9)
    low = np.zeros_like(seen.theta)
    for h, part in enumerate(seen.parts, start=1):
        right.fill_between(
            seen.theta, low, low + part, alpha=0.75, lw=0.5, color=SERIES[(h - 1) % len(SERIES)],
            label=f"W{h}" if len(seen.parts) <= 5 or h in (1, len(seen.parts)) else None,
        )
        low = low + part
    right.plot(seen.theta, low, color=COLORS["kernel"], lw=2, label="sum: k")
    right.set_ylabel("k(θ), by trained layer")
    right.legend(fontsize=9)
    for ax in (left, right):
        theta_axis(ax, "angle θ (rad)")
        ax.axhline(0, color="0.3", lw=0.6)
    return figure, (
        f"{seen.activation}, {layers(seen.hidden_layers)}. Left, the correlation of two "
        f"inputs after each layer against their angle; inputs {seen.angle:z.2f} apart start with "
        f"{seen.correlations[0, at]:z.2f} and end with {seen.correlations[-1, at]:z.2f}. Right, "
        f"the tangent kernel as a stack of its layers' parts, {low[0]:z.2f} at angle 0 and "
        f"{low[at]:z.2f} there."
    )
