"""Owns what waits for whom: reads across the aggregates for a person's own page, triage and the story of a case."""

from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import load, visible
from mdk.cases.rules import OPEN
from mdk.cases.structs import CaseLine, CaseState
from mdk.cases.tables import Case
from mdk.conferences import rules as conference_rules
from mdk.conferences.queries import ends_at, is_meeting, released_items, working_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, Conference, ConferenceMember, Participation
from mdk.journey.stories import CaseStep, steps_of
from mdk.minutes.tables import Minutes
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from mdk.people.rules import check_role, may_ever
from mdk.people.structs import Role, Viewer

TaskKind = Literal["supplement", "read", "finish", "triage", "sign", "unsigned", "referral", "assignment"]
_LONGEST_CONFERENCE = timedelta(hours=8)
_UNENDED = (ConferenceState.PLANNED, ConferenceState.RELEASED, ConferenceState.IN_SESSION)
_UNANSWERED = (ReferralState.CREATED, ReferralState.RECEIVED, AssignmentState.ASSIGNED)
_ANSWERED = (CaseState.DECIDED, CaseState.CLOSED, CaseState.ANSWERED)


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


def waiting(session: Session, *, by: Viewer, at: datetime, limit: int) -> TaskLines:
    """What waits for the viewer's own act, most urgent first; one log row for the cases that are shown."""
    found, total = _wanted(session, by, limit)
    lines = lines_of(session, [each.case_id for each in found], at=at)
    seen(session, "work.read", by=by, at=at, cases=tuple(lines[each.case_id].number for each in found))
    return TaskLines(total, [_task(each, lines[each.case_id]) for each in found])


def tallies(session: Session, *, by: Viewer, at: datetime) -> tuple[int, int]:
    """How many of the cases that the viewer may read are open, and how many have ended."""
    check_role("case.read", by)
    rows = session.execute(select(col(Case.state), func.count()).where(visible(by, at)).group_by(col(Case.state)))
    counts = {state: count for state, count in rows}  # noqa: C416 - a Row is no pair to dict()
    ongoing = sum(count for state, count in counts.items() if state in OPEN)
    return ongoing, sum(counts.values()) - ongoing


def triage(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[CaseLine], str | None]:
    """The cases that wait for triage, longest waiting first, and the cursor of the next page; one log row for all."""
    check_role("case.accept", by)
    conditions = [col(Case.state) == CaseState.SUBMITTED]
    if cursor:
        since, last = cursors.unpack(cursor, tuple[cursors.Instant, cursors.RowId])
        same = and_(col(Case.waiting_from) == since, col(Case.id) > last)
        conditions.append(or_(col(Case.waiting_from) > since, same))
    query = select(col(Case.id), col(Case.waiting_from)).where(*conditions)
    rows = session.execute(query.order_by(col(Case.waiting_from), col(Case.id)).limit(limit + 1)).all()
    ids = [case_id or 0 for case_id, _ in rows[:limit]]
    lines = lines_of(session, ids, at=at)
    seen(session, "case.triage", by=by, at=at, cases=tuple(lines[case_id].number for case_id in ids))
    following = cursors.pack((rows[limit - 1][1], rows[limit - 1][0])) if len(rows) > limit else None
    return [lines[case_id] for case_id in ids], following


def story(session: Session, number: str, *, by: Viewer, at: datetime) -> list[CaseStep]:
    """What has happened to a case, oldest first; the read is logged. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read", by=by, at=at)
    seen(session, "case.story", by=by, at=at, cases=(number,))
    return steps_of(session, case)


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


def _wanted(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    if may_ever("minutes.sign", by):
        return _unsigned(session, by, limit)
    if by.role == Role.COORDINATOR:
        first, total = _cases(session, by, limit)
        more, unsigned = _unsigned(session, by, limit)
        return [*first, *more][:limit], total + unsigned
    if may_ever("referral.work", by) or may_ever("assignment.work", by):
        return _arrived(session, by, limit)
    return _cases(session, by, limit) if may_ever("case.read", by) else ([], 0)


def _cases(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    kinds: dict[str, TaskKind] = {
        CaseState.SUPPLEMENT_REQUESTED: "supplement",
        CaseState.DRAFT: "finish",
        CaseState.SUBMITTED: "triage",
    }
    rank = case({CaseState.SUPPLEMENT_REQUESTED: 0, CaseState.DRAFT: 2}, value=col(Case.state), else_=1)
    since = func.coalesce(col(Case.supplement_since), col(Case.submitted_at), col(Case.changed_at))
    rows = session.execute(
        select(col(Case.number), col(Case.id), col(Case.state), col(Case.submitted_at), func.count().over())
        .where(_waits_for(by))
        .order_by(rank, col(Case.supplement_until), since, col(Case.id))
        .limit(limit)
    ).all()
    found = [_Wanted(kinds.get(state, "read"), number, case_id or 0, at) for number, case_id, state, at, _ in rows]
    return found, rows[0][-1] if rows else 0


def _waits_for(by: Viewer) -> ColumnElement[bool]:
    if may_ever("case.accept", by):
        return col(Case.state) == CaseState.SUBMITTED
    if not may_ever("case.create", by):
        return false()
    mine = col(Case.state).in_([CaseState.DRAFT, CaseState.SUPPLEMENT_REQUESTED])
    unread = and_(col(Case.state).in_(_ANSWERED), col(Case.read_confirmed_at).is_(None))
    return and_(col(Case.unit_id) == by.unit_id, or_(mine, unread))


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
            ~_signed(),
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


def _arrived(session: Session, by: Viewer, limit: int) -> tuple[list[_Wanted], int]:
    kind: TaskKind = "referral" if may_ever("referral.work", by) else "assignment"
    table = ImplantReferral if kind == "referral" else PumpAssignment
    rows = session.execute(
        select(col(table.id), col(table.case_id), col(table.created_at), func.count().over())
        .where(col(table.unit_id) == by.unit_id, col(table.state).in_(_UNANSWERED))
        .order_by(col(table.created_at), col(table.id))
        .limit(limit)
    ).all()
    return [_Wanted(kind, key, case_id, at) for key, case_id, at, _ in rows], rows[0][-1] if rows else 0


def _task(each: _Wanted, line: CaseLine) -> Task:
    until = line.supplement_until if each.kind == "supplement" else None
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
