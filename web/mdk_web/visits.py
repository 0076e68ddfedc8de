"""Owns a visit: who asks, when, and the unit of work that answers; one for pages and one for the API."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from litestar import MediaType, Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie, State
from litestar.handlers import BaseRouteHandler
from sqlalchemy.orm import Session

from mdk import bearers, clock, parsing
from mdk.audit.service import refused
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, Problem
from mdk.people import queries as people
from mdk.people import sign_ins
from mdk.people.rules import may_ever
from mdk.people.structs import Door, SignedIn, Viewer
from mdk.settings import Settings
from mdk.tokens import TokenRefused
from mdk_web.callers import SESSION_COOKIE, address_of, cookie_name
from mdk_web.denials import turn_away
from mdk_web.errors import SignInNeeded, VersionNeeded, is_api
from mdk_web.proof import csrf_token
from mdk_web.rendering import render
from mdk_web.said import SAID

PageRequest = Request[Any, Any, State]
T = TypeVar("T")

DEMO = "demo"  # who vouches for the sessions of a demonstration
FLASH_COOKIE = "mdk_said"
CASE_NUMBER = re.compile(r"MDK-\d{4}-\d{4,6}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
_VERSION = re.compile(r'(?:W/)?(?:"(\d{1,9})"|(\d{1,9}))', re.ASCII)
_FILE = re.compile(r"[0-9A-Za-z_./-]{1,200}", re.ASCII)

# Each with the act that the role must ever have, the daily work first.
_NAV: tuple[tuple[str, str, str], ...] = (
    ("/", "Mitt arbete", ""),
    ("/cases", "Ärenden", "case.read"),
    ("/triage", "Triage", "case.accept"),
    ("/queue", "Kö", "queue.read"),
    ("/conferences", "Konferenser", "conference.read"),
    ("/referrals", "Inkorg", "referral.work"),
    ("/assignments-inbox", "Inkorg", "assignment.work"),
    ("/actions", "Åtgärder", "action.read"),
    ("/overdue", "Försenat", "overdue.read"),
    ("/readiness", "Beredskap", "assignment.work"),
    ("/figures", "Uppföljning", "figures.read"),
    ("/learning", "Lärfall", "learning.read"),
    ("/register", "Register", "register.read"),
    ("/outbox", "Utkorg", "outbox.read"),
    ("/log", "Åtkomstlogg", "log.read"),
    ("/keeping", "Bevarande", "keeping.read"),
)
_ASIDE = frozenset({"/figures", "/learning", "/register", "/outbox"})


@dataclass(frozen=True)
class Visit:
    """One request being answered."""

    request: PageRequest
    session: Session
    viewer: Viewer
    at: datetime
    signed_in: SignedIn | None = None

    @property
    def settings(self) -> Settings:
        return settings_of(self.request)


def database_of(request: PageRequest) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def settings_of(request: PageRequest) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def door_of(settings: Settings) -> Door:
    """How page sessions are opened here: one that anybody else vouched for opens nothing."""
    issuer = DEMO if settings.is_demo else settings["OIDC_ISSUER"]
    return Door(issuer=issuer, lasts=settings.session_lasts, idles=settings.session_idles)


def session_of(request: PageRequest) -> str:
    """The cookie of the page session; empty when there is none."""
    return request.cookies.get(cookie_name(settings_of(request), SESSION_COOKIE), "")


def check_signed_in(request: PageRequest) -> None:
    """Let through whoever is signed in, before what they send is read. Raises `SignInNeeded`."""
    with reading(request, is_use=False):
        pass


def reading(request: PageRequest, *, is_use: bool = True) -> AbstractContextManager[Visit]:
    """A signed-in page visit that changes nothing; `is_use` False does not keep an idle session alive.

    Raises `SignInNeeded`.
    """
    return _visiting(request, database_of(request).reading, _page_visit if is_use else _page_look)


def writing(request: PageRequest) -> AbstractContextManager[Visit]:
    """A signed-in page visit whose changes are committed when it ends without an error. Raises `SignInNeeded`."""
    return _visiting(request, database_of(request).writing, _page_visit)


def api_reading(request: PageRequest) -> AbstractContextManager[Visit]:
    """A bearer's call that changes nothing. Raises `TokenRefused`, `SignInNeeded`."""
    return _visiting(request, database_of(request).reading, _api_visit)


def api_writing(request: PageRequest) -> AbstractContextManager[Visit]:
    """A bearer's call whose changes are committed when it ends without an error."""
    return _visiting(request, database_of(request).writing, _api_visit)


def bearer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> bearers.Bearer:
    """Whom the call's token speaks for; whether their access has ended is not looked up here.

    Raises `SignInNeeded` without a token, `TokenRefused` for one that proves nothing.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInNeeded
    settings: Settings = connection.app.state.settings
    return bearers.read(settings.secret_key, token.strip(), clock.now(), issuer=settings["BASE_URL"])


async def known_address(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Turn away an address that holds an id which nothing can have. Raises `NotFound`."""
    if not all(_ID.fullmatch(str(value)) for value in connection.path_params.values()):
        raise NotFound


async def known_file(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Turn away a file name that no file of ours can have. Raises `NotFound`."""
    if not all(_FILE.fullmatch(str(value)) for value in connection.path_params.values()):
        raise NotFound


def version_of(request: PageRequest) -> int:
    """The version that the caller has seen, from If-Match. Raises `VersionNeeded`, `Invalid`."""
    header = request.headers.get("if-match")
    if header is None:
        raise VersionNeeded
    told = _VERSION.fullmatch(header.strip())
    if told is None:
        raise Invalid([Problem("If-Match", 'Ange ett versionsnummer inom citattecken, till exempel "3".')])
    return int(told[1] or told[2])


def body_of(kind: type[T], body: bytes) -> T:
    """The JSON body as a struct. Raises `Invalid` with every bad field."""
    return parsing.decode(kind, body)


def page(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """A whole page: the template in the shell, with what the shell needs."""
    said = visit.request.cookies.get(FLASH_COOKIE, "")
    html = render(
        template,
        nav=_nav(visit),
        viewer=_shown_viewer(visit),
        csrf_token=csrf_token(visit.request),
        flash={"text": SAID[said]} if said in SAID else None,
        **context,
    )
    gone = [Cookie(key=FLASH_COOKIE, path="/", max_age=0)] if said else []
    return Response(html, status_code=status, media_type=MediaType.HTML, cookies=gone)


def fragment(visit: Visit, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """A part of a page, for htmx."""
    html = render(template, csrf_token=csrf_token(visit.request), **context)
    return Response(html, status_code=status, media_type=MediaType.HTML)


def go(path: str, *, said: str = "") -> Response[bytes]:
    """Send the reader on after an act; `said` names the sentence that the next page says."""
    cookies = (
        [Cookie(key=FLASH_COOKIE, value=said, path="/", httponly=True, samesite="lax", max_age=60)] if said else []
    )
    return Response(b"", status_code=303, headers={"Location": path}, cookies=cookies)


def wants_fragment(request: PageRequest) -> bool:
    """Whether htmx asks for a part and not for a page."""
    return request.headers.get("hx-request") == "true"


@contextmanager
def _visiting(
    request: PageRequest,
    unit_of_work: Callable[[], AbstractContextManager[Session]],
    who: Callable[[PageRequest, Session], Visit],
) -> Iterator[Visit]:
    visit = None
    try:
        with unit_of_work() as session:
            visit = who(request, session)
            yield visit
    except (NotAllowed, NotFound):
        if visit is not None:
            _log_refusal(visit)
        raise
    except (SignInNeeded, TokenRefused) as refusal:
        if visit is None and (session_of(request) or request.scope["path"] != "/"):
            turn_away(request, refusal, surface="api" if is_api(request) else "page")
        raise


def _log_refusal(visit: Visit) -> None:
    number = str(visit.request.path_params.get("number", ""))
    act = f"{visit.request.method} {visit.request.scope['path_template']}"
    cases = (number,) if CASE_NUMBER.fullmatch(number) else ()
    with database_of(visit.request).writing() as session:
        refused(session, act, by=visit.viewer, at=visit.at, cases=cases)


def _page_visit(request: PageRequest, session: Session) -> Visit:
    visit = _page_look(request, session)
    if visit.signed_in is not None:
        sign_ins.note_use(session, signed_in=visit.signed_in, at=visit.at)
    return visit


def _page_look(request: PageRequest, session: Session) -> Visit:
    cookie, at, door = session_of(request), clock.now(), door_of(settings_of(request))
    if not cookie:
        raise SignInNeeded
    signed_in = people.signed_in(session, cookie=cookie, at=at, address=address_of(request), door=door)
    if signed_in is None:
        raise SignInNeeded
    return Visit(request, session, signed_in.viewer, at, signed_in)


def _api_visit(request: PageRequest, session: Session) -> Visit:
    viewer = people.viewer_of_bearer(session, bearer_of(request), address=address_of(request))
    if viewer is None:
        raise SignInNeeded
    return Visit(request, session, viewer, clock.now())


def _nav(visit: Visit) -> list[Mapping[str, Any]]:
    path = visit.request.scope["path"]
    return [
        {
            "href": href,
            "label": label,
            "current": path == href or (href != "/" and path.startswith(f"{href}/")),
            "aside": href in _ASIDE,
        }
        for href, label, act in _NAV
        if not act or may_ever(act, visit.viewer)
    ]


def _shown_viewer(visit: Visit) -> Mapping[str, Any]:
    viewer = visit.viewer
    return {
        "name": viewer.name,
        "role": str(viewer.role),
        "unit": viewer.unit_name,
        "can_switch": visit.signed_in is not None and visit.signed_in.can_switch,
        "calendar": may_ever("calendar.keep", viewer),
    }
