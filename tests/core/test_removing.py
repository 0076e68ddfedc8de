"""What a confirmed decision removes of records and of the log, and what stands in its place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

import kept
import make
from core.deciding import TEN_ON, confirmed, count, decided, remove_all
from mdk import clock
from mdk.audit import filed
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog, AccessLogCase, AccessLogRemoval, StateMove
from mdk.cases.tables import Case, PatientBlock
from mdk.db import Database
from mdk.errors import RuleBroken
from mdk.inspection import heads
from mdk.keeping import parts, passed, removing, rules
from mdk.keeping.tables import RemovalCase, RemovalDecision
from mdk_calendar import log_filing


def remove_log(database: Database, decision: int, *, at: datetime = TEN_ON) -> int:
    given = {"decision_id": decision, "is_on": True, "secret": make.SECRET, "at": at}
    return make.act(database, make.ADMIN, removing.remove_log, **given)


def fault(database: Database, outside: tuple[str, ...] = ()) -> tuple[int, str] | None:
    with database.reading() as session:
        found = heads.first_fault(session, outside)
    return None if found is None else (found.row, found.what)


def run(database: Database, *statements: str) -> None:
    with database.writing() as session:
        for statement in statements:
            session.execute(text(statement))


def unguarded(database: Database, *statements: str) -> None:
    """Do what someone could who may take the database's own guards away."""
    with database.writing() as session:
        for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            session.execute(text(f"DROP TRIGGER {name}"))
    run(database, *statements)


# ------------------------------------------------------------------------------------------------- removing records
def test_it_is_off_unless_the_installation_says_so(ward: Database) -> None:
    make.draft(ward)
    decision = confirmed(ward)
    given = {"decision_id": decision, "is_on": False, "at": TEN_ON}
    for act, more in (
        (removing.remove_patient, {}),
        (removing.remove_log, {"secret": make.SECRET}),
        (removing.finish, {}),
    ):
        with pytest.raises(RuleBroken) as refusal:
            make.act(ward, make.ADMIN, act, **given, **more)
        assert refusal.value.rule == "removal.off"
    assert count(ward, Case) == 1


def test_what_is_not_confirmed_removes_nothing(ward: Database) -> None:
    make.draft(ward)
    with pytest.raises(RuleBroken) as refusal:
        remove_all(ward, decided(ward))
    assert refusal.value.rule == "removal.wrong-state"


def test_a_confirmed_decision_removes_whole_records_from_every_table_and_the_log_holds(clinic: Database) -> None:
    kept.whole(clinic)
    decision = confirmed(clinic)
    rows = count(clinic, AccessLog)
    assert sorted(remove_all(clinic, decision)) == [1, 3]
    for part in parts.PARTS:
        assert count(clinic, part.table) == 0, part.name
    assert count(clinic, PatientBlock) == 0
    with clinic.reading() as session:
        assert set(session.scalars(select(col(StateMove.kind)))) <= {"conference", "goal"}
        assert set(session.scalars(select(col(RemovalCase.state)))) == {"removed"}
        told = session.scalars(select(AccessLog).where(col(AccessLog.act) == "record.remove")).all()
        assert sorted((row.cases, row.reason) for row in told) == [("", "Dnr 7, ärenden: 1"), ("", "Dnr 7, ärenden: 3")]
    assert count(clinic, AccessLog) == rows + 2
    assert fault(clinic) is None
    make.act(clinic, make.ADMIN, removing.finish, decision_id=decision, is_on=True)
    assert make.ask(clinic, make.ADMIN, passed.decisions)[0].state == "finished"


def test_a_patient_of_whom_something_was_written_since_is_kept_whole(clinic: Database) -> None:
    number = make.draft(clinic)
    other = make.draft(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))
    decision = confirmed(clinic)
    make.draft(clinic, at=TEN_ON)
    assert sorted(remove_all(clinic, decision)) == [0, 1]
    with clinic.reading() as session:
        states = {row.number: row.state for row in session.scalars(select(RemovalCase))}
    assert states == {number: "kept", other: "removed"}
    assert count(clinic, Case) == 2


def cut_short(session: Session, **given: Any) -> None:
    removing.remove_patient(session, **given)
    raise ZeroDivisionError


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(ward: Database) -> None:
    kept.whole(ward)
    decision = confirmed(ward)
    with pytest.raises(ZeroDivisionError):
        make.act(ward, make.ADMIN, cut_short, decision_id=decision, is_on=True, at=TEN_ON)
    assert count(ward, Case) == 4
    make.act(ward, make.ADMIN, removing.remove_patient, decision_id=decision, is_on=True, at=TEN_ON)
    assert 0 < count(ward, Case) < 4
    assert len(remove_all(ward, decision)) == 1
    assert count(ward, Case) == 0


def test_the_database_itself_lets_go_of_nothing_that_no_decision_covers(clinic: Database) -> None:
    kept.whole(clinic)
    log_filing.file_new(clinic)
    confirmed(clinic, log_before=rules.first_kept(clock.today(TEN_ON), 5))
    for table in ("minutes", "minutes_addendum", "minutes_seal", "state_move", "access_log", "access_log_case"):
        with pytest.raises(IntegrityError):
            run(clinic, f"DELETE FROM {table}")


def test_a_decision_covers_no_change_and_nobody_else_s_minutes(clinic: Database) -> None:
    made = kept.whole(clinic)
    decision = confirmed(clinic)
    mine, other = (make.case_row(clinic, number).id for number in (made.numbers[0], made.other))
    in_hand = f"UPDATE removal_case SET state = 'in_hand' WHERE case_id = {mine} AND decision_id = {decision}"
    for refused in (
        f"UPDATE minutes SET document = '' WHERE case_id = {mine}",
        f"DELETE FROM minutes_seal WHERE minutes_id IN (SELECT id FROM minutes WHERE case_id = {other})",
        f"DELETE FROM state_move WHERE kind = 'case' AND subject = '{made.other}'",
        "DELETE FROM state_move WHERE kind = 'conference'",
    ):
        with pytest.raises(IntegrityError):
            run(clinic, in_hand, refused)


_REFUSED = (
    "UPDATE removal_decision SET records_before = '2040-01-01'",
    "UPDATE removal_decision SET log_last_id = 9999",
    "UPDATE removal_decision SET confirmed_by = made_by",
    "UPDATE removal_decision SET confirmed_at = NULL, confirmed_by = NULL",
    "DELETE FROM removal_case",
    "DELETE FROM removal_decision",
    "UPDATE removal_case SET case_id = 99",
    "INSERT INTO removal_case (decision_id, number, case_id, state) VALUES (1, 'MDK-2026-0099', 99, 'listed')",
    (
        "INSERT INTO removal_decision (reference, reason, records_before, made_at, made_by, confirmed_at, "
        "confirmed_by) VALUES ('x', 'x', '2040-01-01', '2026-01-01', 1, '2026-01-01', 2)"
    ),
)


def test_a_decision_stands_as_it_was_made(clinic: Database) -> None:
    make.draft(clinic)
    confirmed(clinic)
    for statement in _REFUSED:
        with pytest.raises(IntegrityError):
            run(clinic, statement)


# ------------------------------------------------------------------------------------------------- removing the log
FIVE_ON = make.MEETS.replace(year=make.MEETS.year + 5) + 30 * make.DAY


def log_decision(database: Database) -> int:
    return confirmed(database, at=FIVE_ON, records_before=None, log_before=rules.first_kept(clock.today(FIVE_ON), 5))


def sealed(database: Database, at: datetime) -> str:
    with database.writing() as session:
        return heads.seal(session, secret=make.SECRET, by=SYSTEM, at=at) or ""


def test_the_oldest_rows_go_and_a_signed_checkpoint_stands_in_their_place(clinic: Database) -> None:
    make.draft(clinic)
    head = sealed(clinic, make.AT)
    make.draft(clinic)
    rows = count(clinic, AccessLog)
    decision = log_decision(clinic)
    assert remove_log(clinic, decision, at=FIVE_ON) == rows
    assert remove_log(clinic, decision, at=FIVE_ON) == 0
    with clinic.reading() as session:
        (row,) = session.scalars(select(AccessLogRemoval)).all()
        assert (row.first_id, row.last_id, row.decision_id) == (1, rows, decision)
        assert session.scalar(select(func.min(col(AccessLog.id)))) == rows + 1
        signed = row.jws
    assert fault(clinic) is None
    assert fault(clinic, (head, signed)) is None
    make.draft(clinic, at=FIVE_ON)
    assert fault(clinic) is None
    assert count(clinic, Case) == 3


def test_it_goes_in_batches_each_whole_in_itself(ward: Database) -> None:
    for _ in range(4):
        make.draft(ward)
    decision, batch = log_decision(ward), removing.LOG_BATCH
    with ward.writing() as session:
        by = make.viewer(ward, make.ADMIN)
        given: dict[str, Any] = {"decision_id": decision, "is_on": True, "secret": make.SECRET, "by": by, "at": FIVE_ON}
        assert removing.remove_log(session, **given, batch=2) == 2
    assert fault(ward) is None
    assert remove_log(ward, decision, at=FIVE_ON) > 0
    assert fault(ward) is None
    with ward.reading() as session:
        spans = [(row.first_id, row.last_id) for row in session.scalars(select(AccessLogRemoval))]
    assert spans[0] == (1, 2)
    assert spans[1][0] == 3
    assert batch >= 1000


@pytest.mark.parametrize("filed_before", [0, 2])
def test_rows_are_filed_while_others_are_removed(clinic: Database, filed_before: int) -> None:
    for _ in range(6):
        make.draft(clinic)
    if filed_before:
        with clinic.writing() as session:
            filed.file_next(session, most=filed_before)
    decision = log_decision(clinic)
    acts = [log_filing.file_new, partial(remove_log, decision=decision), log_filing.file_new]
    with ThreadPoolExecutor(3) as pool:
        removed = list(pool.map(lambda act: act(clinic), acts))[1]
    log_filing.file_new(clinic)
    assert fault(clinic) is None
    with clinic.reading() as session:
        assert filed.up_to(session) > removed > 6
        assert not session.scalar(select(func.count()).where(col(AccessLogCase.log_id) <= removed))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM access_log WHERE id = (SELECT min(id) FROM access_log)", "changed"),
        ("DELETE FROM access_log_removal", "changed"),
        ("UPDATE access_log_removal SET last_id = last_id + 1", "removal"),
        ("UPDATE access_log_removal SET digest = (SELECT max(digest) FROM access_log)", "removal"),
        ("UPDATE access_log_removal SET decision_id = 99", "removal"),
        ("UPDATE access_log_removal SET jws = substr(jws, 1, length(jws) - 4) || 'AAAA'", "removal"),
        ("INSERT INTO access_log_case (case_number, log_id) VALUES ('MDK-2026-0001', 1)", "index"),
    ],
)
def test_a_forged_removal_is_found(ward: Database, statement: str, found: str) -> None:
    make.draft(ward)
    remove_log(ward, log_decision(ward), at=FIVE_ON)
    unguarded(ward, statement)
    broken = fault(ward)
    assert broken is not None
    assert broken[1] == found


def test_rows_that_vanish_without_a_checkpoint_are_found(ward: Database) -> None:
    make.draft(ward)
    make.draft(ward)
    unguarded(ward, "DELETE FROM access_log_case WHERE log_id <= 2", "DELETE FROM access_log WHERE id <= 2")
    assert fault(ward) is not None


def test_a_checkpoint_that_was_published_and_is_missing_here_is_found(ward: Database) -> None:
    make.draft(ward)
    remove_log(ward, log_decision(ward), at=FIVE_ON)
    with ward.reading() as session:
        published = session.scalars(select(col(AccessLogRemoval.jws))).one()
    unguarded(ward, "DELETE FROM access_log_removal", "DELETE FROM access_log_case", "DELETE FROM access_log")
    assert fault(ward) is None
    assert fault(ward, (published,)) == (1, "removal")


def test_rows_that_are_not_what_they_were_are_evidence_and_stay(ward: Database) -> None:
    make.draft(ward)
    decision = log_decision(ward)
    unguarded(ward, "UPDATE access_log SET reason = 'x' WHERE id = 1")
    rows = count(ward, AccessLog)
    with pytest.raises(RuleBroken) as refusal:
        remove_log(ward, decision, at=FIVE_ON)
    assert refusal.value.rule == "removal.chain-broken"
    assert count(ward, AccessLog) == rows


def test_a_decision_on_records_alone_takes_no_row_of_the_log(ward: Database) -> None:
    make.draft(ward)
    assert remove_log(ward, confirmed(ward)) == 0


def test_what_is_left_of_a_finished_decision_opens_nothing(clinic: Database) -> None:
    make.draft(clinic)
    decision = log_decision(clinic)
    make.act(clinic, make.ADMIN, removing.finish, decision_id=decision, is_on=True, at=FIVE_ON)
    with pytest.raises(RuleBroken):
        remove_log(clinic, decision, at=FIVE_ON)
    with pytest.raises(IntegrityError), clinic.writing() as session:
        session.execute(delete(AccessLog).where(col(AccessLog.id) == 1))
    assert count(clinic, RemovalDecision) == 1
