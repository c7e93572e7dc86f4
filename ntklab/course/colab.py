"""The course for Google Colab, which opens .ipynb only and has to install the package first."""

import re
import subprocess
import tomllib
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


def build(course, out, repository=None):
    """Write every lecture and exercise as a notebook that installs ntklab where Colab runs it.

    Parameters
    ----------
    course : Path
        The folder that holds lectures/ and exercises/.
    out : Path
        Folder of the notebooks, made if needed: `out`/lectures/NN_slug.ipynb and so on.
    repository : str, optional
        Where on GitHub the package is, e.g. "owner/ntklab"; by default what `repository_of` finds.

    Returns
    -------
    list of Path

    Raises
    ------
    ValueError
        `repository` is no OWNER/NAME.
    """
    repository = repository_of(course) if repository is None else repository
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


def repository_of(course):
    """OWNER/NAME on GitHub: [project.urls] of the course's pyproject.toml, else git's origin.

    None where neither names one.
    """
    urls = {}
    if (Path(course) / "pyproject.toml").exists():
        project = tomllib.loads((Path(course) / "pyproject.toml").read_text("utf-8"))["project"]
        urls = project.get("urls", {})
    try:
        origin = subprocess.run(
            ["git", "-C", str(course), "remote", "get-url", "origin"],
            capture_output=True, encoding="utf-8",
        ).stdout
    except FileNotFoundError:  # no git
        origin = ""
    for address in (*urls.values(), origin.strip()):
        if found := re.search(r"github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", address):
            return found[1]
    return None
