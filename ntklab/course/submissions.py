"""A file that a student handed in: what it holds, read whatever it is, and put in order."""

import ast
import copy
import hashlib
import json
import re
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from ntklab.course import exercises

LARGEST = 32 * 2**20  # bytes of a file; outputs, pictures most of all, go before the next limit
LONGEST = 2**20  # characters of what is left
MOST_CELLS, MOST_CODE = 500, 500_000  # cells; characters of all of them together
HELPERS = 200_000  # bytes of the files beside a notebook, together
STUBS = ("NotImplementedError", "YOUR CODE HERE")
FORMATS = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"Rar!",
           b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0")  # how files that are no text begin
CELLS = re.compile(r"^# ?%%", re.M)


class Unreadable(ValueError):
    """A file that is no notebook, in words for whoever handed it in."""


@dataclass(frozen=True)
class Facts:
    """What a file says of itself."""

    told: str = ""  # the assignment of its cells, else of its title
    answered: int = 0  # exercises of that assignment with something in place of the stub
    lecture: bool = False
    code: bool = False
    problem: str = ""  # why it cannot be read
    remark: str = ""
    digest: str = ""
    imports: frozenset[str] = frozenset()  # modules: what a notebook imports is no notebook


def examine(path: Path, masters: dict[str, Path]) -> Facts:
    """To which assignment a file belongs by what is in it, and how much of it is answered."""
    try:
        digest = digest_of(path)
        _, text = _source(path)
    except Unreadable as error:
        return Facts(problem=str(error))
    votes = {}
    for name, master in masters.items():
        for exercise, function in _answers(master):
            defined = re.search(rf"^(?:async )?def {function}\s*\(", text, re.M)
            if defined or f'"grade_id": "{exercise}"' in text:
                votes[name] = votes.get(name, 0) + 1
    titled = _titled(text, masters)
    most = max(votes, key=votes.get, default="")
    told = titled if titled in votes or not votes else most
    remark = ""
    if titled and told != titled:
        remark = f"its title says {titled[:2]}, its cells belong to {told[:2]}"
    answered = sum(_written(function, text) for _, function in _answers(masters[told])) \
        if told else 0
    lecture = not votes and re.search(r"^\W*After this lecture you can", text, re.M) is not None
    code = path.suffix.lower() in (".py", ".ipynb") or re.search(
        r"^(?:def |class |import |from \w+ import |# ?%%)", text, re.M) is not None
    imports = frozenset(re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.M))
    return Facts(told, answered, lecture, code, "", remark, digest, imports)


def _titled(text, masters):
    """The assignment that a title names, by its number or by its words."""
    title = re.search(r"^\W*Assignment\b\W*(\d*)\W*(.*?)\s*$", text, re.M)
    if not title:
        return ""
    if title[1]:
        return next((n for n in masters if int(n[:2]) == int(title[1])), "")
    return next((n for n, master in masters.items() if _title(master) == title[2]), "")


@cache
def _title(master):
    return re.search(r"^# # Assignment: (.+)$", master.read_text(encoding="utf-8"), re.M)[1]


def digest_of(path: Path) -> str:
    """A short digest of a file's bytes.

    Raises
    ------
    Unreadable
        A file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None


def read(path: Path) -> NotebookNode:
    """The notebook in a file, in whatever encoding and under whatever suffix.

    Raises
    ------
    Unreadable
        A file that is empty, too large, or no notebook.
    """
    notebook, text = _source(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cell ids and the like, which are made anew below
            if notebook:
                found = nbformat.reads(json.dumps(notebook), as_version=4).cells
            elif CELLS.search(text):
                found = jupytext.reads(text, fmt="py:percent").cells
            else:
                found = [nbformat.v4.new_code_cell(part) for part in statements(text)]
            cells = [_cell(cell) for cell in found]
    except Exception as error:  # anything can be in it
        what = f"{type(error).__name__}: {error}"[:200]
        raise Unreadable(f"the file is no notebook ({what})") from None
    if not any(cell.cell_type == "code" for cell in cells):
        raise Unreadable("there is no code in the file")
    if told := oversized(cells):
        raise Unreadable(told)
    return nbformat.v4.new_notebook(cells=cells)


def oversized(cells) -> str:
    """Why these are too many cells, or too long; "" if they are not."""
    size = sum(len(cell.source) for cell in cells)
    if len(cells) <= MOST_CELLS and size <= MOST_CODE:
        return ""
    return (f"the file has {len(cells)} cells of {size} characters; "
            f"at most {MOST_CELLS} and {MOST_CODE} are run")


def _source(path):
    """(a notebook as JSON or None, its text): by what is in the file, not by its suffix."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise Unreadable(f"the file has more than {LARGEST >> 20} MB")
    if data.startswith(FORMATS):
        raise Unreadable("this is no notebook: hand in the .ipynb or the .py")
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not text.strip():
        raise Unreadable("the file is empty")
    notebook = None
    if text.lstrip()[0] in "[{":
        notebook, text = _without_outputs(text, path.suffix.lower() == ".ipynb")
    elif path.suffix.lower() == ".ipynb":
        raise Unreadable("the file is no notebook (it does not begin like one)")
    elif re.match(r"\s*<(?:!doctype|html)", text, re.I):
        raise Unreadable("this is a web page: hand in the .ipynb or the .py")
    if len(text) > LONGEST:
        raise Unreadable(f"the file has {len(text) / 2**20:.1f} MB of text; "
                         f"at most {LONGEST >> 20} are read")
    return notebook, text


def _without_outputs(text, surely):
    """A notebook's JSON with nothing but cells, and these as one text."""
    try:
        raw = json.loads(text)
        sheets = raw.get("worksheets") or [raw]
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        sources = []
        for cell in cells:
            cell.pop("attachments", None)
            if "outputs" in cell:
                cell["outputs"] = []
            source = "".join(cell.get("source", cell.get("input", "")))
            grade = (cell.get("metadata") or {}).get("nbgrader") or {}
            sources += [f'"grade_id": "{grade.get("grade_id")}"' if grade else "", source]
        raw["metadata"] = {}  # widgets' state can be larger than all else
        return raw, "\n".join(sources)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        if not surely:  # a program may begin with a list
            return None, text
        what = f"{type(error).__name__}: {error}"[:200]
        raise Unreadable(f"the file is no notebook ({what})") from None


@cache
def _answers(master):
    """(name of the exercise, name of its function) of a master."""
    return [
        (exercise.name, function) for exercise in exercises.read(master)
        for function in re.findall(r"^def (\w+)", exercise.answer, re.M)[:1]
    ]


def _written(function, text):
    """Whether the last definition of a function is more than the stub."""
    lines = text.split("\n")
    bound = rf"(?:async )?def {function}\s*\(|{function}\s*=|from .* import .*\b{function}\b"
    starts = [n for n, line in enumerate(lines) if re.match(bound, line)]
    for line in lines[starts[-1] :] if starts else []:
        if line != lines[starts[-1]] and re.match(r"[^\s)\]}#]", line):
            break
        if any(stub in line for stub in STUBS):
            return False
    return bool(starts)


def statements(text: str) -> list[str]:
    """A program cut into its top-level statements, so that one that fails does not take others.

    Comments stay with what follows them. Exports comment IPython's magic out, which leaves blocks
    empty: these get a `pass`. What does not parse even so is cut where lines start anew.
    """
    lines = text.split("\n")
    body = None
    for _ in range(50):
        try:
            body = ast.parse("\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines))
            break
        except IndentationError as error:
            header = re.search(r"expected an indented block after .* on line (\d+)", str(error))
            if not header:
                break
            indent = re.match(r"\s*", lines[int(header[1]) - 1])[0]
            after = "".join(lines[error.lineno - 1 : error.lineno]).strip()
            at = error.lineno - 1 if after and not after.startswith("#") else len(lines)
            lines.insert(at, f"{indent}    pass")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            break
    if body is not None:
        starts = [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                  for node in body.body]
        ends = [node.end_lineno for node in body.body]
        cuts = [0] + [end for end, start in zip(ends, starts[1:], strict=False) if start > end]
    else:
        new = (r"(?:@|def |class |async def |import |from |if |for |while |with |try:|\w+\s*="
               r"|checks\.)")
        starts = [n for n, line in enumerate(lines) if re.match(new, line)]
        cuts = [0] + [n for n in starts if n and not lines[n - 1].startswith("@")]
    parts = ["\n".join(lines[a:b]).strip("\n")
             for a, b in zip(cuts, [*cuts[1:], len(lines)], strict=True)]
    return [part for part in parts if part.strip()]


def with_helpers(notebook: NotebookNode, helpers: dict[str, bytes]) -> NotebookNode:
    """The notebook with a first cell that writes the files handed in beside it."""
    if helpers:
        lines = ["# handed in beside this notebook", "from pathlib import Path"]
        for name, data in helpers.items():
            place = f"Path({name!r})"
            if "/" in name:
                lines.append(f"{place}.parent.mkdir(parents=True, exist_ok=True)")
            lines.append(f"{place}.write_bytes({data!r})")
        cell = nbformat.v4.new_code_cell("\n".join(lines) + ";")
        notebook.cells.insert(0, cell)
    return notebook


def assemble(edition: NotebookNode, handed_in: NotebookNode) -> NotebookNode:
    """The student's cells with the test cells of the edition, each after its answer.

    Of answers with the same grade_id the last counts, as in a kernel. An answer that lost its
    grade_id is known by the function it defines. Test cells of the student's are dropped, and the
    edition's first code cell, the imports, is put back in front where it is not.
    """
    marks = [_mark(cell) for cell in edition.cells]
    answers = [n for n, mark in enumerate(marks) if mark.get("solution")]
    tests = [n for n, mark in enumerate(marks) if mark.get("grade")]
    cells = [
        cell for cell in copy.deepcopy(handed_in.cells)
        if not _mark(cell).get("grade") or _mark(cell).get("solution")
    ]
    places = {n: _place(edition.cells[n], cells) for n in answers}
    for cell in cells:
        cell.metadata.pop("nbgrader", None)
    after = {}
    for n, place in places.items():
        if place is not None:
            # two answers in one cell: only one grade_id fits, and only tests carry marks
            cells[place].metadata["nbgrader"] = copy.deepcopy(marks[n])
            cells[place].cell_type = "code"
        for test in (test for test in tests if max([a for a in answers if a < test]) == n):
            after.setdefault(len(cells) - 1 if place is None else place, []).append(test)
    ordered = []
    for index, cell in enumerate(cells):
        ordered.append(cell)
        ordered += [copy.deepcopy(edition.cells[test]) for test in after.get(index, [])]
    first = next(cell for cell in edition.cells if cell.cell_type == "code")
    own = next((cell for cell in ordered if cell.cell_type == "code"), first)
    if not _mark(first) and own.source.strip() != first.source.strip():
        ordered.insert(0, copy.deepcopy(first))
    for cell in ordered:
        if cell.cell_type == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    metadata = copy.deepcopy(edition.metadata)
    return nbformat.v4.new_notebook(cells=ordered, metadata=metadata)


def _decoded(data):
    for encoding in ("utf-8-sig", "utf-16"):
        if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")  # reads anything


def _cell(cell):
    """A clean cell: its kind, its source, its nbgrader metadata if that makes sense."""
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    new = getattr(nbformat.v4, f"new_{kind}_cell")("".join(cell.source))
    mark = cell.metadata.get("nbgrader")
    if isinstance(mark, dict) and isinstance(mark.get("grade_id"), str):
        new.metadata["nbgrader"] = NotebookNode(mark)
    return new


def _mark(cell):
    return cell.metadata.get("nbgrader", {})


def _place(answer, cells):
    """Where the student's cell of this answer is, or None."""
    name = answer.metadata["nbgrader"]["grade_id"]
    same = [n for n, cell in enumerate(cells) if _mark(cell).get("grade_id") == name]
    if same:
        return same[-1]
    wanted = _defined(answer.source)
    same = [
        n for n, cell in enumerate(cells)
        if cell.cell_type == "code" and wanted and wanted <= _defined(cell.source)
    ]
    return same[-1] if same else None


def _defined(source):
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^def\s+(\w+)", source, re.M))
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}
