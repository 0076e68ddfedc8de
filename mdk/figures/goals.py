"""Rules of the goals: what each one counts, its value in a region, and its change since the year before. Pure.

The model is the northern region's follow-up (goal, level, value and change per region). The goals and their first
levels are this system's own proposals; the chefsamråd sets the levels. Source: the final report, proposal 1.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from mdk import clock
from mdk.figures.rules import ALL, MOMENTS, happened, kept_target
from mdk.figures.structs import CaseFact
from mdk.figures.suppression import hidden


class Tally(msgspec.Struct, frozen=True):
    """How many cases met a goal in a year, and how many missed it."""

    met: int
    missed: int

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


PROPOSED: Mapping[str, float] = {
    "triage_in_time": 0.9,
    "decision_in_time": 0.9,
    "read_in_time": 0.9,
    "implemented": 0.8,
    "found_in_time": 0.9,
}


_ENDED = ("done", "partly", "not_done", "died_before")
# The cases that each goal is counted on: those that passed one of these in the year.
_BASE: Mapping[str, tuple[str, ...]] = {
    "triage_in_time": ("triaged",),
    "decision_in_time": ("decided",),
    "read_in_time": ("decided",),
    "implemented": _ENDED,
    "found_in_time": ("decided",),
}


def tally(goal: str, facts: Sequence[CaseFact], year: int, *, at: datetime) -> Tally:
    """How many of a year's cases met and missed a goal; what may still be met at `at` counts as neither."""
    verdicts = [_is_met(goal, fact, at) for name in _BASE[goal] for fact in happened(MOMENTS[name], facts, year)]
    return Tally(met=verdicts.count(True), missed=verdicts.count(False))


def values(tallies: Mapping[str, Tally], before: Mapping[str, Tally], *, hide: bool) -> list[GoalValue]:
    """One goal's values from its tallies of this year and the one before, by region and for all together (`all`)."""
    gone_now = _veiled(tallies) if hide else set()
    gone = gone_now | (_veiled(before) if hide else set())
    return [
        GoalValue(
            region,
            value=None if region in gone_now else now.share,
            change=None if region in gone else _change(now.share, before[region].share),
            is_hidden=region in gone,
        )
        for region, now in tallies.items()
    ]


def _change(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(100 * (now - before), 1)


def _is_met(goal: str, fact: CaseFact, at: datetime) -> bool | None:
    if goal == "triage_in_time":
        return kept_target("submission_to_triage", fact)
    if goal == "decision_in_time":
        return kept_target("submission_to_decision", fact)
    if goal == "read_in_time":
        until = clock.add_working_days(fact.decided_at or fact.submitted_at, 1)
        return None if fact.read_at is None and at <= until else (fact.read_at or at) <= until
    if goal == "implemented":
        return fact.ended == "done"
    return fact.outcome != "too_late" and fact.ended != "died"


def _veiled(tallies: Mapping[str, Tally]) -> set[str]:
    """The regions whose share would tell of one to four cases, alone or by subtraction from the whole."""
    counts = {(region, side): getattr(tally, side) for region, tally in tallies.items() for side in ("met", "missed")}
    parts = [region for region in tallies if region != ALL]
    sums = [((ALL, side), [(region, side) for region in parts]) for side in ("met", "missed")]
    return {region for region, _ in hidden(counts, sums)}
