"""Owns the undoing of a death that was reported by mistake: what it ended goes on, as far as that can be."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from mdk.audit.queries import history
from mdk.audit.service import did, moved
from mdk.cases import rules
from mdk.cases import service as cases
from mdk.cases.queries import load
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences import leaving
from mdk.journey.concerned import receivers, tell
from mdk.pathways import resuming
from mdk.people.structs import Viewer

# Where a case stands once its patient's death is taken back: a slot or a review that was given up is not taken again.
_STANDS: Mapping[CaseState, CaseState] = {state: state for state in (*rules.OPEN, CaseState.CLOSED)} | {
    CaseState.SUPPLEMENT_REQUESTED: CaseState.SUBMITTED,
    CaseState.SCHEDULED: CaseState.ACCEPTED,
}


def revoke_death(session: Session, *, number: str, version: int, reason: str, by: Viewer, at: datetime) -> Case:
    """Take back that the patient died: the case stands where it stood, with its first date and its clock kept.

    Pathways that the death ended go on where they were, and their receivers are told. What was given up is not taken
    again unseen: a case that had a slot or was in the urgent lane waits in the queue, one that waited for a supplement
    waits for triage, and an operation needs a new day. Those who were told of the death are told of this.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")` for a case that did not end by a death.
    """
    case = load(session, number, act="case.revoke-death", by=by, at=at)
    cases.check_version(case.version, version)
    rules.check_in(case.state, frozenset({CaseState.DECEASED}))
    stood, closed_at = _before(session, case)
    resumed = resuming.resume_for_case(session, case, reason=reason, by=by, at=at)
    target = _STANDS[stood]
    case.died_on, case.ended_at = None, closed_at
    if target == CaseState.SUBMITTED:
        case.triage_from = at
    before, case.state, case.changed_at = case.state, target, at
    session.flush()
    moved(session, "case", number, move=(before, target), act="revoke-death", by=by, at=at, reason=reason)
    did(session, "case.revoke-death", by=by, at=at, cases=(number,))
    concerned = receivers(session, case, but=resumed)
    if target == CaseState.DISCUSSED:
        concerned |= leaving.chair_of(session, case)
    tell(session, case, "case-revived", concerned, but=by.person_id, at=at)
    return case


def _before(session: Session, case: Case) -> tuple[CaseState, datetime | None]:
    """Where the case stood before the death, and when it had ended then, if it had."""
    steps = history(session, "case", case.number)
    death = max(place for place, step in enumerate(steps) if step.act == "report-death")
    last = steps[death - 1]
    closed = [step.at for step in steps[:death] if step.state == CaseState.CLOSED]
    return CaseState(last.state), closed[0] if last.state == CaseState.CLOSED else None
