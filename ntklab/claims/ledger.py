"""The ledger: every claim of the lecture is data plus one function that measures it.

The verdict follows from the measurement, never by hand:

- *holds*: the printed statement is off by no more than its tolerance;
- *corrected*: it is not, and the right statement is, exactly or in a limit at a measured rate;
- *asymptotic*: what separates it from the truth dies out as a named parameter grows, at the
  stated rate;
- *unsettled*: none of these, or another verdict at other settings.

A measurement states the settings that it depends on (`Claim.settings`). `judge_elsewhere` repeats
it at others, named in `Claim.elsewhere`: a verdict that the settings decide is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
        room = max(self.margin, 2 * self.measured.error)
        return abs(self.measured.exponent - self.expected) <= room


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
    lecture: str
    measure: Callable[..., Measurement] = field(repr=False)
    settings: str = ""
    elsewhere: Mapping[str, Mapping] = field(default_factory=dict)  # label -> arguments of measure


@dataclass(frozen=True)
class Judged:
    """A claim with its measurement."""

    claim: Claim
    measurement: Measurement

    def __str__(self):
        return (
            f"{self.claim.id} [{self.claim.source}] {self.measurement.verdict.upper()}\n"
            f"  claim:    {self.claim.statement}\n"
            f"  truth:    {self.claim.truth}\n"
            f"  measured: {self.measurement.figure}"
            + (f"\n  settings: {self.claim.settings}" if self.claim.settings else "")
        )
