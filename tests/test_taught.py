"""A public name of the numerics has a caller: another module, a lecture, an exercise, the README.

What only its own module calls has an underscore; what nobody calls is gone.
"""

import ast
import re
from pathlib import Path

import pytest
from test_fuzz import MODULES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ntklab"
NUMERICS = [PACKAGE / f"{name}.py" for name in MODULES if name != "explorers"]
# what a call returns is not called itself
RECORDS = "Certificate Reach Estimate Drift Training Errors Stop Band ReLU Erf".split()
BASES = "DualActivation HermiteSeries CircleDensity ZonalKernel Layers Arcs Patterns".split()


def callers():
    """{path: tree of its code}; the README's blocks are code, too."""
    paths = [p for room in ("lectures", "solutions", "ntklab") for p in (ROOT / room).rglob("*.py")]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.S)
    spans = re.findall(r"`([\w.]+)`", readme)
    return trees | {ROOT / "README.md": ast.parse("\n".join([*blocks, *spans]))}


def names(tree):
    """Every name that code reads, calls or imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name


def definitions(path):
    """Public functions, classes, methods and properties of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    yield part.name


USED = {path: set(names(tree)) for path, tree in callers().items()}


@pytest.mark.parametrize("path", NUMERICS, ids=lambda path: path.stem)
def test_every_public_name_has_a_caller(path):
    elsewhere = set().union(*(used for other, used in USED.items() if other != path))
    elsewhere |= {*RECORDS, *BASES, "extra_repr"}  # the last is called by torch
    assert [name for name in definitions(path) if name not in elsewhere] == []
