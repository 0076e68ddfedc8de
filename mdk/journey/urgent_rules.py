"""Rules of the urgent lane: the deadline, and what a review must be for each act. Pure."""

from datetime import UTC, datetime, timedelta

from mdk.cases.structs import CaseState
from mdk.clock import local
from mdk.errors import Problem, RuleBroken

LONGEST = timedelta(hours=48)
SUGGESTED = timedelta(hours=24)
_MORNING, _EVENING = 8, 17
OPENS_FROM = frozenset({CaseState.SUBMITTED, CaseState.ACCEPTED})


def deadline_problems(deadline: datetime, at: datetime) -> list[Problem]:
    """What is wrong with a deadline: it lies ahead, and at most 48 hours."""
    if deadline <= at:
        return [Problem("deadline", "Tiden har passerat. Ange en tid som ligger framåt.")]
    if deadline > at + LONGEST:
        return [Problem("deadline", "Snabbspåret är högst 48 timmar. Ange en tidigare tid.")]
    return []


def suggested_deadline(at: datetime) -> datetime:
    """A day from now on the whole hour, drawn into working hours: by 17 the evening before, or at 8 in the morning."""
    day = local(at + SUGGESTED).replace(minute=0, second=0, microsecond=0)
    if day.hour >= _EVENING:
        day = day.replace(hour=_EVENING)
    elif day.hour < _MORNING:
        day = day.replace(hour=_MORNING)
    return day.astimezone(UTC)


def check_may_open(state: str) -> None:
    """Raises `RuleBroken("case.wrong-state")` for a case that is neither at triage nor in the queue."""
    if CaseState(state) not in OPENS_FROM:
        message = "Snabbspåret kan öppnas för ett ärende som är inskickat eller i kö. Läs in sidan igen."
        raise RuleBroken("case.wrong-state", message)


def check_ratifiable(*, concluded_at: datetime | None, ratified_at: datetime | None, is_deferred: bool) -> None:
    """Raises `RuleBroken("urgent.nothing-to-ratify")` unless there is a conclusion that waits for a meeting."""
    if ratified_at is not None:
        raise RuleBroken("urgent.nothing-to-ratify", "Rekommendationen är redan ratificerad.")
    if concluded_at is None:
        raise RuleBroken("urgent.nothing-to-ratify", "Snabbspåret är inte sammanfattat än.")
    if is_deferred:
        raise RuleBroken("urgent.nothing-to-ratify", "Ärendet tas upp på en konferens i stället för att ratificeras.")
