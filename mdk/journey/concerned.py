"""Owns whom news of a case concerns: those who lead, who sent it in, and to whom a decision was sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.tables import Case, CaseRelation
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.structs import Role

_LEADS = (Role.COORDINATOR, Role.CONSULTANT)
_RECEIVES = (Role.NEUROSURGERY, Role.REGIONAL_FUNCTION)


def receivers(session: Session, case: Case, but: frozenset[str] | set[str] = frozenset()) -> set[int]:
    """The people of the units to which a decision on the case was sent, leaving out units that were told already."""
    units = session.scalars(
        select(col(CaseRelation.unit_id)).where(
            col(CaseRelation.case_id) == case.id, col(CaseRelation.kind) == "receiver"
        )
    ).all()
    return {
        line.person_id
        for unit in set(units) - but
        for role in _RECEIVES
        for line in holders(session, role, unit_id=unit)
    }


def tell(session: Session, case: Case, kind: str, concerned: set[int], *, but: int, at: datetime) -> None:
    """Owe a notice to those who lead, those concerned, and the one who sent the case in; not to `but`, who knows.

    Nobody is told of a draft.
    """
    if case.submitted_at is None:
        return
    leads = {line.person_id for role in _LEADS for line in holders(session, role)}
    sender = case.submitted_by or case.created_by
    for person_id in sorted((leads | concerned | {sender}) - {but}):
        notice(session, kind, person_id=person_id, key=case.number, at=at)
