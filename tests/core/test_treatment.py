"""The treating doctor's decision beside the recommendation, and who is told when nobody reads or an addendum comes."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.cases import queries, service, treatment
from mdk.clock import add_working_days, today
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.journey import readings, watch
from mdk.minutes import service as minutes
from mdk.outbox.tables import OutboxRow


def decide(database: Database, number: str, follows: str = "yes", why: str = "", **given: Any) -> Any:
    held = {"version": make.version_of(database, number), "at": make.MEETS + make.HOUR, **given}
    by = held.pop("by", make.REFERRER)
    return make.act(database, by, treatment.decide, number=number, follows=follows, why=why, **held)


def decisions(database: Database, number: str) -> list[tuple[str, str, str]]:
    seen = make.ask(database, make.REFERRER, queries.view, number)
    return [(each.follows, each.why, each.by) for each in seen.treatment_decisions]


def owed(database: Database, kind: str) -> list[tuple[int | None, Any]]:
    with database.reading() as session:
        query = select(col(OutboxRow.person_id), col(OutboxRow.due_at)).where(col(OutboxRow.topic) == f"notice.{kind}")
        return [(person, due) for person, due in session.execute(query)]


def unread(database: Database, at: Any = make.MEETS) -> list[str]:
    found, total = make.ask(database, make.COORDINATOR, readings.unread, at=at, limit=10)
    assert total == len(found)
    return [each.line.number for each in found]


def test_a_decision_stands_beside_the_recommendation_and_later_ones_beside_it(clinic: Database) -> None:
    _, number = make.signed(clinic, "intern_pump")
    decide(clinic, number)
    decide(clinic, number, "no", "Patienten vill vänta.")
    assert decisions(clinic, number) == [
        ("yes", "", "Vera Remitterius"),
        ("no", "Patienten vill vänta.", "Vera Remitterius"),
    ]
    row = make.case_row(clinic, number)
    assert (row.state, row.outcome, row.read_confirmed_at) == ("decided", "intern_pump", make.MEETS + make.HOUR)
    assert len(owed(clinic, "treatment-departs")) == 1


@pytest.mark.parametrize("follows", ["partly", "no"])
def test_a_departure_needs_its_reason(ward: Database, follows: str) -> None:
    _, number = make.signed(ward)
    with pytest.raises(Invalid) as refused:
        decide(ward, number, follows, " ")
    assert [problem.field for problem in refused.value.problems] == ["why"]
    assert decisions(ward, number) == []


def test_before_a_recommendation_there_is_nothing_to_decide_on(ward: Database) -> None:
    number = make.submitted(ward)
    with pytest.raises(RuleBroken) as refused:
        decide(ward, number)
    assert refused.value.rule == "case.wrong-state"
    make.do(ward, number, "answer")
    decide(ward, number, "partly", "Lägre dos.")
    assert decisions(ward, number) == [("partly", "Lägre dos.", "Vera Remitterius")]


def test_only_the_referring_unit_decides_and_on_what_it_has_seen(ward: Database) -> None:
    _, number = make.signed(ward)
    with pytest.raises(Stale):
        decide(ward, number, version=1)
    for name in (make.COORDINATOR, make.CHAIR, make.SURGEON):
        with pytest.raises(NotAllowed):
            decide(ward, number, by=name)
    with pytest.raises(NotFound):
        decide(ward, number, by=make.OTHER_REFERRER)


def test_an_answer_is_unread_until_the_referring_unit_confirms_it(clinic: Database) -> None:
    _, number = make.signed(clinic)
    assert unread(clinic) == [number]
    ((person, due),) = owed(clinic, "answer-unread")
    assert (person, due) == (make.viewer(clinic, make.REFERRER).person_id, add_working_days(make.MEETS, 1))
    with clinic.reading() as session:
        assert readings.is_unread(session, number)
    make.act(clinic, make.REFERRER, service.confirm_read, number=number, at=make.MEETS)
    assert unread(clinic) == []
    with clinic.reading() as session:
        assert not readings.is_unread(session, number)
    with pytest.raises(NotAllowed):
        make.ask(clinic, make.REFERRER, readings.unread, limit=10)


def test_a_deferred_case_has_no_answer_to_read(ward: Database) -> None:
    make.signed(ward, "deferred")
    assert (unread(ward), owed(ward, "answer-unread")) == ([], [])


def add_to(database: Database, held: str, number: str, at: Any) -> None:
    given = {"conference_id": held, "number": number, "text": "Nivån ska vara L1.", "sealing": make.SEALING}
    make.act(database, make.CHAIR, minutes.add, **given, at=at)


def test_an_addendum_asks_the_referrer_to_read_again(ward: Database) -> None:
    held, number = make.signed(ward)
    make.act(ward, make.REFERRER, service.confirm_read, number=number, at=make.MEETS)
    add_to(ward, held, number, make.MEETS + make.HOUR)
    assert unread(ward) == [number]
    assert [person for person, _ in owed(ward, "minutes-added")] == [make.viewer(ward, make.REFERRER).person_id]


@pytest.mark.parametrize("was_read", [True, False])
def test_what_was_added_to_a_read_answer_is_late_from_its_own_day_on(clinic: Database, *, was_read: bool) -> None:
    held, number = make.signed(clinic)
    if was_read:
        make.act(clinic, make.REFERRER, service.confirm_read, number=number, at=make.MEETS)
    added = make.MEETS + 30 * make.DAY
    add_to(clinic, held, number, added)
    waits_from = added if was_read else make.MEETS
    (line,) = make.ask(clinic, make.COORDINATOR, readings.unread, at=added, limit=10)[0]
    assert (line.line.number, line.since) == (number, waits_from)
    with clinic.reading() as session:
        due = [
            {each.due for each in watch.late(session, at=added + days * make.DAY) if each.kind == "unread"}
            for days in (0, 30)
        ]
    day = today(add_working_days(waits_from, watch.READ_DAYS))
    assert due == [set() if was_read else {day}, {day}]
