"""Reads of implant referrals and pump assignments; a list is logged as one row with its case numbers."""

from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.service import seen
from mdk.cases.queries import submission_of
from mdk.cases.shut import is_open_to, is_shut
from mdk.cases.tables import Case, CaseRelation
from mdk.clinical import prerequisites
from mdk.clinical.prerequisites import Prerequisite
from mdk.clinical.reference import has_asih
from mdk.errors import NotFound
from mdk.pathways import rules
from mdk.pathways.durations import PERIOD, StateDays, days_in_states
from mdk.pathways.standing import standing_lines
from mdk.pathways.structs import AssignmentView, Gap, PathwayLink, ReferralView, StandingLine
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from mdk.pathways.views import assignment_views, referral_views
from mdk.people.rules import ACCESS, Relation, check_may, check_role, may, may_ever
from mdk.people.structs import Viewer

Pathway = TypeVar("Pathway", ImplantReferral, PumpAssignment)
INBOX_ROWS = 200


def load_referral(session: Session, referral_id: str, *, act: str, by: Viewer, at: datetime) -> ImplantReferral:
    """The referral, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`."""
    return _load(session, ImplantReferral, referral_id, act=act, read="referral.read", by=by, at=at)


def load_assignment(session: Session, assignment_id: str, *, act: str, by: Viewer, at: datetime) -> PumpAssignment:
    """The assignment, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`."""
    return _load(session, PumpAssignment, assignment_id, act=act, read="assignment.read", by=by, at=at)


def load_referral_row(
    session: Session, referral_id: str, n: int, *, by: Viewer, at: datetime
) -> tuple[ImplantReferral, Prerequisite]:
    """The referral and its prerequisite `n`, checked against whether the viewer may set it.

    Raises `NotFound` also for a number that an intern pump does not need, `NotAllowed`.
    """
    referral = load_referral(session, referral_id, act="referral.prerequisite", by=by, at=at)
    row = _row(prerequisites.for_intern(), n)
    rules.check_sets(row, is_neurosurgery=may_ever("referral.work", by))
    return referral, row


def load_assignment_row(
    session: Session, assignment_id: str, n: int, *, by: Viewer, at: datetime
) -> tuple[PumpAssignment, Prerequisite]:
    """The assignment and its prerequisite `n`, checked against whether the viewer may set it.

    Raises `NotFound` also for a number that there is not, `NotAllowed`.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    return assignment, _row(prerequisites.for_extern(has_asih=has_asih(assignment.home_region)), n)


def referral(session: Session, referral_id: str, *, by: Viewer, at: datetime) -> ReferralView:
    """One implant referral; the read is logged. Raises `NotFound`, `NotAllowed`."""
    row = load_referral(session, referral_id, act="referral.read", by=by, at=at)
    found = referral_views(session, [row], at=at)[0]
    seen(session, "referral.read", by=by, at=at, cases=(found.case,))
    return found


def assignment(session: Session, assignment_id: str, *, by: Viewer, at: datetime) -> AssignmentView:
    """One pump assignment; the read is logged. Raises `NotFound`, `NotAllowed`."""
    row = load_assignment(session, assignment_id, act="assignment.read", by=by, at=at)
    found = assignment_views(session, [row], at=at)[0]
    seen(session, "assignment.read", by=by, at=at, cases=(found.case,))
    return found


def gaps_of(session: Session, number: str, catheter_tip: str | None) -> list[Gap]:
    """What the pre-operative pack would lack if the case were referred now; the caller has checked and logged."""
    case = session.scalars(select(Case).where(col(Case.number) == number)).one()
    return rules.gaps(submission_of(case), catheter_tip or "")


def referrals(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[ReferralView], str | None]:
    """The implant referrals that the viewer may read, newest first, and the cursor of the next page."""
    check_role("referral.read", by)
    rows, following = _page(session, ImplantReferral, "referral.read", by=by, at=at, limit=limit, cursor=cursor)
    views = referral_views(session, rows, at=at)
    seen(session, "referral.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, following


def assignments(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[AssignmentView], str | None]:
    """The pump assignments that the viewer may read, newest first, and the cursor of the next page."""
    check_role("assignment.read", by)
    rows, following = _page(session, PumpAssignment, "assignment.read", by=by, at=at, limit=limit, cursor=cursor)
    views = assignment_views(session, rows, at=at)
    seen(session, "assignment.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, following


def referral_inbox(session: Session, *, by: Viewer, at: datetime) -> tuple[list[ReferralView], list[StateDays]]:
    """Every referral that the viewer may read and that goes on, those that ended within `PERIOD`, and the median days.

    The longest waiting stand first and are the last to be left out, above `INBOX_ROWS`. Raises `NotAllowed`.
    """
    check_role("referral.read", by)
    visible = _visible(ImplantReferral, "referral.read", by, at)
    views = referral_views(session, _inbox(session, ImplantReferral, rules.REFERRAL_OVER, visible, at), at=at)
    seen(session, "referral.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, days_in_states(session, "referral", _ids(ImplantReferral, visible), at=at)


def assignment_inbox(session: Session, *, by: Viewer, at: datetime) -> tuple[list[AssignmentView], list[StateDays]]:
    """The same of pump assignments."""
    check_role("assignment.read", by)
    visible = _visible(PumpAssignment, "assignment.read", by, at)
    views = assignment_views(session, _inbox(session, PumpAssignment, rules.ASSIGNMENT_OVER, visible, at), at=at)
    seen(session, "assignment.list", by=by, at=at, cases=tuple(view.case for view in views))
    return views, days_in_states(session, "assignment", _ids(PumpAssignment, visible), at=at)


def of_case(session: Session, number: str, *, by: Viewer, at: datetime) -> list[PathwayLink]:
    """The pathways of a case that the viewer may read, oldest first; the caller has read, and logged, the case."""
    return [
        *_links(session, "referral", ImplantReferral, number, by=by, at=at),
        *_links(session, "assignment", PumpAssignment, number, by=by, at=at),
    ]


def _links(
    session: Session,
    kind: Literal["referral", "assignment"],
    table: type[Pathway],
    number: str,
    *,
    by: Viewer,
    at: datetime,
) -> list[PathwayLink]:
    if not may_ever(f"{kind}.read", by):
        return []
    query = select(col(table.id), col(table.state)).join(Case, col(Case.id) == col(table.case_id))
    rows = session.execute(
        query.where(col(Case.number) == number, _visible(table, f"{kind}.read", by, at)).order_by(col(table.created_at))
    )
    return [PathwayLink(kind, key, state) for key, state in rows]


def standing(session: Session, *, by: Viewer, at: datetime) -> list[StandingLine]:
    """What the viewer's unit, and the municipalities of its region, meet for every patient, what ends first on top.

    What has ended is told for as long as nothing has taken its place. Raises `NotAllowed`.
    """
    check_role("standing.read", by)
    seen(session, "standing.read", by=by, at=at)
    return standing_lines(session, by.unit_id)


def _row(rows: list[Prerequisite], n: int) -> Prerequisite:
    found = next((row for row in rows if row.n == n), None)
    if found is None:
        raise NotFound
    return found


def _load(
    session: Session, table: type[Pathway], key: str, *, act: str, read: str, by: Viewer, at: datetime
) -> Pathway:
    check_role(act, by)
    row = session.get(table, key)
    if row is None:
        raise NotFound
    case = session.get_one(Case, row.case_id)
    if is_shut(session, row.case_id, by=by):
        raise NotFound
    held = {Relation.RECEIVER} if row.unit_id == by.unit_id else set()
    held |= {Relation.OWN_UNIT} if case.unit_id == by.unit_id else set()
    held |= {Relation.HOME_REGION} if row.home_region == by.region else set()
    if row.unit_id != by.unit_id and session.scalar(select(_granted(key, by, at))):
        held.add(Relation.SUPPORTS)
    check_may(act, by, frozenset(held), known=may(read, by, frozenset(held)))
    return row


def _page(
    session: Session, table: type[Pathway], act: str, *, by: Viewer, at: datetime, limit: int, cursor: str | None
) -> tuple[list[Pathway], str | None]:
    query = select(table).join(Case, col(Case.id) == col(table.case_id)).where(_visible(table, act, by, at))
    if cursor:
        created_at, last = cursors.unpack(cursor, tuple[cursors.Instant, str])
        older = or_(col(table.created_at) < created_at, (col(table.created_at) == created_at) & (col(table.id) < last))
        query = query.where(older)
    ordered = query.order_by(col(table.created_at).desc(), col(table.id).desc()).limit(limit + 1)
    rows = list(session.scalars(ordered))
    more = len(rows) > limit
    return rows[:limit], cursors.pack((rows[limit - 1].created_at, rows[limit - 1].id)) if more else None


def _inbox(
    session: Session, table: type[Pathway], over: frozenset[str], visible: ColumnElement[bool], at: datetime
) -> list[Pathway]:
    """What goes on, longest waiting first, then what has ended within the period, newest first."""
    query: Any = select(table).join(Case, col(Case.id) == col(table.case_id)).where(visible)
    ended = col(table.state).in_(sorted(over))
    going_on = query.where(~ended).order_by(col(table.created_at), col(table.id)).limit(INBOX_ROWS)
    rows: list[Pathway] = list(session.scalars(going_on))
    lately = query.where(ended, col(table.changed_at) >= at - PERIOD)
    newest = lately.order_by(col(table.changed_at).desc(), col(table.id)).limit(INBOX_ROWS - len(rows))
    ended_lately: list[Pathway] = list(session.scalars(newest))
    return rows + ended_lately


def _ids(table: type[Pathway], visible: ColumnElement[bool]) -> Select[Any]:
    return select(col(table.id)).join(Case, col(Case.id) == col(table.case_id)).where(visible)


def _visible(table: type[Pathway], act: str, by: Viewer, at: datetime) -> ColumnElement[bool]:
    by_relation: dict[Relation, ColumnElement[bool]] = {
        Relation.ANY: true(),
        Relation.RECEIVER: col(table.unit_id) == by.unit_id,
        Relation.OWN_UNIT: col(Case.unit_id) == by.unit_id,
        Relation.HOME_REGION: col(table.home_region) == by.region,
        Relation.SUPPORTS: _granted(col(table.id), by, at),
    }
    tied = or_(false(), *(by_relation[relation] for relation in ACCESS[act][by.role]))
    return and_(tied, is_open_to(col(table.case_id), by))


def _granted(key: Mapped[str] | str, by: Viewer, at: datetime) -> ColumnElement[bool]:
    """Whether the viewer's unit was let in for this one: to support it, or because it has handed it over."""
    return exists().where(
        col(CaseRelation.key) == key,
        col(CaseRelation.unit_id) == by.unit_id,
        or_(col(CaseRelation.until).is_(None), col(CaseRelation.until) > at),
    )
