"""How long things are kept: what has passed is reported, and nothing goes but by a decision that two people made."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

import kept
import make
from core.deciding import TEN_ON, confirmed, count, decided, remove_all
from mdk import clock
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.keeping import passed, removing, rules, service
from mdk.keeping.structs import Passed
from mdk.keeping.tables import KeepingReport, RemovalCase
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import FollowUp
from mdk_calendar import keeping


def now(database: Database, at: datetime) -> Passed:
    with database.reading() as session:
        return passed.now(session, at=at)


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
