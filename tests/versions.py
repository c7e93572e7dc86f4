"""The tests at the lowest and at the highest versions that pyproject.toml admits.

    python tests/versions.py lowest|highest|both [PYTEST ARGUMENTS]

makes a fresh environment for each, outside the checkout, with every run-time dependency at that
end of its range, says what is in it, and runs the unit tests there (or what the arguments name).
torch stays where pip puts it: old builds bring gigabytes of CUDA. Ten minutes each.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

COURSE = Path(__file__).parents[1]
ENDS = {"lowest": 0, "highest": -1}
# Not the browser, pages and images, nor whole lectures.
LEFT_OUT = ("browser", "test_site.py", "test_binder_image.py", "test_notebook_faults.py",
            "test_determinism.py")
UNIT_TESTS = ["tests", "-q", *(f"--ignore=tests/{name}" for name in LEFT_OUT)]


def dependencies():
    """Those at run time, but torch."""
    project = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [Requirement(line) for line in project["dependencies"]]
    return [one for one in found if one.name != "torch"]


def released(dependency):
    """Versions with a wheel for this Python that pyproject.toml admits, in order."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--only-binary=:all:"]
    shown = subprocess.run(
        [*command, dependency.name], capture_output=True, check=True, encoding="utf-8",
    ).stdout
    [listed] = re.findall(r"Available versions: (.*)", shown)
    return sorted(dependency.specifier.filter(map(Version, listed.split(", "))))


def environment(folder, end):
    """A Python in a new environment with all dependencies at that end of their ranges."""
    pins = {one.name: released(one)[ENDS[end]] for one in dependencies()}
    constraints = folder / "constraints.txt"
    lines = "".join(f"{name}=={version}\n" for name, version in pins.items())
    constraints.write_text(lines, encoding="utf-8")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "-c", constraints, "-e", f"{COURSE}[test]"],
        check=True,
        env=os.environ | {"PIP_RETRIES": "0"},
    )
    ask = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    names = [*pins, "torch"]
    told = subprocess.run(
        [python, "-c", ask, *names], capture_output=True, check=True, encoding="utf-8",
    ).stdout.split()
    print(f"{end}:", ", ".join(map(" ".join, zip(names, told, strict=True))), flush=True)
    assert told[:-1] == [str(version) for version in pins.values()]
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ends", choices=[*ENDS, "both"])
    args, passed_on = parser.parse_known_args()
    failed = []
    for end in ENDS if args.ends == "both" else [args.ends]:
        with tempfile.TemporaryDirectory(prefix=f"ntklab-{end}-") as folder:
            python = environment(Path(folder), end)
            command = [python, "-m", "pytest", "-p", "no:cacheprovider"]
            command += passed_on or UNIT_TESTS
            if end == "lowest":  # old releases call what newer ones of others deprecate
                command += ["-W", "ignore::DeprecationWarning"]
            if subprocess.run(command, cwd=COURSE).returncode:
                failed.append(end)
    return f"failed at the {' and the '.join(failed)} versions" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
