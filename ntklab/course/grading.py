"""Marks in one command: every submission through nbgrader, each in a sandbox of its own.

nbgrader restores the test cells, keeps the gradebook, exports the totals and writes the feedback;
`judge` runs the submission; `sweeps` runs many side by side and goes on after an interruption.
"""

import contextlib
import hashlib
import html
import logging
import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import jupytext
import nbgrader
import pandas as pd
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
from traitlets.config import Config

from ntklab import sweeps
from ntklab._arguments import whole_number
from ntklab.course import exercises, judge, sandbox, submissions

NO_CREDIT = "no answer that could be marked"
ONE = "student"  # its name in a gradebook of its own


@dataclass(frozen=True)
class Grades:
    """What `grade` found: a row an exercise, a row a submission, the pages, and remarks."""

    marks: pd.DataFrame
    totals: pd.DataFrame  # as nbgrader exports them
    pages: list[Path]
    remarks: list[str]


def grade(
    folder: Path,
    solutions: Path,
    out: Path,
    *,
    assignments: list[str] | None = None,
    limits: sandbox.Limits | None = None,
    trusted: bool = False,
    workers: int | None = None,
    progress: bool = False,
) -> Grades:
    """Mark every submission under `folder`; write marks.csv, grades.csv, feedback/NAME.html.

    Parameters
    ----------
    folder : Path
        Submissions, .py or .ipynb, in any layout that `submissions.find` understands.
    solutions : Path
        The masters, NN_slug.py.
    out : Path
        Where to. A file handed in, marked before under the same master and limits, is not marked
        again.
    assignments : list of str, optional
        Numbers or names of those to mark. All when left out.
    limits : sandbox.Limits, optional
        What each may take.
    trusted : bool
        Run submissions without bubblewrap's walls: they could then read and write whatever the
        teacher can.
    workers : int, optional
        Submissions at a time. All cores when left out.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    FileNotFoundError
        No such folder of submissions, or none in it.
    ValueError
        No such assignment; an `out` inside the submissions.
    RuntimeError
        No walls can be had here, and the submissions are not trusted.
    """
    folder, solutions, out = (Path(path).resolve() for path in (folder, solutions, out))
    limits = limits or sandbox.Limits()
    if not trusted and sandbox.missing():
        raise RuntimeError(
            f"{sandbox.missing()}; without it a submission could read the solutions and write "
            "your files: install it, grade inside a container, or add --trusted"
        )
    if out == folder or folder in out.parents:
        raise ValueError(f"out: must be outside the submissions, got {out}")
    if workers is not None:
        whole_number("workers", workers, at_least=0)
    masters = _masters(solutions, assignments)
    found = submissions.find(folder, [path.stem for path in sorted(solutions.glob("*.py"))])
    latest, remarks = _latest(found, folder, set(masters))
    if not latest:
        what = "must hold .py or .ipynb files of these assignments"
        raise FileNotFoundError(f"submissions: {what}, found none in {folder}")
    (out / "work").mkdir(parents=True, exist_ok=True)
    master_digests = {name: _digest(master) for name, master in masters.items()}
    cells = [
        {
            "student": one.student,
            "assignment": one.assignment,
            "path": str(one.path),
            "digest": _digest(one.path),
            "master": str(masters[one.assignment]),
            "master_digest": master_digests[one.assignment],
            "work": str(out / "work"),
            "trusted": trusted,
            **{f"limit_{name}": value for name, value in asdict(limits).items()},
        }
        for one in latest
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sweeps.SweepWarning)  # told below, one by one
        frame = sweeps.run(
            mark, cells, record=out / "work" / "record.jsonl", workers=workers, retry=True,
            progress=progress,
        )
    marks = _marks(frame, masters)
    totals = _totals(frame, marks)
    marks.to_csv(out / "marks.csv", index=False)
    totals.to_csv(out / "grades.csv", index=False)
    failed = frame[frame["error"] != ""].itertuples()
    remarks += [f"{Path(row.path).name} of {row.student}: {row.error}" for row in failed]
    return Grades(marks, totals, _pages(frame, marks, out), remarks)


def mark(
    student, assignment, path, digest, master, master_digest, work, trusted, **limits
) -> list[dict]:
    """Marks of one submission, a row an exercise; nbgrader's page of it goes into `work`."""
    limits = {name.removeprefix("limit_"): value for name, value in limits.items()}
    limits = sandbox.Limits(**limits)
    names = {exercise.check_id: exercise for exercise in _exercises(master)}
    try:
        handed_in = submissions.read(Path(path))
    except submissions.Unreadable as error:
        return [_row(exercise, 0.0, str(error)) for exercise in names.values()]
    with tempfile.TemporaryDirectory(prefix="ntk") as folder, _quiet():
        course = Path(folder)
        template = _template(master, master_digest, work)
        shutil.copytree(template, course, dirs_exist_ok=True)
        edition = jupytext.read(course / "release" / assignment / f"{assignment}.ipynb")
        target = course / "submitted" / ONE / assignment / f"{assignment}.ipynb"
        target.parent.mkdir(parents=True)
        jupytext.write(submissions.assemble(edition, handed_in), target)
        api = _api(course, limits, not trusted)
        _done(api.autograde(assignment, ONE, force=True, create=True))
        _done(api.generate_feedback(assignment, ONE, force=True))
        page = course / "feedback" / ONE / assignment / f"{assignment}.html"
        shutil.copy(page, _beside(work, student, assignment, digest, "html"))
        graded = jupytext.read(course / "autograded" / ONE / assignment / f"{assignment}.ipynb")
        said = {
            cell.metadata.nbgrader.grade_id: _said(cell)
            for cell in graded.cells
            if cell.metadata.get("nbgrader", {}).get("grade")
        }
        with api.gradebook as gradebook:
            exporter = CsvExportPlugin(to=str(_beside(work, student, assignment, digest, "csv")))
            exporter.export(gradebook)
            grades = gradebook.find_submission(assignment, ONE).notebooks[0].grades
            scores = {one.name: float(one.score) for one in grades}
    return [_row(exercise, scores[name], said.get(name, "")) for name, exercise in names.items()]


def course(solutions: Path, out: Path) -> list[Path]:
    """An nbgrader course: a folder source/NN_slug/ for every master, and nbgrader_config.py.

    Raises
    ------
    FileExistsError
        If there is a course already: its gradebook is not ours to touch.
    """
    if (out / "nbgrader_config.py").exists():
        raise FileExistsError(f"out: must not hold a course already, got {out}")
    paths = [_source(master, out) for master in _masters(Path(solutions), None).values()]
    config = out / "nbgrader_config.py"
    config.write_text(CONFIG.format(stub=exercises.STUB), encoding="utf-8")
    return [*paths, config]


# How a school's own nbgrader runs the course.
CONFIG = '''\
"""nbgrader's settings for the ntklab course; run nbgrader in this folder."""

import sys
from pathlib import Path

from ntklab.course import judge, sandbox

c = get_config()  # noqa: F821  nbgrader brings it
c.CourseDirectory.course_id = "ntklab"
c.CourseDirectory.root = str(Path(__file__).parent)
c.ClearSolutions.code_stub = {{"python": {stub!r}}}
# Submissions run behind bubblewrap's walls; their tests run outside. True: without walls, where a
# submission can read and write whatever you can, solutions and other submissions, too.
trusted = False
c.Autograde.autograde_preprocessors = judge.steps()
c.Judge.source = str(Path(__file__).parent / "source")
c.Judge.isolated = not trusted
if sandbox.missing() and not trusted and "autograde" in sys.argv:
    raise SystemExit(f"{{sandbox.missing()}}; or set `trusted = True` in nbgrader_config.py")
c.OverwriteCells.add_missing_cells = True
'''


def _masters(solutions, wanted):
    masters = {path.stem: path for path in sorted(solutions.glob("[0-9][0-9]_*.py"))}
    if not masters:
        raise ValueError(f"solutions: must hold NN_slug.py, found none in {solutions}")
    unknown = [name for name in wanted or () if not any(_is(name, stem) for stem in masters)]
    if unknown:
        raise ValueError(f"assignments: must be among {list(masters)}, got {unknown[0]!r}")
    return {
        stem: path for stem, path in masters.items()
        if not wanted or any(_is(name, stem) for name in wanted)
    }


def _is(name, stem):
    return stem == name or stem.startswith(f"{name}_")


def _latest(found, folder, wanted):
    """The newest file of each student and assignment, and what is to be said of the others."""
    latest, remarks = {}, []
    for one in sorted(found, key=lambda one: (one.path.stat().st_mtime_ns, str(one.path))):
        name = one.path.relative_to(folder)
        if not one.assignment:
            remarks.append(f"{name}: nothing tells the assignment; name it like 03_{one.path.name}")
        elif one.assignment in wanted:
            before = latest.get((one.student, one.assignment))
            if before:
                older = before.path.relative_to(folder)
                remarks.append(f"{older}: not marked, {name} of the same student is newer")
            latest[one.student, one.assignment] = one
    return [latest[key] for key in sorted(latest)], remarks


@cache
def _exercises(master):
    return exercises.read(Path(master))


def _template(master, digest, work):
    """A course folder with this one assignment released and an empty gradebook, made once."""
    ready = Path(work, f"template-{digest}-{nbgrader.__version__}")
    if not ready.exists():
        folder = tempfile.mkdtemp(dir=work)
        try:
            _source(Path(master), Path(folder))
            _done(_api(folder, sandbox.Limits(), True).generate_assignment(Path(master).stem))
            with contextlib.suppress(OSError):  # another worker was first
                os.rename(folder, ready)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return ready


def _source(master, root):
    target = root / "source" / master.stem / f"{master.stem}.ipynb"
    target.parent.mkdir(parents=True)
    jupytext.write(jupytext.read(master, fmt="py:percent"), target)
    return target


def _api(root, limits, isolated):
    # nbgrader calls the command `alembic` of its own environment
    own = str(Path(sys.executable).parent)
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    config = Config()
    config.CourseDirectory.root = str(root)
    config.ClearSolutions.code_stub = {"python": exercises.STUB}
    config.Autograde.autograde_preprocessors = judge.steps()
    config.Judge.source = str(Path(root, "source"))
    config.Judge.isolated = isolated
    config.Judge.limits = limits
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def _done(answer):
    if not answer["success"]:
        last = (answer.get("log") or answer.get("error") or "").strip().splitlines()[-1:]
        raise RuntimeError(f"nbgrader: {' '.join(last)}")


@contextlib.contextmanager
def _quiet():
    """nbgrader and its database warn of their own matters."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _said(cell):
    """A check's answer: its first error, else what it printed."""
    for output in cell.outputs:
        if output.output_type == "error":
            return output.evalue
    return "".join(output.get("text", "") for output in cell.outputs).strip()


def _row(exercise, marks, said):
    return {"exercise": exercise.name, "marks": marks, "out_of": exercise.marks, "said": said}


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _beside(work, student, assignment, digest, kind):
    """Where nbgrader's page or export of one submission is kept."""
    name = hashlib.sha256(f"{student}\0{assignment}\0{digest}".encode()).hexdigest()[:16]
    return Path(work, f"{name}.{kind}")


def _marks(frame, masters):
    """A row an exercise; where the marking itself failed, zero and why."""
    rows = []
    for row in frame.to_dict("records"):
        mine = {name: row[name] for name in ("student", "assignment")}
        if row["error"]:
            why = f"{NO_CREDIT}: {row['error']}"
            master = str(masters[row["assignment"]])
            rows += [mine | _row(exercise, 0.0, why) for exercise in _exercises(master)]
        else:
            found = ("exercise", "marks", "out_of", "said")
            rows.append(mine | {name: row[name] for name in found})
    return pd.DataFrame(rows)


def _totals(frame, marks):
    """nbgrader's export, a row a submission; what nbgrader never saw has a row of zero."""
    rows = []
    sums = marks.groupby(["student", "assignment"])["out_of"].sum()
    for file in frame.drop_duplicates(["student", "assignment"]).itertuples():
        key = (file.student, file.assignment)
        export = _beside(file.work, *key, file.digest, "csv")
        row = {"assignment": file.assignment, "score": 0.0, "max_score": float(sums[key])}
        if export.exists() and not file.error:
            row = pd.read_csv(export).iloc[0].to_dict()
        rows.append(row | {"student_id": file.student, "file": Path(file.path).name})
    return pd.DataFrame(rows)


def _pages(frame, marks, out):
    """feedback/NAME.html for every student: the marks, and the notebooks as nbgrader shows them."""
    folder = out / "feedback"
    folder.mkdir(exist_ok=True)
    pages = []
    for student, mine in marks.groupby("student", sort=False):
        parts = []
        for assignment, rows in mine.groupby("assignment", sort=False):
            file = frame[(frame.student == student) & (frame.assignment == assignment)].iloc[0]
            page = _beside(file["work"], student, assignment, file["digest"], "html")
            parts.append(_part(assignment, rows, page))
        path = folder / f"{_file_name(student)}.html"
        title = html.escape(student)
        path.write_text(PAGE.format(title=title, parts="\n".join(parts)), encoding="utf-8")
        pages.append(path)
    return pages


def _part(assignment, rows, page):
    lines = "\n".join(
        f"<tr><td>{html.escape(row.exercise)}</td><td>{row.marks:g} of {row.out_of}</td>"
        f"<td class=said>{html.escape(row.said)}</td></tr>"
        for row in rows.itertuples()
    )
    total = f"{rows.marks.sum():g} of {rows.out_of.sum()}"
    shown = ""
    if page.exists():
        # what a student's cells show may hold scripts: in this frame they reach nothing
        text = html.escape(page.read_text(encoding="utf-8"), quote=True)
        shown = f'<iframe sandbox="allow-scripts" title="the notebook" srcdoc="{text}"></iframe>'
    head = f"<h2>{html.escape(assignment)}: {total} marks</h2>"
    names = "<tr><th>exercise</th><th>marks</th><th>what the check says</th></tr>"
    return f"{head}\n<table>{names}\n{lines}</table>\n{shown}"


def _file_name(student):
    name = "".join(c if c.isalnum() or c in " ._-@" else "_" for c in student).strip(". ")[:80]
    if name == student:
        return name
    return f"{name}-{hashlib.sha256(student.encode()).hexdigest()[:6]}"  # no two students one page


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70em; margin: 1em auto; padding: 0 1em }}
td, th {{ padding: .3em 1em .3em 0; text-align: left; vertical-align: top }}
.said {{ white-space: pre-wrap }}
iframe {{ width: 100%; height: 80vh; border: 1px solid #999 }}
</style></head><body>
<h1>{title}</h1>
{parts}
</body></html>
"""
