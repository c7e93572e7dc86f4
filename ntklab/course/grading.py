"""Marks in one command: every submission through nbgrader, each in a sandbox of its own.

`tray`, `submissions` and `who` find out who handed in what; nbgrader restores the test cells and
keeps the gradebook; `judge` runs the submission; `sweeps` runs many side by side and goes on after
an interruption; `reports` writes what came of it.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import sys
import tempfile
import threading
import warnings
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import jupytext
import nbgrader
import pandas as pd
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from ntklab import sweeps
from ntklab._arguments import whole_number
from ntklab.course import (
    exercises,
    feedback,
    flags,
    guard,
    judge,
    reports,
    roster,
    sandbox,
    submissions,
    tray,
    who,
)

NO_CREDIT = "no answer that could be marked"
ONE = "student"  # its name in a gradebook of its own
LONGEST = 1000  # characters of what a check says
DECIDES = ("checks/*.py", "judge.py", "channel.py", "tables.py", "absent.py", "sandbox.py",
           "guard.py", "submissions.py", "grading.py")
ALONE = threading.Lock()  # standard output is one a process: no two submissions at a time


@dataclass(frozen=True)
class Plan:
    """Who handed in what, before anything runs."""

    submissions: list[who.Submission]
    students: list[str]
    remarks: list[str]
    ambiguous: list[str]
    masters: dict[str, Path]  # of the assignments to be marked
    people: list[roster.Person]
    due: dict[str, datetime]

    @property
    def table(self) -> pd.DataFrame:
        """A row a submission: student, assignment, file, time and whose clock, late."""
        rows = []
        for one in self.submissions:
            rows.append({
                "student": one.student, "assignment": one.assignment, "file": one.item.name,
                "handed_in": reports.stamp(one.item.time), "clock": one.item.clock,
                "late": reports.late(one, self.due.get(one.assignment)),
                "remark": one.remark,
            })
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class Grades:
    """What `grade` found: a row an exercise, a row a submission, the pages, and remarks."""

    marks: pd.DataFrame
    totals: pd.DataFrame
    summary: pd.DataFrame
    pages: list[Path]
    remarks: list[str] = field(default_factory=list)


def plan(
    folder: Path,
    solutions: Path,
    unpacked: Path,
    *,
    assignments: list[str] | None = None,
    students: Path | None = None,
    due: list[str] = (),
) -> Plan:
    """Who is who and which assignment, for every file under `folder`; nothing is run.

    Parameters
    ----------
    folder : Path
        Submissions in any layout; zips are opened.
    solutions : Path
        The masters, NN_slug.py.
    unpacked : Path
        Where to what zips hold is written.
    assignments : list of str, optional
        Numbers or names of those to mark. All when left out.
    students : Path, optional
        A roster as `roster.read` reads it.
    due : list of str
        Like 03=2026-05-09T23:59.

    Raises
    ------
    FileNotFoundError
        No such folder of submissions, or none in it.
    ValueError
        No such assignment, roster or date.
    """
    masters = _masters(solutions, assignments)
    everything = _masters(solutions, None)
    people = roster.read(students) if students else []
    dates = roster.due(due, list(everything))
    items = tray.collect(folder, unpacked)
    facts = {
        item: submissions.examine(item.path, everything)
        for item in items if not item.problem and not item.junk
    }
    decision = who.decide(items, facts, list(everything), set(masters), people)
    if not decision.submissions:
        what = "must hold .py or .ipynb files of these assignments"
        told = "".join(f"\n  {remark}" for remark in decision.remarks[:20])
        raise FileNotFoundError(f"submissions: {what}, found none in {folder}{told}")
    return Plan(decision.submissions, decision.students, decision.remarks, decision.ambiguous,
                masters, people, dates)


def grade(
    folder: Path,
    solutions: Path,
    out: Path,
    *,
    assignments: list[str] | None = None,
    students: Path | None = None,
    due: list[str] = (),
    limits: sandbox.Limits | None = None,
    trusted: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> Grades:
    """Mark every submission under `folder`; write tables and pages, see `reports.write`.

    Parameters
    ----------
    folder, solutions, assignments, students, due
        As for `plan`.
    out : Path
        Where to. A file handed in, marked before under the same master, checks and limits, is not
        marked again.
    limits : sandbox.Limits, optional
        What each may take.
    trusted : bool
        Run submissions without bubblewrap's walls: they could then read and write whatever the
        teacher can.
    workers : int, optional
        Submissions at a time. All cores when left out.
    executor : concurrent.futures.Executor, optional
        Where submissions run instead, such as a Dask cluster's that sees the same folders.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    FileNotFoundError, ValueError
        As for `plan`; an `out` inside the submissions; files that would count as one student's
        though they may not be.
    RuntimeError
        No walls can be had here, and the submissions are not trusted; or the marking itself does
        not work: the model answers do not get their marks. Nothing is written then.
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
    work = out / "work"
    ready = plan(folder, solutions, work / "unpacked", assignments=assignments, students=students,
                 due=due)
    if ready.ambiguous:
        told = "".join(f"\n  {one}" for one in ready.ambiguous)
        raise ValueError(f"submissions: must tell who is who, nothing was marked:{told}")
    work.mkdir(parents=True, exist_ok=True)
    common = {"work": str(work), "trusted": trusted, "checks_digest": _of_checks(),
              "drawn_from": _secret(work),
              **{f"limit_{name}": value for name, value in asdict(limits).items()}}
    digests = {name: submissions.digest_of(master) for name, master in ready.masters.items()}
    cells = {}
    for one in ready.submissions:
        if one.facts.code and not one.facts.problem:
            helpers = _helpers(one)
            cells[one.student, one.assignment] = common | {
                "assignment": one.assignment, "path": str(one.item.path), "helpers": helpers,
                "digest": _digest(one.facts.digest, *(digest for _, _, digest in helpers)),
                "master": str(ready.masters[one.assignment]),
                "master_digest": digests[one.assignment],
            }
    how = {"executor": executor} if executor is not None else {"workers": workers}
    frame = _marked(list(cells.values()), work, how, progress)
    marks = _marks(ready, cells, frame)
    return Grades(*reports.write(ready, marks, out, {k: _page(c) for k, c in cells.items()}))


def mark(
    assignment, path, helpers, digest, master, master_digest, checks_digest, drawn_from, work,
    trusted, **limits
) -> list[dict]:
    """Marks of one submission, a row an exercise; a page of it goes into `work`.

    The checks draw their questions from the seed `drawn_from`.
    """
    limits = {name.removeprefix("limit_"): value for name, value in limits.items()}
    limits = sandbox.Limits(**limits)
    names = {exercise.check_id: exercise for exercise in _exercises(master)}
    with ALONE, guard.within(limits.submission):
        try:
            handed_in = submissions.read(Path(path))
            beside = {name: Path(place).read_bytes() for name, place, _ in helpers}
        except submissions.Unreadable as error:
            return [_row(exercise, 0.0, str(error)) for exercise in names.values()]
        with tempfile.TemporaryDirectory(prefix="ntk") as folder, sandbox.ended(), _quiet():
            course = Path(folder)
            template = _template(master, master_digest, work)
            shutil.copytree(template, course, dirs_exist_ok=True)
            api = _api(course, limits, not trusted, drawn_from)
            graded, scores = _autograded(api, course, assignment, handed_in, beside)
        said = _answers(graded, names)
        page = _page({"work": work, "assignment": assignment, "path": path, "digest": digest})
        page.write_text(feedback.body(graded), encoding="utf-8", errors="replace")
        sources = [cell.source for cell in handed_in.cells if cell.cell_type == "code"]
        sources += [data.decode("utf-8", "replace") for name, data in beside.items()
                    if name.endswith(".py")]
        return [
            _row(exercise, scores[name], said.get(name, ""), *_look(exercise, sources))
            for name, exercise in names.items()
        ]


def _autograded(api, course, assignment, handed_in, beside):
    """The notebook after nbgrader ran it, and {test cell: marks}."""
    edition = jupytext.read(course / "release" / assignment / f"{assignment}.ipynb")
    target = course / "submitted" / ONE / assignment / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True)
    ready = submissions.with_helpers(submissions.assemble(edition, handed_in), beside)
    jupytext.write(ready, target)
    _done(api.autograde(assignment, ONE, force=True, create=True))
    graded = jupytext.read(course / "autograded" / ONE / assignment / f"{assignment}.ipynb")
    with api.gradebook as gradebook:
        grades = gradebook.find_submission(assignment, ONE).notebooks[0].grades
        return graded, {one.name: float(one.score) for one in grades}


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
    text = CONFIG.format(stub=exercises.STUB, seed=secrets.randbits(63))
    config.write_text(text, encoding="utf-8")
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
# What checks draw their questions from while marking: answers learned by heart earn nothing.
c.Judge.seed = {seed}
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


def _of_checks():
    """A digest of what decides about marks besides masters and limits."""
    folder = Path(__file__).parent
    paths = sorted(path for pattern in DECIDES for path in folder.glob(pattern))
    return _digest(*(submissions.digest_of(path) for path in paths))


def _secret(work):
    """A number that no student can know, the same whenever a run is taken up again."""
    path = work / "drawn-from"
    if not path.exists():
        new = path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="ascii") as file:
            file.write(str(secrets.randbits(63)))
        os.replace(new, path)
    return int(path.read_text(encoding="ascii"))


def _digest(*texts):
    data = "\0".join(texts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:16]


def _helpers(one):
    """[name, path, digest] of the files that go with a notebook, as far as there is room."""
    found, room = [], submissions.HELPERS
    for name, item in one.helpers:
        with contextlib.suppress(OSError, submissions.Unreadable):
            room -= item.path.stat().st_size
            if room < 0:
                break
            found.append([name, str(item.path), submissions.digest_of(item.path)])
    return found


def _marked(cells, work, how, progress):
    """The frame of all cells; an error in it is the submission's own.

    Raises
    ------
    RuntimeError
        If the model answers do not get their marks here: then it is the marking that fails.
    """
    if not cells:
        return pd.DataFrame()
    models = {cell["assignment"]: _model(cell) for cell in cells}
    new = {cell["assignment"] for cell in cells if not _page(cell).exists()}
    if new:  # one assignment stands for all that they have in common
        _works([models[min(new)]], how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sweeps.SweepWarning)  # told below, one by one
        frame = sweeps.run(
            mark, cells, record=work / "record.jsonl", retry=True, progress=progress, **how
        )
    failed = sorted(set(frame[frame["error"] != ""]["assignment"]))
    if failed:
        _works([models[name] for name in failed], how)
    return frame


def _model(cell):
    return cell | {"path": cell["master"], "digest": cell["master_digest"], "helpers": []}


def _works(cells, how):
    how = how | ({"workers": min(how["workers"], 1)} if how.get("workers") is not None else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sweeps.SweepWarning)
        frame = sweeps.run(mark, cells, **how)
    for row in frame.to_dict("records"):
        if row["error"] or row["marks"] != row["out_of"]:
            why = row["error"] or f"{row['exercise']}: {row['said']}"
            raise RuntimeError(
                f"the marking itself does not work here, nothing was marked: the model answers of "
                f"{row['assignment']} do not get their marks ({why})"
            )


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


def _api(root, limits, isolated, seed=0):
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
    config.Judge.seed = seed
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


def _answers(graded, names):
    """{test cell: what its check says}, with the error that kept the answer's cell from running."""
    said, errors = {}, {}
    for cell in graded.cells:
        of = cell.metadata.get("nbgrader", {})
        if of.get("solution"):
            errors[of["grade_id"]] = next(
                (f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"), ""
            )
        elif of.get("grade"):
            said[of["grade_id"]] = _said(cell)
    for name, exercise in names.items():
        if said.get(name, "").startswith("there is no") and errors.get(exercise.name):
            said[name] += f" Its cell says: {errors[exercise.name]}"
    return said


def _said(cell):
    """A check's answer: its first error, else what it printed."""
    for output in cell.outputs:
        if output.output_type == "error":
            return output.evalue
    return "".join(output.get("text", "") for output in cell.outputs).strip()


def _look(exercise, sources):
    function = _function(exercise)
    return flags.look(function, sources, exercise.answer)


def _function(exercise):
    return exercise.answer.partition("def ")[2].partition("(")[0].strip()


def _row(exercise, marks, said, odd=(), statements=()):
    said = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in said)[:LONGEST]
    return {"exercise": exercise.name, "marks": marks, "out_of": exercise.marks, "said": said,
            "flags": list(odd), "statements": list(statements)}


def _page(cell):
    """Where the page of one submission is kept; no .html, so that nobody opens it bare."""
    name = _digest(cell["assignment"], cell["path"], cell["digest"])
    return Path(cell["work"], f"{name}.page")


def _marks(ready, cells, frame):
    """A row an exercise of each submission; of what could not be run, zero and why."""
    by = {}
    for row in frame.to_dict("records"):
        by.setdefault((row["assignment"], row["path"]), []).append(row)
    rows = []
    for one in ready.submissions:
        mine = {"student": one.student, "assignment": one.assignment}
        cell = cells.get((one.student, one.assignment))
        found = by[one.assignment, cell["path"]] if cell else []
        if not found or found[0]["error"]:
            why = f"{NO_CREDIT}: {found[0]['error']}" if found else one.remark
            master = str(ready.masters[one.assignment])
            found = [_row(exercise, 0.0, why) for exercise in _exercises(master)]
            if cell:
                ready.remarks.append(f"{one.item.name}: {why}")
        wanted = ("exercise", "marks", "out_of", "said", "flags", "statements")
        rows += [mine | {name: row[name] for name in wanted} for row in found]
    marks = pd.DataFrame(rows)
    for (assignment, name), group in marks.groupby(["assignment", "exercise"], sort=False):
        master = str(ready.masters[assignment])
        exercise = next(e for e in _exercises(master) if e.name == name)
        answers = dict(zip(group.student, group.statements, strict=True))
        model = flags.look(_function(exercise), [exercise.answer], exercise.answer)[1]
        near = flags.alike(answers, model)
        for index, student in group.student.items():
            if student in near:
                others = ", ".join(near[student][:3])
                marks.at[index, "flags"] = [*marks.at[index, "flags"], f"nearly as {others}"]
    marks["flags"] = ["; ".join(found) for found in marks["flags"]]
    return marks.drop(columns="statements")
