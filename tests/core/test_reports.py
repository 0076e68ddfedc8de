"""Whatever state a case is in: the patient dies, becomes worse, or the case is taken back."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import AT, CHAIR, CONSULTANT, COORDINATOR, FUNCTION, MEETS, NURSE, REFERRER, SURGEON
from mdk.audit.queries import first_fault, history
from mdk.cases import lists, queries
from mdk.cases.clock_rules import triage_due
from mdk.cases.rules import OPEN
from mdk.cases.structs import CaseState
from mdk.cases.tables import CaseRelation
from mdk.conferences.queries import released_items, working_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import Conference, Participation
from mdk.db import Database
from mdk.errors import Invalid, MdkError, NotAllowed, NotFound, RuleBroken
from mdk.journey import reports, work
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import ImplantReferral, PumpAssignment

STATES = [state for state in CaseState if state != CaseState.CLOSED]  # closing belongs to the pathways
NOW = MEETS + make.HOUR
PATHWAYS: dict[str, tuple[str, Any]] = {
    "intern_pump": ("referral", ImplantReferral),
    "extern_pump": ("assignment", PumpAssignment),
}
ENDS = {"withdraw": CaseState.WITHDRAWN, "report_death": CaseState.DECEASED}


def told(database: Database, kind: str) -> list[str]:
    """Who is owed a notice of a kind, by the local part of the address."""
    by_id = {make.viewer(database, name).person_id: name for name in make.EVERYONE}
    with database.reading() as session:
        rows = session.scalars(select(col(OutboxRow.person_id)).where(col(OutboxRow.topic) == f"notice.{kind}"))
        return sorted(by_id[person_id or 0] for person_id in rows)


def agenda(database: Database, conference_id: str) -> tuple[list[str], list[str]]:
    """The case numbers as last released, and as they are in the making."""
    with database.reading() as session:
        row = session.get_one(Conference, conference_id)
        return [item.number for item in released_items(session, row)], [
            item.number for item in working_items(session, row)
        ]


def active(database: Database, conference_id: str) -> set[int]:
    with database.reading() as session:
        return set(
            session.scalars(
                select(col(Participation.person_id)).where(
                    col(Participation.conference_id) == conference_id, col(Participation.active).is_(True)
                )
            )
        )


def clock_of(database: Database, number: str, at: datetime) -> Any:
    return make.ask(database, REFERRER, queries.view, number, at=at).clock


# ------------------------------------------------------------------------------------------------- every state
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ENDS)
def test_from_each_open_state_a_case_ends_its_clock_stops_and_nothing_is_left_waiting(
    clinic: Database, act: str, state: CaseState
) -> None:
    number = make.case_in_state(clinic, state)
    if state not in OPEN:
        before = make.case_row(clinic, number)
        with pytest.raises(RuleBroken) as refused:
            make.report(clinic, number, act, at=NOW)
        assert refused.value.rule == "case.wrong-state"
        assert make.case_row(clinic, number).version == before.version
        return
    version = make.version_of(clinic, number)
    make.report(clinic, number, act, at=NOW)
    row = make.case_row(clinic, number)
    assert (row.state, row.ended_at, row.version) == (ENDS[act], NOW, version + 1)
    assert row.died_on == (date(2026, 11, 25) if act == "report_death" else None)
    later = clock_of(clinic, number, NOW + 9 * make.DAY)
    assert later == clock_of(clinic, number, NOW)
    assert later.whose_move == "nobody"
    queue, _ = make.ask(clinic, COORDINATOR, lists.queue, at=NOW)
    waiting = [make.ask(clinic, name, work.waiting, at=NOW, limit=9).total for name in (COORDINATOR, CHAIR)]
    assert (queue, waiting) == ([], [0, 0])
    with clinic.reading() as session:
        assert history(session, "case", number)[-1].state == ENDS[act]
        assert first_fault(session) is None


@pytest.mark.parametrize("state", STATES)
def test_from_each_open_state_but_a_draft_a_deterioration_is_told_and_moves_nothing(
    clinic: Database, state: CaseState
) -> None:
    number = make.case_in_state(clinic, state)
    if state not in OPEN - {CaseState.DRAFT}:
        with pytest.raises(RuleBroken) as refused:
            make.report(clinic, number, "report_deterioration", at=NOW)
        assert refused.value.rule == "case.wrong-state"
        return
    make.report(clinic, number, "report_deterioration", at=NOW)
    view = make.ask(clinic, COORDINATOR, queries.view, number, at=NOW)
    assert (view.state, view.deteriorated_at) == (state, NOW)
    assert [(each.at, each.what) for each in view.deteriorations] == [(NOW, "Kan inte längre svälja.")]
    assert told(clinic, "case-worsened") == [CONSULTANT, COORDINATOR]


@pytest.mark.parametrize("name", ["withdraw", "report_death", "report_deterioration"])
@pytest.mark.parametrize(
    ("who", "error"), [(COORDINATOR, NotAllowed), (make.OTHER_REFERRER, NotFound), (make.STEERING, NotAllowed)]
)
def test_only_the_referring_unit_reports(ward_once: Database, name: str, who: str, error: type[MdkError]) -> None:
    number = make.case_in_state(ward_once, "accepted")
    with pytest.raises(error):
        make.report(ward_once, number, name, by=who)


@pytest.mark.parametrize("name", ENDS)
def test_a_draft_that_ended_is_still_the_unit_s_own_and_nobody_is_told(clinic: Database, name: str) -> None:
    number = make.draft(clinic)
    make.report(clinic, number, name)
    assert told(clinic, "case-ended") == []
    assert make.ask(clinic, REFERRER, queries.view, number).state == ENDS[name]
    with pytest.raises(NotFound):
        make.ask(clinic, COORDINATOR, queries.view, number)
    found, _ = make.ask(clinic, COORDINATOR, lists.lines)
    assert found == []


# ------------------------------------------------------------------------------------------------- the day of a death
@pytest.mark.parametrize(
    ("day", "fault"),
    [(make.TODAY + timedelta(days=1), "framtiden"), (make.TODAY - timedelta(days=1), "23 november 2026")],
)
def test_a_death_is_not_ahead_nor_before_the_case_was_sent_in(ward_once: Database, day: date, fault: str) -> None:
    number = make.submitted(ward_once)
    with pytest.raises(Invalid) as refused:
        make.report(ward_once, number, "report_death", date=day)
    assert [problem.field for problem in refused.value.problems] == ["date"]
    assert fault in refused.value.problems[0].message


def test_a_death_may_be_of_the_day_the_case_was_sent_in_in_swedish_time(ward_once: Database) -> None:
    at = datetime.fromisoformat("2026-11-22T23:30:00+00:00")  # half past midnight on Monday in Sweden
    number = make.submitted(ward_once, at=at)
    make.report(ward_once, number, "report_death", date=make.TODAY, at=at)
    assert make.case_row(ward_once, number).died_on == make.TODAY


# ------------------------------------------------------------------------------------------------- agendas
@pytest.mark.parametrize("name", ENDS)
def test_a_released_slot_is_freed_the_rest_moves_up_and_the_others_stay_invited(clinic: Database, name: str) -> None:
    first = make.accepted(clinic)
    second = make.accepted(clinic, by=make.OTHER_REFERRER)
    held = make.released(clinic, [first, second])
    release = make.conference_row(clinic, held).release
    make.report(clinic, first, name)
    assert agenda(clinic, held) == ([second], [second])
    assert make.conference_row(clinic, held).release == release + 1
    team = {make.viewer(clinic, each).person_id for each in (CHAIR, CONSULTANT, NURSE, SURGEON, make.OTHER_REFERRER)}
    assert active(clinic, held) == team
    assert told(clinic, "case-ended") == sorted([CHAIR, CONSULTANT, COORDINATOR])
    with clinic.reading() as session:
        case_id = make.case_row(clinic, first).id
        assert session.scalars(select(CaseRelation).where(col(CaseRelation.case_id) == case_id)).all() == []
    with pytest.raises(NotFound):
        make.ask(clinic, NURSE, queries.view, first)
    make.release(clinic, held)  # and the agenda can be released again


def test_what_the_planners_have_in_the_making_stays_and_is_not_let_out(clinic: Database) -> None:
    first, second, third = make.accepted(clinic), make.accepted(clinic), make.accepted(clinic)
    held = make.released(clinic, [first, second])
    make.put_agenda(clinic, held, [third, second])  # the first is about to be taken off, a third to be added
    make.report(clinic, first, "report_death")
    assert agenda(clinic, held) == ([second], [third, second])
    make.report(clinic, third, "withdraw")
    assert agenda(clinic, held) == ([second], [second])
    assert [make.state_of(clinic, each) for each in (first, second, third)] == ["deceased", "scheduled", "withdrawn"]


@pytest.mark.parametrize("name", [*ENDS, "answer", "redirect", "decline", "request_supplement", "take_back"])
def test_a_case_that_leaves_the_queue_leaves_the_agenda_in_the_making(clinic: Database, name: str) -> None:
    number = make.accepted(clinic)
    held = make.conference(clinic, [number])
    if name in ENDS:
        make.report(clinic, number, name)
    else:
        make.triage_act(clinic, number, name)
    assert agenda(clinic, held) == ([], [])


def test_a_meeting_that_has_begun_keeps_its_times_and_closes_without_the_case(clinic: Database) -> None:
    first, second = make.accepted(clinic), make.accepted(clinic)
    held = make.in_session(clinic, [first, second])
    make.report(clinic, first, "report_death", at=MEETS)
    assert agenda(clinic, held)[0] == [first, second]
    make.closed(clinic, held)
    assert [make.state_of(clinic, each) for each in (first, second)] == ["deceased", "discussed"]


def test_minutes_of_a_case_that_ended_are_not_signed_and_the_chair_is_told(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    make.save(clinic, held, number)
    make.report(clinic, number, "withdraw", at=NOW)
    with pytest.raises(RuleBroken) as refused:
        make.sign(clinic, held, number, at=NOW)
    assert refused.value.rule == "case.wrong-state"
    assert told(clinic, "case-ended") == sorted([CHAIR, CONSULTANT, COORDINATOR])


# ------------------------------------------------------------------------------------------------- the urgent lane
@pytest.mark.parametrize("name", ENDS)
def test_an_open_urgent_review_ends_and_those_asked_are_told_and_read_no_more(clinic: Database, name: str) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    key = make.ask_review(clinic, number).conference
    make.report(clinic, number, name, at=AT + make.MINUTE)
    assert make.ask_review(clinic, number).state == "ended"
    assert make.conference_row(clinic, key).state == ConferenceState.CLOSED
    assert told(clinic, "case-ended") == sorted([CONSULTANT, COORDINATOR, NURSE, SURGEON])
    with pytest.raises(NotFound):
        make.ask(clinic, NURSE, queries.view, number, at=AT + make.HOUR)
    with pytest.raises(RuleBroken) as refused:
        make.conclude(clinic, number, at=AT + make.HOUR)
    assert refused.value.rule == "urgent.not-open"


# ------------------------------------------------------------------------------------------------- after a decision
@pytest.mark.parametrize(
    "pathway",
    [("intern_pump", "cancelled", SURGEON, [FUNCTION]), ("extern_pump", "not_done", FUNCTION, [])],
)
@pytest.mark.parametrize("name", ENDS)
def test_after_a_decision_the_pathway_ends_with_its_reason_and_the_decision_is_kept(
    clinic: Database, name: str, pathway: tuple[str, str, str, list[str]]
) -> None:
    outcome, ended, receiver, payer = pathway
    _, number = make.signed(clinic, outcome)
    make.report(clinic, number, name, at=NOW)
    row = make.case_row(clinic, number)
    assert (row.outcome, row.decided_at, row.ended_at) == (outcome, MEETS, NOW)
    with clinic.reading() as session:
        kind, table = PATHWAYS[outcome]
        key, state, code = session.execute(select(table.id, table.state, table.reason_code)).one()
        last = history(session, kind, key)[-1]
    why = "Patienten har avlidit" if name == "report_death" else "Ärendet är återtaget"
    assert (state, last.state, last.reason) == (ended, ended, why)
    assert code == ("died" if name == "report_death" else "patient_wish")
    assert told(clinic, "pathway-ended") == [receiver]
    assert told(clinic, "case-ended") == sorted([CONSULTANT, COORDINATOR, *payer])


def test_the_receiver_is_told_of_a_deterioration(clinic: Database) -> None:
    _, number = make.signed(clinic, "intern_pump")
    make.report(clinic, number, "report_deterioration", at=NOW)
    assert told(clinic, "case-worsened") == sorted([CONSULTANT, COORDINATOR, FUNCTION, SURGEON])


# ------------------------------------------------------------------------------------------------- triage anew
def test_after_a_decision_the_receiver_is_told_of_what_the_referrer_adds(clinic: Database) -> None:
    _, number = make.signed(clinic, "intern_pump")
    given = {"number": number, "version": make.version_of(clinic, number), "text": "Ny MR i går."}
    make.act(clinic, REFERRER, reports.supplement, **given)
    assert told(clinic, "case-supplemented") == sorted([COORDINATOR, FUNCTION, SURGEON])


def test_a_deterioration_stands_first_at_triage_until_it_is_accepted_anew(clinic: Database) -> None:
    waiting = make.submitted(clinic, at=AT - make.DAY)
    worse = make.accepted(clinic)
    held = make.released(clinic, [make.accepted(clinic)])
    scheduled = agenda(clinic, held)[0][0]
    make.report(clinic, worse, "report_deterioration", at=AT + make.HOUR)
    make.report(clinic, scheduled, "report_deterioration", at=AT + 2 * make.HOUR)
    found, _ = make.ask(clinic, COORDINATOR, work.triage, at=AT + 3 * make.HOUR)
    assert [line.number for line in found] == [worse, scheduled, waiting]
    make.do(clinic, worse, "accept", urgency="acute", at=AT + 3 * make.HOUR)
    make.do(clinic, scheduled, "accept", urgency="high", at=AT + 3 * make.HOUR)
    rows = [make.case_row(clinic, number) for number in (worse, scheduled)]
    assert [(row.state, row.urgency, row.deteriorated_at) for row in rows] == [
        ("accepted", "acute", None),
        ("scheduled", "high", None),
    ]
    assert told(clinic, "case-retriaged") == [REFERRER, REFERRER]
    found, _ = make.ask(clinic, COORDINATOR, work.triage, at=AT + 3 * make.HOUR)
    assert [line.number for line in found] == [waiting]


def test_pages_of_triage_make_up_the_whole_across_both_kinds(clinic: Database) -> None:
    numbers = [make.submitted(clinic, at=AT - make.DAY + place * make.MINUTE) for place in range(4)]
    for place, number in enumerate(numbers[2:]):
        make.report(clinic, number, "report_deterioration", at=AT + place * make.MINUTE)
    expected = numbers[2:] + numbers[:2]
    for limit in (1, 2, 3):
        found: list[str] = []
        cursor = None
        while True:
            page, cursor = make.ask(clinic, COORDINATOR, work.triage, limit=limit, cursor=cursor)
            found += [line.number for line in page]
            if cursor is None:
                break
        assert found == expected


@pytest.mark.parametrize("state", ["accepted", "supplement_requested"])
def test_triage_takes_its_answer_back_and_the_clock_runs_on(clinic: Database, state: str) -> None:
    number = make.case_in_state(clinic, state)
    make.take_back(clinic, number, at=AT + 2 * make.DAY)
    view = make.ask(clinic, COORDINATOR, queries.view, number, at=AT + 3 * make.DAY)
    assert (view.state, view.supplement_request, view.triage_due) == ("submitted", None, date(2026, 11, 26))
    assert view.clock.days_waiting == (3.0 if state == "accepted" else 1.0)
    assert told(clinic, "case-taken-back") == [REFERRER]


@pytest.mark.parametrize(
    ("sent_in", "due"),
    [
        ("2026-11-25T09:00:00+00:00", date(2026, 11, 26)),
        ("2026-11-27T09:00:00+00:00", date(2026, 11, 30)),  # over a weekend
        ("2026-12-23T09:00:00+00:00", date(2026, 12, 28)),  # Christmas Eve, Day and Boxing Day, Sunday
        ("2027-03-25T09:00:00+00:00", date(2027, 3, 30)),  # Good Friday to Easter Monday
        ("2027-06-24T09:00:00+00:00", date(2027, 6, 28)),  # Midsummer Eve
        ("2027-05-05T22:30:00+00:00", date(2027, 5, 7)),  # after midnight in Sweden, on Ascension Day
    ],
)
def test_an_answer_is_due_one_swedish_working_day_later(sent_in: str, due: date) -> None:
    assert triage_due(datetime.fromisoformat(sent_in)) == due
