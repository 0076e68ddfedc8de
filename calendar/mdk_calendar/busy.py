"""Owns people's published calendars: where they are, when they are read again, and what went wrong since."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.audit.structs import SYSTEM
from mdk.conferences.repeating import HORIZON
from mdk.db import Database
from mdk.errors import Invalid, NotFound, Problem
from mdk.people import service as people
from mdk.people.queries import person_ids
from mdk.people.rules import Relation, check_may
from mdk.people.structs import Viewer
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar.fetching import Asked, Bounds, Unreadable, check_address
from mdk_calendar.published import window
from mdk_calendar.reading import Order, Reading, read_apart
from mdk_calendar.tables import BusyCalendar

EVERY: Final = timedelta(minutes=30)
WHOLE: Final = timedelta(days=1)  # after which a calendar is read as a whole, since the time ahead has moved on
LONGEST: Final = timedelta(days=1)
_LEASE: Final = timedelta(minutes=5)
_BAD: Final = "Ange en adress som börjar med https://, http:// eller webcal:// och ryms på en rad utan mellanslag."
_log = structlog.get_logger("mdk.calendars")


class BusyLine(msgspec.Struct, frozen=True):
    """Someone's published calendar as the owner and the coordinator see it; the address is for the owner alone."""

    person_id: int
    name: str
    email: str
    host: str
    checked_at: datetime | None
    failures: int
    failed_at: datetime | None
    failure: str


def keep(session: Session, *, person_id: int, url: str, by: Viewer, at: datetime) -> None:
    """Keep where a person's calendar is published; it is read at once and then every half hour.

    Raises `NotAllowed`, `NotFound`, `Invalid` for what is no address of the web.
    """
    _check_own(session, person_id, by)
    try:
        address = check_address(url)
    except Unreadable as fault:
        raise Invalid([Problem("url", _BAD)]) from fault
    row = session.get(BusyCalendar, person_id) or BusyCalendar(person_id=person_id, url="", due_at=at)
    row.url, row.due_at = address, at
    row.etag = row.modified = row.failure = ""
    row.failures, row.read_at, row.checked_at, row.failed_at = 0, None, None, None
    session.add(row)
    session.flush()
    did(session, "busy.keep", by=by, at=at)


def forget(session: Session, *, person_id: int, by: Viewer, at: datetime) -> None:
    """Stop reading a person's calendar and forget its busy times. Raises `NotAllowed`, `NotFound`."""
    _check_own(session, person_id, by)
    row = session.get(BusyCalendar, person_id)
    if row is not None:
        session.delete(row)
    people.note_busy(session, person_id=person_id, times=[], by=by, at=at)
    did(session, "busy.forget", by=by, at=at)


def owner_id(session: Session, email: str | None, *, by: Viewer) -> int:
    """Whose calendar an address names, the viewer's own when it names nobody. Raises `Invalid`."""
    if not email:
        return by.person_id
    found = person_ids(session, [email]).get(email.strip().lower())
    if found is None:
        raise Invalid([Problem("owner", "Det finns ingen aktiv person med den adressen.")])
    return found


def mine(session: Session, *, by: Viewer) -> BusyLine | None:
    """The viewer's own published calendar, if one is kept. Raises `NotAllowed`."""
    check_may("calendar.keep", by, frozenset({Relation.SELF}))
    return next(iter(_lines(session, person_id=by.person_id)), None)


def everyone(session: Session, *, by: Viewer) -> list[BusyLine]:
    """Every published calendar that is kept, by name; for the coordinator. Raises `NotAllowed`, `NotFound`."""
    check_may("calendar.keep", by, frozenset())
    return _lines(session)


def read_due(database: Database, settings: Settings, *, at: datetime, bounds: Bounds | None = None) -> int:
    """Read the calendars that are due at `at`, one after the other, each outside of any transaction; gives how many.

    A calendar that cannot be read leaves the busy times as they were, is tried less and less often, and carries the
    reason until it can be read again.
    """
    with database.reading() as session:
        if session.scalar(select(func.min(BusyCalendar.due_at)).where(col(BusyCalendar.due_at) <= at)) is None:
            return 0
    count = 0
    while claimed := _claim(database, at=at):
        reading = read_apart(_order(claimed, settings, at, bounds or Bounds()))
        with database.writing() as session:
            settle(session, person_id=claimed.person_id, url=claimed.url, reading=reading, at=at)
        _log.info("calendar.read", person=claimed.person_id, outcome=reading.failure or "read")
        count += 1
    return count


def settle(session: Session, *, person_id: int, url: str, reading: Reading, at: datetime) -> None:
    """Write down what came of reading a calendar, unless its owner gave another address or took it away meanwhile."""
    row = session.get(BusyCalendar, person_id, with_for_update=True)
    if row is None or row.url != url:
        return
    row.checked_at = at
    if reading.failure is not None:
        row.failures += 1
        row.failure, row.failed_at = reading.failure, at
        row.due_at = at + min(EVERY * 2 ** min(row.failures - 1, 10), LONGEST)
        return
    row.failures, row.failure, row.failed_at = 0, "", None
    row.due_at, row.etag, row.modified = at + EVERY, reading.etag, reading.modified
    if reading.times is not None:
        row.read_at = at
        people.note_busy(session, person_id=person_id, times=reading.times, by=SYSTEM, at=at)


def _claim(database: Database, *, at: datetime) -> BusyCalendar | None:
    """Take the calendar that has waited longest; of two workers one gets it."""
    with database.writing() as session:
        due = (
            select(col(BusyCalendar.person_id))
            .join(Person, col(Person.id) == col(BusyCalendar.person_id))
            .where(col(BusyCalendar.due_at) <= at, col(Person.active).is_(True))
            .order_by(col(BusyCalendar.due_at), col(BusyCalendar.person_id))
            .limit(1)
        )
        taken = (
            update(BusyCalendar)
            .where(col(BusyCalendar.person_id).in_(due), col(BusyCalendar.due_at) <= at)
            .values(due_at=at + _LEASE)
            .returning(col(BusyCalendar.person_id))
        )
        person_id = session.scalar(taken)
        row = None if person_id is None else session.get_one(BusyCalendar, person_id)
        if row is not None:
            session.refresh(row)
            session.expunge(row)
        return row


def _order(row: BusyCalendar, settings: Settings, at: datetime, bounds: Bounds) -> Order:
    is_fresh = row.read_at is not None and at - row.read_at < WHOLE
    since, until = window(at, HORIZON)
    hosts = tuple(host.strip().lower() for host in settings["CALENDAR_HOSTS"].split(",") if host.strip())
    marks = {"etag": row.etag, "modified": row.modified} if is_fresh else {}
    return Order(asked=Asked(url=row.url, hosts=hosts, **marks), bounds=bounds, since=since, until=until)


def _check_own(session: Session, person_id: int, by: Viewer) -> None:
    check_may("calendar.keep", by, frozenset({Relation.SELF}) if person_id == by.person_id else frozenset())
    if session.get(Person, person_id) is None:
        raise NotFound


def _lines(session: Session, person_id: int | None = None) -> list[BusyLine]:
    query = select(BusyCalendar, Person).join(Person, col(Person.id) == col(BusyCalendar.person_id))
    if person_id is not None:
        query = query.where(col(BusyCalendar.person_id) == person_id)
    return [
        BusyLine(
            person_id=row.person_id,
            name=person.name,
            email=person.email,
            host=row.url.split("/")[2],
            checked_at=row.checked_at,
            failures=row.failures,
            failed_at=row.failed_at,
            failure=row.failure,
        )
        for row, person in session.execute(query.order_by(col(Person.name), col(Person.id)))
    ]
