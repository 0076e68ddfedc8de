"""Owns who has read what was answered: the recommendations that nobody at the referring unit has confirmed yet."""

from datetime import datetime

import msgspec
from sqlalchemy import and_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import is_unread as answered_unread
from mdk.cases.shut import is_open_to
from mdk.cases.structs import CaseLine, CaseState
from mdk.cases.tables import Case
from mdk.journey import pending
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

_NEVER_READ = col(Case.read_again_since).is_(None)
# Each kind is read in order from its own index.
_PARTS = (
    pending.Part("read", and_(answered_unread(CaseState.DECIDED, CaseState.CLOSED), _NEVER_READ), col(Case.decided_at)),
    pending.Part("read", and_(answered_unread(CaseState.ANSWERED), _NEVER_READ), col(Case.ended_at)),
    pending.Part("read", and_(answered_unread(), ~_NEVER_READ), col(Case.read_again_since)),
)


class UnreadLine(msgspec.Struct, frozen=True):
    """A case whose answer, or what was added to it, has stood unread since then."""

    line: CaseLine
    since: datetime


def unread(session: Session, *, by: Viewer, at: datetime, limit: int) -> tuple[list[UnreadLine], int]:
    """The answers that wait to be read, longest first, and how many there are, to a thousand; one log row.

    Raises `NotAllowed`.
    """
    check_role("answer.unread", by)
    parts = [part._replace(where=and_(part.where, is_open_to(col(Case.id), by))) for part in _PARTS]
    found = [each for part in parts for each in pending.first(session, [part], limit)]
    found = sorted(found, key=lambda each: (each.since or at, each.case_id))[:limit]
    lines = lines_of(session, [each.case_id for each in found], at=at)
    if found:
        seen(session, "answer.unread", by=by, at=at, cases=tuple(line.number for line in lines.values()))
    return [UnreadLine(lines[each.case_id], each.since or at) for each in found], pending.total(session, parts)


def is_unread(session: Session, number: str) -> bool:
    """Whether the answer to a case still waits to be read, and a reminder holds."""
    return session.scalar(select(col(Case.id)).where(col(Case.number) == number, answered_unread())) is not None
