"""Rules of the goals: what each one counts, its value in a region, and its change since the year before. Pure.

The model is the northern region's follow-up (goal, level, value and change per region). The goals and their first
levels are this system's own proposals; the chefsamråd sets the levels. Source: the final report, proposal 1.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

import msgspec

from mdk import clock
from mdk.figures.rules import MOMENTS, happened, kept_target
from mdk.figures.structs import CaseFact


class Tally(msgspec.Struct, frozen=True):
    """How many cases met a goal in a year, how many missed it, and of how many that cannot be told (yet)."""

    met: int
    missed: int
    open: int = 0

    @property
    def share(self) -> float | None:
        whole = self.met + self.missed
        return round(self.met / whole, 4) if whole else None


class GoalValue(msgspec.Struct, frozen=True):
    """A goal in one region: its share (0–1), and the change since the year before in percentage points.

    Both are null where there were no cases, or where they would tell of one to four; `is_hidden` tells which.
    """

    region: str
    value: float | None
    change: float | None
    is_hidden: bool


class GoalLine(msgspec.Struct, frozen=True):
    """A goal with its level (0–1), whether that level was decided or is only proposed, and its value per region."""

    goal: str
    level: float
    is_decided: bool
    version: int
    values: list[GoalValue]


EASED = 4  # the highest NRS that does not count as the criteria's "NRS>4"; source: the final report, Bilaga 1


class _Goal(NamedTuple):
    """A proposed level (0–1), the moments in the year that make a case count, and its verdict (None: not yet any)."""

    level: float
    base: tuple[str, ...]
    is_met: Callable[[CaseFact, datetime], bool | None]


def _read_in_time(fact: CaseFact, at: datetime) -> bool | None:
    until = clock.add_working_days(fact.decided_at or fact.submitted_at, 1)
    return None if fact.read_at is None and at <= until else (fact.read_at or at) <= until


def _followed_up(fact: CaseFact, at: datetime) -> bool | None:
    if fact.six_weeks_by is None or (fact.six_weeks_at is None and at < fact.six_weeks_by):
        return None
    return fact.six_weeks_at is not None and fact.six_weeks_at < fact.six_weeks_by


def _pain_eased(fact: CaseFact, _at: datetime) -> bool | None:
    return None if fact.six_weeks_nrs is None else fact.six_weeks_nrs <= EASED


_ENDED = ("done", "partly", "not_done", "died_before")
_GOALS: Mapping[str, _Goal] = {
    "triage_in_time": _Goal(0.9, ("triaged",), lambda fact, _: kept_target("submission_to_triage", fact)),
    "decision_in_time": _Goal(0.9, ("decided",), lambda fact, _: kept_target("submission_to_decision", fact)),
    "read_in_time": _Goal(0.9, ("decided",), _read_in_time),
    "implemented": _Goal(0.8, _ENDED, lambda fact, _: fact.ended == "done"),
    "found_in_time": _Goal(0.9, ("decided",), lambda fact, _: fact.outcome != "too_late" and fact.ended != "died"),
    "patient_heard": _Goal(0.95, ("decided",), lambda fact, _: fact.patient_view),
    "followed_up": _Goal(0.9, ("six_weeks",), _followed_up),
    "pain_eased": _Goal(0.7, ("six_weeks_told",), _pain_eased),
}
PROPOSED: Mapping[str, float] = {name: goal.level for name, goal in _GOALS.items()}


def tally(goal: str, facts: Sequence[CaseFact], year: int, *, at: datetime) -> Tally:
    """How many of a year's cases met and missed a goal; what may still be met at `at` counts as neither."""
    counted = _GOALS[goal]
    verdicts = [counted.is_met(fact, at) for name in counted.base for fact in happened(MOMENTS[name], facts, year)]
    return Tally(met=verdicts.count(True), missed=verdicts.count(False), open=verdicts.count(None))


def values(
    tallies: Mapping[str, Tally], before: Mapping[str, Tally], *, gone: AbstractSet[str], gone_before: AbstractSet[str]
) -> list[GoalValue]:
    """One goal's values from its tallies of this year and the one before, by region and for all together (`all`).

    `gone` are the regions whose share must not be shown this year, `gone_before` the year before.
    """
    return [
        GoalValue(
            region,
            value=None if region in gone else now.share,
            change=None if region in gone or region in gone_before else _change(now.share, before[region].share),
            is_hidden=region in gone or region in gone_before,
        )
        for region, now in tallies.items()
    ]


def _change(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(100 * (now - before), 1)
