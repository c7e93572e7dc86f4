"""Pictures of explorers for pages without a kernel, drawn when the site is built and then kept.

A frame is the figure `draw(compute(**state))` as a PNG of 256 colours, 20 to 40 kB. Its name is a
digest of the state, of the code of the explorer and of the versions of libraries, so that a frame
is drawn again only if its picture may have changed. Cards of claims are kept in the same way.
"""

import ast
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from html import escape
from multiprocessing import get_context
from pathlib import Path

COLORS = 256
PIXELS_PER_INCH = 140
LIBRARIES = ("numpy", "scipy", "matplotlib", "torch")


def render(modules, folder):
    """Draw those frames of each explorer that are missing; return descriptions of all.

    Parameters
    ----------
    modules : sequence of str
        Modules with `compute`, `draw`, `explorer` and a plan `FRAMES`, dotted.
    folder : Path
        Where the pictures are kept.

    Returns
    -------
    dict of str to dict
        By module: `controls`, `animated`, and `frames` with `at` (indices into the controls'
        values), `src`, `alt`, `width`, `height`; the first frame is the initial state.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _pool() as pool:
        plans = dict(zip(modules, pool.map(_plan, modules), strict=True))
        drawn = {
            module: pool.map(functools.partial(_frame, module, folder=folder), plan.pop("states"))
            for module, plan in plans.items()
        }
        for module, plan in plans.items():
            frames = zip(plan.pop("at"), drawn[module], strict=True)
            plan["frames"] = [{"at": at} | frame for at, frame in frames]
    return plans


def _pool():
    """Processes of one thread each: threads of several wait for each other by spinning."""
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=_one_thread)


def _one_thread():
    os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


def _plan(name):
    module = importlib.import_module(name)
    widgets = module.explorer().controls
    start = {key: widget.value for key, widget in widgets.items()}
    values = module.FRAMES.values
    if list(values) != list(start):
        raise ValueError(f"FRAMES: must have the controls {list(start)}, got {list(values)}")
    states = module.FRAMES.states(start)
    controls = [
        {
            "label": widgets[key].description,
            "kind": _kind(widgets[key]),
            "values": [_readout(value) for value in shown],
        }
        for key, shown in values.items()
    ]
    at = [[values[key].index(value) for key, value in state.items()] for state in states]
    animated = list(values).index(module.FRAMES.animated)
    return {"controls": controls, "animated": animated, "at": at, "states": states}


def _kind(widget):
    if isinstance(widget.value, bool):
        return "checkbox"
    return "radio" if type(widget).__name__ == "ToggleButtons" else "range"


def _readout(value):
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.3g}" if value < 1e3 else f"{value:,.0f}"


def _frame(name, state, folder):
    """Name, alt text and size in CSS pixels of one frame, which is drawn if it is missing."""
    digest = hashlib.sha256(f"{state!r} {sources(name)}".encode()).hexdigest()[:16]
    path, description = folder / f"{digest}.png", folder / f"{digest}.json"
    if not description.exists():
        import matplotlib
        import numpy as np
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        from ntklab.figures.style import STYLE

        module = importlib.import_module(name)
        figure = module.draw(module.compute(**state))
        figure.set_dpi(PIXELS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        with matplotlib.rc_context(STYLE):
            canvas.draw()
        few_colors(Image.fromarray(np.asarray(canvas.buffer_rgba()))).save(path, optimize=True)
        width, height = (round(100 * inches) for inches in figure.get_size_inches())
        frame = {"src": path.name, "alt": figure.get_label(), "width": width, "height": height}
        description.write_text(json.dumps(frame), encoding="utf-8")
    return json.loads(description.read_text(encoding="utf-8"))


def few_colors(picture):
    """The picture in `COLORS` colours: less than half of its bytes."""
    from PIL import Image

    return picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)


@functools.cache
def sources(name):
    """A digest of a module, of all modules of its package that it imports, and of the libraries."""
    drawing = inspect.getsource(_frame) + inspect.getsource(few_colors)
    digest = hashlib.sha256(f"{drawing} {COLORS} {PIXELS_PER_INCH}".encode())
    for path in sorted(_closure(name)):
        digest.update(path.read_bytes())
    versions = (f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES)
    digest.update(f"{sys.version_info[:2]} {' '.join(versions)}".encode())
    return digest.hexdigest()


def _closure(name):
    """The files of a module and of all modules of its own package that it imports, transitively."""
    package, found, waiting = name.partition(".")[0], {}, [name]
    while waiting:
        module = waiting.pop()
        if module in found or not module.startswith(package):
            continue
        try:
            spec = importlib.util.find_spec(module)
        except ModuleNotFoundError:  # `from module import function`
            spec = None
        if spec is None or spec.origin is None:
            continue
        found[module] = Path(spec.origin)
        for node in ast.walk(ast.parse(found[module].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return found.values()


def player(plan, name, root="../_static/frames/"):
    """HTML of an explorer on a page: controls, the first picture, and the paths of the others."""
    first = plan["frames"][0]
    controls = "\n".join(
        _control(control, place, f"{name}-{number}")
        for number, (control, place) in enumerate(zip(plan["controls"], first["at"], strict=True))
    )
    data = json.dumps({**plan, "root": root}, ensure_ascii=False).replace("</", "<\\/")
    return f"""\
<figure class="explorer" id="explorer-{name}" aria-label="Explorer: {escape(name)}">
<div class="explorer-controls">
{controls}
<div class="explorer-buttons"><button type="button" class="explorer-play">Play</button>
<button type="button" class="explorer-reset">Reset</button></div>
</div>
<p class="explorer-status" role="status"></p>
<div class="swipe" tabindex="0" role="group" aria-label="Picture of the explorer">
<img src="{root}{first["src"]}" alt="{escape(first["alt"])}" width="{first["width"]}" \
height="{first["height"]}">
</div>
<script type="application/json">{data}</script>
<figcaption>These are computed settings of the explorer; in JupyterLab its sliders take every \
value.</figcaption>
</figure>"""


def _control(control, place, key):
    label, values = escape(control["label"]), control["values"]
    if control["kind"] == "checkbox":
        checked = " checked" if values[place] == "True" else ""
        return f'<label class="explorer-control"><input type="checkbox"{checked}> {label}</label>'
    if control["kind"] == "radio":
        buttons = "".join(
            f'<label><input type="radio" name="{key}" value="{i}"{" checked" * (i == place)}> '
            f"{escape(value)}</label>"
            for i, value in enumerate(values)
        )
        return (
            f'<fieldset class="explorer-control"><legend>{label}</legend>{buttons}</fieldset>'
        )
    value = escape(values[place])
    return (
        f'<div class="explorer-control"><label for="{key}">{label}</label>'
        f'<input type="range" id="{key}" min="0" max="{len(values) - 1}" value="{place}" '
        f'aria-valuetext="{value}"><output for="{key}">{value}</output></div>'
    )


def claim_cards(folder):
    """{id: HTML of the card} of every claim; those missing in `folder` are measured."""
    from ntklab.claims import CLAIMS

    folder.mkdir(parents=True, exist_ok=True)
    with _pool() as pool:
        cards = pool.map(functools.partial(_claim_card, folder=folder), CLAIMS)
        return dict(zip(CLAIMS, cards, strict=True))


def _claim_card(name, folder):
    from ntklab import claims

    measure = claims.CLAIMS[name].measure.__module__
    digest = hashlib.sha256(f"{name} {sources(measure)}".encode()).hexdigest()[:16]
    path = folder / f"{digest}.html"
    if not path.exists():
        path.write_text(claims.judge(name)._repr_html_(), encoding="utf-8")
    return path.read_text(encoding="utf-8")
