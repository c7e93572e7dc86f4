"""Notebooks for Colab: their header cell, run in a kernel that takes itself for Colab's or not."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import nbclient
import nbformat
import pytest

from ntklab import cli
from ntklab.course import colab

COURSE = Path(__file__).parents[1]
WHERE = "import ntklab\nprint(ntklab.__file__)"


def test_every_lecture_and_exercise_begins_with_the_header(tmp_path):
    written = colab.build(COURSE, tmp_path, "owner/course")
    sources = [*(COURSE / "lectures").glob("0*.py"), *(COURSE / "exercises").glob("0*.py")]
    assert {path.stem for path in written} == {path.stem for path in sources}
    assert len(written) == len(sources)
    for path in written:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        header, title = notebook.cells[:2]
        assert "git+https://github.com/owner/course" in header.source
        assert title.source.startswith("# ")


@pytest.mark.parametrize("repository", ["", "ntklab", "a/b/c", "https://a/b", 'a/b"', 3])
def test_what_is_no_repository_is_refused(tmp_path, repository):
    with pytest.raises(ValueError, match="^repository: must be OWNER/NAME on GitHub, got "):
        colab.build(COURSE, tmp_path, repository)


def test_the_owner_is_named_once(tmp_path):
    assert colab.repository_of(tmp_path) is None
    with pytest.raises(ValueError, match="^repository: must be OWNER/NAME on GitHub, got None"):
        colab.build(tmp_path, tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    origin = ["git", "-C", tmp_path, "remote", "add", "origin", "git@github.com:fork/course.git"]
    subprocess.run(origin, check=True)
    assert colab.repository_of(tmp_path) == "fork/course"
    urls = '[project]\n[project.urls]\nRepository = "https://github.com/owner/course"\n'
    (tmp_path / "pyproject.toml").write_text(urls, encoding="utf-8")
    assert colab.repository_of(tmp_path) == "owner/course"


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    assert cli.main(["build", "colab", "--repository", "a/b", "--out", str(tmp_path)]) == 0
    assert "03_eigenfunctions.ipynb" in capsys.readouterr().out


def run(folder, variables):
    """What a notebook of the header and one more cell prints in a kernel with these variables."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WHERE)])
    colab.with_header(notebook, "owner/course")
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=300, resources=resources
    )
    client.execute(env=os.environ | variables)
    return [o.text for cell in notebook.cells for o in cell.outputs if o.name == "stdout"]


def test_elsewhere_the_header_does_nothing(tmp_path):
    (printed,) = run(tmp_path, {"PATH": "", "PIP_NO_INDEX": "1"})
    assert printed.strip() == str(COURSE / "ntklab" / "__init__.py")


@pytest.mark.nightly
@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_in_colab_the_header_installs_the_package(tmp_path):
    repository, start, target = tmp_path / "course", tmp_path / "start", tmp_path / "target"
    shutil.copytree(COURSE / "ntklab", repository / "ntklab")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(COURSE / name, repository)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(target)})
    Path(packages).mkdir(parents=True)  # a path that is not there at first is never looked at again
    (start / "google" / "colab").mkdir(parents=True)
    (start / "google" / "colab" / "__init__.py").touch()
    (start / "sitecustomize.py").write_text("import google.colab", encoding="utf-8")
    printed = run(start, {
        # GitHub's address leads to the folder, pip's installation beside it
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/owner/course",
        "PIP_PREFIX": str(target),
        "PIP_IGNORE_INSTALLED": "1",
        "PYTHONPATH": os.pathsep.join([str(start), packages]),
    })
    assert printed[-1].strip() == str(Path(packages) / "ntklab" / "__init__.py")
