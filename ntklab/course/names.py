"""Names of files and folders: the assignment they mention, and the person's name inside them."""

import re

SUFFIXES = re.compile(r"\.(?:py|ipynb|txt|json|html?|zip|md|pdf|docx?)$", re.I)
TASK = (r"assignments?|home ?works?|hw|exercises?|exercice|problems?|problem ?sets?|psets?|ps|sheet"
        r"|lab|week|wk|tasks?|blatt|übung(?:en|sblatt)?|uebung(?:en|sblatt)?|aufgaben?|abgaben?|devoir"
        r"|tarea|td|tp|serie")
NOISE = (r"submissions?|submitted|attachments?|solutions?|solved|notebooks?|answers?|attempt|draft"
         r"|final|late|version|done|new|old|fixed|corrected|updated|resubmission|copy|copie|kopie|kopia"
         r"|copia|export|download(?:s|ed)?|files?|lectures?|untitled|unpacked|autograded|feedback")
# names of students as a whole, even if they look like an assignment's name or an id
WHOLE = re.compile(
    r"(?:group|gruppe|team|student|user|participant|teilnehmer(?:in)?|submission|pair|seat)"
    r"[\W_]*\w?\d+|\d+(?:[-. /]\d+)+|\d{4,}", re.I)
PART = re.compile(r"(?:section|sektion|tut|tutorial|tutorium|batch|part|period|class|room|course"
                  r"|kurs)[\W_]*\w{1,4}", re.I)  # no student where others are below
DATE = re.compile(
    r"(?<!\d)(?:20\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:[0-2]\d|3[01])"
    r"(?:[-_ T]+(?:at )?\d\d[-_.:h]?\d\d(?:[-_.:]?\d\d)?)?"
    r"|(?:[a-z]{3,9} \d\d?, 20\d\d)(?: \d{3,4} [ap]m)?)(?!\d)", re.I)
ID = re.compile(r"(?<![^\W_])\d{4,}(?![^\W_])")
COPY = re.compile(r"\s*\(\d+\)$|[-_ ]+cop(?:y|ie)(?: \d+)?$|[-_ ]+kopie$", re.I)
COUNT = re.compile(r"(?<=\w)[-_ ]\d{1,2}$")
LETTER = re.compile(r"[^\W\d_]")
NUMBERED = rf"(?<![^\W\d_])(?:{TASK})[\s_#.-]*(?:no\.?)?\d{{1,2}}(?!\d)"
GLUED = r"(?<=[a-z])(?:HW|Hw|PS|Homework|Assignment|Exercise|Week)_?\d{1,2}(?!\d)"
COPY_OF = re.compile(r"(?:^|(?<=[ _-]))(?:copy of|kopie von|copie de|copia de)[ _-]+|^copy[ _-]+",
                     re.I)


def refers_to(name, assignment):
    """Whether a teacher's `name`, such as 03 or 03_slug, means NN_slug."""
    return assignment == name or assignment.startswith(f"{name}_")


def chosen(argument, wanted, paths):
    """Of files NN_slug.py those that a teacher's names mean; all where none is wanted."""
    stems = [path.stem for path in paths]
    for name in wanted or ():
        if not any(refers_to(name, stem) for stem in stems):
            raise ValueError(f"{argument}: must be among {stems}, got {name!r}")
    return [path for path in paths
            if not wanted or any(refers_to(name, path.stem) for name in wanted)]


def assignment_in(part, assignments):
    """The assignment that the name of a file or folder mentions, or ""."""
    stem = SUFFIXES.sub("", SUFFIXES.sub("", part))
    for assignment in assignments:
        if re.search(_slug(assignment), stem, re.I):
            return assignment
    if WHOLE.fullmatch(stem):
        return ""
    number = re.search(rf"(?<![^\W\d_])(?:{TASK})[\s_#.-]*(?:no\.?)?0?(\d)(?!\d)", stem, re.I) \
        or re.search(r"^0?(\d)(?![\d.])(?![-. ]\d)|(?:^|[ _-])0(\d)(?!\d)", stem) \
        or re.search(r"^[^\W\d_]+0(\d)$", stem)
    digit = number and number[number.lastindex]
    return next((one for one in assignments if digit and int(one[:2]) == int(digit)), "")


def _slug(assignment):
    number, *words = assignment.split("_")
    return rf"(?<!\d)0?{int(number)}[\W_]*" + r"[\W_]*".join(words)


def stripped(part, assignments, is_file, noise):
    """A name without what was added to a person's, or "" if nothing else was in it.

    `assignments` are those it may mention; `noise` tells whether words like "final" go, too.
    """
    text = part
    for _ in range(3):
        text = SUFFIXES.sub("", text)
    if is_file:
        text = COPY.sub("", COPY.sub("", COPY_OF.sub("", text)))
    if WHOLE.fullmatch(text):
        return text
    text = DATE.sub("_", text)
    # words of a file's name stand between separators; spaces in a folder's are a name's own
    edge = r"(?<![^\W_])(?:{})(?![^\W_])"
    word = edge if is_file else r"(?<![^_-])(?:{})(?![^_-])"
    if is_file:
        text = re.sub(edge.format(r"v(?:ersion)?[\W_]?\d{1,2}"), "_", text, flags=re.I)
    whole = text
    for assignment in sorted(assignments):
        text = re.sub(_slug(assignment), " ", text, count=1, flags=re.I)
    before = text
    text = re.sub(NUMBERED, "_", text, flags=re.I)
    text = re.sub(GLUED, "_", text)
    if not is_file and before != text and re.search(r"^[^_].*-\d{3,}$", text):
        return ""  # "COURSE-Homework 3-4711" is a download, not a person
    # where "hw3" stood, another 3 is a name's own
    for assignment in sorted(assignments) if text == whole else ():
        n = int(assignment[:2])
        glued = rf"(?:(?<![^\W_])[aep])?(?<!\d)(?:0{n}(?!\d)|{n}(?![^\W_]))"
        own = edge.format(f"0?{n}")
        own = own if not is_file or re.search(own, text) else glued
        text = re.sub(own, "_", text, count=1)
    left = COUNT.sub("", text.rstrip("_ ")) if is_file else text
    if LETTER.search(left) and not WHOLE.fullmatch(text.strip("_ ")):
        text = left
    if re.fullmatch(rf"(?:[\W_]*(?:{TASK}{'|' + NOISE if noise else ''}|\d)(?![^\W\d_]))+[\W_]*",
                    text, re.I) and LETTER.search(text):
        return ""
    text = re.sub(word.format(TASK), "_", text, flags=re.I)
    if noise:
        text = re.sub(word.format(NOISE), "_", text, flags=re.I)
    if LETTER.search(ID.sub("", text)):
        text = ID.sub("_", text)
    text = re.sub(r"([ _-])[ _-]*_[ _-]*|_[ _-]+", lambda m: m[1] or "_", text)
    text = re.sub(r"[\s_]+(?=[\s_])", "", text).strip(" _-.,;:#+[]{}").strip()
    text = text.removesuffix("()").strip(" _-")
    return text if re.search(r"\w", text.replace("_", "")) else ""
