"""The access log: one chained row for each act and each read, and a chain that shows what was done to it."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

import make
from mdk.audit import queries
from mdk.audit.rules import GENESIS, digest_of
from mdk.audit.service import did, refused, seen
from mdk.audit.structs import SYSTEM, Fault
from mdk.audit.tables import AccessLog
from mdk.cases import lists, service
from mdk.cases import queries as cases
from mdk.conferences import queries as conferences
from mdk.db import Database
from mdk.errors import MdkError, NotFound, Unavailable
from mdk.inspection import heads
from mdk.minutes import queries as minutes
from mdk.pathways import queries as pathways
from mdk.people.structs import Viewer
from mdk_calendar import log_filing

KEPT = ("access_log", "access_log_case", "access_log_head", "state_move")


def rows(database: Database) -> list[AccessLog]:
    with database.reading() as session:
        found = list(session.scalars(select(AccessLog).order_by(col(AccessLog.id))))
        session.expunge_all()
    return found


def last_row(database: Database) -> AccessLog:
    return rows(database)[-1]


def broken(database: Database) -> int | None:
    with database.reading() as session:
        fault = queries.first_fault(session)
        return None if fault is None else fault.row


def tamper(database: Database, *statements: str) -> None:
    """Change the log as someone could who may take the database's own guards away."""
    with database.writing() as session:
        if database.is_sqlite:
            found = session.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'acc%'")
            )
            guards = [f"DROP TRIGGER {name}" for name in found]
        else:
            guards = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in KEPT if table != "state_move"]
        for statement in (*guards, *statements):
            session.execute(text(statement))


def test_the_chain_of_a_whole_journey_holds(clinic: Database) -> None:
    make.signed(clinic, "intern_pump")
    assert len(rows(clinic)) > 20
    assert broken(clinic) is None


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE access_log SET act = 'case.read' WHERE id = 5", 5),
        ("UPDATE access_log SET person_id = 99 WHERE id = 5", 5),
        ("UPDATE access_log SET cases = 'MDK-2026-0009' WHERE id = 5", 5),
        ("UPDATE access_log SET reason = 'x' WHERE id = 1", 1),
        ("UPDATE access_log SET allowed = false WHERE id = 7", 7),
        ("UPDATE access_log SET at = '2020-01-01 00:00:00+00:00' WHERE id = 3", 3),
        ("UPDATE access_log SET digest = previous || 'x' WHERE id = 4", 4),
        ("UPDATE access_log SET act = replace(act, 'a', 'A') WHERE id = 4", 4),
        ("DELETE FROM access_log WHERE id = 1", 2),
        ("DELETE FROM access_log WHERE id = 6", 7),
        ("UPDATE access_log SET id = CASE id WHEN 5 THEN 905 WHEN 6 THEN 5 ELSE id END WHERE id IN (5, 6)", 5),
    ],
)
def test_a_changed_deleted_or_moved_row_is_named(clinic: Database, statement: str, first: int) -> None:  # F9
    make.submitted(clinic)
    assert broken(clinic) is None
    tamper(clinic, statement)
    assert broken(clinic) == first


def test_an_empty_log_holds(database: Database) -> None:
    assert broken(database) is None


def test_an_act_s_row_says_who_did_what_to_whom_when_and_from_where(clinic: Database) -> None:
    number = make.draft(clinic)
    by = make.viewer(clinic, make.REFERRER)
    row = last_row(clinic)
    assert (row.act, row.cases, row.allowed) == ("case.create", number, True)
    assert (row.person_id, row.assignment_id, row.role, row.unit_id) == (
        by.person_id,
        by.assignment_id,
        "referrer",
        "palliativa-vaxjo",
    )
    assert (row.at, row.surface) == (make.AT, "cli")


def test_a_time_in_another_zone_does_not_break_the_chain(clinic: Database) -> None:
    make.draft(clinic, at=make.AT.astimezone(ZoneInfo("Asia/Tokyo")) + timedelta(microseconds=123456))
    assert broken(clinic) is None


def test_what_was_turned_away_is_told_apart(database: Database) -> None:
    with database.writing() as session:
        refused(session, "case.read", by=SYSTEM, at=make.AT, cases=("MDK-2026-0001",))
    row = last_row(database)
    assert (row.allowed, row.act, row.role) == (False, "case.read", "system")
    assert broken(database) is None


def test_what_is_read_and_done_together_is_chained_in_order(database: Database) -> None:
    with database.writing() as session:
        seen(session, "one", by=SYSTEM, at=make.AT)
        did(session, "two", by=SYSTEM, at=make.AT, reason="rad\r\nrad å")
        seen(session, "three", by=SYSTEM, at=make.AT, cases=("A", "B"))
    assert [(row.act, row.cases) for row in rows(database)] == [("one", ""), ("two", ""), ("three", "A B")]
    assert broken(database) is None


def test_each_read_of_a_patient_leaves_one_row_with_the_cases_it_showed(clinic: Database) -> None:
    held, number = make.signed(clinic, "intern_pump")
    waiting = [make.accepted(clinic), make.accepted(clinic)]
    with clinic.reading() as session:
        referral = pathways.referrals(session, by=make.viewer(clinic, make.SURGEON), at=make.AT)[0][0].id
    reads: list[tuple[str, tuple[Any, ...], str, list[str]]] = [
        (make.COORDINATOR, (cases.view, number), "case.read", [number]),
        (make.COORDINATOR, (lists.lines,), "case.list", sorted([number, *waiting], reverse=True)),
        (make.COORDINATOR, (lists.queue,), "queue.read", waiting),
        (make.COORDINATOR, (conferences.view, held), "conference.read", [number]),
        (make.REFERRER, (minutes.view, held, number), "minutes.read", [number]),
        (make.REFERRER, (minutes.of_case, number), "minutes.read", [number]),
        (make.SURGEON, (pathways.referrals,), "referral.list", [number]),
        (make.SURGEON, (pathways.referral, referral), "referral.read", [number]),
        (make.FUNCTION, (pathways.assignments,), "assignment.list", []),
    ]
    for person, query, act, shown in reads:
        before = len(rows(clinic))
        make.ask(clinic, person, *query)
        added = rows(clinic)[before:]
        extra = [row for row in added if row.act == "case.other-open"]
        assert [(row.act, row.cases.split()) for row in added if row not in extra] == [(act, shown)]
    assert broken(clinic) is None


def test_other_open_cases_that_were_shown_are_logged_too(clinic: Database) -> None:
    first, second = make.submitted(clinic), make.submitted(clinic)
    assert [case.number for case in make.ask(clinic, make.REFERRER, cases.view, first).open_cases] == [second]
    assert [(row.act, row.cases) for row in rows(clinic)[-2:]] == [("case.read", first), ("case.other-open", second)]


def test_the_rows_of_a_case_are_found_by_its_whole_number(clinic: Database) -> None:
    first, second = make.draft(clinic), make.draft(clinic)
    make.ask(clinic, make.REFERRER, lists.lines)
    make.act(clinic, make.COORDINATOR, service.break_glass, number=make.submitted(clinic), reason="Akut")
    with clinic.reading() as session:
        assert [row.act for row in queries.of_case(session, first)] == ["case.list", "case.create"]
        assert [row.act for row in queries.of_case(session, second)] == ["case.list", "case.create"]
        assert queries.of_case(session, "MDK-2026-000") == []
        assert [row.act for row in queries.of_case(session, first, limit=1)] == ["case.list"]


def test_an_act_that_was_refused_leaves_no_row_of_its_own(clinic: Database) -> None:
    number = make.draft(clinic)
    before = len(rows(clinic))
    with pytest.raises(MdkError):
        make.do(clinic, number, "accept")
    assert len(rows(clinic)) == before


def test_the_history_of_a_case_tells_each_move_and_its_reason(clinic: Database) -> None:
    number = make.case_in_state(clinic, "supplement_requested")
    with clinic.reading() as session:
        moves = queries.history(session, "case", number)
    assert [(move.act, move.state) for move in moves] == [
        ("create", "draft"),
        ("submit", "submitted"),
        ("request-supplement", "supplement_requested"),
    ]
    assert moves[-1].reason == "Aktuella prover"


def test_a_log_longer_than_a_batch_is_walked_to_its_end(embedded: Database) -> None:
    with embedded.writing() as session:
        for place in range(2100):
            did(session, f"act-{place}", by=SYSTEM, at=make.AT)
    assert broken(embedded) is None
    tamper(embedded, "UPDATE access_log SET act = 'x' WHERE id = 2050")
    assert broken(embedded) == 2050


# --------------------------------------------------------------------------------------- kept by the database itself
@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_refuses_to_change_or_remove_a_row_of_the_log(
    clinic: Database, table: str, statement: str
) -> None:
    make.submitted(clinic)
    sealed(clinic)
    log_filing.file_new(clinic)
    column = {"access_log_case": "log_id"}.get(table, "id")
    before = count(clinic, table)
    assert before > 0
    with pytest.raises(IntegrityError, match="only added to"), clinic.writing() as session:
        session.execute(text(statement.format(table, column, column)))
    assert count(clinic, table) == before


@pytest.mark.parametrize("table", KEPT)
def test_no_table_of_the_log_is_emptied_or_written_over(clinic: Database, table: str) -> None:
    make.submitted(clinic)
    sealed(clinic)
    log_filing.file_new(clinic)
    over = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    statement = over if clinic.is_sqlite else f"TRUNCATE {table} CASCADE"
    if clinic.is_sqlite and table == "access_log_case":  # a row of it is nothing but its key
        with clinic.writing() as session:
            before = session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            session.execute(text(statement))
            assert session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all() == before
        return
    with pytest.raises(IntegrityError, match="only added to"), clinic.writing() as session:
        session.execute(text(statement))


def test_the_rows_of_the_log_are_numbered_without_gaps_also_after_an_act_that_failed(clinic: Database) -> None:
    make.draft(clinic)
    with pytest.raises(NotFound):
        make.act(clinic, make.REFERRER, lost)
    make.draft(clinic)
    ids = [row.id for row in rows(clinic)]
    assert ids == list(range(1, len(ids) + 1))


def lost(session: Session, *, by: Viewer, at: datetime) -> None:
    did(session, "lost", by=by, at=at)
    raise NotFound


# ------------------------------------------------------------------------------------------------------------- F9
def test_f9_a_log_cut_off_after_its_end_was_signed_is_found_by_the_signed_end(clinic: Database) -> None:  # F9
    make.submitted(clinic)
    sealed(clinic)
    last = len(rows(clinic))
    tamper(
        clinic,
        f"DELETE FROM access_log_case WHERE log_id >= {last - 2}",
        f"DELETE FROM access_log WHERE id >= {last - 2}",
    )
    assert broken(clinic) is None, "the chain alone cannot tell"
    assert fault(clinic) == Fault(last - 2, "missing")


def test_f9_an_older_copy_put_back_is_found_by_a_signed_end_that_was_kept_elsewhere(clinic: Database) -> None:  # F9
    make.submitted(clinic)
    kept = [sealed(clinic)]
    make.draft(clinic)
    last = len(rows(clinic))
    kept.append(sealed(clinic))
    assert fault(clinic, *kept) is None
    tamper(
        clinic,
        "DELETE FROM access_log_head WHERE id = 2",
        f"DELETE FROM access_log_case WHERE log_id >= {last}",
        f"DELETE FROM access_log WHERE id >= {last}",
    )
    assert fault(clinic) is None, "what lies in the database was put back whole"
    assert fault(clinic, *kept) == Fault(last, "missing")
    make.submitted(clinic)
    assert fault(clinic, *kept) == Fault(last, "changed")


def test_f9_a_chain_made_anew_from_a_changed_row_on_does_not_fit_its_signed_end(embedded: Database) -> None:
    with embedded.writing() as session:
        for place in range(4):
            did(session, f"act-{place}", by=SYSTEM, at=make.AT)
    sealed(embedded)
    changed, previous = [], GENESIS
    for row in rows(embedded):
        row.act = "nothing" if row.id == 2 else row.act
        row.previous, row.digest = previous, digest_of(previous, queries.entry_of(row))
        previous = row.digest
        changed.append(
            f"UPDATE access_log SET act = '{row.act}', previous = '{row.previous}', digest = '{row.digest}' "
            f"WHERE id = {row.id}"
        )
    tamper(embedded, *changed)
    assert broken(embedded) is None, "a chain that was made anew holds"
    assert fault(embedded) == Fault(4, "changed")


def test_f9_a_row_that_is_hidden_from_a_case_s_log_is_found(clinic: Database) -> None:
    number = make.submitted(clinic)
    log_filing.file_new(clinic)
    with clinic.reading() as session:
        row = queries.of_case(session, number)[0].id
    tamper(clinic, f"DELETE FROM access_log_case WHERE log_id = {row}")
    assert fault(clinic) == Fault(row or 0, "index")


def test_f9_a_signed_end_that_was_changed_or_is_none_of_ours_is_found(clinic: Database) -> None:
    make.submitted(clinic)
    sealed(clinic)
    tamper(clinic, "UPDATE access_log_head SET log_id = 1")
    assert fault(clinic) == Fault(1, "seal")
    make.signed(clinic)
    with clinic.reading() as session:
        minutes_jws = session.scalars(text("SELECT jws FROM minutes_seal")).first()
    tamper(clinic, "DELETE FROM access_log_head")
    assert (fault(clinic), fault(clinic, str(minutes_jws))) == (None, Fault(0, "seal"))


def test_the_end_of_the_log_is_signed_once_a_day(clinic: Database) -> None:
    def daily(at: datetime) -> bool:
        with clinic.writing() as session:
            return heads.seal_daily(session, secret=make.SECRET, by=SYSTEM, at=at) is not None

    moments = [make.AT, make.AT + make.HOUR, make.AT + make.DAY, make.AT + make.DAY + make.HOUR]
    assert [daily(at) for at in moments] == [True, False, True, False]
    with clinic.reading() as session:
        assert [head.at for head in queries.heads(session)] == [make.AT, make.AT + make.DAY]


def test_an_empty_log_has_no_end_to_sign(database: Database) -> None:
    with database.writing() as session:
        assert heads.seal(session, secret=make.SECRET, by=SYSTEM, at=make.AT) is None


# ------------------------------------------------------------------------------------------------------------- F8
@pytest.mark.parametrize("name", [make.COORDINATOR, make.REFERRER])
def test_f8_nothing_is_read_or_done_when_the_log_cannot_be_written(clinic: Database, name: str) -> None:  # F8
    number = make.submitted(clinic)
    refuse_rows(clinic)
    with pytest.raises(Unavailable):
        make.ask(clinic, name, cases.view, number)
    with pytest.raises(Unavailable):
        make.draft(clinic)
    assert count(clinic, "case_file") == 1


def refuse_rows(database: Database) -> None:
    with database.writing() as session:
        if database.is_sqlite:
            refusal = "BEGIN SELECT RAISE(ABORT, 'read-only'); END"
            session.execute(text(f"CREATE TRIGGER full BEFORE INSERT ON access_log {refusal}"))
        else:
            session.execute(text("REVOKE INSERT ON access_log FROM CURRENT_USER"))
            session.execute(text("ALTER TABLE access_log ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID"))


def count(database: Database, table: str) -> int:
    with database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def sealed(database: Database, at: datetime = make.AT) -> str:
    with database.writing() as session:
        return heads.seal(session, secret=make.SECRET, by=SYSTEM, at=at) or ""


def fault(database: Database, *outside: str) -> Fault | None:
    with database.reading() as session:
        return heads.first_fault(session, outside)
