"""Figures of the sphere."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LightSource

from ntklab.figures.panels import new, two_in_a_row, two_over_one
from ntklab.figures.style import COLORS, HALVES, MARKERS, SERIES, WIDE, styled

LONGITUDE = 30  # degrees, of the eye


def draw_sphere(ax, function):
    """A function of unit vectors in colour on a sphere, with the equator."""
    polar, longitude = np.meshgrid(np.linspace(0, np.pi, 121), np.linspace(-np.pi, np.pi, 181))
    x = np.stack([
        np.sin(polar) * np.cos(longitude), np.sin(polar) * np.sin(longitude), np.cos(polar)
    ])
    values = function(x.reshape(3, -1).T).reshape(polar.shape)
    limit = np.abs(values).max()
    # told apart by colour-blind readers, too
    name, low = ("cividis", 0.0) if values.min() >= 0 else ("coolwarm", -limit)
    face = colormaps[name]((values - low) / (limit - low))
    shade = LightSource(azdeg=225, altdeg=45)
    ax.plot_surface(*x, facecolors=face, rstride=2, cstride=2, shade=True, lightsource=shade,
                    linewidth=0, antialiased=False)
    around = np.radians(LONGITUDE) + np.linspace(-np.pi / 2, np.pi / 2, 200)  # the half in front
    ax.plot(1.01 * np.cos(around), 1.01 * np.sin(around), 0 * around, color="black", lw=1)
    ax.set_box_aspect((1, 1, 1))
    ax.set(xlim=(-0.8, 0.8), ylim=(-0.8, 0.8), zlim=(-0.8, 0.8))
    ax.view_init(18, LONGITUDE)
    ax.set_axis_off()


@styled
def halves_learning(seen):
    """The hemisphere explorer's picture: data, target, and the error of both halves in time.

    Parameters
    ----------
    seen : explorers.sphere.Halves
    """
    figure, (left, right, below) = two_over_one((WIDE, 6.4), solid=True)
    draw_sphere(left, seen.density.pdf)
    left.set_title(f"density, 1 : {seen.ratio:z.3g}")
    draw_sphere(right, seen.target)
    right.set_title(f"target, degree {seen.frequency}")
    for (half, color), curve, time in zip(HALVES.items(), seen.errors.T, seen.times, strict=True):
        below.loglog(seen.t, curve, color=color, label=f"{half} half")
        below.plot([time], [seen.threshold], "o", color=color)
    below.axhline(seen.threshold, color=COLORS["printed"], ls="--", lw=1)
    below.set(xlabel="time of gradient flow", ylabel="rms error in the half")
    below.set_ylim(seen.threshold / 5, 3)
    quotient = seen.times[0] / seen.times[1]
    below.set_title(
        f"time in sparse over time in dense half: {quotient:z.2f}; densities 1 : {seen.ratio:z.3g}"
    )
    below.legend()
    even = seen.ratio == 1
    halves = "halves are equally dense" if even else (
        f"upper half is {seen.ratio:z.3g} times as dense as the lower"
    )
    told = "Both halves need the same time" if even else (
        f"The sparse half needs {quotient:z.2f} times as long as the dense one"
    )
    return figure, (
        f"A sphere whose {halves}; the zonal harmonic of degree {seen.frequency} on it; and the "
        f"error in both halves against time. {told}."
    )


@styled
def unequal_modes(modes, ratio):
    """Eigenfunctions under a dense upper and a sparse lower half, on spheres.

    Parameters
    ----------
    modes : sequence of experiments.sphere.Mode
    ratio : float
        Upper to lower density.
    """
    figure, panels = two_in_a_row(len(modes), 3.4, subplot_kw={"projection": "3d"})
    told = []
    for ax, mode in zip(panels, modes, strict=True):
        draw_sphere(ax, mode.function)
        below, above = mode.crossings
        name = f"order {mode.order}, λ = {mode.eigenvalue:z.2g}"
        ax.set_title(f"{name}\nzeros: {above} above, {below} below")
        told.append(f"order {mode.order}, {above} zeros above and {below} below the equator")
    return figure, (
        f"Eigenfunctions on a sphere whose upper half is {ratio:zg} times as dense as the lower, "
        f"in colour: {'; '.join(told)}. Waves are shorter where data are dense."
    )


@styled
def quotients(exact, samples, paper):
    """Sparse/dense learning time against κ: population lines, spread of samples, paper's medians.

    Parameters
    ----------
    exact, samples : pandas.DataFrame
        Of `experiments.sphere.population` and `sampled`.
    paper : dict of int to float
    """
    figure, ax = new(size=(WIDE, 4.8))
    for i, (ratio, part) in enumerate(exact.groupby("ratio")):
        ax.plot(part.frequency, part.quotient, color=SERIES[i], label=f"1 : {ratio}, population")
        ax.axhline(ratio, color=SERIES[i], ls=":", lw=1)
        drawn = samples[samples.ratio == ratio].groupby("frequency").quotient
        middle, low, high = drawn.median(), drawn.quantile(0.1), drawn.quantile(0.9)
        ax.errorbar(middle.index + 0.12 * (i - 1), middle, [middle - low, high - middle],
                    fmt=MARKERS[i], ms=5, color=SERIES[i], capsize=2, mfc="white",
                    label="random points, 10 to 90 %")
        ax.plot([0.2, 0.9], [paper[ratio]] * 2, color=SERIES[i], lw=4, solid_capstyle="butt",
                label=f"paper's median {paper[ratio]}")
    ax.set(xlabel="frequency κ (degree of the harmonic)", xlim=(0, exact.frequency.max() + 0.5))
    ax.set_ylabel("time in sparse half / in dense half")
    figure.legend(loc="outside lower center", ncols=3)
    told = "; ".join(
        f"1 to {ratio:zg}, {part.quotient.iloc[0]:z.2f} at the lowest frequency, "
        f"{part.quotient.min():z.2f} at least, {part.quotient.iloc[-1]:z.2f} at frequency "
        f"{part.frequency.iloc[-1]}, paper's median {paper[ratio]}"
        for ratio, part in exact.groupby("ratio")
    )
    return figure, (
        "Quotient of learning times of the two halves against frequency, for densities that "
        f"relate as {told}. Random points scatter about the population's lines."
    )


@styled
def gap_explained(table):
    """From the ratio of densities down to the paper's median, one step a cause."""
    figure, ax = new(size=(WIDE, 3.6))
    parts = [
        ("by_frequency", "finite frequency", SERIES[0], None),
        ("by_sampling", "random points", SERIES[1], "//"),
        ("by_network", "u(0), steps, width", SERIES[2], ".."),
        ("unexplained", "unexplained", COLORS["printed"], "xx"),
    ]
    for row, (ratio, values) in enumerate(table.iterrows()):
        level = float(ratio)
        for column, name, color, hatch in parts:
            ax.barh(
                row, -values[column], left=level, height=0.55, color=color, hatch=hatch, lw=0.5,
                edgecolor="white", label=name if row == 0 else None,
            )
            level -= values[column]
        ax.plot(values.paper, row, "k|", ms=26, mew=2, label="paper" if row == 0 else None)
    ax.set_yticks(range(len(table)), [f"1 : {ratio:zg}" for ratio in table.index])
    ax.invert_yaxis()
    ax.set(xlabel="time in sparse half / in dense half, median")
    ax.set_xlim(1.5, table.index.max() + 0.05)
    figure.legend(loc="outside lower center", ncols=3)
    told = "; ".join(
        f"1 to {ratio:zg}: finite frequency {row.by_frequency:z.2f}, random points "
        f"{row.by_sampling:z.2f}, start, steps and width {row.by_network:z.2f}, unexplained "
        f"{row.unexplained:z.2f}"
        for ratio, row in table.iterrows()
    )
    return figure, f"Bars from the ratio of densities to the paper's median: {told}."
