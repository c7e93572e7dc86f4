"""Learning platforms: what their names of files and their own notes say of a submission.

Moodle, Canvas, Blackboard, Brightspace, Gradescope and nbgrader's exchange put the student, a
number, a time into the names of files and folders, or into files beside them.
"""

import contextlib
import re
from collections.abc import Iterable
from datetime import datetime

from ntklab.course.collection import Item
from ntklab.course.names import SUFFIXES

ANONYMOUS = "participant|teilnehmer(?:in)?|submission|student|user|anonymous"

# the student, the platform's number of the student, the time, the file's own name
PATTERNS = tuple(re.compile(pattern, re.I) for pattern in (
    r"(?P<who>.+?)_(?P<id>\d+)_assign(?:submission|feedback)_(?:file|onlinetext)_?(?P<rest>.*)",
    r"(?P<who>[^_]+)_(?:(?P<late>late)_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)",  # Canvas
    r"(?P<task>.*?)_(?P<who>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})_?(?P<rest>.*)",  # Blackboard
    r"\d+-(?P<id>\d+) - (?P<who>.+?) - (?P<time>[a-z]{3,9} \d\d?, \d{4} \d{3,4} [ap]m)"
    r"(?: - (?P<rest>.+))?",  # Brightspace
    r"(?P<who>[^+]+)\+(?P<task>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^+]*(?:\+.*)?",
))  # the first is Moodle, the last nbgrader's exchange
NOTES = re.compile(r"timestamps?\.txt|comments\.txt|submission_metadata\.yml|index\.html"
                   r"|.*_attempt_\d{4}(?:-\d\d){5}\.txt", re.I)
TIMES = ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%Y-%m-%d %H:%M:%S")


def is_note(item: Item) -> bool:
    """Whether a platform or an operating system wrote this file, and no student."""
    return item.junk or NOTES.fullmatch(item.parts[-1]) is not None


def read_notes(notes: Iterable[Item]) -> dict[tuple, dict]:
    """{names down to a folder: {"who": student} or {"time": time}} from the notes of platforms."""
    found = {}
    for note in notes:
        if note.junk or note.problem or note.path.stat().st_size > 2**22:
            continue
        text = note.path.read_text(encoding="utf-8", errors="replace")
        if note.parts[-1] == "timestamp.txt":  # nbgrader
            found[note.parts[:-1]] = {"time": text.strip()[:19]}
        elif note.parts[-1] == "submission_metadata.yml":  # Gradescope
            for entry in re.split(r"^(?=\S)", text, flags=re.M):
                names = re.findall(r"^[\s-]+:?name: (.+)$", entry, re.M)
                who = " & ".join(name.strip("\"' ") for name in names)
                if who:
                    found[*note.parts[:-1], entry.partition(":")[0].strip()] = {"who": who}
    return found


def unfold(item: Item, notes: dict[tuple, dict]) -> tuple[list[str], dict]:
    """(names from the folder down without the platform's additions, what the platform says).

    The latter has some of: who, id, file, task, time, late, rest as in `PATTERNS`; raw, the name as
    it was; index, the place of the student among the names. `notes` are those of `read_notes`.
    """
    parts, platform = [], {}
    for number, part in enumerate(item.parts):
        name = part if number == len(item.parts) - 1 else SUFFIXES.sub("", part)
        matches = (match for pattern in PATTERNS if (match := pattern.fullmatch(name)))
        match = None if "who" in platform else next(matches, None)
        if match:
            platform = {name: text for name, text in match.groupdict().items() if text}
            if "id" in platform and re.fullmatch(ANONYMOUS, platform["who"], re.I):
                platform["who"] += f" {platform['id']}"
            platform |= {"raw": part, "index": len(parts) + ("task" in platform)}
            parts += [platform[name] for name in ("task", "who", "rest") if name in platform]
        else:
            parts.append(part)
        note = notes.get(item.parts[: number + 1], {})
        if "who" in note and "who" not in platform:
            platform = {"index": len(parts) - 1, "raw": part}
        platform |= note
    return parts, platform


def handed_in(platform: dict) -> datetime | None:
    """The time of the hand-in by the platform, where it gives one in a known form."""
    for form in TIMES if "time" in platform else ():
        with contextlib.suppress(ValueError):
            return datetime.strptime(platform["time"].strip(), form)
    return None
