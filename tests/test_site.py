"""The reading edition before a browser sees it; tests/browser/ looks at the finished pages."""

import doctest
import importlib
import pkgutil
import re
import shutil
import sys
from pathlib import Path

import jupytext
import matplotlib.pyplot as plt
import pytest

import ntklab.explorers
from ntklab.course import frames, pages, site
from ntklab.explorers.frames import Plan
from ntklab.figures import show

COURSE = Path(__file__).parents[1]
LECTURES = sorted((COURSE / "lectures").glob("[0-9][0-9]_*.py"))
EXPLORERS = [
    name
    for _, name, _ in pkgutil.iter_modules(ntklab.explorers.__path__, "ntklab.explorers.")
    if hasattr(importlib.import_module(name), "explorer")
]


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem[:2])
def test_index_knows_title_minutes_and_question(path):
    page = pages.Page.read(path)
    assert len(page.title) > 5 and page.question.endswith("?")
    assert not page.question[0].islower()
    assert 20 <= int(page.minutes) <= 90
    after = path.read_text(encoding="utf-8").partition("After this lecture you can")[2]
    objectives = re.findall(r"^# - (.+)", after.partition("\n# ## ")[0], re.M)
    assert 3 <= len(objectives) <= 6 and min(map(len, objectives)) > 20


def test_a_note_or_frames_stand_for_every_explorer():
    notebook = jupytext.read(LECTURES[3])
    named = site.explorers_of(notebook)
    assert len(named) == 2 and set(named.values()) <= set(EXPLORERS)
    frame = {"at": [0], "src": "a.png", "alt": "A <picture>", "width": 9, "height": 9}
    control = {"label": "κ", "kind": "range", "values": ["1"]}
    plans = {m: {"controls": [control], "animated": 0, "frames": [frame]} for m in named.values()}
    cells = [cell.source for cell in site.for_reading(notebook, plans).cells]
    assert sum('alt="A &lt;picture&gt;"' in cell for cell in cells) == 2
    book = site.for_reading(jupytext.read(LECTURES[3]), plans, book=True).cells
    assert sum('src="_static/frames/a.png"' in cell.source for cell in book) == 2
    assert not any("<details>" in cell.source for cell in book)
    plain = site.for_reading(jupytext.read(LECTURES[3])).cells
    assert sum(cell.source == site.NOTE for cell in plain) == 2


@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.nightly
def test_every_explorer_has_a_plan_that_takes_each_control_to_both_ends(name):
    module = importlib.import_module(name)
    plan = frames._plan(name)
    widgets = module.explorer().controls.items()
    start = {key: widget.value for key, widget in widgets}
    assert plan["states"][0] == start and 15 <= len(plan["states"]) <= 90
    for key, widget in widgets:
        shown, options = module.FRAMES.values[key], getattr(widget, "options", None)
        if options is not None:
            assert set(shown) == set(options)
        elif hasattr(widget, "base"):
            ends = [widget.base**widget.min, widget.base**widget.max]
            assert [shown[0], shown[-1]] == pytest.approx(ends, rel=0.005)
        elif hasattr(widget, "min") and key != "seed":  # a few draws are like all others
            assert (shown[0], shown[-1]) == (widget.min, widget.max)
        seen = {state[key] for state in plan["states"]}
        assert seen == set(shown)


def test_a_plan_combines_what_is_together_and_moves_the_rest_alone():
    plan = Plan(("a", "b"), a=(1, 2), b=(3, 4, 5), c=(6, 7))
    states = plan.states({"a": 1, "b": 4, "c": 6})
    assert states[0] == {"a": 1, "b": 4, "c": 6} and len(states) == 2 * 3 + 1
    assert {"a": 1, "b": 4, "c": 7} in states and {"a": 2, "b": 4, "c": 7} not in states
    assert plan.animated == "b"


def test_a_frame_is_drawn_again_only_when_what_it_shows_may_differ(tmp_path):
    state = {"bias": True, "frequency": 3, "iteration": 30.0}
    first = frames._frame("ntklab.explorers.two_layer", state, tmp_path)
    path = tmp_path / first["src"]
    assert path.stat().st_size < 60_000 and len(first["alt"]) > 60
    stamp = path.stat().st_mtime_ns
    assert frames._frame("ntklab.explorers.two_layer", state, tmp_path) == first
    assert path.stat().st_mtime_ns == stamp
    other = frames._frame("ntklab.explorers.two_layer", state | {"frequency": 4}, tmp_path)
    assert other["src"] != first["src"] and other["alt"] != first["alt"]


def test_a_frame_hangs_on_every_module_below_its_explorer():
    files = {path.name for path in frames._closure("ntklab.explorers.two_layer")}
    assert {"two_layer.py", "kernels.py", "style.py", "geometry.py"} <= files
    assert "training.py" not in files


def test_a_missing_sphinx_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setattr(site.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ntklab\[site\]'"):
        site.build(COURSE, tmp_path)


def test_the_site_needs_no_tool_of_the_tests(monkeypatch):
    for name in ("pytest", "nbval", "nbgrader"):
        monkeypatch.setitem(sys.modules, name, None)
    for module in (site, pages, frames):
        importlib.reload(module)


def course(folder, cell):
    """A course of one lecture with one code cell."""
    (folder / "lectures").mkdir(parents=True)
    (folder / "exercises").mkdir()
    others = shutil.ignore_patterns("*.md")  # these link lectures that are not here
    shutil.copytree(COURSE / "lectures" / "_site", folder / "lectures" / "_site", ignore=others)
    header = "".join(LECTURES[0].read_text(encoding="utf-8").partition("# %%")[:1])
    lecture = f"{header}# %% [markdown]\n# # 1 · One\n#\n# Formula $x^2$.\n\n# %%\n{cell}\n"
    (folder / "lectures" / "01_one.py").write_text(lecture, encoding="utf-8")
    return folder


@pytest.fixture
def short_reference(monkeypatch):
    """One module in the reference: all of them take longer than everything else. No verdicts."""
    monkeypatch.setattr(site, "_modules", lambda package: ["ntklab.fredholm"])
    monkeypatch.setattr(frames, "claim_cards", lambda folder: None)


@pytest.mark.nightly
@pytest.mark.usefixtures("short_reference")
@pytest.mark.parametrize(
    "cell",
    [
        "1 / 0",
        "print('fine')\n\n# %% [markdown]\n# See [there](nowhere.md).",
        "print('fine')\n\n# %% [markdown]\n# Formula $\\nosuchcommand{x}$.",
    ],
    ids=["cell", "link", "formula"],
)
def test_what_fails_on_a_page_fails_the_build(tmp_path, cell):
    with pytest.raises(RuntimeError, match="^sphinx: "):
        site.build(course(tmp_path, cell), tmp_path / "out")


@pytest.mark.nightly
@pytest.mark.usefixtures("short_reference")
def test_output_and_formula_are_on_the_page_and_nothing_else_is_published(tmp_path):
    cell = "print(6 * 7)\n\n# %% [markdown]\n# $$x = y \\tag{12}$$\n# See [words](_site/words.md)."
    folder = course(tmp_path, cell)
    words = "# Words\n\nAs [used](../01_one.py#one)."
    (folder / "lectures" / "_site" / "words.md").write_text(words, encoding="utf-8")
    old = tmp_path / "out" / "lectures" / "07_old.html"
    old.parent.mkdir(parents=True)
    old.touch()
    index = site.build(folder, tmp_path / "out", repository="owner/course")
    assert not old.exists()
    front = index.read_text(encoding="utf-8")
    assert "1 · One" in front and 'href="words.html"' in front
    assert "mybinder.org/v2/gh/owner/course/" in front
    words = (tmp_path / "out" / "words.html").read_text(encoding="utf-8")
    assert 'href="lectures/01_one.html' in words and "mybinder.org/v2/gh/owner/course/" in words
    page = (tmp_path / "out" / "lectures" / "01_one.html").read_text(encoding="utf-8")
    assert ">42\n" in page and 'class="katex"' in page
    assert 'href="../words.html"' in page
    assert 'id="eq-12"' in page and 'href="#eq-12"' in page
    assert (tmp_path / "out" / "_static" / "katex" / "katex.min.css").exists()
    reference = (tmp_path / "out" / "api" / "ntklab.fredholm.html").read_text(encoding="utf-8")
    assert 'id="ntklab.fredholm.solve"' in reference and "Leading eigenpairs" in reference
    names = {path.name for path in (tmp_path / "out").iterdir()}
    hidden = {name for name in names if name.startswith(".")} - {".nojekyll"}
    assert not hidden and not names & {"_sources", "jupyter_execute", "objects.inv"}
    published = list((tmp_path / "out").rglob("*"))
    assert not [path for path in published if path.suffix in (".map", ".pickle", ".doctree")]
    assert not [path for path in published if path.name in ("katex.min.js", "genindex.html")]
    assert (tmp_path / "out.cache" / "jupyter").exists()


def test_pictures_inside_a_page_are_fetched_from_beside_it(tmp_path):
    figure = plt.figure()
    figure.set_label("A <figure>")
    picture = show(figure)
    page = tmp_path / "lectures" / "01_one.html"
    page.parent.mkdir()
    page.write_text(f"<p>{picture.html}</p>", encoding="utf-8")
    (tmp_path / "_pictures").mkdir()
    (tmp_path / "_pictures" / "old.png").touch()
    site._lighten(tmp_path)
    [path] = (tmp_path / "_pictures").iterdir()
    html = page.read_text(encoding="utf-8")
    assert f'src="../_pictures/{path.name}"' in html and "data:" not in html
    assert 'alt="A &lt;figure&gt;"' in html and ' width="' in html
    site._lighten(tmp_path)  # a page that was not written again keeps its pictures
    assert path.exists() and page.read_text(encoding="utf-8") == html


def test_links_lead_out_only_where_an_owner_is_known():
    path = COURSE / "lectures" / "03_eigenfunctions.py"
    assert pages.links(path, None) == pages.foot(COURSE, None) == ""
    html = pages.links(path, "owner/course")
    assert "mybinder.org/v2/gh/owner/course/HEAD?urlpath=lab/tree/lectures/03" in html
    colab = f"colab.research.google.com/github/owner/course/blob/{pages.BRANCH}/lectures/"
    assert f"{colab}03_eigenfunctions.ipynb" in html
    foot = pages.foot(COURSE, "owner/course")
    assert f"{colab}{LECTURES[0].stem}.ipynb" in foot and "lab/tree/README.md" in foot


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem[:2])
def test_links_stand_below_the_title(path):
    cells = site.for_reading(jupytext.read(path), links="HERE").cells
    [cell] = [cell for cell in cells if "HERE" in cell.source]
    assert cell.cell_type == "markdown" and cell.source.split("\n")[0].startswith("# ")


def test_links_to_files_of_the_course_lead_to_their_pages():
    lecture, other = LECTURES[3:5]
    notation = COURSE / "lectures" / "_site" / "notation.md"
    texts = {"notation.md": (notation, "# Notation")}
    places = pages.places(COURSE, {lecture: None}, texts)
    same = f"[c]({lecture.name}), $[0, 1](x)$, [d](no.md)"
    here = f"[a](_site/notation.md#x), [b]({other.name}), {same}"
    assert pages.relinked(here, lecture, places) == f"[a](../notation.md#x), b, {same}"
    there = f"[c](../{lecture.name}), [e](https://example.org/a.py)"
    assert pages.relinked(there, notation, places) == (
        f"[c](lectures/{lecture.name}), [e](https://example.org/a.py)"
    )


def test_the_first_page_names_every_text_with_its_first_sentence():
    texts = {"b.md": (None, "# Words\n\nOne\nsentence. Another."), "a.md": (None, "# Bare\n")}
    front = pages.front(LECTURES[:1], [], {}, texts)
    assert "- [Bare](a.md)\n- [Words](b.md): One sentence\n- [Reference]" in front


def test_the_reference_has_every_public_module():
    names = site._modules(COURSE / "ntklab")
    assert {"ntklab", "ntklab.fredholm", "ntklab.claims.ledger"} <= set(names)
    assert not any("._" in name for name in names)
    for name in names:
        module = importlib.import_module(name)
        assert module.__doc__ and doctest.testmod(module).failed == 0, name
