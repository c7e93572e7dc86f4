"""Figures: the two-layer kernel and its parity."""

import numpy as np
from matplotlib.patches import Wedge

from ntklab.figures.axes import angle_axis, theta_axis
from ntklab.figures.panels import new, two_over_one
from ntklab.figures.style import COLORS, SERIES, counted, styled


@styled
def active_neurons(theta, table):
    """Directions w for which both inputs are active, and how often that is so.

    Parameters
    ----------
    theta : float
        Angle between the two inputs shown on the left.
    table : pandas.DataFrame
        Of `experiments.two_layer.active_together`.
    """
    figure, (left, right) = new(1, 2, size=(6.9, 3.4), width_ratios=[1, 1.15])
    for angle, color, name in ((0.0, SERIES[0], "x"), (theta, SERIES[1], "x'")):
        degrees = np.degrees(angle)
        left.add_patch(Wedge((0, 0), 1, degrees - 90, degrees + 90, color=color, alpha=0.2, lw=0))
        left.annotate("", (1.25 * np.cos(angle), 1.25 * np.sin(angle)), (0, 0),
                      arrowprops={"arrowstyle": "->", "color": color, "lw": 2})
        left.text(1.4 * np.cos(angle), 1.4 * np.sin(angle), name, ha="center", va="center")
    _angle(left, 0, theta, 0.4, theta / 2, "θ")
    _angle(left, theta - np.pi / 2, np.pi / 2, 1.06, theta - np.pi / 2 + 0.15, "π - θ")
    left.set(xlim=(-1.1, 1.6), ylim=(-1.15, 1.6), aspect="equal")
    left.set_axis_off()
    left.set_title("w active on x (blue), on x' (red)")
    right.plot(table.angle, table.exact, color=COLORS["theory"], label="(π - θ)/2π")
    right.errorbar(table.angle, table.sampled, 2 * table.error, fmt="o", ms=4,
                   color=COLORS["experiment"], label="sampled, ±2 standard errors")
    theta_axis(right)
    right.set(ylabel="probability of both active", ylim=(0, 0.62))
    right.legend()
    return figure, (
        "Left: two inputs as arrows, an angle theta apart, and the half-planes of weights that "
        "are active on each; they overlap in a wedge of angle pi minus "
        "theta. Right: the probability that a neuron is active on both falls in a straight line "
        "from one half to zero, as sampled."
    )


def _angle(ax, start, stop, radius, at, name):
    """An arc from one direction to another, its name a little farther out in direction `at`."""
    turn = np.linspace(start, stop, 60)
    ax.plot(radius * np.cos(turn), radius * np.sin(turn), color="black", lw=1.2)
    out = radius + 0.1 + 0.025 * len(name)
    ax.text(out * np.cos(at), out * np.sin(at), name, ha="center", va="center")


@styled
def kinks_and_spikes(theta, profiles):
    """K, its slope and its curvature: a kink of K is a jump of K' and a spike of K''.

    Parameters
    ----------
    theta : array_like, shape (n,)
        From 0 to π, evenly.
    profiles : dict of str to array_like, shape (n,)
        K(θ) by the name of the kernel, one a column.
    """
    columns = len(profiles)
    figure, axes = new(3, columns, (6.9, 5.2), sharex=True, sharey="row", squeeze=False)
    turn = np.concatenate([-theta[:0:-1], theta])  # K(-θ) = K(θ)
    jumps = []
    for column, (name, profile) in zip(axes.T, profiles.items(), strict=True):
        slope = np.gradient(profile, theta, edge_order=2)
        curve = np.gradient(slope, theta, edge_order=2)
        halves = (-slope[:0:-1], slope)
        column[0].plot(turn, np.concatenate([profile[:0:-1], profile]), color=COLORS["kernel"])
        for side, values in zip((-theta[:0:-1], theta), halves, strict=True):
            column[1].plot(side, values, color=COLORS["kernel"])
        column[2].plot(turn, np.concatenate([curve[:0:-1], curve]), color=COLORS["kernel"])
        column[0].set_title(name)
        spikes = ((0.0, 2 * slope[0]), (np.pi, -2 * slope[-1]), (-np.pi, -2 * slope[-1]))
        jumps += [size for _, size in spikes[:2]]
        for place, size in spikes:
            if abs(size) > 1e-3:
                _spike(column[2], place, size)
        angle_axis(column[2], "angle θ (rad)")
        for ax in column:
            ax.set_xlim(-np.pi - 0.15, np.pi + 0.15)
            ax.axhline(0, color="black", lw=0.6)
    for ax, name in zip(axes[:, 0], ("K(θ)", "slope K'", "curvature K''"), strict=True):
        ax.set_ylabel(name)
    axes[2, 0].set_ylim(-1.0, 0.5)
    told = ", ".join(f"{z:z.2f}" for z in jumps)
    return figure, (
        "Kernels with and without bias over the whole circle, their slopes and curvatures. A kink "
        "is a jump of the slope and a spike of the curvature. Jumps at 0 and at pi, kernel by "
        f"kernel: {told}."
    )


def _spike(ax, place, size):
    """An arrow as long as the spike is heavy, with its weight; its height means nothing."""
    ax.annotate("", (place, 2.5 * size), (place, 0), annotation_clip=False,
                arrowprops={"arrowstyle": "-|>", "color": COLORS["experiment"], "lw": 2})
    side = -1 if place > 1 else 1
    ax.text(place + 0.15 * side, 2.5 * size, f"{np.pi * size:z.2g}/π",
            ha="left" if side > 0 else "right", va="bottom", color=COLORS["experiment"])


@styled
def wrapped_and_not(d, printed, wrapped):
    """(11) read with |x - z| and with the distance on the circle."""
    figure, ax = new(size=(6.9, 3.3))
    ax.plot(d, printed, color=COLORS["printed"], ls="--", label="|x - z| as printed")
    ax.plot(d, wrapped, color=COLORS["kernel"], label="wrapped to [0, π]")
    ax.axhline(0, color="black", lw=0.6)
    ax.set_xticks(np.pi * np.arange(-2, 3), ["-2π", "-π", "0", "π", "2π"])
    ax.set(xlabel="x - z (rad)", ylabel="k, factor 1/4π")
    ax.legend()
    return figure, (
        "The kernel against the difference of two angles from minus two pi to two pi. Wrapped, it "
        "repeats after a full turn and is never negative; as printed, it is negative beyond pi."
    )


@styled
def uniform_eigenvalues(table):
    """Bars of λ_κ on the circle and the sphere, with and without bias.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.two_layer.uniform_spectra`.
    """
    figure, axes = new(1, 2, size=(6.9, 3.5), sharey=True)
    for ax, space in zip(axes, ("circle", "sphere"), strict=True):
        for name, shift, color in (("with bias", -0.2, SERIES[0]), ("without", 0.2, SERIES[1])):
            values = table[space, name].to_numpy()
            seen = values > 1e-12 * values.max()
            ax.bar(table.index[seen] + shift, values[seen], 0.4, color=color, label=name)
            if (~seen).any():
                zeros = np.full((~seen).sum(), 2.2e-6)
                ax.plot(table.index[~seen] + shift, zeros, "x", color=color, ms=6, mew=2)
        ax.axhspan(1e-6, 5e-6, color="0.5", alpha=0.2, lw=0)
        ax.set(yscale="log", ylim=(1e-6, 0.5))
        ax.set_yticks([2.2e-6, 1e-4, 1e-3, 1e-2, 1e-1], ["zero", "0.0001", "0.001", "0.01", "0.1"])
        ax.minorticks_off()
        ax.legend()
    axes[0].set(title="circle", xlabel="frequency κ", ylabel="eigenvalue λ (factor 1/4π)")
    axes[1].set(title="sphere in 3 dimensions", xlabel="degree κ")
    return figure, (
        "Eigenvalues of the two-layer kernel under uniform data on the circle and the sphere, "
        "against frequency. With bias all are positive; without, crosses mark the odd frequencies "
        "from 3 on, whose eigenvalue is zero."
    )


@styled
def learned_or_not(parity):
    """Two trained networks: fractions of cos κx against iterations, and outputs at the end."""
    figure, (left, right) = new(1, 2, size=(6.9, 3.9))
    t = 1 + parity.iterations
    for i, (name, marker) in enumerate((("with bias", "o"), ("without bias", "s"))):
        left.semilogx(t, parity.predicted[i], color=SERIES[i], label=f"{name}, predicted")
        left.semilogx(t, parity.fractions[i], marker, ms=4, color=SERIES[i], mfc="none",
                      label=f"{name}, trained")
        right.plot(parity.angles, parity.outputs[i, -1], color=SERIES[i], label=name)
    fine = np.linspace(-np.pi, np.pi, 601)
    wave = np.cos(parity.frequency * fine)
    (target,) = right.plot(fine, wave, color=COLORS["target"], lw=3, zorder=0, label="target")
    left.set(xlabel="1 + iteration", ylabel=f"fraction of cos {parity.frequency}x learned")
    left.set_ylim(-0.15, 1.2)
    angle_axis(right)
    right.set(ylabel="output after training", ylim=(-1.2, 1.2))
    handles, _ = left.get_legend_handles_labels()
    figure.legend(handles=[*handles, target], loc="outside lower center", ncols=2)
    with_bias, without = parity.fractions[:, -1]
    return figure, (
        f"Two networks trained on cos {parity.frequency}x. The one with bias ends with "
        f"{with_bias:z.0%} of it learned, as predicted, the one without bias with {without:z.0%}."
    )


@styled
def bias_switch(seen):
    """The bias explorer's picture: profile, eigenvalues, output at one time.

    Parameters
    ----------
    seen : explorers.two_layer.Switched
    """
    state = "with" if seen.bias else "without"
    figure, (left, middle, below) = two_over_one((6.9, 5.4))
    left.plot(seen.theta, seen.profile, color=COLORS["kernel"])
    left.axhline(0, color="black", lw=0.6)
    left.set(ylabel="K(θ), factor 1/2π", title=f"kernel {state} bias", ylim=(-0.1, 1.05))
    theta_axis(left)
    kappa = np.arange(len(seen.eigenvalues))
    shown = np.maximum(seen.eigenvalues, 1e-9)
    edges = np.where(kappa == seen.frequency, 2.5, 0)  # the one looked at
    middle.bar(kappa, shown, color=COLORS["theory"], edgecolor="black", linewidth=edges)
    never = kappa[seen.eigenvalues < 1e-9]
    middle.plot(never, np.full(len(never), 1.6e-4), "x", color=COLORS["experiment"], mew=2,
                label="zero")
    if len(never):
        middle.legend()
    middle.set(xlabel="frequency κ", ylabel="eigenvalue λ", xticks=kappa[::2])
    middle.set(yscale="log", ylim=(1e-4, 1))
    middle.set_title(f"λ at κ = {seen.frequency}: {seen.eigenvalues[seen.frequency]:z.2g}")
    below.plot(seen.x, seen.target, color=COLORS["target"], lw=3, label="target")
    below.plot(seen.x, seen.output, color=COLORS["theory"], label="learned")
    angle_axis(below)
    learned = f"{seen.fraction:z.0%} of cos {seen.frequency}x"
    below.set(title=f"iteration {seen.iteration:z.0f}: {learned} learned", ylim=(-2.6, 2.6))
    below.legend(loc="upper right", ncols=2)
    return figure, (
        f"Kernel {state} bias against the angle, its eigenvalues under uniform data, and the "
        f"target cos x + cos {seen.frequency}x with what is learned after "
        f"{counted(seen.iteration, 'iteration')}: {learned}."
    )
