"""An absence marks the conferences that it hits, its deputy stands in, and its removal takes the deputy back."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import CHAIR, CONSULTANT, COORDINATOR, NURSE, REFERRER, SURGEON
from mdk.conferences import absences, agenda, postponing, service
from mdk.conferences.absent import absences as listed
from mdk.conferences.losses import losses
from mdk.conferences.structs import AbsenceBody, AbsenceView, OfferLine
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken
from mdk.outbox.tables import OutboxRow

WEDNESDAY = date(2026, 11, 25)
SURGEON_ = make.email(SURGEON)


def away(database: Database, name: str = CONSULTANT, *, by: str = "", **changes: Any) -> str:
    given = {"first_day": WEDNESDAY, "last_day": WEDNESDAY} | changes
    body = AbsenceBody(**given, person=make.email(name) if by else None)
    return make.act(database, by or name, absences.record, body=body).id


def shown(database: Database, by: str = COORDINATOR) -> list[AbsenceView]:
    with database.reading() as session:
        return listed(session, by=make.viewer(database, by), at=make.AT)


def deputy(database: Database, conference: str) -> int | None:
    return make.conference_row(database, conference).deputy_id


def owed(database: Database, topic: str) -> list[str]:
    with database.reading() as session:
        return [row.key for row in session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == topic))]


def offered(database: Database, conference: str) -> list[OfferLine]:
    return make.ask(database, COORDINATOR, postponing.offers, conference_id=conference, at=make.AT)


def test_without_a_deputy_the_release_is_refused_and_the_cases_are_offered_the_next_conference(
    clinic: Database,
) -> None:
    number = make.accepted(clinic)
    conference = make.conference(clinic, [number])
    later = make.conference(clinic, starts_at=make.MEETS + 7 * make.DAY)
    assert offered(clinic, conference) == []
    away(clinic)
    with pytest.raises(RuleBroken) as refused:
        make.release(clinic, conference)
    assert (refused.value.rule, refused.value.problems[0].field) == ("conference.consultant-away", "deputy")
    assert offered(clinic, conference) == [OfferLine(number, 15, later, make.MEETS + 7 * make.DAY)]
    make.at_conference(clinic, conference, postponing.postpone)
    make.release(clinic, later)
    assert make.state_of(clinic, number) == "scheduled"
    assert offered(clinic, conference) == []
    with pytest.raises(RuleBroken) as nothing:
        make.at_conference(clinic, conference, postponing.postpone)
    assert nothing.value.rule == "conference.nothing-to-postpone"


@pytest.mark.parametrize("how", ["away", "declined"])
def test_a_released_conference_that_lost_its_consultant_is_cancelled_and_its_cases_moved_by_one_act(
    clinic: Database, how: str
) -> None:
    first, second = make.accepted(clinic), make.accepted(clinic)
    conference = make.released(clinic, [first, second])
    assert offered(clinic, conference) == []
    if how == "away":
        away(clinic)
    else:
        given = {"conference_id": conference, "partstat": "DECLINED", "comment": None}
        make.act(clinic, CONSULTANT, service.reply, **given)
    before = make.conference_row(clinic, conference)
    with pytest.raises(RuleBroken) as nowhere:
        make.at_conference(clinic, conference, postponing.postpone)
    assert nowhere.value.rule == "conference.nothing-to-postpone"
    assert make.conference_row(clinic, conference).version == before.version
    later = make.conference(clinic, starts_at=make.MEETS + 7 * make.DAY, duration_minutes=15)
    assert [line.conference for line in offered(clinic, conference)] == [later, None]
    make.at_conference(clinic, conference, postponing.postpone)
    row = make.conference_row(clinic, conference)
    assert (row.state, row.cancel_reason) == ("cancelled", postponing.NO_CONSULTANT)
    assert [make.state_of(clinic, number) for number in (first, second)] == ["accepted", "accepted"]
    make.release(clinic, later)
    assert [make.state_of(clinic, number) for number in (first, second)] == ["scheduled", "accepted"]
    assert [line.case for line in offered(clinic, conference)] == [second]  # and it is still offered onward


def test_a_deputy_keeps_a_released_conference_as_it_is(clinic: Database) -> None:
    conference = make.released(clinic, [make.accepted(clinic)], deputy=SURGEON_)
    away(clinic)
    assert offered(clinic, conference) == []


def test_cases_are_offered_only_where_there_is_room_and_a_consultant(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic), make.accepted(clinic)]
    conference = make.conference(clinic, numbers, minutes_each=20)
    make.conference(clinic, starts_at=make.MEETS + make.DAY)
    short = make.conference(clinic, starts_at=make.MEETS + 2 * make.DAY, duration_minutes=45)
    away(clinic, last_day=WEDNESDAY + timedelta(days=1))
    assert [line.conference for line in offered(clinic, conference)] == [short, short, None]
    done = make.at_conference(clinic, conference, postponing.postpone)
    assert [line.case for line in done] == numbers[:2]
    assert [line.case for line in offered(clinic, conference)] == numbers[2:]


def test_what_a_cancelled_conference_leaves_in_the_queue_is_offered_the_next(clinic: Database) -> None:
    number = make.accepted(clinic)
    conference = make.released(clinic, [number])
    later = make.conference(clinic, starts_at=make.MEETS + 7 * make.DAY)
    make.at_conference(clinic, conference, service.cancel, reason="Sjukdom")
    assert [line.conference for line in offered(clinic, conference)] == [later]
    make.at_conference(clinic, conference, postponing.postpone)
    make.release(clinic, later)
    assert make.state_of(clinic, number) == "scheduled"


def test_a_deputy_stands_in_is_told_and_is_taken_back_with_the_absence(clinic: Database) -> None:
    conference = make.released(clinic, [make.accepted(clinic)])
    before = len(owed(clinic, "conference.changed"))
    absence = away(clinic, deputy=SURGEON_)
    assert deputy(clinic, conference) == make.viewer(clinic, SURGEON).person_id
    assert len(owed(clinic, "conference.changed")) >= before
    (view,) = shown(clinic)
    assert (view.person, view.deputy) == (make.email(CONSULTANT), SURGEON_)
    assert [(hit.id, hit.role, hit.covered) for hit in view.conferences] == [(conference, "consultant", True)]
    make.act(clinic, CONSULTANT, absences.remove, absence_id=absence)
    assert deputy(clinic, conference) is None
    assert shown(clinic) == []


def test_a_deputy_who_was_named_by_hand_stays(clinic: Database) -> None:
    conference = make.conference(clinic, deputy=make.email(CHAIR))
    absence = away(clinic, deputy=SURGEON_)
    assert deputy(clinic, conference) == make.viewer(clinic, CHAIR).person_id
    make.act(clinic, CONSULTANT, absences.remove, absence_id=absence)
    assert deputy(clinic, conference) == make.viewer(clinic, CHAIR).person_id


def test_a_conference_that_is_planned_or_moved_into_an_absence_gets_its_deputy_and_out_of_it_loses_it(
    clinic: Database,
) -> None:
    away(clinic, deputy=SURGEON_)
    surgeon = make.viewer(clinic, SURGEON).person_id
    conference = make.conference(clinic)
    assert deputy(clinic, conference) == surgeon
    make.at_conference(clinic, conference, service.move, starts_at=make.MEETS + make.DAY)
    assert deputy(clinic, conference) is None
    make.at_conference(clinic, conference, service.change, changes={"starts_at": "2026-11-25T13:00:00Z"})
    assert deputy(clinic, conference) == surgeon


@pytest.mark.parametrize(("name", "kind"), [(CONSULTANT, "consultant"), (NURSE, "nurse"), (REFERRER, "presenter")])
def test_a_released_conference_that_loses_someone_by_an_absence_is_told_to_the_planners(
    clinic: Database, name: str, kind: str
) -> None:
    conference = make.released(clinic, [make.accepted(clinic)])
    away(clinic, name)
    with clinic.reading() as session:
        assert [loss.kind for loss in losses(session, session.get_one(Conference, conference))] == [kind]
    assert owed(clinic, f"notice.{kind}-lost") == [conference, conference]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"last_day": date(2026, 11, 24)}, "last_day"),
        ({"first_day": date(2026, 1, 1), "last_day": date(2026, 1, 2)}, "last_day"),
        ({"last_day": date(2029, 1, 1)}, "last_day"),
        ({"deputy": "nobody@demo.mdk"}, "deputy"),
        ({"deputy": make.email(CONSULTANT)}, "deputy"),
        ({"deputy": make.email(REFERRER)}, "deputy"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_with_the_field(ward: Database, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        away(ward, **given)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_someone_who_is_away_cannot_stand_in(ward: Database) -> None:
    away(ward, SURGEON)
    with pytest.raises(Invalid) as refused:
        away(ward, deputy=SURGEON_)
    assert [problem.field for problem in refused.value.problems] == ["deputy"]


def test_everyone_records_the_own_absence_and_only_the_coordinator_that_of_others(ward: Database) -> None:
    absence = away(ward, by=COORDINATOR)
    for name in (NURSE, CHAIR):
        with pytest.raises(NotAllowed):
            away(ward, by=name)
        with pytest.raises(NotFound):
            make.act(ward, name, absences.remove, absence_id=absence)
    with pytest.raises(NotAllowed):
        away(ward, make.ADMIN)
    with pytest.raises(NotFound):
        make.act(ward, COORDINATOR, absences.remove, absence_id="nothing")
    assert [len(shown(ward, name)) for name in (COORDINATOR, CHAIR, CONSULTANT, NURSE)] == [1, 1, 1, 0]


def test_an_agenda_that_needs_no_case_is_refused_alike_when_the_deputy_is_away_too(ward: Database) -> None:
    conference = make.conference(ward, deputy=SURGEON_)
    away(ward)
    make.release(ward, conference)
    away(ward, SURGEON)
    with pytest.raises(RuleBroken) as refused:
        make.at_conference(ward, conference, agenda.release, override_reason=None)
    assert refused.value.rule == "conference.consultant-away"
