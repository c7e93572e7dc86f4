"""The plan of a marking: which file is marked as whose answer to which assignment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from ntklab.course import collection, exercises, matching, reports, roster, submissions
from ntklab.course.names import refers_to


@dataclass(frozen=True)
class Plan:
    """The submissions to mark, with their students and assignments; made by `plan`."""

    submissions: list[matching.Submission]
    students: list[str]
    remarks: list[str]
    ambiguous: list[str]
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
                "file": item.name, "handed_in": reports.stamp(item.time), "clock": item.clock,
                "late": reports.late(submission, self.due.get(submission.assignment)),
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
    chosen = _chosen(masters, assignments)
    people = roster.read(students) if students else []
    dates = roster.due(due, list(masters))
    items = collection.collect(folder, unpacked)
    facts = {
        item: submissions.examine(item.path, masters)
        for item in items if not item.problem and not item.junk
    }
    decision = matching.decide(items, facts, list(masters), set(chosen), people)
    if not decision.submissions:
        what = "must hold .py or .ipynb files of these assignments"
        remarks = "".join(f"\n  {remark}" for remark in decision.remarks[:20])
        raise FileNotFoundError(f"submissions: {what}, found none in {folder}{remarks}")
    return Plan(decision.submissions, decision.students, decision.remarks, decision.ambiguous,
                chosen, people, dates)


def _chosen(masters, wanted):
    """Of {assignment: master} those that are wanted; all where `wanted` is empty or None."""
    for name in wanted or ():
        if not any(refers_to(name, assignment) for assignment in masters):
            raise ValueError(f"assignments: must be among {list(masters)}, got {name!r}")
    return {
        assignment: path for assignment, path in masters.items()
        if not wanted or any(refers_to(name, assignment) for name in wanted)
    }
