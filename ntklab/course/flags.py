"""What a teacher should look at: answers that do not compute, answers that are another's.

Neither costs marks. An answer is read, never run: what its function and everything it calls of the
student's own names, and what is left of its statements once local names are taken off.
"""

import ast
import builtins
import hashlib
import re
from collections import Counter, defaultdict

INNER = {"__self__", "__globals__", "__closure__", "__code__", "__func__", "__wrapped__",
         "_getframe", "f_back", "f_locals", "f_globals", "get_referrers", "get_objects"}
SHORTEST = 5  # statements, below which likeness says nothing
ALIKE = 0.8  # of the statements of two answers together
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def look(function: str, sources: list[str], model: str) -> tuple[list[str], list[str]]:
    """(what is odd about an answer, its statements as hashes).

    Parameters
    ----------
    function : str
        The name that is asked for.
    sources : list of str
        Code of the student's cells and helpers.
    model : str
        The master's answer: what it uses of ntklab, others may use.
    """
    defined, brought = {}, {}
    for source in sources:
        tree = _parsed(source)
        for node in ast.walk(tree):
            brought |= _imports(node)
        for node in tree.body:
            for name in _bound(node):
                defined[name] = node
    allowed = {node.id for node in ast.walk(_parsed(model)) if isinstance(node, ast.Name)}
    seen, todo, odd = set(), [function], []
    while todo:
        name = todo.pop()
        if name in seen or name not in defined:
            continue
        seen.add(name)
        local = _local(defined[name])
        for node in _without(defined[name], "annotation", "returns"):
            if isinstance(node, ast.Name) and node.id in local:
                continue
            odd += _odd(node, brought, allowed)
            if isinstance(node, ast.Name):
                todo.append(node.id)
    node = defined.get(function)
    return list(dict.fromkeys(odd)), _statements(node) if isinstance(node, FUNCTIONS) else []


def alike(answers: dict[str, list[str]], model: list[str]) -> dict[str, list[str]]:
    """{student: students with nearly the same answer}; `answers` are hashes by `look`.

    What the master, or a third of a class, has in common says nothing of anybody.
    """
    counts = {name: Counter(found) for name, found in answers.items() if len(found) >= SHORTEST}
    having = defaultdict(list)
    for name, found in counts.items():
        for one in found:
            having[one].append(name)
    near = defaultdict(list)
    common = max(3, len(answers) // 3)
    for name, found in counts.items():
        if _likeness(found, Counter(model)) >= ALIKE:
            continue
        beside = Counter(
            other for one in found if len(having[one]) <= common for other in having[one]
        )
        near[name] = sorted(
            other for other in beside
            if other != name and _likeness(found, counts[other]) >= ALIKE
        )
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
    """{name here: name there} of what an import brings of ntklab."""
    if isinstance(node, ast.Import):
        return {(a.asname or a.name.partition(".")[0]): a.name for a in node.names
                if a.name.split(".")[0] == "ntklab"}
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ntklab":
        return {(a.asname or a.name): f"{node.module}.{a.name}" for a in node.names}
    return {}


def _bound(node):
    if isinstance(node, FUNCTIONS | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)
                and isinstance(one.ctx, ast.Store)]
    return []


def _odd(node, brought, allowed):
    if isinstance(node, ast.Attribute):
        owner = node.value
        inside = isinstance(owner, ast.Name) and owner.id in brought
        if node.attr in INNER:
            return [f"uses {node.attr}"]
        if inside and node.attr.startswith("_"):
            return [f"uses {owner.id}.{node.attr}"]
    if isinstance(node, ast.Name) and node.id in brought and node.id not in allowed:
        return [f"calls {brought[node.id]}"]
    if isinstance(node, ast.Import | ast.ImportFrom) and _imports(node):
        return [f"calls {name}" for here, name in _imports(node).items() if here not in allowed]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
        if node.value in INNER or node.value.startswith("ntklab"):
            return [f"names {node.value!r}"]
    return []


def _statements(function):
    """A hash of each statement, without local names, annotations and documentation."""
    local, found = _local(function), []
    for node in ast.walk(function):
        if not isinstance(node, ast.stmt) or node is function or _documentation(node):
            continue
        words = []
        for part in _without(node, "annotation", "returns", "body", "orelse", "finalbody"):
            if isinstance(part, ast.expr_context):
                continue
            if isinstance(part, ast.Name):
                keep = part.id not in local or hasattr(builtins, part.id)
                words.append(part.id if keep else "_")
            elif isinstance(part, ast.Attribute):
                words.append(part.attr)
            elif isinstance(part, ast.Constant):
                words.append(repr(part.value)[:40])
            else:
                words.append(type(part).__name__)
        found.append(hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:6])
    return found[:100]


def _documentation(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _local(node):
    """Names that are a function's own."""
    if not isinstance(node, FUNCTIONS):
        return set()
    return {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)} | {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _without(node, *fields):
    """A node and those below it, but for some fields; blocks are lists of statements."""
    yield node
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        block = isinstance(value, list) and value and isinstance(value[0], ast.stmt)
        if name not in fields or (name in ("body", "orelse") and not block):
            for part in parts:
                if isinstance(part, ast.AST):
                    yield from _without(part, *fields)
