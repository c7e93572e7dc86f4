"""Checks where they are not: whoever is marked can import them, and nothing is in them.

A student's own instant checks stay with the student. While a submission is marked its kernel gets
these instead, so that no answer can be taken from a check: what checks know stays with the judge.
"""

import importlib.abc
import importlib.machinery
import site
import sys
from pathlib import Path

import ntklab

CHECKS = "ntklab.course.checks"


def install():
    """From now on the checks of this process are empty."""
    sys.meta_path.insert(0, _Empty())


def folders() -> list[Path]:
    """Where checks can be read on this machine, by whatever path."""
    inside = Path("course", "checks")
    own = Path(ntklab.__file__).parent
    places = [own, own.resolve()]
    roots = {"/usr", "/usr/local", sys.prefix, sys.base_prefix, *site.PREFIXES}
    for root in sorted(roots):
        places += Path(root).glob("lib*/python*/*-packages/ntklab")
    return sorted({place / inside for place in places if (place / inside).is_dir()})


class _Empty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == CHECKS or name.startswith(f"{CHECKS}."):
            return importlib.machinery.ModuleSpec(name, self, is_package=name == CHECKS)
        return None

    def exec_module(self, module):
        if module.__name__ != CHECKS:  # `from package import module` asks the package first
            module.__getattr__ = _check


def _check(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return lambda *arguments, **keywords: None
