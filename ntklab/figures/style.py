"""The house style: one meaning a colour, alt text for every picture.

Figures are made without pyplot, so drawing neither needs a display nor leaves anything behind.
"""

import base64
import io
from dataclasses import dataclass
from functools import wraps
from html import escape

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

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
    """Decorator: draw in the house style, whatever the user's own settings are.

    `draw` returns a figure and its alt text; the decorated function the figure that carries it.
    """

    @wraps(draw)
    def wrapper(*args, **kwargs):
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **STYLE, "backend": "agg"}):
            figure, alt = draw(*args, **kwargs)
        figure.set_label(alt)
        return figure

    return wrapper


def counted(number, noun):
    """How many, in words: "1 iteration", "20 iterations"."""
    shown = f"{number:z.0f}"
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def plain(value):
    """Two digits of a number, as a reader says it: 190 and not 1.9e+02."""
    return f"{float(f'{value:z.2g}'):zg}"


def layers(L):
    """How many hidden layers, in words."""
    return counted(L, "hidden layer")
