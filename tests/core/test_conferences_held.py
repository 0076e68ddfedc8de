"""A conference: answered, held by a quorum, and closed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.conferences import agenda, rules, service
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, Participation
from mdk.db import Database
from mdk.errors import Invalid, MdkError, NotAllowed, NotFound, RuleBroken
from mdk.people import service as people
from meeting import broken, owed, view


# ------------------------------------------------------------------------------------------------- session
def test_closing_counts_every_case_as_discussed_and_frees_what_was_only_planned(clinic: Database) -> None:
    numbers = [make.accepted(clinic) for _ in range(3)]
    held = make.released(clinic, numbers[:2])
    make.put_agenda(clinic, held, numbers)
    make.closed(clinic, make.opened(clinic, held))
    assert [make.state_of(clinic, number) for number in numbers] == ["discussed", "discussed", "accepted"]
    make.released(clinic, numbers[2:])
    with clinic.reading() as session:
        assert len(session.scalars(select(AgendaItem).where(col(AgendaItem.open).is_(True))).all()) == 1


def test_only_this_conference_s_chair_opens_and_closes(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
    for name in (make.COORDINATOR, make.CONSULTANT, "annan"):
        with pytest.raises(NotAllowed):
            make.at_conference(clinic, held, service.open_session, by=name)
    make.opened(clinic, held, at=make.AT)
    with pytest.raises(NotAllowed):
        make.at_conference(clinic, held, service.close_session, by="annan")


CONFERENCE_ACTS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "put": (make.COORDINATOR, {"items": []}, {"planned", "released"}),
    "release": (make.COORDINATOR, {"override_reason": None}, {"planned", "released"}),
    "change": (make.COORDINATOR, {"changes": {"deputy": None}}, {"planned", "released"}),
    "move": (make.COORDINATOR, {"starts_at": make.MEETS + make.DAY}, {"planned", "released"}),
    "cancel": (make.COORDINATOR, {"reason": "Sjukdom"}, {"planned", "released"}),
    "open_session": (make.CHAIR, {}, {"released"}),
    "close_session": (make.CHAIR, {}, {"in_session"}),
}


@pytest.mark.parametrize("state", ConferenceState)
@pytest.mark.parametrize("name", CONFERENCE_ACTS)
def test_each_act_is_done_in_its_states_only(ward: Database, name: str, state: str) -> None:
    held = _in_state(ward, state)
    who, given, allowed = CONFERENCE_ACTS[name]
    act: Callable[[], Any] = lambda: make.at_conference(  # noqa: E731
        ward, held, getattr(agenda if name in {"put", "release"} else service, name), by=who, **given
    )
    if state in allowed:
        act()
    else:
        assert broken(ward, act)[0] == "conference.wrong-state"
        assert make.conference_row(ward, held).state == state


def _in_state(database: Database, state: str) -> str:
    held = make.conference(database)
    if state == "cancelled":
        make.at_conference(database, held, service.cancel, reason="Sjukdom")
    if state in {"released", "in_session", "closed"}:
        make.release(database, held)
    if state in {"in_session", "closed"}:
        make.opened(database, held, at=make.AT)
    if state == "closed":
        make.closed(database, held, at=make.AT)
    return held


@pytest.mark.parametrize("state", ["in_session", "closed"])
def test_a_new_chair_can_be_named_after_the_start_and_nothing_else(clinic: Database, state: str) -> None:
    held = _in_state(clinic, state)
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
    before = owed(clinic, held)
    make.at_conference(clinic, held, service.change, changes={"chair": "annan@demo.mdk"})
    assert (view(clinic, held).chair, owed(clinic, held)) == ("annan@demo.mdk", before)
    both = {"chair": make.email(make.CHAIR), "duration_minutes": 90}
    assert broken(clinic, lambda: make.at_conference(clinic, held, service.change, changes=both))[0] == (
        "conference.wrong-state"
    )


# ------------------------------------------------------------------------------------------------- answers
def test_an_answer_is_the_invited_person_s_own_and_may_be_changed(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    for partstat, comment in (("ACCEPTED", "Gärna"), ("DECLINED", None)):
        make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat=partstat, comment=comment)
    answers = {person.email: (person.partstat, person.comment) for person in view(clinic, held).people}
    assert answers[make.email(make.NURSE)] == ("DECLINED", "")
    assert answers[make.email(make.SURGEON)] == ("NEEDS-ACTION", "")
    for name in (make.OTHER_REFERRER, make.PAEDIATRIC):
        with pytest.raises(NotFound):
            make.act(clinic, name, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    with pytest.raises(MdkError):
        make.act(clinic, make.COORDINATOR, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)


def test_whoever_drops_off_and_comes_back_before_that_was_told_keeps_the_answer(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    for members in ([make.SURGEON], [make.SURGEON, make.NURSE]):
        changes = {"members": [make.email(name) for name in members]}
        make.at_conference(clinic, held, service.change, changes=changes)
    answers = {person.email: person.partstat for person in view(clinic, held).people}
    assert answers[make.email(make.NURSE)] == "ACCEPTED"


def test_whoever_dropped_off_neither_answers_nor_sees(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.at_conference(clinic, held, service.change, changes={"members": []})
    with pytest.raises(NotFound):
        view(clinic, held, make.NURSE)
    with pytest.raises(NotFound):
        make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    with clinic.reading() as session:
        inactive = session.scalars(select(Participation).where(col(Participation.active).is_(False))).all()
        assert len(inactive) == 2


# ------------------------------------------------------------------------------------------------- quorum
def person(number: int, **given: Any) -> rules.Attending:
    return rules.Attending(person_id=number, **given)


IMPLANT_IN_A_CHILD = {"implant": True, "child": True}


FULL_TABLE = [
    person(1, profession="läkare"),
    person(2, profession="Specialistsjuksköterska", knows_patient=True),
    person(3, is_neurosurgery=True),
    person(4, is_paediatric=True),
]


@pytest.mark.parametrize(
    ("present", "question", "lacking"),
    [
        (FULL_TABLE, IMPLANT_IN_A_CHILD, []),
        (FULL_TABLE[:2], {}, []),
        (FULL_TABLE[:2], IMPLANT_IN_A_CHILD, ["neurokirurgi", "barnkonsultteamet"]),
        (FULL_TABLE[1:], IMPLANT_IN_A_CHILD, ["konsulten eller en ersättare"]),
        (FULL_TABLE[:1], {}, ["någon som känner patienten", "en sjuksköterska"]),
        ([], {}, ["konsulten eller en ersättare", "någon som känner patienten", "en sjuksköterska"]),
    ],
)
def test_a_quorum_lacks_whom_it_lacks(
    present: list[rules.Attending], question: dict[str, bool], lacking: list[str]
) -> None:
    found = rules.lacking_for_quorum(present, consultant_ids={1, 9}, **({"implant": False, "child": False} | question))
    assert found == lacking


def test_a_deputy_stands_for_the_consultant_and_who_declined_is_not_counted(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    assert view(clinic, held).quorum.met
    for name in (make.CONSULTANT, make.NURSE):
        make.act(clinic, name, service.reply, conference_id=held, partstat="DECLINED", comment=None)
    assert view(clinic, held).quorum.cases[0].lacking == ["konsulten eller en ersättare", "en sjuksköterska"]
    make.at_conference(clinic, held, service.change, changes={"deputy": make.email(make.SURGEON)})
    assert view(clinic, held).quorum.cases[0].lacking == ["en sjuksköterska"]


def test_starts_are_kept_apart_by_their_lengths() -> None:
    assert rules.starts(make.MEETS, []) == []
    assert rules.starts(make.MEETS, [5, 10]) == [make.MEETS, make.MEETS + timedelta(minutes=5)]


def test_unknown_conferences_are_not_found(clinic: Database) -> None:
    for key in ("", "x", "å" * 100):
        with pytest.raises(NotFound):
            view(clinic, key)


def test_a_consultant_who_declined_needs_a_deputy_before_the_next_release(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    make.act(clinic, make.CONSULTANT, service.reply, conference_id=held, partstat="DECLINED", comment=None)
    with pytest.raises(RuleBroken) as refused:
        make.release(clinic, held)
    assert refused.value.rule == "conference.no-consultant"
    make.at_conference(clinic, held, service.change, changes={"deputy": make.email(make.CHAIR)})
    make.release(clinic, held)


def test_a_conference_that_is_over_takes_no_answers(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.at_conference(clinic, held, service.cancel, reason="Sjukdom")
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.CONSULTANT, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    assert refused.value.rule == "conference.wrong-state"


def test_a_member_needs_a_clinical_role(ward: Database) -> None:
    with pytest.raises(Invalid) as refused:
        make.conference(ward, members=[make.email(make.NURSE), make.email("chefsamrad"), make.email("admin")])
    assert [problem.field for problem in refused.value.problems] == ["members.1", "members.2"]
