"""Streams on a real server: what they lose (nothing), whom they let in, and how they end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

import make
import stores
from mdk import clock
from mdk.conferences import held
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.live import RESYNC, News, publish
from mdk.people import sign_ins
from mdk_web.callers import SESSION_COOKIE
from mdk_web.live.streams import MOST, MOST_OF_ONE, Streams
from postgres import Server
from running import serving

RELOADS, KILLED = 100, {33, 66}
PRESENT = "presence"


class Ear:
    """A browser's stream of a conference, as it comes."""

    def __init__(self, port: int, conference: str, cookie: str) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies={SESSION_COOKIE: cookie}, timeout=20)
        request = self._client.build_request("GET", f"/conferences/{conference}/live")
        self.answer = self._client.send(request, stream=True)
        self._lines = self.answer.iter_lines()

    def next(self) -> str:
        """The name of the next event; empty when the stream has ended."""
        with suppress(httpx.RemoteProtocolError):
            for line in self._lines:
                if line.startswith("event: "):
                    return line.removeprefix("event: ")
        return ""

    def until(self, *wanted: str, past: tuple[str, ...] = ()) -> str:
        """The next event that is one of these, past those that tell who comes and goes and those `past`."""
        while (name := self.next()) not in wanted:
            assert name in {PRESENT, *past}, name
        return name

    def leave(self) -> None:
        self.answer.close()
        self._client.close()


@contextmanager
def listening(port: int, conference: str, cookie: str) -> Iterator[Ear]:
    ear = Ear(port, conference, cookie)
    try:
        yield ear
    finally:
        ear.leave()


def cookie_of(database: Database, name: str) -> str:
    assignment = make.viewer(database, name).assignment_id
    with database.writing() as session:
        return sign_ins.sign_in(session, assignment_id=assignment, at=clock.now(), address="127.0.0.1")


def tell(database: Database, conference: str, what: str, number: str = "") -> None:
    with database.writing() as session:
        publish(session, conference, what, number=number)


def kill_the_lines(database: Database) -> int:
    with database.engine.begin() as connection:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'mdk-live'"
        return int(connection.execute(text(f"{ended} AND datname = current_database()")).scalar_one())


@pytest.fixture(scope="module")
def shared(
    postgres_server: Server, _postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, int]]:
    """A database that two server processes share, and their port: for every test of this module."""
    name = postgres_server.create(_postgres_template)
    database = make.people(stores.made(postgres_server.url(name)))
    with serving(database, tmp_path_factory.mktemp("shared"), workers=2) as (_, port):
        yield database, port
    database.close()
    postgres_server.drop(name)


def test_a_hundred_reloads_and_two_killed_lines_lose_no_event_and_a_revoked_sign_in_ends(
    shared: tuple[Database, int],
) -> None:
    database, port = shared
    conference, other = (make.in_session(database, [make.accepted(database)]) for _ in range(2))
    cookie = cookie_of(database, make.CHAIR)
    with listening(port, other, cookie_of(database, make.SURGEON)) as revoked:
        revoked.until("resync")
        with database.writing() as session:
            sign_ins.end_all(session, email=make.email(make.SURGEON), at=clock.now())
        for reload in range(RELOADS):
            with listening(port, conference, cookie) as ear:
                assert ear.next() == "resync"
                if reload in KILLED:
                    assert kill_the_lines(database) == 2
                    tell(database, conference, "turn")
                    ear.until("turn", "resync")  # lost with the line or not, the page looks again
                    continue
                tell(database, conference, "turn")
                assert ear.until("turn", *(["resync"] if reload - 1 in KILLED else [])) != ""
        assert [revoked.until("over", past=("resync",)), revoked.next()] == ["over", ""]


def test_each_process_tells_who_watches_and_what_each_may_know(shared: tuple[Database, int]) -> None:
    database, port = shared
    mine, theirs = make.accepted(database), make.accepted(database, by=make.OTHER_REFERRER)
    conference = make.in_session(database, [mine, theirs])
    with listening(port, conference, cookie_of(database, make.REFERRER)) as ear:
        assert ear.next() == "resync"
        with listening(port, conference, cookie_of(database, make.NURSE)) as other:
            assert (other.next(), ear.next()) == ("resync", PRESENT)
            assert watching(database, conference) == {make.email(make.NURSE), make.email(make.REFERRER)}
        ear.until(PRESENT)
        tell(database, conference, "minutes", theirs)
        tell(database, conference, "minutes", mine)
        assert ear.until(f"minutes-{mine}") == f"minutes-{mine}"
    live = f"http://127.0.0.1:{port}/conferences/{conference}/live"
    stranger = httpx.get(live, cookies={SESSION_COOKIE: cookie_of(database, "remittent.halmstad")})
    assert (stranger.status_code, httpx.get(live).status_code) == (404, 303)


def test_the_end_of_the_server_ends_the_stream(embedded: Database, tmp_path: Path) -> None:
    conference = make.in_session(make.people(embedded), [make.accepted(embedded)])
    cookie = cookie_of(embedded, make.CHAIR)
    with serving(embedded, tmp_path) as (process, port), listening(port, conference, cookie) as ear:
        ear.until("resync")
        process.send_signal(signal.SIGTERM)
        assert ear.until("") == ""
        assert process.wait(10) == 0


def watching(database: Database, conference: str) -> set[str]:
    view = make.ask(database, make.CHAIR, held.view, conference, at=clock.now())
    return {person.email for person in view.people if person.connected}


def test_one_browser_has_five_streams_and_the_oldest_makes_room() -> None:
    async def open_many() -> None:
        streams = Streams()
        opened = [streams.open(1) for _ in range(MOST_OF_ONE + 2)]
        assert [stream.is_unwanted for stream in opened] == [True, True] + [False] * MOST_OF_ONE
        assert not streams.open(2).is_over
        streams.forget(opened[-1])
        assert not streams.open(1).is_over
        assert [stream.is_over for stream in opened[:3]] == [True, True, False]

    asyncio.run(open_many())


def test_a_process_has_so_many_streams_and_at_its_end_none() -> None:
    async def open_all() -> None:
        streams = Streams()
        opened = [streams.open(number) for number in range(MOST)]
        with pytest.raises(Unavailable):
            streams.open(MOST)
        streams.close()
        assert all(stream.is_over and not stream.is_unwanted for stream in opened)
        streams.forget(opened[0])
        with pytest.raises(Unavailable):
            streams.open(MOST)

    asyncio.run(open_all())


def test_news_is_told_once_however_often_it_came_and_from_any_thread() -> None:
    async def hear() -> None:
        stream = Streams().open(1)
        assert await stream.news(1) == [RESYNC]
        for _ in range(50):
            await asyncio.to_thread(stream.hear, News("turn"))
        stream.hear(News("minutes", "MDK-2026-0001"))
        assert await stream.news(1) == [News("turn"), News("minutes", "MDK-2026-0001")]
        assert await stream.news(0.01) == []

    asyncio.run(hear())
