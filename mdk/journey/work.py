"""Owns what waits for whom: reads across the aggregates for a person's own page, triage and the story of a case."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select, true
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import knows_identity, load, relations
from mdk.cases.shut import is_open_to
from mdk.cases.structs import CaseLine, CaseState
from mdk.cases.tables import Case
from mdk.clock import today
from mdk.conferences import rules as conference_rules
from mdk.conferences.held import never_came
from mdk.conferences.queries import ends_at, is_meeting, released_items, working_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, Conference, ConferenceMember, Participation
from mdk.journey import pending
from mdk.journey.after import after_tasks
from mdk.journey.stories import CaseStep, steps_of
from mdk.minutes.tables import Minutes
from mdk.pathways.assignments import SUPPORTING_REGION
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from mdk.people.rules import check_role, may_ever
from mdk.people.structs import Role, Viewer

TaskKind = Literal[
    "supplement", "read", "finish", "worsened", "triage", "sign", "unsigned", "referral", "plan", "implant", "report",
    "assignment", "prepare", "support", "information", "action", "follow_up",
]  # fmt: skip
_LONGEST_CONFERENCE = timedelta(hours=8)
_UNENDED = (ConferenceState.PLANNED, ConferenceState.RELEASED, ConferenceState.IN_SESSION)
_REFERRAL_TASKS: Mapping[str, TaskKind] = {  # in the order in which they are shown
    ReferralState.CREATED: "referral",
    ReferralState.RECEIVED: "referral",
    ReferralState.IMPLANTED: "report",
    ReferralState.ACCEPTED: "plan",
    ReferralState.SCHEDULED: "implant",
}
_ASSIGNMENT_TASKS: Mapping[str, TaskKind] = {
    AssignmentState.ASSIGNED: "assignment",
    AssignmentState.ACCEPTED: "prepare",
    AssignmentState.PREPARING: "prepare",
}


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits for the viewer: its `kind`, its case, and `key`, the id of what the act is done to.

    `until` is the day or time by which it is wanted, where there is one.
    """

    kind: TaskKind
    key: str
    line: CaseLine
    since: datetime | None = None
    until: date | None = None


class TaskLines(msgspec.Struct, frozen=True):
    """How many things wait, and the most urgent of them."""

    total: int
    tasks: list[Task]


class NextConference(msgspec.Struct, frozen=True, kw_only=True):
    """The next conference of the viewer, with the viewer's own slots as (start, end); it holds no patient."""

    id: str
    state: str
    starts_at: datetime
    ends_at: datetime
    video_url: str | None
    case_count: int
    partstat: str | None
    slots: list[tuple[datetime, datetime]]


class _Wanted(NamedTuple):
    kind: TaskKind
    key: str
    case_id: int
    since: datetime | None
    until: date | None = None


def waiting(session: Session, *, by: Viewer, at: datetime, limit: int) -> TaskLines:
    """What waits for the viewer's own act, most urgent first; one log row for the cases that are shown."""
    found, total = _wanted(session, by, limit, at)
    later, more = after_tasks(session, by=by, at=at, limit=limit)
    found, total = [*found, *(_Wanted(*each) for each in later)][:limit], total + more
    lines = lines_of(session, [each.case_id for each in found], at=at)
    seen(session, "work.read", by=by, at=at, cases=tuple(lines[each.case_id].number for each in found))
    return TaskLines(total, [_task(each, lines[each.case_id]) for each in found])


def tallies(session: Session, *, by: Viewer, at: datetime) -> tuple[int, int]:
    """How many of the cases that the viewer may read are open, and how many have ended: at most a thousand each."""
    check_role("case.read", by)
    return pending.open_and_ended(session, viewer=by, at=at)


def triage(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[CaseLine], str | None]:
    """What waits for triage, first what became worse, then the longest waiting; one log row for all.

    Gives the cursor of the next page, too.
    """
    check_role("case.accept", by)
    mark = cursors.unpack(cursor, pending.Mark) if cursor else None
    found, following = pending.after(session, pending.triage_of(by), mark, limit)
    lines = lines_of(session, [each.case_id for each in found], at=at)
    seen(session, "case.triage", by=by, at=at, cases=tuple(each.number for each in found))
    return [lines[each.case_id] for each in found], cursors.pack(following) if following else None


def story(session: Session, number: str, *, by: Viewer, at: datetime) -> list[CaseStep]:
    """What has happened to a case, oldest first; the read is logged. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read", by=by, at=at)
    seen(session, "case.story", by=by, at=at, cases=(number,))
    tied = relations(session, case, by=by, at=at)
    return steps_of(session, case, knows_identity=knows_identity(case, tied))


def next_conference(session: Session, *, by: Viewer, at: datetime) -> NextConference | None:
    """The conference that is held now or next among those that the viewer takes part in (the coordinator: any)."""
    check_role("conference.read", by)
    rows = session.scalars(
        select(Conference)
        .where(
            is_meeting(),
            _concerns(by),
            col(Conference.state).in_(_UNENDED),
            col(Conference.starts_at) > at - _LONGEST_CONFERENCE,
        )
        .order_by(col(Conference.starts_at), col(Conference.id))
        .limit(5)
    )
    conference = next((row for row in rows if row.state == ConferenceState.IN_SESSION or ends_at(row) > at), None)
    return None if conference is None else _next(session, conference, by)


def _wanted(session: Session, by: Viewer, limit: int, at: datetime) -> tuple[list[_Wanted], int]:
    if may_ever("minutes.sign", by):
        return _unsigned(session, by, limit)
    if by.role == Role.COORDINATOR:
        first, total = _cases(session, by, limit)
        more, unsigned = _unsigned(session, by, limit)
        return [*first, *more][:limit], total + unsigned
    if may_ever("referral.work", by) or may_ever("assignment.work", by):
        return _received(session, by, limit, at)
    if not may_ever("case.read", by):
        return [], 0
    asked, questions = _questions(session, by, limit) if may_ever("case.create", by) else ([], 0)
    found, cases = _cases(session, by, limit)
    return (asked + found)[:limit], questions + cases


def _cases(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    parts = pending.parts_of(by)
    found = pending.first(session, parts, limit)
    return [_Wanted(each.kind, each.number, each.case_id, each.since) for each in found], pending.total(session, parts)


def _unsigned(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    """What a chair has yet to sign; for the coordinator, what any chair left unsigned after closing."""
    signs = may_ever("minutes.sign", by)
    rows = session.execute(
        select(col(Conference.id), col(AgendaItem.case_id), col(Conference.starts_at), func.count().over())
        .join(AgendaItem, col(AgendaItem.conference_id) == col(Conference.id))
        .join(Case, col(Case.id) == col(AgendaItem.case_id))
        .where(
            *([col(Conference.chair_id) == by.person_id] if signs else [is_meeting()]),
            col(Conference.state).in_([ConferenceState.CLOSED, *([ConferenceState.IN_SESSION] if signs else [])]),
            col(Case.state) == CaseState.DISCUSSED,
            is_open_to(col(Case.id), by),
            ~_signed(),
            ~never_came(),
        )
        .order_by(col(Conference.starts_at), col(AgendaItem.position))
        .limit(limit)
    ).all()
    kind: TaskKind = "sign" if signs else "unsigned"
    return [_Wanted(kind, key, case_id, at) for key, case_id, at, _ in rows], rows[0][-1] if rows else 0


def _signed() -> ColumnElement[bool]:
    """A case that was deferred and is discussed anew elsewhere is signed for here."""
    return exists().where(
        col(Minutes.conference_id) == col(Conference.id),
        col(Minutes.case_id) == col(Case.id),
        col(Minutes.signed_at).is_not(None),
    )


def _received(session: Session, by: Viewer, limit: int, at: datetime) -> tuple[list[_Wanted], int]:
    """What waits at neurosurgery or a region's function: what nobody has answered first, then what is under way."""
    table = ImplantReferral if may_ever("referral.work", by) else PumpAssignment
    kinds = _REFERRAL_TASKS if table is ImplantReferral else _ASSIGNMENT_TASKS
    rank = case({state: place for place, state in enumerate(kinds)}, value=col(table.state))
    rows = session.execute(
        select(col(table.id), col(table.case_id), col(table.created_at), col(table.state), col(table.unit_id), _total())
        .where(_works(table, by, at), is_open_to(col(table.case_id), by))
        .order_by(rank, col(table.created_at), col(table.id))
        .limit(limit)
    ).all()
    found = [
        _Wanted(kinds[state] if unit_id == by.unit_id else "support", key, case_id, since)
        for key, case_id, since, state, unit_id, _ in rows
    ]
    return found, rows[0][-1] if rows else 0


def _works(table: type[ImplantReferral | PumpAssignment], by: Viewer, at: datetime) -> ColumnElement[bool]:
    if table is ImplantReferral:
        planned = and_(col(ImplantReferral.state) == "scheduled", col(ImplantReferral.planned_for) > today(at))
        return and_(
            col(ImplantReferral.unit_id) == by.unit_id, col(ImplantReferral.state).in_(_REFERRAL_TASKS), ~planned
        )
    mine = col(PumpAssignment.unit_id) == by.unit_id
    asked = and_(
        true() if by.region == SUPPORTING_REGION else false(),
        col(PumpAssignment.support_asked_at).is_not(None),
        col(PumpAssignment.support_answered_at).is_(None),
    )
    return and_(col(PumpAssignment.state).in_(_ASSIGNMENT_TASKS), or_(mine, asked))


def _questions(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    """The referrals on which neurosurgery waits for an answer of the viewer's unit."""
    rows = session.execute(
        select(col(ImplantReferral.id), col(ImplantReferral.case_id), col(ImplantReferral.changed_at), _total())
        .join(Case, col(Case.id) == col(ImplantReferral.case_id))
        .where(
            col(Case.unit_id) == by.unit_id,
            col(ImplantReferral.state) == ReferralState.MORE_INFORMATION,
            is_open_to(col(Case.id), by),
        )
        .order_by(col(ImplantReferral.changed_at), col(ImplantReferral.id))
        .limit(limit)
    ).all()
    return [_Wanted("information", key, case_id, since) for key, case_id, since, _ in rows], rows[0][-1] if rows else 0


def _total() -> Any:
    return func.count().over()


def _task(each: _Wanted, line: CaseLine) -> Task:
    until = line.supplement_until if each.kind == "supplement" else each.until
    return Task(kind=each.kind, key=each.key, line=line, since=each.since, until=until)


def _concerns(by: Viewer) -> ColumnElement[bool]:
    if by.role == Role.COORDINATOR:
        return col(Conference.id).is_not(None)
    standing = select(col(ConferenceMember.conference_id)).where(col(ConferenceMember.person_id) == by.person_id)
    invited = select(col(Participation.conference_id)).where(
        col(Participation.person_id) == by.person_id, col(Participation.active).is_(True)
    )
    return or_(
        col(Conference.chair_id) == by.person_id,
        col(Conference.consultant_id) == by.person_id,
        col(Conference.deputy_id) == by.person_id,
        col(Conference.id).in_(standing),
        col(Conference.id).in_(invited),
    )


def _next(session: Session, conference: Conference, by: Viewer) -> NextConference:
    items = released_items(session, conference)
    if not items and may_ever("conference.agenda", by):
        items = working_items(session, conference)
    starts = conference_rules.starts(conference.starts_at, [item.minutes for item in items])
    mine = session.get(Participation, (conference.id, by.person_id))
    return NextConference(
        id=conference.id,
        state=conference.state,
        starts_at=conference.starts_at,
        ends_at=ends_at(conference),
        video_url=conference.video_url,
        case_count=len(items),
        partstat=mine.partstat if mine is not None and mine.active else None,
        slots=[
            (start, start + timedelta(minutes=item.minutes))
            for item, start in zip(items, starts, strict=True)
            if item.presenter_id == by.person_id and by.role == Role.REFERRER
        ],
    )
