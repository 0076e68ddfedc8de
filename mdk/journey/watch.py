"""Owns what must not be lost: everything decided that is late, wherever it has stopped."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.shut import open_to
from mdk.cases.structs import CaseLine, CaseState
from mdk.cases.tables import Case
from mdk.pathways import follow_up_queries, rules
from mdk.pathways.action_structs import ActionState
from mdk.pathways.follow_up_structs import Done
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.queries import holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer

LateKind = Literal["referral", "assignment", "action", "follow_up", "unread"]
LATE_KINDS: tuple[LateKind, ...] = ("referral", "assignment", "action", "follow_up", "unread")
ANSWER_DAYS = 2  # working days in which a receiver answers
READ_DAYS = 3  # working days in which an answer is read
_ANSWERED = (CaseState.DECIDED, CaseState.CLOSED, CaseState.ANSWERED)
_FOLLOWED_FOR = timedelta(days=12 * 7 + 90)  # after which a series that was never told of is let go
_UNANSWERED = frozenset({ReferralState.CREATED, ReferralState.RECEIVED, AssignmentState.ASSIGNED})


class Late(msgspec.Struct, frozen=True):
    """One thing that is late: `key` is the id of the pathway, or the case's number (with the week of a follow-up)."""

    kind: LateKind
    key: str
    case_id: int
    unit_id: str
    due: date


class LateLine(msgspec.Struct, frozen=True):
    """The same with its case, for the list; `week` is that of a follow-up."""

    kind: LateKind
    key: str
    unit_id: str
    due: date
    week: int | None
    line: CaseLine


class DueFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up whose day has come and that nobody has told of, of a case of the unit `unit_id`.

    `function_id` is the unit of the function that put an extern pump in.
    """

    number: str
    week: int
    due: date
    is_overdue: bool
    case_id: int
    unit_id: str
    function_id: str | None
    sender: int

    @property
    def key(self) -> str:
        return f"{self.number} {self.week}"


def overdue(session: Session, *, by: Viewer, at: datetime) -> list[LateLine]:
    """Everything decided that is late, longest first, with one log row for its cases. Raises `NotAllowed`."""
    check_role("overdue.read", by)
    every = late(session, at=at)
    open_ids = open_to(session, [each.case_id for each in every], by=by)
    found = [each for each in every if each.case_id in open_ids]
    lines = lines_of(session, list(open_ids), at=at)
    seen(session, "overdue.read", by=by, at=at, cases=tuple(sorted({line.number for line in lines.values()})))
    return [
        LateLine(each.kind, each.key.partition(" ")[0], each.unit_id, each.due, _week(each), lines[each.case_id])
        for each in found
    ]


def late(session: Session, *, at: datetime) -> list[Late]:
    """What is late now, longest first; it names no patient."""
    found = [*_pumps(session, at), *_actions(session, at), *_follow_ups(session, at), *_unread(session, at)]
    return sorted(found, key=lambda each: (each.due, each.kind, each.key))


def counts(found: list[Late]) -> dict[LateKind, int]:
    """How much of each kind is late."""
    return {kind: sum(each.kind == kind for each in found) for kind in LATE_KINDS}


def waiting_follow_ups(
    session: Session, *, at: datetime, which: ColumnElement[bool] | None = None
) -> list[DueFollowUp]:
    """The follow-ups that wait to be told of, the longest first, of the cases that meet a condition; no patient."""
    today = clock.today(at)
    decided = and_(
        col(Case.decided_at).is_not(None),
        col(Case.state).in_([CaseState.DECIDED, CaseState.CLOSED]),
        or_(col(Case.ended_at).is_(None), col(Case.ended_at) > at - _FOLLOWED_FOR),
    )
    found = [
        DueFollowUp(
            number=case.number,
            week=each.week,
            due=each.due,
            is_overdue=each.is_overdue,
            case_id=case.id or 0,
            unit_id=case.unit_id,
            function_id=_function_of(session, done),
            sender=case.submitted_by or case.created_by,
        )
        for case, done, planned in follow_up_queries.planned_of(
            session, decided if which is None else and_(decided, which), today=today
        )
        for each in planned
        if each.due <= today and each.told is None
    ]
    return sorted(found, key=lambda each: (each.due, each.key))


def reminded_of(session: Session, each: DueFollowUp) -> set[int]:
    """Who is reminded of a follow-up: whoever sent the case in, and the function that put an extern pump in."""
    if each.function_id is None:
        return {each.sender}
    function = holders(session, Role.REGIONAL_FUNCTION, unit_id=each.function_id)
    return {each.sender, *(line.person_id for line in function)}


def _week(each: Late) -> int | None:
    return int(each.key.partition(" ")[2]) if each.kind == "follow_up" else None


def _pumps(session: Session, at: datetime) -> Iterator[Late]:
    """Referrals and assignments that nobody has answered in time, or that are not done by the day of the minutes."""
    referrals = select(ImplantReferral).where(col(ImplantReferral.state).in_(sorted(rules.REFERRAL_OPEN)))
    assignments = select(PumpAssignment).where(col(PumpAssignment.state).in_(sorted(rules.ASSIGNMENT_OPEN)))
    for referral in session.scalars(referrals):
        yield from _unfinished("referral", referral, at)
    for assignment in session.scalars(assignments):
        yield from _unfinished("assignment", assignment, at)


def _unfinished(kind: LateKind, row: ImplantReferral | PumpAssignment, at: datetime) -> Iterator[Late]:
    days = [row.due] if row.due else []
    if row.state in _UNANSWERED:
        days.append(clock.today(clock.add_working_days(row.created_at, ANSWER_DAYS)))
    if days and min(days) < clock.today(at):
        yield Late(kind, row.id, row.case_id, row.unit_id, min(days))


def _actions(session: Session, at: datetime) -> Iterator[Late]:
    passed = (col(PathwayAction.state) == ActionState.OPEN, col(PathwayAction.due) < clock.today(at))
    for row in session.scalars(select(PathwayAction).where(*passed)):
        yield Late("action", row.id, row.case_id, row.unit_id, row.due)


def _follow_ups(session: Session, at: datetime) -> Iterator[Late]:
    """Follow-ups that nobody has told of a week after their day."""
    for each in waiting_follow_ups(session, at=at):
        if each.is_overdue:
            yield Late("follow_up", each.key, each.case_id, each.unit_id, each.due)


def _unread(session: Session, at: datetime) -> Iterator[Late]:
    """Answers that nobody has read in time, or not again in time since something was added to them."""
    since = func.coalesce(col(Case.read_again_since), col(Case.decided_at), col(Case.ended_at), col(Case.changed_at))
    query = select(Case, since).where(col(Case.state).in_(_ANSWERED), col(Case.read_confirmed_at).is_(None))
    for case, answered_at in session.execute(query):
        due = clock.today(clock.add_working_days(answered_at, READ_DAYS))
        if due < clock.today(at):
            yield Late("unread", case.number, case.id or 0, case.unit_id, due)


def _function_of(session: Session, done: Done) -> str | None:
    return session.get_one(PumpAssignment, done.key).unit_id if done.outcome == "extern_pump" else None
