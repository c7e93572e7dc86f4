"""Instant checks: solutions pass, stubs fail, and every named wrong answer gets its own hint."""

import subprocess
import sys
import warnings
from pathlib import Path

import jupytext
import numpy as np
import pytest

from ntklab.course import exercises
from ntklab.course.checks import answers
from ntklab.course.checks.answers import CheckFailed, ask

COURSE = Path(__file__).parents[1]

# The usual mistakes: what the solution holds, what a student writes instead, and the hint then.
MISTAKES = {
    "local-frequencies": {
        "forgotten root": ("np.sqrt(p)", "p", "Did a square root get lost?"),
        "slow where dense": ("np.sqrt(p)", "1 / np.sqrt(p)", "slow where data are dense"),
        "x for Ψ": ("np.sqrt(p)", "np.ones(len(p))", "is Ψ(x), not x"),
        "not divided by Z": ("root / Z", "root", "Ψ alone does not fit"),
        "2π lost": (" / (2 * np.pi)", "", "2π is lost"),
        "arcs of equal weight": ("root @ lengths / (2 * np.pi)", "root.mean()", "equal length"),
        "q forgotten": ("q * root", "root", "which eigenfunction"),
    },
    "true-over-printed": {
        "half the circle": ("2 * p * half", "p * half", "half of it is missing"),
        "density forgotten": ("2 * p * half", "2 * half", "what is p here"),
        "both": ("2 * p * half", "half", "π too large: p(z) = 1/2π is missing, and so is one half"),
        "upside down": ("true / printed", "printed / np.where(true > 1e-12, true, 1)", "upside"),
        "norm of the cosine": ("2 * p * half", "4 * p * half", "no norm of cos"),
        "one kernel only": ("profile(theta)", "TwoLayerNTK().profile(theta)", "fixed numbers"),
        "hard-coded": ("true / printed", "np.where(q == 0, 2 * np.pi, np.pi)", "fixed numbers"),
        "coarse sum": (
            "weights = np.pi * (nodes + 1) / 2, np.pi * weights / 2",
            "weights = np.linspace(0, np.pi, 40), np.full(40, np.pi / 39) - "
            "np.pi / 78 * (np.abs(np.arange(40) - 19.5) == 19.5)",
            "too coarse",
        ),
    },
    "operator-matrix": {
        "missing wrap": ("np.minimum(gap, 2 * np.pi - gap)", "gap", "wrap the difference"),
        "1/2π for 1/4π": ("(4 * np.pi)", "(2 * np.pi)", "1/2π in place of the 1/4π"),
        "no bias": ("(1 + np.cos(theta))", "np.cos(theta)", "has a bias"),
        "no width of a cell": (" * 2 * np.pi / n", "", "width of a grid cell"),
        "1/n for the width": (" * 2 * np.pi / n", " / n", "add up to the length of the circle"),
        "density forgotten": ("pdf(x) * 2 * np.pi", "np.ones(n)", "Where does `pdf` enter"),
        "density on one side": ("root[:, None] * kernel", "root * kernel", "on one side only"),
        "p for √p": ("np.sqrt(pdf(x) * 2", "pdf(x) * np.sqrt(2", "p stands on both sides"),
        "half of the density": ("np.sqrt(pdf(x) * 2", "np.sqrt(np.sqrt(pdf(x)) * 2", "half its"),
    },
}


def setup(path):
    """Names that the cells before the first exercise give."""
    names = {}
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if "exercise" in cell.metadata:
            return names
        if cell.cell_type == "code":
            exec(cell.source, names)


def failure(exercise, names, right="", wrong=""):
    """What the check says of the answer with `right` replaced by `wrong`; None if it passes."""
    assert right == wrong or exercise.answer.count(right) == 1, f"{right!r} is not in the answer"
    names = dict(names)
    exec(exercise.answer.replace(right, wrong), names)
    try:
        exec(exercise.check, names)
    except CheckFailed as error:
        return str(error)
    return None


MASTERS = sorted((COURSE / "solutions").glob("*.py"))
EXERCISES = [
    pytest.param(master, number, id=f"{master.stem[:2]}-{exercise.name}")
    for master in MASTERS
    for number, exercise in enumerate(exercises.read(master))
]


@pytest.mark.parametrize(("master", "number"), EXERCISES)
def test_solution_passes(master, number, capsys):
    exercise = exercises.read(master)[number]
    assert failure(exercise, setup(master)) is None
    assert capsys.readouterr().out.startswith(f"✓ {exercise.name.replace('-', '_')}: ")


@pytest.mark.parametrize(("master", "number"), EXERCISES)
def test_stub_fails(master, number):
    edition = COURSE / "exercises" / master.name
    exercise = exercises.read(edition)[number]
    assert "not written yet" in failure(exercise, setup(edition))


@pytest.mark.parametrize(("master", "number"), EXERCISES)
def test_every_named_mistake_gets_its_own_hint(master, number):
    exercise = exercises.read(master)[number]
    names, mistakes = setup(master), MISTAKES[exercise.name]
    assert len(mistakes) >= 2
    for mistake, (right, wrong, fragment) in mistakes.items():
        said = failure(exercise, names, right, wrong)
        assert said is not None, f"{mistake} passes"
        hint = said.partition("\n  Hint: ")[2]
        assert fragment in hint, f"{mistake}: {said}"
        others = {m: f for m, (_, _, f) in mistakes.items() if f in hint and f != fragment}
        assert not others, f"the hint of {mistake} is also that of {others}"


def test_mistakes_belong_to_exercises():
    known = {exercise.name for master in MASTERS for exercise in exercises.read(master)}
    assert set(MISTAKES) == known


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(np.pi - theta)", "(np.pi - theta) ** 2 / np.pi"),  # trace, symmetry, rotation all right
        ("pdf(x) * 2", "pdf(-x) * 2"),
        ("theta = np.minimum", "theta = 2 * np.minimum"),
    ],
)
def test_a_wrong_matrix_without_a_name_fails_too(right, wrong):
    master = COURSE / "solutions" / "03_fredholm_eigenfunctions.py"
    exercise = exercises.read(master)[2]
    assert failure(exercise, setup(master), right, wrong)


def test_looser_methods_pass():
    """A plain trapezoidal rule is enough for three digits: no particular method is asked for."""
    master = COURSE / "solutions" / "03_fredholm_eigenfunctions.py"
    names = setup(master)

    def true_over_printed(profile, q):
        theta = np.linspace(0, np.pi, 4001)
        true = np.trapezoid(np.cos(np.outer(q, theta)) * profile(theta), theta) / np.pi
        return true / names["eigenvalue_printed"](q, names["uniform"]().Z)

    names["checks"].true_over_printed(true_over_printed)


# -- what all checks share ---------------------------------------------------------------------


def said(student, *arguments, shape=(2,)):
    with pytest.raises(CheckFailed) as caught:
        ask(student, *arguments, shape=shape)
    return str(caught.value)


def test_a_good_answer_comes_back_as_float64():
    for answer in ([1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.float32), np.array([1, 2])):
        array = ask(lambda answer=answer: answer, shape=(2,))
        assert array.dtype == np.float64 and array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "returned nothing"),
        ("12", "must return real numbers, got str '12'"),
        ([1j, 2j], "complex"),
        ([1.0, float("nan")], "returned nan at index 1"),
        ([1.0, float("inf")], "returned inf at index 1"),
        ([[1.0], [2.0]], "must return an array of shape (2,) here, got shape (2, 1)"),
        (3.0, "got shape ()"),
        ([[1.0], [2.0, 3.0]], "must return real numbers, got list"),
        ([None, 1.0], "must return real numbers"),
        (print, "must return real numbers"),
    ],
)
def test_a_malformed_answer_is_named(answer, words):
    assert words in said(lambda: answer)


@pytest.mark.parametrize("thing", [3.0, None, np.ones(2), "f"])
def test_something_that_is_no_function(thing):
    assert "your answer: this must be a function" in said(thing)


def test_an_error_shows_the_students_own_line():
    def student(x):
        return np.linalg.inv(x)  # fails inside NumPy

    text = said(student, np.zeros((2, 2)))
    assert "stopped with LinAlgError: Singular matrix" in text
    assert text.endswith("return np.linalg.inv(x)  # fails inside NumPy")
    assert "wrong number" not in text
    assert "stopped with TypeError" in said(student)


def test_an_error_has_no_chain_behind_it():
    with pytest.raises(CheckFailed) as caught:
        ask(lambda: 1 / 0, shape=())
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_arguments_cannot_be_changed():
    x = np.ones(2)

    def student(x):
        x *= 5
        return x

    assert ask(student, x, shape=(2,)).tolist() == [5, 5]
    assert x.tolist() == [1, 1]


def test_warnings_and_stderr_do_not_fail_the_test_cell(capsys):
    def student():
        print("busy", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return np.log(np.array([0.0])) * 0 + 1

    assert "returned nan" in said(student, shape=(1,))
    captured = capsys.readouterr()
    assert captured.err == "" and captured.out == "busy\n"


def test_a_notebook_shows_the_hint_and_no_traceback():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell()
    try:
        shell.user_ns["ask"] = ask
        with capture_output() as captured:
            shell.run_cell("def f():\n    raise NotImplementedError\n\nask(f, shape=())")
    finally:
        shell.history_manager.end_session()
    lines = captured.stdout.splitlines()
    assert lines[0] == "✗ f: not written yet."
    assert lines[1].startswith("  Hint: ") and len(lines) == 2


def test_power_law_and_constant_factor():
    x = np.array([0.5, 1.0, 3.0])
    assert answers.power_law(x, 7 * x**1.5) == pytest.approx(1.5)
    assert answers.power_law(x, 1 + x) is None
    assert answers.constant_factor(3 * x, x) == pytest.approx(3)
    assert answers.constant_factor(x**2, x) is None
    assert answers.hint_for(2.0001, {2.0: "two", 1.0: "one"}) == "two"
    assert answers.hint_for(1.5, {2.0: "two", 1.0: "one"}) is None
    assert answers.hint_for(None, {2.0: "two"}) is None


def test_checks_need_no_nbgrader_and_stay_light():
    code = """if True:
        import sys
        from ntklab.course.checks import lecture03
        heavy = {"nbgrader", "torch", "matplotlib", "ipywidgets", "jupytext"} & set(sys.modules)
        assert not heavy, heavy"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=COURSE)
