"""GitHub's workflows: what they say is understood there, what they run passes here."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from test_site import course, short_reference  # noqa: F401

from ntklab import cli
from ntklab.course import pages

COURSE = Path(__file__).parents[1]
WORKFLOWS = sorted((COURSE / ".github" / "workflows").glob("*.yml"))
README = (COURSE / "README.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, PYTEST = SETTINGS["project"], SETTINGS["tool"]["pytest"]["ini_options"]
PYTHONS = [
    word.rpartition(" ")[2]
    for word in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", word)
]


def jobs():
    """(workflow, name, job) of all."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            yield path.name, name, job


def test_githubs_schema_accepts_them():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-workflows", *WORKFLOWS], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in WORKFLOWS} == {"tests.yml", "nightly.yml", "pages.yml"}


def test_every_command_is_run_by_ci_or_by_a_test():
    ci = (COURSE / ".ci" / "run").read_text(encoding="utf-8")
    assert 'bash -euo pipefail -c "$test_command"\n' in ci
    [test_command] = re.findall("^python3 -m venv .* pytest -n.*$", README, re.MULTILINE)
    assert "python tests/extras.py core site --torch .venv\n" in ci  # installs '.[site]'
    run = {*test_command.split(" && "), ".ci/run", ".ci/run all", "pip install -e '.[site]'", BUILD}
    commands = [step["run"] for *_, job in jobs() for step in job["steps"] if "run" in step]
    assert len(commands) >= 5 and set(commands) <= run


BUILD = "ntklab build html"


@pytest.mark.nightly
@pytest.mark.usefixtures("short_reference")
def test_the_site_is_where_its_workflow_looks(tmp_path, monkeypatch):
    monkeypatch.chdir(course(tmp_path, "print(6 * 7)"))
    assert cli.main(BUILD.split()[1:]) == 0
    assert (tmp_path / used("upload-pages-artifact")["path"] / "index.html").is_file()


def used(action):
    """What the workflow of the pages gives to an action."""
    steps = [step for name, _, job in jobs() if name == "pages.yml" for step in job["steps"]]
    [found] = [step["with"] for step in steps if action in step.get("uses", "")]
    return found


def test_colab_finds_the_notebooks_on_the_branch_that_the_pages_link_to():
    branch = used("actions-gh-pages")
    assert branch["publish_branch"] == pages.BRANCH
    assert branch["publish_dir"] == f"{used('upload-pages-artifact')['path']}/_static/colab"


def test_every_test_is_run_by_ci_or_by_night():
    """Those without a marker by the README's command, the others by theirs."""
    named = {line.split(":")[0] for line in PYTEST["markers"]}
    left_out = re.search("-m '(.+?)' ", PYTEST["addopts"])[1]
    assert set(re.findall(r"not (\w+)", left_out)) == named == {"slow", "nightly"}
    ci = (COURSE / ".ci" / "run").read_text(encoding="utf-8")
    always, by_night = ci.split("all ]; then")
    assert "pytest -n 3 -m slow " in always and "pytest -n 2 -m nightly " in by_night
    commands = [step.get("run") for *_, job in jobs() for step in job["steps"]]
    assert ".ci/run" in commands and ".ci/run all" in commands


def test_every_python_is_tried_on_every_system():
    [matrix] = [job["strategy"]["matrix"] for *_, job in jobs() if "strategy" in job]
    assert matrix["python"] == PYTHONS == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == ">=3.11,<3.15"
    assert {system.partition("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}
