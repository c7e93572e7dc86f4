"""A lecture whose output is not its golden must fail, and so must one that checks nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntklab.course import goldens
from ntklab.course.goldens import Golden

COURSE = Path(__file__).parents[1]
LECTURE = """\
# %% [markdown]
# A small lecture.

# %%
import sys

total = sum(range(10))

# %% tags=["nbval-check-output"]
# What is checked:
print("total", total, object(), "\\n 50%|=====  | 1/2\\n")
print("a warning", file=sys.stderr)
[[total, 2], "x"]

# %%
print("not checked", id(object()))
"""
GOLDEN = """\
[1] print("total", total, object(), "\\n 50%|=====  | 1/2\\n")
> total 45 <object object at 0x...>
= [[45, 2], 'x']
"""
TAGS = ' tags=["nbval-check-output"]'

# File, its text, its golden (None: it has none), the test that fails, what the failure says.
CASES = [
    ("01_right", LECTURE, GOLDEN, None, None),
    ("02_changed_output", LECTURE, GOLDEN.replace("45 <", "47 <"), "Cell 1", "mismatch 'stdout'"),
    ("03_changed_value", LECTURE, GOLDEN.replace("'x'", "'y'"), "Cell 1", "mismatch 'text/plain'"),
    ("04_lost_output", LECTURE, GOLDEN.replace("= [[", "> [["), "Cell 1", "Unexpected output"),
    ("05_no_golden", LECTURE, None, "goldens", "it has no golden"),
    ("06_no_tag", LECTURE.replace(TAGS, ""), None, "goldens", "nothing is checked"),
    ("07_golden_without_cell", LECTURE, GOLDEN + "\n[2] x\n> 1\n", "goldens", "has no cell"),
    ("08_cell_without_golden", LECTURE + f"\n# %%{TAGS}\n1\n", GOLDEN, "goldens", "has no golden"),
    ("09_other_cell", LECTURE, GOLDEN.replace("print", "show"), "goldens", "its golden is of"),
    ("10_empty_golden", LECTURE, GOLDEN.split("\n")[0], "goldens", "shows no text"),
    ("11_garbled_golden", LECTURE, GOLDEN + "what?", "goldens", "not understood: 'what?'"),
    ("12_one_unit_off", LECTURE, GOLDEN.replace("45", "46"), None, None),
    ("13_lost_sign", LECTURE, GOLDEN.replace("45 <", "-45 <"), "Cell 1", "45 is shown, the golden"),
    ("14_lost_number", LECTURE, GOLDEN.replace("45 <", "45 1 <"), "Cell 1", "the golden has 2"),
    ("15_malformed", LECTURE, GOLDEN.replace("45 <", "4.5.1 <"), "goldens", "number: '4.5.1'"),
    ("16_error", LECTURE + "\n# %%\n1 / 0\n", GOLDEN, "Cell 3", "ZeroDivisionError"),
]
SOLUTIONS = [
    ("01_right", "# %%\nassert 1 + 1 == 2\n", None, None),
    ("02_wrong", "# %%\nassert 1 + 1 == 3\n", "Cell 0", "AssertionError"),
    ("03_tagged", f"# %%{TAGS}\nprint(1)\n", "goldens", "a solution has no golden"),
]


@pytest.fixture(scope="module", params=[[], ["-n2"]], ids=["plain", "two workers"])
def failures(request, tmp_path_factory):
    """Run `pytest` in a course made of the cases: {(folder, stem): {test: failure text}}."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(COURSE / "pyproject.toml", course)
    (course / "tests").mkdir()
    for name in ("collector.py", "comparison.py"):
        shutil.copy(COURSE / "tests" / name, course / "tests")
    for stem, lecture, golden, *_ in CASES:
        write(course / "lectures" / f"{stem}.py", lecture)
        if golden is not None:
            write(course / "tests" / "golden" / f"{stem}.txt", golden)
    for stem, solution, *_ in SOLUTIONS:
        write(course / "solutions" / f"{stem}.py", solution)
    command = [sys.executable, "-m", "pytest", "--junit-xml=report.xml", *request.param]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(course / "report.xml").iter("testcase"):
        tests = found.setdefault(tuple(case.get("classname").split(".")[:2]), {})
        for failure in case.iter("failure"):
            tests[case.get("name")] = failure.text
    return found


@pytest.mark.parametrize(
    ("folder", "stem", "test", "text"),
    [("lectures", stem, test, text) for stem, _, _, test, text in CASES]
    + [("solutions", stem, test, text) for stem, _, test, text in SOLUTIONS],
)
def test_pytest_fails_where_and_only_where_it_should(failures, folder, stem, test, text):
    failed = failures[folder, stem]
    assert list(failed) == ([test] if test else [])
    if test:
        assert text in failed[test]


def test_build_writes_what_pytest_then_accepts(tmp_path):
    write(tmp_path / "lectures" / "01_right.py", LECTURE)
    [written] = goldens.build(tmp_path, ["01"])
    assert written == tmp_path / "tests" / "golden" / "01_right.txt"
    assert written.read_text(encoding="utf-8") == GOLDEN


def test_build_refuses_a_lecture_that_checks_nothing(tmp_path):
    write(tmp_path / "lectures" / "01_mute.py", f"# %%{TAGS}\nx = 1\n")
    with pytest.raises(ValueError, match=r"01_mute.py: tagged cell 1 \(x = 1\) shows no text"):
        goldens.build(tmp_path)
    with pytest.raises(ValueError, match=r"names: must be among \['01_mute'\], got '02'"):
        goldens.build(tmp_path, ["02"])


texts = st.text(st.characters(exclude_categories=["Cs"])).map(goldens._sanitized)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(str.strip).filter(bool)


@given(st.lists(st.builds(Golden, lines, st.none() | texts, st.lists(texts).map(tuple))))
def test_a_golden_file_reads_back_as_written(written):
    assert goldens.loads(goldens.dumps(written)) == written


@given(texts)
def test_sanitizing_twice_is_sanitizing_once(once):
    assert goldens._sanitized(once) == once


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
