"""Rules of the figures: what counts in a year, and how days are summed up. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import get_args

import msgspec

from mdk import clock
from mdk.figures.structs import CaseFact, Count, RegionFigures, Spread
from mdk.minutes.structs import Outcome
from mdk.pathways.structs import NotDoneReason

ALL = "all"
OUTCOMES: tuple[str, ...] = get_args(Outcome)
REASONS: tuple[str, ...] = get_args(NotDoneReason)
Moment = Callable[[CaseFact], datetime | None]
Cell = tuple[str, ...]
VERDICTS: Mapping[str, str] = {"met": "kept", "missed": "missed"}
# Kronor for one intern pump, paid by the patient's home region. Source: the final report, proposal 4.
INTERN_PUMP_COST = 120_000
# What counts as interventional pain treatment, among the outcomes.
INTERVENTIONS = ("extern_pump", "intern_pump", "epidural", "nerve_block", "neurolysis", "other_intervention")
# A group of counts, and the count that they add up to; a step, and the count of those who took it.
_PARTS = {
    "outcomes": "decided",
    "implemented": "done",
    "reasons": "not_done",
    "submitted_by_place": "submitted",
    "treated_by_place": "treated",
}
_COUNTED_IN = {"submission_to_decision": "decided", "decision_to_done": "done"}
COUNTED: Mapping[str, Moment] = {
    "submitted": lambda fact: fact.submitted_at,
    "answered": lambda fact: fact.answered_at,
    "discussed": lambda fact: fact.discussed_at,
    "decided": lambda fact: fact.decided_at,
    "done": lambda fact: _ended(fact, "done"),
    "partly": lambda fact: _ended(fact, "partly"),
    "not_done": lambda fact: _ended(fact, "not_done"),
    "died_before": lambda fact: _ended(fact, "died"),
    "treated": lambda fact: _ended(fact, "done") if fact.outcome in INTERVENTIONS else None,
}
MOMENTS: Mapping[str, Moment] = {
    **COUNTED,
    "triaged": lambda fact: fact.triaged_at,
    "six_weeks": lambda fact: fact.six_weeks_by,
    "six_weeks_told": lambda fact: fact.six_weeks_at,
}
STEPS: Mapping[str, tuple[Moment, Moment]] = {
    "submission_to_triage": (lambda fact: fact.submitted_at, lambda fact: fact.triaged_at),
    "acceptance_to_discussion": (lambda fact: fact.accepted_at, lambda fact: fact.discussed_at),
    "submission_to_decision": (lambda fact: fact.submitted_at, lambda fact: fact.decided_at),
    "decision_to_read": (lambda fact: fact.decided_at, lambda fact: fact.read_at),
    "decision_to_done": (lambda fact: fact.decided_at, lambda fact: _ended(fact, "done")),
}


def happened(moment: Moment, facts: Iterable[CaseFact], year: int) -> list[CaseFact]:
    """The facts whose `moment` lies in a Swedish calendar year."""
    return [fact for fact in facts if _in_year(moment(fact), year)]


def figures_of(region: str, facts: Sequence[CaseFact], year: int) -> RegionFigures:
    """One year of the cases of a region."""
    passed = {name: happened(moment, facts, year) for name, moment in COUNTED.items()}
    places = sorted({fact.place for fact in facts}) if region != ALL else []
    return RegionFigures(
        region=region,
        **{name: len(found) for name, found in passed.items()},
        days={step: _spread(step, happened(end, facts, year)) for step, (_, end) in STEPS.items()},
        outcomes=_by(OUTCOMES, [fact.outcome for fact in passed["decided"]]),
        implemented=_by(OUTCOMES, [fact.outcome for fact in passed["done"]]),
        reasons=_by(REASONS, [fact.reason_code or "other" for fact in passed["not_done"]]),
        submitted_by_place=_by(places, [fact.place for fact in passed["submitted"]]),
        treated_by_place=_by(places, [fact.place for fact in passed["treated"]]),
    )


def spread_of(days: Sequence[float], within: Sequence[bool]) -> Spread:
    """Sum up days: the median, the 90th percentile by nearest rank, and the share within target."""
    if not days:
        return Spread(None, None, 0)
    ranked = sorted(days)
    high = ranked[math.ceil(0.9 * len(ranked)) - 1]
    return Spread(
        median=round(median(ranked), 1),
        p90=round(high, 1),
        n=len(ranked),
        within=round(sum(within) / len(within), 4) if within else None,
        kept=within.count(True),
        missed=within.count(False),
    )


def kept_target(step: str, fact: CaseFact) -> bool | None:
    """Whether a case took a step within its target; None when the step has no target or was not taken.

    Triage has one working day, the decision the days that urgency and expected survival allow (without the time at
    the referrer), and what was decided until its due day.
    """
    start, end = STEPS[step]
    begun, ended = start(fact), end(fact)
    if begun is None or ended is None:
        return None
    if step == "submission_to_triage":
        return ended <= clock.add_working_days(begun, 1)
    if step == "submission_to_decision":
        return (ended - begun) / timedelta(days=1) - fact.stood_still <= fact.days_allowed
    if step == "decision_to_done" and fact.due is not None:
        return clock.today(ended) <= fact.due
    return None


def _spread(step: str, facts: Sequence[CaseFact]) -> Spread:
    start, end = STEPS[step]
    taken = [(fact, begun, ended) for fact in facts if (begun := start(fact)) and (ended := end(fact))]
    days = [max((ended - begun) / timedelta(days=1), 0.0) for _, begun, ended in taken]
    verdicts = [kept_target(step, fact) for fact, _, _ in taken]
    return spread_of(days, [verdict for verdict in verdicts if verdict is not None])


def _ended(fact: CaseFact, how: str) -> datetime | None:
    return fact.ended_at if fact.ended == how else None


def _in_year(moment: datetime | None, year: int) -> bool:
    return moment is not None and clock.today(moment).year == year


def _by(codes: Sequence[str], found: Sequence[str | None]) -> dict[str, Count]:
    counted = Counter(found)
    return {code: counted[code] for code in codes}


def cells(row: RegionFigures) -> list[tuple[Cell, int]]:
    """Every count of a row with its name."""
    found: list[tuple[Cell, Count]] = [((name,), getattr(row, name)) for name in COUNTED]
    found += [((group, code), count) for group in _PARTS for code, count in getattr(row, group).items()]
    for step, spread in row.days.items():
        untold = (spread.n or 0) - (spread.kept or 0) - (spread.missed or 0)
        found += [(("days", step), spread.n), (("days", step, "kept"), spread.kept)]
        found += [(("days", step, "missed"), spread.missed), (("days", step, "untold"), untold)]
    return [(key, count or 0) for key, count in found]


def sums(row: RegionFigures) -> Iterator[tuple[Cell, list[Cell]]]:
    """What a reader knows to add up within a row."""
    for group, whole in _PARTS.items():
        yield (row.region, whole), [(row.region, group, code) for code in getattr(row, group)]
    for step, whole in _COUNTED_IN.items():
        yield (row.region, "days", step), [(row.region, whole)]
    for step in row.days:
        yield (row.region, "days", step), [(row.region, "days", step, side) for side in ("kept", "missed", "untold")]
    yield (row.region, "treated"), [(row.region, "implemented", code) for code in INTERVENTIONS]


def without(row: RegionFigures, gone: set[Cell]) -> RegionFigures:
    """The row without the counts of these names, and without what would tell of them."""
    return msgspec.structs.replace(
        row,
        **{name: None for name in COUNTED if (name,) in gone},
        **{
            group: {code: None if (group, code) in gone else count for code, count in getattr(row, group).items()}
            for group in _PARTS
        },
        days={step: _veiled(step, spread, gone) for step, spread in row.days.items()},
    )


def _veiled(step: str, spread: Spread, gone: set[Cell]) -> Spread:
    """No days where the count is hidden, and no share where one of its sides is."""
    if ("days", step) in gone:
        return Spread(None, None, None, None, None, None)
    if gone & {("days", step, side) for side in ("kept", "missed", "untold")}:
        return msgspec.structs.replace(spread, within=None, kept=None, missed=None)
    return spread
