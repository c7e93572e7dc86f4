"""Axes that figures share: angles, plain ticks, and the density of the data."""

import numpy as np

from ntklab.figures.style import COLORS


def angle_axis(ax, label="angle x (rad)"):
    """Ticks of [-π, π] in multiples of π/2."""
    ax.set_xlim(-np.pi, np.pi)
    ax.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["-π", "-π/2", "0", "π/2", "π"])
    ax.set_xlabel(label)


def theta_axis(ax, label="angle θ between two points (rad)"):
    """Ticks of [0, π] in multiples of π/2."""
    ax.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    ax.set_xlabel(label)


def ticks(axis, values):
    """Ticks at these values alone, as plain numbers."""
    axis.set_ticks(values, [f"{value:zg}" for value in values])
    axis.set_ticks([], minor=True)


def plain_ticks(ax, low, high):
    """Ticks at 1, 2, 5, 10, ... on a logarithmic y-axis from `low` to `high`."""
    round_numbers = [t * 10.0**k for k in range(-4, 3) for t in (1, 2, 5)]
    ticks(ax.yaxis, [t for t in round_numbers if 0.6 * low < t < 1.7 * high])


def shade_regions(ax, density):
    """Grey bands, the darker the denser, for the density's regions."""
    if len(density.regions) < 2:
        return
    heights = [float(density.pdf(region.points(1))[0]) for region in density.regions]
    for region, height in zip(density.regions, heights, strict=True):
        for turn in (-2 * np.pi, 0, 2 * np.pi):
            a, b = max(region.start + turn, -np.pi), min(region.stop + turn, np.pi)
            if a < b:
                ax.axvspan(a, b, color="0.5", alpha=0.28 * height / max(heights), lw=0)


def draw_density(ax, density):
    """p over the circle, filled."""
    x = np.linspace(-np.pi, np.pi, 1001)[:-1]
    ax.fill_between(x, density.pdf(x), color=COLORS["density"], alpha=0.35, lw=0)
    ax.plot(x, density.pdf(x), color=COLORS["density"])
    ax.set(ylim=(0, None), ylabel="p (1/rad)")
    angle_axis(ax)
