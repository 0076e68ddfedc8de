"""What a signature sets going: all of it in one transaction, or nothing."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

import make
from mdk.cases.lists import queue
from mdk.cases.tables import Case, CaseRelation
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken, Stale
from mdk.minutes.tables import Minutes
from mdk.outbox.tables import OutboxRow
from mdk.pathways import assignments as assignment_acts
from mdk.pathways import queries, rules
from mdk.pathways import referrals as referral_acts
from mdk.pathways.tables import ImplantReferral, PathwayPrerequisite, PumpAssignment

INTERN_ROWS = [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23]


def referrals(database: Database, name: str = make.SURGEON, **given: Any) -> list[Any]:
    return list(make.ask(database, name, queries.referrals, **given)[0])


def assignments(database: Database, name: str = make.FUNCTION, **given: Any) -> list[Any]:
    return list(make.ask(database, name, queries.assignments, **given)[0])


def notices(database: Database, kind: str) -> list[str]:
    people = {make.viewer(database, name).person_id: name for name in make.EVERYONE}
    with database.reading() as session:
        query = select(col(OutboxRow.person_id)).where(col(OutboxRow.topic) == f"notice.{kind}")
        return [people[person_id or 0] for person_id in session.scalars(query)]


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_intern_pump_opens_a_referral_with_eighteen_prerequisites(clinic: Database) -> None:
    conference_id, number = make.signed(clinic, "intern_pump", catheter_tip="Th10")
    (seen,) = referrals(clinic)
    assert (seen.case, seen.conference, seen.state, seen.version) == (number, conference_id, "created", 1)
    assert (seen.home_region, seen.catheter_tip, seen.due) == ("kronoberg", "Th10", date(2026, 12, 14))
    assert [row.n for row in seen.prerequisites] == INTERN_ROWS
    assert {row.n for row in seen.prerequisites if row.state == "met"} == {1, 5}
    assert all(row.applies and row.text and row.scope in {"patient", "unit"} for row in seen.prerequisites)
    assert [(step.state, step.by) for step in seen.history] == [("created", "Olga Förare")]
    assert seen.missing == []
    assert make.state_of(clinic, number) == "decided"
    assert notices(clinic, "referral-received") == [make.SURGEON]
    assert notices(clinic, "minutes-signed") == [make.REFERRER]
    with clinic.reading() as session:
        query = select(col(CaseRelation.unit_id)).where(col(CaseRelation.kind) == "receiver")
        assert sorted(unit or "" for unit in session.scalars(query)) == ["funktion-kronoberg", "neurokirurgi-lund"]
    assert count(clinic, PumpAssignment) == 0


@pytest.mark.parametrize(
    ("region", "function", "applying"),
    [
        ("kronoberg", "funktion.kronoberg", 20),
        ("halland", "funktion.halland", 20),
        ("blekinge", "funktion.blekinge", 20),
        ("skane", "funktion.skane", 19),
    ],
)
def test_an_extern_pump_goes_to_the_home_region_s_function(
    clinic: Database, region: str, function: str, applying: int
) -> None:
    _, number = make.signed(clinic, "extern_pump", make.submission(**{"patient.home_region": region}))
    (seen,) = assignments(clinic, function)
    assert (seen.case, seen.region, seen.state) == (number, region, "assigned")
    assert [row.n for row in seen.prerequisites] == list(range(1, 21))
    applies = [row.n for row in seen.prerequisites if row.applies]
    assert (len(applies), 19 in applies) == (applying, applying == 20)
    assert notices(clinic, "assignment-received") == [function]
    others = {"funktion.kronoberg", "funktion.halland", "funktion.blekinge", "funktion.skane"} - {function}
    assert [assignments(clinic, other) for other in sorted(others)] == [[], [], []]
    assert count(clinic, ImplantReferral) == 0


@pytest.mark.parametrize("outcome", ["epidural", "optimise_conventional", "not_suitable", "too_late"])
def test_another_outcome_decides_the_case_and_opens_neither(clinic: Database, outcome: str) -> None:
    _, number = make.signed(clinic, outcome)
    row = make.case_row(clinic, number)
    assert (row.state, row.outcome, row.decided_at) == ("decided", outcome, make.MEETS)
    assert [count(clinic, table) for table in (ImplantReferral, PumpAssignment)] == [0, 0]
    assert notices(clinic, "minutes-signed") == [make.REFERRER]


def test_a_deferred_case_goes_back_to_its_place_and_may_be_taken_up_again(clinic: Database) -> None:
    later = make.accepted(clinic, at=make.AT + make.HOUR)
    held, number = make.signed(clinic, "deferred")
    row = make.case_row(clinic, number)
    assert (row.state, row.outcome, row.waiting_from, row.decided_at) == ("accepted", "deferred", make.AT, None)
    lines, _ = make.ask(clinic, make.COORDINATOR, queue, at=make.MEETS)
    assert [line.case for line in lines] == [number, later]
    again = make.released(clinic, [number], starts_at=make.MEETS + 7 * make.DAY)
    assert make.state_of(clinic, number) == "scheduled"
    make.closed(clinic, held)
    assert make.state_of(clinic, number) == "scheduled"
    make.opened(clinic, again)
    make.save(clinic, again, number, make.minutes_body("extern_pump"))
    make.sign(clinic, again, number)
    assert [view.case for view in assignments(clinic)] == [number]


def test_a_pump_without_a_home_region_names_what_is_missing_and_changes_nothing(clinic: Database) -> None:
    number = make.accepted(clinic)
    with clinic.writing() as session:
        session.execute(update(Case).where(col(Case.number) == number).values(home_region=None))
    held = make.conference(clinic, [number])
    make.release(clinic, held, reason="Kompletteras")
    make.opened(clinic, held)
    for outcome in ("extern_pump", "intern_pump"):
        make.save(clinic, held, number, make.minutes_body(outcome))
        with pytest.raises(RuleBroken) as refused:
            make.sign(clinic, held, number)
        assert refused.value.rule == "case.no-home-region"
    assert make.state_of(clinic, number) == "discussed"
    with clinic.reading() as session:
        assert session.scalars(select(col(Minutes.signed_at))).all() == [None]
    assert [count(clinic, table) for table in (ImplantReferral, PumpAssignment, PathwayPrerequisite)] == [0, 0, 0]
    assert notices(clinic, "minutes-signed") == []


# ------------------------------------------------------------------------------------------------- the receivers
def test_who_sees_referrals_and_assignments(clinic: Database) -> None:
    make.signed(clinic, "intern_pump")
    make.signed(clinic, "extern_pump")
    leading = {make.COORDINATOR, make.CHAIR, make.CONSULTANT}

    def seers(list_: Any) -> set[str]:
        seeing = set()
        for name in make.EVERYONE:
            try:
                found = list_(clinic, name)
            except NotAllowed:
                continue
            if found:
                assert len(found) == 1
                seeing.add(name)
        return seeing

    assert seers(referrals) == {make.SURGEON, make.FUNCTION, make.REFERRER, *leading}
    assert seers(assignments) == {make.FUNCTION, make.REFERRER, *leading}


def test_one_of_another_region_or_nobody_s_is_not_found(clinic: Database) -> None:
    make.signed(clinic, "intern_pump")
    key = referrals(clinic)[0].id
    for name in ("funktion.skane", make.OTHER_REFERRER):
        with pytest.raises(NotFound):
            make.ask(clinic, name, queries.referral, key)
    for missing in ("", "x"):
        with pytest.raises(NotFound):
            make.ask(clinic, make.SURGEON, queries.referral, missing)
        with pytest.raises(NotFound):
            make.ask(clinic, make.FUNCTION, queries.assignment, missing)
    with pytest.raises(NotAllowed):
        make.ask(clinic, make.NURSE, queries.referral, key)


def test_opening_receives_a_referral_once_and_only_by_neurosurgery(clinic: Database) -> None:
    make.signed(clinic, "intern_pump")
    key = referrals(clinic)[0].id
    for name in (make.FUNCTION, make.REFERRER, make.CHAIR):
        with pytest.raises(NotAllowed):
            make.act(clinic, name, referral_acts.receive, referral_id=key)
    for _ in range(2):
        make.act(clinic, make.SURGEON, referral_acts.receive, referral_id=key)
    seen = make.ask(clinic, make.SURGEON, queries.referral, key)
    assert [step.state for step in seen.history] == ["created", "received"]
    assert (seen.state, seen.version) == ("received", 2)


def test_accepting_a_new_referral_receives_it_too(clinic: Database) -> None:
    make.signed(clinic, "intern_pump")
    key = referrals(clinic)[0].id
    with pytest.raises(Stale):
        make.act(clinic, make.SURGEON, referral_acts.accept, referral_id=key, version=7)
    make.act(clinic, make.SURGEON, referral_acts.accept, referral_id=key, version=1)
    seen = make.ask(clinic, make.SURGEON, queries.referral, key)
    assert [step.state for step in seen.history] == ["created", "received", "accepted"]
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.SURGEON, referral_acts.accept, referral_id=key, version=seen.version)
    assert refused.value.rule == "pathway.wrong-state"


def test_the_function_accepts_its_assignment_once(clinic: Database) -> None:
    make.signed(clinic, "extern_pump")
    key = assignments(clinic)[0].id
    for name, error in (("funktion.skane", NotFound), (make.REFERRER, NotAllowed), (make.COORDINATOR, NotAllowed)):
        with pytest.raises(error):
            make.act(clinic, name, assignment_acts.accept, assignment_id=key, version=1)
    with pytest.raises(Stale):
        make.act(clinic, make.FUNCTION, assignment_acts.accept, assignment_id=key, version=2)
    make.act(clinic, make.FUNCTION, assignment_acts.accept, assignment_id=key, version=1)
    seen = make.ask(clinic, make.FUNCTION, queries.assignment, key)
    assert (seen.state, [step.state for step in seen.history]) == ("accepted", ["assigned", "accepted"])
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.FUNCTION, assignment_acts.accept, assignment_id=key, version=2)
    assert refused.value.rule == "pathway.wrong-state"


def test_what_the_pre_operative_pack_lacks_is_named_with_its_owner() -> None:
    assert rules.gaps(make.submission(), "Th10") == []
    found = rules.gaps(make.minimal(), "")
    assert all(gap.owner for gap in found)
    assert {gap.field for gap in found} == {
        "diagnosis.oncological_treatment",
        "safety.anticoagulants",
        "safety.platelets.value",
        "safety.pk_inr.value",
        "safety.infection",
        "safety.weight_kg",
        "safety.mri_planned",
        "patient_view.informed",
        "treatments.imaging",
        "catheter_tip",
    }


def test_pathways_are_listed_newest_first_and_paged(clinic: Database) -> None:
    numbers = []
    for place in range(3):
        number = make.accepted(clinic)
        held = make.in_session(clinic, [number])
        make.save(clinic, held, number)
        make.sign(clinic, held, number, at=make.MEETS + place * make.MINUTE)
        numbers.append(number)
    first, cursor = make.ask(clinic, make.FUNCTION, queries.assignments, limit=2)
    rest, end = make.ask(clinic, make.FUNCTION, queries.assignments, limit=2, cursor=cursor)
    assert ([view.case for view in first + rest], end) == (numbers[::-1], None)
