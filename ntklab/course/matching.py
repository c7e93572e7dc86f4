"""Which student handed in which assignment: one decision over a whole folder, in any layout.

The student of a file is, in this order: a person of the roster; whom the platform's own pattern of
names gives; or else the name of the outermost level of folders, or the file's name, at which nearly
every student has one file for each assignment. Additions of platforms, computers and habits to
names (numbers, dates, "final", "(1)", "Copy of", the assignment itself) are removed first. The
assignment is that of the cells, and that of the names only where the cells belong to none.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from ntklab.course import platforms
from ntklab.course.collection import Item
from ntklab.course.names import PART, SUFFIXES, assignment_in, stripped
from ntklab.course.roster import Person, key
from ntklab.course.submissions import Facts


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment: the file that is marked, those beside it."""

    student: str
    assignment: str
    item: Item
    facts: Facts
    ids: dict = field(default_factory=dict)  # what the platform says, see `platforms.unfold`
    helpers: tuple[tuple[str, Item], ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Decision:
    """The submissions of a folder, with their students and assignments; made by `decide`."""

    submissions: list[Submission]  # one for each student and assignment
    students: list[str]
    remarks: list[str]  # on all other files and folders
    ambiguous: list[str]  # why nothing can be marked yet


@dataclass
class _Entry:
    """A file on its way to a student."""

    item: Item
    facts: Facts
    parts: list[str]  # names from the folder down, without the platform's additions
    platform: dict
    named: str = ""  # the assignment that the names mention
    labels: list = field(default_factory=list)  # (index of the part, the part `stripped`)
    depth: int | None = None  # the index of the label that was voted to be the student's
    student: str = ""
    person: Person | None = None
    place: tuple = ()  # the names from the folder down to the student's
    inner: list = field(default_factory=list)  # labels below the student's

    @property
    def assignment(self):
        return self.facts.assignment or self.named


def decide(
    items: list[Item], facts: dict[Item, Facts], assignments: list[str], wanted: set[str],
    people: list[Person] = (),
) -> Decision:
    """Students and assignments of all files; the docstring of the module says how.

    Parameters
    ----------
    items : list of Item
        As `collection.collect` finds them.
    facts : dict
        `submissions.examine` of each item without a problem.
    assignments : list of str
        All that exist, NN_slug.
    wanted : set of str
        Those to be marked.
    people : list of Person, optional
        The roster.
    """
    notes = [item for item in items if platforms.is_note(item)]
    entries = _entries(items, facts, assignments, notes)
    shared = _shared(entries, assignments)
    sole = {e.assignment for e in entries if e.assignment}
    for entry in entries:
        entry.labels = _labels(entry, shared)
    unknown = [e for e in entries if not _known(e)]
    voters = [e for e in unknown if e.facts.assignment] or [e for e in unknown if e.named]
    opened = set()
    _vote(voters, 0, opened)
    for entry in entries:
        _settle(entry, opened, people)
    _cut_shared_words([e for e in unknown if not e.person])
    _unify_spelling(entries)
    decision = _collected(entries, wanted, sole.pop() if len(sole) == 1 else "", assignments)
    if notes:
        some = ", ".join(sorted({item.parts[-1] for item in notes})[:5])
        decision.remarks.append(f"passed over: {len(notes)} of systems and platforms ({some})")
    return decision


def _entries(items, facts, assignments, notes):
    said, passed_over, entries = platforms.read_notes(notes), set(notes), []
    for item in items:
        if item not in passed_over:
            parts, platform = platforms.unfold(item, said)
            mentioned = (assignment_in(part, assignments) for part in reversed(parts))
            found = facts.get(item, Facts(problem=item.problem))
            if when := platforms.handed_in(platform):
                item = replace(item, time=when.timestamp(), clock="platform")
            entries.append(_Entry(item, found, parts, platform, next(filter(None, mentioned), "")))
    return entries


def _shared(entries, assignments):
    """Names of folders and files that hold several assignments, so that they mean none."""
    over = defaultdict(set)
    for entry in entries:
        for part in entry.parts if entry.facts.assignment else ():
            over[part].add(entry.assignment)
    return {part for part, found in over.items()
            if len(found) > 1 or not {assignment_in(part, assignments)} <= found}


def _labels(entry, shared):
    """(index, name) of each part that may be a person's name, without additions.

    Words like "final" are kept where no part would be left without them.
    """
    for noise in (True, False):
        names = [stripped(part, _mentioned(entry, n, shared), n == len(entry.parts) - 1, noise)
                 for n, part in enumerate(entry.parts)]
        found = [(n, name) for n, name in enumerate(names) if name]
        # the name of a section of the class is no student's
        found = [one for one in found[:-1] if not PART.fullmatch(one[1])] + found[-1:]
        if found:
            return found
    return [(len(entry.parts) - 1, SUFFIXES.sub("", entry.parts[-1]))]


def _mentioned(entry, n, shared):
    """The assignments that part `n` of an entry's names may mention."""
    if n == len(entry.parts) - 1:
        return {entry.assignment, entry.named} - {""}
    return set() if entry.parts[n] in shared else {entry.assignment} - {""}


def _vote(entries, depth, opened):
    """Set the depth of each entry: the index of the label that is its student.

    The labels at one depth are students if most of them have one file for each assignment below. A
    label with several files, with names that no label beside it has, is a group of students: its
    place is added to `opened`, and the vote goes on inside it.
    """
    groups, inner = defaultdict(list), defaultdict(set)
    for entry in entries:
        entry.depth = depth  # unless the vote goes on inside its group
        name, *below = (key(label) for _, label in entry.labels[depth:])
        groups[name].append(entry)
        if below:
            inner[name].add((entry.assignment, *below))
    beside = Counter(one for found in inner.values() for one in found)
    classes = {}  # with the number of files that may be those of as many students
    for name, found in inner.items():
        own = Counter(assignment for assignment, *below in found
                      if beside[assignment, *below] == 1)
        if max(own.values(), default=0) > 1:
            classes[name] = max(own.values())
    split = sum(classes.values()) > len(groups) - len(classes)
    for name, members in groups.items():
        holds = name in classes or 2 * len(classes) > len(inner)
        going = [e for e in members if split and holds and len(e.labels) > depth + 1]
        if going:
            opened.add(tuple(key(label) for _, label in going[0].labels[: depth + 1]))
            _vote(going, depth + 1, opened)


def _settle(entry, opened, people):
    """Set the student of an entry, the place of that name, and the labels below it."""
    if _known(entry):
        index, label = entry.platform["index"], entry.platform["who"]
    else:
        if entry.depth is None:
            names = tuple(key(label) for _, label in entry.labels)
            entry.depth = next((n for n in range(len(names)) if names[: n + 1] not in opened),
                               len(names) - 1)
        index, label = entry.labels[entry.depth]
        entry.inner = entry.labels[entry.depth + 1 :]
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
    """Whether a platform says who handed the entry in."""
    return "who" in entry.platform


def _of(people, text):
    """The only person of the roster whose name is this text, or the longest part of it; or None."""
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
    """Remove words that all names begin with, or all end with, such as the name of the course."""
    names = {entry.student for entry in entries}
    for turn in (1, -1):
        while len(names) > 2:
            words = [re.match(r"[^\s_-]+[\s_-]+", name[::turn]) for name in names]
            cuts = {word[0] if word else "" for word in words}
            length = len(next(iter(cuts)))
            left = {name[::turn][length:][::turn] for name in names}
            if len(cuts) > 1 or not length or len({key(name) for name in left}) < len(names):
                break
            if not all(re.search(r"[^\W\d_]{2}|[^\W\d_a-z]", name, re.I) for name in left):
                break
            for entry in entries:
                entry.student = entry.student[::turn][length:][::turn]
            names = left


def _unify_spelling(entries):
    """Give names that differ in case or separators only the spelling of the first of them."""
    spelled = {}
    for entry in entries:
        entry.student = spelled.setdefault(key(entry.student), entry.student)


def _collected(entries, wanted, sole, assignments):
    """The `Decision`: the file that counts for each student and assignment, remarks on the others.

    `sole` is the only assignment of the folder, or "".
    """
    candidates, rest, remarks = _candidates(entries, assignments)
    chosen, ambiguous = {}, []
    for (student, assignment), mine in candidates.items():
        notebooks = [e for e in mine if e.facts.assignment]
        imported = frozenset().union(*(e.facts.imports for e in notebooks))
        notebooks = [e for e in notebooks if _module(e) not in imported] or notebooks
        if notebooks:  # the others have nothing but a name, or are imported by a notebook
            rest += [e for e in mine if e not in notebooks]
            mine = notebooks
        if assignment not in wanted:
            continue
        best = max(mine, key=_worth)
        ambiguous += _clash(student, assignment, mine)
        remarks += [f"{other.item.name}: not marked, {_better(best, other)}"
                    for other in mine if other is not best]
        chosen[student, assignment] = best
    helpers = _assign_rest(rest, chosen, wanted, sole, remarks)
    found = []
    for (student, assignment), entry in sorted(chosen.items(), key=lambda one: one[0]):
        remark = entry.facts.problem
        if not remark and entry.facts.assignment != assignment:
            remark = f"nothing in this file belongs to assignment {assignment[:2]}: the wrong file?"
        beside = sorted(helpers[student, assignment], key=lambda one: one[0])
        found.append(Submission(student, assignment, entry.item, entry.facts, entry.platform,
                                tuple(beside), remark))
        if remark:
            remarks.append(f"{entry.item.name}: {remark}")
    names = {e.student for e in entries if e.assignment or e.item.problem}
    names |= {student for student, _ in chosen}
    return Decision(found, sorted(names, key=key), remarks, ambiguous)


def _candidates(entries, assignments):
    """({(student, assignment): files that may be that submission}, all other files, remarks)."""
    candidates, rest, remarks = defaultdict(list), [], []
    for entry in entries:
        facts = entry.facts
        if facts.assignment or (entry.named and facts.code and not facts.lecture):
            candidates[entry.student, entry.assignment].append(entry)
        else:
            rest.append(entry)
        named = assignment_in(entry.parts[-1], assignments)
        if facts.assignment and named not in ("", facts.assignment):
            number = facts.assignment[:2]
            remarks.append(f"{entry.item.name}: marked as {number}: its cells belong to assignment "
                           f"{number}, its name says {named[:2]}")
        if facts.remark:
            remarks.append(f"{entry.item.name}: {facts.remark}")
    return candidates, rest, remarks


def _assign_rest(rest, chosen, wanted, sole, remarks):
    """Helpers of the chosen files, {(student, assignment): [(name, item)]}.

    A file that is no helper joins `chosen` where nothing else was handed in; else it is remarked.
    """
    helpers = defaultdict(list)
    for entry in rest:
        why = entry.facts.problem
        at = entry.named if entry.named in wanted else ""
        somebodys = len(entry.parts) > 1 or entry.facts.code or why.startswith("the folder")
        if not entry.named and sole in wanted and somebodys:
            at = sole
        if _helps(entry, chosen, helpers):
            continue
        if entry.facts.lecture:
            remarks.append(f"{entry.item.name}: not marked, it is a lecture")
        elif at and (entry.student, at) not in chosen and (why or entry.facts.code):
            chosen[entry.student, at] = entry
        else:
            why = why or ("nothing tells the assignment; name it like 03_NAME.py"
                          if entry.facts.code else "no notebook")
            remarks.append(f"{entry.item.name}: not marked, {why}")
    return helpers


def _worth(entry):
    """Sort key: files with answers rank above those without, then the newest, then the fullest."""
    answers = entry.facts.answered
    return answers > 0, entry.item.time, answers, entry.item.name


def _better(best, other):
    """Why the file `best` is marked and `other` is not, in words."""
    name = best.item.name
    if best.facts.digest == other.facts.digest:
        return f"{name} is the same"
    if best.facts.answered and not other.facts.answered:
        return f"it holds no answer, {name} does"
    if best.item.time > other.item.time:
        return f"{name} of the same student is newer"
    return f"{name} of the same time answers as much or more"


def _clash(student, assignment, mine):
    """Messages about files with different answers from places that may be different people's."""
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


def _helps(entry, chosen, helpers):
    """Whether a file lies beside or below a chosen notebook; if so it is added to its helpers."""
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
            helpers[student, assignment].append(("/".join([*below, name]), entry.item))
            helped = True
    return helped


def _module(entry):
    """The name under which a notebook may import a file, or ""; Canvas appends numbers to it."""
    name = re.fullmatch(r"(\w+?)(?:-\d{1,2})?\.py", entry.parts[-1])
    return name[1] if name else ""
