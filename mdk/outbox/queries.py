"""Reads of the outbox for the coordinator."""

from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.outbox.tables import OutboxRow, OutboxState


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


def lines(session: Session, *, limit: int = 100) -> list[OutboxLine]:
    """The newest mails, newest first; what failed stands before all else."""
    columns = [getattr(OutboxRow, name) for name in OutboxLine.__struct_fields__]
    failed_first = (col(OutboxRow.state) != OutboxState.FAILED, col(OutboxRow.id).desc())
    rows = session.execute(select(*columns).where(col(OutboxRow.topic) == "mail").order_by(*failed_first).limit(limit))
    return [OutboxLine(*row) for row in rows]


def count_failed(session: Session) -> int:
    """How many rows were given up."""
    return session.scalar(select(func.count()).where(col(OutboxRow.state) == OutboxState.FAILED)) or 0
