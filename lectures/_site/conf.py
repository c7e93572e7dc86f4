"""Sphinx settings of the reading edition; `ntklab build html` brings the pages beside this file."""

import re
from pathlib import Path

from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx.util import logging

project = "ntklab"
author = "The ntklab authors"
copyright = "The ntklab authors; text CC BY 4.0, code BSD-3-Clause"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
exclude_patterns = ["conf.py", "_build"]

nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_excludepatterns = ["exercises/*"]  # their cells wait for an answer
nb_output_stderr = "remove"  # progress bars
nb_merge_streams = True
nb_ipywidgets_js = {}  # explorers are frames: nothing is fetched for widgets
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath", "html_image"]
myst_heading_anchors = 3
myst_update_mathjax = False
suppress_warnings = [
    "mystnb.unknown_mime_type",
    "ref.python",  # Setting, say, is in several modules, and a docstring means its own
]

# The reference, from the docstrings.
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it better
autodoc_class_signature = "mixed"
autodoc_inherit_docstrings = False
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False


def _plain_text(app, what, name, thing, options, lines):
    """Formulas in the docstrings are plain text: no |x| of theirs is a substitution.

    What is indented or in columns before the first section stays as it is typed.
    """
    sections = [n for n, line in enumerate(lines) if re.fullmatch(r"\s*-{4,}", line)]
    head = lines[: sections[0] - 1] if sections else lines[:]
    blocks = "\n".join(head).split("\n\n")
    typed = [bool(re.search(r"^    |\S {2,}\S", block)) for block in blocks]
    done = []
    for block, as_typed in zip(blocks, typed, strict=True):
        rows = block.split("\n")
        if as_typed and not block.startswith(">>>"):
            done += ["::", "", *("    " + row for row in rows), ""]
        else:
            done += [*map(_escaped, rows), ""]
    lines[:] = done + [_escaped(line) for line in lines[len(head) :]]


def _escaped(line):
    parts = re.split(r"(``.*?``)", re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line))
    parts[::2] = [re.sub(r"([*|])|(?<=\w)(_)(?!\w)", r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)


_logger = logging.getLogger("ntklab")
_katex = MiniRacer()
_katex.eval((Path(__file__).parent / "_static" / "katex" / "katex.min.js").read_text("utf-8"))
_katex.eval(
    "function typeset(formula, display) { return katex.renderToString(formula, "
    "{displayMode: display, throwOnError: true, strict: 'ignore'}); }"
)


def _typeset(writer, node, display):
    """The formula as HTML and MathML: a reader's browser has nothing left to do."""
    try:
        return _katex.call("typeset", node.astext(), display)
    except Exception as error:
        _logger.warning("formula %r: %s", node.astext(), error, location=node)
        return writer.encode(node.astext())


def _inline_formula(writer, node):
    writer.body.append(f'<span class="math">{_typeset(writer, node, False)}</span>')
    raise nodes.SkipNode


def _displayed_formula(writer, node):
    """Numbered ones, by a label or by \\tag, can be linked to."""
    formula = _typeset(writer, node, True)
    tag = re.search(r"\\tag\{([^}]*)\}", node.astext())
    ids = list(node.get("ids", ()))
    name = ids[0] if ids else f"eq-{tag[1]}" if tag else ""
    link, number = "", node.get("number") or (tag and tag[1])
    if name:
        link = f'<a class="headerlink" href="#{name}" title="Link to ({number})">#</a>'
    if node.get("number") and not tag:
        link = f'<span class="eqno">({node["number"]}){link}</span>'
    attribute = f' id="{name}"' if name else ""
    writer.body.append(f'<div class="math"{attribute}>{formula}{link}</div>')
    raise nodes.SkipNode


def setup(app):
    """Hooks of this project."""
    app.connect("autodoc-process-docstring", _plain_text, priority=400)
    app.add_html_math_renderer("katex", (_inline_formula, None), (_displayed_formula, None))


html_math_renderer = "katex"
html_theme = "sphinx_book_theme"
html_title = "What does a network learn first?"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}  # light or dark as the reader has it
html_css_files = ["katex/katex.min.css", "ntklab.css"]
html_js_files = [("ntklab.js", {"defer": "defer"})]
html_theme_options = {
    "show_navbar_depth": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
}
html_use_index = False  # the search and the list of modules find more
html_domain_indices = False
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
