"""The reading edition: all lectures executed and written as a static web site by Sphinx.

Explorers need a kernel; a page shows pictures of them that are drawn when the site is built
(ntklab.course.frames). What a later build can use again is kept beside the site, in `OUT.cache`.
"""

import ast
import base64
import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat

from ntklab.course import colab, frames, pages
from ntklab.course.names import chosen

PACKAGE = Path(__file__).parents[1]
EXPLORER = re.compile(r"^(\w+)\.explorer\(\)\s*$", re.M)
NOTE = """:::{note}
In JupyterLab and on Binder an explorer with sliders stands here. The picture above shows one of
its settings.
:::"""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
INLINE = re.compile(r'<img src="data:image/png;base64,([^"]+)"')
SOURCES = (".py", ".md", ".rst")
UNREAD = ("objects.inv", ".buildinfo", "_static/**/*.map", "_static/katex/katex.min.js")
REQUIRED = ("sphinx", "myst_nb", "sphinx_book_theme", "py_mini_racer", "PIL")


def build(course, out, names=(), execute=True, repository=None):
    """Execute the lectures and write the site; return its index page.

    Parameters
    ----------
    course : Path
        The folder that holds lectures/ and exercises/.
    out : Path
        Folder of the site, made if needed. Executed notebooks and pictures of explorers are kept
        beside it, in `out`.cache: only what changed is computed again.
    names : sequence of str
        Lectures to build, e.g. "03"; all when empty.
    execute : bool
        False shows text, formulas and code alone, in seconds.
    repository : str, optional
        "OWNER/NAME" on GitHub, for links to Binder and Colab; by default that of pyproject.toml or
        of the git remote `origin`. Without a repository there are no such links.

    Raises
    ------
    ValueError
        No such lecture.
    ModuleNotFoundError
        Sphinx or another package of the extra ntklab[site] is missing.
    RuntimeError
        Sphinx failed or warned: a cell raised an error, a link is broken, ...
    """
    out = Path(out).resolve()
    repository = repository or colab.repository_of(course)
    source = _lay_out(course, out, names, execute, repository)
    _sphinx(source, out, "html", execute, pages.foot(course, repository))
    for page in out.rglob("*.html"):  # of a lecture that has another name today, say
        if page.name != "search.html" and not any(
            (source / page.relative_to(out)).with_suffix(end).exists() for end in SOURCES
        ):
            page.unlink()
    _lighten(out)
    for pattern in UNREAD:
        for path in out.glob(pattern):
            path.unlink()
    (out / ".nojekyll").touch()  # GitHub Pages leaves folders with an underscore alone
    return out / "index.html"


def build_pdf(course, out, names=()):
    """Print the lectures as a book on A4 by Chromium, from one HTML page; return its path.

    Parameters and exceptions are as for `build`; `out` is the file.

    Raises
    ------
    FileNotFoundError
        No Chromium is on the path.
    """
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise FileNotFoundError(f"one of {', '.join(CHROMIUM)} must be on the path to print")
    out = Path(out).resolve()
    folder = out.with_suffix(".pages")
    source = _lay_out(course, folder, names, True, None, book=True)
    _sphinx(source, folder, "singlehtml", True)
    command = [chromium, "--headless", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command += [f"--print-to-pdf={out}", (folder / "index.html").as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode or not out.exists():
        raise RuntimeError(f"{chromium}: nothing printed\n{done.stderr}")
    shutil.rmtree(folder)
    return out


def _lighten(out):
    """Move pictures out of the pages into files of few colours that a browser loads lazily."""
    folder, used = out / "_pictures", set()
    folder.mkdir(exist_ok=True)
    for page in out.rglob("*.html"):
        text = page.read_text("utf-8")
        root = "../" * (len(page.relative_to(out).parts) - 1)
        lighter = INLINE.sub(lambda found, root=root: _beside(found[1], folder, root), text)
        if lighter != text:
            page.write_text(lighter, "utf-8")
        used |= set(re.findall(r"_pictures/(\w+\.png)", lighter))
    for path in folder.iterdir():
        if path.name not in used:
            path.unlink()


def _beside(data, folder, root):
    """Write a picture to `folder`; return the start of its `img`, with the size for the layout."""
    from PIL import Image

    path = folder / f"{hashlib.sha256(data.encode()).hexdigest()[:16]}.png"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        width, height = picture.size
        if not path.exists():
            frames.few_colors(picture).save(path, optimize=True)
    source = f"{root}{folder.name}/{path.name}"
    return f'<img loading="lazy" width="{width}" height="{height}" src="{source}"'


def _lay_out(course, out, names, execute, repository, book=False):
    """Write the sources for Sphinx into the cache, only where they changed; return their folder."""
    for module in REQUIRED:
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(f"{module} is missing: pip install 'ntklab[site]'")
    course, cache = Path(course).resolve(), _cache(out)
    cache.mkdir(parents=True, exist_ok=True)
    _drop_outputs_of_other_code(cache)
    lectures = chosen("names", names, sorted((course / "lectures").glob("[0-9][0-9]_*.py")))
    exercises = [course / "exercises" / path.name for path in lectures]
    exercises = [] if book else [path for path in exercises if path.exists()]
    notebooks = {path: jupytext.read(path) for path in (*lectures, *exercises)}
    explorers = sorted({m for path in lectures for m in explorers_of(notebooks[path]).values()})
    plans, cards = {}, None
    if execute:
        plans = frames.render(explorers, cache / "frames")
        cards = None if names else frames.claim_cards(cache / "frames")
    texts = pages.of_the_course(course, cards)
    if book:
        texts.pop(pages.CLASS, None)
    places = pages.places(course, notebooks, texts)
    files = _settings(course) | _pictures(plans, cache)
    for path, notebook in notebooks.items():
        out_of_here = "" if book else pages.links(path, repository)
        page = for_reading(notebook, plans, out_of_here, book)
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = pages.relinked(cell.source, path, places)
        files[places[path]] = jupytext.writes(page, fmt="py:percent")
    if not book:
        files |= _references(_modules(PACKAGE))
        for path in colab.build(course, cache / "colab", repository) if repository else ():
            files[Path("_static/colab") / path.parent.name / path.name] = path
    for name, (path, text) in texts.items():
        files[Path(name)] = pages.relinked(text, path, places)
    front = pages.front(lectures, exercises, plans, texts, repository, book)
    files[Path("index.md")] = front
    return _written(cache / "source", files)


def _settings(course):
    """{place: file} of conf.py and of the static files that pages load."""
    files, folder = {}, course / "lectures" / "_site"
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        if path.is_file() and path.suffix not in (".md", ".pyc"):
            files[place if place.name == "conf.py" else Path("_static") / place] = path
    return files


def _pictures(plans, cache):
    sources = {frame["src"] for plan in plans.values() for frame in plan["frames"]}
    return {Path("_static/frames") / src: cache / "frames" / src for src in sources}


def _cache(out):
    return out.with_name(f"{out.name}.cache")


def _drop_outputs_of_other_code(cache):
    """Empty a cache made with other code of the package, for it compares the cells' code only."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        if "course" not in path.relative_to(PACKAGE).parts:
            digest.update(path.read_bytes())
    stamp = cache / "code"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != digest.hexdigest():
        for kept in ("jupyter", "doctrees"):
            shutil.rmtree(cache / kept, ignore_errors=True)
        stamp.write_text(digest.hexdigest(), encoding="utf-8")


def _written(folder, files):
    """Write files that differ, delete all others; empty Sphinx's cache if index or conf change."""
    there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    for place in there - set(files):
        (folder / place).unlink()
    for place, content in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        content = content.encode() if isinstance(content, str) else content.read_bytes()
        if not path.exists() or path.read_bytes() != content:
            if place.name in ("index.md", "conf.py"):
                shutil.rmtree(folder.parent / "doctrees", ignore_errors=True)
            path.write_bytes(content)
    return folder


def _sphinx(source, out, builder, execute, foot=""):
    cache = _cache(out)
    shutil.rmtree(out / "_static", ignore_errors=True)
    shutil.rmtree(out / "_images", ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", builder]
    command += ["-D", f"nb_execution_cache_path={cache / 'jupyter'}", "-d", str(cache / "doctrees")]
    command += ["-D", f"html_theme_options.extra_footer={foot}"] if foot else []
    command += [str(source), str(out)]
    command += [] if execute else ["-D", "nb_execution_mode=off"]
    # progress bars would stand on the pages half-done
    environment = os.environ | {"TQDM_DISABLE": "1"}
    done = subprocess.run(command, env=environment)
    if done.returncode:
        raise RuntimeError("sphinx: the site is not complete, see its messages above")
    shutil.rmtree(out.parent / "jupyter_execute", ignore_errors=True)  # as MyST-NB leaves it
    shutil.rmtree(out / "_sources", ignore_errors=True)


def _modules(package):
    """The dotted names of all public modules, in alphabetical order."""
    paths = sorted(package.rglob("*.py"))
    dotted = [path.relative_to(package.parent).with_suffix("").parts for path in paths]
    dotted = [parts[:-1] if parts[-1] == "__init__" else parts for parts in dotted]
    return [".".join(parts) for parts in dotted if not any(p.startswith("_") for p in parts)]


def _references(names):
    """{place: text} of one page for each module, and of their index."""
    lines = ["# Reference", "", "What `import ntklab` offers, module by module.", ""]
    files = {}
    for name in names:
        text = f":orphan:\n\n{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n"
        files[Path("api", f"{name}.rst")] = text
        first = importlib.import_module(name).__doc__.splitlines()[0]
        lines.append(f"- [{name}]({name}.rst): {first}")
    return files | {Path("api/index.md"): "\n".join([*lines, ""])}


def explorers_of(notebook):
    """{name in the notebook: module} of the modules of ntklab.explorers that a notebook shows."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    imported = {}
    for source in code:
        if "ntklab.explorers" in source:
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ImportFrom) and node.module == "ntklab.explorers":
                    imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    shown = {found[1] for source in code for found in EXPLORER.finditer(source)}
    return {name: module for name, module in imported.items() if name in shown}


def for_reading(notebook, plans=None, links="", book=False):
    """Change a notebook for the site: pictures or a note for an explorer, cards for verdicts.

    In a book answers are not folded, and all lectures are one page at the root of the site.
    """
    explorers = explorers_of(notebook)
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            if book:
                cell.source = cell.source.replace("<details>", "<details open>")
            continue
        if found := EXPLORER.search(cell.source):
            module = explorers.get(found[1])
            text = NOTE
            if plans and module in plans:
                root = "_static/frames/" if book else "../_static/frames/"
                html = frames.player(plans[module], module.rpartition(".")[2], root)
                text = f"```{{raw}} html\n{html}\n```"
            notebook.cells[i] = nbformat.v4.new_markdown_cell(text)
        else:  # a verdict that is printed is text, one that is displayed is a card
            cell.source = re.sub(r"^print\((claims\.judge\(.*\))\)$", r"display(\1)", cell.source,
                                 flags=re.M)
    if links:
        first = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
        title, _, rest = first.source.partition("\n")
        first.source = f"{title}\n\n{links}\n{rest}"
    return notebook
