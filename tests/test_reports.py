"""Tables, pages and sheets: safe to open, complete, in the forms that platforms import."""

import csv
import html
import re
import zipfile

import jupytext
import nbformat
import pandas as pd
import pytest
from handed_in import COURSE, FIRST, SECOND, answers, text, write

from ntklab.course import exercises, feedback, flags, grading, planning, reports

ROWS = [exercise.name for exercise in exercises.read(COURSE / "solutions" / f"{FIRST}.py")]


def reported(folder, files, students=None, due=(), said="✗ no", odd="", marks=None):
    """What is written of hand-ins that got `marks` ({student: marks of every exercise})."""
    for name, assignment in files.items():
        write(folder / "in" / name, text(assignment, extra=f"\n# {name}"))
    if students:
        write(folder / "roster.csv", students)
        students = folder / "roster.csv"
    ready = planning.plan(folder / "in", COURSE / "solutions", folder / "unpacked",
                         students=students, due=list(due))
    assert not ready.ambiguous
    rows = [
        {"student": one.student, "assignment": one.assignment, "exercise": exercise.name,
         "marks": float((marks or {}).get(one.student, 0)), "out_of": exercise.marks,
         "said": said, "flags": odd}
        for one in ready.submissions
        for exercise in exercises.read(ready.masters[one.assignment])
    ]
    out = folder / "out"
    out.mkdir(exist_ok=True)
    part = folder / "part"
    part.write_text("<p>the notebook", encoding="utf-8")
    parts = {(one.student, one.assignment): part for one in ready.submissions}
    found = grading.Grades(*reports.write(ready, pd.DataFrame(rows), out, parts))
    return found, out


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(1)", "＝1+1", "=HYPERLINK(A1)"])
def test_no_cell_is_a_formula(tmp_path, name):
    _, out = reported(tmp_path, {f"{name}/03.py": FIRST, "bob/03.py": FIRST},
                      said=f"{name}\n=2", odd=name)
    for path in out.glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel takes it for latin-1
        cells = [cell for row in table(path) for cell in row.values() if cell]
        assert not any(cell.startswith(reports.FORMULA) for cell in cells)
    shown = {row["student"] for row in table(out / "summary.csv")}
    assert f"'{name}" in shown or "1" in shown  # separators in front are no part of a name


@pytest.mark.parametrize("names", [
    ["Amy <amy@x>", "Amy _amy@x_-46f54f"], ["a" * 100 + "x", "a" * 100 + "y"],
    ["\U00020000" * 63, "\U00020000" * 60], ["a/b".replace("/", ":"), "a_b"], ["..", "CON"],
])
def test_no_page_takes_anothers_place(names):
    found = {reports.file_name(name).casefold() for name in names}
    assert len(found) == len(names)
    assert all(len(f"{name}.html".encode()) < 130 and "/" not in name for name in found)


def test_a_summary_says_who_is_late_and_who_is_missing(tmp_path):
    grades, out = reported(
        tmp_path,
        {"Homework 3_kim_attempt_2026-05-10-01-30-00_x.py": FIRST, "04_kim.py": SECOND,
         "03_stranger.py": FIRST},
        "Name,E-mail\nKim,kim@x.y\nLou,lou@x.y\n", ["03=2026-05-09T23:59", "04=2999-01-01"],
        marks={"Kim": 2},
    )
    kim, lou, stranger = grades.summary.to_dict("records")
    assert (kim["student"], kim[FIRST], kim[SECOND]) == ("Kim", 6, 8)
    assert (kim["sum"], kim["out_of"], kim["per_cent"], kim["missing"]) == (14, 22, 63.6, "")
    assert kim["late"] == "03: 1 h 31 min, by the platform's time"
    assert (lou["student"], lou["sum"], lou["missing"]) == ("Lou", 0, "03 04")
    assert stranger["student"] == "stranger" and "not on the roster: stranger" in grades.remarks
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Missing (1): Lou" in page and "2 handed in; mean 3.0, median 3 of 10" in page
    assert "2 × ✗ no" not in page and "1 × ✗ no" in page and ">50%<" in page
    for link in re.findall(r'href="(.+?)"', page):
        assert (out / html.unescape(link).replace("%20", " ")).is_file()
    assert len(re.findall("href=", page)) == 2


def test_moodle_gets_a_sheet_and_a_zip_back(tmp_path):
    _, out = reported(tmp_path, {f"{name}_{n}_assignsubmission_file_/03.py": FIRST
                                 for name, n in (("Anna Berg", 4711), ("Zoë_M", 4712))},
                      marks={"Anna Berg": 2})
    rows = table(out / "moodle-03.csv")
    assert [row["Identifier"] for row in rows] == ["Participant 4711", "Participant 4712"]
    assert [row["Grade"] for row in rows] == ["6.00", "0.00"]
    assert {row["Maximum grade"] for row in rows} == {"10.00"}
    with zipfile.ZipFile(out / "feedback-03.zip") as archive:
        names = archive.namelist()
        assert b"the notebook" in archive.read(names[0])
    for name in names:  # as Moodle takes it apart
        _, number, kind, plugin, rest = name.split("_", 4)
        assert (kind, plugin) == ("assignsubmission", "file") and rest == "feedback-03.html"
        assert number in ("4711", "4712")


def test_moodles_own_sheet_is_enough_of_a_roster(tmp_path):
    _, out = reported(
        tmp_path, {"03_anna berg.py": FIRST},
        "Identifier,Full name,Email address\nParticipant 99,Anna Berg,a@b.c\n")
    (row,) = table(out / "moodle-03.csv")
    assert row["Identifier"] == "Participant 99" and row["Email address"] == "a@b.c"


def test_canvas_gets_a_gradebook_and_a_zip_back(tmp_path):
    _, out = reported(
        tmp_path,
        {"bergannA_LATE_31_501_03.py": FIRST, "leewei_32_502_03-1.py": FIRST},
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 3 (77)\n"
        '    Points Possible,,,,,10\n"Berg, Anna",31,s31,ab31,A,\n"Lee, Wei",32,s32,lw32,A,\n',
        marks={"Berg, Anna": 2},
    )
    points, anna, wei = table(out / "canvas.csv")
    assert points["Student"].strip() == "Points Possible" and points["Homework 3 (77)"] == "10"
    assert (anna["ID"], anna["SIS Login ID"], anna["Homework 3 (77)"]) == ("31", "ab31", "6")
    assert (wei["Student"], wei["Homework 3 (77)"]) == ("Lee, Wei", "0")
    with zipfile.ZipFile(out / "feedback-03.zip") as archive:
        assert archive.namelist() == ["bergannA_LATE_31_501_feedback-03.html",
                                      "leewei_32_502_feedback-03.html"]


# -- pages ---------------------------------------------------------------------------------------


def document(*sources):
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    return feedback.body(nbformat.v4.new_notebook(cells=cells))


@pytest.mark.nightly
def test_every_formula_of_the_course_is_drawn_without_a_network():
    for path in sorted((COURSE / "exercises").glob("*.py")):
        notebook = jupytext.read(path)
        page = feedback.body(notebook)
        shown = re.sub(r"<(?:pre|code|style)\b.*?</(?:pre|code|style)>", "", page, flags=re.S)
        assert "$" not in shown and "\\frac" not in shown and page.count("<math") > 5
        assert len(page) < 120_000 and not re.search(r'src="(?!data:)|<link|@import', page)


@pytest.mark.parametrize(("source", "has", "has_not"), [
    ("a $x_1 * y_2 * z$ b", "<math", "<em>"),
    ("$$\\frac{a}{b}\\tag{3}$$", '<math display="block"', "$$"),
    ("costs $5 and $6", "costs $5 and $6", "<math"),
    ("`$x$`", "<code>$x$</code>", "<math"),
    ("$\\nonsense{$", "$", "<math"),
    ("$" + "{" * 1500 + "$", "{{{", "<math"),
    ("<script>alert(1)</script>", "", "<script"),
    ("<SCRIPT src=x>", "", "<SCRIPT"),
])
def test_text_of_a_page(source, has, has_not):
    page = document(source).partition("<body>")[2]
    assert has in page and has_not not in page


@pytest.mark.nightly
def test_long_text_is_shown_as_it_is():
    assert len(document("\\\\[a" * 25_000)) < 20_000
    assert len(document(*["\\\\[a" * 900] * 200)) < 1_500_000


def test_a_page_runs_nothing_and_loads_nothing():
    """Policy and frame, both; nothing closes the frame early."""
    framed = "".join(feedback.framed(['"></iframe><script>x</script>'] * 3))
    assert framed.count('"') == framed.count('sandbox=""') * 6 and "<script" not in framed
    page = document("x")
    assert "default-src 'none'" in page and "script-src" not in page


# -- what to look at -----------------------------------------------------------------------------

RIGHT = answers(FIRST)["operator-matrix"]


@pytest.mark.parametrize(("before", "answer", "found"), [
    ("", RIGHT, []),
    ("from ntklab import fredholm", "def f(x):\n    return fredholm.solve(x)",
     ["calls ntklab.fredholm"]),
    ("from ntklab import fredholm as np", "def f(x):\n    return np.solve(x)",
     ["calls ntklab.fredholm"]),
    ("", "def f(x):\n    from ntklab.gram import solve\n    return solve(x)",
     ["calls ntklab.gram.solve"]),
    ("from ntklab import gram\ndef g(x):\n    return gram.solve(x)", "def f(x):\n    return g(x)",
     ["calls ntklab.gram"]),
    ("from ntklab.course import checks", "def f(x):\n    return checks._trained(x)",
     ["uses checks._trained", "calls ntklab.course.checks"]),
    ("", "def f(profile):\n    return profile.__self__.answer", ["uses __self__"]),
    ("", "def f(p):\n    return getattr(p, '__self__')", ["names '__self__'"]),
    ("", "def f(x):\n    return __import__('ntklab.gram')", ["names 'ntklab.gram'"]),
    ("from ntklab import gram\nx = gram.solve(1)", "def f(x):\n    return x", []),
    ("from ntklab.kernels import TwoLayerNTK",
     "def f(k: TwoLayerNTK) -> TwoLayerNTK:\n    return 1", []),
    ("def broken(", "def f(x):\n    return 1", []),
])
def test_odd_answers_are_named(before, answer, found):
    name = "f" if answer != RIGHT else "operator_matrix"
    assert flags.look(name, [before, answer], "def f(x):\n    return 1")[0] == found


LONG = """def f(x, y):
    '''Text.'''
    total = np.zeros(3)
    for i in range(3):
        total[i] = x[i] * y[i] + {number}
    if total.sum() > 1:
        total -= 1
    left = np.roll(total, {number})
    return total + left
"""
RENAMED = LONG.replace("total", "s").replace("left", "links").replace("'''Text.'''", "# mine")
OTHER = """def f(x, y):
    a = np.asarray(x)
    b = np.asarray(y)
    if len(a) == 0:
        return 0
    c = a @ b
    d = c ** 2
    return np.sqrt(d)
"""


def test_nearly_identical_answers_are_named():
    programs = {"kim": LONG.format(number=2), "lou": RENAMED.format(number=2),
                "eve": OTHER, "joe": "def f(x, y):\n    return x @ y",
                "ann": "def f(x, y):\n    return x @ y"}
    statements = {name: flags.look("f", [code], "")[1] for name, code in programs.items()}
    assert flags.alike(statements, []) == {"kim": ["lou"], "lou": ["kim"]}
    assert flags.alike(statements, statements["kim"]) == {}  # everybody's, by the master
    many = statements | {f"s{n}": statements["kim"] for n in range(20)}
    assert flags.alike(many, []) == {}
