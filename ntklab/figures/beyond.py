"""Figures: other losses, and real data."""

import numpy as np
from scipy.spatial.distance import pdist

from ntklab.experiments.toolkit import half_learned
from ntklab.figures.panels import legend_of_all, new, two_in_a_row
from ntklab.figures.style import COLORS, SERIES, WIDE, plain, styled

HALF_STYLES = {"dense": "-", "sparse": "--"}


def _named(loss, order):
    return f"Sobolev, s = {order:zg}" if loss == "sobolev" else loss


@styled
def fractions_by_loss(table):
    """Fraction learned against time: one panel a loss, one colour a frequency.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiments.beyond.compare`; trained networks are dots on the predicted lines.
    """
    panels = list(dict.fromkeys(zip(table.loss, table.order, strict=True)))
    figure, axes = two_in_a_row(len(panels), 2.8, ylabel="fraction learned", sharey=True)
    for ax, (loss, order) in zip(axes, panels, strict=True):
        part = table[(table.loss == loss) & (table.order == order)]
        for color, (frequency, curves) in zip(SERIES, part.groupby("frequency"), strict=False):
            for (half, route), curve in curves.groupby(["half", "route"], sort=False):
                if route == "predicted":
                    ax.semilogx(curve.time, curve.fraction, HALF_STYLES[half], color=color,
                                label=f"κ = {frequency}, {half} half")
                else:
                    marker = "o" if half == "dense" else "x"
                    ax.semilogx(curve.time, curve.fraction, marker, ms=4, color=color)
        ax.set(title=f"{_named(loss, order)} loss", ylim=(-0.25, 1.3), xlabel="time · λ₁")
    legend_of_all(axes, 3)
    names = ", ".join(_named(*panel) for panel in panels)
    exact = table[table.route == "predicted"]
    told = "; ".join(
        f"{_named(loss, order)} loss {_halfway(part)}"
        for (loss, order), part in exact.groupby(["loss", "order"], sort=False)
    )
    trained = " Dots are a trained network." if (table.route == "trained").any() else ""
    return figure, (
        f"Fractions of waves learned against time in the dense and the sparse half, for the "
        f"losses {names}. Half is learned, dense and sparse half: {told}.{trained}"
    )


def _halfway(table):
    """When half of every wave is learned for good in the dense and in the sparse half, in words."""
    curves = table.groupby(["frequency", "half"], sort=False)
    times = {
        key: half_learned(curve.time.to_numpy(), curve.fraction.to_numpy()) for key, curve in curves
    }
    shown = {key: plain(t) if np.isfinite(t) else "never" for key, t in times.items()}
    return ", ".join(
        f"κ = {k} at {shown[k, 'dense']} and {shown[k, 'sparse']}"
        for k in dict.fromkeys(table.frequency)
    )


@styled
def speeds_by_loss(frequencies, speeds, ratio):
    """Learning speed against frequency, one curve a loss.

    Parameters
    ----------
    frequencies : array_like
    speeds : dict of str to ndarray
    ratio : float
        Density ratio, for the title.
    """
    figure, ax = new(size=(6.4, 3.8))
    for color, (name, values) in zip(SERIES, speeds.items(), strict=False):
        ax.loglog(frequencies, values, "o-", ms=4, color=color, label=name)
    ax.set(xlabel="frequency κ", ylabel="speed relative to κ = 1")
    ax.set_title(f"density ratio {ratio:zg}")
    ax.legend()
    low, high = frequencies[0], frequencies[-1]
    told = ", ".join(f"{plain(values[-1] / values[0])} ({name})" for name, values in speeds.items())
    return figure, (
        "Speed of learning against frequency on doubly logarithmic axes, for several losses. "
        f"From kappa {low} to {high} it changes by a factor of {told}."
    )


@styled
def digit_gallery(digits):
    """Digits from the sparsest places (above) and from the densest (below)."""
    figure, axes = new(2, 1, size=(WIDE, 2.6))
    order = np.argsort(digits.log_density)
    ends = order[:8], order[::-1][:8]
    for ax, chosen, name in zip(axes, ends, ("sparsest", "densest"), strict=True):
        strip = np.hstack([np.pad(digits.X[i].reshape(8, 8), ((0, 0), (0, 2))) for i in chosen])
        ax.imshow(strip, cmap="gray_r")
        ax.set_xticks(10 * np.arange(8) + 3.5, [str(digits.digit[i]) for i in chosen])
        ax.set(yticks=[], ylabel=name)
        ax.tick_params(length=0)
        ax.grid(False)
        ax.spines[:].set_visible(False)
    shown = [", ".join(str(digits.digit[i]) for i in chosen) for chosen in ends]
    apart = [np.median(pdist(digits.X[chosen])) for chosen in ends]
    return figure, (
        f"Handwritten digits in the sparsest places of the data: {shown[0]}; and in the densest: "
        f"{shown[1]}. In the median two of the former are {apart[0]:z.2f} apart, two of the latter "
        f"{apart[1]:z.2f}."
    )


@styled
def digit_learning(digits):
    """Directions learned, and rms error by density: lines predicted, dots trained."""
    figure, (left, right) = new(1, 2, size=(WIDE, 3.6))
    t, directions = 1 + digits.iterations, [1, 3, 10, 25]
    names = [f"eigenvector {i}" for i in directions]
    quarters = [f"{name} quarter" for name in ("sparsest", "second", "third", "densest")]
    errors = digits.errors(digits.predicted)
    left.set_prop_cycle(color=SERIES[:4])  # again from the first for the dots
    right.set_prop_cycle(color=SERIES[:4])
    left.semilogx(t, digits.learned(digits.predicted)[:, directions], label=names)
    right.loglog(t, errors, label=quarters)
    if digits.trained is not None:
        left.semilogx(t, digits.learned(digits.trained)[:, directions], "o", ms=3)
        right.loglog(t, digits.errors(digits.trained), "o", ms=3)
    left.axhline(1, color=COLORS["printed"], lw=0.8)
    left.set(ylim=(-0.2, 1.25), xlabel="1 + iteration", ylabel="fraction learned")
    left.legend()
    right.set(xlabel="1 + iteration", ylabel="rms error")
    right.set_yticks([0.2, 0.5, 1], ["0.2", "0.5", "1"])
    right.minorticks_off()
    right.legend()
    last = errors[-1]
    return figure, (
        "Digits: fractions learned of the target along four eigenvectors, in the order of their "
        "eigenvalues; and the rms error in four quarters of the data by density, which ends at "
        f"{last[0]:z.2f} in the sparsest and {last[3]:z.2f} in the densest. Lines are predicted, "
        "dots a trained network."
    )
