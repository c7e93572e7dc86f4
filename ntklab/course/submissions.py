"""Files that students hand in: which assignment they answer, and their cells as a notebook."""

import ast
import copy
import hashlib
import json
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
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
    """A file that is no notebook; the message is for the student who handed it in."""


@dataclass(frozen=True)
class Facts:
    """What the content of a file shows."""

    assignment: str = ""  # that of its cells, else of its title
    answered: int = 0  # exercises of that assignment with something in place of the stub
    lecture: bool = False
    code: bool = False
    problem: str = ""  # why it cannot be read
    remark: str = ""
    digest: str = ""
    imports: frozenset[str] = frozenset()  # modules: a file that a notebook imports is a helper


def examine(path: Path, masters: dict[str, Path]) -> Facts:
    """The `Facts` of a file: to which assignment it belongs, and how much of that is answered."""
    try:
        digest = digest_of(path)
        _, text = _source(path)
    except Unreadable as error:
        return Facts(problem=str(error))
    votes = Counter(
        name for name, master in masters.items() for exercise in _with_functions(master)
        if re.search(rf"^(?:async )?def {exercise.function}\s*\(", text, re.M)
        or f'"grade_id": "{exercise.name}"' in text
    )
    titled = _titled(text, masters)
    most = max(votes, key=votes.get, default="")
    assignment = titled if titled in votes or not votes else most
    remark = ""
    if titled and assignment != titled:
        remark = f"its title says {titled[:2]}, its cells belong to {assignment[:2]}"
    wanted = _with_functions(masters[assignment]) if assignment else ()
    answered = sum(_is_answered(exercise.function, text) for exercise in wanted)
    lecture = not votes and re.search(r"^\W*After this lecture you can", text, re.M) is not None
    code = path.suffix.lower() in (".py", ".ipynb") or re.search(
        r"^(?:def |class |import |from \w+ import |# ?%%)", text, re.M) is not None
    imports = frozenset(re.findall(r"^\s*(?:from|import)\s+(\w+)", text, re.M))
    return Facts(assignment, answered, lecture, code, "", remark, digest, imports)


def _titled(text, masters):
    """The assignment that the title of a notebook names, by number or by words; "" if none."""
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
    """The first 16 digits of a SHA-256 of a file's bytes.

    Raises
    ------
    Unreadable
        A file that cannot be read.
    """
    return hashlib.sha256(_content(path)).hexdigest()[:16]


def _content(path):
    """The bytes of a file, cut off behind the limit on its size."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None


def read(path: Path) -> NotebookNode:
    """The notebook in a file of any encoding and suffix; a plain program is cut into cells.

    Raises
    ------
    Unreadable
        A file that is empty, too large, or no notebook.
    """
    notebook, text = _source(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # on cell ids, which are made anew below
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
    if why := why_oversized(cells):
        raise Unreadable(why)
    return nbformat.v4.new_notebook(cells=cells)


def why_oversized(cells) -> str:
    """The message that these cells are too many or too long; "" if they are not."""
    size = sum(len(cell.source) for cell in cells)
    if len(cells) <= MOST_CELLS and size <= MOST_CODE:
        return ""
    return (f"the file has {len(cells)} cells of {size} characters; "
            f"at most {MOST_CELLS} and {MOST_CODE} are run")


def _source(path):
    """(the notebook as JSON, or None for a program; all its source text), whatever the suffix."""
    data = _content(path)
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
    """A notebook's JSON without outputs and metadata, and the text of its cells.

    (None, text) where the text is no notebook; Unreadable then if it is `surely` meant as one.
    """
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


def _with_functions(master):
    """The exercises of a master that ask for a function."""
    return [exercise for exercise in exercises.read_cached(master) if exercise.function]


def _is_answered(function, text):
    """Whether the last definition of a function in a text is more than the stub."""
    bound = rf"(?:async )?def {function}\s*\(|{function}\s*=|from .* import .*\b{function}\b"
    top_level = re.split(r"^(?=[^\s)\]}#])", text, flags=re.M)
    defined = [block for block in top_level if re.match(bound, block)]
    return bool(defined) and not any(stub in defined[-1] for stub in STUBS)


def statements(text: str) -> list[str]:
    """A program cut into its top-level statements: as cells, one may fail and the others still run.

    Comments stay with the statement that follows. Exports comment IPython's magic out, which leaves
    blocks empty: these get a `pass`. A program that does not parse even so is cut at lines that
    look like the start of a statement.
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
        cuts = [0] + [one.end_lineno for one, following in pairwise(body.body)
                      if following.lineno > one.end_lineno]
    else:
        new = (r"(?:@|def |class |async def |import |from |if |for |while |with |try:|\w+\s*="
               r"|checks\.)")
        starts = [n for n, line in enumerate(lines) if re.match(new, line)]
        cuts = [0] + [n for n in starts if n and not lines[n - 1].startswith("@")]
    parts = ["\n".join(lines[a:b]).strip("\n") for a, b in pairwise([*cuts, len(lines)])]
    return [part for part in parts if part.strip()]


def with_helpers(notebook: NotebookNode, helpers: dict[str, bytes]) -> NotebookNode:
    """The notebook, changed in place, with a first cell that writes the files beside it."""
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
    """The student's cells with the test cells of the released edition, each after its answer.

    Of answers with the same grade_id the last counts, as in a kernel. An answer that lost its
    grade_id is recognised by the function that it defines. The student's own test cells are
    dropped. The edition's first code cell, the imports, is put in front if it is not there.
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
            cells[place] = nbformat.v4.new_code_cell(
                cells[place].source, metadata={"nbgrader": copy.deepcopy(marks[n])}
            )
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
    return nbformat.v4.new_notebook(cells=ordered, metadata=copy.deepcopy(edition.metadata))


def _decoded(data):
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # never fails


def _cell(cell):
    """A new cell with the kind and source of this one, and its nbgrader metadata if valid."""
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    new = getattr(nbformat.v4, f"new_{kind}_cell")("".join(cell.source))
    mark = cell.metadata.get("nbgrader")
    if isinstance(mark, dict) and isinstance(mark.get("grade_id"), str):
        new.metadata["nbgrader"] = NotebookNode(mark)
    return new


def _mark(cell):
    return cell.metadata.get("nbgrader", {})


def _place(answer, cells):
    """The index of the student's cell with this answer, or None."""
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
