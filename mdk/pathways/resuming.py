"""The act that lets go on what a death ended by mistake: the other way of `mdk.pathways.service.end_for_case`."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from mdk.audit.queries import history
from mdk.audit.service import did, moved
from mdk.cases.tables import Case
from mdk.pathways import rules
from mdk.pathways.action_structs import ActionState
from mdk.pathways.steps import tell_unit
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.structs import Role, Viewer

_ENDED = {
    "referral": frozenset({ReferralState.CANCELLED}),
    "assignment": frozenset({AssignmentState.NOT_DONE, AssignmentState.FOLLOWED_UP}),
    "action": frozenset({ActionState.NOT_DONE}),
}


def resume_for_case(session: Session, case: Case, *, reason: str, by: Viewer, at: datetime) -> set[str]:
    """Let what the death of a case ended stand where it stood, as part of that act, whose right was checked.

    A referral that had a day for its operation is accepted without one: the day was given up. The receivers are
    told, and their units given. What had ended in another way before is left as it is.
    """
    told = set()
    for referral in _ended_with(session, case, "referral", ImplantReferral):
        before = _stood(session, "referral", referral.id)
        referral.planned_for = None
        _resume(session, case, "referral", referral, rules.resumed(before), reason=reason, by=by, at=at)
        case.waits_for = "referrer" if referral.state == ReferralState.MORE_INFORMATION else None
        tell_unit(session, Role.NEUROSURGERY, referral.unit_id, "pathway-resumed", key=referral.id, at=at)
        told.add(referral.unit_id)
    for assignment in _ended_with(session, case, "assignment", PumpAssignment):
        before = _stood(session, "assignment", assignment.id)
        _resume(session, case, "assignment", assignment, before, reason=reason, by=by, at=at)
        tell_unit(session, Role.REGIONAL_FUNCTION, assignment.unit_id, "pathway-resumed", key=assignment.id, at=at)
        told.add(assignment.unit_id)
    for action in _ended_with(session, case, "action", PathwayAction):
        action.note = ""
        _resume(session, case, "action", action, ActionState.OPEN, reason=reason, by=by, at=at)
    return told


def _ended_with(session: Session, case: Case, kind: str, table: type[SQLModel]) -> list[Any]:
    """The rows of a kind that ended by the same act as the case."""
    columns: Any = table
    rows = session.scalars(select(columns).where(columns.case_id == case.id, columns.changed_at == case.ended_at))
    return [row for row in rows if row.state in _ENDED[kind]]


def _stood(session: Session, kind: str, key: str) -> str:
    """Where it stood before its last move."""
    return history(session, kind, key)[-2].state


def _resume(
    session: Session, case: Case, kind: str, row: Any, target: str, *, reason: str, by: Viewer, at: datetime
) -> None:
    before, row.state, row.reason_code, row.changed_at = row.state, target, None, at
    session.flush()
    moved(session, kind, row.id, move=(before, target), act="resume", by=by, at=at, reason=reason)
    did(session, f"{kind}.resume", by=by, at=at, cases=(case.number,))
