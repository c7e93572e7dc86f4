"""Who handed in what: one decision over a whole folder, whatever its layout.

The student is told, in this order, by the roster, by the platform's own pattern of names, or by
what differs: the outermost level of folders, or the file's name, at which nearly everybody has one
file an assignment. What platforms, computers and habits add to names (numbers, dates, "final",
"(1)", "Copy of", the assignment itself) is taken off first. The assignment is told by the cells,
and by names only where these say nothing.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

from ntklab.course.names import PART, SUFFIXES, bare, told_by_name
from ntklab.course.roster import Person, key
from ntklab.course.submissions import Facts
from ntklab.course.tray import Item

NOBODY = "participant|teilnehmer(?:in)?|submission|student|user|anonymous"

# How platforms name what they deliver: whose it is, the number they know them by, when, what.
PLATFORMS = tuple(re.compile(pattern, re.I) for pattern in (
    r"(?P<who>.+?)_(?P<id>\d+)_assign(?:submission|feedback)_(?:file|onlinetext)_?(?P<rest>.*)",
    r"(?P<who>[^_]+)_(?:(?P<late>late)_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)",  # Canvas
    r"(?P<task>.*?)_(?P<who>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})_?(?P<rest>.*)",  # Blackboard
    r"\d+-(?P<id>\d+) - (?P<who>.+?) - (?P<time>[a-z]{3,9} \d\d?, \d{4} \d{3,4} [ap]m)"
    r"(?: - (?P<rest>.+))?",  # Brightspace
    r"(?P<who>[^+]+)\+(?P<task>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^+]*(?:\+.*)?",
))  # the last is nbgrader's exchange
NOTES = re.compile(r"timestamps?\.txt|comments\.txt|submission_metadata\.yml|index\.html"
                   r"|.*_attempt_\d{4}(?:-\d\d){5}\.txt", re.I)  # not handed in by anybody
CLOCKS = ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%Y-%m-%d %H:%M:%S")



@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment: the file that is marked, those beside it."""

    student: str
    assignment: str
    item: Item
    facts: Facts
    ids: dict = field(default_factory=dict)  # as platforms know it: {"Moodle": "Anna_12_…", …}
    helpers: tuple[tuple[str, Item], ...] = ()
    late: bool = False  # by the platform's word
    remark: str = ""


@dataclass(frozen=True)
class Decision:
    """Who is who, before anything runs."""

    submissions: list[Submission]  # one a student and assignment
    students: list[str]
    remarks: list[str]  # what is to be said of every other file and folder
    ambiguous: list[str]  # why nothing can be marked yet


@dataclass
class _Entry:
    """A file on its way to a student."""

    item: Item
    facts: Facts
    parts: list[str]  # names, after a platform's were unfolded
    platform: dict
    named: str = ""  # the assignment by names
    labels: list = field(default_factory=list)  # (index of the part, what is left of it)
    student: str = ""
    person: Person | None = None
    place: tuple = ()  # the names down to the student's
    inner: list = field(default_factory=list)  # labels below

    @property
    def assignment(self):
        return self.facts.told or self.named


def decide(
    items: list[Item], facts: dict[Item, Facts], assignments: list[str], wanted: set[str],
    people: list[Person] = (),
) -> Decision:
    """Students and assignments of all files; see the module for how.

    Parameters
    ----------
    items : list of Item
        As `tray.collect` finds them.
    facts : dict
        What `submissions.examine` says of each item without a problem.
    assignments : list of str
        All there are, NN_slug.
    wanted : set of str
        Those to be marked.
    people : list of Person, optional
        The roster.
    """
    notes = [item for item in items if item.junk or NOTES.fullmatch(item.parts[-1])]
    written = _written(notes)
    entries = [
        _entry(item, facts.get(item, Facts(problem=item.problem)), assignments, written)
        for item in items if item not in set(notes)
    ]
    shared = _shared(entries, assignments)
    sole = {e.assignment for e in entries if e.assignment}
    for entry in entries:
        entry.labels = _labels(entry, shared)
    voters = [e for e in entries if e.facts.told and not _known(e) and e.labels]
    voters = voters or [e for e in entries if e.named and not _known(e) and e.labels]
    levels, opened = {}, set()
    _vote(voters, 0, levels, opened)
    for entry in entries:
        _settle(entry, levels, opened, people)
    _cut_shared_words([e for e in entries if not _known(e) and not e.person])
    _spell(entries)
    decision = _collected(entries, wanted, sole.pop() if len(sole) == 1 else "", assignments)
    if notes:
        some = ", ".join(sorted({item.parts[-1] for item in notes})[:5])
        decision.remarks.append(f"passed over: {len(notes)} of systems and platforms ({some})")
    return decision


def _written(notes):
    """What platforms wrote beside what was handed in: {folder: who or when}."""
    found = {}
    for note in notes:
        if note.junk or note.problem or note.path.stat().st_size > 2**22:
            continue
        text = note.path.read_text(encoding="utf-8", errors="replace")
        if note.parts[-1] == "timestamp.txt":  # nbgrader's
            found[note.parts[:-1]] = {"time": text.strip()[:19]}
        elif note.parts[-1] == "submission_metadata.yml":  # Gradescope's
            for one in re.split(r"^(?=\S)", text, flags=re.M):
                names = re.findall(r"^[\s-]+:?name: (.+)$", one, re.M)
                who = " & ".join(name.strip("\"' ") for name in names)
                if who:
                    found[*note.parts[:-1], one.partition(":")[0].strip()] = {"who": who}
    return found


def _entry(item, facts, assignments, written):
    parts, platform = [], {}
    for number, part in enumerate(item.parts):
        last = number == len(item.parts) - 1
        name = part if last else SUFFIXES.sub("", part)
        matches = (m for pattern in PLATFORMS if (m := pattern.fullmatch(name)))
        match = None if "who" in platform else next(matches, None)
        if match:
            found = match.groupdict()
            platform = {name: text for name, text in found.items() if text} | {"raw": part}
            parts += [text for text in (found.get("task"),) if text]
            platform["index"] = len(parts)
            if re.fullmatch(NOBODY, found["who"], re.I):  # marked blindly
                platform["who"] = found["who"] = f"{found['who']} {found['id']}"
            parts += [found["who"], *([found["rest"]] if found.get("rest") else [])]
        else:
            parts.append(part)
        told = written.get(item.parts[: number + 1], {})
        if "who" in told and "who" not in platform:
            platform = {"index": len(parts) - 1, "raw": part}
        platform |= told
    entry = _Entry(item, facts, parts, platform)
    named = (told_by_name(part, assignments) for part in reversed(parts))
    entry.named = next(filter(None, named), "")
    return entry


def _shared(entries, assignments):
    """Names that stand over several assignments, and so tell none."""
    over = defaultdict(set)
    for entry in entries:
        for part in entry.parts if entry.facts.told else ():
            over[part].add(entry.assignment)
    return {part for part, found in over.items()
            if len(found) > 1 or not {told_by_name(part, assignments)} <= found}


def _labels(entry, shared):
    """What is left of each name; where nothing is left of all, what is left without the task."""
    for noise in (True, False):
        found = [
            (n, label) for n, part in enumerate(entry.parts)
            if (label := bare(part, _told_by(entry, n, shared), n == len(entry.parts) - 1, noise))
        ]
        if len(found) > 1:  # parts of a class are nobody, if somebody is inside
            found = [one for one in found[:-1] if not PART.fullmatch(one[1])] + found[-1:]
        if found:
            return found
    return [(len(entry.parts) - 1, SUFFIXES.sub("", entry.parts[-1]))]


def _told_by(entry, n, shared):
    """The assignments that may stand in a name."""
    last = n == len(entry.parts) - 1
    own = [] if entry.parts[n] in shared and not last else [entry.assignment]
    return {name for name in [*own, *([entry.named] if last else [])] if name}


def _vote(entries, depth, levels, opened):
    """Fill `levels`: at which of its labels each entry's student stands.

    At each level the labels are students if most have one file an assignment under them; a label
    with several, told apart by names that nobody beside it has, holds a class.
    """
    groups = defaultdict(list)
    for entry in entries:
        groups[key(entry.labels[depth][1])].append(entry)
    inner = {name: defaultdict(set) for name in groups}
    for name, members in groups.items():
        for entry in members:
            if len(entry.labels) > depth + 1:
                rest = tuple(key(label) for _, label in entry.labels[depth + 1 :])
                inner[name][entry.assignment].add(rest)
    classes, several, single = set(), 0, 0
    for name, found in inner.items():
        own = [
            labels - set().union(*(inner[other].get(a, set()) for other in groups if other != name))
            for a, labels in found.items()
        ] if len(groups) < 500 else [labels for labels in found.values()]
        most = max(map(len, own), default=0)
        if most > 1:
            classes.add(name)
            several += most
        else:
            single += 1
    split = several > single
    deeper = [name for name in groups if inner[name]]
    for name, members in groups.items():
        holds = name in classes or 2 * len(classes) > len(deeper)
        going = [e for e in members if split and holds and len(e.labels) > depth + 1]
        for entry in members:
            if entry not in going:
                levels[id(entry)] = depth
        if going:
            opened.add(tuple(key(label) for _, label in going[0].labels[: depth + 1]))
            _vote(going, depth + 1, levels, opened)


def _settle(entry, levels, opened, people):
    """The student of an entry, where that stands, and the labels below."""
    depth = levels.get(id(entry))
    if _known(entry):
        index, label = entry.platform["index"], entry.platform["who"]
        entry.inner = []
    else:
        if depth is None:
            names = tuple(key(label) for _, label in entry.labels)
            depth = next((n for n in range(len(names)) if names[: n + 1] not in opened),
                         len(names) - 1)
        index, label = entry.labels[depth]
        entry.inner = entry.labels[depth + 1 :]
    person = next(filter(None, (_of(people, text) for text in (label, entry.parts[index]))), None)
    if person is None and people:
        texts = [*entry.labels, *enumerate(entry.parts)]
        known = ((n, found) for n, text in texts if (found := _of(people, text)))
        if found := next(known, None):
            index, person = found
            entry.inner = [one for one in entry.labels if one[0] > index]
    entry.student, entry.person = person.name if person else label, person
    entry.place = tuple(entry.parts[: index + 1])
    if "id" in entry.platform:
        entry.place = (entry.platform["who"], entry.platform["id"])


def _known(entry):
    """Whether a platform says whose it is."""
    return "who" in entry.platform


def _of(people, text):
    """The only person of a roster that goes by this name, or by a part of it, the longest."""
    plain = key(SUFFIXES.sub("", text))
    ways = {plain, plain.replace(" ", "")}
    lengths = {person: 1000 for person in people if ways & person.keys} or {
        person: max((len(k) for k in person.keys if f" {k} " in f" {plain} "), default=0)
        for person in people
    }
    most = max(lengths.values(), default=0)
    found = [person for person, length in lengths.items() if length == most]
    return found[0] if most and len(found) == 1 else None


def _cut_shared_words(entries):
    """Take off words that every name begins or ends with, such as a course's."""
    names = {entry.student for entry in entries}
    for pattern, turn in ((r"[^\s_-]+[\s_-]+", 1), (r"[^\s_-]+[\s_-]+", -1)):
        while len(names) > 2:
            cuts = {(m[0] if (m := re.match(pattern, name[::turn])) else "") for name in names}
            length = len(next(iter(cuts)))
            left = {name[::turn][length:][::turn] for name in names}
            if len(cuts) > 1 or not length or len({key(name) for name in left}) < len(names):
                break
            if not all(re.search(r"[^\W\d_]{2}|[^\W\d_a-z]", name, re.I) for name in left):
                break
            for entry in entries:
                entry.student = entry.student[::turn][length:][::turn]
            names = left


def _spell(entries):
    """One spelling for names that differ in case or in separators only."""
    spelled = {}
    for entry in entries:
        entry.student = spelled.setdefault(key(entry.student), entry.student)


def _collected(entries, wanted, sole, assignments):
    """The file that counts of each student and assignment; a remark on each other one."""
    remarks, ambiguous, held, rest = [], [], defaultdict(list), []
    for entry in entries:
        if entry.facts.told or (entry.named and entry.facts.code and not entry.facts.lecture):
            held[entry.student, entry.assignment].append(entry)
        else:
            rest.append(entry)
        if entry.facts.told and entry.named and entry.named != entry.facts.told:
            named = [n for p in entry.parts[-1:] if (n := told_by_name(p, assignments))]
            if named and named[0] != entry.facts.told:
                told = f"its cells belong to assignment {entry.facts.told[:2]}"
                remarks.append(f"{entry.item.name}: marked as {entry.facts.told[:2]}: {told}, "
                               f"its name says {named[0][:2]}")
        if entry.facts.remark:
            remarks.append(f"{entry.item.name}: {entry.facts.remark}")
    chosen = {}
    for (student, assignment), mine in held.items():
        told = [e for e in mine if e.facts.told]
        imported = frozenset().union(*(e.facts.imports for e in told))
        told = [e for e in told if _module(e) not in imported] or told
        if told:  # neither a name alone nor what a notebook imports is one
            rest += [e for e in mine if e not in told]
            mine = told
        if assignment not in wanted:
            continue
        best = max(mine, key=_worth)
        ambiguous += _clash(student, assignment, mine)
        for other in mine:
            if other is not best:
                remarks.append(f"{other.item.name}: not marked, {_better(best, other)}")
        chosen[student, assignment] = best
    beside, others = defaultdict(list), []
    for entry in rest:
        why = entry.facts.problem or entry.item.problem
        at = entry.named if entry.named in wanted else ""
        somebodys = len(entry.parts) > 1 or entry.facts.code or why.startswith("the folder")
        if not entry.named and sole in wanted and somebodys:
            at = sole
        if (why or not entry.facts.lecture) and _helps(entry, chosen, beside):
            continue
        if entry.facts.lecture:
            remarks.append(f"{entry.item.name}: not marked, it is a lecture")
        elif at and (entry.student, at) not in chosen and (why or entry.facts.code):
            chosen[entry.student, at] = entry
        else:
            others.append(entry)
            why = why or ("nothing tells the assignment; name it like 03_NAME.py"
                          if entry.facts.code else "no notebook")
            remarks.append(f"{entry.item.name}: not marked, {why}")
    found = []
    for (student, assignment), entry in sorted(chosen.items(), key=lambda one: one[0]):
        remark = entry.facts.problem or entry.item.problem
        if not remark and entry.facts.told != assignment:
            remark = f"nothing in this file belongs to assignment {assignment[:2]}: the wrong file?"
        helpers = sorted(beside[student, assignment], key=lambda one: one[0])
        found.append(Submission(student, assignment, _timed(entry), entry.facts, entry.platform,
                                tuple(helpers), "late" in entry.platform, remark))
        if remark:
            remarks.append(f"{entry.item.name}: {remark}")
    names = {e.student for e in entries if e.assignment or (e.item.problem and len(e.parts) > 0)}
    names |= {student for student, _ in chosen}
    return Decision(found, sorted(names, key=key), remarks, ambiguous)


def _worth(entry):
    """Files that hold answers before those that do not, then the newest, then the fuller one."""
    holds = entry.facts.answered > 0
    return holds, _timed(entry).time, entry.facts.answered, entry.item.name


def _better(best, other):
    name = best.item.name
    if best.facts.digest == other.facts.digest:
        return f"{name} is the same"
    if best.facts.answered and not other.facts.answered:
        return f"it holds no answer, {name} does"
    if _timed(best).time > _timed(other).time:
        return f"{name} of the same student is newer"
    return f"{name} of the same time answers as much or more"


def _clash(student, assignment, mine):
    """Files with different answers from places that may be different people's."""
    held = [e for e in mine if e.facts.answered]
    if len({e.facts.digest for e in held}) < 2:
        return []
    places = defaultdict(list)
    for entry in held:
        top = entry.place if _known(entry) else (*entry.place[:-1], "")
        folder = len(entry.place) < len(entry.parts) and not _known(entry)
        places[entry.place if folder else top].append(entry)
    inner = {key(e.inner[0][1]) for e in held if e.inner}
    folders = {key(e.inner[0][1]) for e in held if e.inner and e.inner[0][0] < len(e.parts) - 1}
    if len(places) < 2 and len(folders) < 2 and len(inner) < 3:
        return []
    count = max(len(places), len(folders), len(inner))
    names = ", ".join(e.item.name for e in held[:4]) + (", …" if len(held) > 4 else "")
    return [f"{count} places would count as one student {student!r} in assignment "
            f"{assignment[:2]}: {names}; rename or remove those that are not theirs"]


def _helps(entry, chosen, beside):
    """Whether a file lies beside or below a notebook that is marked, and so goes with it."""
    if entry.item.problem or entry.facts.lecture:
        return False
    folder, helped = entry.parts[:-1], False
    for (student, assignment), best in chosen.items():
        own = best.parts[:-1]
        if student == entry.student and (_known(entry) or entry.place == best.place) and (
            folder[: len(own)] == own or own[: len(folder)] == folder
        ):
            below = folder[len(own) :] if folder[: len(own)] == own else []
            name = f"{_module(entry)}.py" if _module(entry) else entry.parts[-1]
            beside[student, assignment].append(("/".join([*below, name]), entry.item))
            helped = True
    return helped


def _module(entry):
    """The name under which a notebook may import a file; Canvas counts copies behind it."""
    name = re.fullmatch(r"(\w+?)(?:-\d{1,2})?\.py", entry.parts[-1])
    return name[1] if name else ""


def _timed(entry):
    """The item with the time that the platform's name tells, if it tells one."""
    for form in CLOCKS if "time" in entry.platform else ():
        try:
            when = datetime.strptime(entry.platform["time"].strip(), form)
        except ValueError:
            continue
        return replace(entry.item, time=when.timestamp(), clock="platform")
    return entry.item
