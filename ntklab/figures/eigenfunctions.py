"""Figures: eigenvalues and eigenfunctions under non-uniform densities.

Seven inches wide, as a page shows them, and two panels in a row at most.
"""

import numpy as np

from ntklab.figures.axes import angle_axis, draw_density, shade_regions, ticks
from ntklab.figures.panels import new, two_in_a_row, two_over_one
from ntklab.figures.style import COLORS, MARKERS, SERIES, WIDE, styled


def _shade(ax, density):
    """Grey, the darker the denser, behind a curve: bands of regions, or a gradient."""
    if len(density.regions) > 1:
        return shade_regions(ax, density)
    p = density.pdf(np.linspace(-np.pi, np.pi, 401)[:-1])
    low, high = ax.get_ylim()
    ax.imshow(0.28 * p[None] / p.max(), extent=(-np.pi, np.pi, low, high), cmap="Greys", vmin=0,
              vmax=1, aspect="auto", zorder=-1)


@styled
def eigenfunction_gallery(density, spectrum, indices, title=""):
    """Eigenfunctions v_i of the given indices over the circle, and the density in the last panel.

    Parameters
    ----------
    density : CircleDensity
    spectrum : Spectrum
    indices : sequence of int
        Which eigenfunctions, 0 the one of the largest eigenvalue.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, panels = two_in_a_row(len(indices) + 1, 1.75, sharex=True)
    x = np.linspace(-np.pi, np.pi, 1601)[:-1]
    values = spectrum(x)
    top = 1.08 * np.abs(values[:, list(indices)]).max()
    *above, last = panels
    for ax, i in zip(above, indices, strict=True):
        ax.plot(x, values[:, i], color=COLORS["theory"])
        ax.set_ylim(-top, top)
        _shade(ax, density)
        ax.set_title(f"i = {i},  λ = {spectrum.eigenvalues[i]:z.4g}")
        angle_axis(ax, label="")
    draw_density(last, density)
    last.set(title="density", xlabel="")
    figure.supxlabel("angle x (rad)", fontsize=11)
    if title:
        figure.suptitle(title)
    p = density.pdf(x)
    # of amplitudes no such thing can be said: they depend on the arrangement of the regions (C10)
    told = " Waves are shorter where the density is larger." if np.ptp(p) > 1e-9 * p.max() else ""
    return figure, (
        f"{title or 'Eigenfunctions'}: eigenfunctions number {', '.join(map(str, indices))} over "
        f"the circle and the density.{told}"
    )


@styled
def density_and_spectrum(seen):
    """A density, its eigenvalues beside Z²/πq², and one eigenfunction over shaded regions.

    Parameters
    ----------
    seen : explorers.eigenfunctions.Edited
    """
    density, spectrum, index = seen.density, seen.spectrum, seen.index
    figure, (left, right, below) = two_over_one((WIDE, 5.2), height_ratios=[1, 1.1])
    draw_density(left, density)
    left.set_title(f"density,  Z = {density.Z:z.4f},  p* = {density.minimum:z.3g}")
    q = (np.arange(len(spectrum)) + 1) // 2
    right.loglog(q[1:], spectrum.eigenvalues[1:], "o", ms=4, mfc="none", color=COLORS["theory"],
                 label="computed")
    right.loglog(q[1:], density.Z**2 / (np.pi * q[1:] ** 2.0), "-", lw=1, color=COLORS["law"],
                 label="Z²/πq²")
    right.loglog(max(q[index], 0.8), spectrum.eigenvalues[index], "o", ms=9, mfc="none",
                 mew=2, color="black", label=f"i = {index}")
    near = (np.pi * q**2 * spectrum.eigenvalues / density.Z**2)[1:]
    right.set(xlabel="q", ylabel="eigenvalue λ", title=f"λ = {spectrum.eigenvalues[index]:z.4g}")
    right.legend()
    x = np.linspace(-np.pi, np.pi, 1601)[:-1]
    below.plot(x, spectrum(x)[:, index], color=COLORS["theory"])
    _shade(below, density)
    below.set_title(f"eigenfunction i = {index}")
    angle_axis(below)
    return figure, (
        f"Density with Z = {density.Z:z.4f}, its eigenvalues on logarithmic axes, "
        f"{near.min():z.2f} to {near.max():z.2f} times Z squared over pi q squared, and "
        f"eigenfunction {index}, eigenvalue {spectrum.eigenvalues[index]:z.4g}."
    )


@styled
def sample_and_population(seen):
    """Eigenfunction of a sample beside the population's, and relative eigenvalue deviations.

    Parameters
    ----------
    seen : explorers.eigenfunctions_sampled.Compared
    """
    figure, (left, right) = new(1, 2, size=(WIDE, 3.4), width_ratios=[3, 2])
    shade_regions(left, seen.density)
    left.plot(seen.x, seen.population, color=COLORS["theory"], label="population")
    left.plot(seen.x, seen.sampled, "--", color=COLORS["experiment"], label=f"n = {seen.points}")
    left.set_title("eigenfunction")
    left.legend(loc="lower left")
    angle_axis(left)
    right.bar(np.arange(len(seen.relative)), seen.relative, color=COLORS["experiment"])
    scale = seen.points**-0.5
    right.axhspan(-scale, scale, color=COLORS["theory"], alpha=0.2, lw=0, zorder=0, label="±1/√n")
    right.axhline(0, color="0.3", lw=0.8)
    right.set(xlabel="eigenvalue i", ylabel="relative deviation", title="sample/population − 1")
    right.legend()
    return figure, (
        f"Left: an eigenfunction from {seen.points} random points beside the population's. Right: "
        f"relative deviation of the first {len(seen.relative)} eigenvalues, rms "
        f"{np.sqrt(np.mean(seen.relative**2)):z.3g}, beside a band of plus minus one over root n."
    )


@styled
def eigenvalue_formulas(table):
    """Eigenvalues of several densities over both formulas (the frame of `eigenvalue_table`)."""
    figure, (left, right) = new(1, 2, size=(WIDE, 4.4))
    groups = list(table[table.q > 0].groupby("density", sort=False))
    for (name, rows), marker, color in zip(groups, MARKERS, SERIES, strict=False):
        style = {"marker": marker, "ls": "none", "ms": 5, "mfc": "none", "color": color}
        left.semilogx(rows.q, rows["sample"] / rows.corrected, label=name, **style)
        right.semilogx(rows.q, rows["sample"] / rows.printed, **style)
    left.axhline(1, color=COLORS["theory"], lw=1)
    left.set(xlabel="q", ylabel="λ πq²/Z²", title="over Z²/πq²: tends to 1")
    right.axhline(np.pi, color=COLORS["theory"], lw=1)
    right.text(20, np.pi + 0.15, "π", color=COLORS["theory"])
    right.axhline(1, color=COLORS["printed"], ls="--")
    right.text(20, 1.15, "(17)", color=COLORS["printed"], ha="right")
    right.set(xlabel="q", ylabel="λ / λ of (17)", title="over (17): tends to π")
    for ax in (left, right):
        ax.set_ylim(bottom=0)
        ticks(ax.xaxis, [1, 2, 5, 10, 20])
    figure.legend(loc="outside lower center", ncols=4)
    return figure, (
        f"Eigenvalues of {len(groups)} densities against the frequency q. Left over Z squared over "
        f"pi q squared, which tends to 1; right over formula (17), where the ratio settles at pi."
    )


@styled
def sampling_convergence(errors, law):
    """Eigenvalue and eigenfunction error against n (the frame of `sampling_error`)."""
    figure, ax = new(size=(6.4, 3.8))
    for column, marker, color, label in (
        ("eigenvalue_error", "o", COLORS["experiment"], "eigenvalues, relative"),
        ("eigenfunction_error", "s", SERIES[3], "first three eigenfunctions, sine"),
    ):
        ax.loglog(errors.points, errors[column], marker, ms=3, alpha=0.25, color=color)
        mean = np.sqrt((errors[column] ** 2).groupby(errors.points).mean())
        ax.loglog(mean.index, mean, marker + "-", color=color, label=label)
    n = np.array([errors.points.min(), errors.points.max()], dtype=float)
    ax.loglog(n, law.constant * n**-0.5, "--", color=COLORS["law"], label="slope -1/2")
    ax.set(xlabel="sampled points n", ylabel="distance to the population")
    ax.legend()
    return figure, (
        f"Distance between the spectrum of n random points and the population's, on logarithmic "
        f"axes: it falls along a line of slope {law.exponent:z.2f}."
    )


@styled
def local_frequencies(table):
    """Measured local frequency in every region beside q√p/Z (the frame of `region_frequencies`)."""
    figure, ax = new(size=(6.8, 4.2))
    groups = list(table.groupby("region"))
    for (_, rows), marker, color in zip(groups, MARKERS, SERIES, strict=False):
        ax.plot(rows.q, rows.predicted, "-", lw=1, color=color)
        ax.plot(rows.q, rows.measured, marker, ms=4, mfc="none", color=color,
                label=f"p = {rows.density.iloc[0]:z.3f}")
    ax.axhspan(0, 2 * table.resolution.max(), color="0.5", alpha=0.15, lw=0)
    ax.text(0.99, 0.02, "fewer than two periods fit", transform=ax.transAxes, ha="right", size=9)
    ax.set(xlabel="q", ylabel="local frequency (1/rad)", ylim=(0, None))
    ax.set_title("points: FFT over the region, lines: q√p/Z")
    ax.legend(title="region", loc="upper left")
    clear = table[table.predicted > 2 * table.resolution]
    off = (clear.measured / clear.predicted - 1).abs().median() if len(clear) else np.nan
    return figure, (
        f"Local frequency of the eigenfunctions in {len(groups)} regions against q, beside "
        "straight lines whose slopes go with the square root of the density. Where two periods "
        f"fit, measured points are {off:z.1%} off the lines in the median."
    )


@styled
def lemma_residual(q, residual, exact):
    """Relative residual of (14) and of the exact law against q."""
    q = np.asarray(q, dtype=float)
    figure, ax = new(size=(6.4, 3.6))
    ax.loglog(q, residual, "o", ms=4, mfc="none", color=COLORS["printed"], label="(14)")
    ax.loglog(q, residual[-1] * (q / q[-1]) ** -2.0, "--", color=COLORS["law"], lw=1,
              label="slope -2")
    ax.loglog(q, exact, "s", ms=4, mfc="none", color=COLORS["theory"], label="exact law")
    ax.set(xlabel="q", ylabel="relative residual")
    ax.legend()
    return figure, (
        "Relative residual of two differential equations against q: that of (14) falls like one "
        "over q squared, that of the exact sixth-order law stays at rounding error."
    )


@styled
def pair_splitting(ratios, hill_ratios, sharper=None):
    """How far both eigenvalues of each q are from Z²/πq², from Hill's, and from a sharper law's.

    Parameters
    ----------
    ratios, hill_ratios : ndarray, shape (Q, 2)
        λ over Z²/πq² and over Hill's eigenvalue.
    sharper : ndarray, shape (Q, 2), optional
        λ over the eigenvalue of the law with the opposite point.
    """
    figure, (left, right) = new(1, 2, size=(WIDE, 3.8))
    q = np.arange(1, len(ratios) + 1)
    shown = q >= 3
    off = 100 * (np.sort(ratios, axis=1)[shown] - 1)
    left.vlines(q[shown], off[:, 0], off[:, 1], color="0.75", lw=1)
    for column, marker, label in ((1, "^", "larger"), (0, "v", "smaller")):
        left.semilogx(q[shown], off[:, column], marker, ms=4, mfc="none", color=SERIES[column],
                      label=label)
    left.axhline(0, color=COLORS["printed"], ls="--")
    ticks(left.xaxis, [3, 5, 10, 20, 40, 80])
    left.set(xlabel="q", ylabel="off Z²/πq², per cent", title="both eigenvalues of a pair")
    left.legend()
    laws = [(ratios, "o", COLORS["printed"], "Z²/πq²", 1), (hill_ratios, "s", SERIES[1], "Hill", 2)]
    if sharper is not None:
        laws.append((sharper, "^", COLORS["theory"], "with the opposite point", 4))
    told = []
    for values, marker, color, label, power in laws:
        distance = np.abs(values - 1).max(axis=1)
        right.loglog(q, distance, marker, ms=3, mfc="none", color=color, label=label)
        middle = np.exp(np.mean(np.log(distance * q**power)[len(q) // 4 :]))
        right.loglog(q[3:], middle * q[3:] ** -float(power), "--", color=color, lw=1)
        end = middle * q[-1] ** -float(power)
        right.text(q[-1] * 1.05, end, f"−{power}", color=color, va="center")
        told.append(f"{distance[2]:z.1g} to {distance[-1]:z.1g} from {label}")
    right.set(xlabel="q", ylabel="relative distance of λ", title="which law is right (and slopes)")
    right.set_xlim(right=q[-1] * 1.6)
    right.legend(loc="lower left")
    apart = np.diff(off, axis=1)[:, 0]
    return figure, (
        "Left: how far both eigenvalues of each q are from Z squared over pi q squared; the two "
        f"are {apart[0]:z.2f} % of it apart at q = 3 and {apart[-1]:z.2f} % at q = {q[-1]}. Right: "
        f"their largest relative distance from q = 3 to {q[-1]}, {', '.join(told)}."
    )


@styled
def equal_densities(density, spectrum, index, amplitudes):
    """One eigenfunction in two regions of the same p, and the ratio of amplitudes for all of them.

    Parameters
    ----------
    density : PiecewiseConstant
        Its regions 0 and 2 have the same p.
    spectrum : Spectrum
    index : int
        The eigenfunction above.
    amplitudes : ndarray, shape (k, l)
        Of `experiments.region_amplitudes`.
    """
    figure, (above, below) = new(2, 1, size=(WIDE, 5.2))
    x = np.linspace(-np.pi, np.pi, 3201)[:-1]
    v = spectrum(x)[:, index]
    above.plot(x, v, color="0.45", lw=1)
    for j, color in ((0, SERIES[0]), (2, SERIES[1])):
        size, inside = amplitudes[index, j], np.where(density.regions[j].contains(x), 1, np.nan)
        above.plot(x, inside * v, color=color, label=f"region {j}: amplitude {size:z.2f}")
        above.plot(x, inside * size, "--", color=color, lw=1)
        above.plot(x, -inside * size, "--", color=color, lw=1)
    _shade(above, density)
    above.set_title(f"eigenfunction i = {index}: two regions of the same density")
    above.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, -0.22))
    angle_axis(above, label="")
    ratio = amplitudes[:, 0] / amplitudes[:, 2]
    later = ratio[5:]
    below.plot(np.arange(5, len(ratio)), later, "o", ms=4, color=COLORS["theory"])
    below.plot(index, ratio[index], "o", ms=9, mfc="none", mew=2, color="black")
    below.axhline(1, color=COLORS["printed"], ls="--", label="what (12) says")
    below.set(xlabel="eigenfunction i", ylabel="ratio of the two amplitudes")
    below.legend(loc="upper right")
    return figure, (
        f"Above: eigenfunction {index}, with amplitudes {amplitudes[index, 0]:z.2f} and "
        f"{amplitudes[index, 2]:z.2f} in two regions of the same density. Below: the ratio "
        f"of the two amplitudes against the index; it wanders between {later.min():z.2f} "
        f"and {later.max():z.2f} and does not settle at 1."
    )


@styled
def reflection(seen):
    """A pulse that meets a jump of √p: before, and after, when part of it runs back.

    Parameters
    ----------
    seen : experiments.Reflection
    """
    rows = len(seen.times)
    size = (WIDE, 1.45 * rows + 0.3)
    figure, axes = new(rows, 1, size, sharex=True, sharey=True, squeeze=False)
    for ax, t, f in zip(axes.flat, seen.times, seen.values, strict=True):
        ax.axvspan(0, seen.x[-1], color="0.5", alpha=0.28, lw=0)
        ax.plot(seen.x, f, color=COLORS["theory"])
        ax.set(ylim=(-0.7, 1.2), ylabel=f"t = {t:zg}".replace("-", "−"))
    first, last = axes.flat[0], axes.flat[-1]
    parts = [(first, seen.times[0], "comes", 1.0), (last, seen.times[-1], "back", seen.back),
             (last, seen.times[-1], "through", seen.through)]
    for ax, t, way, height in parts:
        ax.annotate(f"{way}: {height:z.2f}".replace("-", "−"), (seen.place(t, way), height),
                    (14, -4), textcoords="offset points")
    first.set_title(f"density {seen.light:zg} (white) and {seen.heavy:zg} (grey)")
    last.set(xlabel="x", xlim=(seen.x[0], seen.x[-1]))
    return figure, (
        f"A pulse of height 1 on a string runs from density {seen.light:zg} into {seen.heavy:zg}. "
        f"After the jump a part of height {seen.back:z.2f} runs back and a part of "
        f"{seen.through:z.2f} goes on, more slowly and narrower."
    )
