"""Owns the single steps that every act on a pathway is made of: the move, what it does to the case, who is told."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, moved
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case, CaseRelation
from mdk.conferences.rules import READABLE_AFTER_CLOSE
from mdk.outbox.service import notice
from mdk.pathways import action_rules, rules
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.queries import holders
from mdk.people.structs import Role, Viewer


def move_referral(
    session: Session, referral: ImplantReferral, act: str, *, by: Viewer, at: datetime, reason: str = ""
) -> Case:
    """Move a referral by its table and log it; gives its case, which knows whom it waits for.

    Raises `RuleBroken("pathway.wrong-state")`.
    """
    before = referral.state
    referral.state = rules.check_move(rules.REFERRAL_MOVES, act, before)
    referral.changed_at = at
    case = session.get_one(Case, referral.case_id)
    case.waits_for = "referrer" if referral.state == ReferralState.MORE_INFORMATION else None
    session.flush()
    moved(session, "referral", referral.id, move=(before, referral.state), act=act, by=by, at=at, reason=reason)
    did(session, f"referral.{act}", by=by, at=at, cases=(case.number,))
    return case


def move_assignment(
    session: Session, assignment: PumpAssignment, act: str, *, by: Viewer, at: datetime, reason: str = ""
) -> Case:
    """Move an assignment by its table and log it; gives its case. Raises `RuleBroken("pathway.wrong-state")`."""
    before = assignment.state
    assignment.state = rules.check_move(rules.ASSIGNMENT_MOVES, act, before)
    assignment.changed_at = at
    session.flush()
    note_assignment(session, assignment, act, before=before, by=by, at=at, reason=reason)
    if assignment.state in {AssignmentState.FOLLOWED_UP, AssignmentState.NOT_DONE}:
        _part_from_others(session, assignment, until=at + READABLE_AFTER_CLOSE)
    return session.get_one(Case, assignment.case_id)


def move_action(
    session: Session, action: PathwayAction, act: str, *, by: Viewer, at: datetime, reason: str = ""
) -> Case:
    """Move an action by its table and log it; gives its case. Raises `RuleBroken("pathway.wrong-state")`."""
    before = action.state
    action.state = rules.check_move(action_rules.ACTION_MOVES, act, before)
    action.changed_at = at
    case = session.get_one(Case, action.case_id)
    session.flush()
    moved(session, "action", action.id, move=(before, action.state), act=act, by=by, at=at, reason=reason)
    did(session, f"action.{act}", by=by, at=at, cases=(case.number,))
    return case


def note_assignment(
    session: Session, assignment: PumpAssignment, act: str, *, before: str, by: Viewer, at: datetime, reason: str
) -> None:
    """Tell an assignment's history and the log of an act; `before` is where it stood."""
    move = (before, assignment.state)
    moved(session, "assignment", assignment.id, move=move, act=act, by=by, at=at, reason=reason)
    number = session.get_one(Case, assignment.case_id).number
    did(session, f"assignment.{act}", by=by, at=at, cases=(number,))


def _part_from_others(session: Session, assignment: PumpAssignment, *, until: datetime) -> None:
    """Units that have supported the assignment, or handed it over, read it until a day after it has ended."""
    session.execute(
        update(CaseRelation)
        .where(col(CaseRelation.key) == assignment.id, col(CaseRelation.unit_id) != assignment.unit_id)
        .values(until=until)
    )


def close_case(session: Session, case: Case, *, by: Viewer, at: datetime) -> None:
    """A case whose pathway has ended is closed, unless it has ended in another way before."""
    if case.state == CaseState.DECIDED:
        case.ended_at = at
        cases.step(session, case, "close", by=by, at=at)


def tell_referrer(session: Session, case: Case, kind: str, *, at: datetime) -> None:
    """Owe the one who submitted the case a notice of a `kind`."""
    notice(session, kind, person_id=case.submitted_by or case.created_by, key=case.number, at=at)


def tell_unit(session: Session, role: Role, unit_id: str, kind: str, *, key: str, at: datetime) -> None:
    """Owe everyone who has the role at the unit a notice of a `kind` about the pathway with the id `key`."""
    for person in holders(session, role, unit_id=unit_id):
        notice(session, kind, person_id=person.person_id, key=key, at=at)
