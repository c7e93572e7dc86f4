"""The page of notation knows every symbol of the lectures, the glossary no word that they lack."""

import re
from pathlib import Path

import jupytext
import pytest

LECTURES = Path(__file__).parents[1] / "lectures"
NOTATION = (LECTURES / "_site" / "notation.md").read_text(encoding="utf-8")
GLOSSARY = (LECTURES / "_site" / "glossary.md").read_text(encoding="utf-8")
TEXTS = {
    path: "\n\n".join(
        cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"
    )
    for path in sorted(LECTURES.glob("[0-9][0-9]_*.py"))
}

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
WORDS = re.compile(r"\\(?:text|mathrm|operatorname|tag|begin|end)\s*\{[^{}]*\}")
# A letter by itself, or with what makes another symbol of it: \hat g, \mathbb{E}.
SYMBOL = re.compile(
    r"(\\(?:hat|tilde|bar|dot|math[a-z]+)(?![a-zA-Z]))\s*\{?\s*(\\[a-zA-Z]+|\w)\}?"
    r"|(\\[a-zA-Z]+|[a-zA-Z])"
)
# How a formula is laid out, and what is known from school.
PLAIN = set(
    r"""\frac \tfrac \sqrt \left \right \big \Big \quad \qquad \underbrace \overset \dots \times \pm
    \cos \sin \arccos \log \exp \max \min \le \ge \ne \in \to \leftarrow \longrightarrow
    \Longrightarrow \int \sum \prod \cdot""".split()
)


def symbols(text):
    """The symbols in the formulas of a text, with the formulas in which they stand."""
    found = {}
    for displayed, inline in FORMULA.findall(re.sub(r"`[^`]*`", "", text)):
        formula = displayed or inline
        for accent, letter, alone in SYMBOL.findall(WORDS.sub(" ", formula)):
            symbol = f"{accent} {letter}" if accent else alone
            if symbol not in PLAIN:
                found.setdefault(symbol, " ".join(formula.split()))
    return found


ROWS = re.findall(r"^\| (\$.*?) \| .* \| (.*\.py\).*) \|$", NOTATION, re.MULTILINE)
KNOWN = {symbol for column, _ in ROWS for symbol in symbols(column)}


def test_symbols_are_taken_out_of_formulas():
    text = r"As $\hat g_i = \frac{\lambda}{2} \text{ if } x$, `$code$` and $$\mathbb{E} \dots y$$"
    assert set(symbols(text)) == {r"\hat g", "i", r"\lambda", "x", r"\mathbb E", "y"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem[:2])
def test_every_symbol_of_a_lecture_is_on_the_page_of_notation(path):
    unknown = {s: formula for s, formula in symbols(TEXTS[path]).items() if s not in KNOWN}
    assert not unknown


def test_every_symbol_on_the_page_is_used():
    used = set().union(*map(symbols, TEXTS.values()))
    assert len(ROWS) > 60
    assert KNOWN <= used


def test_a_symbol_is_used_where_it_is_said_to_stand_first():
    for column, first in ROWS:
        path = LECTURES / re.search(r"\.\./(\w+\.py)", first)[1]
        there = symbols(TEXTS[path])
        assert any(symbol in there for symbol in symbols(column)), (column, path.name)


TERMS = re.findall(r"^(\w.*)\n: ", GLOSSARY, re.MULTILINE)


def test_every_term_of_the_glossary_is_used_in_a_lecture():
    lectures = " ".join(" ".join(TEXTS.values()).replace("*", "").lower().split())
    assert len(TERMS) > 40
    assert [term for term in TERMS if term.lower() not in lectures] == []


def test_terms_are_in_order_and_stand_once():
    assert TERMS == sorted(set(TERMS), key=str.lower)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem[:2])
def test_every_lecture_leads_to_notation_and_glossary(path):
    head = TEXTS[path].partition("\n## ")[0]
    assert "](_site/notation.md)" in head and "](_site/glossary.md)" in head


@pytest.mark.parametrize("text", [NOTATION, GLOSSARY], ids=["notation", "glossary"])
def test_links_of_both_pages_lead_to_files(text):
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert len(links) > 40
    assert all((LECTURES / "_site" / link).exists() for link in links)
