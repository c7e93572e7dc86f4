"""The reading edition before Sphinx sees it; tests/browser/ looks at the finished pages."""

import doctest
import importlib
import sys
from pathlib import Path

import jupytext
import pytest

from ntklab.course import site

COURSE = Path(__file__).parents[1]
LECTURES = sorted((COURSE / "lectures").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem[:2])
def test_index_knows_title_minutes_and_objectives(path):
    page = site.Page.read(path)
    assert page.title.startswith(f"{int(path.name[:2])} · ")
    assert 20 <= int(page.minutes) <= 90
    assert 3 <= len(page.objectives) <= 6
    assert all(len(objective) > 20 and "\n" not in objective for objective in page.objectives)


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem[:2])
def test_a_note_stands_for_every_explorer_and_a_picture_above_it(path):
    notebook = jupytext.read(path)
    before = [cell.source for cell in notebook.cells]
    cells = site.for_reading(notebook).cells
    explorers = [i for i, source in enumerate(before) if source.endswith(".explorer()")]
    assert explorers and len(cells) == len(before)
    for i, cell in enumerate(cells):
        assert (cell.source == site.NOTE) == (i in explorers)
    for i in explorers:
        above = [source for source in before[:i] if "figures.show(" in source]
        assert above, "no static twin above the explorer"


def test_lectures_are_chosen_by_number():
    folder = COURSE / "lectures"
    assert [path.name[:2] for path in site._chosen(folder, ["03"])] == ["03"]
    assert site._chosen(folder, []) == LECTURES
    with pytest.raises(FileNotFoundError, match="^NAME: must be one of 00, .*, got 99"):
        site._chosen(folder, ["99"])


def test_a_missing_sphinx_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "myst_nb", None)
    monkeypatch.setattr(site.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ntklab\[site\]'"):
        site.build(COURSE, tmp_path)


def course(folder, cell):
    """A course of one lecture with one code cell."""
    (folder / "lectures" / "_site").mkdir(parents=True)
    (folder / "exercises").mkdir()
    for name in ("conf.py", "ntklab.css"):
        text = (COURSE / "lectures" / "_site" / name).read_text(encoding="utf-8")
        (folder / "lectures" / "_site" / name).write_text(text, encoding="utf-8")
    header = "".join(LECTURES[0].read_text(encoding="utf-8").partition("# %%")[:1])
    lecture = f"{header}# %% [markdown]\n# # 1 · One\n#\n# Formula $x^2$.\n\n# %%\n{cell}\n"
    (folder / "lectures" / "01_one.py").write_text(lecture, encoding="utf-8")
    return folder


@pytest.fixture
def short_reference(monkeypatch):
    """One module in the reference: all of them take longer than everything else."""
    monkeypatch.setattr(site, "_modules", lambda package: ["ntklab.fredholm"])


BROKEN_LINK = "print('fine')\n\n# %% [markdown]\n# See [there](nowhere.md)."


@pytest.mark.slow
@pytest.mark.usefixtures("short_reference")
@pytest.mark.parametrize("cell", ["1 / 0", BROKEN_LINK], ids=["error", "link"])
def test_a_cell_that_fails_or_a_broken_link_fails_the_build(tmp_path, cell):
    with pytest.raises(RuntimeError, match="^sphinx: "):
        site.build(course(tmp_path, cell), tmp_path / "out", progress=False)


@pytest.mark.usefixtures("short_reference")
def test_output_and_formula_are_on_the_page(tmp_path):
    index = site.build(course(tmp_path, "print(6 * 7)"), tmp_path / "out", progress=False)
    assert "1 · One" in index.read_text(encoding="utf-8")
    page = (tmp_path / "out" / "lectures" / "01_one.html").read_text(encoding="utf-8")
    assert ">42\n" in page and "x^2" in page
    assert (tmp_path / "out" / "_static" / "mathjax" / "MathJax.js").exists()
    reference = (tmp_path / "out" / "api" / "ntklab.fredholm.html").read_text(encoding="utf-8")
    assert 'id="ntklab.fredholm.solve"' in reference and "Leading eigenpairs" in reference
    listed = (tmp_path / "out" / "api" / "index.html").read_text(encoding="utf-8")
    assert "The population spectrum" in listed


def test_the_reference_has_every_public_module():
    names = site._modules(COURSE / "ntklab")
    assert {"ntklab", "ntklab.fredholm", "ntklab.claims.ledger"} <= set(names)
    assert not any("._" in name for name in names)
    for name in names:
        module = importlib.import_module(name)
        assert module.__doc__ and doctest.testmod(module).failed == 0, name
