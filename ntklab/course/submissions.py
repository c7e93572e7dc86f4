"""What students hand in: found in any folder layout, read whatever it is, put in order."""

import ast
import copy
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

LARGEST = 20 * 2**20  # bytes of a file; a notebook with every picture has less than one
KINDS = (".py", ".ipynb")


class Unreadable(ValueError):
    """A file that is no notebook, in words for whoever handed it in."""


@dataclass(frozen=True)
class Submission:
    """A file, whose it is, and to which assignment it belongs ("" where nothing tells)."""

    student: str
    assignment: str
    path: Path


def find(folder: Path, assignments: list[str]) -> list[Submission]:
    """Every .py and .ipynb under `folder`, whatever the layout.

    The assignment is named by the file or a folder above it (03_slug or 03), else told by the
    cells inside; the student by the topmost folder that names no assignment, else by the rest of
    the file's name. Links and hidden files are left alone.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"submissions: must be an existing folder, got {folder}")
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS]
    found = []
    for path in paths:
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "__")) for part in parts)
        if hidden or path.is_symlink() or not path.is_file():
            continue
        found.append(_submission(path, parts, assignments))
    return found


def read(path: Path) -> NotebookNode:
    """The notebook in a file, in whatever encoding.

    Raises
    ------
    Unreadable
        A file that is empty, too large, or no notebook.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    if size > LARGEST:
        raise Unreadable(f"the file has {size / 2**20:.0f} MB; at most {LARGEST >> 20} are read")
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if not text.strip():
        raise Unreadable("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cell ids and the like, which are made anew below
            if path.suffix.lower() == ".ipynb":
                notebook = nbformat.reads(text, as_version=4)
            else:
                notebook = jupytext.reads(text, fmt="py:percent")
            cells = [_cell(cell) for cell in notebook.cells]
    except Exception as error:  # anything can be in it
        what = f"{type(error).__name__}: {error}"[:200]
        raise Unreadable(f"the file is no notebook ({what})") from None
    if not any(cell.cell_type == "code" for cell in cells):
        raise Unreadable("there is no code in the file")
    return nbformat.v4.new_notebook(cells=cells)


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


def _submission(path, parts, assignments):
    named = {part: _named(part, assignments) for part in parts}
    assignment = next((named[part] for part in reversed(parts) if named[part]), "")
    if not assignment:
        assignment = _told(path, assignments)
    folders = [part for part in parts[:-1] if not named[part]]
    rest = path.stem
    for cut in (assignment, assignment[:2]):
        if cut and cut in rest:
            rest = rest.replace(cut, "", 1)
            break
    student = folders[0] if folders else rest.strip(" _-.,()") or path.stem
    return Submission(student, assignment, path)


def _named(part, assignments):
    """The assignment that a name of a file or folder tells."""
    for assignment in assignments:
        if assignment in part:
            return assignment
    number = re.match(r"(?:\D*[ _-])?(\d\d)(?:\D|$)", part)
    fitting = [one for one in assignments if number and one.startswith(number[1] + "_")]
    return fitting[0] if len(fitting) == 1 else ""


def _told(path, assignments):
    """The assignment whose title the file begins with."""
    try:
        head = _decoded(path.read_bytes()[:LARGEST])
    except OSError:
        return ""
    number = re.search(r"# Assignment (\d\d)\b", head)
    fitting = [one for one in assignments if number and one.startswith(number[1] + "_")]
    return fitting[0] if fitting else ""


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
