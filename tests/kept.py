"""Owns a patient of whom everything that there can be is kept, in three cases, and somebody else beside."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

import make
from mdk.cases import attachments, blocking, service
from mdk.cases.block_structs import BlockBody
from mdk.cases.files import clean
from mdk.cases.patients import is_of
from mdk.cases.tables import Case, CaseChange, TreatmentDecision
from mdk.conferences.tables import Discussion
from mdk.db import Database
from mdk.learning.tables import LearningCase
from mdk.minutes import service as minutes
from mdk.minutes.tables import MinutesEditing
from mdk.pathways.tables import FollowUp, HomeCareQuestion, ImplantReferral, PackFact, PathwayAction
from paper import pdf


class Kept(NamedTuple):
    """The patient's three case numbers, the conference at which the first was taken up, and the other's case."""

    numbers: tuple[str, str, str]
    conference: str
    other: str


def whole(database: Database) -> Kept:
    """An intern pump with everything that can come of it, an extern pump on its way, and a written review."""
    other = make.signed(database, "extern_pump", make.submission(**{"patient.identity_number": make.OTHER_ADULT}))[1]
    held, first = make.signed(database, "intern_pump")
    _with_files(database, held, first)
    _with_the_rest(database, held, first)
    make.assignment(database)
    urgent = make.submitted(database)
    make.urgent(database, urgent)
    make.opine(database, urgent, make.NURSE)
    with database.reading() as session:
        patient = make.case_row(database, first).identity_number
        of_patient = select(col(Case.number)).where(is_of(session, patient)).order_by(col(Case.id))
        one, two, three = session.scalars(of_patient)
    return Kept((one, two, three), held, other)


def _with_files(database: Database, held: str, number: str) -> None:
    file = clean("Elsa Provlund.pdf", pdf())
    make.act(database, make.REFERRER, attachments.attach, number=number, files=[file], at=make.MEETS)
    body = BlockBody(wish="Vill inte.", person=make.email("remittent.karlskrona"))
    make.act(database, make.REFERRER, blocking.block, number=number, body=body)
    make.act(database, make.PAEDIATRIC, service.break_glass, number=number, reason="Jour", at=make.MEETS)
    given: dict[str, Any] = {
        "conference_id": held,
        "number": number,
        "text": "Rättat.",
        "sealing": make.SEALING,
        "at": make.MEETS,
    }
    make.act(database, make.CHAIR, minutes.add, **given)


def _with_the_rest(database: Database, held: str, number: str) -> None:
    """Rows whose acts have tests of their own."""
    case_id, by, at = (
        make.case_row(database, number).id or 0,
        make.viewer(database, make.REFERRER).person_id,
        make.MEETS,
    )
    with database.writing() as session:
        referral = session.scalars(select(ImplantReferral).where(col(ImplantReferral.case_id) == case_id)).one()
        of_case: dict[str, Any] = {"case_id": case_id, "at": at, "person_id": by}
        session.add_all(
            [
                TreatmentDecision(**of_case, follows="no", why="Patienten avstod."),
                CaseChange(**of_case, until=at, state="submitted"),
                FollowUp(**of_case, week=2, day=at.date(), alive="yes", nrs=3),
                PackFact(referral_id=referral.id, field="weight", text="68 kg", at=at, person_id=by),
                Discussion(conference_id=held, case_id=case_id, started_at=at, ended_at=at),
                MinutesEditing(tab="t", conference_id=held, field="answer", **of_case),
                HomeCareQuestion(
                    case_id=case_id, name="MAS", recipient="mas@kommun.example", asked_at=at, closes_at=at
                ),
                LearningCase(id="l1", case_id=case_id, outcome="intern_pump", written_by=by, changed_at=at),
                PathwayAction(
                    id="a1", case_id=case_id, minutes_id=referral.minutes_id, conference_id=held,
                    unit_id=referral.unit_id, outcome="nerve_block", due=at.date(), created_at=at, changed_at=at,
                ),
            ]
        )  # fmt: skip
