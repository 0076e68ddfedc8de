"""Reads of the access log: the chain's check, and who read a case."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit import filed
from mdk.audit.rules import GENESIS, digest_of
from mdk.audit.structs import Actor, Entry, Fault
from mdk.audit.tables import AccessLog, AccessLogCase, AccessLogHead, AccessLogRemoval, StateMove

_BATCH = 1000
_ROW: Any = AccessLog.__table__.c  # type: ignore[attr-defined]


class Move(msgspec.Struct, frozen=True):
    """One step of a history as people read it; `by` is a person's id until a name is put to it."""

    state: str
    at: datetime
    act: str
    by: int | None
    reason: str


def first_fault(session: Session, heads: Mapping[int, str] | None = None) -> Fault | None:
    """The first place at which the access log is not what it was; None when it is whole.

    The walk begins where the newest removal ended. `heads` holds digests that the rows with these ids had when the
    chain's end was signed: what was cut off after the last row that is left, or written anew on an older copy, is found
    by them.
    """
    last, previous = beginning(session)
    owed, mark = dict(heads or {}), filed.up_to(session)
    left = session.scalar(select(col(AccessLogCase.log_id)).where(col(AccessLogCase.log_id) <= last).limit(1))
    if left is not None:
        return Fault(left, "index")
    for batch in _batches(session):
        held = _cases_of(session, batch)
        for row in batch:
            last = row.id or 0
            if row.previous != previous or row.digest != digest_of(previous, entry_of(row)):
                return Fault(last, "changed")
            if owed.pop(last, row.digest) != row.digest:
                return Fault(last, "changed")
            if sorted(set(row.cases.split())) != held.get(last, []) and (last <= mark or last in held):
                return Fault(last, "index")
            previous = row.digest
    return Fault(last + 1, "missing") if owed else None


def removals(session: Session) -> list[AccessLogRemoval]:
    """The checkpoints of what was removed, oldest first."""
    return list(session.scalars(select(AccessLogRemoval).order_by(col(AccessLogRemoval.id))))


def beginning(session: Session) -> tuple[int, str]:
    """Where what is left of the chain begins: the last removed row's id and digest, or what the first row follows."""
    newest = select(col(AccessLogRemoval.last_id), col(AccessLogRemoval.digest))
    row = session.execute(newest.order_by(col(AccessLogRemoval.id).desc()).limit(1)).first()
    return (0, GENESIS) if row is None else (row[0], row[1])


def digest_at(session: Session, log_id: int, *, since: int, digest: str) -> str | None:
    """The digest of a row, with the chain checked from the row `since` (of that digest) on; None where it breaks."""
    rows = session.execute(select(_ROW).where(_ROW.id > since, _ROW.id <= log_id).order_by(_ROW.id)).all()
    for row in rows:
        if row.previous != digest or row.digest != digest_of(digest, entry_of(row)):
            return None
        digest = row.digest
    return digest if len(rows) == log_id - since else None


def newest(session: Session) -> AccessLog | None:
    """The last row of the chain; None while there is none."""
    return session.scalar(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(1))


def heads(session: Session, *, limit: int = 400) -> list[AccessLogHead]:
    """The newest signed ends of the chain, oldest first."""
    query = select(AccessLogHead).order_by(col(AccessLogHead.id).desc()).limit(limit)
    return list(reversed(list(session.scalars(query))))


def of_case(session: Session, number: str, *, limit: int = 500, before: int | None = None) -> list[AccessLog]:
    """The newest rows that hold a case number, newest first; those older than the row `before` when it is given."""
    query = select(AccessLog).where(filed.shows([number]))
    if before is not None:
        query = query.where(col(AccessLog.id) < before)
    return list(session.scalars(query.order_by(col(AccessLog.id).desc()).limit(limit)))


def history(session: Session, kind: str, subject: str) -> list[Move]:
    """Every state move of one thing, oldest first."""
    return histories(session, kind, [subject]).get(subject, [])


def histories(session: Session, kind: str, subjects: list[str]) -> dict[str, list[Move]]:
    """The same of many things of a kind in one question, by subject; what never moved is left out."""
    rows = session.scalars(
        select(StateMove)
        .where(col(StateMove.kind) == kind, col(StateMove.subject).in_(subjects))
        .order_by(col(StateMove.id))
    )
    found: dict[str, list[Move]] = {}
    for row in rows:
        move = Move(state=row.to_state, at=row.at, act=row.act, by=row.person_id, reason=row.reason)
        found.setdefault(row.subject, []).append(move)
    return found


def entry_of(row: Any) -> Entry:
    """The entry that a stored row was made from."""
    by = Actor(
        person_id=row.person_id,
        assignment_id=row.assignment_id,
        role=row.role,
        unit_id=row.unit_id,
        surface=row.surface,
        address=row.address,
    )
    return Entry(
        at=row.at.astimezone(UTC),
        act=row.act,
        by=by,
        cases=tuple(row.cases.split()),
        allowed=row.allowed,
        reason=row.reason,
    )


def _batches(session: Session) -> Iterator[list[AccessLog]]:
    last = 0
    while True:
        batch = list(
            session.scalars(select(AccessLog).where(col(AccessLog.id) > last).order_by(col(AccessLog.id)).limit(_BATCH))
        )
        if not batch:
            return
        yield batch
        last = batch[-1].id or last
        session.expunge_all()


def _cases_of(session: Session, batch: list[AccessLog]) -> dict[int, list[str]]:
    """What the index says that the rows of a batch hold, in order."""
    rows = session.execute(
        select(col(AccessLogCase.log_id), col(AccessLogCase.case_number)).where(
            col(AccessLogCase.log_id) >= batch[0].id, col(AccessLogCase.log_id) <= batch[-1].id
        )
    )
    found: dict[int, list[str]] = {}
    for log_id, number in rows:
        found.setdefault(log_id, []).append(number)
    return {log_id: sorted(numbers) for log_id, numbers in found.items()}
