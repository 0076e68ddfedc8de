"""What in the log is worth a question: the rules on their own, and the auditor's reads on both stores."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import make
from mdk.audit import queries as audit
from mdk.cases import queries as cases
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken
from mdk.inspection import oddities, queries, rules, service
from mdk.inspection.rules import Read
from mdk.inspection.structs import ConclusionBody, ExtractBody, Wanted

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def read(minutes: float = 0, *, case: str = "A", person: int = 1, act: str = "case.read", unit: str = "u") -> Read:
    return Read(MONDAY + timedelta(minutes=minutes), act, person, unit, (case,))


def test_many_cases_within_an_hour_are_told_and_lists_do_not_count() -> None:
    quick = [read(place, case=f"C{place}") for place in range(rules.MANY + 1)]
    assert [(each.person_id, each.times) for each in rules.many(quick)] == [(1, rules.MANY + 1)]
    slow = [read(10 * place, case=f"C{place}") for place in range(rules.MANY + 1)]
    assert rules.many(slow) == []
    assert rules.many([each._replace(act="case.list") for each in quick]) == []
    assert rules.many([read(place, case="A") for place in range(40)]) == []


@pytest.mark.parametrize(
    ("moment", "is_odd"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 19, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 9, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 25, 9, 0, tzinfo=UTC), True),
    ],
)
def test_nights_weekends_and_holidays_are_outside_working_hours(moment: datetime, is_odd: bool) -> None:  # noqa: FBT001
    assert bool(rules.outside_hours([read()._replace(at=moment)])) is is_odd


def test_a_namesake_and_a_surname_are_compared_whole_and_in_any_case() -> None:
    patients = {"A": "anna  LIND", "B": "Bo Lindgren"}
    assert len(rules.surnames([read(case="A")], patients, {1: "Karl Lind"})) == 1
    assert rules.surnames([read(case="B")], patients, {1: "Karl Lind"}) == []
    assert len(rules.namesakes([read(case="A")], patients, {"u": {"Anna Lind", "Karl Lind"}})) == 1
    assert rules.namesakes([read(case="A")], patients, {"v": {"Anna Lind"}}) == []


def test_who_has_something_to_do_with_a_case_is_not_idle() -> None:
    assert rules.idle([read()], {"A": {1}}) == []
    assert [each.cases for each in rules.idle([read(), read(1)], {"A": {2}})] == [("A",)]


@pytest.mark.parametrize(("rows", "suggested"), [(0, 0), (7, 7), (10, 10), (499, 10), (501, 11), (10_000, 200)])
def test_a_month_s_spot_check_holds_a_fiftieth_and_at_least_ten(rows: int, suggested: int) -> None:
    assert rules.suggested(rows) == suggested


def test_the_auditor_finds_idle_readers_and_not_those_who_take_part(clinic: Database) -> None:
    number = make.case_in_state(clinic, "scheduled")
    for name in (make.CHAIR, make.NURSE, make.COORDINATOR):
        make.ask(clinic, name, cases.view, number)
    lone = make.submitted(clinic)
    make.ask(clinic, make.CHAIR, cases.view, lone)
    span = {"since": make.AT - make.DAY, "until": make.AT + make.DAY}
    found = make.ask(clinic, make.AUDITOR, oddities.oddities, **span)
    assert [(each.by, each.cases) for each in found["idle"][0]] == [("Olga Förare", (lone,))]


def test_the_log_is_read_by_patient_person_and_time_and_each_read_is_logged(clinic: Database) -> None:
    first, second = make.submitted(clinic), make.submitted(clinic)
    make.ask(clinic, make.COORDINATOR, cases.view, first)
    person = make.viewer(clinic, make.COORDINATOR).person_id

    def asked(**wanted: Any) -> list[str]:
        span: dict[str, Any] = {"since": make.AT - make.DAY, "until": make.AT + make.DAY}
        return [line.act for line in make.ask(clinic, make.AUDITOR, queries.lines, Wanted(**(span | wanted)))[0]]

    assert asked(cases=(first,)) == ["case.read", "case.submit", "case.create"]
    assert asked(person_id=person) == ["case.other-open", "case.read"]
    assert asked(person_id=person, until=make.AT) == []
    with clinic.reading() as session:
        assert audit.of_case(session, first)[0].act == "log.read"
    both = make.ask(clinic, make.AUDITOR, queries.cases_of, "19400104-2383")
    assert both == (first, second)
    with pytest.raises(NotFound):
        make.ask(clinic, make.AUDITOR, queries.cases_of, "MDK-2026-9999")
    with pytest.raises(NotAllowed):
        make.ask(clinic, make.COORDINATOR, queries.cases_of, first)


def test_the_extract_tells_every_read_of_all_the_patient_s_cases_and_nothing_that_was_refused(clinic: Database) -> None:
    first, second = make.submitted(clinic), make.submitted(clinic, by=make.OTHER_REFERRER)
    make.ask(clinic, make.COORDINATOR, cases.view, second)
    found = make.ask(clinic, make.AUDITOR, queries.extract, ExtractBody(patient=first), at=make.AT + make.HOUR)
    assert found.identity_number == make.ADULT
    told = [(line.act, line.unit) for line in found.lines if line.act in {"case.create", "case.read"}]
    assert told == [("case.create", "Palliativa teamet Växjö"), ("case.create", "ASIH Lund"), told[2]]
    assert told[2][0] == "case.read"


def test_a_spot_check_holds_rows_of_its_month_and_stands_once_concluded(clinic: Database) -> None:
    number = make.submitted(clinic)
    for _ in range(12):
        make.ask(clinic, make.COORDINATOR, cases.view, number)
    check_id = make.act(clinic, make.AUDITOR, service.draw, month=make.TODAY)
    check, rows = make.ask(clinic, make.AUDITOR, queries.check, check_id)
    assert (check.rows, check.of, len(rows), check.month.day) == (10, 14, 10, 1)
    body = ConclusionBody("asked", "Frågade om två rader.")
    make.act(clinic, make.AUDITOR, service.conclude, check_id=check_id, body=body)
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.AUDITOR, service.conclude, check_id=check_id, body=body)
    assert refused.value.rule == "log.check-concluded"
    for month in (make.TODAY.replace(year=2030), make.TODAY.replace(year=2020)):
        with pytest.raises(Invalid):
            make.act(clinic, make.AUDITOR, service.draw, month=month)
    with pytest.raises(NotAllowed):
        make.act(clinic, make.COORDINATOR, service.draw, month=make.TODAY)
