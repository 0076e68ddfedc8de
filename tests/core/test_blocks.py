"""Blocks (spärr): whom a patient has shut out sees nothing of the patient."""

from datetime import timedelta
from typing import Any

import pytest

import make
from mdk.audit import queries as audit
from mdk.cases import blocking, lists, queries, service
from mdk.cases.block_structs import BlockBody
from mdk.conferences import queries as conferences
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound
from mdk.journey import readings, watch, work
from mdk.minutes import queries as minutes
from mdk.minutes import sheets
from mdk.pathways import action_queries
from mdk.pathways import queries as pathways

PROTECTED = {"patient.protected_identity": "yes", "patient.next_of_kin": "Systern Provlund, Växjö"}


def shut_out(database: Database, number: str, *, by: str = make.REFERRER, at: Any = make.AT, **whom: str) -> int:
    body = BlockBody(wish="Patienten sa nej i dag.", **whom)
    return make.act(database, by, blocking.block, number=number, body=body, at=at)


def let_in(database: Database, number: str, block_id: int) -> None:
    make.act(database, make.REFERRER, blocking.lift, number=number, block_id=block_id, reason="Patienten vill.")


def correct(database: Database, number: str, identity: str) -> None:
    version = make.case_row(database, number).version
    right = make.submission(**{"patient.identity_number": identity})
    make.act(database, make.REFERRER, service.replace, number=number, version=version, submission=right)


def may_see(database: Database, name: str, number: str) -> bool:
    try:
        make.ask(database, name, queries.view, number)
    except NotFound:
        return False
    return True


def listed(database: Database, name: str, text: str = "") -> set[str]:
    return {line.number for line in make.ask(database, name, lists.lines, text=text)[0]}


# ----------------------------------------------------------------------------------------------------------- blocks
def test_a_block_follows_when_the_identity_number_is_corrected_and_the_log_says_so(clinic: Database) -> None:
    number, other = make.submitted(clinic), make.submitted(clinic)
    shut_out(clinic, number, person=make.email(make.COORDINATOR))
    lifted = shut_out(clinic, number, person=make.email(make.CONSULTANT))
    let_in(clinic, number, lifted)
    correct(clinic, number, make.OTHER_ADULT)
    assert not may_see(clinic, make.COORDINATOR, number)
    assert not may_see(clinic, make.COORDINATOR, other)
    assert may_see(clinic, make.CONSULTANT, number)
    assert [line.wish for line in make.ask(clinic, make.REFERRER, blocking.blocks, number)] == [
        "Patienten sa nej i dag."
    ]
    with clinic.reading() as session:
        reasons = [row.reason for row in audit.of_case(session, number) if row.act == "case.block"]
    assert [reason for reason in reasons if reason] == ["Personnumret rättades; spärren följer med."]
    correct(clinic, number, make.ADULT)
    correct(clinic, number, make.OTHER_ADULT)
    assert len(make.ask(clinic, make.REFERRER, blocking.blocks, number)) == 1


def test_whoever_is_shut_out_finds_the_patient_s_cases_nowhere(clinic: Database) -> None:
    waiting, sent = make.accepted(clinic), make.submitted(clinic)
    held = make.conference(clinic, [make.accepted(clinic)])
    shut_out(clinic, waiting, person=make.email(make.COORDINATOR))
    name = make.COORDINATOR
    for number in (waiting, sent):
        assert not may_see(clinic, name, number)
    assert listed(clinic, name) == listed(clinic, name, "Elsa Provlund") == set()
    assert make.ask(clinic, name, lists.queue)[0] == []
    assert make.ask(clinic, name, work.triage)[0] == []
    found = make.ask(clinic, name, work.waiting, limit=9)
    assert (found.total, found.tasks) == (0, [])
    assert make.ask(clinic, name, work.tallies) == (0, 0)
    assert make.ask(clinic, name, conferences.view, held).agenda == []
    assert may_see(clinic, make.CONSULTANT, waiting)


def test_a_whole_unit_is_shut_out_also_of_what_follows_a_decision(clinic: Database) -> None:
    held, number = make.signed(clinic, "intern_pump")
    make.closed(clinic, held)
    referral = make.ask(clinic, make.SURGEON, pathways.referrals)[0][0].id
    unit = make.viewer(clinic, make.SURGEON).unit_id
    shut_out(clinic, number, unit=unit, by=make.REFERRER)
    assert not may_see(clinic, make.SURGEON, number)
    assert make.ask(clinic, make.SURGEON, pathways.referrals)[0] == []
    for query in ((pathways.referral, referral), (minutes.view, held, number), (sheets.papers, held, number)):
        with pytest.raises(NotFound):
            make.ask(clinic, make.SURGEON, *query)
    assert make.ask(clinic, make.SURGEON, work.waiting, limit=9).total == 0


def test_what_is_late_or_unread_is_not_told_to_whom_the_patient_has_shut_out(clinic: Database) -> None:
    held, number = make.signed(clinic, "nerve_block")
    make.closed(clinic, held)
    late = make.MEETS + 60 * make.DAY

    def told() -> list[int]:
        unread, count = make.ask(clinic, make.COORDINATOR, readings.unread, limit=9, at=late)
        assert len(unread) == count
        actions = make.ask(clinic, make.COORDINATOR, action_queries.actions, at=late)[0]
        return [len(make.ask(clinic, make.COORDINATOR, watch.overdue, at=late)), count, len(actions)]

    before = told()
    assert min(before) > 0
    block_id = shut_out(clinic, number, person=make.email(make.COORDINATOR))
    assert told() == [0, 0, 0]
    let_in(clinic, number, block_id)
    assert told() == before


def test_a_block_holds_for_the_patient_s_later_cases_and_for_nobody_else_s(clinic: Database) -> None:
    shut_out(clinic, make.submitted(clinic), person=make.email(make.CONSULTANT))
    later = make.submitted(clinic)
    another = make.submitted(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))
    assert listed(clinic, make.CONSULTANT) == {another}
    assert not may_see(clinic, make.CONSULTANT, later)


def test_a_colleague_at_the_referring_unit_can_be_shut_out_but_not_the_unit(clinic: Database) -> None:
    number = make.submitted(clinic)
    for whom, field in (({"unit": "palliativa-vaxjo"}, "unit"), ({"person": make.email(make.REFERRER)}, "person")):
        with pytest.raises(Invalid) as refused:
            shut_out(clinic, number, **whom)
        assert [problem.field for problem in refused.value.problems] == [field]
    shut_out(clinic, number, person=make.email(make.REFERRER), by=make.COORDINATOR)
    assert not may_see(clinic, make.REFERRER, number)
    assert listed(clinic, make.REFERRER) == set()


@pytest.mark.parametrize(
    "whom", [{}, {"person": "ingen@demo.mdk"}, {"unit": "ingen"}, {"person": "a@b.se", "unit": "x"}]
)
def test_a_block_names_one_person_or_one_unit_that_there_is(ward: Database, whom: dict[str, str]) -> None:
    number = make.submitted(ward)
    with pytest.raises(Invalid):
        shut_out(ward, number, **whom)


def test_a_block_is_lifted_by_the_patient_s_wish_and_its_life_is_told(clinic: Database) -> None:
    number = make.submitted(clinic)
    block_id = shut_out(clinic, number, person=make.email(make.CONSULTANT))
    assert shut_out(clinic, number, person=make.email(make.CONSULTANT)) == block_id
    let_in(clinic, number, block_id)
    assert may_see(clinic, make.CONSULTANT, number)
    (line,) = make.ask(clinic, make.COORDINATOR, blocking.blocks, number)
    assert (line.is_unit, line.wish, line.lift_reason) == (False, "Patienten sa nej i dag.", "Patienten vill.")
    with clinic.reading() as session:
        acts = [row.act for row in audit.of_case(session, number)]
    assert {"case.block", "case.lift-block", "case.read-blocks"} <= set(acts)


@pytest.mark.parametrize("name", [make.CHAIR, make.NURSE, make.STEERING, make.AUDITOR, make.ADMIN])
def test_only_the_referring_unit_and_the_coordinator_keep_blocks(clinic: Database, name: str) -> None:
    number = make.submitted(clinic)
    with pytest.raises(NotAllowed):
        shut_out(clinic, number, by=name, person=make.email(make.CONSULTANT))
    with pytest.raises(NotFound):
        shut_out(clinic, number, by=make.OTHER_REFERRER, person=make.email(make.CONSULTANT))


def test_another_patient_s_block_is_not_lifted_through_a_case(clinic: Database) -> None:
    block_id = shut_out(clinic, make.submitted(clinic), person=make.email(make.CONSULTANT))
    another = make.submitted(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))
    with pytest.raises(NotFound):
        let_in(clinic, another, block_id)


def test_broken_glass_passes_a_block_for_a_day_and_a_block_closes_glass_that_was_broken_before(
    clinic: Database,
) -> None:
    number = make.submitted(clinic)
    make.act(clinic, make.NURSE, service.break_glass, number=number, reason="Akut")
    assert may_see(clinic, make.NURSE, number)
    later = make.AT + timedelta(minutes=1)
    shut_out(clinic, number, person=make.email(make.NURSE), at=later)
    with pytest.raises(NotFound):
        make.ask(clinic, make.NURSE, queries.view, number, at=later)
    make.act(clinic, make.NURSE, service.break_glass, number=number, reason="Livsfara", at=later)
    assert make.ask(clinic, make.NURSE, queries.view, number, at=later).number == number
    assert {line.number for line in make.ask(clinic, make.NURSE, lists.lines, at=later)[0]} == {number}
    with pytest.raises(NotFound):
        make.ask(clinic, make.NURSE, queries.view, number, at=later + make.DAY)
