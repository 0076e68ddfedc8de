"""Owns reminders: the day before a conference, three days before one about what a case lacks, and of a supplement.

Each is owed once, on a Swedish morning, and holds only while its reason does: it is asked again when the mail is
written. Who was told the same day anyway is not reminded.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences.queries import is_meeting, released_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import Conference, Participation
from mdk.db import Database
from mdk.outbox.service import notice, notice_once
from mdk.outbox.tables import OutboxRow
from mdk.people.queries import holders
from mdk.people.structs import Role
from mdk.people.tables import Person
from mdk_calendar.tables import Reminder, ReminderKind, Told

MORNING: Final = 8  # the Swedish hour from which a day's reminders are owed
MEETING, LACKING = "meeting-reminder", "conference-lacking"
SUPPLEMENT, OVERDUE = "supplement-reminder", "supplement-overdue"
KINDS: Final = frozenset({MEETING, LACKING, SUPPLEMENT, OVERDUE})
_REMEMBERED: Final = {MEETING: ReminderKind.MEETING, LACKING: ReminderKind.MISSING}
DAYS_AHEAD: Final = 3  # for what someone must still find out
_gaps: Final = msgspec.json.Decoder(list[tuple[str, str | None]])


def owe(database: Database, *, at: datetime) -> int:
    """Owe the reminders whose day has come and that nobody was given yet; gives how many."""
    if clock.local(at).hour < MORNING:
        return 0
    with database.writing() as session:
        return sum(1 for owed in (_meetings, _lacking, _supplements, _overdue) for _ in owed(session, at))


def still_owed(session: Session, row: OutboxRow, *, at: datetime) -> bool:
    """Whether the reason of a reminder holds by the time it is written."""
    kind = row.topic.removeprefix("notice.")
    if kind in {SUPPLEMENT, OVERDUE}:
        number, _, since = row.key.partition(" ")
        case = session.scalars(select(Case).where(col(Case.number) == number)).one()
        return _asks(case) and _since(case) == since and (kind == OVERDUE) == _is_overdue(case, clock.today(at))
    conference = session.get_one(Conference, row.key)
    day = clock.today(row.created_at) + timedelta(days=1 if kind == MEETING else DAYS_AHEAD)
    if conference.state != ConferenceState.RELEASED or clock.today(conference.starts_at) != day:
        return False
    if at >= conference.starts_at:
        return False
    people = _coming(session, conference) if kind == MEETING else _lacking_presenters(session, conference)
    return row.person_id in set(people)


def _meetings(session: Session, at: datetime) -> Iterator[None]:
    """Everyone who may come tomorrow, unless they were told of it today."""
    for conference in _released_on(session, clock.today(at) + timedelta(days=1)):
        told_today = {
            told.person_id
            for told in session.scalars(select(Told).where(col(Told.conference_id) == conference.id))
            if clock.today(told.told_at) == clock.today(at)
        }
        coming = (person_id for person_id in _coming(session, conference) if person_id not in told_today)
        yield from _remind(session, conference, MEETING, coming, at=at)


def _lacking(session: Session, at: datetime) -> Iterator[None]:
    """Whoever presents a case in three days that lacks what the conference needs."""
    for conference in _released_on(session, clock.today(at) + timedelta(days=DAYS_AHEAD)):
        people = _lacking_presenters(session, conference)
        yield from _remind(session, conference, LACKING, people, at=at)


def _supplements(session: Session, at: datetime) -> Iterator[None]:
    """The referrer of a supplement that is wanted within three days and was asked for before that."""
    today = clock.today(at)
    for case in _asked(session):
        first = (case.supplement_until or today) - timedelta(days=DAYS_AHEAD)
        was_asked_before = case.supplement_since is not None and clock.today(case.supplement_since) < first
        if first <= today and not _is_overdue(case, today) and was_asked_before:
            referrer = case.submitted_by or case.created_by
            if notice_once(session, SUPPLEMENT, person_id=referrer, key=_key(case), at=at):
                yield


def _overdue(session: Session, at: datetime) -> Iterator[None]:
    """The coordinators, of a supplement that has not come in time."""
    for case in _asked(session):
        if _is_overdue(case, clock.today(at)):
            for line in holders(session, Role.COORDINATOR):
                if notice_once(session, OVERDUE, person_id=line.person_id, key=_key(case), at=at):
                    yield


def _remind(
    session: Session, conference: Conference, kind: str, people: Iterable[int], *, at: datetime
) -> Iterator[None]:
    remembered, meets_on = _REMEMBERED[kind], clock.today(conference.starts_at)
    for person_id in people:
        if session.get(Reminder, (conference.id, person_id, remembered, meets_on)) is None:
            row = Reminder(conference_id=conference.id, person_id=person_id, kind=remembered, meets_on=meets_on, at=at)
            session.add(row)
            notice(session, kind, person_id=person_id, key=conference.id, at=at)
            yield


def _released_on(session: Session, day: date) -> list[Conference]:
    """The meetings of a Swedish day that are let out; locked, so that of two workers one reminds."""
    return list(
        session.scalars(
            select(Conference)
            .where(
                is_meeting(),
                col(Conference.state) == ConferenceState.RELEASED,
                col(Conference.starts_at) >= clock.midnight(day),
                col(Conference.starts_at) < clock.midnight(day + timedelta(days=1)),
            )
            .order_by(col(Conference.id))
            .with_for_update()
        )
    )


def _coming(session: Session, conference: Conference) -> list[int]:
    """Those who are invited and have not said no."""
    return list(
        session.scalars(
            select(col(Participation.person_id))
            .join(Person, col(Person.id) == col(Participation.person_id))
            .where(
                col(Participation.conference_id) == conference.id,
                col(Participation.active).is_(True),
                col(Participation.partstat) != "DECLINED",
                col(Person.active).is_(True),
            )
            .order_by(col(Participation.person_id))
        )
    )


def _lacking_presenters(session: Session, conference: Conference) -> list[int]:
    presenters = {item.case_id: item.presenter_id for item in released_items(session, conference)}
    rows = session.execute(select(col(Case.id), col(Case.missing)).where(col(Case.id).in_(presenters)))
    lacking = {presenters[case_id or 0] for case_id, missing in rows if any(need for _, need in _gaps.decode(missing))}
    return [person_id for person_id in _coming(session, conference) if person_id in lacking]


def _asked(session: Session) -> list[Case]:
    query = select(Case).where(col(Case.state) == CaseState.SUPPLEMENT_REQUESTED).order_by(col(Case.id))
    return list(session.scalars(query.with_for_update()))


def _asks(case: Case) -> bool:
    return case.state == CaseState.SUPPLEMENT_REQUESTED


def _is_overdue(case: Case, today: date) -> bool:
    return case.supplement_until is not None and case.supplement_until < today


def _since(case: Case) -> str:
    return case.supplement_since.isoformat() if case.supplement_since else ""


def _key(case: Case) -> str:
    """Names one request for a supplement: a case may be asked more than once."""
    return f"{case.number} {_since(case)}"
