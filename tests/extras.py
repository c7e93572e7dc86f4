"""Every extra alone, in a fresh environment: does it bring what the README promises of it?

    python tests/extras.py core|class|cluster|site|test|bench ... [--torch ENVIRONMENT]

installs the package with that extra and nothing else, not editable, does with it what the README
says on a copy of the course, and tells seconds, packages and megabytes. `all` takes every extra.
--torch links torch's files from an environment that has them, which spares a minute an extra.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

COURSE = Path(__file__).parents[1]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ["core", *PROJECT["optional-dependencies"]]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from ntklab import fredholm
from ntklab.densities import PiecewiseConstant
from ntklab.kernels import TwoLayerNTK
fredholm.solve(TwoLayerNTK(bias=True), PiecewiseConstant.equal_pieces([1, 2, 4]), count=4)
"""
SQUARE = "def square(x):\n    return {'value': x * x}\n"
SWEEP = """
from distributed import Client
from ntklab import sweeps
from square import square
with Client(processes=False, dashboard_address=None) as client:
    frame = sweeps.run(square, {"x": range(4)}, executor=client.get_executor())
assert frame.value.tolist() == [0, 1, 4, 9], frame
"""
MARKED = """
import pandas
grades = pandas.read_csv("grades/grades.csv")
assert grades.student.tolist() == ["ada"] and (grades.marks == grades.out_of).all(), grades
"""
# What the README promises of each; every command in a copy of the course.
PROMISES = {
    "core": [
        ["ntklab", "--help"],
        ["ntklab", "claims", "C13"],
        ["python", "-c", WITHOUT_TORCH],
    ],
    "site": [["ntklab", "build", "html", "--no-execute"]],
    "class": [
        ["ntklab", "build", "exercises"],
        ["ntklab", "grade", "submissions", "--trusted"],
        ["python", "-c", MARKED],
    ],
    "certify": [["ntklab", "certify", "1", "2", "4", "--count", "5"]],
    "cluster": [["python", "-c", SWEEP]],
    "test": [["python", "-m", "pytest", "-q", "tests/test_comparison.py"]],
    "bench": [["python", "-m", "pytest", "-q", "--collect-only", "tests/benchmarks"]],
}


def chosen(names):
    """The extras named; ValueError for one that pyproject.toml has not."""
    for name in names:
        if name not in [*EXTRAS, "all"]:
            raise ValueError(f"extra: must be all, {', '.join(EXTRAS)}, got {name}")
    return EXTRAS if "all" in names else names


def environment(folder, extra, torch=None):
    """The folder of scripts of a fresh environment that has the package with this extra alone."""
    source = torch and _packages(torch)
    venv.create(folder, with_pip=True, upgrade_deps=True)  # a recent pip is faster
    if source:
        _link(source, _packages(folder))
    wanted = str(COURSE) if extra == "core" else f"{COURSE}[{extra}]"
    command = [folder / SCRIPTS / "python", "-m", "pip", "install", "-q", "--no-compile", wanted]
    subprocess.run(command, check=True, env=os.environ | {"PIP_RETRIES": "0"})
    return folder / SCRIPTS


def _packages(folder):
    """site-packages of an environment."""
    found = [*Path(folder).resolve().glob("lib/python*/site-packages"),
             *Path(folder).resolve().glob("Lib/site-packages")]
    if not found:
        raise ValueError(f"--torch: must be an environment, got {folder}")
    return found[0]


def _link(source, target):
    """torch as `source` has it, without a copy where the file system allows."""
    found = [path for path in source.iterdir()
             if path.name in ("torch", "torchgen", "functorch") or path.name.startswith("torch-")]
    if not found:
        raise ValueError(f"--torch: must be an environment that has torch, got {source}")

    def link(one, other):
        try:
            os.link(one, other)
        except OSError:  # another file system
            shutil.copy2(one, other)

    for path in found:
        shutil.copytree(path, target / path.name, copy_function=link)


def course(folder):
    """A copy of what a student or teacher has."""
    for name in ("lectures", "exercises", "solutions", "tests"):
        ignore = shutil.ignore_patterns("__pycache__", "_build")
        shutil.copytree(COURSE / name, folder / name, ignore=ignore)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(COURSE / name, folder)
    (folder / "submissions" / "ada").mkdir(parents=True)
    shutil.copy(folder / "solutions" / "09_beyond.py", folder / "submissions" / "ada")
    (folder / "square.py").write_text(SQUARE, encoding="utf-8")
    return folder


def weight(folder):
    """Megabytes of an environment, and of torch and CUDA in it."""
    sizes = {path: path.lstat().st_size for path in folder.rglob("*") if path.is_file()}
    heavy = ("torch", "nvidia", "triton")
    parts = [size for path, size in sizes.items() if any(f"/{name}" in str(path) for name in heavy)]
    return sum(sizes.values()) / 2**20, sum(parts) / 2**20


def keeps(extra, torch=None):
    """Whether the extra keeps its promises; what it weighs is printed."""
    with tempfile.TemporaryDirectory(prefix=f"ntklab-{extra}-") as place:
        start = time.monotonic()
        folder = Path(place).resolve()
        scripts = environment(folder / "env", extra, torch)
        seconds = time.monotonic() - start
        whole, heavy = weight(folder / "env")
        count = len(list(_packages(folder / "env").glob("*.dist-info")))
        print(f"{extra}: {count} packages, {whole:.0f} MB ({heavy:.0f} of torch), "
              f"made in {seconds:.0f} s", flush=True)
        usual = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        path = os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)])
        kept, there = True, course(folder / "course")
        for command in PROMISES[extra]:
            done = subprocess.run(
                [shutil.which(command[0], path=path), *command[1:]], cwd=there,
                env=usual | {"PATH": path}, capture_output=True, text=True, encoding="utf-8",
            )
            if done.returncode:
                kept = False
                print(f"{extra}: {' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return kept


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="+", metavar="EXTRA")
    parser.add_argument("--torch", metavar="ENVIRONMENT", help="where torch is linked from")
    args = parser.parse_args(arguments)
    try:
        names = chosen(args.extras)
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:  # pip keeps one core busy
            kept = list(pool.map(partial(keeps, torch=args.torch), names))
        failed = [name for name, well in zip(names, kept, strict=True) if not well]
    except ValueError as error:
        parser.error(str(error))
    return f"extras that do not keep their promises: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main())
