"""Reads of the access log: the chain's check, and who read a case."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.rules import GENESIS, digest_of
from mdk.audit.structs import Actor, Entry
from mdk.audit.tables import AccessLog, StateMove

_BATCH = 1000


class Move(msgspec.Struct, frozen=True):
    """One step of a history as people read it; `by` is a person's id until a name is put to it."""

    state: str
    at: datetime
    act: str
    by: int | None
    reason: str


def first_broken_row(session: Session) -> int | None:
    """The id of the first access-log row that does not follow from the one before it; None when the chain holds."""
    previous = GENESIS
    for row in _in_order(session):
        if row.previous != previous or row.digest != digest_of(previous, entry_of(row)):
            return row.id
        previous = row.digest
    return None


def of_case(session: Session, number: str, *, limit: int = 500, before: int | None = None) -> list[AccessLog]:
    """The newest rows that hold a case number, newest first; those older than the row `before` when it is given."""
    query = select(AccessLog).where((" " + col(AccessLog.cases) + " ").contains(f" {number} "))
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


def entry_of(row: AccessLog) -> Entry:
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


def _in_order(session: Session) -> Iterator[AccessLog]:
    last = 0
    while True:
        batch = list(
            session.scalars(select(AccessLog).where(col(AccessLog.id) > last).order_by(col(AccessLog.id)).limit(_BATCH))
        )
        yield from batch
        if len(batch) < _BATCH:
            return
        last = batch[-1].id or last
        session.expunge_all()
