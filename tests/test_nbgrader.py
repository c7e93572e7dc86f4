"""For schools with an nbgrader of their own: the course folder works, and the checks hold there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from traitlets.config import PyFileConfigLoader

from ntklab.course import exercises, nbgrader_course

COURSE = Path(__file__).parents[1]
MASTERS = sorted((COURSE / "solutions").glob("*.py"))
NAMES = [master.stem for master in MASTERS]
pytestmark = pytest.mark.filterwarnings("ignore")  # nbgrader's own, on its database


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What `ntklab build nbgrader` lays out."""
    folder = tmp_path_factory.mktemp("school") / "course"
    nbgrader_course.build(COURSE / "solutions", folder)
    return folder


@pytest.fixture(scope="module")
def api(folder):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    own = str(Path(sys.executable).parent)  # nbgrader calls the command `alembic` there
    if own not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, os.environ["PATH"]])
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    return NbGraderAPI(CourseDirectory(config=config), config=config)


def notebook(folder, stage, name):
    return folder / stage / name / f"{name}.ipynb"


@pytest.mark.parametrize("master", MASTERS, ids=NAMES)
def test_release_collect_mark_and_answer(folder, api, master):
    name = master.stem
    released = api.generate_assignment(name)
    assert released["success"], released["log"]
    cells = jupytext.read(notebook(folder, "release", name)).cells
    ours = jupytext.read(COURSE / "exercises" / master.name, fmt="py:percent").cells
    assert [cell.source for cell in cells] == [cell.source for cell in ours]
    for student, stage in (("ada", "source"), ("stub", "release")):
        target = notebook(folder / "submitted" / student, "", name)
        target.parent.mkdir(parents=True)
        shutil.copy(notebook(folder, stage, name), target)
        marked = api.autograde(name, student)
        assert marked["success"], marked["log"]
        answered = api.generate_feedback(name, student)
        assert answered["success"], answered["log"]
        assert (folder / "feedback" / student / name / f"{name}.html").exists()
    full = sum(exercise.marks for exercise in exercises.read(master))
    ada, stub = (api.get_submission(name, student) for student in ("ada", "stub"))
    assert (ada["score"], ada["max_score"], stub["score"]) == (full, full, 0)
    assert not ada["needs_manual_grade"] and not stub["needs_manual_grade"]


def test_the_commands_read_the_config(folder, api, tmp_path):
    """In a terminal, in that folder: validate on every solved and on an unsolved notebook."""
    home = dict.fromkeys(("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"), str(tmp_path))

    def validate(*paths):
        command = [sys.executable, "-m", "nbgrader", "validate", *map(str, paths)]
        run = subprocess.run(
            command, cwd=folder, env=os.environ | home, capture_output=True, encoding="utf-8",
        )
        return run.stdout + run.stderr

    said = validate(*(notebook(folder, "source", name) for name in NAMES[:2]))
    assert said.count("Success! Your notebook passes all the tests.") == 2, said


def test_a_course_that_is_there_is_left_alone(folder):
    before = (folder / "nbgrader_config.py").read_bytes()
    with pytest.raises(FileExistsError, match="out: must not hold a course already"):
        nbgrader_course.build(COURSE / "solutions", folder)
    assert (folder / "nbgrader_config.py").read_bytes() == before
