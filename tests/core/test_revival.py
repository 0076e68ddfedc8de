"""A death that was reported by mistake is taken back: the case, its clock and its pathway go on where they stood."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from core.test_reports import PATHWAYS, agenda, told
from make import CHAIR, CONSULTANT, COORDINATOR, FUNCTION, MEETS, NURSE, REFERRER, SURGEON
from mdk.audit.queries import first_fault, history
from mdk.cases import lists, queries
from mdk.cases.rules import OPEN
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.errors import MdkError, NotAllowed, NotFound, RuleBroken, Stale
from mdk.journey.revival import revoke_death
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import PathwayAction

DIED, BACK = make.LATER + make.DAY, make.LATER + make.DAY + make.HOUR
WHY = "Fel patient valdes."
STANDS = {state: state for state in OPEN} | {
    CaseState.SUPPLEMENT_REQUESTED: CaseState.SUBMITTED,
    CaseState.SCHEDULED: CaseState.ACCEPTED,
}


def revoke(database: Database, number: str, by: str = REFERRER, **given: Any) -> Any:
    usual = {"number": number, "version": make.version_of(database, number), "reason": WHY, "at": BACK}
    return make.act(database, by, revoke_death, **(usual | given))


def died(database: Database, number: str) -> str:
    make.report(database, number, "report_death", at=DIED)
    return number


def number_of(database: Database, table: Any, key: str) -> str:
    with database.reading() as session:
        return str(session.get_one(Case, session.get_one(table, key).case_id).number)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_from_each_state_the_case_stands_where_it_stood_and_nothing_given_up_is_taken_again(
    clinic: Database, state: CaseState
) -> None:
    number = make.case_in_state(clinic, state)
    before = make.case_row(clinic, number)
    died(clinic, number)
    by = REFERRER if state == CaseState.DRAFT else COORDINATOR
    revoke(clinic, number, by)
    row = make.case_row(clinic, number)
    assert (row.state, row.died_on, row.ended_at) == (STANDS[state], None, None)
    assert (row.outcome, row.decided_at, row.days_allowed) == (before.outcome, before.decided_at, before.days_allowed)
    stood_still = DIED - make.AT if state == CaseState.SUPPLEMENT_REQUESTED else timedelta()
    assert row.waiting_from == (before.waiting_from and before.waiting_from + stood_still)
    with clinic.reading() as session:
        last = history(session, "case", number)[-1]
        assert (last.act, last.state, last.reason) == ("revoke-death", row.state, WHY)
        assert first_fault(session) is None
    view = make.ask(clinic, REFERRER, queries.view, number, at=BACK)
    assert (view.clock.whose_move != "nobody", view.died_on) == (True, None)
    concerned = {COORDINATOR, CONSULTANT, REFERRER} - {by} | ({CHAIR} if state == CaseState.DISCUSSED else set())
    assert told(clinic, "case-revived") == ([] if state == CaseState.DRAFT else sorted(concerned))


def test_a_case_that_had_a_slot_waits_in_the_queue_with_its_first_date_and_off_the_agenda(clinic: Database) -> None:
    number, other = make.accepted(clinic), make.accepted(clinic, by=make.OTHER_REFERRER)
    held = make.released(clinic, [number, other])
    make.report(clinic, number, "report_death", at=make.AT + make.HOUR)
    revoke(clinic, number, at=make.AT + 2 * make.HOUR)
    assert agenda(clinic, held) == ([other], [other])
    queue, _ = make.ask(clinic, COORDINATOR, lists.queue, at=make.AT + make.DAY)
    assert [(line.case, line.clock.days_waiting) for line in queue] == [(number, 1.0)]
    make.put_agenda(clinic, held, [other, number])  # and it may be given a slot anew
    make.release(clinic, held, reason="Åter", at=make.AT + 3 * make.HOUR)
    assert make.state_of(clinic, number) == "scheduled"


def test_an_urgent_review_stays_ended_and_may_be_opened_again(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.report(clinic, number, "report_death", at=make.AT + make.MINUTE)
    revoke(clinic, number, at=make.AT + make.HOUR)
    assert (make.state_of(clinic, number), make.ask_review(clinic, number).state) == ("accepted", "ended")
    with pytest.raises(NotFound):
        make.ask(clinic, NURSE, queries.view, number, at=make.AT + make.HOUR)
    make.urgent(clinic, number, at=make.AT + 2 * make.HOUR)
    assert make.ask_review(clinic, number).state == "open"


def test_a_discussed_case_may_still_be_signed(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    make.save(clinic, held, number)
    make.report(clinic, number, "report_death", at=MEETS)
    revoke(clinic, number, at=MEETS + make.MINUTE)
    make.sign(clinic, held, number, at=MEETS + make.HOUR)
    assert make.state_of(clinic, number) == "decided"


@pytest.mark.parametrize(
    ("state", "stands"),
    [
        (ReferralState.CREATED, ReferralState.CREATED),
        (ReferralState.MORE_INFORMATION, ReferralState.MORE_INFORMATION),
        (ReferralState.SCHEDULED, ReferralState.ACCEPTED),
        (ReferralState.IMPLANTED, ReferralState.IMPLANTED),
    ],
)
def test_a_referral_goes_on_and_an_operation_needs_a_new_day(
    clinic: Database, state: ReferralState, stands: ReferralState
) -> None:
    table = PATHWAYS["intern_pump"][1]
    key = make.referral(clinic, state)
    number = number_of(clinic, table, key)
    moving = make.ask(clinic, REFERRER, queries.view, number, at=DIED).clock.whose_move
    revoke(clinic, died(clinic, number))
    with clinic.reading() as session:
        row = session.get_one(table, key)
        assert (row.state, row.reason_code, row.planned_for) == (
            stands, None, row.planned_for if state == ReferralState.IMPLANTED else None
        )  # fmt: skip
    assert make.ask(clinic, REFERRER, queries.view, number, at=BACK).clock.whose_move == moving
    assert told(clinic, "pathway-resumed") == ([] if state == ReferralState.IMPLANTED else [SURGEON])
    assert make.state_of(clinic, number) == "decided"


@pytest.mark.parametrize("state", [AssignmentState.ASSIGNED, AssignmentState.PREPARING, AssignmentState.INSERTED])
def test_an_assignment_goes_on_and_a_pump_is_followed_up_again(clinic: Database, state: AssignmentState) -> None:
    table = PATHWAYS["extern_pump"][1]
    key = make.assignment(clinic, state)
    revoke(clinic, died(clinic, number_of(clinic, table, key)))
    with clinic.reading() as session:
        row = session.get_one(table, key)
        assert (row.state, row.reason_code) == (state, None)
        assert history(session, "assignment", key)[-1].act == "resume"
    assert told(clinic, "pathway-resumed") == [FUNCTION]


def test_an_action_is_open_again_and_what_ended_otherwise_is_left(clinic: Database) -> None:
    key = make.action(clinic)
    number = number_of(clinic, PathwayAction, key)
    revoke(clinic, died(clinic, number))
    with clinic.reading() as session:
        action = session.get_one(PathwayAction, key)
        assert (action.state, action.reason_code, action.note) == ("open", None, "")
    make.end_action(clinic, key, "done", at=BACK)
    closed = make.case_row(clinic, number)
    make.report(clinic, number, "report_death", at=BACK + make.HOUR)
    revoke(clinic, number, at=BACK + 2 * make.HOUR)
    row = make.case_row(clinic, number)
    assert (row.state, row.ended_at) == ("closed", closed.ended_at)
    with clinic.reading() as session:
        states = session.scalars(select(col(PathwayAction.state))).all()
        assert states == ["done"]


@pytest.mark.parametrize(
    ("who", "error"),
    [(CONSULTANT, NotAllowed), (NURSE, NotAllowed), (make.STEERING, NotAllowed), (make.OTHER_REFERRER, NotFound)],
)
def test_the_referring_unit_and_the_coordinator_take_a_death_back(
    ward_once: Database, who: str, error: type[MdkError]
) -> None:
    number = make.case_in_state(ward_once, CaseState.DECEASED)
    with pytest.raises(error):
        revoke(ward_once, number, who)
    with pytest.raises(Stale):
        revoke(ward_once, number, version=1)


@pytest.mark.parametrize("state", [CaseState.ACCEPTED, CaseState.WITHDRAWN])
def test_only_a_death_is_taken_back(ward_once: Database, state: CaseState) -> None:
    number = make.case_in_state(ward_once, state)
    with pytest.raises(RuleBroken) as refused:
        revoke(ward_once, number)
    assert refused.value.rule == "case.wrong-state"
