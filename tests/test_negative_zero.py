"""No reader sees -0: a rounding zero may have either sign, and which one depends on the processor.

A format with z, as in f"{value:z.2f}", prints it without one.
"""

import ast
import re
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[1]
SHOWN = [
    path
    for folder in ("claims", "experiments", "explorers", "figures")
    for path in sorted((COURSE / "ntklab" / folder).rglob("*.py"))
]
GOLDENS = sorted((COURSE / "tests" / "golden").glob("*.txt"))
ZERO = re.compile(r"(?<![\w.)\]])[-−]0(?:\.0*)?(?:e[+-]?\d+)?(?![\w.])")


def formats(source):
    """The format specifications of floating-point numbers in f-strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            parts = [getattr(part, "value", "") for part in node.format_spec.values]
            spec = "".join(part for part in parts if isinstance(part, str))
            if re.search("[fFeEgG%]$", spec):
                yield spec


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_titles_labels_alt_texts_and_verdicts_are_formatted_without_it(path):
    signed = [spec for spec in formats(path.read_text(encoding="utf-8")) if "z" not in spec]
    assert signed == [], "write z after the sign and before the width: f'{value:z.2f}'"


def test_what_is_looked_for_would_be_found():
    assert list(formats("f'{x:6.2f} {x} {n:3d} {x:+z.1%}'")) == ["6.2f", "+z.1%"]
    assert [f"{-1e-9:{spec}}" for spec in ("z6.2f", "z.0%", "+z.1f")] == ["  0.00", "0%", "+0.0"]
    assert f"{-0.0:zg} {-0.0:z.1e}" == "0 0.0e+00"
    found = "with -0% and −0.00, [-0. 1.], -0.0e+00; not 1-0, -0.5, x-0 and 1e-0"
    assert ZERO.findall(found) == ["-0", "−0.00", "-0.", "-0.0e+00"]


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_no_golden_holds_it(path):
    assert ZERO.findall(path.read_text(encoding="utf-8")) == []
