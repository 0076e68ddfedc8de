"""Owns the outbox: owing, claiming and settling its rows."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.outbox.tables import OutboxRow, OutboxState

LEASE = timedelta(minutes=5)
_BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
)


def conference_changed(session: Session, conference_id: str, *, at: datetime) -> None:
    """Owe everyone concerned the news of a conference; a second change before it was told adds nothing."""
    waiting = session.scalar(
        select(OutboxRow.id).where(  # type: ignore[call-overload]
            col(OutboxRow.topic) == "conference.changed",
            col(OutboxRow.key) == conference_id,
            col(OutboxRow.state) == OutboxState.OWED,
        )
    )
    if waiting is None:
        session.add(OutboxRow(topic="conference.changed", key=conference_id, due_at=at, created_at=at))


def notice(session: Session, kind: str, *, person_id: int, key: str, at: datetime) -> None:
    """Owe one person a mail of a `kind` that names no patient; `key` is what the page behind the link is found by."""
    session.add(OutboxRow(topic=f"notice.{kind}", key=key, person_id=person_id, due_at=at, created_at=at))


def claim(session: Session, *, at: datetime, limit: int = 20) -> list[OutboxRow]:
    """Take the rows that are due, oldest first, for `LEASE`; a crashed worker's rows come back when it ends."""
    due = (
        select(OutboxRow.id)  # type: ignore[call-overload]
        .where(col(OutboxRow.state).in_([OutboxState.OWED, OutboxState.SENDING]), col(OutboxRow.due_at) <= at)
        .order_by(col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(due))
    session.execute(
        update(OutboxRow).where(col(OutboxRow.id).in_(ids)).values(state=OutboxState.SENDING, due_at=at + LEASE)
    )
    return list(session.scalars(select(OutboxRow).where(col(OutboxRow.id).in_(ids)).order_by(col(OutboxRow.id))))


def settled(session: Session, row_id: int, *, at: datetime) -> None:
    """The row's debt is paid."""
    row = session.get_one(OutboxRow, row_id)
    row.state, row.sent_at, row.error, row.message = OutboxState.SENT, at, "", ""


def postponed(session: Session, row_id: int, *, at: datetime, error: str) -> None:
    """Try the row again later, waiting longer each time."""
    row = session.get_one(OutboxRow, row_id)
    row.state, row.error = OutboxState.OWED, error
    row.due_at = at + _BACK_OFF[min(row.attempts, len(_BACK_OFF) - 1)]
    row.attempts += 1


def given_up(session: Session, row_id: int, *, error: str) -> None:
    """The row cannot be delivered; the coordinator sees it with its `error`."""
    row = session.get_one(OutboxRow, row_id)
    row.state, row.error = OutboxState.FAILED, error
    row.attempts += 1


def send_again(session: Session, row_id: int, *, at: datetime) -> None:
    """Owe a failed row once more, at once."""
    row = session.get_one(OutboxRow, row_id)
    row.state, row.due_at, row.error = OutboxState.OWED, at, ""


def forget_owed(session: Session, *, at: datetime) -> None:
    """Count everything owed as told; for a history that is loaded after it happened."""
    session.execute(
        update(OutboxRow).where(col(OutboxRow.state) == OutboxState.OWED).values(state=OutboxState.SENT, sent_at=at)
    )
