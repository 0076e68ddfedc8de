"""Owns the builders of conferences and series: planned, released, held and ended."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from making.acting import T, act, detached, email
from making.world import AT, CHAIR, CONSULTANT, COORDINATOR, HOUR, MEETS, NURSE, SURGEON
from mdk.conferences import agenda
from mdk.conferences import service as conferences
from mdk.conferences.series_structs import SeriesBody
from mdk.conferences.structs import AgendaItemBody, ConferenceBody
from mdk.conferences.tables import Conference, Series
from mdk.db import Database


def plan(**changes: Any) -> ConferenceBody:
    """A conference of an hour with chair, consultant, nurse and neurosurgery, changed as told."""
    usual: dict[str, Any] = {
        "starts_at": MEETS,
        "duration_minutes": 60,
        "chair": email(CHAIR),
        "consultant": email(CONSULTANT),
        "members": [email(NURSE), email(SURGEON)],
        "video_url": "https://video.example/mdk",
    }
    return ConferenceBody(**(usual | changes))


def series_plan(**changes: Any) -> SeriesBody:
    """A series each Wednesday at 13:00, changed as told."""
    usual = msgspec.structs.asdict(plan())
    usual["first_start"] = usual.pop("starts_at")
    return SeriesBody(**({"name": "Onsdagar", "rrule": "FREQ=WEEKLY;BYDAY=WE"} | usual | changes))


def conference(database: Database, numbers: list[str] | None = None, *, minutes_each: int = 15, **changes: Any) -> str:
    """The id of a planned conference, with cases on its working agenda."""
    planned = act(database, COORDINATOR, conferences.plan, body=plan(**changes))
    if numbers:
        put_agenda(database, planned.id, numbers, minutes_each=minutes_each)
    return planned.id


def conference_row(database: Database, conference_id: str) -> Conference:
    """A conference as it is stored."""
    with database.reading() as session:
        return detached(session, session.get_one(Conference, conference_id))


def series_row(database: Database, series_id: str) -> Series:
    """A series as it is stored."""
    with database.reading() as session:
        return detached(session, session.get_one(Series, series_id))


def at_conference(
    database: Database, conference_id: str, service: Callable[..., T], *, by: str = COORDINATOR, **given: Any
) -> T:
    """Do an act to a conference on its present version."""
    return act(
        database,
        by,
        service,
        **{"conference_id": conference_id, "version": conference_row(database, conference_id).version, **given},
    )


def put_agenda(
    database: Database, conference_id: str, numbers: list[str], *, minutes_each: int = 15, by: str = COORDINATOR
) -> Conference:
    """Replace the working agenda."""
    items = [AgendaItemBody(case=number, minutes=minutes_each) for number in numbers]
    return at_conference(database, conference_id, agenda.put, items=items, by=by)


def release(
    database: Database, conference_id: str, *, reason: str | None = None, by: str = COORDINATOR, at: datetime = AT
) -> Conference:
    """Release the working agenda."""
    return at_conference(database, conference_id, agenda.release, override_reason=reason, by=by, at=at)


def released(database: Database, numbers: list[str], **changes: Any) -> str:
    """The id of a conference that was released with cases from the queue."""
    planned = conference(database, numbers, **changes)
    release(database, planned)
    return planned


def opened(database: Database, conference_id: str, *, at: datetime = MEETS) -> str:
    """Begin a released conference; gives its id again."""
    at_conference(database, conference_id, conferences.open_session, by=CHAIR, at=at)
    return conference_id


def in_session(database: Database, numbers: list[str], **changes: Any) -> str:
    """The id of a conference that is being held."""
    return opened(database, released(database, numbers, **changes))


def closed(database: Database, conference_id: str, *, at: datetime = MEETS + HOUR) -> str:
    """End a conference; gives its id again."""
    at_conference(database, conference_id, conferences.close_session, by=CHAIR, at=at)
    return conference_id
