"""The ledger: every claim of the lecture is data plus one function that measures it (`claim`).

The verdict follows from the measurement, never by hand:

- *holds*: the printed statement is off by no more than its tolerance;
- *corrected*: it is not, and the right statement is, exactly or in a limit at a measured rate;
- *asymptotic*: what separates it from the truth dies out as a named parameter grows, at the
  stated rate;
- *unsettled*: none of these, or another verdict at other settings.

A measurement states the settings that it depends on (`Claim.settings`). `judge_elsewhere` repeats
it at others, named in `Claim.elsewhere`: a verdict that the settings decide is none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from ntklab.experiments import PowerLaw


@dataclass(frozen=True)
class Rate:
    """A discrepancy that falls like parameter^exponent, beside the exponent that is claimed."""

    parameter: str
    measured: PowerLaw
    expected: float
    margin: float = 0.15  # room for the terms beyond the leading one

    @property
    def confirmed(self):
        """Near the claimed exponent, and known to half of it: a wide guess confirms nothing."""
        room = max(self.margin, 2 * self.measured.error)
        near = abs(self.measured.exponent - self.expected) <= room
        return near and 2 * self.measured.error <= abs(self.expected) / 2


@dataclass(frozen=True)
class Measurement:
    """How far the printed statement is from the truth, and the corrected one if there is one."""

    printed: float
    tolerance: float
    figure: str
    corrected: float | None = None
    rate: Rate | None = None  # at which the printed statement becomes true
    corrected_rate: Rate | None = None  # at which the corrected one does

    @property
    def verdict(self):
        if self.printed <= self.tolerance:
            return "holds"
        if self.corrected is not None and self.corrected <= self.tolerance:
            return "corrected"
        if _falls(self.rate):
            return "asymptotic"
        return "corrected" if _falls(self.corrected_rate) else "unsettled"


def _falls(rate):
    return rate is not None and rate.expected < 0 and rate.confirmed


@dataclass(frozen=True)
class Claim:
    """One row of the ledger."""

    id: str
    source: str
    statement: str
    truth: str
    measure: Callable[..., Measurement] = field(repr=False)
    settings: str = ""
    elsewhere: Mapping[str, Mapping] = field(default_factory=dict)  # label -> arguments of measure

    @property
    def lecture(self):
        """The lecture that measures the claim: the module of `measure` has its name."""
        return self.measure.__module__.rpartition(".")[2]


REGISTERED = {}  # claims by id; `ntklab.claims` imports all modules that hold some


def claim(id, source, statement, truth, settings, elsewhere):
    """Decorator: registers a `Claim` that the function below measures."""

    def register(measure):
        REGISTERED[id] = Claim(id, source, statement, truth, measure, settings, elsewhere)
        return measure

    return register


# ground of a badge with white letters; at least 5 : 1 in contrast
BADGES = {
    "holds": "#00694f", "asymptotic": "#005a8f", "corrected": "#a34700", "unsettled": "#555555",
}  # fmt: skip
VERDICTS = tuple(BADGES)


@dataclass(frozen=True)
class Judged:
    """A claim with its measurement: a card in a notebook, four lines of text when printed."""

    claim: Claim
    measurement: Measurement

    @property
    def rows(self):
        """(name, text) of what is told below the verdict."""
        rows = {"claim": self.claim.statement, "truth": self.claim.truth,
                "measured": self.measurement.figure, "settings": self.claim.settings}  # fmt: skip
        return [(name, text) for name, text in rows.items() if text]

    def __str__(self):
        head = f"{self.claim.id} [{self.claim.source}] {self.measurement.verdict.upper()}"
        return "\n".join([head, *(f"  {name + ':':9} {text}" for name, text in self.rows)])

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self):
        verdict = self.measurement.verdict
        ground = BADGES[verdict]
        lines = "".join(
            f'<div style="display: flex; flex-wrap: wrap; gap: 0 1em; margin-top: 0.4em">'
            f'<span style="flex: 0 0 5.5em; opacity: 0.8">{name}</span>'
            f'<span style="flex: 1 1 14em; min-width: 0; overflow-wrap: anywhere">'
            f"{typeset(text)}</span></div>"
            for name, text in self.rows
        )
        return (
            f'<div class="verdict {verdict}" id="{self.claim.id}" style="border-left: 5px solid '
            f'{ground}; padding: 0.5em 1em; white-space: normal; text-align: left">'
            f'<span class="badge" style="background: {ground}; color: #ffffff; padding: 0.1em '
            f'0.6em; border-radius: 0.3em; font-weight: bold">{verdict}</span> '
            f"<strong>{self.claim.id}</strong> {escape(self.claim.source)}{lines}</div>"
        )


def typeset(text):
    """HTML of a claim's plain text: x_i, x_{n+1}, m^-1/2, Σ^(h-1) get their indices."""
    html = re.sub(r"(?<![a-z]{2})-|-(?![a-z]{2})", "\N{MINUS SIGN}", escape(text, quote=False))
    html = html.replace("&lt;=", "≤").replace("&gt;=", "≥")
    html = re.sub(r"(?<=\d)e([+\N{MINUS SIGN}])?0*(\d+)", _power_of_ten, html)
    index = r"(\{[^}]*\}|\([^()]*\)|\N{MINUS SIGN}?[A-Za-zα-ωΑ-Ω0-9∞]+(?:[/.]\d+)?)"
    html = re.sub(rf"(?<=\S)\^{index}", lambda found: _placed("sup", found[1]), html)
    html = re.sub(rf"(?<=\S)_{index}", lambda found: _placed("sub", found[1]), html)
    return re.sub(r"√(?:\(([^()]*)\)|(\w+\*?)(?!\())", _root, html)


def _placed(tag, index):
    inner = index[1:-1] if index[0] in "{(" and " ± " not in index else index
    return f"<{tag}>{inner}</{tag}>"


def _power_of_ten(found):
    sign = (found[1] or "").strip("+")
    return f"·10<sup>{sign}{found[2]}</sup>"


def _root(found):
    return f'√<span style="border-top: 1px solid">{found[1] or found[2]}</span>'
