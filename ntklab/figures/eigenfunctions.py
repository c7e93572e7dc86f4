"""Figures: eigenvalues and eigenfunctions under non-uniform densities."""

import numpy as np

from ntklab.figures.style import (
    COLORS,
    MARKERS,
    SERIES,
    angle_axis,
    draw_density,
    new,
    shade_regions,
    styled,
)


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
    indices = indices
    columns = 3
    rows = -(-(len(indices) + 1) // columns)
    figure, axes = new(rows, columns, size=(9.0, 2.1 * rows), sharex=True)
    x = np.linspace(-np.pi, np.pi, 1601)[:-1]
    values = spectrum(x)
    top = 1.08 * np.abs(values[:, list(indices)]).max()
    for ax, i in zip(axes.flat, indices, strict=False):
        shade_regions(ax, density)
        ax.plot(x, values[:, i], color=COLORS["theory"])
        ax.set_ylim(-top, top)
        ax.set_title(f"i = {i},  λ = {spectrum.eigenvalues[i]:z.4g}")
        angle_axis(ax, label="")
    draw_density(axes.flat[len(indices)], density)
    axes.flat[len(indices)].set_title("density")
    for ax in axes.flat[len(indices) + 1 :]:
        ax.set_axis_off()
    figure.supxlabel("angle x (rad)", fontsize=10)
    axes.flat[len(indices)].set_xlabel("")
    if title:
        figure.suptitle(title)
    figure.set_label(
        f"{title or 'Eigenfunctions'}: eigenfunctions number {', '.join(map(str, indices))} over "
        f"the circle and the density. Each oscillates faster and lower where the density is larger."
    )
    return figure


@styled
def density_and_spectrum(density, spectrum, index):
    """A density, its eigenvalues beside Z²/πq², and eigenfunction `index` over shaded regions."""
    figure, axes = new(1, 3, size=(11.0, 3.4))
    left, middle, right = axes[0]
    draw_density(left, density)
    left.set_title(f"Z = {density.Z:z.4f},  p* = {density.minimum:z.3g}")
    q = (np.arange(len(spectrum)) + 1) // 2
    middle.loglog(q[1:], spectrum.eigenvalues[1:], "o", ms=4, mfc="none", color=COLORS["theory"],
                  label="computed")
    middle.loglog(q[1:], density.Z**2 / (np.pi * q[1:] ** 2.0), "-", lw=1, color=COLORS["law"],
                  label="Z²/πq²")
    middle.loglog(max(q[index], 0.8), spectrum.eigenvalues[index], "o", ms=9, mfc="none",
                  mew=2, color="black", label=f"i = {index}")
    middle.set(xlabel="q", ylabel="eigenvalue λ", title=f"λ = {spectrum.eigenvalues[index]:z.4g}")
    middle.legend()
    shade_regions(right, density)
    x = np.linspace(-np.pi, np.pi, 1601)[:-1]
    right.plot(x, spectrum(x)[:, index], color=COLORS["theory"])
    right.set_title(f"eigenfunction i = {index}")
    angle_axis(right)
    figure.set_label(
        f"Density with Z = {density.Z:z.4f}, its eigenvalues on logarithmic axes near the line "
        f"Z squared over pi q squared, and eigenfunction {index}, eigenvalue "
        f"{spectrum.eigenvalues[index]:z.4g}."
    )
    return figure


@styled
def sample_and_population(density, points, x, sampled, population, relative):
    """Eigenfunction of a sample beside the population's, and relative eigenvalue deviations."""
    figure, axes = new(1, 2, size=(10.0, 3.6), width_ratios=[3, 2])
    left, right = axes[0]
    shade_regions(left, density)
    left.plot(x, population, color=COLORS["theory"], label="population")
    left.plot(x, sampled, "--", color=COLORS["experiment"], label=f"n = {points}")
    left.set_title("eigenfunction")
    left.legend(loc="lower left")
    angle_axis(left)
    index = np.arange(len(relative))
    right.bar(index, relative, color=COLORS["experiment"])
    scale = points**-0.5
    right.axhspan(-scale, scale, color=COLORS["theory"], alpha=0.2, lw=0, zorder=0, label="±1/√n")
    right.axhline(0, color="0.3", lw=0.8)
    right.set(xlabel="eigenvalue i", ylabel="relative deviation", title="sample / population - 1")
    right.legend()
    figure.set_label(
        f"Left: an eigenfunction from {points} random points beside the population's. Right: "
        f"relative deviation of the first {len(relative)} eigenvalues, rms "
        f"{np.sqrt(np.mean(relative**2)):z.3g}, beside a band of plus minus one over root n."
    )
    return figure


@styled
def eigenvalue_formulas(table):
    """Eigenvalues of several densities against both formulas (the frame of `eigenvalue_table`)."""
    figure, axes = new(1, 2, size=(9.6, 4.2))
    left, right = axes[0]
    groups = list(table[table.q > 0].groupby("density", sort=False))
    for (name, rows), marker, color in zip(groups, MARKERS, SERIES, strict=False):
        left.loglog(rows.q, rows["sample"], marker, ms=4, mfc="none", color=color, label=name)
        left.loglog(rows.q, rows.corrected, "-", lw=0.8, color=color)
        right.semilogx(
            rows.q, rows["sample"] / rows.printed, marker, ms=4, mfc="none", color=color
        )
    left.set(xlabel="frequency q", ylabel="eigenvalue λ", title="points: computed, lines: Z²/πq²")
    left.legend(fontsize=8)
    right.axhline(1, color=COLORS["printed"], ls="--", label="formula (17) as printed")
    right.axhline(np.pi, color=COLORS["theory"], label="π")
    right.set(xlabel="frequency q", ylabel="computed / formula (17)", title="what (17) misses")
    right.set_ylim(bottom=0)
    right.legend(loc="upper right")
    figure.set_label(
        f"Left: eigenvalues of {len(groups)} densities against frequency q on logarithmic axes; "
        f"they follow lines Z squared over pi q squared. Right: computed eigenvalues over formula "
        f"(17); the ratio settles at pi, not at 1."
    )
    return figure


@styled
def sampling_convergence(errors, law):
    """Eigenvalue and eigenfunction error against n (the frame of `sampling_error`)."""
    figure, axes = new(size=(6.4, 3.8))
    ax = axes[0, 0]
    for column, marker, color, label in (
        ("eigenvalue_error", "o", COLORS["experiment"], "eigenvalues, relative"),
        ("eigenfunction_error", "s", SERIES[3], "first three eigenfunctions, sine"),
    ):
        ax.loglog(errors.points, errors[column], marker, ms=3, alpha=0.25, color=color)
        mean = errors.groupby("points")[column].agg(lambda e: np.sqrt(np.mean(e**2)))
        ax.loglog(mean.index, mean, marker + "-", color=color, label=label)
    n = np.array([errors.points.min(), errors.points.max()], dtype=float)
    ax.loglog(n, law.constant * n**-0.5, "--", color=COLORS["law"], label="slope -1/2")
    ax.set(xlabel="sampled points n", ylabel="distance to the population")
    ax.legend()
    figure.set_label(
        f"Distance between the spectrum of n random points and the population's, on logarithmic "
        f"axes: it falls along a line of slope {law.exponent:z.2f}."
    )
    return figure


@styled
def local_frequencies(table):
    """Measured local frequency in every region beside q√p/Z (the frame of `region_frequencies`)."""
    figure, axes = new(size=(6.8, 4.2))
    ax = axes[0, 0]
    groups = list(table.groupby("region"))
    for (_, rows), marker, color in zip(groups, MARKERS, SERIES, strict=False):
        ax.plot(rows.q, rows.predicted, "-", lw=1, color=color)
        ax.plot(
            rows.q, rows.measured, marker, ms=4, mfc="none", color=color,
            label=f"p = {rows.density.iloc[0]:z.3f}",
        )
    ax.axhspan(0, 2 * table.resolution.max(), color="0.5", alpha=0.15, lw=0)
    ax.text(0.99, 0.02, "fewer than two periods fit", transform=ax.transAxes, ha="right", size=9)
    ax.set(xlabel="q", ylabel="local frequency (1/rad)", ylim=(0, None))
    ax.set_title("points: FFT over the region, lines: q√p/Z")
    ax.legend(title="region", loc="upper left")
    figure.set_label(
        f"Local frequency of the eigenfunctions in {len(groups)} regions against q: measured "
        f"points lie on straight lines whose slopes grow with the square root of the density."
    )
    return figure


@styled
def lemma_residual(q, residual, exact):
    """Relative residual of (14) and of the exact law against q."""
    q = np.asarray(q, dtype=float)
    figure, axes = new(size=(6.4, 3.6))
    ax = axes[0, 0]
    ax.loglog(q, residual, "o", ms=4, mfc="none", color=COLORS["printed"], label="(14)")
    ax.loglog(q, residual[-1] * (q / q[-1]) ** -2.0, "--", color=COLORS["law"], lw=1,
              label="slope -2")
    ax.loglog(q, exact, "s", ms=4, mfc="none", color=COLORS["theory"], label="exact law")
    ax.set(xlabel="q", ylabel="relative residual")
    ax.legend()
    figure.set_label(
        "Relative residual of two differential equations against q: that of (14) falls like one "
        "over q squared, that of the exact sixth-order law stays at rounding error."
    )
    return figure


@styled
def pair_splitting(ratios, hill_ratios):
    """How far both eigenvalues of each q are from Z²/πq² and from Hill's eigenvalues."""
    figure, axes = new(1, 2, size=(9.4, 3.6))
    q = np.arange(1, len(ratios) + 1)
    left, right = axes[0]
    shown = q >= 3
    scaled = (q[:, None] * (ratios - 1))[shown]
    left.vlines(q[shown], scaled[:, 1], scaled[:, 0], color=COLORS["theory"], alpha=0.4)
    left.plot(q[shown], scaled, "o", ms=3, color=COLORS["theory"])
    left.axhline(0, color=COLORS["printed"], ls="--")
    left.set(xlabel="q", ylabel="q (λπq²/Z² - 1)", title="both eigenvalues of each q")
    for values, marker, color, label in (
        (ratios, "o", COLORS["printed"], "from Z²/πq²"),
        (hill_ratios, "s", COLORS["theory"], "from Hill's equation"),
    ):
        right.loglog(q, np.abs(values - 1).max(axis=1), marker, ms=4, mfc="none", color=color,
                     label=label)
    right.loglog(q, 0.25 / q, "--", color=COLORS["printed"], lw=1, label="slopes -1, -2")
    right.loglog(q, 1.7 / q**2.0, "--", color=COLORS["theory"], lw=1)
    right.set(xlabel="q", ylabel="relative distance of λ", title="which limit is right")
    right.legend()
    figure.set_label(
        "Left: q times the relative distance of both eigenvalues of each q from Z squared over pi "
        "q squared; the two stay apart and wander without dying out. Right: their distance from "
        "that formula falls like one over q, from Hill's eigenvalues like one over q squared."
    )
    return figure


@styled
def amplitude_clouds(density, amplitudes, start=5):
    """Amplitude of every eigenfunction in every region against p: (12) says one value a p."""
    amplitudes = np.asarray(amplitudes, dtype=float)
    figure, axes = new(size=(6.4, 3.6))
    ax = axes[0, 0]
    heights = np.array([density.pdf(region.points(1))[0] for region in density.regions])
    index = np.arange(start, len(amplitudes))
    for j, (height, marker, color) in enumerate(zip(heights, MARKERS, SERIES, strict=False)):
        ax.plot(index, amplitudes[start:, j], marker, ms=3, color=color,
                label=f"region {j}: p = {height:z.3f}")
    ax.set(xlabel="eigenfunction i", ylabel="amplitude in the region", ylim=(0, None))
    ax.legend(ncols=2, loc="lower right")
    figure.set_label(
        "Amplitude of the eigenfunctions in each region against their index: two regions of equal "
        "density have different amplitudes, so amplitude is not a function of the density alone."
    )
    return figure
