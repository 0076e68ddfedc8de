"""Reads of whom a region asks about home care, what was asked about a case, and what was answered."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases.queries import HIDDEN, knows_identity, load, relations, submission_of
from mdk.cases.rules import value_at
from mdk.cases.tables import Case
from mdk.pathways.structs import ContactLine, HomeCareLine
from mdk.pathways.tables import HomeCareContact, HomeCareQuestion
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


def contact_for(session: Session, case: Case) -> HomeCareContact | None:
    """Whom the home region asks about a patient: the municipality's function, else the whole region's."""
    if case.home_region is None:
        return None
    place = value_at(submission_of(case), "patient.municipality")
    rows = session.scalars(select(HomeCareContact).where(col(HomeCareContact.region) == case.home_region))
    by_place = {row.municipality.casefold(): row for row in rows}
    return by_place.get(place.strip().casefold() if isinstance(place, str) else "") or by_place.get("")


def open_question(session: Session, case: Case, *, at: datetime) -> HomeCareQuestion | None:
    """The question about a case that waits for its answer."""
    return session.scalar(
        select(HomeCareQuestion).where(
            col(HomeCareQuestion.case_id) == case.id,
            col(HomeCareQuestion.answered_at).is_(None),
            col(HomeCareQuestion.closes_at) > at,
        )
    )


def questions(session: Session, number: str, *, by: Viewer, at: datetime) -> list[HomeCareLine]:
    """What home care was asked about a case and what it answered, newest first; the read is logged.

    Raises `NotFound`, `NotAllowed`.
    """
    load(session, number, act="case.read", by=by, at=at)
    seen(session, "case.read", by=by, at=at, cases=(number,))
    return home_care_lines(session, number, by=by, at=at)


def home_care_lines(session: Session, number: str, *, by: Viewer, at: datetime) -> list[HomeCareLine]:
    """What home care was asked about a case and what it answered, newest first; the caller has checked and logged.

    Who may not know who the patient is does not learn whom in the patient's municipality was asked.
    """
    case = session.scalars(select(Case).where(col(Case.number) == number)).one()
    knows = knows_identity(case, relations(session, case, by=by, at=at))
    rows = session.scalars(
        select(HomeCareQuestion)
        .where(col(HomeCareQuestion.case_id) == case.id)
        .order_by(col(HomeCareQuestion.id).desc())
    )
    return [
        HomeCareLine(
            number=row.id or 0,
            name=row.name if knows else HIDDEN,
            asked_at=row.asked_at,
            answer=row.answer,
            comment=row.comment,
            answered_by=row.answered_by if knows else HIDDEN,
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def kept(session: Session, *, by: Viewer, at: datetime) -> list[ContactLine]:
    """The addresses that the viewer's region keeps, by municipality. Raises `NotAllowed`."""
    check_role("contact.keep", by)
    seen(session, "contact.read", by=by, at=at)
    query = select(HomeCareContact).where(col(HomeCareContact.region) == by.region)
    rows = session.scalars(query.order_by(col(HomeCareContact.municipality)))
    return [ContactLine(row.id or 0, row.municipality, row.name, row.email) for row in rows]
