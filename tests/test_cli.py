"""The command line: what it finds, what it refuses, what it hands on."""

import os
import subprocess
import sys
from pathlib import Path

import jupyterlab.labapp
import pytest

import ntklab
from ntklab import cli
from ntklab.claims import CLAIMS
from ntklab.course import exercises, goldens

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture
def course(tmp_path):
    """A course folder with one lecture."""
    (tmp_path / "lectures").mkdir()
    (tmp_path / "lectures" / "01_one.py").touch()
    return tmp_path


@pytest.fixture
def launched(monkeypatch):
    """The arguments with which JupyterLab would have been started."""
    calls = []
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # so that it is put back afterwards
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setattr(jupyterlab.labapp.LabApp, "launch_instance", calls.append)
    return calls


def test_help_alone(capsys):
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert "ntklab COMMAND" in shown.replace("[-h] [--version] ", "")
    assert "lab " in shown and "build " in shown


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"ntklab {ntklab.__version__}\n"


def test_nothing_heavy_is_imported_for_the_command_line():
    heavy = "{'numpy', 'torch', 'matplotlib', 'jupyterlab', 'jupytext', 'nbgrader'}"
    code = f"import sys, ntklab.cli; print({heavy} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == "set()\n"


def test_the_course_is_found_from_inside_it(course):
    assert cli.course_folder(course) == course.resolve()
    assert cli.course_folder(course / "lectures") == course.resolve()


def test_elsewhere_the_checkout_is_the_course(tmp_path):
    assert cli.course_folder(tmp_path) == CHECKOUT


def test_no_course_is_said_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ntklab, "__file__", str(tmp_path / "site-packages" / "ntklab" / "i.py"))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab"]) == 1
    assert f"no course (a folder with lectures/NN_slug.py) in or above {tmp_path}" in (
        capsys.readouterr().err
    )


def test_lab_opens_the_course_and_hands_options_on(course, launched, monkeypatch):
    monkeypatch.chdir(course / "lectures")
    assert cli.main(["lab", "--", "--no-browser", "--port", "9999"]) == 0
    [options] = launched
    assert options[0] == f"--ServerApp.root_dir={course.resolve()}"
    assert options[-3:] == ["--no-browser", "--port", "9999"]


def test_lab_opens_the_folder_named(course, launched):
    assert cli.main(["lab", str(course)]) == 0
    assert launched[0][0] == f"--ServerApp.root_dir={course.resolve()}"
    assert launched[0][1] == "--LabApp.default_url=/lab/workspaces/ntklab"
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_lab_shows_the_index_first(course, launched):
    (course / "README.md").touch()
    assert cli.main(["lab", str(course)]) == 0
    assert launched[0][1] == "--LabApp.default_url=/lab/workspaces/ntklab/tree/README.md"


def test_lab_refuses_a_folder_that_is_not_there(tmp_path, launched, capsys):
    assert cli.main(["lab", str(tmp_path / "none")]) == 1
    assert "FOLDER: must be an existing folder, got" in capsys.readouterr().err
    assert launched == []


def test_only_lab_hands_options_on(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["build", "goldens", "--", "--no-browser"])
    assert "only `ntklab lab` takes options after --" in capsys.readouterr().err


def test_build_exercises(course, monkeypatch, capsys):
    def build(solutions, target):
        assert (solutions, target) == (course / "solutions", course / "exercises")
        return [target / "01_one.py"]

    monkeypatch.setattr(exercises, "build", build)
    monkeypatch.chdir(course)
    assert cli.main(["build", "exercises"]) == 0
    assert capsys.readouterr().out == f"wrote {Path('exercises/01_one.py')}\n"


def test_build_goldens(course, monkeypatch, capsys):
    def build(folder, names):
        assert (folder, names) == (course, ["01"])
        return [goldens.golden_path(folder / "lectures" / "01_one.py")]

    monkeypatch.setattr(goldens, "build", build)
    monkeypatch.chdir(course)
    assert cli.main(["build", "goldens", "01"]) == 0
    assert capsys.readouterr().out == f"wrote {Path('tests/golden/01_one.txt')}\n"


def test_build_refuses_an_unknown_lecture(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    assert cli.main(["build", "goldens", "02"]) == 1
    assert "names: must be among ['01_one'], got '02'" in capsys.readouterr().err


def test_claims_are_listed(capsys):
    assert cli.main(["claims", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CLAIMS)
    assert "four-case formula" in next(line for line in lines if line.startswith("C13"))


def test_a_claim_is_measured(capsys):
    assert cli.main(["claims", "C13"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("C13 [(17)] CORRECTED\n") and "measured: uniform p" in shown


def test_an_unknown_claim_is_refused(capsys):
    assert cli.main(["claims", "C99"]) == 1
    assert "claim_id: must be one of" in capsys.readouterr().err


def test_reproduce_writes_a_report_of_what_is_asked_for(tmp_path, capsys):
    out = tmp_path / "report"
    command = ["reproduce", "C13", "--quick", "--workers", "0", "--out", str(out)]
    assert cli.main(command) == 0
    shown = capsys.readouterr().out
    assert "C13 corrected" in " ".join(shown.split()) and "report.html" in shown
    assert (out / "report.html").exists() and (out / "report.md").exists()


def test_reproduce_refuses_an_unknown_name(tmp_path, capsys):
    assert cli.main(["reproduce", "C99", "--out", str(tmp_path / "report")]) == 1
    assert "only: must be one of" in capsys.readouterr().err


def test_html_of_an_unknown_lecture_is_refused(tmp_path, capsys):
    assert cli.main(["build", "html", "99", "--out", str(tmp_path)]) == 1
    assert "names: must be among" in capsys.readouterr().err
