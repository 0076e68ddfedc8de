"""Reads of implant referrals and pump assignments; a list is logged as one row with its case numbers."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.queries import histories
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import submission_of
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.errors import NotFound
from mdk.pathways import rules
from mdk.pathways.structs import AssignmentView, HistoryStep, PrerequisiteRow, ReferralView
from mdk.pathways.tables import ImplantReferral, PathwayPrerequisite, PumpAssignment
from mdk.people.queries import names
from mdk.people.rules import ACCESS, Relation, check_may, check_role, may
from mdk.people.structs import Viewer

Pathway = TypeVar("Pathway", ImplantReferral, PumpAssignment)


def load_referral(session: Session, referral_id: str, *, act: str, by: Viewer) -> ImplantReferral:
    """The referral, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`."""
    return _load(session, ImplantReferral, referral_id, act=act, read="referral.read", by=by)


def load_assignment(session: Session, assignment_id: str, *, act: str, by: Viewer) -> PumpAssignment:
    """The assignment, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`."""
    return _load(session, PumpAssignment, assignment_id, act=act, read="assignment.read", by=by)


def referral(session: Session, referral_id: str, *, by: Viewer, at: datetime) -> ReferralView:
    """One implant referral; the read is logged. Raises `NotFound`, `NotAllowed`."""
    row = load_referral(session, referral_id, act="referral.read", by=by)
    found = referral_views(session, [row], at=at)[0]
    seen(session, "referral.read", by=by, at=at, cases=(found.case,))
    return found


def assignment(session: Session, assignment_id: str, *, by: Viewer, at: datetime) -> AssignmentView:
    """One pump assignment; the read is logged. Raises `NotFound`, `NotAllowed`."""
    row = load_assignment(session, assignment_id, act="assignment.read", by=by)
    found = assignment_views(session, [row], at=at)[0]
    seen(session, "assignment.read", by=by, at=at, cases=(found.case,))
    return found


def referrals(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[ReferralView], str | None]:
    """The implant referrals that the viewer may read, newest first, and the cursor of the next page."""
    check_role("referral.read", by)
    rows, following = _page(session, ImplantReferral, "referral.read", by=by, limit=limit, cursor=cursor)
    views = referral_views(session, rows, at=at)
    seen(session, "referral.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, following


def assignments(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[AssignmentView], str | None]:
    """The pump assignments that the viewer may read, newest first, and the cursor of the next page."""
    check_role("assignment.read", by)
    rows, following = _page(session, PumpAssignment, "assignment.read", by=by, limit=limit, cursor=cursor)
    views = assignment_views(session, rows, at=at)
    seen(session, "assignment.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, following


def referral_views(session: Session, rows: list[ImplantReferral], *, at: datetime) -> list[ReferralView]:
    """What is shown of referrals that were already checked and are logged by the caller."""
    lines = lines_of(session, [row.case_id for row in rows], at=at)
    ids = [row.id for row in rows]
    cases = _cases(session, rows)
    checklists = _checklists(session, PathwayPrerequisite.referral_id, ids, _intern_texts())
    steps = _steps(session, "referral", ids)
    return [
        ReferralView(
            id=row.id,
            case=lines[row.case_id].number,
            conference=row.conference_id,
            state=row.state,
            created_at=row.created_at,
            home_region=row.home_region,
            catheter_tip=row.catheter_tip,
            due=row.due,
            missing=rules.gaps(submission_of(cases[row.case_id]), row.catheter_tip),
            prerequisites=checklists.get(row.id, []),
            history=steps.get(row.id, []),
            line=lines[row.case_id],
            version=row.version,
        )
        for row in rows
    ]


def assignment_views(session: Session, rows: list[PumpAssignment], *, at: datetime) -> list[AssignmentView]:
    """What is shown of assignments that were already checked and are logged by the caller."""
    lines = lines_of(session, [row.case_id for row in rows], at=at)
    ids = [row.id for row in rows]
    checklists = _checklists(session, PathwayPrerequisite.assignment_id, ids, _extern_texts())
    steps = _steps(session, "assignment", ids)
    return [
        AssignmentView(
            id=row.id,
            case=lines[row.case_id].number,
            conference=row.conference_id,
            state=row.state,
            created_at=row.created_at,
            region=row.home_region,
            due=row.due,
            prerequisites=checklists.get(row.id, []),
            history=steps.get(row.id, []),
            line=lines[row.case_id],
            version=row.version,
        )
        for row in rows
    ]


def _load(session: Session, table: type[Pathway], key: str, *, act: str, read: str, by: Viewer) -> Pathway:
    check_role(act, by)
    row = session.get(table, key)
    if row is None:
        raise NotFound
    case = session.get_one(Case, row.case_id)
    held = {Relation.RECEIVER} if row.unit_id == by.unit_id else set()
    held |= {Relation.OWN_UNIT} if case.unit_id == by.unit_id else set()
    held |= {Relation.HOME_REGION} if row.home_region == by.region else set()
    check_may(act, by, frozenset(held), known=may(read, by, frozenset(held)))
    return row


def _page(
    session: Session, table: type[Pathway], act: str, *, by: Viewer, limit: int, cursor: str | None
) -> tuple[list[Pathway], str | None]:
    query = select(table).join(Case, col(Case.id) == col(table.case_id)).where(_visible(table, act, by))
    if cursor:
        created_at, last = cursors.unpack(cursor, tuple[cursors.Instant, str])
        older = or_(col(table.created_at) < created_at, (col(table.created_at) == created_at) & (col(table.id) < last))
        query = query.where(older)
    ordered = query.order_by(col(table.created_at).desc(), col(table.id).desc()).limit(limit + 1)
    rows = list(session.scalars(ordered))
    more = len(rows) > limit
    return rows[:limit], cursors.pack((rows[limit - 1].created_at, rows[limit - 1].id)) if more else None


def _visible(table: type[Pathway], act: str, by: Viewer) -> ColumnElement[bool]:
    by_relation: dict[Relation, ColumnElement[bool]] = {
        Relation.ANY: true(),
        Relation.RECEIVER: col(table.unit_id) == by.unit_id,
        Relation.OWN_UNIT: col(Case.unit_id) == by.unit_id,
        Relation.HOME_REGION: col(table.home_region) == by.region,
    }
    return or_(false(), *(by_relation[relation] for relation in ACCESS[act][by.role]))


def _cases(session: Session, rows: list[ImplantReferral]) -> dict[int, Case]:
    found = session.scalars(select(Case).where(col(Case.id).in_([row.case_id for row in rows])))
    return {case.id or 0: case for case in found}


def _checklists(
    session: Session, column: Any, keys: list[str], texts: dict[int, Any]
) -> dict[str, list[PrerequisiteRow]]:
    rows = session.scalars(select(PathwayPrerequisite).where(column.in_(keys)).order_by(col(PathwayPrerequisite.n)))
    found: dict[str, list[PrerequisiteRow]] = {}
    for row in rows:
        shown = PrerequisiteRow(
            n=row.n,
            text=texts[row.n].text,
            scope=texts[row.n].scope,
            applies=row.applies,
            state=row.state,
            owner=row.owner,
            note=row.note,
            at=row.at,
        )
        found.setdefault(row.referral_id or row.assignment_id or "", []).append(shown)
    return found


def _intern_texts() -> dict[int, Any]:
    return {row.n: row for row in prerequisites.for_intern()}


def _extern_texts() -> dict[int, Any]:
    return {row.n: row for row in prerequisites.for_extern(has_asih=False)}


def _steps(session: Session, kind: str, keys: list[str]) -> dict[str, list[HistoryStep]]:
    found = histories(session, kind, keys)
    people = names(session, {move.by for moves in found.values() for move in moves})
    return {
        key: [HistoryStep(move.state, move.at, people.get(move.by, ""), move.reason) for move in moves]
        for key, moves in found.items()
    }
