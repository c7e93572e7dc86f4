"""The reading edition: all lectures executed and written as a static web site by Sphinx.

Explorers need a kernel. On a page a note stands in their place; the picture above each of them
shows one of its settings.
"""

import importlib.resources
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

import ntklab

EXPLORER = re.compile(r"\.explorer\(\)\s*$")
NOTE = """:::{note}
In JupyterLab and on Binder an explorer with sliders stands here. The picture above shows one of
its settings.
:::"""


@dataclass(frozen=True)
class Page:
    """What the index says of a notebook, read from its first cells."""

    path: Path
    title: str
    minutes: str
    objectives: tuple

    @classmethod
    def read(cls, path):
        text = "\n".join(
            cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"
        )
        title = re.search(r"^# (.+)$", text, re.M)
        minutes = re.search(r"about (\d+) minutes", text)
        # the bullets that follow "After this lecture you can"
        after = text.partition("After this lecture you can")[2].partition("\n## ")[0]
        bullets = re.findall(r"^- (.+(?:\n  .+)*)", after, re.M)
        return cls(
            path,
            title.group(1) if title else path.stem,
            minutes.group(1) if minutes else "",
            tuple(re.sub(r"\s+", " ", bullet).rstrip(";.") for bullet in bullets),
        )


def build(course, out, names=(), progress=True, execute=True):
    """Execute the lectures and write the site; return its index page.

    Parameters
    ----------
    course : Path
        The folder that holds lectures/ and exercises/.
    out : Path
        Folder of the site, made if needed. Executed notebooks are kept in `out`/.jupyter_cache: a
        lecture that did not change is not executed again.
    names : sequence of str
        Lectures to build, e.g. "03"; all when empty.
    progress : bool
        Whether to let Sphinx say what it does.
    execute : bool
        False shows text, formulas and code alone, in seconds.

    Raises
    ------
    FileNotFoundError
        No such lecture.
    ModuleNotFoundError
        Sphinx or myst-nb is missing; the extra that brings them is named.
    RuntimeError
        Sphinx failed or warned: a cell raised an error, a link is broken, ...
    """
    for module in ("sphinx", "myst_nb", "sphinx_book_theme", "jupyter_server_mathjax"):
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(f"{module} is missing: pip install 'ntklab[site]'")
    course, out = Path(course), Path(out).resolve()
    lectures = _chosen(course / "lectures", names)
    exercises = [course / "exercises" / path.name for path in lectures]
    exercises = [path for path in exercises if path.exists()]
    cache = out / ".jupyter_cache"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        _prepare(course, source, lectures, exercises)
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html"]
        command += ["-D", f"nb_execution_cache_path={cache}", str(source), str(out)]
        command += [] if execute else ["-D", "nb_execution_mode=off"]
        command += [] if progress else ["-q"]
        # progress bars would stand on the pages half-done
        environment = os.environ | {"TQDM_DISABLE": "1"}
        done = subprocess.run(command, env=environment, stdout=None if progress else -1)
    if done.returncode:
        raise RuntimeError("sphinx: the site is not complete, see its messages above")
    return out / "index.html"


def _chosen(folder, names):
    paths = sorted(folder.glob("[0-9][0-9]_*.py"))
    for name in names:
        if not any(path.name.startswith(f"{name}_") for path in paths):
            there = ", ".join(path.name[:2] for path in paths)
            raise FileNotFoundError(f"NAME: must be one of {there}, got {name}")
    return [path for path in paths if not names or path.name[:2] in names]


def _prepare(course, source, lectures, exercises):
    """Lay out what Sphinx reads: settings, pages, index."""
    settings = course / "lectures" / "_site"
    shutil.copy(settings / "conf.py", source)
    (source / "_static").mkdir()
    shutil.copy(settings / "ntklab.css", source / "_static")
    mathjax = importlib.resources.files("jupyter_server_mathjax") / "static"
    shutil.copytree(mathjax, source / "_static" / "mathjax")
    for kind, paths in (("lectures", lectures), ("exercises", exercises)):
        (source / kind).mkdir()
        for path in paths:
            page = for_reading(jupytext.read(path))
            jupytext.write(page, source / kind / path.name, fmt="py:percent")
    (source / "api").mkdir()
    names = _modules(Path(ntklab.__file__).parent)
    for name in names:
        (source / "api" / f"{name}.rst").write_text(_reference(name), encoding="utf-8")
    (source / "api" / "index.md").write_text(_references(names), encoding="utf-8")
    index = _index([Page.read(path) for path in lectures], [Page.read(path) for path in exercises])
    (source / "index.md").write_text(index, encoding="utf-8")


def _modules(package):
    """Every public module, dotted, in the order of the alphabet."""
    paths = sorted(package.rglob("*.py"))
    dotted = [path.relative_to(package.parent).with_suffix("").parts for path in paths]
    dotted = [parts[:-1] if parts[-1] == "__init__" else parts for parts in dotted]
    return [".".join(parts) for parts in dotted if not any(p.startswith("_") for p in parts)]


def _reference(name):
    return f":orphan:\n\n{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n"


def _references(names):
    """The list of modules with the first line of each."""
    lines = ["# Reference", "", "What `import ntklab` offers, module by module.", ""]
    for name in names:
        first = importlib.import_module(name).__doc__.splitlines()[0]
        lines.append(f"- [{name}]({name}.rst): {first}")
    return "\n".join([*lines, ""])


def for_reading(notebook):
    """The notebook, changed in place, with a note where an explorer stands."""
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and EXPLORER.search(cell.source):
            notebook.cells[i] = nbformat.v4.new_markdown_cell(NOTE)
    return notebook


def _index(lectures, exercises):
    lines = [
        "# What does a network learn first?",
        "",
        "A course on one question: *how does the density of the data decide what a neural network "
        "learns first?* Every claim of the original lecture is run and judged. These pages show "
        "the lectures as executed; to move the sliders, open the course in JupyterLab or on "
        "Binder.",
        "",
    ]
    for page in lectures:
        lines += [f"## [{page.title}](lectures/{page.path.name})", ""]
        lines += [f"{page.minutes} minutes. Afterwards you can", ""] if page.minutes else []
        bullets = [f"- {objective}" for objective in page.objectives]
        lines += [*bullets, ""]
    for caption, kind, pages in (
        ("Lectures", "lectures", lectures), ("Exercises", "exercises", exercises),
    ):
        if pages:
            lines += ["```{toctree}", ":hidden:", f":caption: {caption}", ""]
            lines += [f"{kind}/{page.path.stem}" for page in pages]
            lines += ["```", ""]
    lines += ["```{toctree}", ":hidden:", ":caption: Package", "", "api/index", "```", ""]
    return "\n".join(lines)
