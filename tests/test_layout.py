"""The folder listing that a newcomer sees, and one version number everywhere."""

import subprocess
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import ntklab

COURSE = Path(__file__).parents[1]
FOLDERS = {"lectures", "solutions", "exercises", "ntklab", "tests", "binder", ".ci", ".github"}
FILES = {"README.md", "CHANGELOG.md", "pyproject.toml", "LICENSE", "CITATION.cff", ".gitignore"}


def test_top_level_holds_nothing_unexpected():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=COURSE, capture_output=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    assert {path.split("/")[0] for path in listed.stdout.splitlines()} <= FOLDERS | FILES


def test_of_what_lies_beside_notebooks_only_they_are_tests(pytestconfig):
    patterns = [f"*/{pattern}" for pattern in pytestconfig.getini("python_files")]
    for kind in ("lectures", "solutions"):
        for path in (COURSE / kind).rglob("*.py"):
            taken = any(fnmatch(path.as_posix(), pattern) for pattern in patterns)
            assert taken == (path.parent.name == kind), path


def test_one_version_everywhere():
    citation = yaml.safe_load((COURSE / "CITATION.cff").read_text(encoding="utf-8"))
    assert ntklab.__version__ == version("ntklab") == citation["version"]


def test_citation_names_what_its_format_requires():
    citation = yaml.safe_load((COURSE / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert {"BSD-3-Clause", "CC-BY-4.0"} == set(citation["license"])
