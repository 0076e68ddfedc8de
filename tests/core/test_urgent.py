"""The urgent lane: opened, read by those who were asked, and answered."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from lane import ASKED, DEADLINE, bad, broken, review, view
from mdk.cases.lists import lines
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.clock import local
from mdk.conferences.tables import AgendaItem
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, Stale
from mdk.journey import reviews, work
from mdk.journey.urgent_rules import LONGEST, suggested_deadline
from mdk.people import service as people


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
