"""Results of a marking: tables for spreadsheets, HTML pages, sheets that platforms import."""

import hashlib
import html
import os
import re
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from ntklab.course import feedback

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # spreadsheets run a cell that begins with one of these
LONGEST = 80  # bytes of a student's name in the name of a page


def write(plan, marks: pd.DataFrame, out: Path, parts: dict):
    """Write all results into the folder `out`; return (marks, totals, summary, pages, remarks).

    marks.csv has a row for each exercise of a student, grades.csv for each submission, summary.csv
    for each student; index.html shows the results of the class and links the students' pages,
    feedback/NAME.html; feedback-NN.zip, moodle-NN.csv and canvas.csv are for the platform that the
    files came from.

    Parameters
    ----------
    plan : planning.Plan
    marks : DataFrame
        student, assignment, exercise, marks, out_of, said, flags.
    out : Path
    parts : dict
        {(student, assignment): file with the page of the notebook}.
    """
    totals = _totals(plan, marks)
    summary = _summary(plan, totals)
    remarks = list(plan.remarks)
    if plan.people:
        known = {person.name for person in plan.people}
        remarks += [f"not on the roster: {name}" for name in plan.students if name not in known]
    for name, frame in (("marks", marks), ("grades", totals), ("summary", summary)):
        _table(out / f"{name}.csv", frame)
    folder = out / "feedback"
    folder.mkdir(exist_ok=True)
    by = dict(list(marks.groupby(["student", "assignment"], sort=False)))
    links = {}
    for student in dict.fromkeys(marks["student"]):
        links[student] = folder / f"{file_name(student)}.html"
        mine = {a: rows for (name, a), rows in by.items() if name == student}
        with links[student].open("w", encoding="utf-8", errors="replace") as file:
            file.writelines(_page(student, mine, parts))
    for assignment in dict.fromkeys(marks["assignment"]):
        _platforms(plan, assignment, totals, by, parts, out)
    _canvas(plan, summary, totals, out)
    index = _index(plan, marks, totals, summary, links, remarks, out)
    (out / "index.html").write_text(index, encoding="utf-8", errors="replace")
    return marks, totals, summary, list(links.values()), remarks


def file_name(student: str) -> str:
    """The name of a student's page, without suffix: unique, of characters valid everywhere."""
    name = "".join(c if c.isalnum() or c in " ._-@" else "_" for c in student).strip(". ")
    while len(os.fsencode(name)) > LONGEST:
        name = name[:-1]
    return f"{name}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def _table(path, frame):
    safe = frame.map(_safe)
    safe.columns = [_safe(name) for name in safe.columns]
    safe.to_csv(path, index=False, encoding="utf-8-sig", errors="replace")


def _safe(value):
    """The value, with an apostrophe in front if a spreadsheet would run it as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _totals(plan, marks):
    """One row for each submission: the sum of its marks, its file, when it was handed in."""
    sums = marks.groupby(["student", "assignment"], sort=False)[["marks", "out_of"]].sum()
    found = plan.table.join(sums, on=["student", "assignment"])
    columns = ["student", "assignment", "marks", "out_of", "file", "handed_in", "clock", "late"]
    return found[[*columns, "remark"]]


def _summary(plan, totals):
    """One row for each student, including those of the roster who handed in nothing.

    Columns: marks by assignment, sum, per cent, late and missing assignments.
    """
    possible = totals.groupby("assignment")["out_of"].max()
    columns = sorted(set(possible.index))
    rows = []
    for name in dict.fromkeys([*(person.name for person in plan.people), *plan.students]):
        mine = totals[totals["student"] == name].set_index("assignment")
        row = {"student": name}
        row |= {a: float(mine["marks"].get(a, float("nan"))) for a in columns}
        row["sum"] = float(mine["marks"].sum())
        row["out_of"] = int(possible.sum())
        row["per_cent"] = round(100 * row["sum"] / row["out_of"], 1) if row["out_of"] else 0.0
        row["late"] = "; ".join(f"{a[:2]}: {text}" for a, text in mine["late"].items() if text)
        row["missing"] = " ".join(a[:2] for a in columns if a not in mine.index)
        rows.append(row)
    return pd.DataFrame(rows)


# -- pages ---------------------------------------------------------------------------------------


def _page(student, mine, parts):
    """The chunks of a student's page, which may be long."""
    yield HEAD.format(title=html.escape(student), policy=feedback.POLICY)
    for assignment, rows in mine.items():
        total = f"{rows.marks.sum():g} of {rows.out_of.sum()}"
        yield f"<h2>{html.escape(assignment)}: {total} marks</h2>\n<table>"
        yield "<tr><th>exercise</th><th>marks</th><th>what the check says</th></tr>\n"
        for row in rows.itertuples():
            yield (f"<tr><td>{html.escape(row.exercise)}</td><td>{row.marks:g} of {row.out_of}</td>"
                   f"<td class=said>{html.escape(row.said)}</td></tr>\n")
        yield "</table>\n"
        part = parts.get((student, assignment))
        if part and part.exists():
            with part.open(encoding="utf-8") as file:
                yield from feedback.framed(iter(lambda file=file: file.read(2**20), ""))
    yield "</body></html>\n"


def _index(plan, marks, totals, summary, links, remarks, out):
    """HTML of the class: marks, the share who solved each exercise, hints, who is missing."""
    lines = [HEAD.format(title="Marks", policy=feedback.POLICY)]
    for assignment, rows in marks.groupby("assignment"):
        handed_in = totals[totals["assignment"] == assignment]
        missing = summary["student"][~summary["student"].isin(handed_in["student"])]
        sums, most = handed_in["marks"], handed_in["out_of"].max()
        lines.append(f"<h2>{html.escape(assignment)}</h2>\n<p>{len(sums)} handed in; mean "
                     f"{sums.mean():.1f}, median {sums.median():g} of {most} marks.")
        if len(missing):
            lines.append(f"Missing ({len(missing)}): {html.escape(', '.join(missing))}.")
        lines.append("</p>\n<table><tr><th>exercise</th><th>solved</th>"
                     "<th>what checks said most often</th></tr>")
        for exercise, of in rows.groupby("exercise", sort=False):
            solved = (of["marks"] > 0).mean()
            hints = Counter(said.partition("\n")[0] for said in of[of["marks"] == 0]["said"])
            shown = "<br>".join(f"{count} × {html.escape(text[:200])}"
                                for text, count in hints.most_common(3) if text)
            lines.append(f"<tr><td>{html.escape(exercise)}</td><td>{solved:.0%}</td>"
                         f"<td>{shown}</td></tr>")
        lines.append("</table>")
    shown = summary.drop(columns="out_of").map(_cell)
    for row, student in enumerate(summary["student"]):
        if student in links:
            href = html.escape(quote(links[student].relative_to(out).as_posix()), quote=True)
            shown.iat[row, 0] = f'<a href="{href}">{shown.iat[row, 0]}</a>'
    lines.append("<h2>Everybody</h2>\n" + shown.to_html(index=False, escape=False, border=0))
    flagged = marks[marks["flags"] != ""]
    for title, texts in (
        ("Look at", [f"{r.student}, {r.exercise}: {r.flags}" for r in flagged.itertuples()]),
        ("Remarks", remarks),
    ):
        if texts:
            items = "\n".join(f"<li>{html.escape(text)}</li>" for text in texts)
            lines.append(f"<h2>{title}</h2>\n<ul>\n{items}\n</ul>")
    return "\n".join([*lines, "</body></html>\n"])


def _cell(value):
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return html.escape(str(value))


# -- what platforms import -----------------------------------------------------------------------


def _platforms(plan, assignment, totals, by, parts, out):
    """Write feedback-NN.zip, with the names that the platform expects, and Moodle's grade sheet."""
    sheet, number = [], assignment[:2]
    scores = totals[totals["assignment"] == assignment].set_index("student")
    identifiers = {p.name: p.columns.get("Identifier", "") for p in plan.people}
    mails = {p.name: next((v for k, v in p.columns.items() if "mail" in k.casefold()), "")
             for p in plan.people}
    path = out / f"feedback-{number}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in plan.submissions:
            if one.assignment != assignment:
                continue
            student, ids = one.student, one.ids
            moodle = identifiers.get(student, "").rpartition(" ")[2] or (
                ids["id"] if "assign" in ids.get("raw", "") and "id" in ids else "")
            # full name, number, plugin: what Moodle takes apart at each "_"
            plain = re.sub(r"[_/\\]", " ", student)
            if moodle:
                name = f"{plain}_{moodle}_assignsubmission_file_feedback-{number}.html"
                sheet.append({
                    "Identifier": f"Participant {moodle}", "Full name": student,
                    "Email address": mails.get(student, ""), "Status": "Submitted for grading",
                    "Grade": f"{scores.marks[student]:.2f}",
                    "Maximum grade": f"{scores.out_of[student]:.2f}",
                    "Grade can be changed": "Yes", "Last modified (grade)": "-",
                    "Feedback comments": "; ".join(f"{row.exercise}: {row.marks:g} of {row.out_of}"
                                                   for row in by[student, assignment].itertuples()),
                })
            elif "file" in ids:
                who = re.sub(r"[_/\\]", "", ids["who"])
                mark = "LATE_" if "late" in ids else ""
                name = f"{who}_{mark}{ids['id']}_{ids['file']}_feedback-{number}.html"
            else:
                name = f"{file_name(student)}.html"
            with archive.open(name, "w") as file:
                mine = {assignment: by[student, assignment]}
                for chunk in _page(student, mine, parts):
                    file.write(chunk.encode("utf-8", "replace"))
    if sheet:
        _table(out / f"moodle-{number}.csv", pd.DataFrame(sheet))


def _canvas(plan, summary, totals, out):
    """Write canvas.csv, a gradebook for Canvas, if the files or the roster came from Canvas."""
    ids = {one.student: one.ids["id"] for one in plan.submissions if "file" in one.ids}
    known = {p.name: p.columns for p in plan.people if "SIS Login ID" in p.columns}
    if not ids and not known:
        return
    columns = [name for name in summary if name in set(totals["assignment"])]
    fixed = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    # the gradebook's own titles, "Assignment 03 (4711)", where the roster has them
    own = defaultdict(str)
    for columns_of in known.values():
        for title in columns_of:
            if match := re.search(r"0?(\d+)\D*\(\d+\)$", title):
                own[int(match[1])] = title
    titles = fixed + [own[int(a[:2])] or f"Assignment {a[:2]}" for a in columns]
    possible = totals.groupby("assignment")["out_of"].max()
    rows = [["    Points Possible", "", "", "", "", *(str(possible[a]) for a in columns)]]
    for row in summary.to_dict("records"):
        of = known.get(row["student"], {})
        if of or row["student"] in ids:
            first = [of.get("Student", row["student"]), of.get("ID") or ids.get(row["student"], "")]
            first += [of.get(name, "") for name in fixed[2:]]
            rows.append(first + [_cell(row[a]) for a in columns])
    _table(out / "canvas.csv", pd.DataFrame(rows, columns=titles))


HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70em; margin: 1em auto; padding: 0 1em }}
td, th {{ padding: .3em 1em .3em 0; text-align: left; vertical-align: top }}
.said {{ white-space: pre-wrap }}
iframe {{ width: 100%; height: 80vh; border: 1px solid #999 }}
</style></head><body>
<h1>{title}</h1>
"""
