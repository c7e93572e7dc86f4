"""Figures: what depth does to kernels, spectra and laziness."""


import numpy as np

from ntklab.figures.style import COLORS, MARKERS, SERIES, angle_axis, new, shade_regions, styled


def _layers(L):
    return f"{L} hidden layer{'s' if L > 1 else ''}"


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
    theta = np.asarray(theta, dtype=float)
    figure, axes = new(1, 2, size=(9.2, 3.8))
    left, right = axes[0]
    for i, (L, profile) in enumerate(profiles.items()):
        color = SERIES[i % len(SERIES)]
        left.plot(theta, profile, color=color, label=_layers(L))
        part = decay[decay.hidden_layers == L]
        seen = part[part.eigenvalue > 1e-14]
        right.loglog(seen.frequency, seen.eigenvalue, ".", ms=3, color=color)
        law = part[part.asymptotic > 1e-14]
        right.loglog(law.frequency, law.asymptotic, color=color, lw=0.8)
    left.set_xlabel("angle θ (rad)")
    left.set_ylabel("k(θ)/k(0)")
    left.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    left.set_title("profile of the kernel")
    right.set_xlabel("frequency κ")
    right.set_ylabel("eigenvalue λ")
    right.set_title("dots computed, lines from the end slopes")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)))
    depths = ", ".join(map(str, profiles))
    figure.set_label(
        f"Left: tangent kernels of {depths} hidden layers against the angle, scaled to 1 at 0; the "
        "deeper, the sharper the peak. Right: their eigenvalues against frequency on doubly "
        "logarithmic axes; all fall like one over the square of the frequency in the end, the "
        "deepest only beyond about its number of layers, and shallow ones zig-zag with parity."
    )
    return figure


@styled
def laziness(table, laws):
    """Drift of H and residual of (22) against width, one line a depth.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.trained.depth.lazy_training`.
    laws : dict of str to str
        Column -> fitted exponent, as text.
    """
    named = {
        "start": "‖H(0) - H∞‖/‖H∞‖",
        "drift": "‖H(t) - H(0)‖/‖H(0)‖",
        "residual": "‖ξ‖/‖u(0) - y‖",
    }
    figure, axes = new(1, 3, size=(10.5, 3.6))
    rms = table.groupby(["hidden_layers", "width"])[list(named)].agg(
        lambda values: np.sqrt(np.mean(values**2))
    )
    for ax, (column, label) in zip(axes[0], named.items(), strict=True):
        for i, L in enumerate(rms.index.unique(0)):
            curve = rms.loc[L, column]
            ax.loglog(curve.index, curve, marker=MARKERS[i], ms=4, color=SERIES[i],
                      label=_layers(L))
        m = np.array(sorted(set(table.width)))
        middle = np.exp(np.log(rms[column]).mean())
        ax.loglog(m, middle * np.sqrt(np.exp(np.log(m).mean()) / m), color=COLORS["printed"],
                  ls="--", label="slope -1/2")
        ax.set_xticks(m, [str(value) for value in m])
        low, high = rms[column].min(), rms[column].max()
        ticks = [t for t in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if low < 2 * t < 4 * high]
        ax.set_yticks(ticks, [f"{t:zg}" for t in ticks])
        ax.minorticks_off()
        ax.set_xlabel("width m")
        ax.set_title(f"{label}\nm^({laws[column]})")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    figure.set_label(
        "Three quantities against the width for networks of several depths, doubly logarithmic: "
        "distance of the kernel from its limit, change of the kernel in training, and what the "
        "linear prediction misses, beside lines that fall like one over the root of the width. "
        f"Fitted exponents: {laws['start']}, {laws['drift']} and {laws['residual']}."
    )
    return figure


@styled
def compared_eigenfunctions(density, x, shallow, deep, titles):
    """Pairs of eigenfunctions: two-layer above, deep below.

    Parameters
    ----------
    density : CircleDensity
    x : ndarray, shape (N,)
    shallow, deep : ndarray, shape (N, c)
    titles : sequence of str
    """
    x = np.asarray(x, dtype=float)
    shallow, deep = np.asarray(shallow), np.asarray(deep)
    columns = shallow.shape[1]
    figure, axes = new(2, columns, size=(3.1 * columns, 4.2), sharex=True, sharey="col")
    for row, (values, color) in enumerate(
        [(shallow, COLORS["theory"]), (deep, COLORS["kernel"])]
    ):
        for j in range(columns):
            ax = axes[row, j]
            shade_regions(ax, density)
            ax.plot(x, values[:, j], color=color)
            angle_axis(ax, "angle x (rad)" if row else "")
            ax.set_title(titles[row * columns + j], fontsize=10)
    axes[0, 0].set_ylabel("two-layer")
    axes[1, 0].set_ylabel("deep")
    figure.set_label(
        "Eigenfunctions under a density of three regions, shaded by density, of the two-layer "
        f"kernel above and a deep kernel below: {'; '.join(titles)}."
    )
    return figure


@styled
def kernel_and_spectrum(seen):
    """The depth explorer's picture: profile, eigenvalues under a density, local frequency.

    Parameters
    ----------
    seen : explorers.depth.Deep
    """
    figure, axes = new(1, 3, size=(11.5, 3.5))
    left, middle, right = axes[0]
    left.plot(seen.theta, seen.shallow_profile, color=COLORS["printed"], label="1 hidden layer")
    left.plot(seen.theta, seen.profile, color=COLORS["kernel"], label=_layers(seen.hidden_layers))
    left.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    left.set_xlabel("angle θ (rad)")
    left.set_ylabel("k(θ)/k(0)")
    left.legend()
    index = np.arange(1, len(seen.eigenvalues))
    q = (index + 1) // 2
    middle.loglog(q, seen.eigenvalues[1:], "o", ms=3, color=COLORS["theory"], label="computed")
    middle.loglog(q, seen.law[1:], color=COLORS["law"], label="2|k'(0)|Z²/q²")
    middle.set_xlabel("index q")
    middle.set_ylabel("eigenvalue λ")
    middle.legend()
    for j, (region, part) in enumerate(seen.local.groupby("region")):
        right.plot(part.q, part.measured, MARKERS[j], ms=3, color=SERIES[j],
                   label=f"region {region + 1}")
        right.plot(part.q, part.predicted, color=SERIES[j], lw=1)
    right.set_xlabel("index q")
    right.set_ylabel("local frequency (1/rad)")
    right.legend()
    figure.set_label(
        f"Profile of the kernel of {_layers(seen.hidden_layers)} beside that of one; eigenvalues "
        f"under the density {seen.density} against their index beside the law of the kink; local "
        "frequencies in the three regions beside q times the root of p over Z."
    )
    return figure
