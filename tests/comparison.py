"""Printed text compared as a reader does: words as words, numbers as numbers.

Rounding differs between processors, threads and releases, so a printed number may be off by one
unit of its last printed digit (the finer one, where the two show different digits), and a
rounding zero may have either sign. nan and inf stand for themselves. Digits that belong to a
word, as in C13, 2π or 16x, are part of it. Blanks and line ends only set columns.
"""

import re
from decimal import Decimal

NUMBER = re.compile(
    r"""(?<![\w.])(?P<sign>(?<![)\]])[-+−])?     # in x-1 and (a)-1 the words end with a minus
    (?: (?P<name>nan|inf|∞)(?!\w)
      | (?P<value>(?>\d{1,3}(?:,\d{3})++(?![\d,])|\d++)(?:\.\d*+)?(?>[eE][-+−]?\d++)?
          | \.\d++(?>[eE][-+−]?\d++)?) )""",
    re.VERBOSE | re.IGNORECASE,
)
# a second point, an exponent without digits or beyond any number, a second sign
MALFORMED = re.compile(
    r"(?<![\w.])[-+−]?\d++(?:\.\d*\.\d[\w.]*"
    r"|(?:\.\d*)?[eE](?:[-+−](?!\d)|(?![-+−\w])|[-+−]?\d{4,}))"
    r"|(?<![\w.+−-])[-+−]{2,}\d[\w.]*"
)


def difference(golden: str, shown: str) -> str:
    """What tells `shown` from `golden`; "" if nothing does."""
    (words, numbers), (shown_words, shown_numbers) = _split(golden), _split(shown)
    if len(numbers) != len(shown_numbers):
        return f"{len(shown_numbers)} numbers are shown, the golden has {len(numbers)}"
    for wanted, found in zip(words, shown_words, strict=True):
        if wanted != found:
            return f"words: {found!r} is shown, the golden has {wanted!r}"
    for wanted, found in zip(numbers, shown_numbers, strict=True):
        if not _close(wanted, found):
            return f"numbers: {found[0]} is shown, the golden has {wanted[0]}"
    return ""


def malformed(text: str) -> list[str]:
    """What begins like a number and is none."""
    return [found[0] for found in MALFORMED.finditer(text)]


class Printed(str):
    """Text that equals what differs from it by rounding alone."""

    def __eq__(self, other):
        return isinstance(other, str) and not difference(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = None


def _split(text):
    """The words around the numbers, and the numbers."""
    words, numbers, start = [], [], 0
    for found in NUMBER.finditer(text):
        whole = found["value"] and found["value"].isdecimal()
        if whole and text[found.end() : found.end() + 1].isalnum():
            continue  # 2π
        words.append(" ".join(text[start : found.start()].split()))
        numbers.append(found)
        start = found.end()
    return [*words, " ".join(text[start:].split())], numbers


def _close(one, other):
    if one["name"] or other["name"]:
        return _name(one) == _name(other)
    values = [Decimal(re.sub("−", "-", n[0].replace(",", ""))) for n in (one, other)]
    unit = min(Decimal(1).scaleb(value.as_tuple().exponent) for value in values)
    signs = [n["sign"] == "+" for n in (one, other)]
    if signs[0] != signs[1] and all(value > 0 for value in values):
        return False  # one that is always printed is part of the words
    return abs(values[0] - values[1]) <= unit


def _name(number):
    name = (number["name"] or "").lower().replace("∞", "inf")
    return name, name == "inf" and number["sign"] in ("-", "−")
