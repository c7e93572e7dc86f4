"""Figures: the two-layer kernel and its parity."""

import numpy as np
from matplotlib.patches import Wedge

from ntklab.figures.style import COLORS, SERIES, angle_axis, new, styled


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
    figure, axes = new(1, 2, size=(8.4, 3.6), width_ratios=[1, 1.3])
    left, right = axes[0]
    for angle, color, name in ((0.0, SERIES[0], "x"), (theta, SERIES[1], "x'")):
        degrees = np.degrees(angle)
        left.add_patch(Wedge((0, 0), 1, degrees - 90, degrees + 90, color=color, alpha=0.25, lw=0))
        left.annotate("", (1.25 * np.cos(angle), 1.25 * np.sin(angle)), (0, 0),
                      arrowprops={"arrowstyle": "->", "color": color, "lw": 2})
        left.text(1.4 * np.cos(angle), 1.4 * np.sin(angle), name, ha="center", va="center")
    left.set_xlim(-1.6, 1.6)
    left.set_ylim(-1.3, 1.6)
    left.set_aspect("equal")
    left.set_axis_off()
    left.set_title("weights active on x, on x'")
    right.plot(table.angle, table.exact, color=COLORS["theory"], label="(π - θ)/2π")
    right.errorbar(table.angle, table.sampled, 2 * table.error, fmt="o", ms=4,
                   color=COLORS["experiment"], label="sampled, two standard errors")
    right.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    right.set_xlabel("angle θ between x and x'")
    right.set_ylabel("probability of both active")
    right.set_ylim(0, 0.55)
    right.legend()
    figure.set_label(
        "Left: two inputs as arrows and the half-planes of weights that are active on each; they "
        "overlap in a wedge of angle pi minus theta. Right: the probability that a neuron is "
        "active on both falls in a straight line from one half to zero, as sampled."
    )
    return figure


@styled
def wrapped_and_not(d, printed, wrapped):
    """(11) read with |x - z| and with the distance on the circle."""
    d = np.asarray(d, dtype=float)
    figure, axes = new(1, 1, size=(7.0, 3.3))
    ax = axes[0, 0]
    ax.plot(d, printed, color=COLORS["printed"], ls="--", label="|x - z| as printed")
    ax.plot(d, wrapped, color=COLORS["kernel"], label="wrapped to [0, π]")
    ax.axhline(0, color="black", lw=0.6)
    ticks = np.pi * np.arange(-2, 3)
    ax.set_xticks(ticks, ["-2π", "-π", "0", "π", "2π"])
    ax.set_xlabel("x - z (rad)")
    ax.set_ylabel("k")
    ax.legend()
    figure.set_label(
        "The kernel against the difference of two angles from minus two pi to two pi. Wrapped, it "
        "repeats after a full turn and is never negative; as printed, it is negative beyond pi."
    )
    return figure


@styled
def uniform_eigenvalues(table):
    """Bars of λ_κ on the circle and the sphere, with and without bias.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.two_layer.uniform_spectra`.
    """
    figure, axes = new(1, 2, size=(8.6, 3.5), sharey=True)
    for ax, space in zip(axes[0], ("circle", "sphere"), strict=True):
        for shift, (name, color) in zip(
            (-0.2, 0.2), (("with bias", SERIES[0]), ("without", SERIES[1])), strict=True
        ):
            values = table[space, name].to_numpy()
            seen = values > 1e-12 * values.max()
            ax.bar(table.index[seen] + shift, values[seen], 0.4, color=color, label=name)
            if (~seen).any():
                ax.plot(table.index[~seen] + shift, np.full((~seen).sum(), 2e-5), "x",
                        color=color, ms=6, mew=2)
        ax.set_yscale("log")
        ax.set_ylim(1e-5, 0.5)
        ax.set_title("circle" if space == "circle" else "sphere in 3 dimensions")
        ax.set_xlabel("frequency κ" if space == "circle" else "degree κ")
        ax.legend()
    axes[0, 0].set_ylabel("eigenvalue λ")
    figure.set_label(
        "Eigenvalues of the two-layer kernel under uniform data on the circle and the sphere, "
        "against frequency. With bias all are positive; without, crosses mark the odd frequencies "
        "from 3 on, whose eigenvalue is zero."
    )
    return figure


@styled
def learned_or_not(parity):
    """Two trained networks: fractions of cos κx against iterations, and outputs at the end."""
    figure, axes = new(1, 2, size=(9.0, 3.6))
    left, right = axes[0]
    t = 1 + parity.iterations
    names, styles = ("with bias", "without bias"), ("o", "s")
    for i, (name, marker) in enumerate(zip(names, styles, strict=True)):
        left.semilogx(t, parity.predicted[i], color=SERIES[i], label=f"{name}, predicted")
        left.semilogx(t, parity.fractions[i], marker, ms=4, color=SERIES[i], mfc="none",
                      label=f"{name}, trained")
        right.plot(parity.angles, parity.outputs[i, -1], color=SERIES[i], label=name)
    target = np.cos(parity.frequency * parity.angles)
    right.plot(parity.angles, target, color=COLORS["target"], lw=3, zorder=0, label="target")
    left.set_ylim(-0.15, 1.2)
    left.set_xlabel("1 + iteration")
    left.set_ylabel(f"fraction of cos {parity.frequency}x learned")
    left.legend()
    angle_axis(right)
    right.set_ylim(-1.2, 1.6)
    right.set_ylabel("output after training")
    right.legend(loc="upper center", ncols=3)
    with_bias, without = parity.fractions[:, -1]
    figure.set_label(
        f"Two networks trained on cos {parity.frequency}x. The one with bias ends with "
        f"{with_bias:z.0%} of it learned, as predicted, the one without bias with {without:z.0%}."
    )
    return figure


@styled
def bias_switch(seen):
    """The bias explorer's picture: profile, eigenvalues, output at one time.

    Parameters
    ----------
    seen : explorers.two_layer.Switched
    """
    figure, axes = new(1, 3, size=(11.5, 3.4))
    left, middle, right = axes[0]
    left.plot(seen.theta, seen.profile, color=COLORS["kernel"])
    left.axhline(0, color="black", lw=0.6)
    left.set_ylim(-0.1, 1.05)
    left.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    left.set_xlabel("angle θ (rad)")
    left.set_ylabel("k(θ)")
    left.set_title("kernel with bias" if seen.bias else "kernel without bias")
    kappa = np.arange(len(seen.eigenvalues))
    shown = np.maximum(seen.eigenvalues, 1e-9)
    edges = np.where(kappa == seen.frequency, 2.5, 0)  # the one looked at
    middle.bar(kappa, shown, color=COLORS["theory"], edgecolor="black", linewidth=edges)
    middle.set_xticks(kappa[::2])
    middle.set_yscale("log")
    middle.set_ylim(1e-4, 1)
    middle.set_xlabel("frequency κ")
    middle.set_ylabel("eigenvalue λ")
    middle.set_title(f"λ at κ = {seen.frequency}: {seen.eigenvalues[seen.frequency]:z.2g}")
    right.plot(seen.x, seen.target, color=COLORS["target"], lw=3, label="target")
    right.plot(seen.x, seen.output, color=COLORS["theory"], label="learned")
    angle_axis(right)
    right.set_ylim(-2.6, 2.9)
    learned = f"{seen.fraction:z.0%} of cos {seen.frequency}x"
    right.set_title(f"iteration {seen.iteration:z.0f}: {learned}")
    right.legend(loc="upper center", ncols=2)
    state = "with" if seen.bias else "without"
    figure.set_label(
        f"Kernel {state} bias against the angle, its eigenvalues under uniform data, and the "
        f"target cos x + cos {seen.frequency}x with what is learned after {seen.iteration:z.0f} "
        f"iterations: {seen.fraction:z.0%} of cos {seen.frequency}x."
    )
    return figure
