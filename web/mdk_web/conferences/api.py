"""The API of conferences, their agendas and invitations."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response, get, patch, post, put
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing, ReasonBody
from mdk.conferences import agenda, queries, service
from mdk.conferences.structs import (
    AgendaBody,
    ConferenceBody,
    ConferenceLine,
    ConferenceView,
    Instant,
    MoveBody,
    ReleaseBody,
    ReplyBody,
)
from mdk.errors import NotFound
from mdk.parsing import decode_json
from mdk.people.rules import check_role
from mdk_calendar.queries import invitation_ics
from mdk_web import openapi
from mdk_web.calls import Paging, instant, query_of
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_ACTS: Mapping[str, tuple[Callable[..., Any], type[msgspec.Struct]]] = {
    "agenda": (agenda.put, AgendaBody),
    "release": (agenda.release, ReleaseBody),
    "move": (service.move, MoveBody),
    "cancel": (service.cancel, ReasonBody),
    "open": (service.open_session, Nothing),
    "close": (service.close_session, Nothing),
}


class ConferenceQuery(Paging, kw_only=True):
    """Which conferences to list: those that start between two times; a bare day means the whole Swedish day."""

    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant | None = msgspec.field(name="to", default=None)


class ConferencePage(msgspec.Struct):
    """One page of conferences, by start."""

    items: list[ConferenceLine]
    next_cursor: str | None


@post("/conferences", opt=openapi.takes(ConferenceBody, idempotent=True), sync_to_thread=True)
def create(request: PageRequest, body: RawBody) -> ConferenceView:
    with api_writing(request) as visit:
        check_role("conference.plan", visit.viewer)
        given = body_of(ConferenceBody, body)

        def make() -> str:
            return service.plan(visit.session, body=given, by=visit.viewer, at=visit.at).id

        return _shown(visit, once(visit, "conferences", body, make))


@get("/conferences", opt=openapi.asks(ConferenceQuery), sync_to_thread=True)
def index(request: PageRequest) -> ConferencePage:
    with api_reading(request) as visit:
        check_role("conference.read", visit.viewer)
        query = query_of(request, ConferenceQuery, instant)
        found = queries.lines(
            visit.session,
            by=visit.viewer,
            since=query.since,
            until=query.until,
            limit=query.limit,
            cursor=query.cursor,
        )
        return ConferencePage(*found)


@get("/conferences/{conference_id:str}", sync_to_thread=True)
def show(request: PageRequest, conference_id: FromPath[str]) -> ConferenceView:
    with api_reading(request) as visit:
        return queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)


@patch(
    "/conferences/{conference_id:str}",
    opt=openapi.takes(ConferenceBody, versioned=True, merge=True),
    sync_to_thread=True,
)
def change(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.change", by=visit.viewer)
        version, changes = version_of(request), decode_json(body)
        service.change(
            visit.session,
            conference_id=conference_id,
            version=version,
            changes=changes,
            by=visit.viewer,
            at=visit.at,
        )
        return _shown(visit, conference_id)


@put(
    "/conferences/{conference_id:str}/agenda",
    opt=openapi.takes(AgendaBody, versioned=True),
    sync_to_thread=True,
)
def put_agenda(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "agenda", body)


@post(
    "/conferences/{conference_id:str}/release",
    opt=openapi.takes(ReleaseBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def release(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "release", body)


@post(
    "/conferences/{conference_id:str}/move",
    opt=openapi.takes(MoveBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def move(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "move", body)


@post(
    "/conferences/{conference_id:str}/cancel",
    opt=openapi.takes(ReasonBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def cancel(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "cancel", body)


@post(
    "/conferences/{conference_id:str}/open",
    opt=openapi.takes(Nothing, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def open_session(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "open", body)


@post(
    "/conferences/{conference_id:str}/close",
    opt=openapi.takes(Nothing, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def close_session(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    return _act(request, conference_id, "close", body)


@get("/conferences/{conference_id:str}/invitation.ics", media_type="text/calendar", sync_to_thread=True)
def invitation(request: PageRequest, conference_id: FromPath[str]) -> Response[bytes]:
    with api_reading(request) as visit:
        check_role("conference.reply", visit.viewer)
        found = invitation_ics(visit.session, conference_id, visit.viewer.person_id)
        if found is None:
            raise NotFound("Du har ingen kallelse till den konferensen.")
    headers = {"Content-Disposition": 'attachment; filename="mdk.ics"'}
    return Response(found, media_type="text/calendar", headers=headers)


@post("/conferences/{conference_id:str}/reply", opt=openapi.takes(ReplyBody), status_code=200, sync_to_thread=True)
def reply(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> ConferenceView:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.reply", by=visit.viewer)
        content = msgspec.structs.asdict(body_of(ReplyBody, body))
        service.reply(visit.session, conference_id=conference_id, by=visit.viewer, at=visit.at, **content)
        return _shown(visit, conference_id)


def _act(request: PageRequest, conference_id: str, act: str, body: bytes) -> ConferenceView:
    """Do one of `_ACTS`: first who may, then the version, then the content."""
    do, kind = _ACTS[act]
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, act=f"conference.{act}", by=visit.viewer)
        version, content = version_of(request), msgspec.structs.asdict(body_of(kind, body))
        do(visit.session, conference_id=conference_id, version=version, by=visit.viewer, at=visit.at, **content)
        return _shown(visit, conference_id)


def _shown(visit: Visit, conference_id: str) -> ConferenceView:
    """The conference as it now is."""
    visit.session.flush()
    return queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)


HANDLERS: list[Any] = [
    create,
    index,
    show,
    change,
    put_agenda,
    release,
    move,
    cancel,
    open_session,
    close_session,
    invitation,
    reply,
]
