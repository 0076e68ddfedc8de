"""Owns the page session as cookies carry it: who holds one, how one is handed over, and how one ends."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie
from sqlalchemy.orm import Session

from mdk import clock
from mdk.audit.service import refused
from mdk.audit.structs import Actor
from mdk.errors import MdkError, SignInRefused
from mdk.people import queries as people
from mdk.people.structs import Holder
from mdk_web.callers import ATTEMPT_COOKIE, NEXT_COOKIE, SESSION_COOKIE, address_of, cookie_name
from mdk_web.errors import SignInNeeded, is_way_back
from mdk_web.limits import REFUSED_SIGN_INS, limits_of, network_of
from mdk_web.sign_in.provider import told
from mdk_web.visits import PageRequest, database_of, door_of, go, session_of, settings_of


def held(request: PageRequest, session: Session) -> Holder | None:
    """Whose page session the request shows, also before an assignment is chosen in it."""
    cookie = session_of(request)
    door = door_of(settings_of(request))
    return people.holder(session, cookie=cookie, at=clock.now(), door=door) if cookie else None


@contextmanager
def holding(request: PageRequest) -> Iterator[tuple[Session, Holder]]:
    """A visit of who holds a page session, with or without an assignment. Raises `SignInNeeded`."""
    with database_of(request).writing() as session:
        found = held(request, session)
        if found is None:
            raise SignInNeeded
        yield session, found


def admitted(request: PageRequest, cookie: str, *, must_choose: bool = False) -> Response[bytes]:
    """Hand over a new page session and lead on: to the choice of an assignment, or to the page that was asked for."""
    settings = settings_of(request)
    wanted = request.cookies.get(cookie_name(settings, NEXT_COOKIE), "")
    answer = go("/assignments") if must_choose else go(wanted if is_way_back(wanted) else "/", said="signed-in")
    gone = [ATTEMPT_COOKIE] if must_choose else [ATTEMPT_COOKIE, NEXT_COOKIE]
    answer.cookies.append(
        Cookie(
            key=cookie_name(settings, SESSION_COOKIE),
            value=cookie,
            path="/",
            httponly=True,
            samesite="lax",
            max_age=int(settings.session_lasts.total_seconds()),
        )
    )
    answer.cookies.extend(_gone(request, gone))
    return answer


def ended(request: PageRequest, path: str) -> Response[bytes]:
    """Take the page session back and lead on."""
    answer = go(path)
    answer.cookies.extend(_gone(request, [SESSION_COOKIE, NEXT_COOKIE]))
    return answer


@asynccontextmanager
async def refusals_logged(request: PageRequest) -> AsyncIterator[None]:
    """Write a denied sign-in to the access log: why, and of whom when that is known. Raises what it was."""
    try:
        yield
    except MdkError as error:
        refusal = told(error)
        if refusal is None:
            raise
        await sync_to_thread(_log_refusal, request, refusal)
        raise refusal from error


def _log_refusal(request: PageRequest, refusal: SignInRefused) -> None:
    """Counted as well: past a number of refusals nobody at that address is heard, so that no flood fills the log."""
    limits_of(request).note(REFUSED_SIGN_INS, network_of(request))
    by = Actor(person_id=refusal.person_id, surface="page", address=address_of(request))
    with database_of(request).writing() as session:
        refused(session, "sign-in", by=by, at=clock.now(), reason=refusal.code)


def _gone(request: PageRequest, names: list[str]) -> list[Cookie]:
    given = {name: cookie_name(settings_of(request), name) for name in names}
    return [Cookie(key=key, path="/", max_age=0) for key in given.values() if key in request.cookies]
