"""What a network has learned, and when."""

import numpy as np
from matplotlib.figure import Figure

from ntklab.experiments.toolkit import named_halves
from ntklab.figures.axes import angle_axis, draw_density
from ntklab.figures.panels import legend_below, new, two_in_a_row
from ntklab.figures.style import COLORS, HALVES, styled


def wave(frequency):
    """cos κx as it is written."""
    return "cos x" if frequency == 1 else f"cos {frequency}x"


LINES = {0: "-", 1: "--"}  # low and high frequency


@styled
def network_diagram():
    """Equation (6): two inputs and a constant, neurons, one output."""
    figure, ax = new(size=(6.9, 2.9))
    ax.set_axis_off()
    ax.set(xlim=(-0.3, 3.5), ylim=(-0.6, 3.7))
    inputs = {"x₁": 2.6, "x₂": 1.5, "1": 0.4}
    neurons = {"₁": 3.2, "₂": 2.2, "ₘ": 0.0}
    output = (3.0, 1.5)
    for name, height in neurons.items():
        for source in inputs.values():
            ax.plot([0, 1.5], [source, height], color=COLORS["printed"], lw=0.8, zorder=1)
        ax.plot([1.5, output[0]], [height, output[1]], color=COLORS["network"], zorder=1)
        middle, box = 0.53 * height + 0.47 * output[1], {"facecolor": "white", "edgecolor": "none"}
        ax.text(2.2, middle, f"a{name} = ±1", ha="center", va="center", bbox=box)
        _node(ax, 1.5, height, f"σ(z{name})", COLORS["network"])
    ax.text(1.5, 1.1, "⋮", ha="center", va="center", fontsize=16)
    for name, height in inputs.items():
        _node(ax, 0, height, name, COLORS["printed"])
    _node(ax, *output, "f(x)", COLORS["network"])
    ax.text(0.68, 3.25, "w, b: trained", ha="center", color=COLORS["printed"])
    ax.text(3.0, 0.75, "sum, divided by √m", ha="center")
    return figure, (
        "The network: the two coordinates of the input and a constant 1 go to each of m neurons "
        "by trained weights w and biases b; a neuron passes on the positive part of its sum z; the "
        "output is the sum of all neurons with fixed signs a, divided by the root of m."
    )


def _node(ax, x, y, text, color):
    circle = {"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": color, "lw": 1.5}
    ax.text(x, y, text, ha="center", va="center", zorder=2, bbox=circle)


@styled
def snapshots(learning, iterations):
    """The output over the target at a few moments, two in a row."""
    width = 3.45 * min(2, len(iterations))
    figure, panels = two_in_a_row(
        len(iterations), 2.2, width, extra=0.2, sharex=True, sharey=True
    )
    for ax, asked in zip(panels, iterations, strict=True):
        _output(ax, learning, asked)
        ax.label_outer()
    legend_below(panels[0], 2)
    seen = ", ".join(str(learning.at(t)[0]) for t in iterations)
    low, high = map(wave, learning.frequencies)
    return figure, (
        f"The target {low} + 0.4 {high} and the network's output at iterations {seen}. "
        f"{_half_learned(learning)}"
    )


def _half_learned(learning):
    """When half of each wave is learned, in words."""
    table = learning.half_learned()
    told = "; ".join(
        f"{wave(frequency)} {_when(table.loc['dense', frequency])} in the dense half and "
        f"{_when(table.loc['sparse', frequency])} in the sparse one"
        for frequency in learning.frequencies
    )
    return f"Half is learned of {told}."


def _when(iteration):
    return f"at iteration {iteration:z.0f}" if np.isfinite(iteration) else "never"


def _output(ax, learning, asked, kind="network"):
    t, output = learning.at(asked)
    x = learning.points
    target = learning.components.sum(0)
    grid = np.linspace(-np.pi, np.pi, 1001)
    low, high = learning.frequencies
    ax.plot(grid, np.cos(low * grid) + 0.4 * np.cos(high * grid), color=COLORS["target"], lw=2.5,
            label="target")
    ax.plot(x, output, color=COLORS[kind], lw=1.2, label="network")
    dense, sparse = named_halves(learning.density).values()
    few = sparse.contains(x)
    ax.plot(x[few], output[few], ".", color=COLORS[kind], ms=4)
    ax.axvspan(dense.start, dense.stop, color="0.5", alpha=0.15, lw=0)
    title = f"iteration {t}: rms error {_rms(output, target):z.2f}"
    ax.set(title=title, ylabel="output", ylim=(-1.9, 1.9))
    angle_axis(ax)


@styled
def by_hand(x, target, outputs, predicted=None):
    """What a network written by hand says at a few moments, two panels in a row.

    Parameters
    ----------
    x : array_like, shape (n,)
        Angles of the training points, sorted.
    target : callable
        What is learned, as a function of angles.
    outputs : dict of int to array_like, shape (n,)
        The output by iteration.
    predicted : dict of int to array_like, optional
        What the eigenvalues say, by iteration.
    """
    figure, panels = two_in_a_row(
        len(outputs), 2.3, 6.9, extra=0.3, ylabel="output", sharex=True, sharey=True
    )
    fine = np.linspace(-np.pi, np.pi, 601)
    for ax, (t, output) in zip(panels, outputs.items(), strict=True):
        ax.axvspan(-np.pi, 0, color="0.5", alpha=0.15, lw=0)
        ax.plot(fine, target(fine), color=COLORS["target"], lw=3, label="target")
        ax.plot(x, output, "." if predicted else ".-", color=COLORS["network"], ms=5, lw=1.2,
                label="network")
        if predicted:
            ax.plot(x, predicted[t], color=COLORS["theory"], lw=1.2, label="predicted")
        ax.set_title(f"iteration {t}")
        angle_axis(ax)
        ax.label_outer()
    legend_below(panels[0], 3)
    left = np.asarray(x) < 0
    told = [
        f"{t}: {_rms(u[left], target(x[left])):z.2f} and {_rms(u[~left], target(x[~left])):z.2f}"
        for t, u in outputs.items()
    ]
    also = ", with the prediction from its eigenvalues drawn over it" if predicted else ""
    return figure, (
        f"Target and output of the network at a few iterations{also}. Root mean square error in "
        f"the shaded half, left of 0, and in the other, by iteration, {'; '.join(told)}."
    )


def _rms(output, y):
    return np.sqrt(np.mean((np.asarray(output) - y) ** 2))


@styled
def eigenvectors(x, values, vectors, chosen=(0, 1, 2, 4, 8, 16)):
    """A few eigenvectors above one another, each with the time that it takes to be learned.

    Parameters
    ----------
    x : array_like, shape (n,)
        Angles, sorted.
    values : array_like, shape (n,)
        Eigenvalues, largest first.
    vectors : array_like, shape (n, n)
        Eigenvectors as columns, in the same order.
    chosen : sequence of int
        Places to show.
    """
    figure, ax = new(size=(6.9, 0.62 * len(chosen) + 1.0))
    rows = -np.arange(len(chosen))
    slower = [f"{values[0] / values[i]:z.0f}" for i in chosen]
    for row, i in zip(rows, chosen, strict=True):
        v = np.asarray(vectors)[:, i]
        ax.axhline(row, color="0.8", lw=0.8)
        ax.plot(x, row + 0.42 * v / np.abs(v).max(), ".-", ms=3, lw=1.2, color=COLORS["theory"])
    ax.set_yticks(rows, [f"number {i + 1}" for i in chosen])
    right = ax.secondary_yaxis("right")
    right.set_yticks(rows, slower)
    right.set_ylabel("how much slower than number 1")
    ax.grid(False)
    ax.axvspan(-np.pi, 0, color="0.5", alpha=0.15, lw=0)
    ax.set_ylim(-len(chosen) + 0.4, 0.6)
    angle_axis(ax)
    return figure, (
        "Eigenvectors of the matrix H over the angle, dense half shaded, from large eigenvalue to "
        f"small: from slow waves to fast ones. They are slower than the first by "
        f"{', '.join(slower)}."
    )


@styled
def learned_fractions(learning, predicted=None):
    """How much of each component is learned in each half, against the iteration."""
    figure, (left, right) = new(1, 2, size=(6.9, 3.5), sharey=True)
    _fractions(left, learning, "trained network")
    if predicted is None:
        right.set_axis_off()
    else:
        _fractions(right, predicted, "infinite width, computed")
        right.set_ylabel("")
    legend_below(left, 2)
    low, high = map(wave, learning.frequencies)
    return figure, (
        f"Fraction of {low} and of {high} learned against the iteration, in the dense "
        f"and in the sparse half. {_half_learned(learning)}"
    )


def _fractions(ax, learning, title):
    table = learning.learned()
    for (half, frequency), curve in table.groupby(["half", "frequency"], sort=False):
        ax.semilogx(
            1 + curve.iteration, curve.fraction, LINES[learning.frequencies.index(frequency)],
            color=HALVES[half], label=f"{wave(frequency)}, {half} half",
        )
    ax.axhline(1, color=COLORS["printed"], lw=0.8)
    ax.set(xlabel="1 + iteration", ylabel="fraction learned", title=title, ylim=(-0.35, 1.35))


@styled
def moment(learning, iteration, title, kind="network"):
    """Density, output at one iteration, and the fractions up to the end with that moment marked.

    `kind` says whose output it is, and so its colour: "network" or "theory".
    """
    figure = Figure(figsize=(6.9, 5.6), layout="constrained")
    above, left, right = figure.subplot_mosaic("oo;df", width_ratios=[1, 1.6]).values()
    draw_density(left, learning.density)
    left.set_title("density of the data")
    left.set_xticks([-np.pi, 0, np.pi], ["-π", "0", "π"])
    _output(above, learning, iteration, kind)
    above.legend(loc="lower right", ncols=2)
    _fractions(right, learning, title)
    legend_below(right, 4, fontsize=8.5, columnspacing=1.0)
    t = learning.at(iteration)[0]
    right.axvline(1 + t, color="black", lw=1, ls=":")
    table = learning.learned().query("iteration == @t")
    told = "; ".join(
        f"{row.fraction:z.0%} of {wave(row.frequency)} in the {row.half} half"
        for row in table.itertuples()
    )
    even = "" if np.ptp(learning.density.values) else " The halves are equally dense."
    return figure, (
        f"Density of the data, the output at iteration {t} over the target, and the fractions "
        f"learned against the iteration. At this moment: {told}.{even}"
    )
