"""Lectures on a hostile machine, and run as students run them: again, out of order, restarted.

`EVERY_LECTURE=1 pytest tests/test_notebook_faults.py` takes all lectures, not only quick ones.
"""

import dis
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import CodeType

import numpy as np
import pytest
from comparison import difference
from mounting import namespace
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbclient.util import run_sync

from ntklab.course import goldens

COURSE = Path(__file__).parents[1]
EVERY = sorted((COURSE / "lectures").glob("[0-9][0-9]_*.py"))
QUICK = [path for path in EVERY if path.name.startswith(("02", "09"))]
LECTURES = EVERY if os.environ.get("EVERY_LECTURE") else QUICK


def code_cells(notebook):
    return [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def names(code):
    """The names that code takes from before, and those that it binds."""
    taken, bound = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            bound.add(step.argval)
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
            taken |= {step.argval} - bound
        elif isinstance(step.argval, CodeType):
            taken |= names(step.argval)[0] - bound
    return taken, bound


@pytest.mark.parametrize("lecture", EVERY, ids=lambda path: path.stem)
def test_a_name_that_a_cell_takes_from_another_is_bound_once(lecture):
    """Then the cell finds what it found at first, whatever was run in between."""
    notebook = goldens.read_notebook(lecture)
    sources = [notebook.cells[number].source for number in code_cells(notebook)]
    cells = [names(compile(source, lecture.name, "exec")) for source in sources]
    for number, (taken, _) in enumerate(cells):
        later = set().union(*(bound for _, bound in cells[number:]))
        assert not taken & later, sources[number]


class Student:
    """Runs cells of a lecture, as numbered in `cells`, in a kernel of the lecture's folder."""

    def __init__(self, lecture):
        self.notebook = goldens.read_notebook(lecture)
        self.cells = code_cells(self.notebook)
        place = {"metadata": {"path": str(lecture.parent)}}
        self.client = NotebookClient(
            self.notebook, kernel_name="python3", timeout=300, resources=place
        )

    def run(self, number):
        """What the cell shows: text as in a golden, and pictures."""
        cell = self.notebook.cells[number]
        self.client.execute_cell(cell, number, store_history=False)
        parts = [output.get("data", {}) for output in cell.outputs]
        return goldens._golden(cell), [part["image/png"] for part in parts if "image/png" in part]

    def restart(self):
        run_sync(self.client.km.restart_kernel)(now=True)
        run_sync(self.client.kc.wait_for_ready)(timeout=60)


@pytest.mark.nightly
@pytest.mark.parametrize("lecture", LECTURES, ids=lambda path: path.stem)
def test_restarted_run_twice_and_out_of_order_a_lecture_shows_the_same(lecture):
    student, first = Student(lecture), {}
    middle = len(student.cells) // 2
    with student.client.setup_kernel():
        for number in student.cells[:middle]:
            student.run(number)
        student.restart()
        with pytest.raises(CellExecutionError, match="NameError"):
            student.run(student.cells[-1])
        for number in student.cells:
            first[number] = student.run(number)
            assert student.run(number) == first[number]
        for number in np.random.default_rng(1).permutation(student.cells).tolist():
            assert student.run(number) == first[number]
    tagged = [cell.source for cell in goldens.tagged_cells(student.notebook)]
    checked = [first[n][0] for n in first if student.notebook.cells[n].source in tagged]
    golden = goldens.golden_path(lecture).read_text(encoding="utf-8")
    assert difference(golden, goldens.dumps(checked)) == ""


HOSTILE = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",  # or Python mends the locale
    "CUDA_VISIBLE_DEVICES": "",
}
READ_ONLY = """
mount --bind . . && mount -o remount,bind,ro "$PWD" && cd "$PWD" && ! touch x 2> /dev/null || exit
exec "$@"
"""


@pytest.mark.nightly
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="takes away cores by Linux's call")
def test_a_lecture_on_a_hostile_machine(tmp_path):
    """No display, no GPU, one core, locale C; blanks and umlauts in a path nobody may write to."""
    course = tmp_path / "Über die Maße"
    for name in ("lectures", "ntklab", "tests/golden"):
        shutil.copytree(COURSE / name, course / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/collector.py", "tests/comparison.py"):
        shutil.copy(COURSE / name, course / name)
    if not namespace():
        subprocess.run(["chmod", "-R", "a-w", course], check=True)  # closed to all but root
    usual = ("DISPLAY", "MPLBACKEND", "LANG", "OMP", "OPENBLAS", "MKL", "PYTEST")
    hostile = {k: v for k, v in os.environ.items() if not k.startswith(usual)} | HOSTILE
    shell = [*namespace(), "sh", "-c", READ_ONLY, "sh"] if namespace() else []
    tests = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *course.glob("lectures/02*")]
    done = subprocess.run(
        [*shell, *tests], cwd=course, env=hostile | {"PYTHONPATH": str(course)},
        capture_output=True, text=True, encoding="utf-8",
        preexec_fn=lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),
    )
    assert done.returncode == 0, done.stdout + done.stderr
