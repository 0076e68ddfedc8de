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
from mdk import clock
from mdk.conferences import held
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.live import RESYNC, News, publish
from mdk.people import service as people
from mdk.people import sign_ins
from mdk_web.callers import SESSION_COOKIE
from mdk_web.live.streams import MOST, MOST_OF_ONE, Streams
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

    def until(self, *wanted: str) -> str:
        """The next event that is one of these, past those that tell who comes and goes."""
        while (name := self.next()) not in wanted:
            assert name == PRESENT, name
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


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield make.people(database)
    database.close()


def test_a_hundred_reloads_and_two_killed_lines_lose_no_event(shared: Database, tmp_path: Path) -> None:
    conference = make.in_session(shared, [make.accepted(shared)])
    cookie = cookie_of(shared, make.CHAIR)
    with serving(shared, tmp_path, workers=2) as (_, port):
        for reload in range(RELOADS):
            with listening(port, conference, cookie) as ear:
                assert ear.next() == "resync"
                if reload in KILLED:
                    assert kill_the_lines(shared) == 2
                    tell(shared, conference, "turn")
                    ear.until("turn", "resync")  # lost with the line or not, the page looks again
                    continue
                tell(shared, conference, "turn")
                assert ear.until("turn", *(["resync"] if reload - 1 in KILLED else [])) != ""


def test_each_process_tells_who_watches_and_what_each_may_know(shared: Database, tmp_path: Path) -> None:
    mine, theirs = make.accepted(shared), make.accepted(shared, by=make.OTHER_REFERRER)
    conference = make.in_session(shared, [mine, theirs])
    with serving(shared, tmp_path, workers=2) as (_, port):
        with listening(port, conference, cookie_of(shared, make.REFERRER)) as ear:
            assert ear.next() == "resync"
            with listening(port, conference, cookie_of(shared, make.NURSE)) as other:
                assert (other.next(), ear.next()) == ("resync", PRESENT)
                assert watching(shared, conference) == {make.email(make.NURSE), make.email(make.REFERRER)}
            ear.until(PRESENT)
            tell(shared, conference, "minutes", theirs)
            tell(shared, conference, "minutes", mine)
            assert ear.until(f"minutes-{mine}") == f"minutes-{mine}"
        stranger = httpx.get(
            f"http://127.0.0.1:{port}/conferences/{conference}/live",
            cookies={SESSION_COOKIE: cookie_of(shared, "remittent.halmstad")},
        )
        assert stranger.status_code == 404
        assert httpx.get(f"http://127.0.0.1:{port}/conferences/{conference}/live").status_code == 303


def test_a_revoked_sign_in_and_an_end_of_the_server_end_the_stream(embedded: Database, tmp_path: Path) -> None:
    conference = make.in_session(make.people(embedded), [make.accepted(embedded)])
    with serving(embedded, tmp_path) as (process, port):
        with listening(port, conference, cookie_of(embedded, make.NURSE)) as revoked:
            revoked.until("resync")
            with embedded.writing() as session:
                people.disable(session, email=make.email(make.NURSE), at=clock.now())
            assert [revoked.until("resync"), revoked.until("over"), revoked.next()] == ["resync", "over", ""]
        with listening(port, conference, cookie_of(embedded, make.CHAIR)) as ear:
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
