"""What a network has learned, and when."""

import numpy as np

from ntklab.figures.style import COLORS, HALVES, angle_axis, draw_density, new, styled


def wave(frequency):
    """cos κx as it is written."""
    return "cos x" if frequency == 1 else f"cos {frequency}x"


LINES = {0: "-", 1: "--"}  # low and high frequency


@styled
def snapshots(learning, iterations):
    """The output over the target at a few moments, above one another by columns."""
    columns = min(3, len(iterations))
    rows = -(-len(iterations) // columns)
    size = (3.3 * columns, 2.5 * rows)
    figure, axes = new(rows, columns, size=size, sharex=True, sharey=True)
    for ax in axes.flat[len(iterations) :]:
        ax.set_axis_off()
    for ax, asked in zip(axes.flat, iterations, strict=False):
        _output(ax, learning, asked)
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    axes[0, 0].legend(loc="lower right", fontsize=8)
    seen = ", ".join(str(learning.at(t)[0]) for t in iterations)
    low, high = map(wave, learning.frequencies)
    figure.set_label(
        f"The target {low} + 0.4 {high} and the network's output at iterations {seen}. "
        "The slow wave is there first, the ripple on it later and first where data are dense."
    )
    return figure


def _output(ax, learning, asked, kind="network"):
    t, output = learning.at(asked)
    x = learning.points
    target = learning.components.sum(0)
    grid = np.linspace(-np.pi, np.pi, 1001)
    low, high = learning.frequencies
    ax.plot(grid, np.cos(low * grid) + 0.4 * np.cos(high * grid), color=COLORS["target"], lw=2.5,
            label="target")
    ax.plot(x, output, color=COLORS[kind], lw=1.2, label="network")
    sparse = x >= 0
    ax.plot(x[sparse], output[sparse], ".", color=COLORS[kind], ms=4)
    ax.axvspan(-np.pi, 0, color="0.5", alpha=0.15, lw=0)
    rms = np.sqrt(np.mean((output - target) ** 2))
    ax.set_title(f"iteration {t}: rms error {rms:z.2f}")
    ax.set_ylim(-1.9, 1.9)
    ax.set_ylabel("output")
    angle_axis(ax)


@styled
def learned_fractions(learning, predicted=None):
    """How much of each component is learned in each half, against the iteration."""
    figure, axes = new(1, 2, size=(8.6, 3.4), sharey=True)
    _fractions(axes[0, 0], learning, "trained network")
    if predicted is None:
        axes[0, 1].set_axis_off()
    else:
        _fractions(axes[0, 1], predicted, "infinite width, computed")
        axes[0, 1].set_ylabel("")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    low, high = map(wave, learning.frequencies)
    figure.set_label(
        f"Fraction of {low} and of {high} learned against the iteration, in the dense "
        f"and in the sparse half. In each half the low frequency rises first; each frequency "
        "rises in the dense half first."
    )
    return figure


def _fractions(ax, learning, title):
    table = learning.learned()
    for (half, frequency), curve in table.groupby(["half", "frequency"], sort=False):
        ax.semilogx(
            1 + curve.iteration, curve.fraction, LINES[learning.frequencies.index(frequency)],
            color=HALVES[half], label=f"{wave(frequency)}, {half} half",
        )
    ax.axhline(1, color=COLORS["printed"], lw=0.8)
    ax.set_ylim(-0.35, 1.35)
    ax.set_xlabel("1 + iteration")
    ax.set_ylabel("fraction learned")
    ax.set_title(title)


@styled
def moment(learning, iteration, title, kind="network"):
    """Density, output at one iteration, and the fractions up to the end with that moment marked.

    `kind` says whose output it is, and so its colour: "network" or "theory".
    """
    figure, axes = new(1, 3, size=(11.5, 3.6), width_ratios=[0.8, 1.2, 1.2])
    draw_density(axes[0, 0], learning.density)
    axes[0, 0].set_title("density of the data")
    _output(axes[0, 1], learning, iteration, kind)
    axes[0, 1].legend(loc="lower right", fontsize=8)
    _fractions(axes[0, 2], learning, title)
    handles, labels = axes[0, 2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4)
    t = learning.at(iteration)[0]
    axes[0, 2].axvline(1 + t, color="black", lw=1, ls=":")
    table = learning.learned().query("iteration == @t")
    told = "; ".join(
        f"{row.fraction:z.0%} of {wave(row.frequency)} in the {row.half} half"
        for row in table.itertuples()
    )
    figure.set_label(
        f"Density of the data, the output at iteration {t} over the target, and the fractions "
        f"learned against the iteration. At this moment: {told}."
    )
    return figure
