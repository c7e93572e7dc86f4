"""The plan of a marking: which file is marked as whose answer to which assignment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from ntklab.course import collection, exercises, matching, names, roster, submissions


@dataclass(frozen=True)
class Plan(matching.Decision):
    """The submissions to mark, with their students and assignments; made by `plan`."""

    masters: dict[str, Path]  # of the assignments to be marked
    people: list[roster.Person]
    due: dict[str, datetime]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each submission: student, assignment, file, time, source of the time, late.

        The column clock says where the time comes from: the file, a zip, or a platform.
        """
        rows = []
        for submission in self.submissions:
            item = submission.item
            rows.append({
                "student": submission.student, "assignment": submission.assignment,
                "file": item.name, "handed_in": stamp(item.time), "clock": item.clock,
                "late": late(submission, self.due.get(submission.assignment)),
                "remark": submission.remark,
            })
        return pd.DataFrame(rows)


def plan(
    folder: Path,
    solutions: Path,
    unpacked: Path,
    *,
    assignments: list[str] | None = None,
    students: Path | None = None,
    due: list[str] = (),
) -> Plan:
    """Match every file under `folder` to a student and an assignment; nothing is executed.

    Parameters
    ----------
    folder : Path
        Submissions in any layout; zips are opened.
    solutions : Path
        The folder of the masters, NN_slug.py.
    unpacked : Path
        Where the contents of zips are written.
    assignments : list of str, optional
        Numbers or names of the assignments to mark. All when left out.
    students : Path, optional
        A roster as `roster.read` reads it.
    due : list of str
        Deadlines like 03=2026-05-09T23:59.

    Raises
    ------
    FileNotFoundError
        No such folder of submissions, or none in it.
    ValueError
        No such assignment, roster or date.
    """
    masters = exercises.masters(solutions)
    chosen = names.chosen("assignments", assignments, masters.values())
    wanted = {path.stem: path for path in chosen}
    people = roster.read(students) if students else []
    dates = roster.due(due, list(masters))
    items = collection.collect(folder, unpacked)
    facts = {
        item: submissions.examine(item.path, masters)
        for item in items if not item.problem and not item.junk
    }
    decision = matching.decide(items, facts, list(masters), set(wanted), people)
    if not decision.submissions:
        what = "must hold .py or .ipynb files of these assignments"
        remarks = "".join(f"\n  {remark}" for remark in decision.remarks[:20])
        raise FileNotFoundError(f"submissions: {what}, found none in {folder}{remarks}")
    return Plan(**vars(decision), masters=wanted, people=people, due=dates)


def stamp(seconds: float) -> str:
    """A time in seconds since 1970 as text, in the time zone of this computer; "" for 0."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M") if seconds else ""


def late(submission, due: datetime | None) -> str:
    """By how much a submission is late and by whose clock, in words; "" if it is not late."""
    if "late" in submission.ids:
        return "late, says the platform"
    if due is None or not submission.item.time:
        return ""
    seconds = submission.item.time - due.timestamp()
    if seconds <= 0:
        return ""
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    how = f"{hours // 24} d {hours % 24} h" if hours > 47 else f"{hours} h {minutes} min"
    return f"{how}, by the {submission.item.clock}'s time"
