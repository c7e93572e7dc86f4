"""Errors on new data: stopping, bounds, random labels, learning curves."""

import numpy as np

from ntklab.experiments.toolkit import half_learned
from ntklab.figures.axes import angle_axis, plain_ticks, shade_regions
from ntklab.figures.panels import new
from ntklab.figures.style import COLORS, HALVES, SERIES, WIDE, plain, styled

ALL = -1  # the region that is the whole circle


def _looks(densities):
    """{region: (name, colour)}: two are sparse and dense if they differ; others have numbers."""
    found = {ALL: ("all", "black")}
    if len(densities) == 2 and not np.isclose(*densities):
        names = ("sparse", "dense") if densities[0] < densities[1] else ("dense", "sparse")
        return found | {j: (name, HALVES[name]) for j, name in enumerate(names)}
    return found | {j: (f"region {j}", SERIES[j % len(SERIES)]) for j in range(len(densities))}


def _regions(density):
    return _looks([density.mass(region) / region.length for region in density.regions])


@styled
def sample(stopping, time):
    """Noisy labels, the target, and what is predicted everywhere at one time."""
    figure, ax = new(size=(WIDE, 3.4))
    _sample(ax, stopping, time)
    points = stopping.learner.descent.spectrum.points
    counts = [f"{region.contains(points).sum()}" for region in stopping.density.regions]
    return figure, (
        f"Noisy labels of a wave of frequency {stopping.frequency} on the circle, by region "
        f"{' and '.join(counts)}, and the prediction at time {plain(time)} over the target."
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
    looks = _regions(stopping.density)
    for j, curve in stopping.curves.groupby("region"):
        name, ink = looks[j]
        ax.loglog(curve.t, curve.rms, color=ink, label=name)
        stop = stopping.stops[j]
        if curve.t.min() <= stop.time <= curve.t.max():
            ax.plot(stop.time, stop.rms, "v", color=ink, ms=8)
        if networks is not None:
            rows = networks[networks.region == j]
            ax.plot(rows.t, rows.trained, "o", mfc="none", color=ink)
            ax.plot(rows.t, rows.theory, "+", color=ink)
    plain_ticks(ax, stopping.curves.rms.min(), stopping.curves.rms.max())
    ax.set(xlabel="time ηt", ylabel="rms error on new data")
    ax.legend(title="region")


def _told(stopping):
    """Where each curve begins, is least and ends: one need not fall at first, nor rise at last."""
    looks, told = _regions(stopping.density), []
    for j, curve in stopping.curves.groupby("region"):
        stop, rms = stopping.stops[j], curve.rms.to_numpy()
        when = "in the end" if np.isinf(stop.time) else f"at {plain(stop.time)}"
        told.append(f"{looks[j][0]} {rms[0]:z.2g}, {stop.rms:z.2g} {when}, {rms[-1]:z.2g}")
    t = stopping.times
    return (
        "Root mean square error on new data against time, over all and by region: at time "
        f"{plain(t[0])}, at its best moment, and at {plain(t[-1])}: {'; '.join(told)}."
    )


@styled
def bias_and_variance(stopping, law):
    """Squared bias and variance by region; the variance's law dotted."""
    figure, axes = new(1, 2, size=(WIDE, 3.4), sharey=True)
    looks, told = _regions(stopping.density), []
    for j, ax in enumerate(axes):
        curve = stopping.curves[stopping.curves.region == j]
        ax.loglog(curve.t, curve.bias, color=SERIES[2], label="bias²")
        ax.loglog(curve.t, curve.variance, color=SERIES[3], label="variance")
        ax.loglog(curve.t, law[j], ":", color=COLORS["law"], label="law ∝ √(t/p)")
        name, ink = looks[j]
        ax.axvline(stopping.stops[j].time, color=ink, lw=1)
        ax.set(xlabel="time ηt", title=_place(name), ylim=(1e-5, 2))
        above = (curve.variance > curve.bias).to_numpy()
        cross = f"at time {plain(curve.t.to_numpy()[np.argmax(above)])}" if above.any() else "never"
        told.append(f"{cross} in the {_place(name)}")
    axes[0].set_ylabel("mean square error")
    axes[0].legend(loc="lower left")
    return figure, (
        "Squared bias and variance against time by region, beside the variance's law, a root of "
        f"t. The variance first exceeds the squared bias {', '.join(told)}."
    )


def _place(name):
    return f"{name} half" if name in HALVES else name


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
        "Bound and error on new data against the frequency of the target: from "
        f"{_span(waves.bound)} and from {_span(waves.loss)} for frequencies from "
        f"{waves.frequency.iloc[0]} to {waves.frequency.iloc[-1]}."
    )


def _span(values):
    return f"{values.iloc[0]:z.2g} to {values.iloc[-1]:z.2g}"


@styled
def random_labels(table):
    """What is left of a wave and of random labels, by region."""
    figure, axes = new(1, 2, size=(WIDE, 3.4), sharey=True)
    named = {"wave": "a wave", "random": "random ±1 labels"}
    looks, told = _looks(table.groupby("region").density.first().to_numpy()), []
    for ax, (column, title) in zip(axes, named.items(), strict=True):
        times = []
        for j, rows in table.groupby("region"):
            name, ink = looks[j]
            ax.semilogx(rows.t, rows[column], color=ink, label=_place(name))
            half = half_learned(rows.t.to_numpy(), 1 - rows[column].to_numpy())
            when = f"at time {plain(half)}" if np.isfinite(half) else "never"
            times.append(f"{when} in the {_place(name)}")
        ax.set(xlabel="time ηt", title=title, ylim=(0, 1.05))
        told.append(f"of {title} half is left {', '.join(times)}")
    axes[0].set_ylabel("left to learn (rms)")
    axes[0].legend()
    return figure, (
        f"What is left to learn at the training points against time: {'; '.join(told)}."
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
    return figure, (
        f"Prediction at time {plain(seen.time)} over noisy labels. {_told(seen.stopping)}"
    )
