"""Figures: what depth does to kernels, spectra, times and laziness.

Seven inches wide, as a page shows them, and two panels in a row at most.
"""

import numpy as np

from ntklab.figures.axes import angle_axis, shade_regions, theta_axis, ticks
from ntklab.figures.panels import legend_below, new, two_in_a_row, two_over_one
from ntklab.figures.style import COLORS, MARKERS, SERIES, WIDE, counted, layers, styled


@styled
def profiles_and_decay(theta, profiles, decay):
    """k(θ)/k(0) for several depths, and eigenvalues against frequency beside their law.

    Parameters
    ----------
    theta : ndarray, shape (N,)
    profiles : dict of int to ndarray
        hidden layers -> k(θ)/k(0).
    decay : pandas.DataFrame
        Of `experiments.depth.eigenvalue_decay`.
    """
    figure, (left, right) = new(1, 2, size=(WIDE, 4.2))
    for (L, profile), color in zip(profiles.items(), SERIES, strict=False):
        left.plot(theta, profile, color=color, label=layers(L))
        part = decay[decay.hidden_layers == L]
        seen = part[part.eigenvalue > 1e-14]
        right.loglog(seen.frequency, seen.eigenvalue, ".", ms=3, color=color)
        law = part[part.asymptotic > 1e-14]
        right.loglog(law.frequency, law.asymptotic, color=color, lw=0.8)
    theta_axis(left, "angle θ (rad)")
    left.set(ylabel="k(θ)/k(0)", title="profile of the kernel")
    right.set(xlabel="frequency κ", ylabel="eigenvalue λ")
    right.set_title("dots computed, lines: two slopes")
    legend_below(left, 3)
    depths = ", ".join(map(str, profiles))
    return figure, (
        f"Left: tangent kernels of {depths} hidden layers against the angle, scaled to 1 at 0; the "
        "deeper, the sharper the peak. Right: their eigenvalues against frequency on doubly "
        "logarithmic axes; all fall like one over the square of the frequency in the end, the "
        "deepest only beyond about its number of layers, and shallow ones zig-zag with parity."
    )


@styled
def laziness(table, slopes):
    """Distances of a network from its linear limit against width, and their slopes seed by seed.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.trained.depth.lazy_training`.
    slopes : pandas.DataFrame
        Of `experiments.depth.slopes_by_seed`.
    """
    named = {
        "start": "‖H(0) − H∞‖/‖H∞‖",
        "drift": "‖H(t) − H(0)‖/‖H(0)‖",
        "residual": "‖ξ‖/‖u(0) − y‖",
    }
    figure, axes = new(2, 2, size=(WIDE, 6.0))
    squares = table.set_index(["hidden_layers", "width"])[list(named)] ** 2
    rms = np.sqrt(squares.groupby(level=[0, 1]).mean())
    depths = list(rms.index.unique(0))
    m = np.array(sorted(set(table.width)))
    for ax, (column, label) in zip(axes.flat, named.items(), strict=False):
        for i, L in enumerate(depths):
            curve = rms.loc[L, column]
            ax.loglog(curve.index, curve, marker=MARKERS[i], ms=4, color=SERIES[i], label=layers(L))
        middle = np.exp(np.log(rms[column]).mean())
        ax.loglog(m, middle * np.sqrt(np.exp(np.log(m).mean()) / m), color=COLORS["printed"],
                  ls="--", label="slope −1/2")
        ticks(ax.xaxis, m)
        low, high = rms[column].min(), rms[column].max()
        round_numbers = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
        ticks(ax.yaxis, [t for t in round_numbers if low < 2 * t < 4 * high])
        ax.set(xlabel="width m", title=label)
    last = axes[1, 1]
    for i, L in enumerate(depths):
        for place, column in enumerate(named):
            seen = slopes[(slopes.hidden_layers == L) & (slopes.quantity == column)].exponent
            beside = np.full(len(seen), place + 0.15 * (i - (len(depths) - 1) / 2))
            last.plot(beside, seen, MARKERS[i], ms=4, mfc="none", color=SERIES[i])
    last.axhline(-0.5, color=COLORS["printed"], ls="--")
    last.set_xticks(range(3), ["start", "drift", "residual"])
    last.set(title="slope of each seed", ylabel="exponent of m")
    legend_below(axes[0, 0], 3)
    spans = slopes.groupby("quantity").exponent.agg(["mean", "min", "max"]).loc[list(named)]
    told = [f"{mean:z.2f}, {low:z.2f} to {high:z.2f} ({c})" for c, mean, low, high in
            spans.itertuples()]
    return figure, (
        "Three quantities against the width for networks of several depths, doubly logarithmic: "
        "distance of the kernel from its limit, change of the kernel in training, and what the "
        "linear prediction misses, beside lines that fall like one over the root of the width. "
        f"In the last panel the slope of every seed; mean and range are {'; '.join(told)}."
    )


@styled
def compared_eigenfunctions(density, x, shallow, deep, titles):
    """Pairs of eigenfunctions: two-layer on the left, deep on the right.

    Parameters
    ----------
    density : CircleDensity
    x : ndarray, shape (N,)
    shallow, deep : ndarray, shape (N, c)
    titles : sequence of str
        Row by row, left and right.
    """
    values = np.stack([shallow, deep], axis=-1).reshape(len(x), -1)  # in the order of the panels
    figure, panels = two_in_a_row(len(titles), 1.75, extra=0.3, sharex=True, sharey="row")
    for i, ax in enumerate(panels):
        shade_regions(ax, density)
        ax.plot(x, values[:, i], color=COLORS["kernel" if i % 2 else "theory"])
        angle_axis(ax)
        ax.set_title(titles[i])
        ax.label_outer()
    return figure, (
        f"Eigenfunctions under a density of {counted(len(density.regions), 'region')}, shaded by "
        "density, of the two-layer "
        f"kernel on the left and a deep kernel on the right: {'; '.join(titles)}."
    )


@styled
def kernel_and_spectrum(seen):
    """The depth explorer's picture: profile, eigenvalues under a density, local frequency.

    Parameters
    ----------
    seen : explorers.depth.Deep
    """
    figure, (left, middle, right) = two_over_one((WIDE, 5.8), height_ratios=[1, 1.2])
    left.plot(seen.theta, seen.shallow_profile, color=COLORS["printed"], label="1 hidden layer")
    left.plot(seen.theta, seen.profile, color=COLORS["kernel"], label=layers(seen.hidden_layers))
    theta_axis(left, "angle θ (rad)")
    left.set_ylabel("k(θ)/k(0)")
    left.legend()
    index = np.arange(1, len(seen.eigenvalues))
    q = (index + 1) // 2
    middle.loglog(q, seen.eigenvalues[1:], "o", ms=3, color=COLORS["theory"], label="computed")
    middle.loglog(q, seen.law[1:], color=COLORS["law"], label="2|k'(0)|Z²/q²")
    middle.set(xlabel="index q", ylabel="eigenvalue λ")
    middle.legend()
    for j, (region, part) in enumerate(seen.local.groupby("region")):
        right.plot(part.q, part.measured, MARKERS[j], ms=3, color=SERIES[j],
                   label=f"region {region + 1}")
        right.plot(part.q, part.predicted, color=SERIES[j], lw=1)
    right.set(xlabel="index q", ylabel="local frequency (1/rad)")
    right.set_title("dots: FFT over each region, lines: q√p/Z")
    right.legend()
    return figure, (
        f"Profile of the kernel of {layers(seen.hidden_layers)} beside that of one; eigenvalues "
        f"under the density {seen.density} against their index beside the law of the kink; local "
        "frequencies in the three regions beside q times the root of p over Z."
    )


@styled
def times_by_depth(tables):
    """Time to learn times density against κ, one panel a depth: the regions' curves coincide.

    Parameters
    ----------
    tables : dict of int to pandas.DataFrame
        hidden layers -> the frame of `experiments.depth.learning_times`.
    """
    figure, panels = two_in_a_row(len(tables), 2.7, extra=0.5, ylabel="time × p", sharex=True)
    slopes, apart = [], []
    for ax, (L, table) in zip(panels, tables.items(), strict=True):
        for j, (_, part) in enumerate(table.groupby("region")):
            ax.loglog(part.frequency, part.time * part.density, MARKERS[j] + "-", ms=5, mfc="none",
                      lw=1, color=SERIES[j], label=f"p = {part.density.iloc[0]:z.3f}")
        last = table[table.frequency == table.frequency.max()]
        kappa = np.unique(table.frequency).astype(float)
        level = float((last.time * last.density).median())
        apart.append(float((last.time * last.density).max() / (last.time * last.density).min()))
        ax.loglog(kappa, level * (kappa / kappa[-1]) ** 2, "--", color=COLORS["law"], lw=1,
                  label="slope 2")
        ax.set_title(layers(L))
        ax.set_xticks(kappa, [f"{k:z.0f}" for k in kappa])
        ax.minorticks_off()
        if ax.get_subplotspec().is_last_row():
            ax.set_xlabel("frequency κ")
        first = table[table.frequency == table.frequency.min()]
        rise = float((last.time.to_numpy() / first.time.to_numpy()).mean())
        slopes.append(f"{np.log(rise) / np.log(kappa[-1] / kappa[0]):z.2f} at {layers(L)}")
    legend_below(panels[0], 4)
    return figure, (
        "Time to learn a wave of frequency κ, multiplied by the density, region by region, doubly "
        "logarithmic, one panel a depth. At the highest κ the regions are at most a factor "
        f"{max(apart):z.2f} apart; mean slopes are {', '.join(slopes)}, beside dashed lines of "
        "slope 2."
    )
