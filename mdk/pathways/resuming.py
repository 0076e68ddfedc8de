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
_ENDS = frozenset({"end", "cancel", "not-done", "follow-up"})


def resume_for_case(session: Session, case: Case, *, reason: str, by: Viewer, at: datetime) -> set[str]:
    """Let what the death of a case ended stand where it stood, as part of that act, whose right was checked.

    A referral that had a day for its operation is accepted without one: the day was given up. The receivers are
    told, and their units given. What had ended in another way before is left as it is.
    """
    told = set()
    for referral, before in _ended_with(session, case, "referral", ImplantReferral):
        referral.planned_for = None
        _resume(session, case, "referral", referral, rules.resumed(before), reason=reason, by=by, at=at)
        case.waits_for = "referrer" if referral.state == ReferralState.MORE_INFORMATION else None
        tell_unit(session, Role.NEUROSURGERY, referral.unit_id, "pathway-resumed", key=referral.id, at=at)
        told.add(referral.unit_id)
    for assignment, before in _ended_with(session, case, "assignment", PumpAssignment):
        _resume(session, case, "assignment", assignment, before, reason=reason, by=by, at=at)
        tell_unit(session, Role.REGIONAL_FUNCTION, assignment.unit_id, "pathway-resumed", key=assignment.id, at=at)
        told.add(assignment.unit_id)
    for action, before in _ended_with(session, case, "action", PathwayAction):
        action.note = ""
        _resume(session, case, "action", action, before or ActionState.OPEN, reason=reason, by=by, at=at)
    return told


def _ended_with(session: Session, case: Case, kind: str, table: type[SQLModel]) -> list[tuple[Any, str]]:
    """The rows of a kind that ended by the same act as the case, each with where it had stood."""
    columns: Any = table
    found = []
    for row in session.scalars(select(columns).where(columns.case_id == case.id)):
        if row.state in _ENDED[kind]:
            steps = history(session, kind, row.id)
            end = max(place for place, step in enumerate(steps) if step.act in _ENDS)
            if steps[end].at == case.ended_at:
                found.append((row, steps[end - 1].state if end else ""))
    return found


def _resume(
    session: Session, case: Case, kind: str, row: Any, target: str, *, reason: str, by: Viewer, at: datetime
) -> None:
    before, row.state, row.reason_code, row.changed_at = row.state, target, None, at
    session.flush()
    moved(session, kind, row.id, move=(before, target), act="resume", by=by, at=at, reason=reason)
    did(session, f"{kind}.resume", by=by, at=at, cases=(case.number,))
