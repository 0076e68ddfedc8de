"""Owns who has read what was answered: the recommendations that nobody at the referring unit has confirmed yet."""

from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import is_unread as answered_unread
from mdk.cases.shut import is_open_to
from mdk.cases.structs import CaseLine
from mdk.cases.tables import Case
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


class UnreadLine(msgspec.Struct, frozen=True):
    """A case whose answer has stood unread since then."""

    line: CaseLine
    since: datetime


def unread(session: Session, *, by: Viewer, at: datetime, limit: int) -> tuple[list[UnreadLine], int]:
    """The answers that wait to be read, longest first, and how many there are; one log row for those shown.

    Raises `NotAllowed`.
    """
    check_role("answer.unread", by)
    since = func.coalesce(col(Case.decided_at), col(Case.ended_at), col(Case.changed_at))
    rows = session.execute(
        select(col(Case.id), since, func.count().over())
        .where(answered_unread(), is_open_to(col(Case.id), by))
        .order_by(since, col(Case.id))
        .limit(limit)
    ).all()
    lines = lines_of(session, [case_id or 0 for case_id, _, _ in rows], at=at)
    if rows:
        seen(session, "answer.unread", by=by, at=at, cases=tuple(line.number for line in lines.values()))
    return [UnreadLine(lines[case_id or 0], moment) for case_id, moment, _ in rows], rows[0][-1] if rows else 0


def is_unread(session: Session, number: str) -> bool:
    """Whether the answer to a case still waits to be read, and a reminder holds."""
    return session.scalar(select(col(Case.id)).where(col(Case.number) == number, answered_unread())) is not None
