"""Who may see a case: by relation, never by role alone; and a list shows what a look would."""

from datetime import datetime, timedelta
from typing import Any

import pytest

import make
from mdk.cases import lists, queries, service
from mdk.conferences import queries as conferences
from mdk.conferences import service as conference_service
from mdk.db import Database
from mdk.errors import MdkError, NotAllowed, NotFound

SEE_ALL = {make.COORDINATOR, make.CHAIR, make.CONSULTANT}
NO_PATIENTS = {make.STEERING, make.AUDITOR, make.ADMIN}


def seers(database: Database, number: str, at: datetime = make.AT) -> set[str]:
    """Everyone who may see the case; a look, a list and an edit must agree."""
    seeing = set()
    for name in make.EVERYONE:
        by = make.viewer(database, name)
        try:
            with database.reading() as session:
                queries.view(session, number, by=by, at=at)
            seeing.add(name)
        except NotAllowed:
            assert name in NO_PATIENTS
            continue
        except NotFound:
            assert name not in NO_PATIENTS
        listed = {line.number for line in make.ask(database, name, lists.lines, at=at)[0]}
        assert (number in listed) is (name in seeing), name
    return seeing


def test_a_draft_is_its_unit_s_own(clinic: Database) -> None:
    assert seers(clinic, make.draft(clinic)) == {make.REFERRER}


@pytest.mark.parametrize("state", ["submitted", "supplement_requested", "accepted", "answered", "declined"])
def test_a_submitted_case_is_seen_by_its_unit_and_those_who_lead(clinic: Database, state: str) -> None:
    assert seers(clinic, make.case_in_state(clinic, state)) == {make.REFERRER, *SEE_ALL}


def test_another_unit_does_not_know_of_the_case_whatever_it_tries(clinic: Database) -> None:
    number = make.submitted(clinic)
    for name in ("submit", "patch", "supplement"):
        given: dict[str, Any] = {"changes": {}} if name == "patch" else {}
        with pytest.raises(NotFound):
            make.do(clinic, number, name, by=make.OTHER_REFERRER, **given)
    with pytest.raises(NotAllowed):
        make.do(clinic, number, "accept", by=make.OTHER_REFERRER)
    with pytest.raises(NotAllowed):
        make.do(clinic, number, "patch", by=make.CHAIR, changes={})


def test_members_see_a_case_from_its_release_until_thirty_days_after_the_conference_closed(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.conference(clinic, [number])
    own = {make.REFERRER, *SEE_ALL}
    assert seers(clinic, number) == own
    make.release(clinic, held)
    members = {make.NURSE, make.SURGEON}
    assert seers(clinic, number) == own | members
    make.closed(clinic, make.opened(clinic, held))
    end = make.MEETS + make.HOUR + 30 * make.DAY
    assert seers(clinic, number, end - timedelta(seconds=1)) == own | members
    assert seers(clinic, number, end) == own


def test_a_conference_shows_no_case_to_a_member_who_may_not_see_it_any_more(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.closed(clinic, make.in_session(clinic, [number]))
    during, after = make.MEETS + 2 * make.HOUR, make.MEETS + 31 * make.DAY
    for name, at, shown in (
        (make.NURSE, during, [number]),
        (make.NURSE, after, []),
        (make.CHAIR, after, [number]),
        (make.REFERRER, after, [number]),
    ):
        view = make.ask(clinic, name, conferences.view, held, at=at)
        assert [slot.case for slot in view.agenda] == shown


def test_a_case_that_is_dropped_from_the_agenda_is_hidden_from_the_members_again(clinic: Database) -> None:
    number, kept = make.accepted(clinic), make.accepted(clinic)
    held = make.released(clinic, [number, kept])
    make.put_agenda(clinic, held, [kept])
    make.release(clinic, held)
    assert make.NURSE not in seers(clinic, number)
    assert make.NURSE in seers(clinic, kept)


def test_whoever_joins_after_the_release_sees_the_cases_and_whoever_leaves_does_not(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    changes = {"members": [make.email(make.PAEDIATRIC), make.email(make.SURGEON)]}
    make.at_conference(clinic, held, conference_service.change, changes=changes)
    assert seers(clinic, number) & {make.NURSE, make.PAEDIATRIC, make.SURGEON} == {make.PAEDIATRIC, make.SURGEON}


def test_a_cancelled_conference_shows_its_cases_no_longer(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    make.at_conference(clinic, held, conference_service.cancel, reason="Sjukdom")
    assert seers(clinic, number) == {make.REFERRER, *SEE_ALL}


def test_the_paediatric_team_sees_a_child_s_case_without_being_a_member(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**{"patient.identity_number": make.CHILD}))
    make.released(clinic, [number])
    assert make.PAEDIATRIC in seers(clinic, number)


@pytest.mark.parametrize(
    ("outcome", "receivers"),
    [("extern_pump", {make.FUNCTION}), ("intern_pump", {make.FUNCTION, make.SURGEON}), ("nerve_block", set())],
)
def test_the_receiver_sees_a_case_from_the_decision_on_and_for_good(
    clinic: Database, outcome: str, receivers: set[str]
) -> None:
    held, number = make.signed(clinic, outcome)
    make.closed(clinic, held)
    assert seers(clinic, number, make.MEETS + 400 * make.DAY) == {make.REFERRER, *SEE_ALL, *receivers}


@pytest.mark.parametrize("name", [make.OTHER_REFERRER, make.NURSE, make.SURGEON, "funktion.skane"])
def test_broken_glass_shows_the_case_for_a_day(clinic: Database, name: str) -> None:
    number = make.submitted(clinic)
    make.act(clinic, name, service.break_glass, number=number, reason="Akut på jourtid")
    assert seers(clinic, number) == {make.REFERRER, name, *SEE_ALL}
    assert seers(clinic, number, make.AT + timedelta(hours=24)) == {make.REFERRER, *SEE_ALL}


def test_broken_glass_lets_nobody_change_anything(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.act(clinic, make.OTHER_REFERRER, service.break_glass, number=number, reason="Akut")
    with pytest.raises(NotAllowed):
        make.do(clinic, number, "patch", by=make.OTHER_REFERRER, changes={"question": "?"})


@pytest.mark.parametrize("name", sorted(NO_PATIENTS))
def test_no_glass_for_roles_without_patients(clinic: Database, name: str) -> None:
    number = make.submitted(clinic)
    with pytest.raises(NotAllowed):
        make.act(clinic, name, service.break_glass, number=number, reason="Nyfiken")


def test_there_is_no_glass_before_a_draft_or_before_nothing(clinic: Database) -> None:
    draft = make.draft(clinic)
    raised: list[str] = []
    for number in (draft, "MDK-2026-9999"):
        with pytest.raises(MdkError) as refused:
            make.act(clinic, make.NURSE, service.break_glass, number=number, reason="Akut")
        raised.append(f"{refused.value.code} {refused.value.message}")
    assert len(set(raised)) == 1


def test_other_open_cases_of_the_patient_are_shown_as_far_as_the_viewer_may_see_them(clinic: Database) -> None:
    mine = make.submitted(clinic)
    draft = make.draft(clinic)
    theirs = make.submitted(clinic, by=make.OTHER_REFERRER)
    ended = make.case_in_state(clinic, "declined")
    another = make.submitted(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))

    def others(name: str, number: str) -> set[str]:
        return {case.number for case in make.ask(clinic, name, queries.view, number).open_cases}

    assert others(make.REFERRER, mine) == {draft}
    assert others(make.OTHER_REFERRER, theirs) == set()
    assert others(make.COORDINATOR, mine) == {theirs}
    assert others(make.COORDINATOR, ended) == {mine, theirs}
    assert others(make.COORDINATOR, another) == set()


def test_a_supplement_stands_in_the_case_for_its_readers(clinic: Database) -> None:
    number = make.case_in_state(clinic, "scheduled")
    make.do(clinic, number, "supplement", by=make.REFERRER, text="Nya koagulationsprover finns.")
    seen = make.ask(clinic, make.COORDINATOR, queries.view, number)
    assert [(each.by, each.text) for each in seen.supplements] == [
        ("Vera Remitterius", "Nya koagulationsprover finns.")
    ]
