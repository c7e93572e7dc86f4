"""The course for Google Colab, which opens .ipynb alone and has to install the package first."""

import re
from pathlib import Path

import jupytext
import nbformat

# Colab brings every library the lectures import; with --no-deps its own releases stay, and so
# does the widget manager that fits them.
HEADER = """\
import sys

if "google.colab" in sys.modules:  # elsewhere the course is installed already
    %pip install --quiet --no-deps "ntklab @ git+https://github.com/{repository}"\
"""


def build(course, out, repository):
    """Write every lecture and exercise as a notebook that installs ntklab where Colab runs it.

    Parameters
    ----------
    course : Path
        The folder that holds lectures/ and exercises/.
    out : Path
        Folder of the notebooks, made if needed: `out`/lectures/NN_slug.ipynb and so on.
    repository : str
        Where on GitHub the package is, e.g. "owner/ntklab".

    Returns
    -------
    list of Path

    Raises
    ------
    ValueError
        `repository` is no OWNER/NAME.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", str(repository)):
        raise ValueError(f"repository: must be OWNER/NAME on GitHub, got {repository!r}")
    written = []
    for kind in ("lectures", "exercises"):
        folder = Path(out) / kind
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted((Path(course) / kind).glob("[0-9][0-9]_*.py")):
            notebook = with_header(jupytext.read(source), repository)
            written.append(folder / f"{source.stem}.ipynb")
            nbformat.write(notebook, written[-1])
    return written


def with_header(notebook, repository):
    """The notebook, changed in place, with the cell that installs the package before all others."""
    cell = nbformat.v4.new_code_cell(HEADER.format(repository=repository), id="install")
    notebook.cells.insert(0, cell)
    return notebook
