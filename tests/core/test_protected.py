"""Protected identity: who the patient is, and where, is known to those treating and to nobody else."""

from typing import Any

import msgspec
import pytest

import make
from mdk.cases import attachments, lists, queries, service
from mdk.conferences import queries as conferences
from mdk.db import Database
from mdk.errors import NotFound
from mdk.journey import signing, work
from mdk.minutes import queries as minutes
from mdk.minutes import sheets
from mdk.minutes.sheets import fingerprint
from mdk.pathways import contacts, home_care
from mdk.pathways.structs import ContactBody

PLACE, CONTACT = "Hemma på Storgatan, Växjö", "MAS Växjö, 0470-1"
PROTECTED = {
    "patient.protected_identity": "yes",
    "patient.next_of_kin": "Systern Provlund, Växjö",
    "patient.care_place": PLACE,
    "home_care.mas_contact": CONTACT,
}


def listed(database: Database, name: str, text: str = "") -> set[str]:
    return {line.number for line in make.ask(database, name, lists.lines, text=text)[0]}


def named(database: Database, name: str, number: str, at: Any = make.AT) -> bool:
    view = make.ask(database, name, queries.view, number, at=at)
    said = f"{view.patient}"
    hidden = not any(each in said for each in (make.ADULT, "Provlund", "Växjö"))
    assert view.identity_hidden is hidden
    return not hidden


def test_a_protected_patient_is_named_to_those_treating_and_to_nobody_else(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**PROTECTED))
    leading = (make.COORDINATOR, make.CHAIR, make.CONSULTANT)
    assert [named(clinic, name, number) for name in (make.REFERRER, *leading)] == [True, False, False, False]
    held = make.released(clinic, [number])
    people = (make.CHAIR, make.CONSULTANT, make.NURSE, make.SURGEON, make.COORDINATOR)
    assert [named(clinic, name, number) for name in people] == [True, True, True, True, False]
    make.closed(clinic, make.opened(clinic, held))
    after = make.MEETS + make.HOUR + 30 * make.DAY
    assert [named(clinic, name, number, after) for name in leading] == [False, False, False]
    make.act(clinic, make.COORDINATOR, service.break_glass, number=number, reason="Ringer patienten", at=after)
    assert named(clinic, make.COORDINATOR, number, after)


def test_a_protected_patient_is_found_by_those_treating_only_and_waits_for_triage_all_the_same(
    clinic: Database,
) -> None:
    number = make.submitted(clinic, make.submission(**PROTECTED))
    for text in ("", "Elsa Provlund", make.ADULT, number):
        assert listed(clinic, make.COORDINATOR, text) == set()
        assert listed(clinic, make.REFERRER, text) == {number}
    assert make.ask(clinic, make.COORDINATOR, work.tallies) == (0, 0)
    assert [line.number for line in make.ask(clinic, make.COORDINATOR, work.triage)[0]] == [number]
    make.do(clinic, number, "accept")
    assert [line.case for line in make.ask(clinic, make.COORDINATOR, lists.queue)[0]] == [number]
    held = make.conference(clinic, [number])
    assert [slot.case for slot in make.ask(clinic, make.COORDINATOR, conferences.view, held).agenda] == [number]


def test_another_case_of_a_protected_patient_is_not_told_to_who_does_not_treat_in_it(clinic: Database) -> None:
    mine = make.submitted(clinic, make.submission(**PROTECTED))
    make.submitted(clinic, make.submission(**PROTECTED), by=make.OTHER_REFERRER)
    assert make.ask(clinic, make.COORDINATOR, queries.view, mine).open_cases == []


def test_the_files_and_papers_of_a_protected_patient_are_for_those_treating(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**PROTECTED))
    held = make.released(clinic, [number])
    make.opened(clinic, held)
    make.save(clinic, held, number, make.minutes_body("nerve_block"))
    make.sign(clinic, held, number)
    assert make.ask(clinic, make.NURSE, sheets.papers, held, number).pdf
    with pytest.raises(NotFound):
        make.ask(clinic, make.COORDINATOR, sheets.papers, held, number)
    assert make.ask(clinic, make.COORDINATOR, minutes.view, held, number).case == number
    with pytest.raises(NotFound):
        make.ask(clinic, make.COORDINATOR, attachments.read, number, "x")


def test_a_change_of_a_protected_patient_s_name_is_no_story_for_others(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(**PROTECTED))
    make.do(clinic, number, "patch", by=make.REFERRER, changes={"patient": {"name": "Elsa Nyprov"}, "question": "Ny?"})

    def changed(name: str) -> set[str]:
        steps = make.ask(clinic, name, work.story, number)
        return {change.field for step in steps for change in step.changes}

    moved = {"home_care": {"mas_contact": "MAS Alvesta"}}
    make.do(clinic, number, "patch", by=make.REFERRER, changes=moved)
    assert changed(make.REFERRER) == {"patient.name", "question", "home_care.mas_contact"}
    assert changed(make.COORDINATOR) == {"question"}


def test_where_a_protected_patient_is_cared_for_stands_in_no_draft_and_no_contact(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**PROTECTED))
    held = make.released(clinic, [number])
    make.opened(clinic, held)
    draft = make.ask(clinic, make.COORDINATOR, minutes.view, held, number)
    assert draft.opioid_plan_owner == "Palliativa teamet Växjö"  # the unit, whose name any reader of the case knows
    for name, contact in ((make.REFERRER, CONTACT), (make.COORDINATOR, queries.HIDDEN)):
        view = make.ask(clinic, name, queries.view, number)
        assert view.home_care.mas_contact == contact
        assert (PLACE in msgspec.json.encode(view).decode()) is (name == make.REFERRER)


def test_whom_home_care_is_asked_for_of_a_protected_patient_is_told_to_those_treating(clinic: Database) -> None:
    body = ContactBody(name="MAS Växjö kommun", email="mas@kommun.example", municipality="Växjö")
    make.act(clinic, make.FUNCTION, home_care.keep_contact, body=body)
    number = make.accepted(clinic, make.submission(**PROTECTED, **{"home_care.can_take_extern": "unknown"}))
    make.act(clinic, make.REFERRER, home_care.ask, number=number)
    for name, told in ((make.REFERRER, "MAS Växjö kommun"), (make.COORDINATOR, queries.HIDDEN)):
        assert {line.name for line in make.ask(clinic, name, contacts.questions, number)} == {told}


def test_a_chair_who_no_longer_treats_a_protected_patient_signs_without_reading_who_it_is(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**PROTECTED))
    held = make.released(clinic, [number])
    make.opened(clinic, held)
    make.save(clinic, held, number, make.minutes_body("nerve_block"))
    _, sheet, seen = make.ask(clinic, make.CHAIR, signing.read_back, held, number, at=make.MEETS)
    assert (sheet.patient, sheet.identity_number, seen) == ("Elsa Provlund", make.ADULT, fingerprint(sheet))
    make.closed(clinic, held)
    later = make.MEETS + make.HOUR + 31 * make.DAY
    _, blank, seen_later = make.ask(clinic, make.CHAIR, signing.read_back, held, number, at=later)
    assert (blank.patient, blank.identity_number) == (queries.HIDDEN, queries.HIDDEN)
    assert seen_later == seen  # what is signed is the whole sheet all the same
