"""Marks without mathematics: what checks know, hints, and answers that were learned by heart."""

import contextlib
import importlib
import inspect
import io
import pickle
import pkgutil
import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
from handed_in import COURSE, write
from test_checks import EXERCISES, MASTERS, setup

from ntklab import kernels
from ntklab.course import checks, exercises, grading, hidden_checks, sandbox, tables
from ntklab.course.checks import answers
from ntklab.densities import PiecewiseConstant, TrigPolynomial

LIMITS = sandbox.Limits(seconds=30, memory=1024**3)
DRAWN = {  # assignments whose checks draw all that they ask
    master.stem for master in MASTERS
    if "generator()" in inspect.getsource(
        importlib.import_module(f"{checks.__name__}.{master.stem.partition('_')[2]}")
    )
}
ASKED = [case for case in EXERCISES if case.values[0].stem in DRAWN]
HOME, MARKING = 0, 4711


ANGLES = np.linspace(0.1, 3.1, 31)


def known_by(argument):
    """What tells a question from another: its numbers, or those of a function."""
    return np.asarray(argument(ANGLES) if callable(argument) else argument).tolist()


def played(exercise, names, record):
    """The exercise's function, with what comes back from it noted; or, of a full record, read."""
    function, reading = names[exercise.name.replace("-", "_")], bool(record)

    def heard(*arguments):
        # no arguments are as before, so the best guess is what came back at the same call
        key = pickle.dumps([known_by(argument) for argument in arguments])
        if not reading:
            record.append((key, function(*arguments)))
            return record[-1][1]
        calls.append(key)
        same = [answer for known, answer in record if known == key]
        return same[0] if same else record[min(len(calls), len(record)) - 1][1]

    calls = []
    return heard


def under(seed, exercise, names, record):
    """What the check says of a function that is recorded, or played back."""
    space = names | {exercise.name.replace("-", "_"): played(exercise, names, record)}
    with answers.drawn_from(seed), contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(exercise.check, space)
        except answers.CheckFailed as error:
            return str(error)
    return ""


@pytest.mark.parametrize(("master", "number"), ASKED)
@pytest.mark.nightly
def test_answers_learned_by_heart_earn_nothing(master, number):
    """Right answers to the questions of one seed, given to those of another."""
    exercise = exercises.read(master)[number]
    names = setup(master)
    exec(exercise.answer, names)
    record = []
    assert under(HOME, exercise, names, record) == "" and record
    assert under(HOME, exercise, names, record) == ""  # by heart, for those who asked at home
    assert under(MARKING, exercise, names, record)


@pytest.mark.parametrize(("master", "number"), ASKED)
def test_each_question_is_the_same_for_the_same_seed(master, number):
    exercise = exercises.read(master)[number]
    names = setup(master)
    exec(exercise.answer, names)
    first, again = [], []
    for record in (first, again):
        assert under(MARKING, exercise, names, record) == ""
    assert [key for key, _ in first] == [key for key, _ in again]


WRONG = {
    "times": lambda a: 1.37 * a, "plus": lambda a: a / 2 + 0.083, "squared": lambda a: a**2 + a / 3,
}


@pytest.mark.parametrize("turn", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(("master", "number"), ASKED)
def test_no_hint_holds_what_would_be_right(master, number, turn):
    """Nobody reads an answer out of what is said of a wrong one."""
    exercise = exercises.read(master)[number]
    names, name = setup(master), exercise.name.replace("-", "_")
    exec(exercise.answer, names)
    record = []
    right = played(exercise, names, record)
    names[name] = lambda *arguments: turn(np.asarray(right(*arguments)))
    with pytest.raises(answers.CheckFailed) as caught:
        exec(exercise.check, names)
    said = [float(text) for text in re.findall(r"\d+\.\d{2,}(?:e[-+]\d+)?", str(caught.value))]
    _, last = record[-1]
    for number in said:
        assert np.size(last) > 100 or not np.isclose(number, last, rtol=1e-3).any(), caught.value


def constants(shape_of):
    """Answers that need no mathematics: one number throughout."""
    return [lambda *a, c=c: np.full(shape_of(*a), c) for c in (0.0, 1.0, 0.5, 1 / np.pi, -1.0)]


@pytest.mark.parametrize(("master", "number"), EXERCISES)
@pytest.mark.nightly
def test_a_guess_is_no_answer(master, number):
    exercise = exercises.read(master)[number]
    names = setup(master)
    exec(exercise.answer, names)
    function = names[exercise.name.replace("-", "_")]
    for guess in constants(lambda *a: np.shape(function(*a))):
        names[exercise.name.replace("-", "_")] = guess
        with pytest.raises(answers.CheckFailed):
            exec(exercise.check, names)


# -- what is handed to a student's process -------------------------------------------------------


@pytest.mark.parametrize("owner", [
    kernels.TwoLayerNTK(), kernels.TwoLayerNTK(bias=False), kernels.DeepNTK(3), kernels.DeepNTK(60),
], ids=["two-layer", "no bias", "deep", "deeper"])
def test_a_profile_is_handed_over_as_numbers(owner):
    table = pickle.loads(pickle.dumps(tables.by_numbers(owner.profile)))
    theta = np.linspace(0, np.pi, 1001)
    assert np.allclose(table(theta), owner.profile(theta), rtol=0, atol=1e-11 * table(0.0))
    assert not hasattr(table, "__self__") and b"ntklab.kernels" not in pickle.dumps(table)
    with pytest.raises(ValueError, match=r"angles: must lie in \[0, 3.142\]"):
        table(np.array([3.2]))


@pytest.mark.parametrize("owner", [
    PiecewiseConstant.equal_pieces([1, 20, 1]), TrigPolynomial([0.3], [0.0, 0.5]),
], ids=["steps", "smooth"])
def test_a_density_is_handed_over_as_numbers(owner):
    table = tables.by_numbers(owner.pdf)
    x = np.append(np.linspace(-10, 10, 4001), [-np.pi, np.pi, -np.pi / 3, np.pi / 3])
    assert np.allclose(table(x), owner.pdf(x), rtol=0, atol=1e-14)
    assert b"ntklab.densities" not in pickle.dumps(table)
    assert tables.by_numbers(np.ones_like) is np.ones_like


# -- inside the walls ----------------------------------------------------------------------------

# what an attacker returns in place of an answer, by what the check's module is called
THEFTS = """\
import os, sys, {module} as theirs
from ntklab.course.checks import answers
def {function}(*arguments):
    found = [name for name in dir(theirs) if not name.startswith("__")]
    for name in {names!r}:
        try:
            found.append(getattr(theirs, name))
        except AttributeError:
            pass
    folder = os.path.join(os.path.dirname(sys.modules["ntklab"].__file__), "course", "checks")
    found += [os.path.join(folder, name) for name in os.listdir(folder)]
    found += [a.__self__ for a in arguments if hasattr(a, "__self__")]
    raise RuntimeError(f"found {{len(found)}}: {{found}}"[:200])
"""


def private(master):
    module = importlib.import_module(f"{checks.__name__}.{master.stem.partition('_')[2]}")
    return module.__name__, [name for name in vars(module) if name.startswith("_")
                             and not name.startswith("__")]


@pytest.mark.nightly
@pytest.mark.skipif(bool(sandbox.why_unavailable()), reason=sandbox.why_unavailable() or "walls")
def test_inside_the_walls_there_is_nothing_to_take(tmp_path):
    """Private names, files of checks, owners of methods: none is there, in any assignment."""
    for master in MASTERS:
        module, names = private(master)
        notebook = jupytext.read(COURSE / "exercises" / master.name, fmt="py:percent")
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark.get("solution"):
                function = mark["grade_id"].replace("-", "_")
                cell.source = THEFTS.format(module=module, function=function, names=names)
        write(tmp_path / "in" / "eve" / master.name, jupytext.writes(notebook, fmt="py:percent"))
    grades = grading.grade(tmp_path / "in", COURSE / "solutions", tmp_path / "out", limits=LIMITS)
    assert len(grades.marks) == len(EXERCISES)
    assert (grades.marks.marks == 0).all()
    for row in grades.marks.itertuples():
        assert "RuntimeError: found 0: []" in row.said, row.said
    flags = grades.marks["flags"].str
    assert (flags.contains("uses __self__") & flags.contains("names|calls")).all()


def test_the_folders_of_checks_are_found():
    (own,) = {path.resolve() for path in hidden_checks.folders()} & {
        Path(checks.__file__).parent.resolve()
    }
    assert {module.name for module in pkgutil.iter_modules([str(own)])} >= {"answers"}
