"""The API of conflicts and free times, and the act that moves cases on to the next conference."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta

from mdk.cases.structs import Nothing
from mdk.conferences import conflicts, postponing, queries
from mdk.conferences.structs import ConflictLine, Duration, FreeSlotLine, Instant, OfferLine
from mdk.errors import Invalid, Problem
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, instant, paged, query_of
from mdk_web.visits import PageRequest, api_reading, api_writing, body_of, version_of

USUAL, FARTHEST = timedelta(weeks=6), timedelta(days=400)
MOST_PEOPLE = 50


class ConflictQuery(Paging, kw_only=True):
    """Between which times to look for conflicts; six weeks from now unless told."""

    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)


class FreeQuery(Paging, kw_only=True):
    """Who has to be free (addresses with commas between), for how long, and around which time."""

    people: Annotated[str, Meta(min_length=3, max_length=4000)]
    duration_minutes: Duration = 60
    around: Instant | None = None


class Conflicts(msgspec.Struct):
    """The conferences whose people are taken elsewhere, by start."""

    items: list[ConflictLine]
    next_cursor: str | None


class FreeSlots(msgspec.Struct):
    """The nearest times at which everyone is free, by start."""

    items: list[FreeSlotLine]
    next_cursor: str | None


class Offers(msgspec.Struct):
    """The cases that a conference leaves waiting, each with the next one that can take it up."""

    items: list[OfferLine]


@get("/conflicts", opt=openapi.asks(ConflictQuery), sync_to_thread=True)
def index_conflicts(request: PageRequest) -> Conflicts:
    with api_reading(request) as visit:
        check_role("conference.conflicts", visit.viewer)
        query = query_of(request, ConflictQuery, instant)
        since = query.since or visit.at
        until = query.until or since + USUAL
        if not timedelta() < until - since <= FARTHEST:
            raise Invalid([Problem("to", "Ange en tid efter from, högst 400 dagar senare.")])
        found = conflicts.conflicts(visit.session, by=visit.viewer, since=since, until=until)
        return Conflicts(*paged(found, query, lambda one: (one.starts_at.isoformat(), one.conference)))


@get("/free-slots", opt=openapi.asks(FreeQuery), sync_to_thread=True)
def index_free_slots(request: PageRequest) -> FreeSlots:
    with api_reading(request) as visit:
        check_role("conference.free-slots", visit.viewer)
        query = query_of(request, FreeQuery, instant)
        people = [email.strip() for email in query.people.split(",") if email.strip()]
        around = query.around or visit.at
        if len(people) > MOST_PEOPLE:
            raise Invalid([Problem("people", f"Ange högst {MOST_PEOPLE} personer.")])
        if abs(around - visit.at) > FARTHEST:
            raise Invalid([Problem("around", "Ange en tid inom 400 dagar.")])
        wanted: dict[str, Any] = {"people": people, "minutes": query.duration_minutes, "around": around}
        found = conflicts.free(visit.session, **wanted, by=visit.viewer, at=visit.at)
        return FreeSlots(*paged(found, query, lambda one: (one.starts_at.isoformat(), "")))


@get("/conferences/{conference_id:str}/postpone", sync_to_thread=True)
def index_offers(request: PageRequest, conference_id: FromPath[str]) -> Offers:
    with api_reading(request) as visit:
        return Offers(postponing.offers(visit.session, conference_id=conference_id, by=visit.viewer, at=visit.at))


@post(
    "/conferences/{conference_id:str}/postpone",
    opt=openapi.takes(Nothing, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def postpone(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Offers:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.postpone", by=visit.viewer)
        named: dict[str, Any] = {"conference_id": conference_id, "version": version_of(request)}
        body_of(Nothing, body)
        return Offers(postponing.postpone(visit.session, **named, by=visit.viewer, at=visit.at))


HANDLERS: list[Any] = [index_conflicts, index_free_slots, index_offers, postpone]
