"""What the auditor sees of the access log, and what is asked of it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

NAMED = 12  # cases of a row that are named
OddityKind = Literal["glass", "name", "surname", "many", "hours", "idle"]
Verdict = Literal["as_expected", "asked", "deviation"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of the log are asked for: those of some cases, of a person, of a time; `until` is not included."""

    since: datetime
    until: datetime
    cases: tuple[str, ...] | None = None
    person_id: int | None = None


class LogLine(msgspec.Struct, frozen=True):
    """One row of the log in words: what, whose, by whom with which assignment, from where, when and why."""

    id: int
    at: datetime
    act: str
    by: str
    person_id: int | None
    role: str
    unit: str
    cases: tuple[str, ...]
    surface: str
    address: str
    allowed: bool
    reason: str

    @property
    def named(self) -> tuple[str, ...]:
        """The cases that are named when the row is shown; of a long list its first."""
        return self.cases[:NAMED]


def named_in(lines: Iterable[LogLine]) -> tuple[str, ...]:
    """The cases that rows of the log name when they are shown."""
    return tuple(sorted({number for line in lines for number in line.named}))


class Oddity(msgspec.Struct, frozen=True):
    """Something in the log that is worth a question, and may have its good reason; `count` reads or cases."""

    kind: OddityKind
    by: str
    person_id: int
    at: datetime
    cases: tuple[str, ...]
    count: int
    reason: str = ""


class CheckLine(msgspec.Struct, frozen=True):
    """A spot check: which month's log it was drawn from, how much of it, and what was found."""

    id: int
    month: date
    drawn_at: datetime
    drawn_by: str
    rows: int
    of: int
    verdict: Verdict | None
    found: str
    concluded_at: datetime | None
    concluded_by: str


class OpeningLine(msgspec.Struct, frozen=True):
    """An emergency opening, and what was found when it was reviewed, if it was."""

    row: LogLine
    verdict: Verdict | None
    found: str
    reviewed_at: datetime | None
    reviewed_by: str


class Awaited(msgspec.Struct, frozen=True):
    """What waits for the auditor: openings to review, checks to conclude, and the month whose check is to be drawn."""

    openings: int
    opened_at: datetime | None
    checks: int
    month: date | None


class Suggested(msgspec.Struct, frozen=True):
    """How many rows a month's spot check should hold, of how many."""

    month: date
    rows: int
    of: int


class Extract(msgspec.Struct, frozen=True):
    """A patient's own extract of the log: the patient's number, the time that it covers, and every read and act."""

    identity_number: str
    since: datetime
    until: datetime
    made_at: datetime
    with_names: bool
    lines: list[LogLine]


class ConclusionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a spot check, or the review of an emergency opening, found."""

    verdict: Verdict
    found: Annotated[str, Meta(min_length=1, max_length=5000)]


class ExtractBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whose extract, from which day to which, and whether it names those who read; then also who decided that."""

    patient: Annotated[str, Meta(min_length=1, max_length=30)]
    since: date | None = None
    until: date | None = None
    with_names: Literal["yes"] | None = None
    decided: Annotated[str, Meta(max_length=500)] | None = None
