"""The urgent lane beside all else: what waits for whom, what is mailed, and that it is no meeting."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from lane import ASKED, DEADLINE, broken, concluded, owed, review
from mdk.cases.tables import CaseRelation
from mdk.conferences import agenda
from mdk.conferences import queries as conferences
from mdk.conferences import service as conference_acts
from mdk.conferences.tables import Conference, Participation
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound
from mdk.journey import reviews, work
from mdk.minutes import queries as minutes
from mdk.minutes import service as minutes_acts
from mdk.outbox.tables import OutboxRow
from mdk.people import service as people
from mdk.people.queries import people as people_lines
from mdk.people.queries import viewer as find_viewer
from mdk.people.structs import Role


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
