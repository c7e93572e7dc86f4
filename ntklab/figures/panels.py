"""How figures lay out their panels and legends."""

from matplotlib.figure import Figure

from ntklab.figures.style import WIDE


def new(rows=1, columns=1, size=(8.0, 3.6), **kwargs):
    """A figure with its axes as `subplots` returns them, laid out so that nothing is clipped."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, **kwargs)


def two_in_a_row(count, height, width=WIDE, extra=0.0, ylabel="", **kwargs):
    """A figure with panels in two columns, named at the left; the last place may be left empty.

    Each row is `height` inches high; all of them have `extra` inches for what they share.
    """
    columns = min(count, 2)
    rows = -(-count // columns)
    size = (width, rows * height + extra)
    figure, axes = new(rows, columns, size=size, squeeze=False, **kwargs)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel)
    for ax in axes.flat[count:]:
        ax.set_axis_off()
    return figure, axes.flat[:count]


def two_over_one(size, solid=False, **kwargs):
    """A figure with two panels above, for bodies if `solid`, and one as wide as both below."""
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(2, 2, **kwargs)
    above = [figure.add_subplot(grid[0, i], projection="3d" if solid else None) for i in range(2)]
    return figure, [*above, figure.add_subplot(grid[1, :])]


def legend_of_all(panels, columns):
    """One legend of `two_in_a_row` that share their entries: in the empty place, else below."""
    empty = panels[0].figure.axes[len(panels) :]
    if empty:
        empty[0].legend(*panels[0].get_legend_handles_labels(), loc="center")
    else:
        legend_below(panels[0], columns)


def legend_below(ax, columns, **style):
    """One legend under all panels that share their entries: those of one of them."""
    handles, labels = ax.get_legend_handles_labels()
    ax.figure.legend(handles, labels, loc="outside lower center", ncols=columns, **style)
