"""Flags for the teacher: answers that use forbidden names, and answers that are nearly alike.

A flag costs no marks. Answers are parsed, never run. The names are those in the function that is
asked for and in all of the student's functions that it uses; answers are compared by hashes of
their statements without local names.
"""

import ast
import builtins
import hashlib
import re
from collections import Counter, defaultdict

FORBIDDEN = {"__self__", "__globals__", "__closure__", "__code__", "__func__", "__wrapped__",
             "_getframe", "f_back", "f_locals", "f_globals", "get_referrers", "get_objects"}
SHORTEST = 5  # statements; shorter answers are not compared
ALIKE = 0.8  # the share of common statements from which on two answers are nearly the same
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def look(function: str, sources: list[str], model: str) -> tuple[list[str], list[str]]:
    """(messages on forbidden names in an answer, hashes of its statements).

    Parameters
    ----------
    function : str
        The name that is asked for.
    sources : list of str
        Code of the student's cells and helpers.
    model : str
        The master's answer; the names of ntklab that it uses are allowed.
    """
    trees = [_parsed(source) for source in sources]
    brought = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        brought |= _imports(node)
    defined = {name: node for tree in trees for node in tree.body for name in _bound(node)}
    allowed = {node.id for node in ast.walk(_parsed(model)) if isinstance(node, ast.Name)}
    asked, todo, odd = defined.get(function), [function], []
    while todo:
        found = defined.pop(todo.pop(), ast.Module([], []))  # each once
        local = _local(found)
        for node in _without(found, "annotation", "returns"):
            if isinstance(node, ast.Name) and node.id in local:
                continue
            odd += _odd(node, brought, allowed)
            if isinstance(node, ast.Name):
                todo.append(node.id)
    return list(dict.fromkeys(odd)), _statements(asked) if isinstance(asked, FUNCTIONS) else []


def alike(answers: dict[str, list[str]], model: list[str]) -> dict[str, list[str]]:
    """{student: students with nearly the same answer}; `answers` and `model` are hashes by `look`.

    Answers nearly the master's, or shared by a third of the class, are not reported.
    """
    counts = {name: Counter(found) for name, found in answers.items() if len(found) >= SHORTEST}
    having = defaultdict(list)
    for name, found in counts.items():
        for one in found:
            having[one].append(name)
    near, common = {}, max(3, len(answers) // 3)
    for name, found in counts.items():
        if _likeness(found, Counter(model)) < ALIKE:
            beside = {other for one in found if len(having[one]) <= common for other in having[one]}
            near[name] = sorted(other for other in beside - {name}
                                if _likeness(found, counts[other]) >= ALIKE)
    return {name: found for name, found in near.items() if 0 < len(found) < common}


def _likeness(one, other):
    together = (one | other).total()
    return (one & other).total() / together if together else 0.0


def _parsed(source):
    try:
        return ast.parse(re.sub(r"^\s*[%!].*", "", source, flags=re.M))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _imports(node):
    """{name in the answer: dotted name in ntklab} of an import statement."""
    if isinstance(node, ast.Import):
        return {(a.asname or a.name.partition(".")[0]): a.name for a in node.names
                if a.name.split(".")[0] == "ntklab"}
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ntklab":
        return {(a.asname or a.name): f"{node.module}.{a.name}" for a in node.names}
    return {}


def _bound(node):
    """The names that a statement defines."""
    if isinstance(node, FUNCTIONS | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)
                and isinstance(one.ctx, ast.Store)]
    return []


def _odd(node, brought, allowed):
    """Messages on a node that uses forbidden names; `brought` is {name: imported from ntklab}."""
    match node:
        case ast.Attribute(attr=name) if name in FORBIDDEN:
            return [f"uses {name}"]
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return [f"uses {owner}.{name}"] if owner in brought and name.startswith("_") else []
        case ast.Name(id=name):
            return [f"calls {brought[name]}"] if name in brought and name not in allowed else []
        case ast.Constant(value=str(text)) if len(text) < 200:
            return [f"names {text!r}"] if text in FORBIDDEN or text.startswith("ntklab") else []
    return [f"calls {name}" for here, name in _imports(node).items() if here not in allowed]


def _statements(function):
    """Hashes of a function's statements without local names, annotations and docstrings."""
    local, found = _local(function), []
    for node in ast.walk(function):
        documentation = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and node is not function and not documentation:
            parts = _without(node, "annotation", "returns", "body", "orelse", "finalbody")
            text = " ".join(_word(p, local) for p in parts if not isinstance(p, ast.expr_context))
            found.append(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6])
    return found[:100]


def _word(node, local):
    """What a node is in a statement: the name of what is not local, a value, or its kind."""
    match node:
        case ast.Name(id=name):
            return "_" if name in local and not hasattr(builtins, name) else name
        case ast.Attribute(attr=name):
            return name
        case ast.Constant(value=value):
            return repr(value)[:40]
    return type(node).__name__


def _local(node):
    """Names of the arguments and local variables of a function."""
    if not isinstance(node, FUNCTIONS):
        return set()
    return {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)} | {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _without(node, *fields):
    """A node and all nodes below it, except those in some fields.

    The fields body and orelse are left out where they are lists of statements only.
    """
    yield node
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        block = any(isinstance(part, ast.stmt) for part in parts)
        if name not in fields or (name in ("body", "orelse") and not block):
            for part in parts:
                if isinstance(part, ast.AST):
                    yield from _without(part, *fields)
