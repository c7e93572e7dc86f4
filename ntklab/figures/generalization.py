"""Errors on new data: stopping, bounds, random labels, learning curves."""

import numpy as np

from ntklab.figures.axes import angle_axis, plain_ticks, shade_regions
from ntklab.figures.panels import new
from ntklab.figures.style import COLORS, HALVES, SERIES, WIDE, styled

NAMES = {-1: "all", 0: "sparse", 1: "dense"}
INKS = {-1: "black", 0: HALVES["sparse"], 1: HALVES["dense"]}


@styled
def sample(stopping, time):
    """Noisy labels, the target, and what is predicted everywhere at one time."""
    figure, ax = new(size=(WIDE, 3.4))
    _sample(ax, stopping, time)
    return figure, (
        f"Noisy labels of a wave of frequency {stopping.frequency} on the circle, few on one half "
        f"and many on the other, and the prediction at time {time:z.3g} over the target."
    )


def _sample(ax, stopping, time):
    x = np.linspace(-np.pi, np.pi, 1201)
    learner = stopping.learner
    shade_regions(ax, stopping.density)
    ax.plot(learner.descent.spectrum.points, stopping.labels, ".", ms=4, color="0.35",
            label="labels")
    ax.plot(x, learner.target(x), color=COLORS["target"], lw=3, label="target")
    ax.plot(x, learner.predict([time], x, stopping.labels)[0], color=COLORS["theory"], lw=1.2,
            label="predicted")
    ax.set(ylim=(-2.2, 2.2), title=f"time {time:z.0f}")
    angle_axis(ax)
    ax.legend(loc="lower center", ncols=3)


@styled
def stopping_times(stopping, networks=None):
    """Error on new data against time by region, the best moments, and trained networks."""
    figure, ax = new(size=(WIDE, 4.0))
    _errors(ax, stopping, networks)
    return figure, _told(stopping)


def _errors(ax, stopping, networks=None):
    for j, curve in stopping.curves.groupby("region"):
        ax.loglog(curve.t, curve.rms, color=INKS[j], label=NAMES[j])
        stop = stopping.stops[j]
        if np.isfinite(stop.time):
            ax.plot(stop.time, stop.rms, "v", color=INKS[j], ms=8)
        if networks is not None:
            rows = networks[networks.region == j]
            ax.plot(rows.t, rows.trained, "o", mfc="none", color=INKS[j])
            ax.plot(rows.t, rows.theory, "+", color=INKS[j])
    plain_ticks(ax, stopping.curves.rms.min(), stopping.curves.rms.max())
    ax.set(xlabel="time ηt", ylabel="rms error on new data")
    ax.legend(title="region")


def _told(stopping):
    best = "; ".join(
        f"{NAMES[j]} {'never' if np.isinf(stop.time) else f'at {stop.time:z.3g}'}, {stop.rms:z.2g}"
        for j, stop in stopping.stops.items()
    )
    return (
        "Root mean square error on new data against time, over all and in each half; each curve "
        f"falls, is least, and rises again. Best moments and errors: {best}."
    )


@styled
def bias_and_variance(stopping, law):
    """Squared bias and variance by region; the variance's law dotted."""
    figure, axes = new(1, 2, size=(WIDE, 3.4), sharey=True)
    for j, ax in enumerate(axes):
        curve = stopping.curves[stopping.curves.region == j]
        ax.loglog(curve.t, curve.bias, color=SERIES[2], label="bias²")
        ax.loglog(curve.t, curve.variance, color=SERIES[3], label="variance")
        ax.loglog(curve.t, law[j], ":", color=COLORS["law"], label="law ∝ √(t/p)")
        ax.axvline(stopping.stops[j].time, color=INKS[j], lw=1)
        ax.set(xlabel="time ηt", title=f"{NAMES[j]} half", ylim=(1e-5, 2))
    axes[0].set_ylabel("mean square error")
    axes[0].legend(loc="lower left")
    return figure, (
        "Squared bias falls and variance rises with time, in the sparse half and in the dense one. "
        "They cross earlier where data are dense; there the variance follows its law, a root of t."
    )


@styled
def bounds(table):
    """The bound and the error after training to the end, against the frequency."""
    figure, ax = new(size=(6.8, 3.8))
    waves = table[table.frequency > 0]
    ax.loglog(waves.frequency, waves.bound, "-s", color=COLORS["law"], label="bound √(2yᵀH⁻¹y/n)")
    ax.loglog(waves.frequency, waves.loss, "-o", color=COLORS["theory"], label="mean min(|u-g|, 1)")
    for row in table[table.frequency == 0].itertuples():
        ax.axhline(row.bound, color=COLORS["law"], ls=":", lw=1, label="same, random signs")
        ax.axhline(row.loss, color=COLORS["theory"], ls=":", lw=1)
    ax.set_xticks(waves.frequency, [str(k) for k in waves.frequency])
    ax.minorticks_off()
    ax.set(xlabel="frequency κ", ylabel="error on new data")
    ax.legend()
    return figure, (
        "Bound and error on new data against the frequency of the target. Both rise with it; the "
        f"bound, from {waves.bound.min():z.2g} to {waves.bound.max():z.2g}, lies far above the "
        "error."
    )


@styled
def random_labels(table):
    """What is left of a wave and of random labels, by region."""
    figure, axes = new(1, 2, size=(WIDE, 3.4), sharey=True)
    named = {"wave": "a wave", "random": "random ±1 labels"}
    for ax, (column, title) in zip(axes, named.items(), strict=True):
        for j, rows in table.groupby("region"):
            ax.semilogx(rows.t, rows[column], color=INKS[j], label=f"{NAMES[j]} half")
        ax.set(xlabel="time ηt", title=title, ylim=(0, 1.05))
    axes[0].set_ylabel("left to learn (rms)")
    axes[0].legend()
    return figure, (
        "What is left to learn at the training points against time. The wave goes first in the "
        "dense half; random labels go first in the sparse half: the order is reversed."
    )


@styled
def learning_curves(table):
    """Mean square error against n for each ridge: samples with their spread, and theory."""
    figure, ax = new(size=(6.8, 3.8))
    for color, (ridge, rows) in zip(SERIES, table.groupby("ridge"), strict=False):
        ax.loglog(rows.points, rows.theory, color=color, label=f"theory, γ = {ridge:zg}")
        spread = np.abs(np.array([rows.low, rows.high]) - rows["mean"].to_numpy())
        ax.errorbar(rows.points, rows["mean"], spread, fmt="o", color=color, capsize=3, mfc="none",
                    label="mean of samples, 10–90 %")
    counts = np.unique(table.points)
    ax.set_xticks(counts, counts)
    ax.minorticks_off()
    ax.set(xlabel="points n", ylabel="mean square error")
    ax.legend(fontsize=8)
    return figure, (
        "Learning curves with and without a ridge: the error falls with the number of points, "
        "with a ridge as the theory says, without one to another level than the theory's."
    )


@styled
def stopping_board(seen):
    """The explorer's picture: sample and prediction, errors in time with the moment marked.

    Parameters
    ----------
    seen : explorers.generalization.Moment
    """
    figure, (above, below) = new(2, 1, size=(WIDE, 6.4))
    _sample(above, seen.stopping, seen.time)
    _errors(below, seen.stopping)
    below.axvline(seen.time, color="black", lw=1, ls=":")
    return figure, f"Prediction at time {seen.time:z.3g} over noisy labels. {_told(seen.stopping)}"
