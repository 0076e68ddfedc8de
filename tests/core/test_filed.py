"""The register by which a case's rows in the log are found: behind by some rows or none, it finds the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import make
from mdk import backups
from mdk.audit import filed, queries
from mdk.audit.service import did, seen
from mdk.audit.structs import SYSTEM, Fault
from mdk.db import Database, _alembic, migrate
from mdk.inspection import queries as inspection
from mdk.inspection.structs import Wanted
from mdk.settings import load
from mdk_calendar import log_filing
from mdk_calendar.worker import Worker

FIRST, SECOND = "MDK-2026-0001", "MDK-2026-00010"


def read(database: Database, act: str, *cases: str) -> None:
    with database.reading() as session:
        seen(session, act, by=SYSTEM, at=make.AT, cases=cases)


def found(database: Database, number: str) -> list[str]:
    with database.reading() as session:
        return [row.act for row in queries.of_case(session, number)]


def fault(database: Database) -> Fault | None:
    with database.reading() as session:
        return queries.first_fault(session)


def mark(database: Database) -> int:
    with database.reading() as session:
        return filed.up_to(session)


def held(database: Database) -> list[tuple[int, str]]:
    with database.reading() as session:
        rows = session.execute(text("SELECT log_id, case_number FROM access_log_case ORDER BY 1, 2"))
        return [(log_id, number) for log_id, number in rows]


def test_a_case_s_rows_are_the_same_before_and_after_they_are_filed(database: Database) -> None:
    read(database, "one", FIRST, SECOND)
    read(database, "two", SECOND)
    read(database, "nobody")
    read(database, "three", SECOND, FIRST, FIRST)
    marks = []
    for _ in range(3):
        assert found(database, FIRST) == ["three", "one"]
        assert found(database, SECOND) == ["three", "two", "one"]
        assert found(database, "MDK-2026-000") == found(database, "%") == []
        assert fault(database) is None
        marks.append(mark(database))
        with database.writing() as session:
            filed.file_next(session, most=2)
    assert marks == [0, 2, 4]
    assert held(database) == [(1, FIRST), (1, SECOND), (2, SECOND), (4, FIRST), (4, SECOND)]


def test_the_auditor_finds_what_is_not_filed_yet(clinic: Database) -> None:
    read(clinic, "filed", FIRST)
    log_filing.file_new(clinic)
    read(clinic, "loose", SECOND, FIRST)
    wanted = Wanted(since=make.AT - make.DAY, until=make.AT + make.DAY, cases=(FIRST,))
    assert sorted(row.act for row in make.ask(clinic, make.AUDITOR, inspection.lines, wanted)[0]) == ["filed", "loose"]
    nobody = Wanted(since=wanted.since, until=wanted.until, cases=())
    assert make.ask(clinic, make.AUDITOR, inspection.lines, nobody)[0] == []


def test_the_worker_files_what_is_new(database: Database) -> None:
    read(database, "one", FIRST)
    with database.reading() as session:
        assert filed.is_behind(session)
    Worker(database, load({"MDK_SECRET_KEY": make.SECRET}, is_demo=True)).turn(at=make.AT)
    assert mark(database) >= 1, "its own later rows come next time"
    assert held(database) == [(1, FIRST)]


def test_a_worker_that_is_told_to_stop_files_what_is_left(database: Database) -> None:
    read(database, "one", FIRST)
    stop = threading.Event()
    stop.set()
    Worker(database, load({"MDK_SECRET_KEY": make.SECRET}, is_demo=True)).run(stop)
    assert (mark(database), held(database)) == (1, [(1, FIRST)])


def test_much_that_is_left_holds_up_the_mails_for_a_moment_only(database: Database) -> None:
    read(database, "one", FIRST)
    log_filing.file_new(database, seconds=0)
    assert (mark(database), found(database, FIRST)) == (0, ["one"])


def test_two_who_file_at_once_file_each_row_once(database: Database) -> None:
    for upto in (60, 120):  # the first time there is no mark yet
        for place in range(60):
            read(database, f"act-{place}", FIRST, SECOND)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: log_filing.file_new(database), range(4)))
        assert held(database) == [(row, number) for row in range(1, upto + 1) for number in (FIRST, SECOND)]
    assert fault(database) is None


def test_what_a_release_before_this_one_files_by_itself_stays(database: Database) -> None:
    read(database, "new", FIRST)
    read(database, "old", FIRST, SECOND)
    register(database, (2, FIRST), (2, SECOND))
    assert (fault(database), found(database, FIRST)) == (None, ["old", "new"])
    log_filing.file_new(database)
    assert (fault(database), found(database, FIRST)) == (None, ["old", "new"])
    assert held(database) == [(1, FIRST), (2, FIRST), (2, SECOND)]


def test_a_register_that_tells_another_story_is_found_also_before_its_time(database: Database) -> None:
    read(database, "one", FIRST)
    register(database, (1, SECOND))
    assert fault(database) == Fault(1, "index")


def test_a_mark_that_was_set_ahead_hides_no_row(database: Database) -> None:
    read(database, "one", FIRST)
    with database.writing() as session:
        session.execute(text("INSERT INTO access_log_filed (id, last_id) VALUES (1, 100)"))
    assert fault(database) == Fault(1, "index")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_log_filed SET last_id = last_id - 1",
        "UPDATE access_log_filed SET id = 2",
        "DELETE FROM access_log_filed",
        "INSERT INTO access_log_filed (id, last_id) VALUES (2, 1)",
    ],
)
def test_the_mark_only_grows(database: Database, statement: str) -> None:
    read(database, "one", FIRST)
    log_filing.file_new(database)
    with pytest.raises(IntegrityError, match="only added to"), database.writing() as session:
        session.execute(text(statement))
    assert mark(database) == 1


def test_filing_waits_for_no_row_that_shows_nobody(database: Database) -> None:
    with database.writing() as session:
        for place in range(250):
            did(session, f"act-{place}", by=SYSTEM, at=make.AT)
    log_filing.file_new(database)
    assert (mark(database), held(database)) == (250, [])


def test_the_schema_before_has_a_whole_register_and_the_one_after_its_mark_again(database: Database) -> None:
    read(database, "filed", FIRST)
    log_filing.file_new(database)
    read(database, "loose", SECOND, FIRST, SECOND)
    read(database, "nobody")
    read(database, "old", SECOND)
    register(database, (4, SECOND))
    with database.engine.begin() as connection:
        command.downgrade(_alembic(connection), "0035")
    assert held(database) == [(1, FIRST), (2, FIRST), (2, SECOND), (4, SECOND)]
    migrate(database)
    assert (mark(database), fault(database)) == (4, None)
    read(database, "new", FIRST)
    assert found(database, FIRST) == ["new", "loose", "filed"]
    log_filing.file_new(database)
    assert (found(database, FIRST), fault(database)) == (["new", "loose", "filed"], None)


def test_an_older_copy_that_was_put_back_is_filed_on_from_its_own_mark(database: Database, tmp_path: Path) -> None:
    read(database, "one", FIRST)
    log_filing.file_new(database)
    read(database, "two", SECOND)
    backups.save(database, tmp_path / "kopia")
    read(database, "gone", FIRST)
    log_filing.file_new(database)
    backups.restore(database, tmp_path / "kopia", replaces=True)
    assert (mark(database), fault(database), found(database, SECOND)) == (1, None, ["two"])
    read(database, "three", SECOND)
    log_filing.file_new(database)
    assert held(database) == [(1, FIRST), (2, SECOND), (3, SECOND)]
    assert fault(database) is None


def register(database: Database, *rows: tuple[int, str]) -> None:
    def write(session: Session) -> None:
        for log_id, number in rows:
            values = {"number": number, "log_id": log_id}
            session.execute(text("INSERT INTO access_log_case (case_number, log_id) VALUES (:number, :log_id)"), values)

    with database.writing() as session:
        write(session)
