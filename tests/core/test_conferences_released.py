"""A conference: released, changed, moved and cancelled."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.conferences import agenda, service
from mdk.conferences.tables import AgendaRelease
from mdk.db import Database
from mdk.errors import Invalid, Stale
from meeting import broken, disable, owed, taking_part, view


# ------------------------------------------------------------------------------------------------- release
def test_a_release_schedules_its_cases_invites_those_concerned_and_owes_one_mail_round(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic, by=make.OTHER_REFERRER)]
    planned = make.conference(clinic, numbers)
    make.release(clinic, planned)
    assert [make.state_of(clinic, number) for number in numbers] == ["scheduled", "scheduled"]
    assert taking_part(clinic, planned) == {
        make.CHAIR: "chair",
        make.CONSULTANT: "consultant",
        make.NURSE: "member",
        make.SURGEON: "member",
        make.REFERRER: "presenter",
        make.OTHER_REFERRER: "presenter",
    }
    assert (view(clinic, planned).state, view(clinic, planned).release, owed(clinic, planned)) == ("released", 1, 1)


def test_a_later_release_sends_dropped_cases_back_and_needs_a_reason_only_for_new_ones(clinic: Database) -> None:
    first, second, late = (make.accepted(clinic) for _ in range(3))
    held = make.released(clinic, [first, second])
    make.put_agenda(clinic, held, [second])
    assert view(clinic, held).unreleased_changes
    assert [slot.case for slot in view(clinic, held, make.NURSE).agenda] == [first, second]
    make.release(clinic, held)
    assert [make.state_of(clinic, number) for number in (first, second)] == ["accepted", "scheduled"]
    assert make.case_row(clinic, first).waiting_from == make.AT
    make.put_agenda(clinic, held, [second, late])
    assert broken(clinic, lambda: make.release(clinic, held))[0] == "conference.late-addition"
    assert broken(clinic, lambda: make.release(clinic, held, reason="  "))[0] == "conference.late-addition"
    make.release(clinic, held, reason="Snabb försämring")
    with clinic.reading() as session:
        reasons = session.scalars(select(AgendaRelease.override_reason).order_by(col(AgendaRelease.number)))  # type: ignore[call-overload]
        assert list(reasons) == ["", "", "Snabb försämring"]
    assert (view(clinic, held).release, make.state_of(clinic, late)) == (3, "scheduled")


def test_a_gap_holds_a_release_back_unless_someone_gave_a_reason(clinic: Database) -> None:
    gappy = make.submission(**{"safety.infection": make.LEFT_OUT, "pain": make.LEFT_OUT})
    number = make.accepted(clinic, gappy)
    planned = make.conference(clinic, [number])
    assert broken(clinic, lambda: make.release(clinic, planned)) == (
        "conference.incomplete",
        [f"{number}.pain.nrs", f"{number}.safety.infection"],
    )
    assert make.state_of(clinic, number) == "accepted"
    make.release(clinic, planned, reason="Tas muntligt")
    excused = make.submitted(clinic, gappy)
    make.do(clinic, excused, "accept", override_reason="Tas muntligt")
    make.released(clinic, [excused])


def test_a_release_without_a_consultant_or_deputy_is_refused_until_a_deputy_is_named(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    disable(clinic, make.CONSULTANT)
    assert broken(clinic, lambda: make.release(clinic, planned))[0] == "conference.no-consultant"
    make.at_conference(clinic, planned, service.change, changes={"deputy": make.email(make.NURSE)})
    make.release(clinic, planned)
    assert view(clinic, planned).state == "released"


def test_a_conference_whose_time_has_passed_is_not_released(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    assert broken(clinic, lambda: make.release(clinic, planned, at=make.MEETS))[0] == "conference.in-past"


@pytest.mark.parametrize("name", ["decline", "answer", "redirect", "request_supplement"])
def test_a_case_that_left_the_queue_meanwhile_holds_the_release_back(clinic: Database, name: str) -> None:
    number, other = make.accepted(clinic), make.accepted(clinic)
    planned = make.conference(clinic, [other, number])
    make.do(clinic, number, name)
    assert broken(clinic, lambda: make.release(clinic, planned, reason="Ändå")) == (
        "conference.case-not-queued",
        ["items.1.case"],
    )
    make.put_agenda(clinic, planned, [other])
    make.release(clinic, planned)


def test_a_release_on_an_older_version_is_stale(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    with pytest.raises(Stale):
        make.at_conference(clinic, planned, agenda.release, version=1, override_reason=None)


def test_the_paediatric_team_is_invited_for_a_child(clinic: Database) -> None:
    child = make.accepted(clinic, make.submission(**{"patient.identity_number": make.CHILD}))
    held = make.released(clinic, [child])
    assert taking_part(clinic, held)[make.PAEDIATRIC] == "member"
    assert view(clinic, held).quorum.cases[0].lacking == []


# ------------------------------------------------------------------------------------------------- change, move, cancel
def test_a_change_touches_what_it_names_and_tells_once_it_was_released(clinic: Database) -> None:
    planned = make.conference(clinic)
    make.at_conference(clinic, planned, service.change, changes={"video_url": "https://video.example/x"})
    assert owed(clinic, planned) == 0
    assert (view(clinic, planned).video_url, view(clinic, planned).chair) == (
        "https://video.example/x",
        make.email(make.CHAIR),
    )
    make.at_conference(clinic, planned, service.change, changes={"video_url": None, "members": []})
    assert (view(clinic, planned).video_url, view(clinic, planned).members) == (None, [])
    make.release(clinic, planned)
    make.at_conference(clinic, planned, service.change, changes={"deputy": make.email(make.SURGEON)})
    assert taking_part(clinic, planned)[make.SURGEON] == "deputy"
    assert owed(clinic, planned) == 1


def test_members_who_stay_may_have_left_and_stand_in_any_order(clinic: Database) -> None:
    planned = make.conference(clinic)
    disable(clinic, make.NURSE)
    for order in ([make.SURGEON, make.NURSE], [make.NURSE, make.SURGEON]):
        make.at_conference(clinic, planned, service.change, changes={"members": [make.email(name) for name in order]})
        assert sorted(view(clinic, planned).members) == sorted(make.email(name) for name in order)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"chair": None}, ["chair"]),
        ({"starts_at": "2020-01-01T12:00:00Z"}, ["starts_at"]),
        ({"colour": "red"}, ["colour"]),
        ({"duration_minutes": 0}, ["duration_minutes"]),
        ({"consultant": make.email(make.NURSE)}, ["consultant"]),
    ],
)
def test_a_bad_change_is_refused(ward: Database, changes: dict[str, Any], fields: list[str]) -> None:
    planned = make.conference(ward)
    with pytest.raises(Invalid) as refused:
        make.at_conference(ward, planned, service.change, changes=changes)
    assert [problem.field for problem in refused.value.problems] == fields


def test_a_conference_is_not_made_shorter_than_its_agenda(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)], minutes_each=30)
    shorter = lambda: make.at_conference(clinic, planned, service.change, changes={"duration_minutes": 29})  # noqa: E731
    assert broken(clinic, shorter) == ("conference.too-long", ["duration_minutes"])


@pytest.mark.parametrize("way", ["patch", "move"])
def test_a_moved_conference_asks_everyone_anew(clinic: Database, way: str) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment="Gärna")
    start = make.MEETS + make.DAY
    if way == "patch":
        make.at_conference(clinic, held, service.change, changes={"starts_at": start.isoformat()})
    else:
        make.at_conference(clinic, held, service.move, starts_at=start)
    assert {person.partstat for person in view(clinic, held).people} == {"NEEDS-ACTION"}
    assert (view(clinic, held).starts_at, view(clinic, held).agenda[0].starts_at) == (start, start)
    assert (make.state_of(clinic, number), owed(clinic, held)) == ("scheduled", 1)


def test_a_conference_is_not_moved_into_the_past(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    with pytest.raises(Invalid):
        make.at_conference(clinic, held, service.move, starts_at=make.AT)
    assert view(clinic, held).starts_at == make.MEETS


def test_a_cancelled_conference_gives_its_cases_back_with_their_place_kept(clinic: Database) -> None:
    scheduled, planned_only = make.accepted(clinic), make.accepted(clinic)
    held = make.released(clinic, [scheduled])
    make.put_agenda(clinic, held, [scheduled, planned_only])
    make.at_conference(clinic, held, service.cancel, reason="Konsulten är sjuk", at=make.AT + make.DAY)
    assert [make.state_of(clinic, number) for number in (scheduled, planned_only)] == ["accepted", "accepted"]
    assert make.case_row(clinic, scheduled).waiting_from == make.AT
    assert (view(clinic, held).state, view(clinic, held).cancel_reason) == ("cancelled", "Konsulten är sjuk")
    assert owed(clinic, held) == 1
    make.released(clinic, [scheduled, planned_only])


def test_a_cancelled_plan_tells_nobody(clinic: Database) -> None:
    planned = make.conference(clinic)
    make.at_conference(clinic, planned, service.cancel, reason="Helgdag")
    assert owed(clinic, planned) == 0
