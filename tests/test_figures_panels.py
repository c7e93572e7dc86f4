"""Every figure of the course: two panels in a row at most, legible print, its alt text."""

import functools
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import matplotlib
import pytest
from matplotlib.text import Text
from test_explorers import MODULES

from ntklab import figures
from ntklab.figures import style

DRAWN = (
    "figures", "figures_beyond", "figures_convergence", "figures_depth", "figures_motivation",
    "figures_sphere", "figures_tangent_kernel", "figures_two_layer", "experiments_generalization",
)  # fmt: skip


def first(module):
    """An explorer's first picture."""
    return module.draw(module.compute())


CASES = {
    f"{name}: {case}": draw
    for name in DRAWN for case, draw in import_module(f"test_{name}").DRAWINGS.items()
} | {
    f"explorer: {name}": functools.partial(first, module)
    for name, module in MODULES.items()
}
PAGE = 690  # CSS pixels of a page's column
SMALLEST = 9  # pixels of print as shown


def in_a_row(figure):
    """The largest number of panels that one horizontal line meets."""
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    places = [ax.get_position() for ax in panels if ax.axison or ax.name == "3d"]
    lines = [(place.y0 + place.y1) / 2 for place in places]
    return max((sum(place.y0 < y < place.y1 for place in places) for y in lines), default=0)


def smallest_print(figure):
    """Height in pixels of the smallest letters on a page."""
    shrunk = min(1, PAGE / (figure.get_figwidth() * 100))
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis, getattr(ax, "zaxis", ax.yaxis)):
            axis.get_ticklabels(which="both")  # made when asked for
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return min(t.get_fontsize() for t in shown) * 100 / 72 * shrunk


@pytest.mark.parametrize("draw", CASES.values(), ids=CASES)
def test_two_panels_in_a_row_at_most_legible_and_told(draw):
    before = dict(matplotlib.rcParams)
    figure = draw()
    assert in_a_row(figure) <= 2
    assert figure.get_figwidth() <= style.WIDE
    assert smallest_print(figure) >= SMALLEST
    picture = figures.show(figure)  # panels are moved apart, without warning
    assert picture.png.startswith(b"\x89PNG") and len(picture.png) > 5000
    assert len(picture.alt) > 60 and picture.alt.endswith(".")
    assert dict(matplotlib.rcParams) == before


def test_both_measures_see_what_does_not_fit():
    figure, axes = figures.new(1, 3, size=(14, 3))
    axes[0].set_xlabel("small", fontsize=8)
    assert in_a_row(figure) == 3
    assert smallest_print(figure) < SMALLEST


def test_every_figure_is_among_them():
    sources = [
        (Path(__file__).parent / f"test_{name}.py").read_text(encoding="utf-8") for name in DRAWN
    ]
    explorers = Path(figures.__file__).parents[1] / "explorers"
    sources += [path.read_text(encoding="utf-8") for path in explorers.glob("*.py")]
    drawing = [
        name
        for module in pkgutil.iter_modules(figures.__path__, "ntklab.figures.")
        for name, found in inspect.getmembers(import_module(module.name), inspect.isfunction)
        if hasattr(found, "__wrapped__")
    ]
    assert len(drawing) > 40
    text = "\n".join(sources)
    assert [f for f in drawing if not re.search(rf"\b{f}\(|^draw = {f}$", text, re.M)] == []
