"""Binder's pins lie in the ranges of pyproject.toml and leave no run-time dependency out."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

COURSE = Path(__file__).parents[1]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEPENDENCIES = [Requirement(line) for line in PROJECT["dependencies"]]
PINS = [
    Requirement(line)
    for line in (COURSE / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith(("#", "--"))
]


@pytest.mark.parametrize("dependency", DEPENDENCIES, ids=str)
def test_each_dependency_is_pinned_inside_its_range(dependency):
    [pin] = [pin for pin in PINS if pin.name == dependency.name]
    [exact] = pin.specifier
    assert dependency.specifier.contains(exact.version)


@pytest.mark.parametrize("pin", PINS, ids=str)
def test_each_pin_is_exact(pin):
    [exact] = pin.specifier
    assert exact.operator == "==" and "*" not in exact.version


def test_torch_is_the_cpu_build():
    [torch] = [pin for pin in PINS if pin.name == "torch"]
    assert str(torch.specifier).endswith("+cpu")


def test_python_is_one_that_the_package_accepts():
    runtime = (COURSE / "binder" / "runtime.txt").read_text(encoding="utf-8")
    [version] = re.findall(r"^python-(3\.\d+)\n$", runtime)
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(version)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no executable bit")
@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_scripts_are_executable(script):
    assert os.access(COURSE / "binder" / script, os.X_OK)
