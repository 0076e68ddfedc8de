"""The stream of one conference: what changed, by name only; the page then asks for the parts that it shows."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

from litestar import get
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath
from litestar.response import Stream as Answer

from mdk import clock
from mdk.conferences import presence, queries
from mdk.errors import MdkError, Unavailable
from mdk.live import RESYNC, News
from mdk_web.live.streams import Stream, Streams
from mdk_web.visits import PageRequest, database_of, reading

BEAT: Final = 10.0  # seconds after which a stream says that it lives, and looks whether it still may
_OVER: Final = News("over")
T = TypeVar("T")


class _Seat(NamedTuple):
    """Who listens, and to which cases."""

    sign_in: int
    person_id: int
    numbers: frozenset[str]


@get("/conferences/{conference_id:str}/live")
async def stream(request: PageRequest, conference_id: FromPath[str]) -> Answer:
    seat = await _in_pool(lambda: _seat(request, conference_id))
    streams: Streams = request.app.state.streams
    opened = streams.open(seat.sign_in)
    database_of(request).live.hear(conference_id, opened.hear)
    return Answer(
        _told(request, conference_id, opened, seat),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
        background=BackgroundTask(_left, request, conference_id, opened),
    )


def _seat(request: PageRequest, conference_id: str) -> _Seat:
    """Raises `SignInNeeded`, `NotFound`, `NotAllowed`. What it opens it closes: a stream holds nothing of the store."""
    with reading(request, is_use=False) as visit:  # a screen that nobody looks at is not in use
        meeting = queries.load(visit.session, conference_id, act="conference.read", by=visit.viewer)
        numbers = queries.readable_numbers(visit.session, meeting, by=visit.viewer, at=visit.at)
        session_id = visit.signed_in.session_id if visit.signed_in else 0
        return _Seat(session_id, visit.viewer.person_id, numbers)


async def _told(request: PageRequest, conference_id: str, opened: Stream, seat: _Seat) -> AsyncIterator[str]:
    looked_at = time.monotonic()
    await _in_pool(lambda: _join(request, conference_id, opened, seat))
    while not opened.is_over:
        news = await opened.news(BEAT)
        yield "".join(_event(each) for each in news if not each.number or each.number in seat.numbers) or ": beat\n\n"
        if time.monotonic() - looked_at < BEAT:
            continue
        try:
            seat, looked_at = await _in_pool(lambda: _stay(request, conference_id, opened)), time.monotonic()
        except Unavailable:
            continue
        except MdkError:
            opened.end(is_unwanted=True)
            yield _event(RESYNC)  # what the page asks for now is refused, and leads to the sign-in
    if opened.is_unwanted:
        yield _event(_OVER)


def _join(request: PageRequest, conference_id: str, opened: Stream, seat: _Seat) -> None:
    named = {"stream_id": opened.id, "conference_id": conference_id}
    with suppress(Unavailable), database_of(request).writing() as session:
        presence.join(session, **named, person_id=seat.person_id, at=clock.now())


def _stay(request: PageRequest, conference_id: str, opened: Stream) -> _Seat:
    seat = _seat(request, conference_id)
    with database_of(request).writing() as session:
        presence.stay(session, stream_id=opened.id, conference_id=conference_id, at=clock.now())
    return seat


async def _left(request: PageRequest, conference_id: str, opened: Stream) -> None:
    database_of(request).live.leave(conference_id, opened.hear)
    request.app.state.streams.forget(opened)
    await _in_pool(lambda: _leave(request, conference_id, opened))


def _leave(request: PageRequest, conference_id: str, opened: Stream) -> None:
    with suppress(Unavailable), database_of(request).writing() as session:
        presence.leave(session, stream_id=opened.id, conference_id=conference_id)


def _event(news: News) -> str:
    name = f"{news.what}-{news.number}" if news.number else news.what
    return f"event: {name}\ndata: {news.number}\n\n"


async def _in_pool(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


HANDLERS: list[Any] = [stream]
