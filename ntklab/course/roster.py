"""The roster of a class, and the deadlines of its assignments."""

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ntklab.course.names import refers_to

NAMES = ("name", "fullname", "studentname", "student", "vollständigername")
FIRST = ("firstname", "givenname", "vorname", "prénom")
IDENTIFIES = re.compile("id|mail|login|user|account|github|number|nummer|matri|handle|kennung")
LAST = ("lastname", "surname", "familyname", "nachname", "nom")


@dataclass(frozen=True)
class Person:
    """A row of a roster: the name to show, and the `keys` by which files may name the person."""

    name: str
    columns: dict = field(hash=False)  # the whole row, for a platform's own sheet
    keys: frozenset = frozenset()


def key(text: str) -> str:
    """A name without case, accents and separators: "Berg, Zoë" and "zoe_berg" have the same."""
    last, comma, first = text.partition(",")
    text = f"{first} {last}" if comma and first.strip() else text
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", plain)) or text


def read(path: Path) -> list[Person]:
    """The people in a CSV with a header: a name, or first and last name; ids, e-mails.

    A grade sheet of Moodle or a gradebook of Canvas is such a file. The columns of ids, numbers,
    accounts and e-mails identify a person, too, and so does an e-mail's part before the @.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file; no column of names; a name twice.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_bytes().decode("cp1252", "replace")
    lines = text.splitlines()
    delimiter = max(",;\t", key=(lines or [""])[0].count)
    rows = csv.DictReader(lines, delimiter=delimiter, restkey="")
    people = [person for row in rows if any(row.values()) and (person := _person(row))]
    if not people:
        raise ValueError(f"students: must be a CSV with a column of names (name, or first name and "
                         f"last name), got {path} with {lines[:1]}")
    names = [person.name for person in people]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"students: must name each once, got {twice!r} twice in {path}; "
                         "add a middle name or number")
    return people


def _person(row):
    row = {title or "": (value or "").strip() if isinstance(value, str) else ""
           for title, value in row.items()}
    by = {re.sub(r"[\W_]", "", title.casefold()): value for title, value in row.items()}
    first = next((by[name] for name in FIRST if by.get(name)), "")
    last = next((by[name] for name in LAST if by.get(name)), "")
    name = next((by[name] for name in NAMES if by.get(name)), f"{first} {last}".strip())
    if not name or name.casefold() in ("points possible", "student, test"):
        return None
    words = key(name).split()
    turned = words[-1:] + words[:-1]
    ways = {"".join(words), "".join(turned), " ".join(words), " ".join(turned)}
    for title, value in by.items():
        if IDENTIFIES.search(title) and len(key(value)) > 2:
            ways |= {key(value), key(value.partition("@")[0])}
    ways = {one for one in ways if len(one) > 2 or not one.isascii()}
    return Person(" ".join(name.split()), row, frozenset(ways))


def due(texts: list[str], assignments: list[str]) -> dict[str, datetime]:
    """{assignment: deadline} of texts like 03=2026-05-09T23:59, in local time.

    Raises
    ------
    ValueError
        Another text, no such assignment.
    """
    found = {}
    for text in texts:
        name, _, when = text.partition("=")
        fitting = [assignment for assignment in assignments if refers_to(name, assignment)]
        try:
            time = datetime.fromisoformat(when)
        except ValueError:
            time = None
        if len(fitting) != 1 or time is None:
            raise ValueError(f"due: must be like 03=2026-05-09T23:59, with one of {assignments}, "
                             f"got {text!r}")
        if "T" not in when and " " not in when:  # a day ends at its end
            time = time.replace(hour=23, minute=59, second=59)
        found[fitting[0]] = time
    return found
