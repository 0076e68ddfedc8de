"""The API of a conference while it is held, and of how it went: all that the chair does on the page of the room."""

from typing import Any

from litestar import get, post, put
from litestar.params import FromPath, RawBody

from mdk.cases.structs import ReasonBody
from mdk.conferences import held, queries, sitting
from mdk.conferences.sitting_structs import AttendBody, HeardBody, SittingView, TurnBody
from mdk.conferences.structs import AgendaBody
from mdk.journey import room
from mdk.minutes import quality
from mdk.minutes import queries as minutes
from mdk.minutes.quality import QualityView
from mdk.minutes.structs import MinutesView
from mdk_web import openapi
from mdk_web.minutes import api as minutes_api
from mdk_web.minutes import paper
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_CONFERENCE = "/conferences/{conference_id:str}"


def _seen(visit: Visit, conference_id: str, number: str | None = None) -> int:
    """The version of the conference that the caller has seen, once it is known that they may, and the case is on it."""
    conference = queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
    if number is not None:
        sitting.item_of(visit.session, conference, number)
    return version_of(visit.request)


def _shown(visit: Visit, conference_id: str) -> SittingView:
    visit.session.flush()
    return held.view(visit.session, conference_id, by=visit.viewer, at=visit.at)


@get(f"{_CONFERENCE}/sitting", sync_to_thread=True)
def show(request: PageRequest, conference_id: FromPath[str]) -> SittingView:
    with api_reading(request) as visit:
        return _shown(visit, conference_id)


@get(f"{_CONFERENCE}/quality", sync_to_thread=True)
def went(request: PageRequest, conference_id: FromPath[str]) -> QualityView:
    with api_reading(request) as visit:
        return quality.view(visit.session, conference_id, by=visit.viewer, at=visit.at)


@post(f"{_CONFERENCE}/turn", opt=openapi.takes(TurnBody, versioned=True), status_code=200, sync_to_thread=True)
def turn(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> SittingView:
    with api_writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": _seen(visit, conference_id)}
        sitting.turn(visit.session, **named, number=body_of(TurnBody, body).case, by=visit.viewer, at=visit.at)
        return _shown(visit, conference_id)


@put(f"{_CONFERENCE}/running-order", opt=openapi.takes(AgendaBody, versioned=True), sync_to_thread=True)
def arrange(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> SittingView:
    with api_writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": _seen(visit, conference_id)}
        sitting.arrange(visit.session, **named, items=body_of(AgendaBody, body).items, by=visit.viewer, at=visit.at)
        return _shown(visit, conference_id)


@post(f"{_CONFERENCE}/attendance", opt=openapi.takes(AttendBody, versioned=True), status_code=200, sync_to_thread=True)
def attend(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> SittingView:
    with api_writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": _seen(visit, conference_id)}
        said = body_of(AttendBody, body)
        room.attend(visit.session, **named, email=said.email, present=said.present, by=visit.viewer, at=visit.at)
        return _shown(visit, conference_id)


@post(
    f"{_CONFERENCE}/cases/{{number:str}}/patient-heard",
    opt=openapi.takes(HeardBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def hear(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> SittingView:
    with api_writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": _seen(visit, conference_id, number)}
        heard = body_of(HeardBody, body).heard
        sitting.hear(visit.session, **named, number=number, heard=heard, by=visit.viewer, at=visit.at)
        return _shown(visit, conference_id)


@post(
    f"{_CONFERENCE}/cases/{{number:str}}/defer",
    opt=openapi.takes(ReasonBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def defer(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> MinutesView:
    """If-Match is the version of the case's minutes, which this signs."""
    with api_writing(request) as visit:
        minutes.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer)
        named: dict[str, Any] = {"conference_id": conference_id, "number": number, "version": version_of(request)}
        reason, sealing = body_of(ReasonBody, body).reason, paper.sealing(visit.settings)
        room.defer(visit.session, **named, reason=reason, sealing=sealing, by=visit.viewer, at=visit.at)
        return minutes_api.shown(visit, conference_id, number)


HANDLERS: list[Any] = [show, went, turn, arrange, attend, hear, defer]
