"""Figures: learning curves by region, bounds beside the truth, finishing times."""

import numpy as np
from matplotlib.ticker import NullFormatter

from ntklab.figures.axes import angle_axis, draw_density, shade_regions, ticks
from ntklab.figures.motivation import wave
from ntklab.figures.panels import legend_of_all, new, two_in_a_row, two_over_one
from ntklab.figures.style import COLORS, MARKERS, SERIES, WIDE, counted, styled


def named(density):
    """What a region of this density is called."""
    return f"p = {density:z.3f}"


def frequency_axis(ax, frequencies):
    """A logarithmic axis with plain numbers at the frequencies there are."""
    ticks(ax.xaxis, sorted(set(frequencies)))
    ax.set_xlabel("κ")


@styled
def order_of_regions(order):
    """Figure 6: the output at three moments, and the error of every region against time."""
    figure, panels = two_in_a_row(4, 2.6)
    x = np.linspace(-np.pi, np.pi, 2001)
    # a moment just after each of the first regions is finished, in that order
    finished = np.minimum(order.reached[list(order.sequence())], order.iterations[-1])
    for ax, when in zip(panels, finished[:3], strict=False):
        i = int(np.searchsorted(order.iterations, when))
        shade_regions(ax, order.density)
        ax.plot(x, np.sin(order.frequency * x), color=COLORS["target"], lw=1.6)
        ax.plot(order.points, order.outputs[i], color=COLORS["network"], lw=1.1)
        ax.set(ylim=(-1.35, 1.35), title=f"iteration {order.iterations[i]}")
        angle_axis(ax)
    last = panels[-1]
    t = order.iterations + 1
    for j, (p, color) in enumerate(zip(order.density.values, SERIES, strict=False)):
        last.loglog(t, order.errors[:, j], color=color, label=named(p))
        last.loglog(t, order.predicted[:, j], ":", color=color)
    last.axhline(order.threshold, color="0.3", lw=0.8, ls="--")
    last.set(xlabel="1 + iteration", ylabel="rms error", title="dotted: linear theory")
    last.legend(loc="lower left")
    done = np.isfinite(order.reached)
    densities = [f"{order.density.values[j]:z.3f}" for j in order.sequence()]
    first, rest = densities[: done.sum()], densities[done.sum() :]
    told = f"Regions are finished in this order of densities: {', '.join(first) or 'none'}"
    if rest:
        told += f"; not by iteration {order.iterations[-1]}: {', '.join(rest)}"
    return figure, (
        f"A network learning sin {order.frequency}x: outputs over the target at three moments, and "
        f"the error of each region against the iteration. {told}."
    )


@styled
def coefficients_and_bounds(table, frequency):
    """|g_i| against q beside the lemma's bound and the corrected one (`lemma_table`)."""
    figure, ax = new(size=(6.8, 3.8))
    seen = table[table.coefficient > 1e-11]  # smaller ones are rounding
    ax.loglog(seen.q, seen.coefficient, "o", ms=3, mfc="none", color=COLORS["theory"],
              label="|g_i|")
    applies = table[np.isfinite(table.printed)]
    ax.loglog(applies.q, applies.printed, "--", color=COLORS["printed"],
              label="8BZ/(3q√p*), where it applies")
    ax.loglog(table.q, table.corrected, "-", color=COLORS["law"], label="λ_i S")
    ax.axvline(frequency, color="0.5", lw=0.8, ls=":")
    ax.set(xlabel="q", ylabel=f"coefficient of {wave(frequency)}")
    ax.legend(loc="lower left")
    excess = seen.corrected / seen.coefficient
    nearest, told = excess.idxmin(), ""
    if np.isfinite(seen.printed).any():
        above = (seen.printed / seen.coefficient).min()
        told = f"the lemma's is at least {above:z.3g} times them, "
    return figure, (
        f"Coefficients of {wave(frequency)} in the eigenfunctions against q on logarithmic axes, "
        f"with two bounds: {told}the corrected one comes closest to them at q = "
        f"{seen.q[nearest]:z.0f}, {excess[nearest]:z.3g} times the coefficient."
    )


@styled
def tails_and_bounds(table):
    """Left Σ_{i>n} 1/q_i² times q_n; right Σ_{i>n} g_i²; both beside bounds (`lemma_table`)."""
    figure, (left, right) = new(1, 2, size=(WIDE, 3.4))
    for column, style, color, label in (
        ("reciprocal", ".", COLORS["theory"], "exact"),
        ("reciprocal_printed", "--", COLORS["printed"], "1/q_n, as printed"),
        ("reciprocal_corrected", "-", COLORS["law"], "4/n or 4/(n-1)"),
    ):
        left.semilogx(table.n, table[column] * table.q, style, ms=4, lw=1, color=color, label=label)
    for ax in (left, right):
        ax.xaxis.set_minor_formatter(NullFormatter())
    left.set(xlabel="n", ylabel="times q_n", title="Σ 1/q² beyond n", ylim=(0.8, 3.4))
    left.legend()
    tail = np.where(table.rest > 1e-13, table.rest, np.nan)
    right.loglog(table.n, tail, color=COLORS["theory"], label="exact")
    right.loglog(table.n, table.rest_printed, "--", color=COLORS["printed"], label="as printed")
    right.loglog(table.n, table.rest_corrected, "-", color=COLORS["law"], label="λ²S²")
    right.set(xlabel="n", ylabel="Σ g² beyond n", title="what n modes leave of the target")
    right.legend(loc="lower left")
    first, last = table.iloc[0], table.iloc[-1]
    found, printed, corrected = (
        last[column] * last.q
        for column in ("reciprocal", "reciprocal_printed", "reciprocal_corrected")
    )
    return figure, (
        f"Left: the sum of one over q squared beyond n, times q, from n = {first.n:z.0f} to "
        f"{last.n:z.0f}: at the end {found:z.2f}, where the printed bound is {printed:z.2f} and "
        f"the corrected one {corrected:z.2f}. Right: what n modes leave of the target, at first "
        f"{first.rest:z.1e}, and its bounds, printed {first.rest_printed:z.1e} and corrected "
        f"{first.rest_corrected:z.1e}; at the end {last.rest:z.1e}, {last.rest_printed:z.1e} and "
        f"{last.rest_corrected:z.1e}."
    )


@styled
def errors_and_bounds(table, title=""):
    """Error in time beside its bound, over the circle and in every region (`error_table`)."""
    groups = list(table.groupby("region"))
    figure, panels = two_in_a_row(len(groups), 2.6, ylabel="error", sharey=True)
    for ax, (region, curve) in zip(panels, groups, strict=True):
        name = "circle, L²(p)" if region < 0 else named(curve.density.iloc[0]) + ", rms"
        ax.loglog(curve.iteration, curve.error, color=COLORS["theory"], label="exact")
        ax.loglog(curve.iteration, curve.bound, color=COLORS["law"], label="S/(eηt√P)")
        ax.set(xlabel="iteration", title=name, ylim=(1e-3, 3))
    legend_of_all(panels, 2)
    if title:
        figure.suptitle(title)
    return figure, (
        f"{title or 'Error'} against the iteration on logarithmic axes, over the circle and in "
        f"{len(groups) - 1} regions: the exact curve stays below the bound one over t and comes "
        "closest to it shortly before it bends down."
    )


@styled
def iteration_bounds(table):
    """Iterations until δ against κ: exact, and the three bounds.

    Parameters
    ----------
    table : DataFrame
        frequency, exact, direct, corrected, printed.
    """
    figure, ax = new(size=(6.8, 4.0))
    for column, style, color, label in (
        ("printed", "--", COLORS["printed"], "proof as printed"),
        ("corrected", "-.", COLORS["law"], "its steps with the right constants"),
        ("direct", "-", COLORS["law"], "shorter proof"),
        ("exact", "o-", COLORS["theory"], "exact"),
    ):
        ax.loglog(table.frequency, table[column], style, color=color, label=label)
    frequency_axis(ax, table.frequency)
    ax.set_ylabel("iterations times η")
    ax.legend()
    worst = (table.printed / table.exact).max()
    slopes = [f"{_slope(table.frequency, table[name]):z.2f} ({name})"
              for name in ("exact", "direct", "corrected", "printed")]
    return figure, (
        f"Iterations until the error over the circle is below the threshold, against kappa. Mean "
        f"slopes: {', '.join(slopes)}. The printed proof's bound is up to {worst:z.0g} times the "
        "truth."
    )


@styled
def finishing_times(exact, trained, ratios=None):
    """Time against κ and against p*: exact, bound, local law, and trained networks.

    Parameters
    ----------
    exact : DataFrame of `experiments.convergence.population_times`
    trained : DataFrame of `experiments.convergence.trained`
        Sharing threshold and learning rate with `exact`.
    ratios : DataFrame, optional
        lowest (p*), exact, bound, local: the sparsest region's times as p* varies.
    """
    panels, width = (1, 6) if ratios is None else (2, WIDE)
    figure, axes = new(1, panels, size=(width, 4.6), squeeze=False)
    left = axes[0, 0]
    for (_, rows), marker, color in zip(exact.groupby("region"), MARKERS, SERIES, strict=False):
        name = named(rows.density.iloc[0])
        left.loglog(rows.frequency, rows.exact, "-", color=color, label=name)
        left.loglog(rows.frequency, rows.local, ":", color=color)
        nets = trained[trained.region == rows.region.iloc[0]]
        left.loglog(nets.frequency, nets.trained, marker, ms=5, mfc="none", color=color)
    sparsest = exact[exact.density == exact.density.min()]
    left.loglog(sparsest.frequency, sparsest.bound, "--", color=COLORS["law"],
                label="bound, sparsest")
    frequency_axis(left, exact.frequency)
    left.set_ylabel("iterations")
    left.set_title("lines: exact, dotted: local law,\nmarks: trained networks", fontsize=10)
    left.legend()
    if ratios is not None:
        right = axes[0, 1]
        right.loglog(ratios.lowest, ratios.exact, "o-", color=COLORS["theory"], label="exact")
        right.loglog(ratios.lowest, ratios.local, ":", color=COLORS["law"], label="local law")
        right.loglog(ratios.lowest, ratios.bound, "--", color=COLORS["law"], label="bound")
        right.loglog(ratios.lowest, ratios.circle, "s-", color=COLORS["theory"], ms=4, mfc="none",
                     label="whole circle, L²(p)")
        if "trained" in ratios:
            right.loglog(ratios.lowest, ratios.trained, "D", ms=6, mfc="none",
                         color=COLORS["network"], label="trained networks")
        right.set(xlabel="density p* of the sparsest third", ylabel="iterations")
        right.set_title("sparsest region against p*", fontsize=10)
        right.legend()
    slopes = [_slope(rows.frequency, rows.exact) for _, rows in exact.groupby("region")]
    room = sparsest.bound / sparsest.exact
    told = (
        "terations until each region is learned against kappa: exact curves of mean slopes "
        f"{', '.join(f'{s:z.2f}' for s in slopes)}, trained networks beside them, and the bound, "
        f"{room.min():z.2g} to {room.max():z.2g} times the sparsest region's."
    )
    if ratios is None:
        return figure, f"I{told}"
    return figure, (
        f"Left: i{told} Right: against its density the sparsest region's time has mean slope "
        f"{_slope(ratios.lowest, ratios.exact):z.2f}, that of the whole circle "
        f"{_slope(ratios.lowest, ratios.circle):z.2f}."
    )


def _slope(x, y):
    """The power of x by which y changes from the least x to the greatest."""
    (x0, x1), (y0, y1) = ((v[x.idxmin()], v[x.idxmax()]) for v in (x, y))
    return np.log(y1 / y0) / np.log(x1 / x0)


@styled
def departures(found, factor, leaves):
    """Networks' times over those of linear theory against κ, one line a set of points.

    Parameters
    ----------
    found : dict of str to DataFrame
        Of `experiments.full_size.comparison.departures`, by name.
    factor : float
        Beyond which networks count as no longer lazy.
    leaves : (float, float, float)
        The first κ beyond it on the circle, with its range over seeds.
    """
    figure, ax = new(size=(WIDE, 4.2))
    for (name, rows), marker, color in zip(found.items(), MARKERS, SERIES, strict=False):
        seen = rows[np.isfinite(rows.high)]
        ax.fill_between(seen.frequency, seen.low, seen.high, color=color, alpha=0.2, lw=0)
        ax.semilogy(seen.frequency, seen.departure, marker=marker, ms=4, color=color, label=name)
    ax.axhline(factor, color="0.3", lw=0.8, ls="--", label=f"{factor:zg}")
    ax.set(xlabel="κ", ylabel="iterations, networks / linear theory", ylim=(0.9, 5))
    ticks(ax.yaxis, [1, 1.1, 1.5, 2, 3, 5])
    ax.legend(loc="upper left")
    first, low, high = leaves
    never = "does not happen up to the largest kappa shown"
    told = f"is at kappa {first:zg} (single seeds {low:zg} to {high:zg})"
    return figure, (
        "Iterations that trained networks need over those of linear theory for the same points "
        "and start, against kappa, for circle and sphere with targets of norm 1. The quotient is "
        f"near 1 at low kappa and rises; on the circle the first beyond {factor:zg} "
        f"{told if np.isfinite(first) else never}."
    )


@styled
def sampled_times(grid, random):
    """Times over that of the densest region: a grid's, and every random draw's, against κ."""
    figure, (left, right) = new(1, 2, size=(WIDE, 3.6))
    told = []
    for ax, times, title in ((left, grid, "even grids"), (right, random, "random draws")):
        wide = times.pivot(index=["draw", "frequency"], columns="region", values="theory")
        densities = times.groupby("region").density.first()
        ratio = wide.div(wide[densities.idxmax()], axis=0)
        for j, color in zip(ratio.columns, SERIES, strict=False):
            values = ratio[j].unstack("frequency")
            for _, line in values.iterrows():
                ax.plot(line.index, line, "o-", ms=2, lw=0.6, color=color,
                        alpha=max(0.2, 1 / len(values)))
            ax.plot(values.columns, values.median(), lw=2, color=color, label=named(densities[j]))
            ax.axhline(densities.max() / densities[j], color=color, lw=0.8, ls="--")
            last = values[values.columns[-1]]
            told.append(f"{title}, {named(densities[j])}: {last.min():z.2f} to {last.max():z.2f}")
        ax.set(xlabel="κ", ylabel="time over that of the densest", title=title)
    top = max(left.get_ylim()[1], right.get_ylim()[1])
    left.set_ylim(0.7, top)
    right.set_ylim(0.7, top)
    left.legend()
    return figure, (
        "Finishing times of the regions over that of the densest against kappa, on even grids and "
        "for random draws, dashed lines at the ratios of the densities. At the largest kappa, "
        f"{'; '.join(told)}."
    )


@styled
def laziness(table):
    """Trained over predicted times against κ, one line a setting (column "setting")."""
    figure, ax = new(size=(6.8, 3.8))
    for (name, rows), marker, color in zip(
        table.groupby("setting", sort=False), MARKERS, SERIES, strict=False
    ):
        ratio = (rows.trained / rows.theory).to_numpy()
        seen = np.isfinite(ratio)
        ax.loglog(rows.frequency[seen], ratio[seen], marker, ms=5, mfc="none", color=color,
                  label=name)
    ax.axhline(1, color="0.3", lw=0.8)
    frequency_axis(ax, table.frequency)
    finished = table[np.isfinite(table.trained)]
    finished = finished.assign(ratio=finished.trained / finished.theory)
    top = max(2.0, 1.2 * finished.ratio.max())
    ax.set(ylabel="trained / linear theory", ylim=(0.8, top))
    ticks(ax.yaxis, [r for r in (1, 2, 3, 5, 10, 20, 50, 100) if r <= top])
    ax.legend(loc="upper left")
    spans = finished.groupby("setting", sort=False).ratio.agg(["min", "max"])
    told = [f"{name}, {low:z.2f} to {high:z.2f}" for name, low, high in spans.itertuples()]
    return figure, (
        "Finishing time of trained networks over that of linear theory against kappa, smallest to "
        f"largest: {'; '.join(told) or 'none has finished'}."
    )


@styled
def theorem_board(seen):
    """Density, learning curves by region, and finishing times: the explorer's picture.

    Parameters
    ----------
    seen : explorers.convergence.Learning
    """
    density, table, threshold = seen.density, seen.table, seen.threshold
    figure, (left, right, below) = two_over_one((WIDE, 6.6), height_ratios=[1, 1.2])
    draw_density(left, density)
    left.set_title(f"p* = {density.minimum:z.3g}")
    for row, curve, color in zip(table.itertuples(), seen.curves.T, SERIES, strict=False):
        below.loglog(seen.t + 1, np.maximum(curve, 1e-6), color=color, label=named(row.density))
        if np.isfinite(row.exact):
            below.plot(row.exact + 1, threshold, "o", ms=6, mfc="none", color=color)
    below.axhline(threshold, color="0.3", lw=0.8, ls="--", label="threshold δ")
    bottom = min(0.3 * threshold, 0.9 * max(1e-6, seen.curves.min()))
    below.set_ylim(bottom, max(1, 1.2 * seen.curves.max()))
    below.set(xlabel="1 + iteration", ylabel="rms error", title=f"learning {wave(seen.frequency)}")
    below.legend(loc="lower left", fontsize=8)
    place = np.arange(len(table))
    for column, marker, meaning, label in (
        ("exact", "o", "theory", "exact"), ("local", "x", "law", "local law"),
        ("bound", "^", "law", "bound"),
    ):
        values = table[column].where(np.isfinite(table[column]))
        right.semilogy(place, values, marker, ms=8, mfc="none", color=COLORS[meaning], label=label)
    told = []
    for i, row in enumerate(table.itertuples()):
        name = named(row.density)
        if np.isfinite(row.exact):
            told.append(f"{name} after {counted(row.exact, 'iteration')}")
        else:
            told.append(f"{name} never, floor {row.floor:z.3g}")
            right.annotate(f"never\nfloor {row.floor:z.2g}", (i, 0.5), ha="center", size=9,
                           xycoords=("data", "axes fraction"))
    right.set_xticks(place, [f"p =\n{p:z.3f}" for p in table.density])
    right.set(ylabel="iterations", title="finishing time", xlim=(-0.6, len(table) - 0.4))
    if np.isfinite(table.exact).any():
        right.legend(fontsize=8)
    return figure, (
        f"Density, learning curves of {wave(seen.frequency)} by region, and finishing times at "
        f"threshold {threshold:z.3g}: {'; '.join(told)}."
    )
