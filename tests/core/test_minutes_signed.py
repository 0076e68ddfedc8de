"""Signed minutes: what each outcome needs, once and for all, asked for again, and added to."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

import make
from core.minuting import add_to, broken, view
from mdk.audit.tables import StateMove
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.errors import RuleBroken, Stale
from mdk.journey import decisions
from mdk.journey.signing import read_back
from mdk.minutes import rules, service
from mdk.minutes.sheets import fingerprint
from mdk.minutes.structs import Attendance, MinutesBody
from mdk.minutes.tables import MinutesSeal
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import PumpAssignment
from mdk.people import service as people
from mdk.people.tables import Person


def signing(database: Database, conference_id: str, number: str, body: MinutesBody) -> Any:
    make.save(database, conference_id, number, body)
    return lambda: make.sign(database, conference_id, number)


ALWAYS = {"outcome", "motivation"}
SAID = {"answer", "refractory", "informs_patient", "out_of_hours_contact"}
DONE = {"responsible_unit", "due"}
THROUGH = {"route", "opioid_plan_owner"}


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [
        (None, ALWAYS | SAID),
        ("deferred", ALWAYS),
        ("extern_pump", ALWAYS | SAID | DONE | THROUGH),
        ("intern_pump", ALWAYS | SAID | DONE | THROUGH),
        ("epidural", ALWAYS | SAID | DONE | THROUGH),
        ("nerve_block", ALWAYS | SAID | DONE),
        ("neurolysis", ALWAYS | SAID | DONE),
        ("other_intervention", ALWAYS | SAID | DONE),
        ("optimise_conventional", ALWAYS | SAID),
        ("further_workup", ALWAYS | SAID),
        ("not_suitable", ALWAYS | SAID),
        ("patient_declines", ALWAYS | SAID),
        ("too_late", ALWAYS | SAID),
        ("no_recommendation", ALWAYS | SAID),
    ],
)
def test_each_outcome_needs_its_fields_to_be_signed(outcome: str | None, fields: set[str]) -> None:
    assert set(rules.needed(outcome)) == fields
    for field in fields:
        for nothing in (None, "", "  ") if field not in {"outcome", "refractory", "route", "due"} else (None,):
            body = make.minutes_body(outcome, **{field: nothing})
            expected = [field] if outcome or field == "outcome" else sorted({field, "outcome"})
            with pytest.raises(RuleBroken) as refused:
                rules.check_signable(body, [], [])
            assert refused.value.rule == "minutes.incomplete"
            assert sorted(problem.field for problem in refused.value.problems) == sorted(expected)
    if outcome is not None:
        rules.check_signable(make.minutes_body(outcome, departure_reason="Skäl"), [], [])


def test_unsaved_minutes_cannot_be_signed(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    assert broken(lambda: make.sign(clinic, conference_id, number))[0] == "minutes.not-saved"


def test_incomplete_minutes_name_every_gap_and_stay_a_draft(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    sign = signing(clinic, conference_id, number, MinutesBody())
    rule, fields = broken(sign)
    assert (rule, sorted(fields)) == ("minutes.incomplete", sorted(ALWAYS | SAID))
    assert view(clinic, conference_id, number).signed is None
    assert make.state_of(clinic, number) == "discussed"


@pytest.mark.parametrize(
    "changes",
    [
        {"diagnosis.expected_treatment_months": 2.9},
        {"diagnosis.expected_treatment_months": 0},
        {"diagnosis.expected_treatment_months": None},
        {"diagnosis.expected_treatment_months": make.LEFT_OUT},
        {"patient_view.mobility_benefit": "no"},
        {"patient_view.mobility_benefit": "unknown"},
        {"patient_view.mobility_benefit": make.LEFT_OUT},
        {"patient_view": make.LEFT_OUT},
    ],
)
def test_an_intern_pump_against_the_criteria_needs_a_written_reason(ward: Database, changes: dict[str, Any]) -> None:
    number = make.accepted(ward, make.submission(**changes))
    planned = make.conference(ward, [number])
    make.release(ward, planned, reason="Tas muntligt")
    make.opened(ward, planned)
    for nothing in (None, " "):
        body = make.minutes_body("intern_pump", departure_reason=nothing)
        assert broken(signing(ward, planned, number, body)) == ("pump.departure-reason", ["departure_reason"])
    signing(ward, planned, number, make.minutes_body("intern_pump", departure_reason="Stark önskan"))()
    assert make.state_of(ward, number) == "decided"


def test_an_intern_pump_within_the_criteria_needs_no_reason(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    signing(clinic, conference_id, number, make.minutes_body("intern_pump"))()
    assert make.state_of(clinic, number) == "decided"


def test_epidural_and_intrathecal_are_not_mistaken_for_each_other(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    for outcome, route in (("epidural", "intrathecal"), ("intern_pump", "epidural"), ("extern_pump", "not_applicable")):
        wrong = make.minutes_body(outcome, route=route)
        assert broken(signing(clinic, conference_id, number, wrong)) == ("minutes.route-mismatch", ["route"])
    signing(clinic, conference_id, number, make.minutes_body("epidural"))()


@pytest.mark.parametrize(
    "attendance",
    [
        [],
        make.quorate()[1:],
        make.quorate()[:1] + make.quorate()[2:],
        [make.present(make.CONSULTANT), make.present(make.NURSE, "sjuksköterska")],
        [*make.quorate()[:1], make.present(make.NURSE, "sjuksköterska", knows=True, there=False)],
    ],
)
def test_without_a_quorum_a_reason_or_a_deferral_is_needed(ward: Database, attendance: list[Any]) -> None:
    number = make.accepted(ward)
    conference_id = make.in_session(ward, [number])
    for nothing in (None, "", " "):
        body = make.minutes_body("nerve_block", attendance=attendance, quorum_reason=nothing)
        assert broken(signing(ward, conference_id, number, body)) == ("conference.no-quorum", ["quorum_reason"])
    assert view(ward, conference_id, number).quorum_lacking
    deferred = make.minutes_body("deferred", attendance=attendance)
    rules.check_signable(deferred, [], ["konsulten"])
    body = make.minutes_body("nerve_block", attendance=attendance, quorum_reason="Brådskande")
    signing(ward, conference_id, number, body)()


def test_an_implant_asks_for_neurosurgery_and_a_child_for_its_team(clinic: Database) -> None:
    child = make.accepted(clinic, make.submission(**{"patient.identity_number": make.CHILD}))
    conference_id = make.in_session(clinic, [child])
    body = make.minutes_body("intern_pump", attendance=make.quorate()[:2])
    make.save(clinic, conference_id, child, body)
    assert view(clinic, conference_id, child).quorum_lacking == ["neurokirurgi", "barnkonsultteamet"]
    make.save(clinic, conference_id, child, make.minutes_body("extern_pump", attendance=make.quorate()[:2]))
    assert view(clinic, conference_id, child).quorum_lacking == ["barnkonsultteamet"]
    everyone = [*make.quorate(), make.present(make.PAEDIATRIC)]
    make.save(clinic, conference_id, child, make.minutes_body("intern_pump", attendance=everyone))
    assert view(clinic, conference_id, child).quorum_lacking == []


def test_a_guest_without_an_account_counts_for_quorum(ward: Database) -> None:
    number = make.accepted(ward)
    conference_id = make.in_session(ward, [number])
    guest = Attendance(email="asa@kommun.example", profession="Distriktssjuksköterska", knows_patient=True)
    make.save(ward, conference_id, number, make.minutes_body("nerve_block", attendance=[*make.quorate()[:1], guest]))
    assert view(ward, conference_id, number).quorum_lacking == []


def test_signed_minutes_never_change_and_are_added_to(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    assert broken(lambda: add_to(clinic, conference_id, number))[0] == "minutes.not-signed"
    make.sign(clinic, conference_id, number)
    before = view(clinic, conference_id, number)
    assert (before.signed.by, before.signed.at, len(before.signed.digest)) == ("Olga Förare", make.MEETS, 64)
    assert broken(lambda: make.save(clinic, conference_id, number, make.minutes_body("nerve_block")))[0] == (
        "minutes.signed"
    )
    assert broken(lambda: make.sign(clinic, conference_id, number))[0] == "minutes.signed"
    for text in ("Rättelse", "Ett till"):
        add_to(clinic, conference_id, number, text)
    after = view(clinic, conference_id, number)
    assert [(each.by, each.text) for each in after.addenda] == [
        ("Olga Förare", "Rättelse"),
        ("Olga Förare", "Ett till"),
    ]
    assert (after.version, after.signed, after.outcome) == (before.version, before.signed, before.outcome)


def test_a_signature_on_an_older_version_is_stale(held: tuple[Database, str, str]) -> None:  # F14
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    make.save(clinic, conference_id, number, make.minutes_body("nerve_block"))
    with pytest.raises(Stale):
        make.act(
            clinic,
            make.CHAIR,
            service.sign,
            conference_id=conference_id,
            number=number,
            version=1,
            sealing=make.SEALING,
        )
    assert make.state_of(clinic, number) == "discussed"


def signed_again(database: Database, conference_id: str, number: str, **given: Any) -> Any:
    """Ask for the signature of version 1 that was asked for before."""
    told = {"version": 1, "sealing": make.SEALING, "at": make.MEETS + make.MINUTE, "by": make.CHAIR, **given}
    return make.act(database, told.pop("by"), decisions.sign, conference_id=conference_id, number=number, **told)


def made_by_signing(database: Database) -> tuple[int, ...]:
    with database.reading() as session:
        counted = (MinutesSeal, PumpAssignment, OutboxRow, StateMove)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in counted)


def test_a_signature_that_is_asked_for_again_is_the_one_that_stands_and_does_nothing(
    held: tuple[Database, str, str],
) -> None:  # F2
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    first = signed_again(clinic, conference_id, number, at=make.MEETS)
    made = made_by_signing(clinic)
    for _ in range(2):
        again = signed_again(clinic, conference_id, number)
        assert (again.digest, again.signed_at, again.version) == (first.digest, make.MEETS, first.version)
    assert made_by_signing(clinic) == made
    assert broken(lambda: signed_again(clinic, conference_id, number, version=2))[0] == "minutes.signed"


def test_two_computers_sign_at_once_and_there_is_one_signature(held: tuple[Database, str, str]) -> None:  # F2
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    both = Barrier(2)

    def sign() -> Any:
        both.wait(10)
        return signed_again(clinic, conference_id, number)

    with ThreadPoolExecutor(2) as computers:
        found = [computer.result(30) for computer in [computers.submit(sign), computers.submit(sign)]]
    assert len({minutes.digest for minutes in found}) == 1
    assert made_by_signing(clinic)[:2] == (1, 1)


def test_a_new_chair_does_not_get_the_old_chair_s_signature_as_the_own(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    signed_again(clinic, conference_id, number)
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
        new = session.scalars(select(col(Person.id)).where(col(Person.email) == "annan@demo.mdk")).one()
        session.get_one(Conference, conference_id).chair_id = new or 0
    with pytest.raises(Stale):
        signed_again(clinic, conference_id, number, by="annan@demo.mdk")
    assert view(clinic, conference_id, number).signed.by == "Olga Förare"


def test_what_was_not_shown_is_not_signed_though_the_minutes_are_the_same(
    held: tuple[Database, str, str],
) -> None:  # F14
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    _, sheet, _ = make.ask(clinic, make.CHAIR, read_back, conference_id, number, at=make.MEETS)
    with clinic.writing() as session:
        session.scalars(select(Person).where(col(Person.name) == "Kim Smärtgren")).one().name = "Kim Nyström"
    with pytest.raises(Stale):
        signed_again(clinic, conference_id, number, shown=fingerprint(sheet))
    _, sheet, _ = make.ask(clinic, make.CHAIR, read_back, conference_id, number, at=make.MEETS)
    assert signed_again(clinic, conference_id, number, shown=fingerprint(sheet)).signed_by
