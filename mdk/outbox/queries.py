"""Reads of the outbox for the coordinator."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.outbox.tables import OutboxRow, OutboxState

LATE = timedelta(minutes=30)


class OutboxLine(msgspec.Struct, frozen=True):
    """One mail as the coordinator sees it: to whom, what about, and how it went."""

    id: int
    topic: str
    recipient: str
    subject: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    error: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What should leave now, what was given up, and for how many seconds the oldest of the first has been late."""

    due: int
    failed: int
    oldest_seconds: float


def lines(session: Session, *, limit: int = 100) -> list[OutboxLine]:
    """The newest mails, newest first; what failed, mail or not, stands before all else."""
    columns = [getattr(OutboxRow, name) for name in OutboxLine.__struct_fields__]
    failed_first = (col(OutboxRow.state) != OutboxState.FAILED, col(OutboxRow.id).desc())
    shown = or_(col(OutboxRow.topic) == "mail", col(OutboxRow.state) == OutboxState.FAILED)
    rows = session.execute(select(*columns).where(shown).order_by(*failed_first).limit(limit))
    return [OutboxLine(*row) for row in rows]


def count_failed(session: Session) -> int:
    """How many rows were given up."""
    return session.scalar(select(func.count()).where(col(OutboxRow.state) == OutboxState.FAILED)) or 0


def standing(session: Session, *, at: datetime) -> Standing:
    """How the outbox stands."""
    oldest = session.scalar(select(func.min(col(OutboxRow.created_at))).where(*_owed_before(at)))
    waited = 0.0 if oldest is None else (at - oldest).total_seconds()
    return Standing(due=count_due(session, at=at), failed=count_failed(session), oldest_seconds=waited)


def stuck_since(session: Session, *, at: datetime) -> datetime | None:
    """Since when the oldest of what should have left by now waits; None while nothing is later than `LATE`."""
    return session.scalar(select(func.min(col(OutboxRow.created_at))).where(*_owed_before(at - LATE)))


def count_due(session: Session, *, at: datetime) -> int:
    """How many rows wait to be sent or handled now."""
    return session.scalar(select(func.count()).where(*is_due(at))) or 0


def _owed_before(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a row that was owed before `at` and has not been paid, however often it was tried since."""
    return col(OutboxRow.state).in_([OutboxState.OWED, OutboxState.SENDING]), col(OutboxRow.created_at) < at


def is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a row that may be claimed: owed, or left behind by a worker whose lease has ended."""
    return col(OutboxRow.state).in_([OutboxState.OWED, OutboxState.SENDING]), col(OutboxRow.due_at) <= at
