"""Whom a patient has shut out (spärr): the condition that keeps a case from them wherever cases are read or counted."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from mdk.cases.tables import Case, PatientBlock
from mdk.people.structs import Viewer


def is_open_to(case_id: Mapped[Any], by: Viewer) -> ColumnElement[bool]:
    """The condition that the patient of the case with this id has not shut the viewer or the viewer's unit out."""
    return case_id.not_in(_shut_to(by.person_id, by.unit_id))


def is_open_to_named() -> ColumnElement[bool]:
    """The same of a case, for a query that is made once: it takes `person_id` and `unit_id` when it runs."""
    return col(Case.id).not_in(_shut_to(bindparam("person_id"), bindparam("unit_id")))


def open_to(session: Session, case_ids: list[int], *, by: Viewer) -> set[int]:
    """Those among the cases with these ids that are not shut to the viewer."""
    shut = set(session.scalars(_shut_to(by.person_id, by.unit_id))) if case_ids else set()
    return set(case_ids) - shut


def is_shut(session: Session, case_id: int, *, by: Viewer) -> bool:
    """Whether the case's patient has shut the viewer or the viewer's unit out."""
    return session.scalar(_shut_to(by.person_id, by.unit_id).where(col(Case.id) == case_id)) is not None


def _shut_to(person_id: Any, unit_id: Any) -> Any:
    """The ids of the cases that are shut to the viewer; mostly none, and found from the few blocks that there are."""
    here = or_(col(PatientBlock.person_id) == person_id, col(PatientBlock.unit_id) == unit_id)
    return (
        select(col(Case.id))
        .join(PatientBlock, col(PatientBlock.identity_blind) == col(Case.identity_blind))
        .where(col(PatientBlock.lifted_at).is_(None), here)
    )
