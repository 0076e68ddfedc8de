"""Pages of the sign-in: in the demo a person is chosen; elsewhere an identity provider is needed."""

import re
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import RawBody

from mdk import clock
from mdk.errors import NotAllowed, NotFound
from mdk.people import queries as people
from mdk.people import service
from mdk.people.structs import Role
from mdk_web.formkit import Form
from mdk_web.proof import csrf_token
from mdk_web.rendering import render
from mdk_web.visits import SESSION_COOKIE, PageRequest, database_of, go, settings_of, writing

_ID = re.compile(r"\d{1,9}", re.ASCII)
_JOURNEY: list[str] = list(Role)  # the roles stand in the order of a case's way


@get("/sign-in", sync_to_thread=True)
def choose(request: PageRequest) -> Response[str]:
    is_demo = settings_of(request).is_demo
    with database_of(request).reading() as session:
        choices = [line for line in people.people(session) if line.active] if is_demo else []
    choices.sort(key=lambda line: _JOURNEY.index(line.role))
    html = render("sign_in/choose.html", is_demo=is_demo, choices=choices, csrf_token=csrf_token(request))
    return Response(html, media_type=MediaType.HTML)


@post("/sign-in", sync_to_thread=True)
def enter(request: PageRequest, body: RawBody) -> Response[bytes]:
    settings, chosen = settings_of(request), Form(body).get("assignment", "")
    if not settings.is_demo:
        raise NotAllowed
    if not _ID.fullmatch(chosen):
        raise NotFound
    address = request.client.host if request.client else ""
    with database_of(request).writing() as session:
        cookie = service.sign_in(session, assignment_id=int(chosen), at=clock.now(), address=address)
    answer = go("/", said="signed-in")
    answer.cookies.append(_session_cookie(cookie, is_secure=settings["BASE_URL"].startswith("https://")))
    return answer


@post("/sign-out", sync_to_thread=True)
def leave(request: PageRequest) -> Response[bytes]:
    with writing(request) as visit:
        if visit.signed_in is not None:
            service.sign_out(visit.session, signed_in=visit.signed_in, at=visit.at)
    answer = go("/sign-in")
    answer.cookies.append(Cookie(key=SESSION_COOKIE, path="/", max_age=0))
    return answer


def _session_cookie(value: str, *, is_secure: bool) -> Cookie:
    seconds = int(service.SIGN_IN_LASTS.total_seconds())
    return Cookie(
        key=SESSION_COOKIE, value=value, path="/", httponly=True, secure=is_secure, samesite="lax", max_age=seconds
    )


HANDLERS: list[Any] = [choose, enter, leave]
