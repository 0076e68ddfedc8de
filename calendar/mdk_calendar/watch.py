"""Owns what keeps decisions from being lost: follow-ups that are due, what is late, and the week's count of it.

Each is owed once, on a Swedish morning, and holds only while its reason does: it is asked again when the mail is
written. What a person is owed of a kind by then is one mail. No mail says more than how many, and where to look.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.db import Database
from mdk.journey import watch
from mdk.outbox.service import notice_once
from mdk.outbox.tables import OutboxRow
from mdk.people.queries import holders
from mdk.people.structs import Role
from mdk.people.tables import Person
from mdk_calendar.reminders import MORNING

FOLLOW_UP, LATE, DIGEST = "follow-up-due", "overdue", "overdue-digest"
KINDS: Final = frozenset({FOLLOW_UP, LATE})
_MONDAY: Final = 0


def owe(database: Database, *, at: datetime) -> int:
    """Owe what has come to be owed and that nobody was given yet; gives how many."""
    if clock.local(at).hour < MORNING:
        return 0
    with database.writing() as session:
        coordinators = _coordinators(session)
        owed = [*_follow_ups(session, at), *_late(session, coordinators, at), *_digest(session, coordinators, at)]
        return sum(owed)


def still_owed(session: Session, row: OutboxRow, *, at: datetime) -> bool:
    """Whether the reason holds by the time it is written."""
    if row.topic == f"notice.{FOLLOW_UP}":
        return row.key in {each.key for each in watch.waiting_follow_ups(session, at=at)}
    return row.key in {f"{each.kind} {each.key}" for each in watch.late(session, at=at)}


def _coordinators(session: Session) -> list[int]:
    """Who coordinates; locked, so that of two workers one tells them."""
    ids = sorted(line.person_id for line in holders(session, Role.COORDINATOR))
    session.execute(select(col(Person.id)).where(col(Person.id).in_(ids)).with_for_update())
    return ids


def _follow_ups(session: Session, at: datetime) -> Iterator[bool]:
    """Whoever sent the case in, and the function that put an extern pump in, of a follow-up whose day has come."""
    for each in watch.waiting_follow_ups(session, at=at):
        for person_id in [] if each.is_overdue else sorted(watch.reminded_of(session, each)):
            yield notice_once(session, FOLLOW_UP, person_id=person_id, key=each.key, at=at)


def _late(session: Session, coordinators: list[int], at: datetime) -> Iterator[bool]:
    for each in watch.late(session, at=at):
        for person_id in coordinators:
            yield notice_once(session, LATE, person_id=person_id, key=f"{each.kind} {each.key}", at=at)


def _digest(session: Session, coordinators: list[int], at: datetime) -> Iterator[bool]:
    """On Mondays, how much is late; also when nothing is."""
    day = clock.today(at)
    if day.weekday() == _MONDAY:
        for person_id in coordinators:
            yield notice_once(session, DIGEST, person_id=person_id, key=day.isoformat(), at=at)
