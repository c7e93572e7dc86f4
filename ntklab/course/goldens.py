"""Goldens: reference outputs of a lecture's checked cells, kept in tests/golden/.

A lecture NN_slug.py tags the cells whose output is checked: `# %% tags=["nbval-check-output"]`.
Their standard output and the text form of their results are kept in tests/golden/NN_slug.txt:

    [1] print(spectrum.eigenvalues[:2])     number and first code line of the tagged cell
    > [0.17566 0.11316]                     a line of standard output
    = array([1, 2,                          first line of a result
    :        3])                            its further lines

Images, HTML, widgets and standard error are never compared. A tagged cell must not show a widget:
what a widget captures counts as the cell's own output in some clients and not in others.
"""

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_output

from ntklab.course.names import chosen

TAG = "nbval-check-output"

# What may differ between two good runs; applied to goldens and to fresh output alike.
SANITIZE = {
    r"(?m)^.*\r(?=[^\n])": "",  # overwritten by what follows the carriage return
    r"(?m)^.*\d+%\|.*$": "",  # progress bars
    r"\b0x[0-9a-f]{6,}\b": "0x...",  # memory addresses
    r"(?m)[^\S\n]+$": "",  # trailing blanks
    r"\s+\Z": "",
}


@dataclass(frozen=True)
class Golden:
    """The text of one tagged cell: its first code line, standard output, results in order."""

    line: str
    stdout: str | None
    values: tuple[str, ...]


def golden_path(lecture: Path) -> Path:
    """COURSE/lectures/NN_slug.py -> COURSE/tests/golden/NN_slug.txt."""
    return lecture.parent.parent / "tests" / "golden" / f"{lecture.stem}.txt"


def read_notebook(path: Path) -> NotebookNode:
    """The py:percent file `path` as a notebook."""
    return jupytext.read(path, fmt="py:percent")


def tagged_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells whose output is checked, in order."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])
    ]


def build(course: Path, names: list[str] | None = None) -> list[Path]:
    """Run lectures (all, or those of these names, such as 03 or 03_slug), write goldens.

    Raises
    ------
    ValueError
        If a name matches no lecture, or a lecture has nothing to keep.
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    written = []
    for lecture in chosen("names", names, sorted((course / "lectures").glob("*.py"))):
        notebook = read_notebook(lecture)
        goldens = run(notebook, lecture.parent)
        if found := problems(notebook, goldens):
            raise ValueError(f"{lecture.name}: " + "; ".join(found))
        path = golden_path(lecture)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dumps(goldens), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def run(notebook: NotebookNode, folder: Path) -> list[Golden]:
    """Run `notebook` in `folder` and return the text of its tagged cells."""
    from nbclient import NotebookClient

    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", resources=resources)
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            # As nbval does, and it matters: a trailing semicolon silences a stored cell only.
            client.execute_cell(cell, index, store_history=False)
    return [_golden(cell) for cell in tagged_cells(notebook)]


def problems(notebook: NotebookNode, goldens: list[Golden] | None) -> list[str]:
    """Messages on cells and goldens that do not match; `goldens` is None where there is no file."""
    cells = tagged_cells(notebook)
    if not cells:
        return [f"no cell is tagged {TAG}, so nothing is checked"]
    if goldens is None:
        return ["it has no golden"]
    found = []
    for number, (cell, golden) in enumerate(zip_longest(map(_first_line, cells), goldens), 1):
        label = f"tagged cell {number}"
        if golden is None:
            found.append(f"{label} ({cell}) has no golden")
        elif cell is None:
            found.append(f"the golden of {label} ({golden.line}) has no cell")
        elif cell != golden.line:
            found.append(f"{label} is {cell!r}, its golden is of {golden.line!r}")
        elif not "".join((golden.stdout or "", *golden.values)).strip():
            found.append(f"{label} ({cell}) shows no text to check")
    return found


def attach(notebook: NotebookNode, goldens: list[Golden]) -> None:
    """Give the tagged cells their goldens as reference outputs."""
    for number, (cell, golden) in enumerate(zip(tagged_cells(notebook), goldens, strict=True), 1):
        cell.execution_count = number  # nbval compares nothing where this is None
        cell.outputs = [new_output("display_data", {"text/plain": v}) for v in golden.values]
        if golden.stdout is not None:
            cell.outputs.append(new_output("stream", name="stdout", text=golden.stdout))


def dumps(goldens: list[Golden]) -> str:
    """The text of a golden file."""
    blocks = []
    for number, golden in enumerate(goldens, 1):
        lines = [f"[{number}] {golden.line}"]
        if golden.stdout is not None:
            lines += [f"> {line}" for line in golden.stdout.split("\n")]
        for value in golden.values:
            first, *rest = value.split("\n")
            lines += [f"= {first}", *(f": {line}" for line in rest)]
        blocks.append("\n".join(line.rstrip() for line in lines) + "\n")
    return "\n".join(blocks)


def loads(text: str) -> list[Golden]:
    """The goldens in the text of a golden file; ValueError where a line is none of its forms."""
    goldens: list[tuple[str, list[str], list[list[str]]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        mark, content = line[0], line[2:]
        if heading := re.fullmatch(rf"\[{len(goldens) + 1}\] (.+)", line):
            goldens.append((heading[1], [], []))
        elif goldens and mark == ">":
            goldens[-1][1].append(content)
        elif goldens and mark == "=":
            goldens[-1][2].append([content])
        elif goldens and mark == ":" and goldens[-1][2]:
            goldens[-1][2][-1].append(content)
        else:
            raise ValueError(f"text: line {number} of the golden is not understood: {line!r}")
    return [
        Golden(line, "\n".join(out) if out else None, tuple("\n".join(v) for v in values))
        for line, out, values in goldens
    ]


def _golden(cell: NotebookNode) -> Golden:
    streams = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    values = [o.data["text/plain"] for o in cell.outputs if "text/plain" in o.get("data", {})]
    stdout = _sanitized("".join(streams)) if streams else None
    return Golden(_first_line(cell), stdout, tuple(map(_sanitized, values)))


def _sanitized(text: str) -> str:
    for pattern, replacement in SANITIZE.items():
        text = re.sub(pattern, replacement, text)
    return text


def _first_line(cell: NotebookNode) -> str:
    lines = (line.strip() for line in cell.source.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "(no code)")
