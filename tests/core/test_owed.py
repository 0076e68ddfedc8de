"""What is owed at the end of a unit of work: written before anyone sees an answer, or nobody sees one."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlmodel import col

import make
from mdk.audit.queries import first_fault
from mdk.audit.service import seen
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.owed import Write, at_end

MORE_THAN_THE_POOL = 25


def read(database: Database, act: str, *owed: Write) -> None:
    with database.reading() as session:
        for write in owed:
            at_end(session, write)
        seen(session, act, by=SYSTEM, at=make.AT)


def logged(database: Database) -> set[str]:
    with database.reading() as session:
        assert first_fault(session) is None
        return set(session.scalars(select(col(AccessLog.act))))


def lent(engine: Engine) -> int:
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def breaks(log: Connection) -> None:
    log.execute(text("SELECT no_such_column"))


def fails(_log: Connection) -> None:
    raise ValueError


def ends(_log: Connection) -> None:
    raise SystemExit


def test_reads_that_end_behind_another_are_logged_with_it(clinic: Database) -> None:
    acts = [f"act-{place}" for place in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda act: read(clinic, act), acts))
    assert logged(clinic) >= set(acts)


@pytest.mark.parametrize("dies", [breaks, fails, ends])
def test_who_waits_behind_one_that_dies_is_not_answered_without_a_log(clinic: Database, dies: Write) -> None:
    begun, go = Event(), Event()

    def slow(_log: Connection) -> None:
        begun.set()
        go.wait(10)

    def answered(act: str, *owed: Write) -> bool:
        try:
            read(clinic, act, *owed)
        except (Unavailable, SystemExit):
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(answered, "first", slow)
        begun.wait(10)
        behind = [pool.submit(answered, "dies", dies), pool.submit(answered, "waits")]
        while len(clinic._logs._waiting) < len(behind):
            time.sleep(0.01)
        go.set()
        assert [each.result() for each in (first, *behind)] == [True, False, False]
    assert logged(clinic) & {"first", "dies", "waits"} == {"first"}
    read(clinic, "later")
    assert "later" in logged(clinic)


@pytest.mark.parametrize("owed", [breaks, fails])
def test_what_fails_keeps_no_connection(clinic: Database, owed: Write) -> None:
    def in_a_read() -> None:
        read(clinic, "read", owed)

    def in_an_act() -> None:
        with clinic.writing() as session:
            owed(session.connection())

    def before_the_end_of_an_act() -> None:
        with clinic.writing() as session:
            at_end(session, owed)

    def before_the_end_of_a_read() -> None:
        with clinic.reading() as session:
            owed(session.connection())

    def failed(act: Callable[[], None]) -> bool:
        try:
            act()
        except (ValueError, Unavailable, DBAPIError):
            return True
        return False

    acts = [in_a_read, in_an_act, before_the_end_of_an_act, before_the_end_of_a_read] * MORE_THAN_THE_POOL
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(failed, acts))
    assert lent(clinic.engine) == 0
    read(clinic, "later")
    assert "later" in logged(clinic)


def test_a_read_that_was_refused_while_another_program_kept_the_store_is_not_logged(ward: Database) -> None:
    with closing(sqlite3.connect(ward.url.database or "", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(read, ward, "first")
            while not ward._turns.is_shut:
                time.sleep(0.01)
            second = pool.submit(read, ward, "second")
            assert isinstance(second.exception(), Unavailable)
            other.execute("ROLLBACK")
            first.result()
    read(ward, "third")
    assert logged(ward) & {"first", "second", "third"} == {"first", "third"}
