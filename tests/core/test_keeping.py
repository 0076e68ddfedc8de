"""How long things are kept: what has passed is reported, and nothing goes but by a decision that two people made."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

import kept
import make
from mdk import clock
from mdk.audit import filed
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog, AccessLogCase, AccessLogRemoval, StateMove
from mdk.cases.tables import Case, PatientBlock
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.inspection import heads
from mdk.keeping import parts, passed, removing, rules, service
from mdk.keeping.structs import DecisionBody, Passed
from mdk.keeping.tables import KeepingReport, RemovalCase, RemovalDecision
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import FollowUp
from mdk_calendar import keeping, log_filing

TEN_ON = make.MEETS.replace(year=make.MEETS.year + 10) + 30 * make.DAY  # when all that is made here has passed
ON = {"is_on": True, "by": make.ADMIN, "at": TEN_ON}


def now(database: Database, at: datetime) -> Passed:
    with database.reading() as session:
        return passed.now(session, at=at)


def decided(database: Database, *, by: str = make.AUDITOR, at: datetime = TEN_ON, **said: Any) -> int:
    limit = clock.today(at)
    usual = {"records_before": rules.first_kept(limit, 10), "log_before": None}
    body = DecisionBody(reference="Dnr 7", reason="Arkivmyndighetens beslut", **(usual | said))
    return make.act(database, by, service.decide, body=body, at=at)


def confirmed(database: Database, *, at: datetime = TEN_ON, **said: Any) -> int:
    decision = decided(database, at=at, **said)
    make.act(database, make.ADMIN, service.confirm, decision_id=decision, at=at)
    return decision


def remove_all(database: Database, decision: int, *, at: datetime = TEN_ON) -> list[int]:
    found = []
    while (
        gone := make.act(database, make.ADMIN, removing.remove_patient, decision_id=decision, is_on=True, at=at)
    ) is not None:
        found.append(gone)
    return found


def remove_log(database: Database, decision: int, *, at: datetime = TEN_ON) -> int:
    given = {"decision_id": decision, "is_on": True, "secret": make.SECRET, "at": at}
    return make.act(database, make.ADMIN, removing.remove_log, **given)


def fault(database: Database, outside: tuple[str, ...] = ()) -> tuple[int, str] | None:
    with database.reading() as session:
        found = heads.first_fault(session, outside)
    return None if found is None else (found.row, found.what)


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


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


# ------------------------------------------------------------------------------------------------- how long
@given(st.dates(date(2000, 1, 1), date(2080, 12, 31)), st.sampled_from([5, 10]))
def test_what_is_older_than_the_first_kept_day_is_at_least_that_many_years_old(today: date, years: int) -> None:
    first = rules.first_kept(today, years)
    last_to_go = first - timedelta(days=1)
    assert (today.year - last_to_go.year, (today.month, today.day) > (last_to_go.month, last_to_go.day)) in {
        (years, True),
        (years + 1, False),
    }
    assert first + timedelta(days=365 * years) <= today


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2036, 11, 3), date(2026, 11, 3)),
        (date(2036, 2, 29), date(2026, 3, 1)),
        (date(2036, 3, 1), date(2026, 3, 1)),
        (date(2037, 2, 28), date(2027, 2, 28)),
    ],
)
def test_ten_years_are_ten_years(today: date, first: date) -> None:
    assert rules.first_kept(today, 10) == first


def test_a_record_passes_ten_years_after_the_last_entry_in_any_of_the_patient_s_cases(clinic: Database) -> None:
    late = make.AT + 300 * make.DAY
    make.draft(clinic, at=make.AT)
    newest = make.draft(clinic, at=late)
    other = make.submission(**{"patient.identity_number": make.OTHER_ADULT})
    make.draft(clinic, other, at=make.AT + 100 * make.DAY)
    ten = late.replace(year=late.year + 10)
    found = now(clinic, ten)
    assert (found.patients, found.cases) == (1, 1)
    found = now(clinic, ten + make.DAY)
    assert (found.patients, found.cases) == (2, 3)
    assert found.oldest_entry == clock.today(make.AT + 100 * make.DAY)
    make.do(clinic, newest, "submit", by=make.REFERRER, at=late + make.DAY)
    assert now(clinic, ten + make.DAY).patients == 1


def test_an_entry_anywhere_in_the_record_counts(ward: Database) -> None:
    row = make.case_row(ward, kept.whole(ward).numbers[0])
    later, by = row.changed_at + 40 * make.DAY, make.viewer(ward, make.REFERRER).person_id
    with ward.writing() as session:
        session.add(FollowUp(case_id=row.id or 0, at=later, person_id=by, week=6, day=later.date(), alive="yes"))
    with ward.reading() as session:
        assert passed.last_entries(session, [row.id or 0]) == {row.id: later}


def test_rows_of_the_log_pass_after_five_years_whatever_they_tell_of(ward: Database) -> None:
    make.draft(ward, at=make.AT)
    five = make.AT.replace(year=make.AT.year + 5)
    rows = count(ward, AccessLog)
    assert now(ward, five).log_rows < rows
    found = now(ward, five + make.DAY)
    assert (found.log_rows, found.patients) == (rows, 0)
    make.draft(ward, at=five)
    assert now(ward, five + make.DAY).log_rows == rows


# ------------------------------------------------------------------------------------------------- the report
def test_the_month_s_report_tells_those_who_answer_for_it_once_and_removes_nothing(ward: Database) -> None:
    make.draft(ward)
    rows = count(ward, AccessLog)
    assert [keeping.report(ward, at=TEN_ON + days * make.DAY) for days in (0, 1)] == [True, False]
    with ward.reading() as session:
        (row,) = session.scalars(select(KeepingReport)).all()
        told = session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "notice.keeping-passed")).all()
        assert (row.month.day, row.patients, row.cases, row.log_rows) == (1, 1, 1, rows)
        assert len(told) == 2
    (line,) = make.ask(ward, make.ADMIN, passed.reports)
    assert (line.patients, line.oldest_entry) == (1, clock.today(make.AT))
    assert count(ward, Case) == 1


def test_nobody_is_mailed_when_nothing_has_passed(ward: Database) -> None:
    assert keeping.report(ward, at=make.AT)
    assert count(ward, KeepingReport) == 1
    with ward.reading() as session:
        assert session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "notice.keeping-passed")).all() == []


def test_the_second_of_two_workers_writes_no_second_report(ward: Database) -> None:
    nothing = now(ward, make.AT)
    with ward.writing() as session:
        service.report(session, found=nothing, by=SYSTEM, at=make.AT)
    with pytest.raises(Stale), ward.writing() as session:
        service.report(session, found=nothing, by=SYSTEM, at=make.AT + make.DAY)


# ------------------------------------------------------------------------------------------------- deciding
def test_a_decision_lists_what_it_covers_and_waits_for_somebody_else(ward: Database) -> None:
    made = kept.whole(ward)
    decision = decided(ward)
    (line,) = make.ask(ward, make.AUDITOR, passed.decisions)
    assert (line.state, line.cases, line.made_by, line.confirmed_by) == ("proposed", 4, "Loa Granskare", "")
    with pytest.raises(RuleBroken) as refusal:
        make.act(ward, make.AUDITOR, service.confirm, decision_id=decision)
    assert refusal.value.rule == "removal.same-person"
    make.act(ward, make.ADMIN, service.confirm, decision_id=decision)
    (line,) = make.ask(ward, make.ADMIN, passed.decisions)
    assert line.state == "confirmed"
    with ward.reading() as session:
        assert set(session.scalars(select(col(RemovalCase.number)))) == {*made.numbers, made.other}


def test_a_decision_may_not_reach_what_must_be_kept(ward: Database) -> None:
    make.draft(ward)
    limit = clock.today(TEN_ON)
    for said, field in (
        ({"records_before": rules.first_kept(limit, 10) + timedelta(days=1)}, "records_before"),
        ({"log_before": rules.first_kept(limit, 5) + timedelta(days=1)}, "log_before"),
        ({"records_before": None}, "records_before"),
        ({"records_before": date(2020, 1, 1)}, "records_before"),
    ):
        with pytest.raises(Invalid) as refusal:
            decided(ward, **said)
        assert [problem.field for problem in refusal.value.problems] == [field]


def test_one_decision_at_a_time_and_a_withdrawn_one_removes_nothing(ward: Database) -> None:
    make.draft(ward)
    first = confirmed(ward)
    with pytest.raises(RuleBroken) as refusal:
        decided(ward)
    assert refusal.value.rule == "removal.one-at-a-time"
    make.act(ward, make.AUDITOR, service.withdraw, decision_id=first)
    with pytest.raises(RuleBroken) as refusal:
        remove_all(ward, first)
    assert refusal.value.rule == "removal.wrong-state"
    assert decided(ward) == first + 1


@pytest.mark.parametrize("name", [make.REFERRER, make.COORDINATOR, make.CHAIR, make.CONSULTANT, make.STEERING])
def test_those_who_care_for_patients_decide_nothing_here(ward: Database, name: str) -> None:
    with pytest.raises(NotAllowed):
        decided(ward, by=name)
    for act in (service.confirm, service.withdraw):
        with pytest.raises(NotAllowed):
            make.act(ward, name, act, decision_id=1)
    with pytest.raises(NotAllowed):
        make.act(ward, name, removing.remove_patient, decision_id=1, is_on=True)


def test_a_decision_that_is_not_there_is_not_found(ward: Database) -> None:
    with pytest.raises(NotFound):
        make.act(ward, make.ADMIN, service.confirm, decision_id=7)


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
