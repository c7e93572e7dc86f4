"""The house style: one meaning a colour, alt text for every picture.

Figures are made without pyplot, so drawing neither needs a display nor leaves anything behind.
"""

import base64
import io
from dataclasses import dataclass
from functools import wraps
from html import escape

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by every common kind of colour vision
COLORS = {
    "density": "#E69F00",
    "kernel": "#CC79A7",
    "theory": "#0072B2",  # exact, without sampling or training
    "law": "#000000",  # closed forms beside it: limits, bounds, slopes
    "experiment": "#D55E00",
    "network": "#009E73",
    "target": "#7FCDEE",
    "printed": "#6E6E6E",  # the lecture's own formula, where it is another
}
SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vPX"
WIDE = 7.0  # inches: a picture as wide as a page shows it
HALVES = {"sparse": SERIES[1], "dense": SERIES[0]}

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": matplotlib.cycler(color=SERIES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 11,
    "grid.alpha": 0.3,
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    "lines.linewidth": 1.6,
    "savefig.dpi": 200,  # twice what a page shows: sharp on fine screens and when enlarged
}


@dataclass(frozen=True)
class Picture:
    """A drawn figure as the notebook shows it: a PNG inside HTML, with its alt text."""

    png: bytes
    alt: str
    width: int  # CSS pixels on a page that is wide enough

    @property
    def html(self):
        data = base64.b64encode(self.png).decode()
        style = f"width: {self.width}px; max-width: 100%; height: auto"
        return f'<img src="data:image/png;base64,{data}" alt="{escape(self.alt)}" style="{style}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": f"[figure: {self.alt}]"}


def show(figure):
    """The Picture of a figure of this module; refuses one that has no alt text."""
    alt = figure.get_label()
    if not alt:
        raise ValueError("figure: must carry alt text; set it with figure.set_label(text)")
    buffer, dpi = io.BytesIO(), figure.dpi
    with matplotlib.rc_context(STYLE):
        figure.set_dpi(STYLE["savefig.dpi"])
        # savefig would draw twice, first for the layout alone
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
        figure.set_dpi(dpi)
    return Picture(buffer.getvalue(), alt, round(figure.get_figwidth() * dpi))


def styled(draw):
    """Decorator: draw in the house style, whatever the user's own settings are."""

    @wraps(draw)
    def wrapper(*args, **kwargs):
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **STYLE, "backend": "agg"}):
            return draw(*args, **kwargs)

    return wrapper


def new(rows=1, columns=1, size=(8.0, 3.6), **kwargs):
    """A figure with its axes as an array (rows, columns), laid out so that nothing is clipped."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def two_in_a_row(count, height, **kwargs):
    """Panels in two columns, each row `height` inches high, and the place left over, or None."""
    columns = min(count, 2)
    rows = -(-count // columns)
    figure, axes = new(rows, columns, size=(WIDE, rows * height), **kwargs)
    spare = axes.flat[count] if count < axes.size else None
    if spare:
        spare.set_axis_off()
    return figure, axes.flat[:count], spare


def two_over_one(size, solid=False, **kwargs):
    """A figure with two panels above, for bodies if `solid`, and one as wide as both below."""
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.add_gridspec(2, 2, **kwargs)
    above = [figure.add_subplot(grid[0, i], projection="3d" if solid else None) for i in range(2)]
    return figure, [*above, figure.add_subplot(grid[1, :])]


def legend_of_all(panels, spare, columns):
    """One legend of panels that share their entries: in the place left over, else below them."""
    if spare:
        spare.legend(*panels[0].get_legend_handles_labels(), loc="center")
    else:
        legend_below(panels[0], columns)


def legend_below(ax, columns, **style):
    """One legend under all panels that share their entries: those of one of them."""
    handles, labels = ax.get_legend_handles_labels()
    ax.figure.legend(handles, labels, loc="outside lower center", ncols=columns, **style)


def angle_axis(ax, label="angle x (rad)"):
    """Ticks of [-π, π] in multiples of π/2."""
    ax.set_xlim(-np.pi, np.pi)
    ax.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["-π", "-π/2", "0", "π/2", "π"])
    ax.set_xlabel(label)


def shade_regions(ax, density):
    """Grey bands, the darker the denser, for the density's regions."""
    if len(density.regions) < 2:
        return
    heights = [float(density.pdf(region.points(1))[0]) for region in density.regions]
    for region, height in zip(density.regions, heights, strict=True):
        for turn in (-2 * np.pi, 0, 2 * np.pi):
            a, b = max(region.start + turn, -np.pi), min(region.stop + turn, np.pi)
            if a < b:
                ax.axvspan(a, b, color="0.5", alpha=0.28 * height / max(heights), lw=0)


def draw_density(ax, density):
    """p over the circle, filled."""
    x = np.linspace(-np.pi, np.pi, 1001)[:-1]
    ax.fill_between(x, density.pdf(x), color=COLORS["density"], alpha=0.35, lw=0)
    ax.plot(x, density.pdf(x), color=COLORS["density"])
    ax.set_ylim(bottom=0)
    ax.set_ylabel("p (1/rad)")
    angle_axis(ax)


def plain_ticks(ax, low, high):
    ticks = [t * 10.0**k for k in range(-4, 3) for t in (1, 2, 5)]
    ticks = [t for t in ticks if 0.6 * low < t < 1.7 * high]
    ax.set_yticks(ticks, [f"{t:zg}" for t in ticks])


def theta_axis(ax):
    ax.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    ax.set_xlabel("angle θ between two points (rad)")
