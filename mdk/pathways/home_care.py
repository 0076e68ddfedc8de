"""Acts on the question to home care, "can you take an extern pump?": whom a region asks, asking, and the answer."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.cases import service as cases
from mdk.cases.queries import load, submission_of
from mdk.cases.rules import OPEN, value_at
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.errors import NotFound, RuleBroken
from mdk.outbox.service import notice, question
from mdk.pathways.contacts import contact_for, open_question
from mdk.pathways.structs import AnswerBody, ContactBody
from mdk.pathways.tables import HomeCareContact, HomeCareQuestion
from mdk.people.queries import function_unit, holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer

ASKED_FOR = timedelta(days=60)
_TOLD = {"yes": "Ja", "after_training": "Ja, efter utbildning", "no": "Nej"}
_UNDECIDED = frozenset({CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED, CaseState.SCHEDULED})


def ask(session: Session, *, number: str, by: Viewer, at: datetime) -> Case:
    """Ask the home care of the patient's municipality, or the region's ASIH, whether it can take an extern pump.

    The mail names nobody and no place; its link answers without a sign-in.
    Raises `NotFound`, `NotAllowed`, `RuleBroken("case.wrong-state")` for a draft or an ended case,
    `RuleBroken("case.no-home-care-contact")` when the region keeps no address for it, and
    `RuleBroken("case.home-care-asked")` while a question waits for its answer.
    """
    case = load(session, number, act="case.ask-home-care", by=by, at=at)
    if case.state not in OPEN - {CaseState.DRAFT}:
        raise RuleBroken("case.wrong-state", "Frågan kan ställas när ärendet är inskickat och inte avslutat.")
    contact = contact_for(session, case)
    if contact is None:
        message = "Regionens funktion har ingen adress till hemsjukvården i patientens kommun. Be den spara en."
        raise RuleBroken("case.no-home-care-contact", message)
    if open_question(session, case, at=at) is not None:
        raise RuleBroken("case.home-care-asked", "Frågan är redan ställd och väntar på svar.")
    _ask(session, case, contact, by=by, at=at)
    return case


def ask_early(session: Session, case: Case, *, by: Viewer, at: datetime) -> None:
    """Ask home care as soon as a case stands in the queue, where nobody has answered yet and the region has an address.

    Part of the act that accepted the case, whose right was checked.
    """
    known = value_at(submission_of(case), "home_care.can_take_extern") in {"yes", "no"}
    contact = None if known else contact_for(session, case)
    if contact is not None and open_question(session, case, at=at) is None:
        _ask(session, case, contact, by=by, at=at)


def answer(session: Session, *, question_id: int, said: AnswerBody, by: Actor, at: datetime) -> HomeCareQuestion:
    """Record what home care answers, as often as it likes until the question closes; the link is the proof.

    A case that is not decided yet takes the answer over as its own; the referrer and the region's function are told.
    Raises `NotFound`, `RuleBroken("homecare.closed")` once the question has closed or the case has ended.
    """
    asked = session.get(HomeCareQuestion, question_id)
    if asked is None:
        raise NotFound
    case = session.get_one(Case, asked.case_id)
    if at >= asked.closes_at or case.state not in OPEN:
        raise RuleBroken("homecare.closed", "Frågan är inte längre aktuell. Inget svar behövs.")
    asked.answer, asked.comment, asked.answered_by = said.answer, said.comment, said.name
    asked.answered_at = at
    if case.state in _UNDECIDED:
        told = ": ".join(part for part in (_TOLD[said.answer], said.comment) if part)
        cases.take_home_care_answer(session, case, "no" if said.answer == "no" else "yes", reason=told, by=by, at=at)
    else:
        did(session, "case.home-care-answer", by=by, at=at, cases=(case.number,))
    _tell(session, case, at=at)
    return asked


def keep_contact(session: Session, *, body: ContactBody, by: Viewer, at: datetime) -> HomeCareContact:
    """Keep the address of the function that answers for home care in a municipality, or in the whole region.

    One that was kept for the same place is replaced. Raises `NotAllowed`.
    """
    check_role("contact.keep", by)
    place = body.municipality.strip()
    for old in session.scalars(select(HomeCareContact).where(col(HomeCareContact.region) == by.region)):
        if old.municipality.casefold() == place.casefold():
            session.delete(old)
    session.flush()
    kept = HomeCareContact(
        region=by.region or "", municipality=place, name=body.name, email=body.email.strip().lower(), at=at,
        person_id=by.person_id,
    )  # fmt: skip
    session.add(kept)
    session.flush()
    did(session, "contact.keep", by=by, at=at)
    return kept


def end_contact(session: Session, *, contact_id: int, by: Viewer, at: datetime) -> None:
    """Forget an address. Raises `NotAllowed`, `NotFound` for another region's."""
    check_role("contact.keep", by)
    row = session.get(HomeCareContact, contact_id)
    if row is None or row.region != by.region:
        raise NotFound
    session.delete(row)
    did(session, "contact.end", by=by, at=at)


def _ask(session: Session, case: Case, contact: HomeCareContact, *, by: Viewer, at: datetime) -> None:
    asked = HomeCareQuestion(
        case_id=case.id or 0,
        name=contact.name,
        recipient=contact.email,
        asked_at=at,
        asked_by=by.person_id,
        closes_at=at + ASKED_FOR,
    )
    session.add(asked)
    session.flush()
    question(session, "home-care", key=str(asked.id), at=at)
    did(session, "case.ask-home-care", by=by, at=at, cases=(case.number,))


def _tell(session: Session, case: Case, *, at: datetime) -> None:
    notice(session, "home-care-answered", person_id=case.submitted_by or case.created_by, key=case.number, at=at)
    if case.home_region and case.decided_at:
        unit = function_unit(session, case.home_region)
        for person in holders(session, Role.REGIONAL_FUNCTION, unit_id=unit.id):
            notice(session, "home-care-answered", person_id=person.person_id, key=case.number, at=at)
