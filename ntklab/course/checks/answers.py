"""Common parts of all checks: calling a student's function, and messages about its answers."""

import contextlib
import contextvars
import copy
import sys
import warnings

import numpy as np

from ntklab.course.channel import place
from ntklab.course.tables import by_numbers

_SEED = contextvars.ContextVar("seed", default=0)


def generator() -> np.random.Generator:
    """The random generator from which a check draws the arguments of its calls.

    Its seed is fixed, so that an answer that was right once stays right; inside `drawn_from` it is
    another one, so that answers which were learned by heart earn nothing.
    """
    return np.random.default_rng(_SEED.get())


@contextlib.contextmanager
def drawn_from(seed: int):
    """Inside the block checks draw their arguments from this seed, an integer >= 0."""
    token = _SEED.set(seed)
    try:
        yield
    finally:
        _SEED.reset(token)


class CheckFailed(AssertionError):
    """A wrong answer; the message says what is wrong and gives a hint."""

    def __init__(self, student, what, hint=""):
        super().__init__(f"✗ {_name(student)}: {what}" + (f"\n  Hint: {hint}" if hint else ""))

    def _render_traceback_(self):
        # IPython shows these lines instead of a traceback through the check
        return str(self).splitlines()


def passed(student, what):
    """Print that the answer of a student's function is right, and in what respect."""
    print(f"✓ {_name(student)}: {what}")


def ask(student, *arguments, shape=()):
    """student(*arguments) as a float64 array of `shape`, or as a float where that is ().

    Profiles of kernels and densities go to the student as numbers only, see `tables`.

    Raises
    ------
    CheckFailed
        No function, one that is not written yet or stops with an error, or an answer that is not
        an array of finite real numbers of that shape.
    """
    if not callable(student):
        hint = "hand over the function itself, `check(f)`, not what it returns, `check(f(x))`."
        raise CheckFailed(student, f"this must be a function, got {_kind(student)}", hint)
    # a function that writes into its arguments must not change those of the check
    arguments = copy.deepcopy(tuple(by_numbers(one) for one in arguments))
    failure = None
    try:
        # nbgrader takes any text on standard error, warnings included, for a failed test
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stderr(sys.stdout):
            answer = student(*arguments)
    except NotImplementedError:
        hint = "put your code where it says YOUR CODE HERE and run that cell again."
        failure = CheckFailed(student, "not written yet.", hint)
    except Exception as error:
        what = f"stopped with {type(error).__name__}: {error}"
        failure = CheckFailed(student, what + place(error, student))
    if failure is not None:
        raise failure
    return _array(student, answer, shape)


def constant_factor(answer, right, tolerance=1e-3):
    """c if answer = c · right within the relative tolerance, else None; `right` without zeros."""
    ratio = np.asarray(answer) / right
    c = float(np.median(ratio))
    return c if np.allclose(ratio, c, rtol=tolerance, atol=0) else None


def power_law(x, y):
    """e if y ~ x^e within a relative 1e-3, else None; x and y positive, x not all equal."""
    e, level = np.polyfit(np.log(x), np.log(y), 1)
    return float(e) if np.allclose(np.log(y), e * np.log(x) + level, atol=1e-3) else None


def hint_for(value, hints, tolerance=1e-3):
    """Of {number: hint} the first hint whose number equals `value` within the tolerance, else None.

    The tolerance is relative for numbers beyond 1, and absolute below.
    """
    if value is None:
        return None
    near = (hint for key, hint in hints.items() if abs(value - key) <= tolerance * max(1, abs(key)))
    return next(near, None)


def mistake(answer, mistakes, **tolerance):
    """Of pairs (wrong answer, hint) the hint of the first that `answer` is near to, else None."""
    return next((hint for wrong, hint in mistakes if np.allclose(answer, wrong, **tolerance)), None)


def _array(student, answer, shape):
    if answer is None:
        raise CheckFailed(student, "returned nothing.", "does it end with `return ...`?")
    try:
        array = np.asarray(answer)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        what = f"must return real numbers, got {_kind(answer)}"
        raise CheckFailed(student, what + (f" of {array.dtype}" if array.dtype.kind == "c" else ""))
    if array.shape != shape:
        what = f"must return an array of shape {shape} here, got shape {array.shape}"
        raise CheckFailed(student, what, "its size must follow from the arguments.")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        where = tuple(map(int, wrong[0]))
        what = f"returned {array[where]} at index {where if len(where) != 1 else where[0]}"
        raise CheckFailed(student, what, "is something divided by zero, or a negative root taken?")
    return array.astype(np.float64) if shape else float(array)


def _name(student):
    return getattr(student, "__name__", "your answer")


def _kind(value):
    return f"{type(value).__name__} {value!r}"[:60]
