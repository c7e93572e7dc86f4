"""The files around the package say the same thing: README, .ci/run, binder/, licence, citation."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
ALLOWED = {
    ".ci", ".gitignore", "CITATION.cff", "LICENSE", "README.md", "binder", "exercises", "lectures",
    "ntklab", "pyproject.toml", "solutions", "tests",
}  # fmt: skip


def test_readme_has_one_test_command_and_ci_runs_it():
    assert README.count("pip install -e '.[test]'") == 1
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_readme_snippet_runs(capsys):
    (snippet,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    exec(compile(snippet, "README.md", "exec"), {})
    assert "0.21978177" in capsys.readouterr().out


def test_readme_lists_every_lecture():
    for lecture in (ROOT / "lectures").glob("[0-9]*.py"):
        assert f"lectures/{lecture.name}" in README


def test_binder_pins_every_runtime_dependency_within_its_range():
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    versions = {}
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "==", f"{pin} is not an exact pin"
        versions[pin.name.lower()] = specifier.version
    for needed in map(Requirement, PROJECT["dependencies"]):
        assert needed.specifier.contains(versions[needed.name].removesuffix("+cpu")), needed


def test_binder_scripts_are_executable_and_valid():
    for name in ("postBuild", "start"):
        script = ROOT / "binder" / name
        assert script.stat().st_mode & 0o111
        subprocess.run(["bash", "-n", script], check=True)


def test_citation_names_the_paper_and_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["references"][0]["year"] == 2020
    from ntklab import __version__

    assert str(citation["version"]) == __version__


def test_top_level_and_no_notebooks():
    git = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if git.returncode:
        pytest.skip("not a git checkout")
    files = git.stdout.splitlines()
    assert {name.split("/")[0] for name in files} <= ALLOWED
    assert not [name for name in files if name.endswith(".ipynb")]
