"""Marks in one command: every submission through nbgrader, each in a sandbox of its own.

`planning` matches files to students and assignments; `nbgrader_course` restores the test cells and
keeps the gradebook; `execution` runs the cells of a submission; `sweeps` runs many submissions side
by side and resumes after an interruption; `reports` writes the results.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import tempfile
import threading
import warnings
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jupytext
import pandas as pd

from ntklab import sweeps
from ntklab._arguments import whole_number
from ntklab.course import (
    exercises,
    feedback,
    flags,
    nbgrader_course,
    planning,
    reports,
    sandbox,
    submissions,
    worker_limits,
)

NO_CREDIT = "no answer that could be marked"
STUDENT = "student"  # the only one in the gradebook of one submission
LONGEST = 1000  # characters of what a check prints
# the modules of this folder on which marks depend: if one changes, all is marked again
DECISIVE = ("checks/*.py", "execution.py", "channel.py", "tables.py", "hidden_checks.py",
            "sandbox.py", "worker_limits.py", "submissions.py", "nbgrader_course.py", "grading.py")
ONE_AT_A_TIME = threading.Lock()  # threads share standard output, and checks print to it


@dataclass(frozen=True)
class Grades:
    """The result of `grade`: marks by exercise, totals by submission, summary by student."""

    marks: pd.DataFrame
    totals: pd.DataFrame
    summary: pd.DataFrame
    pages: list[Path]
    remarks: list[str] = field(default_factory=list)


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
        As for `planning.plan`.
    out : Path
        Where results go. A file that was marked before under the same master, checks and limits is
        not marked again.
    limits : sandbox.Limits, optional
        Time, memory and other resources that one submission may use.
    trusted : bool
        Run submissions without bubblewrap's sandbox: they could then read and write whatever the
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
        As for `planning.plan`; an `out` inside the submissions; files that would count as one
        student's though they may not be.
    RuntimeError
        The sandbox cannot be had here and the submissions are not trusted; or the marking itself
        does not work: the model answers do not get their marks. Nothing is written then.
    """
    folder, solutions, out = (Path(path).resolve() for path in (folder, solutions, out))
    if not trusted and (why := sandbox.why_unavailable()):
        raise RuntimeError(
            f"{why}; without it a submission could read the solutions and write "
            "your files: install it, grade inside a container, or add --trusted"
        )
    if out == folder or folder in out.parents:
        raise ValueError(f"out: must be outside the submissions, got {out}")
    if workers is not None:
        whole_number("workers", workers, at_least=0)
    work = out / "work"
    plan = planning.plan(folder, solutions, work / "unpacked", assignments=assignments,
                         students=students, due=due)
    if plan.ambiguous:
        reasons = "".join(f"\n  {reason}" for reason in plan.ambiguous)
        raise ValueError(f"submissions: must tell who is who, nothing was marked:{reasons}")
    work.mkdir(parents=True, exist_ok=True)
    jobs = _jobs(plan, work, trusted, limits or sandbox.Limits())
    where = {"executor": executor} if executor is not None else {"workers": workers}
    frame = _run(list(jobs.values()), work, where, progress)
    pages = {key: _page(job) for key, job in jobs.items()}
    return Grades(*reports.write(plan, _marks(plan, jobs, frame), out, pages))


def _jobs(plan, work, trusted, limits):
    """{(student, assignment): arguments of `mark`} of every submission that can be run."""
    common = {"work": str(work), "trusted": trusted, "limits": asdict(limits),
              "checks_digest": _checks_digest(), "drawn_from": _secret_seed(work)}
    digests = {name: submissions.digest_of(master) for name, master in plan.masters.items()}
    jobs = {}
    for submission in plan.submissions:
        if submission.facts.code and not submission.facts.problem:
            assignment, helpers = submission.assignment, _helpers(submission)
            jobs[submission.student, assignment] = common | {
                "assignment": assignment, "path": str(submission.item.path), "helpers": helpers,
                "digest": _digest(submission.facts.digest, *(digest for _, _, digest in helpers)),
                "master": str(plan.masters[assignment]), "master_digest": digests[assignment],
            }
    return jobs


def mark(
    assignment, path, helpers, digest, master, master_digest, checks_digest, drawn_from, work,
    trusted, limits
) -> list[dict]:
    """Mark one submission: one row for each exercise; its page is written into `work`.

    The checks draw their questions from the seed `drawn_from`. The digests are those of what the
    marks depend on: a submission with other digests is another job.
    """
    limits = sandbox.Limits(**limits)
    by_test = {exercise.check_id: exercise for exercise in exercises.read_cached(Path(master))}
    with ONE_AT_A_TIME, worker_limits.within(limits.submission):
        try:
            notebook = submissions.read(Path(path))
            contents = {name: Path(place).read_bytes() for name, place, _ in helpers}
        except submissions.Unreadable as error:
            return [_row(exercise, 0.0, str(error)) for exercise in by_test.values()]
        with tempfile.TemporaryDirectory(prefix="ntk") as folder, sandbox.ended(), _quiet():
            course = Path(folder)
            template = nbgrader_course.template(Path(master), master_digest, Path(work))
            shutil.copytree(template, course, dirs_exist_ok=True)
            api = nbgrader_course.api(course, limits, not trusted, drawn_from)
            graded, scores = _autograded(api, course, assignment, notebook, contents)
        messages = _messages(graded, by_test)
        page = _page({"work": work, "assignment": assignment, "path": path, "digest": digest})
        page.write_text(feedback.body(graded), encoding="utf-8", errors="replace")
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        sources += [data.decode("utf-8", "replace") for name, data in contents.items()
                    if name.endswith(".py")]
        return [
            _row(exercise, scores[test], messages.get(test, ""),
                 *flags.look(exercise.function, sources, exercise.answer))
            for test, exercise in by_test.items()
        ]


def _autograded(api, course, assignment, notebook, helpers):
    """The notebook after nbgrader ran it, and {test cell: marks}."""
    edition = jupytext.read(course / "release" / assignment / f"{assignment}.ipynb")
    target = course / "submitted" / STUDENT / assignment / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True)
    ready = submissions.with_helpers(submissions.assemble(edition, notebook), helpers)
    jupytext.write(ready, target)
    nbgrader_course.require_success(api.autograde(assignment, STUDENT, force=True, create=True))
    graded = jupytext.read(course / "autograded" / STUDENT / assignment / f"{assignment}.ipynb")
    with api.gradebook as gradebook:
        grades = gradebook.find_submission(assignment, STUDENT).notebooks[0].grades
        return graded, {grade.name: float(grade.score) for grade in grades}


def _checks_digest():
    """A digest of the code on which marks depend."""
    folder = Path(__file__).parent
    paths = sorted(path for pattern in DECISIVE for path in folder.glob(pattern))
    return _digest(*(submissions.digest_of(path) for path in paths))


def _secret_seed(work):
    """A random seed that no student can know, kept in `work` for the runs that resume this one."""
    path = work / "drawn-from"
    if not path.exists():
        new = path.with_suffix(".new")
        new.touch(0o600)
        new.write_text(str(secrets.randbits(63)), encoding="ascii")
        os.replace(new, path)
    return int(path.read_text(encoding="ascii"))


def _digest(*texts):
    data = "\0".join(texts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:16]


def _helpers(submission):
    """[name, path, digest] of the files beside a notebook, until they exceed the size limit."""
    found, room = [], submissions.HELPERS
    for name, item in submission.helpers:
        with contextlib.suppress(OSError, submissions.Unreadable):
            room -= item.path.stat().st_size
            if room < 0:
                break
            found.append([name, str(item.path), submissions.digest_of(item.path)])
    return found


def _run(jobs, work, where, progress):
    """The table of all jobs' rows; an error in it is the submission's own.

    Raises
    ------
    RuntimeError
        If the model answers do not get their marks here: then it is the marking that fails.
    """
    if not jobs:
        return pd.DataFrame()
    models = {
        job["assignment"]: job | {"path": job["master"], "digest": job["master_digest"],
                                  "helpers": []}
        for job in jobs
    }
    new = {job["assignment"] for job in jobs if not _page(job).exists()}
    if new:  # one assignment shows whether what all have in common works
        _require_full_marks([models[min(new)]], where)
    # each failure becomes a remark
    with warnings.catch_warnings(action="ignore", category=sweeps.SweepWarning):
        frame = sweeps.run(
            mark, jobs, record=work / "record.jsonl", retry=True, progress=progress, **where
        )
    failed = sorted(set(frame[frame["error"] != ""]["assignment"]))
    if failed:
        _require_full_marks([models[assignment] for assignment in failed], where)
    return frame


def _require_full_marks(models, where):
    """RuntimeError if the model answers of these jobs do not get all their marks."""
    if where.get("workers") is not None:
        where = where | {"workers": min(where["workers"], 1)}
    with warnings.catch_warnings(action="ignore", category=sweeps.SweepWarning):
        frame = sweeps.run(mark, models, **where)
    for row in frame.to_dict("records"):
        if row["error"] or row["marks"] != row["out_of"]:
            why = row["error"] or f"{row['exercise']}: {row['said']}"
            raise RuntimeError(
                f"the marking itself does not work here, nothing was marked: the model answers of "
                f"{row['assignment']} do not get their marks ({why})"
            )


@contextlib.contextmanager
def _quiet():
    """No warnings of nbgrader and its database, which nobody here can act on."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(level)


def _messages(graded, by_test):
    """{test cell: the message of its check}, with the error that stopped the answer's own cell."""
    messages, errors = {}, {}
    for cell in graded.cells:
        metadata = cell.metadata.get("nbgrader", {})
        first = next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)
        if metadata.get("solution"):
            errors[metadata["grade_id"]] = f"{first.ename}: {first.evalue}" if first else ""
        elif metadata.get("grade"):
            printed = "".join(output.get("text", "") for output in cell.outputs).strip()
            messages[metadata["grade_id"]] = first.evalue if first else printed
    for test, exercise in by_test.items():
        if messages.get(test, "").startswith("there is no") and errors.get(exercise.name):
            messages[test] += f" Its cell says: {errors[exercise.name]}"
    return messages


def _row(exercise, marks, message, odd=(), statements=()):
    message = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in message)[:LONGEST]
    return {"exercise": exercise.name, "marks": marks, "out_of": exercise.marks, "said": message,
            "flags": list(odd), "statements": list(statements)}


def _page(job):
    """Path of the page of one submission: no .html, for it is only safe inside a student's page."""
    name = _digest(job["assignment"], job["path"], job["digest"])
    return Path(job["work"], f"{name}.page")


def _marks(plan, jobs, frame):
    """The table of marks, one row for each exercise of each submission.

    A submission that could not be run gets 0 and the reason. Answers that are nearly another
    student's are flagged.
    """
    found = {}
    for row in frame.to_dict("records"):
        found.setdefault((row["assignment"], row["path"]), []).append(row)
    rows = []
    for submission in plan.submissions:
        job = jobs.get((submission.student, submission.assignment))
        mine = found[submission.assignment, job["path"]] if job else []
        if not mine or mine[0]["error"]:
            why = f"{NO_CREDIT}: {mine[0]['error']}" if mine else submission.remark
            master = plan.masters[submission.assignment]
            mine = [_row(exercise, 0.0, why) for exercise in exercises.read_cached(master)]
            if job:
                plan.remarks.append(f"{submission.item.name}: {why}")
        rows += [row | {"student": submission.student, "assignment": submission.assignment}
                 for row in mine]
    columns = ["student", "assignment", "exercise", "marks", "out_of", "said", "flags"]
    marks = pd.DataFrame(rows, columns=[*columns, "statements"])
    for assignment, group in marks.groupby("assignment", sort=False):
        for exercise in exercises.read_cached(plan.masters[assignment]):
            _flag_alike(marks, group[group["exercise"] == exercise.name], exercise)
    marks["flags"] = ["; ".join(found) for found in marks["flags"]]
    return marks[columns]


def _flag_alike(marks, group, exercise):
    """Add to `marks` a flag for each answer in `group` that is nearly another student's."""
    answers = dict(zip(group.student, group.statements, strict=True))
    model = flags.look(exercise.function, [exercise.answer], exercise.answer)[1]
    near = flags.alike(answers, model)
    for index, student in group.student.items():
        if student in near:
            others = ", ".join(near[student][:3])
            marks.at[index, "flags"] = [*marks.at[index, "flags"], f"nearly as {others}"]
