"""A notebook as a static HTML page: no script runs, nothing is loaded from the network.

Formulas become MathML, which browsers draw themselves.
"""

import html
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

# Outputs of a student's cells may hold anything: both the frame and the page forbid scripts.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
FRAME = '<iframe sandbox="" title="the notebook" srcdoc="'
LONGEST = 4000  # characters of a cell of text; more is shown as it is
MOST = 100_000  # characters of all cells of text together
MATH = re.compile(
    r"(?<!\\)\$\$(.+?)(?<!\\)\$\$"
    r"|(?<![\\$])\$(?!\s)([^$\n]+?(?:\n[^$\n]+?)?)(?<![\\\s])\$(?!\d)", re.S
)
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)


def body(notebook: NotebookNode) -> str:
    """The notebook as an HTML document; the notebook is changed in place."""
    left = MOST
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            cell.outputs = [o for o in cell.get("outputs", []) if _can_be_shown(o)]
            continue
        left -= len(cell.source)
        if len(cell.source) > LONGEST or left < 0:
            cell.cell_type = "raw"
            cell.source = cell.source[:LONGEST]
            continue
        parts = CODE.split(cell.source)
        cell.source = "".join(
            part if n % 2 else MATH.sub(_formula, part) for n, part in enumerate(parts)
        )
    text, _ = _exporter().from_notebook_node(notebook)
    text = re.sub(r"<script\b.*?(?:</script\s*>|\Z)", "", text, flags=re.S | re.I)
    style = HtmlFormatter(style="default").get_style_defs(".highlight")
    return NOTEBOOK.format(policy=POLICY, style=style, text=text)


def framed(chunks: Iterator[str]) -> Iterator[str]:
    """The chunks of a document inside a frame without scripts and network."""
    yield FRAME
    for chunk in chunks:
        yield html.escape(chunk, quote=True)
    yield '"></iframe>\n'


@cache
def _exporter():
    return HTMLExporter(template_name="basic", exclude_anchor_links=True)


def _can_be_shown(output):
    data = output.get("data", {})
    for kind in list(data):
        if kind not in ("text/plain", "text/html", "image/png", "image/jpeg", "text/latex"):
            del data[kind]
    return output.output_type != "display_data" or data


def _formula(match):
    shown, inside = match[1], match[2]
    return _mathml(shown or inside, "block" if shown else "inline") or match[0]


@lru_cache(4096)
def _mathml(tex, display):
    """MathML in one line, without characters of Markdown; "" for what is no formula."""
    try:
        if len(tex) > 2000:
            return ""
        markup = convert(re.sub(r"\\(?:tag|label)\{[^}]*\}", "", tex), display=display)
    except Exception:  # anything can be in it
        return ""
    markup = " ".join(markup.split())
    return re.sub(r"[*_`~\\](?=[^<>]*<)", lambda m: f"&#{ord(m[0])};", markup)


NOTEBOOK = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 1em; overflow-wrap: anywhere }}
pre {{ background: #f6f6f6; padding: .5em; overflow-x: auto; white-space: pre-wrap }}
.jp-OutputArea pre, .output pre {{ background: none }}
.prompt, .jp-InputPrompt, .jp-OutputPrompt {{ display: none }}
img {{ max-width: 100% }}
td, th {{ padding: 0 .6em; text-align: right }}
{style}
</style></head><body>
{text}
</body></html>
"""
