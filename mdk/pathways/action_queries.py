"""Reads of actions; a list is logged as one row with its case numbers."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock, cursors
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.shut import is_open_to, is_shut
from mdk.errors import NotFound
from mdk.pathways.action_structs import ActionFilter, ActionState, ActionView
from mdk.pathways.tables import PathwayAction
from mdk.pathways.views import histories_of
from mdk.people.rules import ACCESS, Relation, check_may, check_role, may
from mdk.people.structs import Viewer


def load_action(session: Session, action_id: str, *, act: str, by: Viewer) -> PathwayAction:
    """The action, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`."""
    check_role(act, by)
    row = session.get(PathwayAction, action_id)
    if row is None:
        raise NotFound
    if is_shut(session, row.case_id, by=by):
        raise NotFound
    held = frozenset({Relation.OWN_UNIT} if row.unit_id == by.unit_id else ())
    check_may(act, by, held, known=may("action.read", by, held))
    return row


def action(session: Session, action_id: str, *, by: Viewer, at: datetime) -> ActionView:
    """One action; the read is logged. Raises `NotFound`, `NotAllowed`."""
    row = load_action(session, action_id, act="action.read", by=by)
    found = action_views(session, [row], at=at)[0]
    seen(session, "action.read", by=by, at=at, cases=(found.case,))
    return found


def actions(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    state: ActionFilter | None = None,
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[ActionView], str | None]:
    """The actions that the viewer may read, the one due first on top, and the cursor of the next page.

    `state` keeps those that stand there; `overdue` the open ones whose day has passed. Raises `NotAllowed`.
    """
    check_role("action.read", by)
    query = select(PathwayAction).where(_visible(by), _stands(state, at))
    if cursor:
        due, last = cursors.unpack(cursor, tuple[date, str])
        same = and_(col(PathwayAction.due) == due, col(PathwayAction.id) > last)
        query = query.where(or_(col(PathwayAction.due) > due, same))
    rows = list(session.scalars(query.order_by(col(PathwayAction.due), col(PathwayAction.id)).limit(limit + 1)))
    views = action_views(session, rows[:limit], at=at)
    seen(session, "action.list", by=by, at=at, cases=tuple(view.case for view in views))
    more = len(rows) > limit
    return views, cursors.pack((rows[limit - 1].due, rows[limit - 1].id)) if more else None


def action_views(session: Session, rows: list[PathwayAction], *, at: datetime) -> list[ActionView]:
    """What is shown of actions that were already checked and are logged by the caller."""
    lines = lines_of(session, [row.case_id for row in rows], at=at)
    steps = histories_of(session, "action", [row.id for row in rows])
    return [
        ActionView(
            id=row.id,
            case=lines[row.case_id].number,
            conference=row.conference_id,
            outcome=row.outcome,
            state=row.state,
            is_overdue=row.state == ActionState.OPEN and row.due < clock.today(at),
            created_at=row.created_at,
            due=row.due,
            unit=row.unit_id,
            responsible_unit=row.responsible_unit,
            ended_at=row.changed_at if row.state != ActionState.OPEN else None,
            reason_code=row.reason_code,
            note=row.note,
            history=steps.get(row.id, []),
            line=lines[row.case_id],
            version=row.version,
        )
        for row in rows
    ]


def _stands(state: ActionFilter | None, at: datetime) -> ColumnElement[bool]:
    if state is None:
        return true()
    if state == "overdue":
        return and_(col(PathwayAction.state) == ActionState.OPEN, col(PathwayAction.due) < clock.today(at))
    return col(PathwayAction.state) == state


def _visible(by: Viewer) -> ColumnElement[bool]:
    wanted = ACCESS["action.read"][by.role]
    open_here = is_open_to(col(PathwayAction.case_id), by)
    if Relation.ANY in wanted:
        return open_here
    return and_(col(PathwayAction.unit_id) == by.unit_id, open_here) if Relation.OWN_UNIT in wanted else false()
