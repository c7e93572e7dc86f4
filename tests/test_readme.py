"""What the README promises: its commands, its snippet, its table, its links."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from comparison import difference

from ntklab.claims import CLAIMS
from ntklab.claims.ledger import VERDICTS
from ntklab.course import pages

COURSE = Path(__file__).parents[1]
README = (COURSE / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_each_shell_command_is_one_line_that_starts_from_nothing():
    assert len(blocks("sh")) == 4
    for block in blocks("sh"):
        assert block.count("\n") == 1
        start = "python3 -m venv --upgrade-deps .venv && . .venv/bin/activate && pip install "
        assert block.startswith(start)


def test_ci_runs_the_test_command_of_the_readme():
    script = (COURSE / ".ci" / "run").read_text(encoding="utf-8")
    [pattern] = re.findall(r"^test_command=\$\(grep -E '(.*)' README.md\)$", script, re.MULTILINE)
    [command] = [line for line in README.splitlines() if re.search(pattern, line)]
    assert f"{command}\n" in blocks("sh")
    assert "pip install -e '.[test]' && pytest" in command
    assert 'bash -euo pipefail -c "$test_command"\n' in script


@pytest.mark.slow
def test_the_snippets_print_what_the_readme_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "".join(blocks("python"))],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=True,
    )
    assert difference("".join(blocks("text")), done.stdout) == ""


def test_the_table_lists_every_lecture():
    listed = re.findall(r"^\| \[.*?\]\(lectures/(.*?)\)", README, flags=re.MULTILINE)
    assert listed == sorted(path.name for path in (COURSE / "lectures").glob("*.py"))


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!https://)(.*?)\)", README):
        assert (COURSE / target).is_file(), target


def test_verdicts_are_those_of_the_lectures():
    """Printed whole by the lecture that measures it, or in the list of the errata."""
    measured = {}
    for golden in sorted((COURSE / "tests" / "golden").glob("*.txt")):
        found = re.findall(r"^> (C\d\d) (?:\[.*\] | )(\w+)$", golden.read_text("utf-8"), re.M)
        for name, verdict in found:
            assert measured.setdefault(name, verdict.lower()) == verdict.lower(), name
    assert measured.keys() == CLAIMS.keys()
    rows = re.findall(r"^\| \*(\w+)\* \| (\d+) \| (.*) \|$", README, re.M)
    assert [verdict for verdict, *_ in rows] == [v for v in VERDICTS if v in measured.values()]
    for verdict, many, names in rows:
        listed = names.split(", ")
        assert listed == sorted(name for name in measured if measured[name] == verdict)
        assert int(many) == len(listed)


def test_badges_are_true_and_need_no_network():
    badges = README.split("\n\n")[1].replace("\n", " ")
    assert "![" not in badges  # in JupyterLab without a network a picture is broken
    project = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, last = re.findall(r"Python (3\.\d+) to 3\.(\d+)", badges)[0]
    assert project["requires-python"] == f">={first},<3.{int(last) + 1}"
    licence = (COURSE / "LICENSE").read_text(encoding="utf-8")
    for name in ("BSD 3-Clause", "CC BY 4.0"):
        assert name in badges and name in licence
        assert name.replace(" ", "-") in project["license"].replace(" ", "-")
    assert "arXiv:2003.04560" in badges


def test_minutes_are_those_of_the_lectures():
    for path in (COURSE / "lectures").glob("[0-9][0-9]_*.py"):
        assert re.search(rf"{path.name}\) \| {pages.Page.read(path).minutes} \|", README)


def test_minutes_of_the_syllabus_are_those_of_the_lectures():
    syllabus = (COURSE / "solutions" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \|(.+?)\|.+?\|(.+?)\|$", syllabus, flags=re.MULTILINE)
    before, handed_in = ("\n".join(column) for column in zip(*rows, strict=True))
    for path in (COURSE / "lectures").glob("[0-9][0-9]_*.py"):
        number, text = path.name[:2], path.read_text(encoding="utf-8")
        assert sum(_minutes(number, before)) == int(pages.Page.read(path).minutes), number
        told = re.findall(r"plus (\d+) for the assignment", text)
        assert _minutes(number, handed_in) == [int(minutes) for minutes in told], number


def _minutes(number, column):
    return [int(minutes) for minutes in re.findall(rf"\b{number} \((\d+)\)", column)]
