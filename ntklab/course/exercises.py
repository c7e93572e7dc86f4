"""Exercises from solutions: nbgrader's own preprocessors remove the answers.

A master solutions/NN_slug.py is a py:percent notebook with nbgrader's cell metadata. One exercise
in it is, in this order:

    a markdown cell, metadata exercise={"difficulty": 1, "importance": 4, "minutes": 5}, whose text
        shows these figures and the marks in a line of its own, as `box` writes it;
    a solution cell, nbgrader={"solution": true, "grade_id": "name", ...}, the answer between
        ### BEGIN SOLUTION and ### END SOLUTION;
    a test cell, nbgrader={"grade": true, "points": 2, ...}, that calls the instant check.

There may be other cells between them. The student's exercises/NN_slug.py keeps nbgrader's metadata,
so that `nbgrader autograde` can mark it against the same master.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import jupytext

from ntklab._arguments import whole_number

try:
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearHiddenTests,
        ClearMarkScheme,
        ClearSolutions,
        LockCells,
    )
except ModuleNotFoundError as error:
    error.add_note("nbgrader makes the exercises: pip install 'ntklab[class]' brings it")
    raise

STUB = (
    "# YOUR CODE HERE\n"
    'raise NotImplementedError("write your answer in place of these two lines")'
)

# Without it the bytes of an exercise would change with every release of jupytext.
NO_VERSION = "-jupytext.text_representation.jupytext_version"


@dataclass(frozen=True)
class Exercise:
    """One exercise of a master: its metadata, the code of its answer, and of its test cell."""

    name: str
    difficulty: int  # 1 to 5
    importance: int  # 1 to 5
    minutes: int
    marks: int
    answer: str
    check: str
    check_id: str  # nbgrader's name of the test cell, where the marks are

    @property
    def function(self) -> str:
        """The name of the function that is asked for; "" if the answer defines none."""
        found = re.search(r"^def (\w+)", self.answer, re.M)
        return found[1] if found else ""


def masters(solutions: Path) -> dict[str, Path]:
    """{assignment: master} of the files NN_slug.py in a folder.

    Raises
    ------
    ValueError
        If there are none.
    """
    found = {path.stem: path for path in sorted(Path(solutions).glob("[0-9][0-9]_*.py"))}
    if not found:
        raise ValueError(f"solutions: must hold NN_slug.py, found none in {solutions}")
    return found


def build(solutions: Path, exercises: Path) -> list[Path]:
    """Write exercises/NN_slug.py for every solutions/NN_slug.py, the same bytes every time.

    Raises
    ------
    ValueError
        A master that is no assignment as described above; nothing is written then.
    """
    texts = {exercises / path.name: _student_text(path) for path in masters(solutions).values()}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def read(master: Path) -> list[Exercise]:
    """The exercises of a master, in order.

    Raises
    ------
    ValueError
        A master that is no assignment as described above.
    """
    cells = jupytext.read(master, fmt="py:percent").cells
    heads = [number for number, cell in enumerate(cells) if "exercise" in cell.metadata]
    if not heads or any("nbgrader" in cell.metadata for cell in cells[: heads[0]]):
        raise ValueError(f"{master.name}: every exercise must start with a cell of its figures")
    return [_exercise(master, cells[a:b]) for a, b in pairwise([*heads, len(cells)])]


read_cached = cache(read)  # while a class is marked no master changes


def box(difficulty: int, importance: int, minutes: int, marks: int) -> str:
    """The line at the head of an exercise: its difficulty, importance, minutes and marks."""
    return (
        f"> difficulty {_dots(difficulty)} · importance {_dots(importance)}"
        f" · {minutes} minutes · {marks} marks"
    )


def _dots(number):
    return "●" * number + "○" * (5 - number)


def _exercise(master, cells):
    lines = cells[0].source.splitlines()
    where = f"{master.name}, {lines[0]}"
    solution = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("solution")]
    test = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    if len(solution) != 1 or len(test) != 1:
        raise ValueError(
            f"{where}: needs one solution cell and one test cell, "
            f"got {len(solution)} and {len(test)}"
        )
    figures = cells[0].metadata["exercise"]
    try:
        figures = {
            "difficulty": whole_number("difficulty", figures["difficulty"], at_least=1, at_most=5),
            "importance": whole_number("importance", figures["importance"], at_least=1, at_most=5),
            "minutes": whole_number("minutes", figures["minutes"], at_least=1),
            "marks": whole_number("points", test[0].metadata["nbgrader"].get("points"), at_least=1),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None
    if box(**figures) not in lines:
        raise ValueError(f"{where}: the text must have the line\n{box(**figures)}")
    name, check_id = (cell.metadata["nbgrader"].get("grade_id", "") for cell in solution + test)
    return Exercise(
        name, **figures, answer=solution[0].source, check=test[0].source, check_id=check_id
    )


def _student_text(master):
    """The master as `nbgrader generate_assignment` releases it, without using a gradebook.

    Checksums are not added: autograde takes them from the gradebook.
    """
    read(master)
    notebook = jupytext.read(master, fmt="py:percent")
    clear = ClearSolutions(code_stub={"python": STUB})
    for step in (LockCells(), clear, ClearHiddenTests(), ClearMarkScheme(), CheckCellMetadata()):
        notebook, _ = step.preprocess(notebook, {})
    header = notebook.metadata.setdefault("jupytext", {})
    header["notebook_metadata_filter"] = NO_VERSION
    header.pop("cell_metadata_filter", None)  # what was in the master only: it would drop the locks
    return jupytext.writes(notebook, fmt="py:percent")
