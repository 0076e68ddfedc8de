"""Pages of whose time is taken, of when everyone is free, and the act that moves cases on."""

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.conferences import absent, conflicts, postponing, queries
from mdk.conferences.structs import ConferenceState
from mdk.people.rules import may_ever
from mdk_calendar import busy
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
AHEAD = timedelta(weeks=6)


@get("/conflicts", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        session, by, at = visit.session, visit.viewer, visit.at
        keeps = may_ever("outbox.read", by)
        return page(
            visit,
            "conflicts/index.html",
            conflicts=conflicts.conflicts(session, by=by, since=at, until=at + AHEAD),
            absences=absent.absences(session, by=by, at=at),
            calendars=busy.everyone(session, by=by) if keeps else [],
            keeps=keeps,
        )


@get("/conferences/{conference_id:str}/times", sync_to_thread=True)
def times(request: PageRequest, conference_id: FromPath[str]) -> Page:
    with reading(request) as visit:
        session, by, at = visit.session, visit.viewer, visit.at
        queries.load(session, conference_id, act="conference.move", by=by)
        view = queries.view(session, conference_id, by=by, at=at)
        people = [each.email for each in view.people if each.active and each.role != "presenter"]
        wanted: dict[str, Any] = {
            "people": people,
            "minutes": view.duration_minutes,
            "around": view.starts_at,
            "apart": view.id,
        }
        free = conflicts.free(session, **wanted, by=by, at=at)
        others = [each for each in free if each.starts_at != view.starts_at]
        return page(visit, "conflicts/times.html", view=view, free=others)


def _offered(request: PageRequest, conference_id: str, body: bytes = b"", *, refusal: Refusal = NO_REFUSAL) -> Page:
    _ = body
    with reading(request) as visit:
        row = queries.load(visit.session, conference_id, act="conference.postpone", by=visit.viewer)
        offers = postponing.offers(visit.session, conference_id=conference_id, by=visit.viewer, at=visit.at)
        return page(
            visit, "conflicts/offers.html", status=refusal.status, conference=row, offers=offers, refusal=refusal
        )


@get("/conferences/{conference_id:str}/postpone", sync_to_thread=True)
def offered(request: PageRequest, conference_id: FromPath[str]) -> Page:
    return _offered(request, conference_id)


@post("/conferences/{conference_id:str}/postpone", sync_to_thread=True)
@shown_again(again=_offered)
def postpone(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        before = queries.load(visit.session, conference_id, act="conference.postpone", by=visit.viewer).state
        named: dict[str, Any] = {"conference_id": conference_id, "version": Form(body).version()}
        placed = postponing.postpone(visit.session, **named, by=visit.viewer, at=visit.at)
        said = "cases-moved-on" if before == ConferenceState.RELEASED else "cases-postponed"
        return go(f"/conferences/{placed[0].conference}", said=said)


HANDLERS: list[Any] = [index, times, offered, postpone]
