"""Owns what waits for someone after decisions: actions to end and follow-ups to tell of, for Mitt arbete."""

from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.shut import is_open_to
from mdk.cases.tables import Case
from mdk.journey import watch
from mdk.pathways.action_structs import ActionState
from mdk.pathways.tables import PathwayAction, PumpAssignment
from mdk.people.rules import may_ever
from mdk.people.structs import Viewer

AfterKind = Literal["action", "follow_up"]


class AfterTask(NamedTuple):
    """One thing to do; `key` is the action's id, or the number of the case to follow up."""

    kind: AfterKind
    key: str
    case_id: int
    since: datetime | None
    until: date


def after_tasks(session: Session, *, by: Viewer, at: datetime, limit: int) -> tuple[list[AfterTask], int]:
    """What the viewer's unit has to end or tell of, the longest late first, and how much there is."""
    found, total = _actions(session, by, limit) if may_ever("case.create", by) else ([], 0)
    due = _follow_ups(session, by, at)
    tasks = sorted([*found, *due], key=lambda each: each.until)
    return tasks[:limit], total + len(due)


def _actions(session: Session, by: Viewer, limit: int) -> tuple[list[AfterTask], int]:
    mine = (
        col(PathwayAction.unit_id) == by.unit_id,
        col(PathwayAction.state) == ActionState.OPEN,
        is_open_to(col(PathwayAction.case_id), by),
    )
    rows = session.scalars(
        select(PathwayAction).where(*mine).order_by(col(PathwayAction.due), col(PathwayAction.id)).limit(limit)
    )
    total = session.scalar(select(func.count()).select_from(PathwayAction).where(*mine)) or 0
    return [AfterTask("action", row.id, row.case_id, row.created_at, row.due) for row in rows], total


def _follow_ups(session: Session, by: Viewer, at: datetime) -> list[AfterTask]:
    if may_ever("case.create", by):
        which = col(Case.unit_id) == by.unit_id
    elif may_ever("assignment.work", by):
        mine = select(col(PumpAssignment.case_id)).where(col(PumpAssignment.unit_id) == by.unit_id)
        which = col(Case.id).in_(mine)
    else:
        return []
    waiting = watch.waiting_follow_ups(session, at=at, which=and_(which, is_open_to(col(Case.id), by)))
    return [AfterTask("follow_up", each.number, each.case_id, None, each.due) for each in waiting]
