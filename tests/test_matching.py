"""Who handed in what: whatever is delivered, no file vanishes, nobody is taken for another."""

import os
import re
import unicodedata
import zipfile

import handed_in
import pytest
from handed_in import FIRST, LAYOUTS, MASTERS, NAMES, SECOND, notebook, text, write, zipped

from ntklab.course import collection, matching, planning, roster, submissions


def decided(folder, people=(), wanted=None):
    """(decision, items) of a folder."""
    items = collection.collect(folder, folder.parent / "unpacked")
    facts = {
        item: submissions.examine(item.path, MASTERS)
        for item in items if not item.problem and not item.junk
    }
    return matching.decide(items, facts, list(MASTERS), set(wanted or MASTERS), people), items


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


# -- a class of twelve ---------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_class_in_any_layout(folder, layout):
    """Each has a name of their own, the same in both assignments."""
    where = handed_in.lay_out(folder, layout)
    decision, _ = decided(folder)
    assert decision.ambiguous == []
    names = {}
    for one in decision.submissions:
        number, assignment = where[one.item.name]
        assert one.assignment == assignment
        names.setdefault(number, set()).add(one.student)
    assert all(len(found) == 1 for found in names.values()), names
    assert len(set.union(*names.values())) == len(NAMES)
    expected = len(where) if layout != "student's own names" else len(NAMES)
    assert len(decision.submissions) == expected


OWN = ("groups", "numbers", "matriculation", "accounts", "gradescope")


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name not in OWN])
def test_a_roster_gives_them_their_names_in_any_layout(folder, layout):
    where = handed_in.lay_out(folder, layout)
    people = [
        roster.Person(name, {}, roster._person({"name": name}).keys) for name in NAMES
    ]
    decision, _ = decided(folder, people)
    for one in decision.submissions:
        assert one.student == NAMES[where[one.item.name][0]], one.item.name


# where student number i, called s, puts assignment n; file names alone matter
HABITS = {
    "zip in folder": lambda s, i, n: f"{s}.zip/{s}/homework/0{n}.py",
    "e-mails": lambda s, i, n: f"{s[:3].strip()}{i}@uni.edu/0{n}.py",
    "e-mails of files": lambda s, i, n: f"{s[:3].strip()}{i}@uni.edu_0{n}.py",
    "return box": lambda s, i, n: f"{s}_acc/{n}_return_box/hw.py",
    "a hub's homes": lambda s, i, n: f"home/jupyter-{s}/exercises/0{n}.py",
    "clones of the course": lambda s, i, n: f"{s}/ntklab/exercises/0{n}.py",
    "seats": lambda s, i, n: f"{i + 1}/0{n}.py",
    "seats in files": lambda s, i, n: f"0{n}_{i + 1}.py",
    "level of submissions": lambda s, i, n: f"Assignment {n}/Submissions/{s}/x.py",
    "HW3 - name": lambda s, i, n: f"HW{n} - {s}.py",
    "handed in again": lambda s, i, n: f"{s} HW{n} resubmit 2.py",
    "glued": lambda s, i, n: f"{s.replace(' ', '').lower()}HW{n}.py",
    "3.name": lambda s, i, n: f"{n}.{s}.py",
    "A3_name": lambda s, i, n: f"A{n}_{s}.py",
    "versions": lambda s, i, n: f"{s}_ps0{n}_v3_final(2).py",
    "teams": lambda s, i, n: f"Team {chr(65 + i)}/0{n}.py",
    "groups in files": lambda s, i, n: f"group{i + 1}_hw{n}.py",
    "groups and homework": lambda s, i, n: f"Group {i + 1} - Homework {n}.py",
    "deep": lambda s, i, n: f"2026/spring/NTK/homework/0{n}/{s}/work/x.py",
    "sections of Moodle": lambda s, i, n: (
        f"Section {i % 2}/NTK-HW {n}-88{n}1/{s}_{n}00{i}9_assignsubmission_file_/a.py"
    ),
    "commas": lambda s, i, n: f"Berg{chr(97 + i)}, {s}/0{n}.py",
    "number behind": lambda s, i, n: f"{s}_{20123450 + i}/blatt0{n}.py",
    "one first name": lambda s, i, n: f"0{n}/Anna {chr(65 + i)}berg.py",
    "moments": lambda s, i, n: f"2026-05-0{n} 12.3{i % 10}.00 {s} Assignment {n}.py",
    "attempts": lambda s, i, n: f"{s}/attempt {1 + i % 3}/0{n}.py",
    "a department's": lambda s, i, n: f"CS-{s}-0{n}.py",
    "marked blindly": lambda s, i, n: f"Participant_{1000 + i}_assignsubmission_file_/0{n}.py",
    "hashes": lambda s, i, n: f"{i * 7919:08x}/0{n}.py",
    "folder of both": lambda s, i, n: f"03-04/{s}/0{n}.py",
    "numbers of Classroom": lambda s, i, n: f"hw{n}-{1234567 + i}/x.py",
    "second and third": lambda s, i, n: f"0{n}/Max {i + 1}th.py",
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_class_with_any_habit(habit):
    items, facts = {}, {}
    for number, name in enumerate(NAMES):
        for n, assignment in ((3, FIRST), (4, SECOND)):
            path = HABITS[habit](name, number, n)
            item = collection.Item(tuple(path.split("/")), handed_in.COURSE / path)
            items[item] = number, assignment
            facts[item] = submissions.Facts(assignment, 2, code=True, digest=path)
    decision = matching.decide(list(items), facts, list(MASTERS), set(MASTERS))
    names = {}
    for one in decision.submissions:
        names.setdefault(items[one.item][0], set()).add(one.student)
    assert not decision.ambiguous and len(decision.submissions) == len(items), decision
    assert all(len(found) == 1 for found in names.values()), names
    assert len(set.union(*names.values())) == len(NAMES), names


def test_a_large_class_takes_no_time(folder):
    names = [f"student{n} of{n % 7}" for n in range(40)]
    where = handed_in.lay_out(folder, "moodle wrapper", names)
    items = collection.collect(folder, folder.parent)
    facts = {item: submissions.Facts(assignment=where[item.name][1], answered=1, code=True,
                                     digest=item.name) for item in items}
    copies, many = [], {}
    for item in items:
        for n in range(25):
            parts = (*item.parts[:-2], f"{n}x {item.parts[-2]}", item.parts[-1])
            copies.append(collection.Item(parts, item.path))
            many[copies[-1]] = facts[item]
    decision = matching.decide(copies, many, list(MASTERS), set(MASTERS))
    assert len(decision.submissions) == 2000 and not decision.ambiguous


# -- the table -----------------------------------------------------------------------------------

ESCAPE = "\x1b[2J"
SHOWN = collection.printable(ESCAPE)
LATIN = b"Zo\xeb M\xfcller".decode("utf-8", "surrogateescape")
NFC, NFD = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
LECTURE = (handed_in.COURSE / "lectures" / "03_eigenfunctions.py").read_text(encoding="utf-8")
STUB = text(FIRST, answered=False)
PDF = b"%PDF-1.7\n" + bytes(100)
OTHERS = "def sort(x):\n    return sorted(x)\n"
COLAB = '''# -*- coding: utf-8 -*-
"""03_eigenfunctions.ipynb

Automatically generated by Colab.
"""

import sys

if "google.colab" in sys.modules:  # elsewhere the course is installed already
#     %pip install --quiet "ntklab"

"""# Assignment 03 · Eigenfunctions"""

'''

# name: (files, {student: (assignment, the file that is marked)}, remarks, ambiguities)
TABLE = {
    "clones of a class": (
        {f"assignment-03-{name}/{FIRST}.py": text for name in ("kim", "lou", "eve")},
        {name: (FIRST, f"assignment-03-{name}/{FIRST}.py") for name in ("kim", "lou", "eve")},
        [], []),
    "clones of one's own titles": (
        {f"ntk-week3-{name}/work.py": text for name in ("kim", "lou", "eve")},
        {name: (FIRST, f"ntk-week3-{name}/work.py") for name in ("kim", "lou", "eve")}, [], []),
    "one": ({"alice/03.py": text}, {"alice": (FIRST, "alice/03.py")}, [], []),
    "one, by title": ({"carol/homework.py": text}, {"carol": (FIRST, "carol/homework.py")}, [], []),
    "one, in folders": ({"03/bob/notebook.ipynb": notebook},
                        {"bob": (FIRST, "03/bob/notebook.ipynb")}, [], []),
    "groups": ({f"Group {n:02d}/03.py": text for n in (1, 2, 3)},
               {f"Group {n:02d}": (FIRST, f"Group {n:02d}/03.py") for n in (1, 2, 3)}, [], []),
    "numbers that begin like an assignment": (
        {"03-712-345/03.py": text, "04-712-345/03.py": text, "03-712-345/04.py": SECOND},
        {"03-712-345": (FIRST, "03-712-345/03.py"), "04-712-345": (FIRST, "04-712-345/03.py")},
        [], []),
    "copies": ({"03_alice (1).py": text, "03_bob - Copy.py": text, "Copy of 03_eve.py": text},
               {"alice": (FIRST, "03_alice (1).py"), "bob": (FIRST, "03_bob - Copy.py"),
                "eve": (FIRST, "Copy of 03_eve.py")}, [], []),
    "Canvas counts": ({"leewei_124_10357_hw-1.ipynb": notebook, "kim_LATE_125_10358_hw-2.py": text},
                      {"leewei": (FIRST, "leewei_124_10357_hw-1.ipynb"),
                       "kim": (FIRST, "kim_LATE_125_10358_hw-2.py")}, [], []),
    "composed and decomposed": (
        {f"{NFC}/03.py": text, f"{NFD}/04.py": SECOND}, {NFC: (FIRST, f"{NFC}/03.py")}, [], []),
    "not UTF-8": ({f"{LATIN}/03.py": text, "bob/03.py": text},
                  {collection.printable(LATIN): (FIRST, f"{collection.printable(LATIN)}/03.py"),
                   "bob": (FIRST, "bob/03.py")}, [], []),
    "the title beats the name": (
        {"kim/solution_02.py": text}, {"kim": (FIRST, "kim/solution_02.py")},
        ["marked as 03: its cells belong to assignment 03, its name says 02"], []),
    "another course's": ({"kim/03_sorting.py": OTHERS}, {"kim": (FIRST, "kim/03_sorting.py")},
                         ["nothing in this file belongs to assignment 03: the wrong file?"], []),
    "eve as alice": ({"eve_03/alice.py": text, "alice/03_my.py": text},
                     {"eve": (FIRST, "eve_03/alice.py"), "alice": (FIRST, "alice/03_my.py")},
                     [], []),
    "two of one name": ({"A/alice/03.py": text, "B/alice/03.py": notebook, "A/bob/03.py": text,
                         "B/carol/03.py": text, "A/dan/03.py": text, "B/eve/03.py": text}, None, [],
                        ["2 places would count as one student 'alice' in assignment 03"]),
    "Moodle's two of one name": (
        {f"Anna Berg_{n}_assignsubmission_file_/03.py": lambda a, n=n: text(a, extra=f"\n# {n}")
         for n in (11, 12)}, None, [], ["2 places would count as one student 'Anna Berg'"]),
    "a folder too many": (
        {"kim/03.py": text, "lou/03.py": text, "ann/03.py": text, "joe/03.py": text,
         "rest/max.py": notebook, "rest/tom.py": text, "rest/pat.py": lambda a: text(a, extra="#")},
        None, [], ["3 places would count as one student 'rest'"]),
    "a zip and what was in it": (
        {"kim.zip": lambda a: zipped({"03.py": text(a)}), "kim/03.py": text},
        {"kim": (FIRST, "kim.zip/03.py")}, ["kim/03.py: not marked, kim.zip/03.py is the same"],
        []),
    "solved beside stub": ({"kim/03.ipynb": notebook, "kim/03.py": STUB},
                           {"kim": (FIRST, "kim/03.ipynb")},
                           ["kim/03.py: not marked, it holds no answer, kim/03.ipynb does"], []),
    "lectures and exercises": (
        {"kim/lectures/03_eigenfunctions.py": LECTURE, "kim/exercises/03_eigenfunctions.py": text},
        {"kim": (FIRST, "kim/exercises/03_eigenfunctions.py")},
        ["kim/lectures/03_eigenfunctions.py: not marked, it is a lecture"], []),
    "a helper": ({"kim/03.py": text, "kim/03_helpers.py": OTHERS}, {"kim": (FIRST, "kim/03.py")},
                 [], []),
    "a helper that answers": (
        {"kim/01.py": lambda a: "from mine import operator_matrix\n" + handed_in.ONE,
         "kim/mine.py": lambda a: "\n\n".join(handed_in.answers(a).values())},
        {"kim": (FIRST, "kim/01.py")}, [], []),
    "a zip in a zip": ({"kim.zip": lambda a: zipped({"hw.zip": zipped({"src/03.py": text(a)})})},
                       {"kim": (FIRST, "kim.zip/hw.zip/src/03.py")}, [], []),
    "a zip without its suffix": ({"kim_03": lambda a: zipped({"my.py": text(a)})},
                                 {"kim": (FIRST, "kim_03/my.py")}, [], []),
    "suffixes": ({"kim/03.py.txt": text, "lou/03.ipynb.json": notebook, "eve/homework": text,
                  "ann/03.ipynb.txt": notebook, "joe/03.py.html": text},
                 {"kim": (FIRST, "kim/03.py.txt"), "lou": (FIRST, "lou/03.ipynb.json"),
                  "eve": (FIRST, "eve/homework"), "ann": (FIRST, "ann/03.ipynb.txt"),
                  "joe": (FIRST, "joe/03.py.html")}, [], []),
    "what is no notebook": (
        {"kim/03.py": text, "lou/03_eigenfunctions.pdf": PDF, "eve/03.html": "<!DOCTYPE html><p>03",
         "ann/03.py": "", "joe/03.docx": zipped({"word": "x"})},
        {"kim": (FIRST, "kim/03.py"), "lou": (FIRST, "lou/03_eigenfunctions.pdf"),
         "eve": (FIRST, "eve/03.html"), "ann": (FIRST, "ann/03.py"), "joe": (FIRST, "joe/03.docx")},
        ["lou/03_eigenfunctions.pdf: this is no notebook", "eve/03.html: this is a web page",
         "ann/03.py: the file is empty", "joe/03.docx: this is no notebook"], []),
    "the only assignment": ({"kim/03.py": text, "lou/report.pdf": PDF, "syllabus.pdf": PDF},
                            {"kim": (FIRST, "kim/03.py"), "lou": (FIRST, "lou/report.pdf")},
                            ["syllabus.pdf: not marked, this is no notebook"], []),
    "a broken zip": ({"kim/03.py": text, "03_lou.zip": b"PK\3\4" + bytes(50)},
                     {"kim": (FIRST, "kim/03.py"), "lou": (FIRST, "03_lou.zip")},
                     ["03_lou.zip: a zip that cannot be opened"], []),
    "systems": ({"kim/03.py": text, "kim/.DS_Store": "x", "__MACOSX/kim/._03.py": "x",
                 "kim/.ipynb_checkpoints/03-checkpoint.ipynb": notebook, "kim/Thumbs.db": "x"},
                {"kim": (FIRST, "kim/03.py")}, ["passed over: 4 of systems and platforms"], []),
    "a folder like a notebook": ({"kim/03.ipynb/03.py": text},
                                 {"kim": (FIRST, "kim/03.ipynb/03.py")}, [], []),
    "control and formula": ({f"{ESCAPE}/03.py": text, "=1+1/03.py": text},
                            {SHOWN: (FIRST, f"{SHOWN}/03.py"), "=1+1": (FIRST, "=1+1/03.py")},
                            [], []),
    "Colab's export": ({"kim/03.py": lambda a: COLAB + "\n\n".join(handed_in.answers(a).values())},
                       {"kim": (FIRST, "kim/03.py")}, [], []),
    "nothing tells the assignment": ({"kim/03.py": text, "lou/04.py": SECOND, "kim/x.txt": "hello",
                                      "eve/what.py": OTHERS},
                                     {"kim": (FIRST, "kim/03.py")},
                                     ["eve/what.py: not marked, nothing tells the assignment"], []),
}


@pytest.mark.parametrize("name", TABLE)
def test_who_handed_in_what(folder, name):
    files, expected, remarks, ambiguous = TABLE[name]
    for path, content in files.items():
        if content is SECOND:
            content = text(SECOND)
        write(folder / path, content(FIRST) if callable(content) else content)
        os.utime(folder / path, (10**9, 10**9))
    decision, items = decided(folder)
    for words, found in ((remarks, decision.remarks), (ambiguous, decision.ambiguous)):
        assert all(any(word in one for one in found) for word in words), found
    assert bool(decision.ambiguous) == bool(ambiguous)
    if expected is not None:
        found = {one.student: (one.assignment, one.item.name) for one in decision.submissions
                 if one.assignment == FIRST}
        wanted = {student: (a, unicodedata.normalize("NFC", path))
                  for student, (a, path) in expected.items()}
        assert found == wanted
    told = " ".join(decision.remarks + decision.ambiguous)
    for item in items:  # a row or a remark for each
        rows = any(item in (one.item, *(h for _, h in one.helpers)) for one in decision.submissions)
        assert rows or item.junk or item.name in told, item.name


def test_what_cannot_be_opened_has_a_remark(folder, monkeypatch):
    """Links, folders and files that are closed, empty folders: told, nothing is followed."""
    write(folder / "kim" / "03.py", text(FIRST))
    write(folder / "lou" / "03.py", text(FIRST))
    (folder / "eve").mkdir()
    (folder / "eve" / "03.py").symlink_to(MASTERS[FIRST])
    (folder / "all").symlink_to(folder)
    (folder / "ann").mkdir()
    os.mkfifo(folder / "kim" / "pipe")
    opened = type(folder).open

    def closed(self, *arguments, **keywords):  # the tests' user may be allowed everything
        if self.name == "03.py" and self.parent.name == "lou":
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **keywords)

    monkeypatch.setattr(type(folder), "open", closed)
    decision, _ = decided(folder)
    rows = {one.student: one.remark for one in decision.submissions}
    assert rows == {
        "kim": "", "lou": "the file cannot be read: Permission denied",
        "eve": "a link, which is not followed", "ann": "the folder is empty",
    }
    assert any("all: not marked, a link" in one for one in decision.remarks)
    assert any("kim/pipe: not marked, no ordinary file" in one for one in decision.remarks)


def test_helpers_go_with_the_notebook_they_lie_beside(folder):
    for path, content in {
        "kim/hw/03.py": text(FIRST), "kim/hw/my.py": OTHERS, "kim/hw/lib/__init__.py": OTHERS,
        "kim/data.csv": "1,2", "lou/03.py": text(FIRST), "tools.py": OTHERS,
        "ann_1_2_03.py": text(FIRST), "ann_1_3_mine-1.py": OTHERS,
    }.items():
        write(folder / path, content)
    decision, _ = decided(folder)
    beside = {one.student: [name for name, _ in one.helpers] for one in decision.submissions}
    assert beside["kim"] == ["data.csv", "lib/__init__.py", "my.py"]
    assert beside["lou"] == [] and beside["ann"] == ["mine.py"]


def test_of_two_with_answers_the_newest_counts(folder):
    for name, age, content in (("03.py", 100, notebook(FIRST)), ("03_final.py", 50, text(FIRST)),
                               ("03_newest.py", 0, STUB)):
        write(folder / "kim" / name, content)
        os.utime(folder / "kim" / name, (10**9 - age, 10**9 - age))
    decision, _ = decided(folder)
    (one,) = decision.submissions
    assert one.item.name == "kim/03_final.py" and not decision.ambiguous
    assert "kim/03.py: not marked, kim/03_final.py of the same student is newer" in decision.remarks


# -- zips ----------------------------------------------------------------------------------------


def unpacked(folder, data):
    write(folder / "kim.zip", data)
    return {item.name: item for item in collection.collect(folder, folder.parent / "unpacked")}


def test_nothing_leaves_a_zip(folder):
    found = unpacked(folder, zipped({"../../evil.py": "x", "/etc/evil.py": "y", "C:/w.py": "z",
                                     "..\\..\\w.py": "z", "a/./b.py": "fine"}))
    assert sum(item.problem == "its name points out of the zip" for item in found.values()) >= 1
    written = [p for p in folder.parent.rglob("*") if p.is_file() and p.name != "kim.zip"]
    assert {path.parent.parent for path in written} == {folder.parent / "unpacked"}
    assert found["kim.zip/a/b.py"].path.read_text(encoding="utf-8") == "fine"


def test_an_anonymous_name_without_a_number_is_a_name(folder):
    """nbgrader's exchange and Blackboard give no number that would tell one `student` apart."""
    write(folder / "student+ps3+2026-05-09 10:00:00 UTC+x" / "03.py", text("03_eigenfunctions"))
    (one,) = decided(folder)[0].submissions
    assert (one.student, one.assignment) == ("student", "03_eigenfunctions")


def test_links_in_zips_and_locked_files_are_told(folder):
    link = zipfile.ZipInfo("link.py")
    link.external_attr = 0o120777 << 16
    found = unpacked(folder, zipped({link: "/etc/passwd"}))
    assert found["kim.zip/link.py"].problem == "a link, which is not followed"


@pytest.mark.parametrize("make", [
    lambda: zipped_tight("bomb.py", bytes(100 * 2**20)),
    lambda: zipped({f"{n}.py": "x" for n in range(1200)}),
    lambda: zipped({"a.zip": zipped_tight("bomb.py", bytes(100 * 2**20))}),
])
def test_bombs_are_refused(folder, make):
    (item,) = unpacked(folder, make()).values()
    assert re.match(r"a zip of more than (64 MB when opened|1000 files)", item.problem)
    assert not (folder.parent / "unpacked").exists()


def zipped_tight(name, content):
    import io

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return data.getvalue()


def test_zips_know_when_and_in_which_letters(folder):
    info = zipfile.ZipInfo("Zoë/03.py", (2026, 5, 9, 23, 58, 0))
    data = zipped({info: text(FIRST)}).replace("Zoë".encode(), "Zoë".encode())
    item = unpacked(folder, data)["kim.zip/Zoë/03.py"]
    assert planning.stamp(item.time) == "2026-05-09 23:58" and item.clock == "zip"


# -- roster and dates ----------------------------------------------------------------------------


BERG = "ab123", "anna.berg@uni.edu"


@pytest.mark.parametrize(("name", "number", "mail", "label"), [
    ("Anna van der Berg", *BERG, "ab123"),
    ("Anna van der Berg", *BERG, "anna.berg"),
    ("Anna van der Berg", *BERG, "anna.berg@uni.edu"),
    ("Anna van der Berg", *BERG, "ANNA_VAN_DER_BERG"),
    ("van der Berg, Anna", *BERG, "Anna van der Berg"),
    ("Anna Berg", *BERG, "Berg, Anna"),
    ("Anna Berg", *BERG, "berganna"),
    ("Anna Berg", *BERG, "hw3 of Anna Berg, final"),
    ("Zoë Müller", "20-712-345", "", "zoe muller"),
    ("Zoë Müller", "20-712-345", "", "20-712-345"),
    ("O'Neil", "", "", "O'Neil"),
])
def test_a_roster_knows_people_by(tmp_path, name, number, mail, label):
    path = tmp_path / "roster.csv"
    lines = ["Name;ID;E-mail", f"{name};{number};{mail}", "Somebody Else;xy999;x@y.z"]
    path.write_text("\n".join(lines), encoding="utf-8")
    person = matching._of(roster.read(path), label)
    assert person and person.name == name


@pytest.mark.parametrize(("content", "names"), [
    ("First name;Surname;ID number\nAnna;Berg;123\n", ["Anna Berg"]),
    ("Identifier,Full name,Email address\nParticipant 12345,Anna Berg,a@b.c\n", ["Anna Berg"]),
    ("Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
     '"Berg, Anna",1,2,ab1,S\n', ["Berg, Anna"]),
])
def test_sheets_of_platforms_are_rosters(tmp_path, content, names):
    (tmp_path / "r.csv").write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert [person.name for person in roster.read(tmp_path / "r.csv")] == names


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "name\nAnna\nAnna\n"])
def test_no_roster_is_told(tmp_path, content):
    (tmp_path / "r.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="students: must"):
        roster.read(tmp_path / "r.csv")


@pytest.mark.parametrize("wrong", ["03", "03=", "03=soon", "99=2026-05-09", "=2026-05-09"])
def test_no_date_is_told(wrong):
    with pytest.raises(ValueError, match="due: must be like 03=2026-05-09T23:59"):
        roster.due([wrong], list(MASTERS))


@pytest.mark.parametrize(("path", "late", "clock"), [
    ("Homework 3_kim_attempt_2026-05-10-00-30-00_03.py", "0 h 31 min, by the platform's time", ""),
    ("kim_LATE_1_2_03.py", "late, says the platform", ""),
    ("kim/03.py", "2 d 0 h, by the file's time", ""),
    ("kim/early/03.py", "", ""),
    ("submitted/kim/03_eigenfunctions/03.py", "24 h 1 min, by the platform's time",
     "submitted/kim/03_eigenfunctions/timestamp.txt"),
])
def test_late_and_by_whose_clock(folder, path, late, clock):
    write(folder / path, text(FIRST))
    if clock:
        write(folder / clock, "2026-05-11 00:00:00.000000 UTC")
    due = roster.due(["03=2026-05-09T23:59"], list(MASTERS))[FIRST]
    when = due.timestamp() + (48 * 3600 if "early" not in path else -60)
    os.utime(folder / path, (when, when))
    decision, _ = decided(folder)
    assert planning.late(decision.submissions[0], due) == late


# -- what a program without cells becomes --------------------------------------------------------


@pytest.mark.parametrize(("program", "parts"), [
    ("import a\nimport b\n\nx = 1\n", ["import a", "import b", "x = 1"]),
    ("x = 1\n# of f\n@d\ndef f():\n\n    return 1\ny = 2",
     ["x = 1", "# of f\n@d\ndef f():\n\n    return 1", "y = 2"]),
    ("def f(:\n    pass\n\ndef g():\n    return 1\n",
     ["def f(:\n    pass", "def g():\n    return 1"]),
    ("if x:\n#     %pip install y\n\nz = 1", ["if x:\n#     %pip install y\n\n    pass", "z = 1"]),
    ("if x:\n# only this", ["if x:\n# only this\n    pass"]),
    ("%matplotlib inline\nx = 1", ["%matplotlib inline", "x = 1"]),
    ("a = '''\ndef f():\n'''\nb = 1", ["a = '''\ndef f():\n'''", "b = 1"]),
])
def test_a_program_is_cut_at_its_statements(program, parts):
    assert submissions.statements(program) == parts
