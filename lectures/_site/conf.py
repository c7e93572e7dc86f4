"""Sphinx settings of the reading edition; `ntklab build html` brings the pages beside this file."""

import re

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
myst_enable_extensions = ["dollarmath", "colon_fence", "html_image"]
myst_heading_anchors = 3
myst_update_mathjax = False  # its settings are for later releases than the one below
# "ref.python": two modules may have a Setting each, and a docstring names its own
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]

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


def setup(app):
    """Hooks of this project."""
    app.connect("autodoc-process-docstring", _plain_text, priority=400)


html_theme = "sphinx_book_theme"
html_title = "What does a network learn first?"
html_static_path = ["_static"]
html_css_files = ["ntklab.css"]
html_theme_options = {
    "show_navbar_depth": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
}
html_copy_source = False
html_show_sourcelink = False

# MathJax from beside the pages: formulas show without a network, too.
mathjax_path = "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full"
mathjax2_config = {
    "tex2jax": {
        "inlineMath": [["\\(", "\\)"]],
        "displayMath": [["\\[", "\\]"]],
        "processEscapes": True,
        "ignoreClass": "mathjax_ignore|tex2jax_ignore|document",
        "processClass": "tex2jax_process|mathjax_process|math|output_area",
    },
    "jax": ["input/TeX", "output/HTML-CSS"],
    # the only fonts that come with it
    "HTML-CSS": {
        "availableFonts": [],
        "preferredFont": None,
        "imageFont": None,
        "webFont": "STIX-Web",
        "linebreaks": {"automatic": True},
    },
}
