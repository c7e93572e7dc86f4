"""Figures: Gaussian layers, and the slope Σ̇ with and without a stray factor."""

import numpy as np
from scipy.stats import norm

from ntklab.figures.style import COLORS, MARKERS, SERIES, new, plain_ticks, styled, theta_axis


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
    figure, axes = new(1, 2, size=(9.4, 3.8))
    left, right = axes[0]
    edges = np.linspace(-6, 6, 49)
    z = np.linspace(-6, 6, 300)
    left.semilogy(z, norm.pdf(z), color="black", lw=1, label="N(0, 1)")
    for i, (m, values) in enumerate(samples.items()):
        height, _ = np.histogram(values, edges)
        height = np.where(height > 0, height / (len(values) * np.diff(edges)), np.nan)
        left.plot((edges[1:] + edges[:-1]) / 2, height, MARKERS[i], ms=4, color=SERIES[i],
                  label=f"width {m}")
    left.set_ylim(1e-5, 1)
    left.set_xlabel("pre-activation of one neuron")
    left.set_ylabel("density over networks")
    left.legend()
    layers = sorted(set(table.layer))[1:]
    for i, h in enumerate(layers):
        part = table[table.layer == h]
        right.errorbar(part.width, part.excess, 2 * part.error, fmt=MARKERS[i], ms=4,
                       color=SERIES[i], capsize=3, label=f"layer {h}")
        right.plot(part.width, part.expected, color=SERIES[i], lw=1)
    right.set_xscale("log")
    right.set_yscale("log")
    m = sorted(set(table.width))
    right.set_xticks(m, [f"{value:zg}" for value in m])
    right.minorticks_off()
    seen = table[table.layer > 1]
    plain_ticks(right, seen.expected.min(), seen.expected.max())
    right.set_xlabel("width m")
    right.set_ylabel("excess kurtosis")
    right.legend()
    figure.set_label(
        "Left: distribution of a deep pre-activation over random networks of width "
        f"{', '.join(map(str, samples))} on a logarithmic scale; narrow networks have heavier "
        "tails than the normal density, wide ones follow it. Right: excess kurtosis of layers "
        f"{', '.join(map(str, layers))} against the width with error bars of two standard errors, "
        "on the exact curves, which fall like 1/m."
    )
    return figure


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
    figure, axes = new(1, 1, size=(5.6, 3.6))
    ax, theta = axes[0, 0], np.linspace(0, np.pi, 200)
    correct, wrong = right(theta), printed(theta)
    ax.plot(theta, correct, color=COLORS["theory"], label="(π - θ)/π")
    ax.plot(theta, wrong, color=COLORS["printed"], ls="--", label="printed: ρ(π - θ)/π")
    ax.plot(table.angle, table["mean"], "o", color=COLORS["experiment"], label="sampled")
    theta_axis(ax)
    ax.set_ylabel("c_σ E[σ̇(u) σ̇(v)]")
    ax.legend()
    figure.set_label(
        "The expectation of the product of two ReLU slopes against the angle: samples lie on the "
        "straight line from 1 to 0; the printed formula falls below it and becomes negative "
        "beyond a right angle, which no probability can."
    )
    return figure
