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


def earliest(done_on: date, week: int) -> date:
    """The first day that is no nearer to the follow-up before, or to what was done, than to the one of this `week`."""
    before = max((other for other in WEEKS if other < week), default=0)
    return done_on + (week + before) * _WEEK / 2


def check(body: FollowUpBody, *, done_on: date, today: date, is_early_known: bool = True) -> None:
    """What is told of a follow-up; one of a living patient before its `earliest` day must be known to be so.

    Raises `Invalid` with every bad field.
    """
    problems = []
    if body.week not in WEEKS:
        problems.append(Problem("week", "Välj 2, 6 eller 12 veckor."))
    if body.date > today:
        problems.append(Problem("date", "Datumet har inte kommit än. Ange i dag eller ett tidigare datum."))
    elif body.date < done_on:
        problems.append(Problem("date", f"Datumet ligger före åtgärden. Ange {clock.spoken(done_on)} eller senare."))
    if body.alive == "yes" and body.nrs is None:
        problems.append(Problem("nrs", "Ange smärtan som en siffra från 0 till 10."))
    if body.week in WEEKS and body.alive == "yes" and not is_early_known and done_on <= body.date <= today:
        problems += _early(body, done_on)
    if problems:
        raise Invalid(problems)


def _early(body: FollowUpBody, done_on: date) -> list[Problem]:
    if body.date >= earliest(done_on, body.week):
        return []
    passed, due = (body.date - done_on).days, clock.spoken(due_on(done_on, body.week))
    message = (
        f"Uppföljningen vid {body.week} veckor hör till {due}, men den här dagen hade det bara gått "
        f"{passed} {'dag' if passed == 1 else 'dagar'} sedan åtgärden. "
        "Rätta vecka eller datum, eller bekräfta att den är gjord i förtid."
    )
    return [Problem("is_early", message)]


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
