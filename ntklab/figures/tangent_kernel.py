"""Figures: networks of finite width against their limit."""

from itertools import cycle

import numpy as np
from matplotlib.lines import Line2D

from ntklab.figures.axes import angle_axis, plain_ticks, theta_axis, ticks
from ntklab.figures.panels import legend_below, legend_of_all, new, two_in_a_row, two_over_one
from ntklab.figures.style import COLORS, MARKERS, SERIES, WIDE, layers, styled

ERRORS = ("printed", "counted", "vector")  # of predictions; what else there is causes them


def _widths(ax, m, values):
    """Doubly logarithmic, widths as ticks, and the slope -1/2 through the middle of `values`."""
    guide = np.exp(np.mean(np.log(values))) * np.sqrt(np.exp(np.log(m).mean()) / m)
    ax.loglog(m, guide, color=COLORS["law"], ls="--", lw=1, label="slope -1/2")
    ticks(ax.xaxis, m)
    ax.set_xlabel("width m")


@styled
def network_and_limit(seen):
    """The width explorer's picture.

    Parameters
    ----------
    seen : explorers.tangent_kernel.Width
    """
    figure, (left, right, below) = two_over_one((WIDE, 6.4))
    left.plot(seen.distances.ravel(), seen.before.ravel(), ".", ms=3, alpha=0.5,
              color=COLORS["network"], label="this network, H(0)")
    left.plot(seen.theta, seen.profile, color=COLORS["theory"], label="infinite width")
    theta_axis(left)
    left.set(ylabel="tangent kernel", title=f"kernel off its limit by {seen.deviation:z.0%}")
    left.legend()

    lines = [
        (seen.outputs, COLORS["network"], "o", "trained network"),
        (seen.predicted, COLORS["kernel"], "--", "predicted from H(0)"),
        (seen.limit, COLORS["theory"], "-", "predicted from infinite width"),
    ]
    t = seen.iterations
    below.plot(seen.angles, seen.target, color=COLORS["target"], lw=4, label="target")
    for outputs, color, kind, label in lines:
        below.plot(seen.angles, outputs[-1], kind, ms=4, color=color, label=label)
        right.loglog(1 + t, seen.errors(outputs), kind, ms=4, color=color)
    errors = [seen.errors(outputs) for outputs, *_ in lines]
    ticks(right.xaxis, [1, 3, 10, 30])
    plain_ticks(right, np.min(errors), np.max(errors))
    right.set(xlabel="1 + iteration", ylabel="rms error", title="error while training")
    angle_axis(below)
    below.set_ylabel("output")
    below.set_title(f"after {t[-1]} steps; kernel moved by {seen.drift:z.0%}")
    legend_below(below, 2)
    ends = [f"{error[-1]:z.3f}" for error in errors]
    return figure, (
        f"A network of {layers(seen.hidden_layers)} and width {seen.width}. Left: its tangent "
        f"kernel for all pairs of points, scattered about the infinite width's curve by "
        f"{seen.deviation:z.0%}. Right: the error in time; at the end {ends[0]}, predicted "
        f"{ends[1]} from the kernel at the start and {ends[2]} from infinite width. Below: outputs "
        f"after {t[-1]} steps of training, in which the kernel moved by {seen.drift:z.0%}."
    )


@styled
def error_curves(table):
    """Errors of trained networks over the eigen-decay sum with and without the initial output.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.tangent_kernel.curves`.
    """
    widths = sorted(set(table.width))
    ylabel = "‖y - u(t)‖ / ‖y‖"
    figure, panels = two_in_a_row(len(widths), 2.7, ylabel=ylabel, sharey=True)
    for ax, (m, part) in zip(panels, table.groupby("width"), strict=True):
        t = 1 + part.iteration
        ax.loglog(t, part.printed, color=COLORS["printed"], ls=":", label="(1) as printed")
        ax.loglog(t, part.counted, color=COLORS["theory"], label="(1) with the initial output")
        ax.loglog(t, part.trained, "o", ms=4, color=COLORS["network"], label="trained network")
        ax.set(xlabel="1 + iteration", title=f"width {m}")
    legend_of_all(panels, 2)
    return figure, (
        f"Error against the iteration of networks of width {', '.join(map(str, widths))} over two "
        "predictions. With the initial output included the prediction is met ever more closely "
        "as the width grows; without it, it begins at another value whatever the width."
    )


@styled
def training_gap(table, laws):
    """What (1) misses on trained networks against the width, and where it comes from.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.tangent_kernel.training`.
    laws : dict of (str, str) to str
        (start_kind, column) -> fitted exponent, as text; the curves to draw, the left ones first.
    """
    named = {
        "printed": "(1) as printed", "counted": "(1) with u(0)", "vector": "(22), vectors",
        "start": "H(0) from H∞", "drift": "H(T) from H(0)",
        "linearised": "u(T) from its linearisation",
    }
    figure, (left, right) = new(1, 2, size=(WIDE, 4.6))
    misses = [k for k in laws if k[1] in ERRORS]
    causes = [k for k in laws if k[1] not in ERRORS]
    looks = cycle(zip(MARKERS, SERIES, strict=True))  # none means two things
    for ax, side, title, unit, wanted in (
        (left, "left", "what the prediction misses, ε", "relative to ‖y‖", misses),
        (right, "right", "where it comes from", "relative distance", causes),
    ):
        seen = []
        for (kind, column), (marker, color) in zip(wanted, looks, strict=False):
            part = table[table.start_kind == kind]
            rms = np.sqrt((part[column] ** 2).groupby(part.width).mean())
            seen.append(rms)
            start = f", {kind} start" if column == "printed" else ""
            ax.loglog(rms.index, rms, marker=marker, ms=5, color=color,
                      label=f"{named[column]}{start}: m^({laws[kind, column]})")
        m = np.array(sorted(set(table.width)), float)
        _widths(ax, m, seen[-1])
        plain_ticks(ax, np.min(seen), np.max(seen))
        ax.set(title=title, ylabel=unit)
        figure.legend(*ax.get_legend_handles_labels(), loc=f"outside lower {side}")
    told = "; ".join(f"{named[c]}, {kind} start: m^({law})" for (kind, c), law in laws.items())
    return figure, (
        "Two doubly logarithmic panels against the width: what the predictions of training miss, "
        f"and the distances behind it. Fitted powers: {told}."
    )


@styled
def deviations(table, laws):
    """Distance of random networks' kernels from the limit, one dot a network.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.tangent_kernel.concentration`.
    laws : dict of int to str
        hidden layers -> fitted exponent, as text.
    """
    ylabel = "‖H(0) - H∞‖ / ‖H∞‖"
    figure, panels = two_in_a_row(len(laws), 2.8, ylabel=ylabel, sharey=True)
    for ax, (L, law), color in zip(panels, laws.items(), SERIES, strict=False):
        part = table[table.hidden_layers == L]
        rms = np.sqrt((part.deviation**2).groupby(part.width).mean())
        ax.loglog(part.width, part.deviation, ".", ms=4, alpha=0.5, color=color)
        ax.loglog(rms.index, rms, marker="o", ms=5, color=color)
        _widths(ax, rms.index.to_numpy(float), rms)
        ax.set_title(f"{layers(L)}: m^({law})")
    plain_ticks(panels[0], table.deviation.min(), table.deviation.max())
    told = ", ".join(f"{layers(L)} m^({law})" for L, law in laws.items())
    return figure, (
        "Relative distance of the tangent kernel of random networks from its limit against the "
        f"width, doubly logarithmic; its root mean square falls like {told}."
    )


@styled
def one_step(angles, moved, kernel, at):
    """How the whole curve moves when one step raises the output at a single point.

    Parameters
    ----------
    angles, moved, kernel : ndarray, shape (N,)
        Angles, (change of the network's output)/η, and the tangent kernel k(x, at) of infinite
        width.
    at : float
        Angle of the point.
    """
    figure, ax = new(size=(6.9, 3.4))
    ax.plot(angles, kernel, color=COLORS["law"], lw=3, alpha=0.5, label="infinite width: k(x, x')")
    ax.plot(angles, moved, color=COLORS["network"], label="the network's output moved by (× 1/η)")
    ax.axvline(at, color="0.3", lw=0.8, ls="--")
    ax.annotate("x', where we pushed", (at, 0.03), xytext=(6, 0), textcoords="offset points",
                xycoords=("data", "axes fraction"))
    ax.set(ylabel="change at x", ylim=(min(0, 1.1 * moved.min()), None))
    angle_axis(ax)
    ax.legend(loc="upper left")
    off = float(np.abs(moved - kernel).max())
    return figure, (
        f"One gradient step for the point x' = {at:z.2f} raises the output of a network all round "
        f"the circle, most at x' and least opposite to it. The curve follows the tangent kernel to "
        f"{off:z.2f}."
    )


@styled
def moved_kernel(seen):
    """The tangent kernel at the start and after training, its limit, and what was learned.

    Parameters
    ----------
    seen : experiments.trained.tangent_kernel.Moved
    """
    figure, axes = new(2, 2, size=(WIDE, 6.6))
    named = {"infinite width": seen.limit, "H(0), at the start": seen.before,
             "H(T), after training": seen.after}  # fmt: skip
    top = max(H.max() for H in named.values())
    for ax, (name, H) in zip(axes.flat, named.items(), strict=False):
        ends = (-np.pi, np.pi)
        shown = ax.imshow(H, vmin=0, vmax=top, extent=2 * ends, origin="lower", cmap="cividis")
        ax.grid(False)
        ax.set(title=name, ylabel="angle x' (rad)")
        ax.set_yticks([-np.pi, 0, np.pi], ["-π", "0", "π"])
        angle_axis(ax)
    figure.colorbar(shown, ax=axes[0, 1], label="k(x, x')", shrink=0.8)
    ax = axes[1, 1]
    ax.plot(seen.angles, seen.target, color=COLORS["target"], lw=4, label="target")
    ax.plot(seen.angles, seen.outputs, color=COLORS["network"], label="network")
    ax.set(title="what it has learned", ylim=(-1.2, 1.75))
    angle_axis(ax)
    ax.legend(loc="upper center", ncols=2)
    rates = [seen.rate(H) for H in named.values()]
    spread = [np.diagonal(H).max() / np.diagonal(H).min() for H in named.values()]
    return figure, (
        "The tangent kernel over pairs of points of the circle as three images: of infinite width, "
        "of a network at the start, and after training, which has moved it by "
        f"{seen.drift:z.0%}. Along its diagonal, bright in all three, largest over smallest is "
        f"{spread[0]:z.2f}, {spread[1]:z.2f} and {spread[2]:z.2f}; the rate at which it learns the "
        f"target {rates[0]:z.4f}, {rates[1]:z.4f} and {rates[2]:z.4f}. The fourth panel has the "
        f"target and what the network says, {seen.error:z.0%} off in root mean square."
    )


@styled
def neurons_and_networks(seen):
    """Above, single neurons before and after training; below, what training adds to networks.

    Parameters
    ----------
    seen : sequence of experiments.trained.tangent_kernel.Together
        A column each.
    """
    figure, axes = new(2, len(seen), size=(WIDE, 6.0), sharey="row", squeeze=False)
    before = {"color": "0.6", "lw": 2.5}
    theory = {"color": COLORS["theory"], "ls": "--"}
    for column, one in zip(axes.T, seen, strict=True):
        neurons, outputs = column
        neurons.plot(one.angles, one.before.T, **before)
        neurons.plot(one.angles, one.after.T, color=COLORS["network"], lw=1)
        neurons.set_title(f"{len(one.before)} of {one.width} neurons")
        outputs.plot(one.angles, one.added.T, color=COLORS["network"], lw=0.8, alpha=0.7)
        outputs.plot(one.angles, one.expected, **theory)
        outputs.set_title(f"{len(one.added)} networks of width {one.width}")
        for ax in column:
            angle_axis(ax)
    axes[0, 0].set_ylabel("a σ(w·x + b)")
    axes[1, 0].set_ylabel("added by training")
    styles = {"before training": before, "after training": {"color": COLORS["network"]},
              "infinite width": theory}  # fmt: skip
    handles = [Line2D([], [], label=label, **style) for label, style in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    moved = [np.abs(one.after - one.before).max() for one in seen]
    apart = [np.abs(one.added - one.expected).max() for one in seen]
    return figure, (
        "; ".join(
            f"at width {one.width} single neurons move by up to {far:z.2g}, and what training adds "
            f"to a network is up to {off:z.2g} from the curve of infinite width"
            for one, far, off in zip(seen, moved, apart, strict=True)
        ).capitalize()
        + "."
    )


@styled
def two_points(H, target, outputs, predicted):
    """Two training points: the path of both predictions to their targets, and the matrix as axes.

    Parameters
    ----------
    H : ndarray, shape (2, 2)
    target : ndarray, shape (2,)
    outputs, predicted : ndarray, shape (T, 2)
        Of a trained network, and u(t) = y + (I - ηH)^t (u(0) - y).
    """
    figure, ax = new(size=(5.6, 4.6))
    eigenvalues, v = np.linalg.eigh(H)
    for value, axis, name in zip(eigenvalues, v.T, ("slow", "fast"), strict=True):
        axis = axis * np.sign(axis[0])  # labels to the right, out of the way of the path
        ends = target + np.outer([-1, 1], 0.9 * np.sqrt(value) * axis)
        ax.plot(*ends.T, color="0.6", lw=1.2, ls="--")
        ax.annotate(f"{name}: λ = {value:z.2f}", ends[1], color="0.35", size=9)
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    ring = target[:, None] + 0.9 * (v * np.sqrt(eigenvalues)) @ circle
    ax.plot(*ring, color="0.6", lw=1.2)
    ax.plot(*predicted.T, color=COLORS["theory"], label="(I - ηH)^t, predicted")
    ax.plot(*outputs.T, "o", ms=4, color=COLORS["network"], mfc="none", label="trained network")
    ax.plot(*outputs[0], "s", color="black", ms=6, label="start u(0)")
    ax.plot(*target, "*", color=COLORS["target"], ms=14, mec="black", mew=0.5, label="targets y")
    ax.set(xlabel="output at the first point", ylabel="output at the second point")
    ax.set_aspect("equal", adjustable="datalim")
    ax.legend(loc="best", fontsize=9)
    return figure, (
        f"The outputs of a network at two points, from its start to the targets. The path bends: "
        f"first along the long axis of an ellipse, of eigenvalue {eigenvalues[1]:z.2f}, then along "
        f"the short one, of eigenvalue {eigenvalues[0]:z.2f}."
    )
