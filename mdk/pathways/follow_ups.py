"""The act that tells of a follow-up: the referring unit's, or the receiver's."""

from datetime import datetime

from sqlalchemy.orm import Session

from mdk import clock
from mdk.audit.service import did
from mdk.cases.queries import load
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.errors import RuleBroken
from mdk.pathways import assignments
from mdk.pathways import follow_up_rules as rules
from mdk.pathways.follow_up_queries import check_done
from mdk.pathways.follow_up_structs import Done, FollowUpBody
from mdk.pathways.structs import AssignmentState
from mdk.pathways.tables import FollowUp, PumpAssignment
from mdk.people.structs import Viewer

LAST_WEEK = 12


def tell(
    session: Session, *, number: str, body: FollowUpBody, by: Viewer, at: datetime, is_early_known: bool = True
) -> Case:
    """Write down what is told of a follow-up; the 12-week one of an extern pump ends its assignment and the case.

    Told anew for the same week, the newest counts and the earlier one is kept. With `is_early_known` false, one that is
    far too early is refused, so that a slip in week or date is seen. Gives the case, locked.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("followup.dead")` for a patient who was reported dead before,
    `RuleBroken("followup.nothing-done")`, `Invalid` with every bad field.
    """
    case = load(session, number, act="case.follow-up", by=by, at=at)
    session.refresh(case, with_for_update=True)
    if case.state == CaseState.DECEASED:
        raise RuleBroken("followup.dead", "Patienten är rapporterad avliden. Inga fler uppföljningar behövs.")
    done = check_done(session, case)
    rules.check(body, done_on=done.day, today=clock.today(at), is_early_known=is_early_known)
    session.add(_row(case, body, by=by, at=at))
    did(session, "case.follow-up", by=by, at=at, cases=(number,))
    if body.week == LAST_WEEK and body.alive == "yes" and done.outcome == "extern_pump":
        _end(session, done, by=by, at=at)
    session.flush()
    return case


def _row(case: Case, body: FollowUpBody, *, by: Viewer, at: datetime) -> FollowUp:
    return FollowUp(
        case_id=case.id or 0,
        week=body.week,
        day=body.date,
        nrs=body.nrs,
        omeq=body.omeq,
        side_effects=body.side_effects.strip(),
        complications=body.complications.strip(),
        pump_state=body.pump_state.strip(),
        care_place=body.care_place.strip(),
        alive=body.alive,
        at=at,
        person_id=by.person_id,
    )


def _end(session: Session, done: Done, *, by: Viewer, at: datetime) -> None:
    assignment = session.get_one(PumpAssignment, done.key)
    if assignment.state == AssignmentState.INSERTED:
        assignments.follow_up(session, assignment, by=by, at=at)
