"""No answer reaches a student: not by the exercises, the wheel, the pages or the Binder image."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[1]
TEXT = {".py", ".md", ".txt", ".json", ".toml", ".cff", ".css", ".html", ""}


def pairs(text):
    """Every two lines that follow each other, without spaces."""
    lines = [re.sub(r"\s", "", line) for line in text.splitlines()]
    lines = [line for line in lines if len(line) > 3]
    return set(zip(lines, lines[1:], strict=False))


def answers():
    """{pair of lines: exercise} of all masters, and lone lines of answers that have only one."""
    found, alone = {}, {}
    for master in sorted((COURSE / "solutions").glob("*.py")):
        blocks = re.findall(
            r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", master.read_text(encoding="utf-8"), re.S
        )
        for block in blocks:
            lines = pairs(block)
            if lines:
                found |= dict.fromkeys(lines, master.name)
            else:
                alone[re.sub(r"\s", "", block)] = master.name
    return found, alone


PAIRS, ALONE = answers()


def leaks(texts):
    """What of the answers is in these texts."""
    found = []
    for name, text in texts.items():
        found += [(name, pair) for pair in pairs(text) & PAIRS.keys()]
        squeezed = re.sub(r"\s", "", text)
        found += [(name, line) for line in ALONE if line in squeezed]
    return found


def tracked():
    """The files of a checkout; the test is of no use elsewhere."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=COURSE, capture_output=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    return [Path(line) for line in listed.stdout.splitlines()]


def test_a_leak_is_found():
    paths = (COURSE / "solutions").glob("*.py")
    masters = {path.name: path.read_text(encoding="utf-8") for path in paths}
    assert {name for name, _ in leaks(masters)} == set(masters)
    assert len(PAIRS) > 60


def test_the_binder_image_holds_no_answer(tmp_path):
    """postBuild is run on a copy, with a pip that installs nothing."""
    image = tmp_path / "image"
    for path in tracked():
        if (COURSE / path).is_file():
            (image / path).parent.mkdir(parents=True, exist_ok=True)
            (image / path).write_bytes((COURSE / path).read_bytes())
    (image / ".git").mkdir()
    (tmp_path / "bin").mkdir()
    pip = tmp_path / "bin" / "pip"
    pip.write_text("#!/bin/sh\necho pip $*\n", encoding="utf-8")
    pip.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    command = ["bash", str(COURSE / "binder" / "postBuild")]
    run = subprocess.run(
        command, cwd=image, env=os.environ | {"PATH": path}, capture_output=True, encoding="utf-8",
    )
    assert run.returncode == 0 and "install" in run.stdout, run.stderr
    left = {path for path in image.rglob("*") if path.is_file()}
    assert (image / "exercises").is_dir() and (image / "lectures").is_dir()
    texts = {
        str(path.relative_to(image)): path.read_text(encoding="utf-8")
        for path in left if path.suffix in TEXT
    }
    assert leaks(texts) == []
    assert not (image / ".git").exists()


@pytest.mark.nightly
def test_the_wheel_holds_no_answer(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(tmp_path), "."]
    run = subprocess.run(command, cwd=COURSE, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("ntklab-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        texts = {
            name: archive.read(name).decode("utf-8") for name in names if Path(name).suffix in TEXT
        }
    tops = {name.split("/")[0] for name in names}
    assert all(top == "ntklab" or top.startswith("ntklab-") for top in tops)
    assert leaks(texts) == []
