"""Classes as platforms and people deliver them: 12 students, two assignments, many layouts."""

import io
import unicodedata
import zipfile
from pathlib import Path

import jupytext

from ntklab.course import exercises

COURSE = Path(__file__).parents[1]
MASTERS = {path.stem: path for path in sorted((COURSE / "solutions").glob("[0-9]*.py"))}
ONE = "# Assignment 03\n\ndef local_frequencies(p):\n    return p\n"
FIRST, SECOND = "03_eigenfunctions", "04_convergence"
NAMES = [
    "Anna van der Berg", "O'Neil", "Zoë Müller", "李雷", "Jean-Luc Picard", "kim", "lou", "Max 2nd",
    "Ólafur Þór", "weekes", "Marie Lab", "al-Khwarizmi",
]


def text(assignment, answered=True, extra=""):
    """A program as it is handed in."""
    source = MASTERS[assignment] if answered else COURSE / "exercises" / f"{assignment}.py"
    return source.read_text(encoding="utf-8") + extra


def notebook(assignment, answered=True, extra=""):
    source = jupytext.reads(text(assignment, answered, extra), fmt="py:percent")
    return jupytext.writes(source, fmt="ipynb")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def _n(a):
    return int(a[:2])


def _moodle_id(i, a):
    return 10_000 * _n(a) + 37 * i + 1000


# layout: where the file of student number i, called s, for assignment a lies
LAYOUTS = {
    "folders": lambda s, i, a: f"{s}/{a}.py",
    "files": lambda s, i, a: f"{a[:2]}_{s}.py",
    "files, name first": lambda s, i, a: f"{s}_{a}.py",
    "files, one digit": lambda s, i, a: f"hw{_n(a)}-{s}.py",
    "folder of assignments": lambda s, i, a: f"{a}/{s}.py",
    "weeks": lambda s, i, a: f"week {_n(a)}/{s}/notebook.py",
    "assignment below": lambda s, i, a: f"{s}/Homework {_n(a)}/final version.py",
    "moodle": lambda s, i, a: f"{s}_{_moodle_id(i, a)}_assignsubmission_file_/{a}.py",
    "moodle flat": lambda s, i, a: f"{s}_{_moodle_id(i, a)}_assignsubmission_file_homework.py",
    "moodle wrapper": lambda s, i, a: (
        f"NTK2025-Homework {_n(a)}-4711{_n(a)}/{s}_{_moodle_id(i, a)}_assignsubmission_file_/{a}.py"
    ),
    "canvas": lambda s, i, a: (
        f"submissions/{s.replace(' ', '').lower()}_{'LATE_' if i % 3 else ''}{500 + i}_"
        f"{_moodle_id(i, a)}_{a}{'-1' if i % 2 else ''}.py"
    ),
    "classroom": lambda s, i, a: (
        f"assignment-{a[:2]}-submissions/assignment-{a[:2]}-{s.replace(' ', '-')}/{a}.py"
    ),
    "classroom, course": lambda s, i, a: f"ntk-course-assignment-{_n(a)}-{s}/{a}.py",
    "nbgrader": lambda s, i, a: f"submitted/{s}/{a}/{a}.py",
    "nbgrader exchange": lambda s, i, a: (
        f"inbound/{s}+{a}+2026-05-0{1 + i % 9} 10:00:00 UTC+ab1/{a}.py"
    ),
    "blackboard": lambda s, i, a: (
        f"Homework {_n(a)}_{s}_attempt_2026-05-{10 + i}-23-58-01_{a}.py"
    ),
    "brightspace": lambda s, i, a: (
        f"Assignment {_n(a)} Download/{12345 + i}-{678 + _n(a)} - {s} - May {i + 1}, 2026 1158 PM"
        "/hw.py"
    ),
    "google classroom": lambda s, i, a: f"Classroom/NTK 2026/Homework {_n(a)}/{s} - Copy of {a}.py",
    "colab": lambda s, i, a: f"Homework {_n(a)}/Copy of {a} - {s}.py",
    "gradescope": lambda s, i, a: f"assignment_{4711 + _n(a)}_export/submission_{9000 + i}/{a}.py",
    "sakai": lambda s, i, a: f"Homework {_n(a)}/{s}(u{i}x)/Submission attachment(s)/{a}.py",
    "teams": lambda s, i, a: f"Submitted files/{s}/Homework {_n(a)}/Version {1 + i % 2}/{a}.py",
    "sections": lambda s, i, a: f"section {'AB'[i % 2]}/{s}/{a}.py",
    "tutors": lambda s, i, a: f"{'Tutor Meyer,Tutor Schulz'.split(',')[i % 2]}/{s}/{a[:2]}.py",
    "dates": lambda s, i, a: f"{s}/2026-05-0{i % 9 + 1} homework {_n(a)} FINAL.py",
    "dates in names": lambda s, i, a: f"20260509_{s}_HW{_n(a)}_v2.py",
    "wrapped twice": lambda s, i, a: f"stick/NTK/{a[:2]}/{s}/{a} (1).py",
    "student's own names": lambda s, i, a: f"{s}/{['mywork', 'ntk', 'kernels', 'code'][i % 4]}.py",
    "mixed": lambda s, i, a: [f"{s}/{a}.py", f"{a[:2]}_{s}.py", f"HW{_n(a)}/{s}.py"][i % 3],
    "groups": lambda s, i, a: f"Group {i + 1:02d}/{a}.py",
    "numbers": lambda s, i, a: f"04-712-{345 + i}/{a}.py",
    "matriculation": lambda s, i, a: f"{a[:2]}_{20_261_234 + i}.py",
    "accounts": lambda s, i, a: f"{a[:2]}/ab{12_345 + i}.py",
    "ilias": lambda s, i, a: f"Abgaben/{s}_acc{i}_{123456 + i}/Übungsblatt {_n(a)}.py",
    "zips": lambda s, i, a: f"{s}.zip/{a}.py",
    "zips a week": lambda s, i, a: f"hw{_n(a)}_{s}.zip/homework/{a}.py",
}


def lay_out(folder, layout, names=NAMES, content=text):
    """Write the class; {(file's name from the folder): (number of the student, assignment)}."""
    where = {}
    for number, name in enumerate(names):
        for assignment in (FIRST, SECOND):
            where[LAYOUTS[layout](name, number, assignment)] = number, assignment
    zips = {}
    for name, (number, assignment) in where.items():
        data = content(assignment, extra=f"\n# {number}\n")
        head, inside, tail = name.partition(".zip/")
        if inside:
            zips.setdefault(f"{head}.zip", {})[tail] = data
        else:
            write(folder / name, data)
    for name, files in zips.items():
        write(folder / name, zipped(files))
    return {unicodedata.normalize("NFC", name): found for name, found in where.items()}


def answers(name):
    """Code of the right answers."""
    return {one.name: one.answer for one in exercises.read(MASTERS[name])}
