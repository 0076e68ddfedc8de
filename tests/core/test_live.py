import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue

from sqlalchemy import text

import stores
from mdk.db import Database
from mdk.errors import NotFound
from mdk.listening import Listening
from mdk.live import RESYNC, News, publish

PLACE = "c0ffee"


class Ear(Queue[News]):
    """Someone who listens."""

    def next(self, patience: float = 5) -> News | None:
        with suppress(Empty):
            return self.get(timeout=patience)
        return None

    def all(self) -> list[News]:
        """What was heard until it has been quiet for a moment."""
        heard = []
        while (news := self.next(0.2)) is not None:
            heard.append(news)
        return heard


@contextmanager
def hearing(database: Database, topic: str = PLACE) -> Iterator[Ear]:
    """Someone in a process of its own, as far as PostgreSQL can tell."""
    ear, line = Ear(), None
    database.live.hear(topic, ear.put)
    if not database.is_sqlite:
        line = Listening(database.url, database.live)
        line.start()
        assert ear.next() == RESYNC
    try:
        yield ear
    finally:
        database.live.leave(topic, ear.put)
        if line is not None:
            line.stop()
            assert not line.is_alive()


def tell(database: Database, *what: str, topic: str = PLACE, number: str = "") -> None:
    with database.writing() as session:
        for each in what:
            publish(session, topic, each, number=number)


def test_what_was_committed_is_told_once_to_those_who_listen_there(database: Database) -> None:
    with hearing(database) as ear:
        tell(database, "turn", topic="elsewhere")
        tell(database, "minutes", "minutes", number="MDK-2026-0001")
        assert ear.all() == [News("minutes", "MDK-2026-0001")]


def test_what_is_not_committed_is_not_told(database: Database) -> None:
    with hearing(database) as ear:
        with suppress(NotFound), database.writing() as session:
            publish(session, PLACE, "turn")
            raise NotFound
        assert ear.all() == []


def test_nothing_is_told_before_it_can_be_read(database: Database) -> None:
    with hearing(database) as ear:
        with database.writing() as session:
            publish(session, PLACE, "turn")
            session.flush()
            assert ear.next(0.2) is None
        assert ear.next() == News("turn")


def test_whoever_left_hears_nothing(database: Database) -> None:
    with hearing(database) as ear:
        database.live.leave(PLACE, ear.put)
        tell(database, "turn")
        assert ear.all() == []


def test_a_lost_line_comes_back_and_everyone_is_told_to_look_again(postgres_url: str) -> None:
    database = stores.made(postgres_url)
    with hearing(database) as ear:
        for what in ("first", "second"):
            assert kill_the_line(database) == 1
            tell(database, what)
            heard = ear.all()
            assert heard[0] == RESYNC
            assert set(heard) <= {RESYNC, News(what)}
        tell(database, "third")
        assert ear.next() == News("third")
    database.close()


def test_a_listener_waits_for_a_server_that_is_not_there(postgres_url: str) -> None:
    database = stores.made(postgres_url)
    line = Listening(database.url.set(database="not_there"), database.live)
    line.start()
    time.sleep(0.3)
    assert line.is_alive()
    began = time.monotonic()
    line.stop()
    assert not line.is_alive()
    assert time.monotonic() - began < 5
    database.close()


def kill_the_line(database: Database) -> int:
    """End the connection that listens, from the server's side; gives how many there were."""
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    with database.engine.begin() as connection:
        found = connection.execute(
            text(f"{ended} WHERE application_name = 'mdk-live' AND datname = current_database()")
        )
        return int(found.scalar_one())
