"""A disk that fails or is slow, and a database that another process keeps to itself."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import stores
from faults.at_work import AtWork, at_once, at_work, made, numbers, refused
from faults.disks import ObedientDisk
from mdk.db import Database, sqlite_file
from mdk.disk import CHECK_EVERY


@pytest.fixture(scope="module")
def disk(sqlite_file_once: Path, tmp_path_factory: pytest.TempPathFactory) -> ObedientDisk:
    return ObedientDisk(tmp_path_factory.mktemp("disk"), sqlite_file_once)


@pytest.fixture(scope="module")
def running(
    sqlite_file_once: Path, disk: ObedientDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[AtWork, str]]:
    """One server for all these tests, and a case that can be read."""
    with (
        stores.opened(sqlite_file(sqlite_file_once)) as database,
        at_work(database, tmp_path_factory.mktemp("data"), more=disk.environment) as served,
    ):
        yield served, served.draft().json()["number"]


@pytest.fixture
def served(running: tuple[AtWork, str], disk: ObedientDisk) -> Iterator[AtWork]:
    yield running[0]
    disk.takes(0)
    disk.fails(after=0, times=0)


@pytest.fixture
def number(running: tuple[AtWork, str]) -> str:
    return running[1]


def test_after_a_flush_that_failed_nothing_is_saved_until_the_database_was_checked(
    served: AtWork, number: str, disk: ObedientDisk
) -> None:  # F5
    before = made(served.database)
    disk.fails(after=2)
    answers = [served.draft() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert (disk.failed, made(served.database)) == (1, before + 2)
    flushes = disk.flushes
    assert refused(answers[2])
    assert refused(served.draft())
    assert refused(served.read(number)), "a read that cannot be logged"
    assert disk.flushes == flushes, "the disk was asked again before it was checked"
    health = [served.status(f"/health/{what}") for what in ("live", "ready")]
    assert (health, served.status("/about")) == ([200, 503], 200)
    assert "mdk_store_trusted 0.0" in served.get("/metrics").text
    disk.fails(after=0, times=1_000_000)  # a disk that goes on failing is not trusted again
    time.sleep(CHECK_EVERY + 0.2)
    assert (served.status("/health/ready"), refused(served.draft())) == (503, True)
    disk.fails(after=0, times=0)
    served.wait_until_ready(CHECK_EVERY + 20)
    assert served.read(number).status_code == 200
    assert (served.draft().status_code, made(served.database)) == (201, before + 3)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("after", range(8))
def test_whichever_flush_fails_what_was_acknowledged_is_there_and_nothing_else(
    served: AtWork, disk: ObedientDisk, after: int
) -> None:  # F5
    before = made(served.database)
    disk.fails(after=after)
    answers = [served.draft() for _ in range(after + 1)]  # a commit takes a flush, the first after a check two
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == statuses, "nothing is taken in after what failed"
    assert statuses[-1] == 503
    assert len(numbers(answers)) == made(served.database) - before
    served.wait_until_ready(CHECK_EVERY + 20)
    assert len(numbers(answers)) == made(served.database) - before


def test_a_slow_disk_makes_no_error_and_is_told_of(served: AtWork, number: str, disk: ObedientDisk) -> None:  # F6
    before = made(served.database)
    disk.takes(5)
    assert {answer.status_code for answer in at_once(served.draft, 4)} == {201}
    assert served.status("/health/ready") == 200
    disk.takes(500)
    assert {answer.status_code for answer in at_once(served.draft, 4)} == {201}
    flushes = disk.flushes
    assert {answer.status_code for answer in at_once(lambda: served.read(number), 8)} == {200}
    assert disk.flushes - flushes < 8, "each read paid for a flush of its own"
    at_once(served.draft, 2)
    assert served.get("/health/ready").json() == {"status": "ready", "disk": "slow"}
    assert float(served.get("/metrics").text.split("\nmdk_store_commit_seconds ")[1].split()[0]) > 0.1
    assert made(served.database) == before + 10


def test_a_lock_that_another_process_keeps_holds_up_who_must_write_and_nobody_else(
    served: AtWork, number: str
) -> None:  # F15
    before = made(served.database)
    with shut(served.database), ThreadPoolExecutor(20) as people:
        began = time.monotonic()
        asked = [people.submit(served.draft) for _ in range(10)]
        asked += [people.submit(served.read, number) for _ in range(10)]
        time.sleep(2)
        paths = ("/health/live", "/health/ready", "/about", "/schema")
        assert [served.status(path, within=4) for path in paths] == [200] * 4
        assert all(refused(each.result()) for each in asked)
        assert time.monotonic() - began < 30, "they waited one behind the other"
        assert refused(served.draft(within=10))
        assert served.status("/health/ready", within=4) == 200
    assert served.draft(within=10).status_code == 201
    assert served.read(number, within=10).status_code == 200
    assert made(served.database) == before + 1


@contextmanager
def shut(database: Database) -> Iterator[sqlite3.Connection]:
    """Another process, to the server, that keeps the database to itself."""
    with closing(sqlite3.connect(database.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def test_a_lock_that_is_let_go_in_time_costs_only_the_wait(served: AtWork) -> None:  # F15
    with shut(served.database) as other, ThreadPoolExecutor(6) as people:
        asked = [people.submit(served.draft) for _ in range(6)]
        time.sleep(0.5)
        other.execute("ROLLBACK")
        assert {each.result().status_code for each in asked} == {201}


def test_fifty_who_write_at_once_are_all_served(served: AtWork) -> None:  # parallel-writers
    before = made(served.database)
    answers = at_once(served.draft, 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len(numbers(answers)) == made(served.database) - before == 50
