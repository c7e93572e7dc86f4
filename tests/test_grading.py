"""`ntklab grade`: fair marks for whatever is handed in, and none for what was not earned."""

import json
import os
import re
import shutil
from pathlib import Path

import jupytext
import numpy as np
import pandas as pd
import pytest
from nbformat import NotebookNode

from ntklab.cli import main
from ntklab.course import channel, exercises, grading, nbgrader_course, sandbox, submissions

COURSE = Path(__file__).parents[1]
NAME = "09_beyond"
MASTER = COURSE / "solutions" / f"{NAME}.py"
EDITION = COURSE / "exercises" / f"{NAME}.py"
LIMITS = sandbox.Limits(seconds=8, memory=1024**3, disk=20 * 1024**2, output=20_000)
RIGHT = {exercise.name: exercise.answer for exercise in exercises.read(MASTER)}
STUB = re.compile(r"    # YOUR CODE HERE\n.*\n")

pytestmark = pytest.mark.filterwarnings("ignore")  # nbgrader's own, on its database


def notebook(first=None, second=None, before="", after=""):
    """The edition with these answers (the right ones by default) and cells around them."""
    edition = jupytext.read(EDITION, fmt="py:percent")
    answers = {
        "arc-weights": RIGHT["arc-weights"] if first is None else first,
        "one-first": RIGHT["one-first"] if second is None else second,
    }
    for cell in edition.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            cell.source = answers[mark["grade_id"]]
    if before:
        edition.cells.insert(2, NotebookNode(_code(before)))
    if after:
        edition.cells.append(NotebookNode(_code(after)))
    return edition


def _code(source):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [],
            "execution_count": None}


def text(**keywords):
    return jupytext.writes(notebook(**keywords), fmt="py:percent")


def body(code, name="arc_weights"):
    """An answer to the first exercise with this body."""
    return f"def {name}(angles):\n" + "".join(f"    {line}\n" for line in code.splitlines())


def without_metadata():
    lines = text().splitlines()
    return "\n".join(re.sub(r"^# %%( \[markdown\])?.*", r"# %%\1", line) for line in lines)


def reordered():
    edition = notebook()
    edition.cells = edition.cells[::-1]
    return jupytext.writes(edition, fmt="py:percent")


def changed(change):
    """Cells as `change` leaves them."""
    edition = notebook()
    edition.cells = [cell for cell in edition.cells if change(cell)]
    return jupytext.writes(edition, fmt="py:percent")


def only_answers(cell):
    return cell.metadata.get("nbgrader", {}).get("solution")


def renamed(cell):
    if "nbgrader" in cell.metadata:
        cell.metadata["nbgrader"]["grade_id"] += "-mine"
    return True


def greedy(cell):
    mark = cell.metadata.get("nbgrader", {})
    if mark.get("grade"):
        mark["points"] = 1000
        cell.source = "print('✓')"
    if mark.get("solution"):
        cell.source = "pass"
    return True


def copied():
    """The answer's cell twice, the wrong one first: the last counts, as in a kernel."""
    edition = notebook()
    place = next(n for n, cell in enumerate(edition.cells) if only_answers(cell))
    wrong = NotebookNode(json.loads(json.dumps(edition.cells[place])))
    wrong.source = body("return angles")
    edition.cells.insert(place, wrong)
    return jupytext.writes(edition, fmt="py:percent")


WRONG = body("return angles")
PATCH_CHECKS = """\
import ntklab.course.checks.beyond as theirs, ntklab.course.checks.answers as answers
for name in ("arc_weights", "one_first"):
    setattr(theirs, name, lambda student: print("✓"))
answers.ask = lambda *arguments, **keywords: 0
answers.CheckFailed.__init__ = lambda *arguments: None
checks = theirs
"""
PATCH_NUMPY = """\
np.allclose = np.isclose = np.array_equal = lambda *arguments, **keywords: True
np.testing.assert_allclose = lambda *arguments, **keywords: None
"""
PATCH_CHANNEL = """\
import ntklab.course.channel as channel
channel.reply = lambda *arguments: '{"kind": "plain", "value": true}'
"""
PICKLE_BACK = """\
import base64, pickle, ntklab.course.channel as channel
class Bomb:
    def __reduce__(self):
        import os
        return os.system, ("touch %s",)
data = base64.b64encode(pickle.dumps(Bomb())).decode()
channel.reply = lambda *a: channel.json.dumps({"kind": "array", "data": data})
"""
READ_MASTER = """\
import pathlib, re
code = pathlib.Path(%r).read_text(encoding="utf-8")
for block in re.findall("### BEGIN SOLUTION\\n(.*?)### END SOLUTION", code, re.S):
    print(block)
exec("def arc_weights(angles):\\n" + block)
"""
READ_OTHERS = """\
import os
arc_weights = []
for top in set(os.listdir("/")) - {"proc", "sys", "usr"}:
    for folder, inner, names in os.walk(f"/{top}"):
        inner[:] = set(inner) - {"site-packages"}  # tens of thousands of files
        arc_weights += [name for name in names if name.startswith("09_beyond")]
arc_weights = repr(arc_weights)
"""
MEMORY = """\
import os
for _ in range(20):
    if os.fork() == 0:
        hoard = bytearray(300 * 1024**2)
        for place in range(0, len(hoard), 4096):
            hoard[place] = 1
        import time
        time.sleep(100)
time.sleep(5) if "time" in globals() else __import__("time").sleep(5)
"""

# name: (text or bytes of the file, marks, what the first exercise's line says)
HOSTILE = {
    "solved": (text, 10, "✓"),
    "stub": (lambda: EDITION.read_text(encoding="utf-8"), 0, "not written yet"),
    "half": (lambda: text(second="def one_first(*a):\n    raise NotImplementedError"), 5, "✓"),
    "wrong": (lambda: text(first=WRONG), 5, "✗"),
    "syntax error": (lambda: text(first="def arc_weights(:"), 5, "there is no arc_weights"),
    "raises": (lambda: text(first=body("return 1 / 0")), 5, "ZeroDivisionError"),
    "copied cell": (copied, 10, "✓"),
    "reordered cells": (reordered, 10, "✓"),
    "deleted all but answers": (lambda: changed(only_answers), 10, "✓"),
    "deleted an answer": (lambda: changed(
        lambda cell: cell.metadata.get("nbgrader", {}).get("grade_id") != "arc-weights"
    ), 5, "there is no arc_weights"),
    "renamed ids": (lambda: changed(renamed), 10, "✓"),
    "own tests, many points": (lambda: changed(greedy), 0, "there is no arc_weights"),
    "metadata lost": (without_metadata, 10, "✓"),
    "no cells": (lambda: "import numpy as np\n\n\n" + "\n\n\n".join(RIGHT.values()), 10, "✓"),
    "infinite loop": (lambda: text(first=body("while True:\n    pass")), 5, "more than 8 seconds"),
    "infinite loop in a cell": (lambda: text(before="while True:\n    pass"), 10, "✓"),
    "deaf infinite loop": (lambda: text(first=body(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    )), 5, "more than 8 seconds"),
    "memory": (lambda: text(first=body("return bytearray(2 * 10**9)")), 5, "MemoryError"),
    "memory of many": (lambda: text(before=MEMORY), 10, "✓"),
    "fork bomb": (lambda: text(before="import os\nwhile True:\n    os.fork()"), 10, "✓"),
    "sys.exit": (lambda: text(before="import sys\nsys.exit(0)"), 10, "✓"),
    "sys.exit in an answer": (lambda: text(first=body("import sys\nsys.exit(0)")), 5, "SystemExit"),
    "ends its kernel": (lambda: text(first=body("import os\nos._exit(0)")), 5, "ended its own"),
    "kills all": (lambda: text(before="import os\nos.kill(-1, 9)\nos.kill(1, 9)"), 10, "✓"),
    "patches the checks": (lambda: text(first=WRONG, after=PATCH_CHECKS, before=PATCH_CHECKS),
                           5, "✗"),
    "patches NumPy": (lambda: text(first=WRONG, before=PATCH_NUMPY), 5, "✗"),
    "patches the channel": (lambda: text(before=PATCH_CHANNEL), 0, ""),
    "sends a pickle": (lambda: text(before=PICKLE_BACK % "/tmp/ntklab-was-here"), 0, ""),
    "reads the master": (lambda: text(first=READ_MASTER % str(MASTER)), 5, "there is no"),
    "reads another's": (lambda: text(first=READ_OTHERS), 5, "must be a function, got str '[]'"),
    "writes outside": (lambda: text(first=body(
        "from pathlib import Path\nPath('/work/x').write_text('')"
    )), 5, "✗"),
    "fills the disk": (lambda: text(
        before="for n in range(100):\n    open(f'{n}', 'wb').write(bytes(2**20))"
    ), 10, "✓"),
    "gigantic output": (lambda: text(before="print('x' * 10**8)"), 10, "✓"),
    "endless output": (lambda: text(before="while True:\n    print('x' * 1000)"), 10, "✓"),
    "prints in answers": (lambda: text(
        first=RIGHT["arc-weights"] + "\n\nquiet = arc_weights\n\n"
        + body("print('x' * 1000)\nreturn quiet(angles)")
    ), 10, "✓"),
    "standard error": (lambda: text(before="import sys\nprint('no', file=sys.stderr)"), 10, "✓"),
    "utf-16": (lambda: text().encode("utf-16"), 10, "✓"),
    "latin-1": (lambda: text(before="# \xe9t\xe9").encode("latin-1", "replace"), 10, "✓"),
    "windows lines": (lambda: text().replace("\n", "\r\n").encode(), 10, "✓"),
    "empty": (lambda: "", 0, "the file is empty"),
    "binary": (lambda: os.urandom(5000), 0, ""),
}
IN_IPYNB = {
    "notebook": (lambda: jupytext.writes(notebook(), fmt="ipynb"), 10, "✓"),
    "notebook cut": (lambda: jupytext.writes(notebook(), fmt="ipynb")[:3000], 0, "no notebook"),
    "notebook deep": (lambda: '{"cells": ' + "[" * 100_000, 0, "no notebook"),
    "notebook of lists": (lambda: "[1, 2]", 0, "no notebook"),
}
NEEDS_WALLS = {"kills all", "reads the master", "reads another's", "writes outside",
               "memory of many", "fork bomb", "fills the disk"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All of them marked in one batch."""
    folder = tmp_path_factory.mktemp("class")
    if os.environ.get("CI") == "true" and sandbox.why_unavailable():
        pytest.fail(sandbox.why_unavailable())  # the walls are part of what is tested
    for cases, suffix in ((HOSTILE, ".py"), (IN_IPYNB, ".ipynb")):
        for name, (make, _, _) in cases.items():
            if sandbox.why_unavailable() and name in NEEDS_WALLS:
                continue
            data = make()
            path = folder / "submissions" / name / f"{NAME}{suffix}"
            path.parent.mkdir(parents=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
    trusted = bool(sandbox.why_unavailable())
    keywords = {"limits": LIMITS, "trusted": trusted, "workers": 2}
    grades = grading.grade(
        folder / "submissions", COURSE / "solutions", folder / "out", **keywords
    )
    return grades, folder, keywords


@pytest.mark.parametrize("name", [*HOSTILE, *IN_IPYNB])
def test_each_gets_what_it_earned(graded, name):
    if sandbox.why_unavailable() and name in NEEDS_WALLS:
        pytest.skip(sandbox.why_unavailable())
    _, marks, said = (HOSTILE | IN_IPYNB)[name]
    rows = graded[0].marks[graded[0].marks.student == name].set_index("exercise")
    assert rows.marks.sum() == marks, rows.said.to_dict()
    assert said in rows.said["arc-weights"]
    assert (rows.marks > 0).tolist() == [line.startswith("✓") for line in rows.said]


def test_neither_masters_nor_submissions_nor_their_neighbours_are_touched(graded, tmp_path):
    _, folder, _ = graded
    assert sorted(path.name for path in folder.iterdir()) == ["out", "submissions"]
    handed_in = [path for path in (folder / "submissions").rglob("*") if path.is_file()]
    assert {path.parent.parent for path in handed_in} == {folder / "submissions"}
    assert not Path("/tmp/ntklab-was-here").exists()
    for path in exercises.build(COURSE / "solutions", tmp_path):
        assert path.read_bytes() == (COURSE / "exercises" / path.name).read_bytes()


def test_a_page_a_student_with_marks_hints_and_the_notebook(graded):
    grades, folder, _ = graded
    assert len(set(grades.pages)) == len(grades.pages) == grades.marks.student.nunique()
    pages = {page.stem.rpartition("-")[0]: page.read_text(encoding="utf-8")
             for page in grades.pages}
    page = pages["wrong"]
    assert "5 of 10 marks" in page and "✗ arc_weights" in page and "Hint: " in page
    assert '<iframe sandbox="" title="the notebook" srcdoc="' in page
    assert "<script" not in page and "script&" not in page
    assert "&lt;math" in page and "mathjax" not in page.lower()
    assert "the file is empty" in pages["empty"] and "<iframe" not in pages["empty"]
    assert "BEGIN SOLUTION" not in pages["stub"] and "wave @ dual" not in pages["stub"]
    page = pages["syntax error"]
    assert "there is no arc_weights" in page and "Its cell says: SyntaxError" in page


def test_the_files_say_what_the_frames_say(graded):
    grades, folder, _ = graded
    marks = pd.read_csv(folder / "out" / "marks.csv", encoding="utf-8-sig")
    names = ["student", "assignment", "exercise", "marks", "out_of", "said", "flags"]
    assert list(marks) == names and len(marks) == len(grades.marks)
    totals = pd.read_csv(folder / "out" / "grades.csv").set_index("student")
    sums = marks.groupby("student").marks.sum()
    assert (totals.marks.sort_index() == sums).all() and set(totals.out_of) == {10}
    summary = pd.read_csv(folder / "out" / "summary.csv").set_index("student")
    assert (summary["sum"].sort_index() == sums).all()
    assert summary.per_cent["half"] == 50


def test_it_goes_on_where_it_was(graded, tmp_path):
    """What was marked stays marked; what was handed in anew, or never finished, is marked."""
    _, folder, keywords = graded
    keywords = keywords | {"workers": 1}
    names = ("empty", "half", "wrong")
    for name in names:
        shutil.copytree(folder / "submissions" / name, tmp_path / "in" / name)

    def marked():
        grades = grading.grade(tmp_path / "in", COURSE / "solutions", tmp_path / "out", **keywords)
        record = (tmp_path / "out" / "work" / "record.jsonl").read_bytes().splitlines()
        return grades.marks.groupby("student").marks.sum().to_dict(), len(record)

    scores, lines = marked()
    assert scores == {"empty": 0, "half": 5, "wrong": 5}
    record = tmp_path / "out" / "work" / "record.jsonl"
    with record.open("rb+") as file:  # as if killed while the last one was written
        file.truncate(record.stat().st_size - 10)
    (tmp_path / "in" / "wrong" / f"{NAME}.py").write_text(text(), encoding="utf-8")
    scores, again = marked()
    assert scores == {"empty": 0, "half": 5, "wrong": 10}
    assert again == lines + (1 if '/wrong/' not in _last(record, lines) else 0)
    assert marked() == (scores, again)  # nothing left to do


def _last(record, lines):
    return record.read_text(encoding="utf-8").splitlines()[lines - 1]


def test_nbgrader_puts_the_masters_test_cells_back(graded, tmp_path):
    """Even without our own execution: what runs is the master's, whatever was handed in."""
    _, folder, _ = graded
    (template,) = (folder / "out" / "work").glob("template-*")
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    edition = jupytext.read(tmp_path / "release" / NAME / f"{NAME}.ipynb")
    for cell in edition.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = "print('mine')"
    target = tmp_path / "submitted" / "eve" / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True)
    jupytext.write(edition, target)
    api = nbgrader_course.api(tmp_path, LIMITS, not sandbox.why_unavailable())
    assert api.autograde(NAME, "eve")["success"]
    after = jupytext.read(tmp_path / "autograded" / "eve" / NAME / f"{NAME}.ipynb")
    tests = [c.source for c in after.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert tests == [exercise.check for exercise in exercises.read(MASTER)]
    assert api.get_submission(NAME, "eve")["score"] == 0


# -- what is handed in ---------------------------------------------------------------------------


def test_a_file_too_large_is_not_even_read(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "LARGEST", 2**20)
    path = tmp_path / "07.py"
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(submissions.Unreadable, match="the file has more than 1 MB"):
        submissions.read(path)


def test_outputs_do_not_count_as_size(tmp_path):
    """25 MB of pictures are no reason for a 0; a megabyte of code is."""
    shown = notebook()
    shown.cells[1].outputs = [NotebookNode(
        {"output_type": "stream", "name": "stdout", "text": "x" * 25 * 2**20}
    )]
    path = tmp_path / "07.ipynb"
    jupytext.write(shown, path)
    cells = submissions.read(path).cells
    assert len(cells) == len(shown.cells) and not any(cell.get("outputs") for cell in cells)
    path.write_text(text(before="x = [" + "1, " * 400_000 + "]"), encoding="utf-8")
    with pytest.raises(submissions.Unreadable, match="the file is no notebook"):
        submissions.read(path)
    path.rename(path.with_suffix(".py"))
    with pytest.raises(submissions.Unreadable, match=r"1\.[12] MB of text; at most 1 are read"):
        submissions.read(path.with_suffix(".py"))


# -- what comes back from a student's process ----------------------------------------------------


class Odd:
    def __repr__(self):
        raise RuntimeError


def _asked(value):
    return channel.read(channel.reply({"f": lambda: value}, "f", channel.question((), {})))


@pytest.mark.parametrize("value", [None, True, "text", {"a": None}])
def test_plain_values_come_back(value):
    assert _asked(value) == value and type(_asked(value)) is type(value)


@pytest.mark.parametrize("value", [3, 2.5, 1 + 2j, [1, 2], (1.0, 2.0), [[True], [False]]])
def test_numbers_come_back_as_arrays(value):
    same = np.asarray(value)
    assert np.array_equal(_asked(value), same) and _asked(value).dtype == same.dtype


@pytest.mark.parametrize("value", [object(), Odd(), [object()], [[1], [1, 2]], {1: 2}])
def test_others_come_back_as_their_names_only(value):
    assert type(_asked(value)).__name__ == type(value).__name__
    assert type(_asked(value)) is not type(value)


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("k"), Exception("x" * 10**6)])
def test_errors_come_back_as_errors(error):
    def f():
        raise error

    with pytest.raises(type(error)) as caught:
        channel.read(channel.reply({"f": f}, "f", channel.question((), {})))
    assert len(str(caught.value)) <= channel.LONGEST + 2 and "raise error" in caught.value.where


@pytest.mark.parametrize(
    "text",
    ["", "1", "{}", "[]", '{"kind": "array"}', '{"kind": "array", "data": "AAAA"}', "[" * 10**5,
     '{"kind": "error"}', '{"kind": "missing"}'],
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match="reply: must be"):
        channel.read(text)


# -- the command and the course folder -----------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["nowhere"], "submissions: must be an existing folder"),
        (["here", "--only", "99"], "assignments: must be among"),
        (["here", "--seconds", "0"], "--seconds: must be"),
        (["here", "--memory", "nan"], "--memory: must be"),
        (["here", "--workers", "-1"], "workers: must be"),
        (["here", "--out", "here/grades"], "out: must be outside the submissions"),
        (["here", "--students", "nobody.csv"], "nobody.csv: No such file"),
        (["here", "--due", "03"], "due: must be like 03=2026-05-09T23:59"),
        (["here", "--solutions", "here"], "solutions: must hold NN_slug.py"),
    ],
)
def test_bad_options_are_told(tmp_path, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    solutions = [] if "--solutions" in options else ["--solutions", str(COURSE / "solutions")]
    assert main(["grade", *options, *solutions, "--trusted"]) == 1
    assert words in capsys.readouterr().err


def test_without_walls_it_asks_for_trust(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "why_unavailable", lambda: "bubblewrap is not installed")
    with pytest.raises(RuntimeError, match="not installed; without it .* or add --trusted"):
        grading.grade(tmp_path, COURSE / "solutions", tmp_path / "out")


@pytest.mark.nightly
def test_the_command_marks(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "09_dora.py").write_text(text(), encoding="utf-8")
    options = ["--out", str(tmp_path / "out"), "--solutions", str(COURSE / "solutions")]
    trust = ["--trusted"] if sandbox.why_unavailable() else []
    assert main(["grade", str(tmp_path / "in"), *options, "--dry-run"]) == 0
    assert re.search(r"dora +09_beyond +09_dora.py", capsys.readouterr().out)
    assert not (tmp_path / "out").exists()
    assert main(["grade", str(tmp_path / "in"), *options, "--workers", "1", *trust]) == 0
    assert re.search(r"dora\s+09_beyond\s+10.0\s+10", capsys.readouterr().out)
