"""The `ntklab` command."""

import subprocess
import sys

import pytest

from ntklab import cli


def test_help_and_version(capsys):
    assert cli.main([]) == 0
    assert "lab" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("ntklab 0.")


def test_course_folder_is_found_from_inside_and_from_afar(tmp_path):
    lectures = tmp_path / "course" / "lectures"
    lectures.mkdir(parents=True)
    (lectures / "01_x.py").touch()
    assert cli.course_folder(lectures) == tmp_path / "course"
    assert (cli.course_folder(tmp_path) / "lectures").is_dir()  # the checkout


def test_a_missing_folder_is_named(capsys, tmp_path):
    assert cli.main(["lab", str(tmp_path / "nowhere")]) == 1
    assert "FOLDER: must be an existing folder" in capsys.readouterr().err


def test_unknown_lecture_is_named(capsys):
    assert cli.main(["build", "goldens", "99"]) == 1
    assert "names: must match a lecture" in capsys.readouterr().err


def test_import_is_light():
    heavy = "torch", "matplotlib", "ipywidgets", "pandas", "nbgrader"
    code = f"import sys, ntklab, ntklab.cli; print(*(m for m in {heavy} if m in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


def test_the_spectral_half_needs_neither_torch_nor_matplotlib():
    code = (
        "import sys\n"
        "from ntklab import asymptotics, dynamics, fredholm, gram, kernels, experiments, claims\n"
        "print(*(m for m in ('torch', 'matplotlib', 'ipywidgets') if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""
