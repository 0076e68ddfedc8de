"""Rules of follow-ups: their days, what must be told, and how often a pump is refilled. Pure."""

from datetime import date, timedelta

from mdk import clock
from mdk.errors import Invalid, Problem
from mdk.pathways.follow_up_structs import WEEKS, FollowUpBody, Refill

LATE = timedelta(days=7)  # after its day, a follow-up that is not told is late
_WEEK = timedelta(days=7)
_MONTHS = 2


def due_on(done_on: date, week: int) -> date:
    """The day of the follow-up of a `week` after what was done."""
    return done_on + week * _WEEK


def is_overdue(done_on: date, week: int, *, today: date) -> bool:
    """Whether a follow-up that nobody has told of is late."""
    return due_on(done_on, week) + LATE < today


def check(body: FollowUpBody, *, done_on: date, today: date) -> None:
    """What is told of a follow-up. Raises `Invalid` with every bad field."""
    problems = []
    if body.week not in WEEKS:
        problems.append(Problem("week", "Välj 2, 6 eller 12 veckor."))
    if body.date > today:
        problems.append(Problem("date", "Datumet har inte kommit än. Ange i dag eller ett tidigare datum."))
    elif body.date < done_on:
        problems.append(Problem("date", f"Datumet ligger före åtgärden. Ange {clock.spoken(done_on)} eller senare."))
    if body.alive == "yes" and body.nrs is None:
        problems.append(Problem("nrs", "Ange smärtan som en siffra från 0 till 10."))
    if problems:
        raise Invalid(problems)


def refill(outcome: str, done_on: date, *, today: date) -> Refill | None:
    """How often a pump is refilled, and the next day from today on: extern weekly, intern every second month."""
    if outcome == "extern_pump":
        passed = max((today - done_on).days, 1)
        return Refill("week", done_on + -(-passed // 7) * _WEEK)
    if outcome == "intern_pump":
        following = next(day for n in range(1, 1200) if (day := _months_later(done_on, n * _MONTHS)) >= today)
        return Refill("two_months", following)
    return None


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
