"""Pages of one's own sign-in: with which assignment, and where else one is signed in."""

import re
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.errors import NotFound
from mdk.people import queries as people
from mdk.people import sign_ins
from mdk_web.callers import address_of
from mdk_web.formkit import Form
from mdk_web.proof import csrf_token
from mdk_web.rendering import render
from mdk_web.sign_in.holding import admitted, holding
from mdk_web.visits import PageRequest, door_of, go, page, reading, settings_of, writing

_ID = re.compile(r"\d{1,9}", re.ASCII)


@get("/assignments", sync_to_thread=True)
def assignments(request: PageRequest) -> Response[str]:
    with holding(request) as (session, holder):
        choices = people.choices(session, holder)
    html = render("sign_in/assignments.html", holder=holder, choices=choices, csrf_token=csrf_token(request))
    return Response(html, media_type=MediaType.HTML)


@post("/assignments", sync_to_thread=True)
def choose(request: PageRequest, body: RawBody) -> Response[bytes]:
    chosen = Form(body).get("assignment", "")
    address = address_of(request)
    with holding(request) as (session, holder):
        key = _id_of(chosen)
        cookie = sign_ins.switch(session, held=holder, assignment_id=key, at=clock.now(), address=address)
    return admitted(request, cookie)


@get("/sessions", sync_to_thread=True)
def sessions(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        idles = door_of(settings_of(request)).idles
        found = people.sessions(visit.session, person_id=visit.viewer.person_id, at=visit.at, idles=idles)
        own = visit.signed_in.session_id if visit.signed_in else 0
        minutes = int(idles.total_seconds()) // 60
        return page(visit, "sign_in/sessions.html", sessions=found, own=own, idle_minutes=minutes)


@post("/sessions/{session_id:str}/end", sync_to_thread=True)
def end(request: PageRequest, session_id: FromPath[str]) -> Response[bytes]:
    with writing(request) as visit:
        sign_ins.end(visit.session, session_id=_id_of(session_id), by=visit.viewer, at=visit.at)
    return go("/sessions", said="session-ended")


@post("/sessions/end-others", sync_to_thread=True)
def end_others(request: PageRequest) -> Response[bytes]:
    with writing(request) as visit:
        if visit.signed_in is not None:
            sign_ins.end_others(visit.session, signed_in=visit.signed_in, at=visit.at)
    return go("/sessions", said="sessions-ended")


def _id_of(text: str) -> int:
    if not _ID.fullmatch(text):
        raise NotFound
    return int(text)


HANDLERS: list[Any] = [assignments, choose, sessions, end, end_others]
