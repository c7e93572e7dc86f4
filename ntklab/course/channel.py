"""Messages between the process that marks and the kernel of a student.

A question, the arguments of a call, is pickled: it holds kernels and densities and comes from our
own code. A reply comes from code that is not trusted, so nothing in it is unpickled or evaluated:
it is JSON, and an array inside it has NumPy's own format without objects.
"""

import base64
import builtins
import contextlib
import io
import json
import pickle
import traceback

import numpy as np

LONGEST = 300  # characters of the message of an error, or of a repr
LARGEST = 1_000_000  # characters of a reply


class Text(str):
    """A string whose repr has no quotes: what a kernel shows of it is the JSON itself."""

    __repr__ = str.__str__


def question(arguments: tuple, keywords: dict) -> str:
    """The arguments of a call as text."""
    return base64.b64encode(pickle.dumps((arguments, keywords))).decode("ascii")


def reply(space: dict, name: str, asked: str | None) -> Text:
    """What space[name] returns for a question, or its value, or that it is a function.

    `asked` is a question, or None for the latter two. This runs in the student's kernel.
    """
    if name not in space:
        text = f"there is no {name}: was its cell deleted, or did it stop?"
        return _said(kind="error", type="NameError", text=text)
    thing = space[name]
    if asked is None:
        return _said(kind="callable") if callable(thing) else _written(thing)
    arguments, keywords = pickle.loads(base64.b64decode(asked))
    try:
        return _written(thing(*arguments, **keywords))
    except Exception as error:
        text, where = str(error)[:LONGEST], place(error, thing)
        return _said(kind="error", type=type(error).__name__, text=text, where=where)


def _said(**answer):
    return Text(json.dumps(answer))


def read(text: str, function=None):
    """The answer in a reply, `function` if that is one; an error that was raised there is raised.

    Raises
    ------
    ValueError
        If this is no reply, whoever wrote it.
    """
    try:
        if len(text) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} characters")
        answer = _loaded(text)
        kind = answer["kind"]
        if kind == "array":
            array = np.load(io.BytesIO(base64.b64decode(answer["data"])), allow_pickle=False)
            return _no_longer_than_double(array)
        if kind == "plain":
            return answer["value"]
        if kind == "callable" and function:
            return function
        name, text = _printable(answer["type"])[:80], _printable(answer["text"])
        where = _printable(answer.get("where", ""))
    except (KeyError, TypeError, ValueError, EOFError, RecursionError, MemoryError) as error:
        raise ValueError(f"reply: must be one of `reply`, got {text[:60]!r} ({error})") from None
    if kind == "error":
        raise _error(name, text, where)
    return type(name, (), {"__repr__": lambda self: text})()


def place(error, student):
    """The last line of the student's own code in an error's traceback, in words; "" if none."""
    if hasattr(error, "where"):  # it came from another process
        return error.where
    code = getattr(student, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    return f"\n  in line {own[-1].lineno}: {own[-1].line}" if own else ""


def _loaded(text):
    """The value of a JSON text, without lone surrogates: no file can hold those."""
    return json.loads(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))


def _printable(text):
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in str(text)[:LONGEST])


def _written(value):
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        return _said(kind="plain", value=_plain(value))
    try:
        array = _no_longer_than_double(np.asarray(value))
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)  # refuses objects
        return _said(kind="array", data=base64.b64encode(file.getvalue()).decode("ascii"))
    except Exception:
        try:
            text = repr(value)[:LONGEST]
        except Exception as error:
            text = f"<its repr raises {type(error).__name__}>"
        return _said(kind="other", type=type(value).__name__, text=text)


def _no_longer_than_double(array):
    """The array in double precision if it had more; too large numbers become inf."""
    if array.dtype in (np.longdouble, np.clongdouble):
        with np.errstate(over="ignore"):
            return array.astype(complex if array.dtype.kind == "c" else float)
    return array


def _plain(value):
    """The value, if JSON keeps its type; TypeError for others, such as tuples and NumPy numbers."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(part) for key, part in value.items()}
    raise TypeError


def _error(name, text, where):
    found = getattr(builtins, name, None)
    known = isinstance(found, type) and issubclass(found, Exception)
    try:
        error = found(text) if known else type(name, (Exception,), {})(text)
    except TypeError:  # one that wants more than a text, as UnicodeDecodeError
        error = type(name, (Exception,), {})(text)
    error.where = where  # there is no traceback across processes
    return error
