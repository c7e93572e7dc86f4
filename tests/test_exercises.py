"""Student editions: made from the masters, free of answers, and good for nbgrader's autograder."""

import re
import subprocess
import sys
from pathlib import Path

import jupytext
import numpy as np
import pytest

from ntklab.course import exercises
from ntklab.course.checks import eigenfunctions
from ntklab.course.checks.answers import CheckFailed

COURSE = Path(__file__).parents[1]
MASTERS = sorted((COURSE / "solutions").glob("*.py"))
IDS = [master.stem for master in MASTERS]

MASTER = '''\
# %% [markdown]
# # Title

# %% [markdown] exercise={"difficulty": 2, "importance": 3, "minutes": 4}
# ## Exercise 1
#
# > difficulty ●●○○○ · importance ●●●○○ · 4 minutes · 6 marks

# %% nbgrader={"grade": false, "grade_id": "f", "locked": false, "schema_version": 3, "solution": true, "task": false}
def f(x):
    """Square root."""
    y = float(x)
    ### BEGIN SOLUTION
    return y ** 0.5
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "check-f", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
assert f(4) == 2
### BEGIN HIDDEN TESTS
assert f(9) == 3
### END HIDDEN TESTS
'''  # noqa: E501


@pytest.fixture
def course(tmp_path):
    """A course with one small master."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "05_roots.py").write_text(MASTER, encoding="utf-8")
    return tmp_path


def built(course):
    (path,) = exercises.build(course / "solutions", course / "exercises")
    return path.read_text(encoding="utf-8")


def test_answers_and_hidden_tests_go_and_the_rest_stays(course):
    text = built(course)
    assert "0.5" not in text and "SOLUTION" not in text
    assert "f(9)" not in text and "HIDDEN" not in text
    assert '    y = float(x)\n    # YOUR CODE HERE\n    raise NotImplementedError("' in text
    assert "assert f(4) == 2" in text and '"""Square root."""' in text
    assert '"points": 6' in text and "deletable=false editable=false" in text
    compile(text, "student", "exec")


def test_same_bytes_every_time_whatever_the_release_of_jupytext(course, monkeypatch):
    first = built(course)
    monkeypatch.setattr("jupytext.header.__version__", "99.0")
    assert built(course) == first
    assert first.endswith("\n") and "\r" not in first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("4 minutes", "5 minutes", "must have the line"),
        ('"points": 6', '"points": 3', "· 3 marks"),
        ('"difficulty": 2', '"difficulty": 7', "difficulty: must be <= 5, got"),
        ('"minutes": 4', '"seconds": 4', "minutes"),
        (' exercise={"difficulty": 2, "importance": 3, "minutes": 4}', "", "must start with"),
        ('"points": 6', '"points": null', "points: must be a whole number"),
        ('"grade": true', '"grade": false', "one test cell, got 1 and 0"),
    ],
)
def test_a_master_that_is_none_is_refused_and_nothing_written(course, old, new, words):
    master = course / "solutions" / "05_roots.py"
    assert MASTER.count(old) == 1
    master.write_text(MASTER.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match="05_roots.py") as caught:
        built(course)
    assert words in str(caught.value)
    assert not (course / "exercises").exists()


def test_no_solutions_at_all(tmp_path):
    with pytest.raises(ValueError, match="solutions: must hold NN_slug.py"):
        exercises.build(tmp_path, tmp_path / "exercises")


def test_read_gives_the_figures(course):
    (exercise,) = exercises.read(course / "solutions" / "05_roots.py")
    figures = exercise.difficulty, exercise.importance, exercise.minutes, exercise.marks
    assert exercise.name == "f" and figures == (2, 3, 4, 6)
    assert exercise.answer.startswith("def f(x):") and exercise.check.startswith("assert f(4)")


def test_without_nbgrader_the_error_tells_the_command():
    code = (
        "import sys; sys.modules['nbgrader'] = None\n"
        "from ntklab.cli import main; sys.exit(main(['build', 'exercises']))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, cwd=COURSE, encoding="utf-8")
    assert run.returncode == 1
    assert "pip install 'ntklab[class]'" in run.stderr


# -- the course's own assignments --------------------------------------------------------------


def test_exercises_are_those_of_the_solutions(tmp_path):
    exercises.build(COURSE / "solutions", tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in (COURSE / "exercises").glob("*.py")}
    assert made == kept, "run `ntklab build exercises`"


@pytest.mark.parametrize("master", MASTERS, ids=IDS)
def test_no_line_of_an_answer_is_in_the_exercise_or_the_package(master):
    text = master.read_text(encoding="utf-8")
    blocks = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", text, re.S)
    assert len(blocks) == len(exercises.read(master))
    # shorter ones, as "else:", tell nothing
    written = {line.strip() for block in blocks for line in block.splitlines()}
    lines = {line for line in written if len(line) > 8}
    sources = [COURSE / "exercises" / master.name, *(COURSE / "ntklab" / "course").rglob("*.py")]
    for source in sources:
        shared = lines & {line.strip() for line in source.read_text(encoding="utf-8").splitlines()}
        assert not shared, f"{source.name} holds {shared}"


@pytest.mark.parametrize("master", MASTERS, ids=IDS)
@pytest.mark.parametrize("folder", ["solutions", "exercises"])
def test_saving_in_jupyterlab_changes_nothing(master, folder):
    path = COURSE / folder / master.name
    notebook = jupytext.read(path, fmt="py:percent")
    assert jupytext.writes(notebook, fmt="py:percent") == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("master", MASTERS, ids=IDS)
def test_the_first_cell_tells_minutes_and_marks_of_all(master):
    all_of_it = exercises.read(master)
    minutes, marks = sum(e.minutes for e in all_of_it), sum(e.marks for e in all_of_it)
    head = jupytext.read(master, fmt="py:percent").cells[0].source
    assert f"{minutes} minutes" in head and f"{marks} marks" in head
    assert [e.difficulty for e in all_of_it] == sorted(e.difficulty for e in all_of_it)


# What a student would write who only wants the numbers shown in the lecture.
HARD_CODED = {
    "local-frequencies": "return np.array([2.04, 2.88, 4.08]) * q / 3",
    "true-over-printed": "return np.where(q == 0, 2 * np.pi, np.pi)",
    "operator-matrix": "return np.diag(np.append([0.219782, 0.110996, 0.081282], np.zeros(n - 3)))",
}


@pytest.mark.parametrize("name", HARD_CODED)
def test_numbers_copied_from_the_lecture_fail(name):
    """The check asks other questions than the lecture shows."""
    edition = COURSE / "exercises" / "03_eigenfunctions.py"
    (stub,) = [exercise for exercise in exercises.read(edition) if exercise.name == name]
    space = {"np": np, "checks": eigenfunctions}
    exec(re.sub(r"# YOUR CODE HERE\n.*", HARD_CODED[name], stub.answer), space)
    with pytest.raises(CheckFailed):
        exec(stub.check, space)


def test_the_teachers_guide_tells_the_figures_of_the_masters():
    text = (COURSE / "solutions" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d)\.(\d) (.*?) \|.*\| (\d+) \| (\d+) \|$", text, re.M)
    every = [(path.stem[:2], exercises.read(path)) for path in MASTERS]
    wanted = [
        (number, str(place), str(one.marks), str(one.minutes))
        for number, found in every
        for place, one in enumerate(found, 1)
    ]
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == wanted
    marks = sum(one.marks for _, found in every for one in found)
    assert f"{len(wanted)} exercises, {marks} marks" in text
    for number, found in every:
        assert f"{number} ({sum(one.minutes for one in found)})" in text
