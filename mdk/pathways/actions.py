"""Acts on an action: the unit that referred the patient, or the coordinator, tells how it ended."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from mdk import clock
from mdk.audit.service import did, moved
from mdk.cases.service import check_version
from mdk.cases.tables import Case
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes
from mdk.pathways import action_rules as rules
from mdk.pathways.action_queries import load_action
from mdk.pathways.action_structs import ActionState, End
from mdk.pathways.steps import close_case, move_action
from mdk.pathways.structs import NotDoneReason
from mdk.pathways.tables import PathwayAction
from mdk.people.structs import Viewer


def open_action(
    session: Session, *, case: Case, minutes: Minutes, body: MinutesBody, by: Viewer, at: datetime
) -> PathwayAction:
    """Open the action that signed minutes recommend, owned by the referring unit, as part of signing.

    It is due on the day of the minutes; where they name none, five working days from now.
    """
    action = PathwayAction(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        minutes_id=minutes.id or 0,
        conference_id=minutes.conference_id,
        unit_id=case.unit_id,
        outcome=body.outcome or "",
        responsible_unit=body.responsible_unit or "",
        due=body.due or clock.today(clock.add_working_days(at, rules.USUAL_DAYS)),
        created_at=at,
        changed_at=at,
    )
    session.add(action)
    session.flush()
    moved(session, "action", action.id, move=("", ActionState.OPEN), act="open", by=by, at=at)
    did(session, "action.open", by=by, at=at, cases=(case.number,))
    return action


def end(
    session: Session,
    *,
    action_id: str,
    how: End,
    version: int,
    reason_code: NotDoneReason | None = None,
    note: str = "",
    by: Viewer,
    at: datetime,
) -> PathwayAction:
    """Record that it was done, in part, or not; the case is closed.

    What was not done has a coded reason, what was done in part a reason or a note, and what was done has no reason.
    Raises `NotFound`, `NotAllowed`, `Invalid` at what is told of the end, `Stale`,
    `RuleBroken("pathway.wrong-state")` once it has ended.
    """
    action = load_action(session, action_id, act="action.end", by=by)
    rules.check_reason(how, reason_code, note)
    check_version(action.version, version)
    action.reason_code, action.note = reason_code, note.strip()
    case = move_action(session, action, how, by=by, at=at, reason=action.note)
    close_case(session, case, by=by, at=at)
    return action
