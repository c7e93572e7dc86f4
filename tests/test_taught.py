"""A public name of the numerics has a caller: another module, a lecture, an exercise, the README.

What only its own module calls has an underscore; what nobody calls is gone.
"""

import ast
import functools
import re
from pathlib import Path

import pytest
from test_fuzz import MODULES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ntklab"
NUMERICS = [PACKAGE / f"{name}.py" for name in MODULES if name != "explorers"]
# what a call returns is not called itself
RECORDS = "Certificate Reach Estimate Drift Training Errors Stop Band".split()
# made by a name, `activation="erf"`
BASES = "Erf DualActivation HermiteSeries CircleDensity ZonalKernel".split()


@functools.cache
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


def options(function):
    """(name, position or None) of the arguments that may be left out."""
    ordered = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    first = ordered[:1] in (["self"], ["cls"])
    for name in ordered[len(ordered) - len(function.args.defaults) :]:
        yield name, ordered.index(name) - first
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if default is not None:
            yield argument.arg, None


def functions(path):
    """(name that it is called by, its node) of the public functions of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in parts:
            if isinstance(part, ast.FunctionDef) and not node.name.startswith("_"):
                yield (node.name if part.name == "__init__" else part.name), part


def passed(tree):
    """(function called, argument passed, by position or by name)."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", getattr(call.func, "id", None))
            many = 9 if any(isinstance(a, ast.Starred) for a in call.args) else len(call.args)
            yield from ((name, i) for i in range(many))
            yield from ((name, keyword.arg) for keyword in call.keywords)


@functools.cache
def used():
    """{path: names in its code}."""
    return {path: set(names(tree)) for path, tree in callers().items()}


@functools.cache
def passed_anywhere():
    return set().union(*map(passed, callers().values()))


# in the README's words: `solve(..., refine=2)`
MENTIONED = set(re.findall(r"(\w+)=", (ROOT / "README.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", NUMERICS, ids=lambda path: path.stem)
def test_every_public_name_has_a_caller(path):
    elsewhere = set().union(*(found for other, found in used().items() if other != path))
    elsewhere |= {*RECORDS, *BASES, "extra_repr"}  # the last is called by torch
    assert [name for name in definitions(path) if name not in elsewhere] == []


@pytest.mark.parametrize("path", NUMERICS, ids=lambda path: path.stem)
def test_every_option_is_given_somewhere(path):
    """To its function, or to another of the module that means the same by it."""
    public = [(n, f) for n, f in functions(path) if not n.startswith("_")]
    every = [(name, *option) for name, function in public for option in options(function)]
    everywhere = passed_anywhere()
    given = {option for name, option, at in every if {(name, option), (name, at)} & everywhere}
    left = {(name, option) for name, option, _ in every if option not in given | MENTIONED}
    # for who makes an activation of their own, and is told by the error that asks for them
    assert left <= {("HermiteSeries", "most_nodes"), ("HermiteSeries", "tolerance")}
