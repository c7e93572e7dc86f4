"""What the README promises: its commands, its snippet, its table, its links."""

import re
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).parents[1]
README = (COURSE / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_each_shell_command_is_one_line_that_starts_from_nothing():
    assert len(blocks("sh")) == 3
    for block in blocks("sh"):
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && . .venv/bin/activate && pip install ")


def test_ci_runs_the_test_command_of_the_readme():
    script = (COURSE / ".ci" / "run").read_text(encoding="utf-8")
    [pattern] = re.findall(r"^test_command=\$\(grep -E '(.*)' README.md\)$", script, re.MULTILINE)
    [command] = [line for line in README.splitlines() if re.search(pattern, line)]
    assert f"{command}\n" in blocks("sh")
    assert "pip install -e '.[test]' && pytest" in command
    assert 'bash -euo pipefail -c "$test_command"\n' in script


def test_the_snippet_prints_what_the_readme_shows():
    [snippet], [shown] = blocks("python"), blocks("text")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", snippet], capture_output=True, text=True, check=True
    )
    assert done.stdout == shown


def test_the_table_lists_every_lecture():
    listed = re.findall(r"^\| \[.*?\]\(lectures/(.*?)\)", README, flags=re.MULTILINE)
    assert listed == sorted(path.name for path in (COURSE / "lectures").glob("*.py"))


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!https://)(.*?)\)", README):
        assert (COURSE / target).is_file(), target
