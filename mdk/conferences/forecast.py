"""Owns the guess at when a case is taken up: its place in the queue against the free time of planned conferences."""

from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.clock_rules import ALLOWANCES, days_allowed_of
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.clock import today
from mdk.conferences.queries import is_meeting, is_on_agenda
from mdk.conferences.rules import USUAL_MINUTES
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, Conference
from mdk.people.tables import Absence

FORECAST_STATES = frozenset({CaseState.DRAFT, CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED})
_MOST = 60  # conferences looked at


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """When a case is likely taken up, as the queue and the plan stand at this moment.

    `kind` is `likely` (then `starts_at`, `days` from now, and whether that is after the days allowed), `full`
    (every planned conference up to `starts_at` is), or `unplanned`. `ahead` is how many cases stand before it.
    """

    kind: Literal["likely", "full", "unplanned"]
    starts_at: datetime | None = None
    days: int | None = None
    is_late: bool = False
    ahead: int = 0


class _Meeting(NamedTuple):
    starts_at: datetime
    slots: int


class _Own(NamedTuple):
    case_id: int
    waiting_from: datetime
    allowed: int


def forecast(session: Session, number: str, *, at: datetime, typed: Submission | None = None) -> Forecast | None:
    """When the case with `number`, whose reader was checked and logged, is likely taken up.

    None for one that no longer waits, or already stands on an agenda. At each conference those go first who by then
    have used a larger share of their time; only a slot of the usual length counts, and no conference without its
    consultant. What is sent in later is not foreseen. What is being `typed` of a case goes before what is stored, and
    without a `number` is told of as if it were sent in now.
    """
    own = _own(session, number, at) if number else _Own(0, at, 0)
    if own is None:
        return None
    if typed is not None:
        own = own._replace(allowed=days_allowed_of(typed))
    meetings, taken, ahead = _meetings(session, at), 0, 0
    for meeting in meetings:
        room = taken + meeting.slots
        ahead = _ahead(session, own, meeting.starts_at, most=room)
        if ahead < room:
            return _likely(own, max(ahead, taken), meeting.starts_at, at)
        taken = room
    if not meetings:
        return Forecast(kind="unplanned")
    return Forecast(kind="full", starts_at=meetings[-1].starts_at, ahead=ahead)


def _likely(own: _Own, ahead: int, moment: datetime, at: datetime) -> Forecast:
    return Forecast(
        kind="likely",
        starts_at=moment,
        days=(today(moment) - today(at)).days,
        is_late=moment - own.waiting_from > timedelta(days=own.allowed),
        ahead=ahead,
    )


def _own(session: Session, number: str, at: datetime) -> _Own | None:
    row = session.execute(
        select(
            col(Case.id), col(Case.state), col(Case.waiting_from), col(Case.supplement_since), col(Case.days_allowed)
        ).where(col(Case.number) == number, ~is_on_agenda())
    ).one_or_none()
    if row is None or row.state not in FORECAST_STATES:
        return None
    asked = at - row.supplement_since if row.supplement_since else timedelta()
    return _Own(row.id, (row.waiting_from or at) + asked, row.days_allowed)


def _meetings(session: Session, at: datetime) -> list[_Meeting]:
    """The conferences that are planned and not let out, in order, with how many more cases each has time for."""
    booked = (
        select(func.coalesce(func.sum(col(AgendaItem.minutes)), 0))
        .where(col(AgendaItem.conference_id) == col(Conference.id))
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            col(Conference.starts_at),
            col(Conference.duration_minutes),
            col(Conference.consultant_id),
            col(Conference.deputy_id),
            booked.label("booked"),
        )
        .where(is_meeting(), col(Conference.state) == ConferenceState.PLANNED, col(Conference.starts_at) > at)
        .order_by(col(Conference.starts_at), col(Conference.id))
        .limit(_MOST)
    ).all()
    away = _away(session, {row.consultant_id for row in rows}, at)
    found = [
        _Meeting(row.starts_at, (row.duration_minutes - row.booked) // USUAL_MINUTES)
        for row in rows
        if row.deputy_id is not None or not away(row.consultant_id, row.starts_at)
    ]
    return [meeting for meeting in found if meeting.slots > 0]


def _away(session: Session, consultants: set[int], at: datetime) -> Any:
    """Whether a consultant is away at a moment."""
    absences = session.execute(
        select(col(Absence.person_id), col(Absence.first_day), col(Absence.last_day)).where(
            col(Absence.person_id).in_(consultants), col(Absence.last_day) >= today(at)
        )
    ).all()
    return lambda person_id, moment: any(
        who == person_id and first <= today(moment) <= last for who, first, last in absences
    )


def _ahead(session: Session, own: _Own, moment: datetime, *, most: int) -> int:
    """How many waiting cases have used more of their time than this one at a moment, as far as `most`."""
    share = max((moment - own.waiting_from) / own.allowed, timedelta())
    parts = [
        select(literal(1).label("one"))
        .where(
            col(Case.state) == CaseState.ACCEPTED,
            col(Case.days_allowed) == allowed,
            col(Case.waiting_from) < moment - share * allowed,
            col(Case.id) != own.case_id,
            ~is_on_agenda(),
        )
        .limit(most)
        .subquery()
        for allowed in ALLOWANCES
    ]
    found = union_all(*(select(part.c.one) for part in parts)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0
