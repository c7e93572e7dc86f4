"""What passes between a judge and the process of a student: questions out, plain data back.

Questions are pickled, since they hold kernels and densities and come from us. Answers come from
code that nobody has read, so nothing in them is ever unpickled or evaluated: they are JSON, and
arrays inside it NumPy's own format without objects.
"""

import base64
import builtins
import io
import json
import pickle
import traceback

import numpy as np

LONGEST = 300  # characters of an error's or a thing's text
LARGEST = 1_000_000  # characters of a reply


class Text(str):
    """A reply that a kernel shows as it is, without quotes: JSON, read as JSON."""

    __repr__ = str.__str__


def question(arguments: tuple, keywords: dict) -> str:
    """The arguments of a call as text."""
    return base64.b64encode(pickle.dumps((arguments, keywords))).decode("ascii")


def reply(space: dict, name: str, asked: str | None) -> Text:
    """What space[name] answers to a question, or is, where nothing is asked.

    This runs beside the student's code.
    """
    return Text(_reply(space, name, asked))


def _reply(space, name, asked):
    if name not in space:
        return json.dumps({"kind": "missing"})
    thing = space[name]
    if asked is None:
        return json.dumps({"kind": "callable"}) if callable(thing) else _written(thing)
    arguments, keywords = pickle.loads(base64.b64decode(asked))
    try:
        return _written(thing(*arguments, **keywords))
    except Exception as error:
        text = str(error)[:LONGEST]
        where = place(error, thing)
        return json.dumps(
            {"kind": "error", "type": type(error).__name__, "text": text, "where": where}
        )


def read(text: str):
    """The answer in a reply; an error that the student's function raised is raised.

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
        name, text = _printable(answer["type"])[:80], _printable(answer["text"])
        where = _printable(answer.get("where", ""))
    except (KeyError, TypeError, ValueError, EOFError, RecursionError, MemoryError) as error:
        raise ValueError(f"reply: must be one of `reply`, got {text[:60]!r} ({error})") from None
    if kind == "error":
        raise _error(name, text, where)
    return type(name, (), {"__repr__": lambda self: text})()


def kind(text: str) -> str:
    """"callable", "missing", or another for a value that `read` reads."""
    try:
        answer = _loaded(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        return "other"
    return str(answer.get("kind")) if isinstance(answer, dict) else "other"


def place(error, student):
    """The student's own last line on the way to the error, not ours and not NumPy's."""
    if hasattr(error, "where"):  # it came from another process, with its place
        return error.where
    code = getattr(student, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    return f"\n  in line {own[-1].lineno}: {own[-1].line}" if own else ""


def _loaded(text):
    """JSON without lone surrogates, which no file takes."""
    return json.loads(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))


def _printable(text):
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in str(text)[:LONGEST])


def _written(value):
    try:
        return json.dumps({"kind": "plain", "value": _plain(value)})
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        array = _no_longer_than_double(np.asarray(value))
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)  # refuses objects
        data = base64.b64encode(file.getvalue()).decode("ascii")
        return json.dumps({"kind": "array", "data": data})
    except Exception:
        try:
            text = repr(value)[:LONGEST]
        except Exception as error:
            text = f"<its repr raises {type(error).__name__}>"
        return json.dumps({"kind": "other", "type": type(value).__name__, "text": text})


def _no_longer_than_double(array):
    """What is too large becomes inf here, before anybody asks whether all is finite."""
    if array.dtype in (np.longdouble, np.clongdouble):
        with np.errstate(over="ignore"):
            return array.astype(complex if array.dtype.kind == "c" else float)
    return array


def _plain(value):
    """Only what JSON gives back as it was: a tuple or a NumPy number would change its type."""
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
