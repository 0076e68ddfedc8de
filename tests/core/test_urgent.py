"""The urgent lane: opened, answered, concluded in writing at once, and ratified by the next meeting."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.cases import queries as cases
from mdk.cases.lists import lines
from mdk.cases.structs import CaseState, CaseView
from mdk.cases.tables import Case, CaseRelation
from mdk.clock import local
from mdk.conferences import agenda
from mdk.conferences import queries as conferences
from mdk.conferences import service as conference_acts
from mdk.conferences.tables import AgendaItem, Conference, Participation
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.journey import reviews, work
from mdk.journey.urgent_rules import LONGEST, suggested_deadline
from mdk.minutes import queries as minutes
from mdk.minutes import service as minutes_acts
from mdk.minutes.structs import MinutesBody
from mdk.outbox.tables import OutboxRow
from mdk.pathways import queries as pathways
from mdk.people import service as people
from mdk.people.queries import people as people_lines
from mdk.people.queries import viewer as find_viewer
from mdk.people.structs import Role

ASKED = (make.NURSE, make.SURGEON)
DEADLINE = make.AT + 24 * make.HOUR


def view(database: Database, number: str, name: str = make.CONSULTANT, **given: Any) -> CaseView:
    return make.ask(database, name, cases.view, number, **given)


def review(database: Database, number: str, name: str = make.CONSULTANT, **given: Any) -> Any:
    return view(database, number, name, **given).urgent_review


def broken(act: Any) -> tuple[str, list[str]]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.rule, [problem.field for problem in refused.value.problems]


def bad(act: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        act()
    return [problem.field for problem in refused.value.problems]


def owed(database: Database, number: str) -> dict[str, list[tuple[str, Any]]]:
    """The notices of a case's review by kind: to whom, and from when."""
    called = {make.viewer(database, name).person_id: name for name in make.EVERYONE}
    keys = {number, review(database, number).conference}
    with database.reading() as session:
        rows = session.scalars(select(OutboxRow).where(col(OutboxRow.key).in_(keys)).order_by(col(OutboxRow.id)))
        found: dict[str, list[tuple[str, Any]]] = {}
        for row in rows:
            found.setdefault(row.topic, []).append((called[row.person_id or 0], row.due_at))
    return found


# ------------------------------------------------------------------------------------------------- opening
@pytest.mark.parametrize(
    ("hour", "suggested"),
    [(8, (24, 9)), (13, (24, 14)), (18, (24, 17)), (21, (24, 17)), (23, (25, 8)), (3, (24, 8))],
)
def test_the_suggested_deadline_is_a_day_ahead_in_working_hours(hour: int, suggested: tuple[int, int]) -> None:
    day, hour_then = suggested
    at = make.AT.replace(hour=hour)  # UTC on Monday the 23rd; Sweden is an hour ahead
    given = local(suggested_deadline(at))
    assert (given.day, given.hour, given.minute) == (day, hour_then, 0)
    assert make.HOUR < given - at <= LONGEST


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, {make.NURSE, make.SURGEON, make.FUNCTION}),
        ({"patient_view.mobility_benefit": "no"}, {make.NURSE, make.FUNCTION}),
        ({"patient.home_region": "skane"}, {make.NURSE, make.SURGEON, "funktion.skane"}),
        ({"patient.identity_number": make.CHILD}, {make.NURSE, make.SURGEON, make.FUNCTION, make.PAEDIATRIC}),
    ],
)
def test_whom_to_ask_is_suggested_from_the_case(ward: Database, changes: dict[str, Any], asked: set[str]) -> None:
    seen, by = view(ward, make.submitted(ward, make.submission(**changes))), make.viewer(ward, make.COORDINATOR)
    with ward.reading() as session:
        assert set(reviews.suggested(reviews.askable(session), seen, by=by)) == {make.email(name) for name in asked}


def test_a_submitted_case_is_opened_as_acute_and_waits_for_the_consultant(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    seen = view(clinic, number)
    assert (seen.state, seen.urgency, seen.clock.days_allowed) == ("scheduled", "acute", 2)
    assert seen.clock.whose_move == "consultant"
    found = seen.urgent_review
    assert (found.state, found.deadline, found.opened_at) == ("open", DEADLINE, make.AT)
    assert [(each.email, each.opined) for each in found.members] == [(make.email(name), False) for name in ASKED]
    assert (found.opinions, found.concluded_at, found.ratified_at) == ([], None, None)
    assert [step.act for step in make.ask(clinic, make.CONSULTANT, work.story, number)][-2:] == [
        "accept",
        "urgent-open",
    ]


def test_a_case_in_the_queue_keeps_its_urgency_and_leaves_the_working_agenda(clinic: Database) -> None:
    number, other = make.accepted(clinic), make.accepted(clinic)
    planned = make.conference(clinic, [number, other])
    before = make.conference_row(clinic, planned).version
    make.urgent(clinic, number, by=make.CONSULTANT, at=make.AT + make.MINUTE)
    assert (view(clinic, number).urgency, view(clinic, number).state) == ("normal", "scheduled")
    with clinic.reading() as session:
        standing = session.scalars(select(AgendaItem)).all()
        assert [item.conference_id for item in standing] == [planned]
    assert make.conference_row(clinic, planned).version == before + 1
    make.release(clinic, planned)
    assert make.state_of(clinic, other) == "scheduled"


@pytest.mark.parametrize("state", CaseState)
def test_the_lane_opens_only_from_triage_and_the_queue(clinic: Database, state: str) -> None:
    reachable = {"submitted", "accepted", "scheduled", "supplement_requested", "answered", "declined", "decided"}
    if state not in reachable:
        return
    number = make.case_in_state(clinic, state)
    if state in {"submitted", "accepted"}:
        make.urgent(clinic, number)
        return
    assert broken(lambda: make.urgent(clinic, number)) == ("case.wrong-state", [])


def test_every_bad_member_and_the_deadline_are_told_at_once(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.act(clinic, make.ADMIN, people.disable, email=make.email(make.PAEDIATRIC))
    members = [make.email(make.NURSE), "x@y.z", make.email(make.STEERING), make.email(make.PAEDIATRIC)]
    late = make.AT + 48 * make.HOUR + make.MINUTE
    assert bad(lambda: make.urgent(clinic, number, members=members, deadline=late)) == [
        "deadline",
        "members.1",
        "members.2",
        "members.3",
    ]
    assert bad(lambda: make.urgent(clinic, number, members=[], deadline=make.AT)) == ["deadline", "members"]
    assert make.state_of(clinic, number) == "submitted"
    make.urgent(clinic, number, deadline=make.AT + 48 * make.HOUR)


def test_without_a_consultant_the_lane_does_not_open(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.act(clinic, make.ADMIN, people.disable, email=make.email(make.CONSULTANT))
    assert broken(lambda: make.urgent(clinic, number)) == ("urgent.no-consultant", [])


def test_only_triage_opens_and_on_the_version_that_it_saw(clinic: Database) -> None:
    number = make.submitted(clinic)
    for name in (make.REFERRER, make.CHAIR, make.NURSE, make.STEERING, make.ADMIN):
        with pytest.raises(NotAllowed):
            make.urgent(clinic, number, by=name)
    with pytest.raises(Stale):
        make.urgent(clinic, number, version=1)


def test_a_member_named_twice_is_asked_once(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number, members=[make.email(make.NURSE), make.email(make.NURSE).upper()])
    assert [each.email for each in review(clinic, number).members] == [make.email(make.NURSE)]


# ------------------------------------------------------------------------------------------------- who may read
def test_the_members_read_the_case_from_the_opening_until_thirty_days_after_the_end(clinic: Database) -> None:
    number = make.submitted(clinic)
    with pytest.raises(NotFound):
        view(clinic, number, make.NURSE)
    make.urgent(clinic, number)
    assert view(clinic, number, make.NURSE).number == number
    assert [line.number for line in make.ask(clinic, make.NURSE, lines)[0]] == [number]
    with pytest.raises(NotFound):
        view(clinic, number, make.PAEDIATRIC)
    make.opine(clinic, number, make.NURSE)
    ended = make.AT + 2 * make.HOUR
    make.conclude(clinic, number, at=ended)
    assert view(clinic, number, make.SURGEON, at=ended + 29 * make.DAY).number == number
    with pytest.raises(NotFound):
        view(clinic, number, make.SURGEON, at=ended + 31 * make.DAY)


def test_a_review_that_nobody_concludes_does_not_leave_the_case_open_to_its_members(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    with pytest.raises(NotFound):
        view(clinic, number, make.NURSE, at=DEADLINE + 31 * make.DAY)


def test_opinions_are_for_those_who_judge_until_the_conclusion_and_then_for_every_reader(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.SURGEON, "Intern pump.")
    for name in (make.NURSE, make.SURGEON, make.CONSULTANT, make.COORDINATOR, make.CHAIR):
        assert [each.text for each in review(clinic, number, name).opinions] == ["Intern pump."], name
    waiting = review(clinic, number, make.REFERRER)
    assert (waiting.opinions, [each.opined for each in waiting.members]) == ([], [False, True])
    make.conclude(clinic, number)
    assert [each.text for each in review(clinic, number, make.REFERRER).opinions] == ["Intern pump."]


# ------------------------------------------------------------------------------------------------- opinions
def test_opinions_are_dated_kept_in_order_and_marked_when_late(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE, "Ja.", at=make.AT + make.HOUR)
    make.opine(clinic, number, make.NURSE, "Och MAS är tillfrågad.", at=DEADLINE)
    make.opine(clinic, number, make.SURGEON, "Nej.", at=DEADLINE + make.MINUTE)
    given = [(each.by, each.text, each.late) for each in review(clinic, number).opinions]
    assert given == [
        ("Disa Deltagare", "Ja.", False),
        ("Disa Deltagare", "Och MAS är tillfrågad.", False),
        ("Nora Kirurg", "Nej.", True),
    ]


def test_only_those_who_were_asked_give_opinions(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    for name in (make.CONSULTANT, make.COORDINATOR, make.REFERRER, make.STEERING):
        with pytest.raises(NotAllowed):
            make.opine(clinic, number, name)
    with pytest.raises(NotFound):
        make.opine(clinic, number, make.PAEDIATRIC)


def test_a_member_of_the_case_s_earlier_conference_was_not_asked(clinic: Database) -> None:
    _, number = make.signed(clinic, "deferred")
    make.urgent(clinic, number, members=[make.email(make.SURGEON)], at=make.MEETS, deadline=make.MEETS + make.HOUR)
    with pytest.raises(NotAllowed):
        make.opine(clinic, number, make.NURSE, at=make.MEETS)


def test_no_opinion_is_taken_once_the_review_is_over(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    make.conclude(clinic, number)
    assert broken(lambda: make.opine(clinic, number, make.SURGEON)) == ("urgent.not-open", [])


def test_a_case_that_leaves_the_lane_ends_its_review(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    with clinic.writing() as session:
        session.scalars(select(Case).where(col(Case.number) == number)).one().state = CaseState.DECEASED
    assert review(clinic, number).state == "ended"
    for act in (lambda: make.opine(clinic, number, make.NURSE), lambda: make.conclude(clinic, number)):
        assert broken(act) == ("urgent.not-open", [])
    for name in (make.NURSE, make.CONSULTANT, make.COORDINATOR):
        assert make.ask(clinic, name, reviews.waiting, at=DEADLINE + make.HOUR) == []
    key, nurse = review(clinic, number).conference, make.viewer(clinic, make.NURSE).person_id
    with clinic.reading() as session:
        assert not reviews.still_owed(session, "urgent-reminder", key, nurse)


# ------------------------------------------------------------------------------------------------- concluding
def test_a_conclusion_is_signed_minutes_and_starts_the_pathway_at_once(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.SURGEON)
    at = make.AT + 3 * make.HOUR
    make.conclude(clinic, number, make.minutes_body("intern_pump"), at=at)
    seen = view(clinic, number)
    assert (seen.state, seen.outcome, seen.clock.whose_move) == ("decided", "intern_pump", "neurosurgery")
    assert (seen.urgent_review.state, seen.urgent_review.concluded_at) == ("concluded", at)
    (signed,) = make.ask(clinic, make.REFERRER, minutes.of_case, number)
    assert (signed.signed.by, signed.signed.at, signed.kind) == ("Kim Smärtgren", at, "urgent")
    assert (signed.conference, signed.quorum_lacking) == (seen.urgent_review.conference, [])
    (referral,) = make.ask(clinic, make.SURGEON, pathways.referrals)[0]
    assert (referral.case, referral.conference) == (number, signed.conference)
    told = owed(clinic, number)
    assert [name for name, _ in told["notice.minutes-signed"]] == [make.REFERRER]
    row = make.conference_row(clinic, signed.conference)
    assert (row.kind, row.state, row.closed_at) == ("urgent", "closed", at)


def test_signing_s_own_rules_hold(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(**{"diagnosis.expected_treatment_months": 1}))
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)

    def concluding(body: MinutesBody) -> tuple[str, list[str]]:
        return broken(lambda: make.conclude(clinic, number, body))

    assert concluding(MinutesBody(outcome="not_suitable"))[0] == "minutes.incomplete"
    assert concluding(make.minutes_body("intern_pump")) == ("pump.departure-reason", ["departure_reason"])
    assert concluding(make.minutes_body("epidural", route="intrathecal")) == ("minutes.route-mismatch", ["route"])
    assert make.state_of(clinic, number) == "scheduled"
    assert review(clinic, number).state == "open"


def test_without_any_opinion_a_conclusion_needs_a_reason(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    body = make.minutes_body(attendance=[])
    assert broken(lambda: make.conclude(clinic, number, body)) == ("conference.no-quorum", ["quorum_reason"])
    make.conclude(clinic, number, make.minutes_body(quorum_reason="Ingen kunde nås i tid."))
    assert make.state_of(clinic, number) == "decided"


def test_only_a_consultant_concludes_and_not_past_an_opinion_unseen(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    seen = make.version_of(clinic, number)
    for name in (make.COORDINATOR, make.CHAIR, make.NURSE, make.REFERRER):
        with pytest.raises(NotAllowed):
            make.conclude(clinic, number, by=name)
    make.opine(clinic, number, make.NURSE, at=make.AT + make.MINUTE)
    with pytest.raises(Stale):
        make.conclude(clinic, number, version=seen)
    make.conclude(clinic, number)
    assert broken(lambda: make.conclude(clinic, number)) == ("urgent.not-open", [])


def test_a_deferral_sends_the_case_to_the_queue_where_a_meeting_takes_it(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    make.conclude(clinic, number, make.minutes_body("deferred"))
    row = make.case_row(clinic, number)
    assert (row.state, row.waiting_from, row.urgent_until) == ("accepted", make.AT, None)
    assert make.ask(clinic, make.COORDINATOR, reviews.waiting) == []
    make.released(clinic, [number])
    assert view(clinic, number).clock.whose_move == "conference"
    assert review(clinic, number).state == "concluded"


def test_a_case_may_pass_the_lane_again_after_a_deferral(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    make.conclude(clinic, number, make.minutes_body("deferred"), at=make.AT + make.HOUR)
    again = make.AT + 2 * make.HOUR
    make.urgent(clinic, number, members=[make.email(make.PAEDIATRIC)], at=again, deadline=again + make.HOUR)
    found = review(clinic, number)
    assert (found.state, found.opinions, found.opened_at) == ("open", [], again)


def test_the_suggestion_marks_those_who_have_answered_as_present(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.SURGEON)
    body = make.ask(clinic, make.CONSULTANT, reviews.suggestion, number)
    assert [(row.email, row.present) for row in body.attendance] == [
        (make.email(make.NURSE), False),
        (make.email(make.SURGEON), True),
        (make.email(make.CONSULTANT), True),
    ]
    assert body.informs_patient == "Vera Remitterius"


# ------------------------------------------------------------------------------------------------- ratifying
def concluded(database: Database, outcome: str = "extern_pump") -> str:
    number = make.submitted(database)
    make.urgent(database, number)
    make.opine(database, number, make.NURSE)
    make.conclude(database, number, make.minutes_body(outcome), at=make.AT + make.HOUR)
    return number


def test_a_meeting_in_session_lists_and_ratifies_what_was_concluded(clinic: Database) -> None:
    number = concluded(clinic)
    planned = make.released(clinic, [make.accepted(clinic)])
    assert make.ask(clinic, make.CHAIR, reviews.to_ratify, planned) == []
    make.opened(clinic, planned)
    assert [each.line.number for each in make.ask(clinic, make.CHAIR, reviews.to_ratify, planned)] == [number]
    assert make.ask(clinic, make.NURSE, reviews.to_ratify, planned) == []
    make.ratify(clinic, number, planned)
    assert make.ask(clinic, make.CHAIR, reviews.to_ratify, planned) == []
    found = review(clinic, number)
    assert (found.state, found.ratified_at) == ("ratified", make.MEETS)
    assert make.state_of(clinic, number) == "decided"
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.nothing-to-ratify", [])


def test_a_remark_becomes_an_addendum_to_the_minutes(clinic: Database) -> None:
    number = concluded(clinic)
    make.ratify(clinic, number, make.in_session(clinic, []), remark=" Följs upp redan efter en vecka. ")
    (signed,) = make.ask(clinic, make.REFERRER, minutes.of_case, number)
    assert [(each.by, each.text) for each in signed.addenda] == [("Olga Förare", "Följs upp redan efter en vecka.")]


def test_ratifying_is_for_the_chair_of_a_meeting_in_session(clinic: Database) -> None:
    number = concluded(clinic)
    planned = make.released(clinic, [])
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.not-in-session", [])
    make.opened(clinic, planned)
    for name in (make.COORDINATOR, make.CONSULTANT, make.NURSE):
        with pytest.raises(NotAllowed):
            make.ratify(clinic, number, planned, by=name)
    with clinic.writing() as session:
        people.add(
            session, email="annan@demo.mdk", name="Annan Förare", role=Role.CHAIR, unit_id="mdk-samordning",
            profession="läkare", at=make.AT,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        make.ratify(clinic, number, planned, by="annan")
    for unknown in ("x", review(clinic, number).conference):
        assert bad(lambda key=unknown: make.ratify(clinic, number, key)) == ["conference"]
    with pytest.raises(Stale):
        make.ratify(clinic, number, planned, version=1)
    make.ratify(clinic, number, planned)


def test_there_is_nothing_to_ratify_before_a_conclusion_or_after_a_deferral(clinic: Database) -> None:
    planned = make.in_session(clinic, [])
    never, number = make.submitted(clinic), make.submitted(clinic)
    assert broken(lambda: make.ratify(clinic, never, planned)) == ("urgent.nothing-to-ratify", [])
    make.urgent(clinic, number)
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.nothing-to-ratify", [])
    deferred = concluded(clinic, "deferred")
    assert broken(lambda: make.ratify(clinic, deferred, planned)) == ("urgent.nothing-to-ratify", [])


# ------------------------------------------------------------------------------------------------- what waits for whom
def kinds(database: Database, name: str, at: Any = make.AT) -> list[str]:
    return [each.kind for each in make.ask(database, name, reviews.waiting, at=at)]


def test_each_sees_on_the_own_page_what_the_lane_asks_of_them(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    asked = {name: kinds(clinic, name) for name in make.EVERYONE if kinds(clinic, name)}
    assert asked == {make.NURSE: ["opine"], make.SURGEON: ["opine"], make.CONSULTANT: ["conclude"]}
    make.opine(clinic, number, make.NURSE)
    (line,) = make.ask(clinic, make.CONSULTANT, reviews.waiting)
    assert (line.asked, line.answered, line.deadline) == (2, 1, DEADLINE)
    assert kinds(clinic, make.NURSE) == []
    assert kinds(clinic, make.COORDINATOR, DEADLINE) == ["overdue"]
    make.conclude(clinic, number)
    asked = {name: kinds(clinic, name, DEADLINE) for name in make.EVERYONE if kinds(clinic, name, DEADLINE)}
    assert asked == {make.COORDINATOR: ["ratify"], make.CHAIR: ["ratify"]}
    make.ratify(clinic, number, make.in_session(clinic, []))
    assert not any(kinds(clinic, name, DEADLINE) for name in make.EVERYONE)


def test_the_nearest_deadline_stands_first(clinic: Database) -> None:
    later, sooner = make.submitted(clinic), make.submitted(clinic)
    make.urgent(clinic, later)
    make.urgent(clinic, sooner, deadline=make.AT + make.HOUR)
    found = make.ask(clinic, make.NURSE, reviews.waiting)
    assert [each.line.number for each in found] == [sooner, later]


def test_those_who_can_be_asked_are_shown_with_profession_and_unit(clinic: Database) -> None:
    with clinic.reading() as session:
        found = {each.email: (each.profession, each.unit) for each in reviews.askable(session)}
    assert found[make.email(make.NURSE)][0] == "sjuksköterska"
    assert make.email(make.STEERING) not in found
    assert make.email(make.REFERRER) not in found


# ------------------------------------------------------------------------------------------------- mails that are owed
def test_those_concerned_are_told_and_reminders_are_owed_for_later(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    halfway = make.AT + 12 * make.HOUR
    told = owed(clinic, number)
    assert told.pop("notice.case-submitted")
    assert told == {
        "notice.urgent-asked": [(name, make.AT) for name in ASKED],
        "notice.urgent-reminder": [(name, halfway) for name in ASKED],
        "notice.urgent-begun": [(make.CONSULTANT, make.AT)],
        "notice.urgent-deadline": [(make.CONSULTANT, DEADLINE)],
        "notice.urgent-overdue": [(make.COORDINATOR, DEADLINE)],
        "notice.case-urgent": [(make.REFERRER, make.AT)],
    }


def test_the_consultant_is_told_once_when_all_have_answered(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    assert "notice.urgent-complete" not in owed(clinic, number)
    for _ in range(2):
        make.opine(clinic, number, make.SURGEON)
    assert [name for name, _ in owed(clinic, number)["notice.urgent-complete"]] == [make.CONSULTANT]


# ------------------------------------------------------------------------------------------------- no meeting
def test_what_is_held_in_writing_shows_in_no_list_plan_or_calendar_of_meetings(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number, deadline=make.AT + 48 * make.HOUR)
    key = review(clinic, number).conference
    for name in (make.COORDINATOR, make.CHAIR, make.CONSULTANT, make.NURSE, make.REFERRER):
        assert make.ask(clinic, name, conferences_listed) == ([], None)
        assert make.ask(clinic, name, work.next_conference) is None
        with pytest.raises((NotFound, NotAllowed)):
            make.ask(clinic, name, conferences.view, key)
    with clinic.reading() as session:
        assert conferences.planned_for(session, [number]) == {}
        assert session.scalars(select(Participation)).all() == []
        assert session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "conference.changed")).all() == []


def conferences_listed(session: Any, *, by: Any, at: Any) -> Any:
    return conferences.lines(session, by=by)


def test_no_act_on_meetings_reaches_what_is_held_in_writing(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    key = review(clinic, number).conference
    given: dict[Any, dict[str, Any]] = {
        agenda.put: {"items": []},
        agenda.release: {"override_reason": None},
        conference_acts.change: {"changes": {}},
        conference_acts.move: {"starts_at": DEADLINE},
        conference_acts.cancel: {"reason": "x"},
        conference_acts.open_session: {},
        conference_acts.close_session: {},
    }
    for act, content in given.items():
        with pytest.raises(NotFound):
            make.act(clinic, make.CHAIR, act, conference_id=key, version=1, **content)
    with pytest.raises(NotFound):
        make.act(clinic, make.NURSE, conference_acts.reply, conference_id=key, partstat="ACCEPTED", comment=None)


def test_minutes_in_writing_are_only_written_by_concluding(clinic: Database) -> None:
    number = make.submitted(clinic)
    with clinic.writing() as session:
        people.add(
            session, email=make.email(make.CONSULTANT), name="Kim Smärtgren", role=Role.CHAIR,
            unit_id="mdk-samordning", profession="läkare", at=make.AT,
        )  # fmt: skip
    make.urgent(clinic, number)
    key = review(clinic, number).conference
    with clinic.reading() as session:
        both = [line for line in people_lines(session) if line.email == make.email(make.CONSULTANT)]
        chairing = next(line.assignment_id for line in both if line.role == Role.CHAIR)
        by = find_viewer(session, email=make.email(make.CONSULTANT), assignment_id=chairing)
    given = {"conference_id": key, "number": number, "version": 0, "body": make.minutes_body(), "at": make.AT}
    with clinic.writing() as session:
        assert broken(lambda: minutes_acts.save(session, by=by, **given)) == ("minutes.not-in-session", [])


def test_the_consultant_may_add_to_the_minutes_before_they_are_ratified(clinic: Database) -> None:
    number = concluded(clinic)
    key = review(clinic, number).conference
    make.act(
        clinic,
        make.CONSULTANT,
        minutes_acts.add,
        conference_id=key,
        number=number,
        text="Nivån blir Th9.",
        sealing=make.SEALING,
    )
    with pytest.raises(NotAllowed):
        make.act(
            clinic, make.NURSE, minutes_acts.add, conference_id=key, number=number, text="Nej.", sealing=make.SEALING
        )
    (signed,) = make.ask(clinic, make.REFERRER, minutes.of_case, number)
    assert [each.text for each in signed.addenda] == ["Nivån blir Th9."]


def test_a_meeting_closes_without_touching_a_case_in_the_lane(clinic: Database) -> None:
    held, number = make.signed(clinic, "deferred")
    soon = make.MEETS + make.MINUTE
    make.urgent(clinic, number, at=soon, deadline=soon + timedelta(hours=5))
    make.closed(clinic, held)
    assert make.state_of(clinic, number) == "scheduled"
    with clinic.reading() as session:
        kept = session.scalars(select(CaseRelation).where(col(CaseRelation.until).is_not(None))).all()
        assert {row.key for row in kept} == {held, review(clinic, number, at=soon).conference}
        assert session.scalars(select(Conference.kind).order_by(Conference.kind)).all() == ["meeting", "urgent"]  # type: ignore[call-overload]
