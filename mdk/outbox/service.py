"""Owns the outbox: owing, claiming and settling its rows."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.outbox.queries import is_due
from mdk.outbox.tables import OutboxRow, OutboxState

LEASE = timedelta(minutes=5)
_BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=15),
)


class Withdrawn(NamedTuple):
    """What became of a person's mails that had not left: whether there were any, and whether one may have arrived."""

    found: bool
    maybe_received: bool


def conference_changed(session: Session, conference_id: str, *, at: datetime) -> None:
    """Owe everyone concerned the news of a conference, now; a second change before it was told adds nothing."""
    waiting = (
        update(OutboxRow)
        .where(
            col(OutboxRow.topic) == "conference.changed",
            col(OutboxRow.key) == conference_id,
            col(OutboxRow.state) == OutboxState.OWED,
        )
        .values(due_at=at)
        .returning(col(OutboxRow.id))
    )
    if not session.scalars(waiting).all():
        session.add(OutboxRow(topic="conference.changed", key=conference_id, due_at=at, created_at=at))


def notice(session: Session, kind: str, *, person_id: int, key: str, at: datetime) -> None:
    """Owe one person a mail of a `kind` that names no patient; `key` is what the page behind the link is found by.

    One whose `at` lies ahead is a reminder: it is owed from then on, if it still holds by then.
    """
    session.add(OutboxRow(topic=f"notice.{kind}", key=key, person_id=person_id, due_at=at, created_at=at))


def notice_once(session: Session, kind: str, *, person_id: int, key: str, at: datetime) -> bool:
    """Owe one person a notice unless the same was ever owed to them; whether it was new."""
    same = (col(OutboxRow.topic) == f"notice.{kind}", col(OutboxRow.key) == key, col(OutboxRow.person_id) == person_id)
    if session.scalar(select(col(OutboxRow.id)).where(*same).limit(1)) is not None:
        return False
    notice(session, kind, person_id=person_id, key=key, at=at)
    return True


def settle_alike(session: Session, row: OutboxRow, *, at: datetime) -> None:
    """Count as told what else of the same topic is owed to the same person by now: one mail stands for them all."""
    session.execute(
        update(OutboxRow)
        .where(
            col(OutboxRow.topic) == row.topic,
            col(OutboxRow.person_id) == row.person_id,
            col(OutboxRow.id) != row.id,
            col(OutboxRow.state) == OutboxState.OWED,
            col(OutboxRow.due_at) <= at,
        )
        .values(state=OutboxState.SENT, sent_at=at)
    )


def question(session: Session, kind: str, *, key: str, at: datetime) -> None:
    """Owe someone outside a question of a `kind`; `key` is what its address and its link are found by."""
    session.add(OutboxRow(topic=f"question.{kind}", key=key, due_at=at, created_at=at))


def mail(
    session: Session,
    *,
    key: str,
    person_id: int | None,
    recipient: str,
    subject: str,
    message_id: str,
    message: str,
    at: datetime,
    error: str = "",
) -> None:
    """Owe one finished mail, `message` being its bytes in ASCII; with an `error` it is shown as failed from the start.

    A mail to someone outside has no `person_id`.
    `key` tells what it is about: a newer mail to the same person about the same key replaces it until it has left.
    """
    state = OutboxState.FAILED if error else OutboxState.OWED
    session.add(
        OutboxRow(
            topic="mail",
            key=key,
            person_id=person_id,
            recipient=recipient,
            subject=subject,
            message_id=message_id,
            message=message,
            state=state,
            error=error,
            due_at=at,
            created_at=at,
        )
    )


def withdraw_mail(session: Session, *, key: str, person_id: int) -> Withdrawn:
    """Take back the person's mails about `key` that have not left for certain, since a newer one replaces them."""
    gone = session.execute(
        delete(OutboxRow)
        .where(
            col(OutboxRow.topic) == "mail",
            col(OutboxRow.key) == key,
            col(OutboxRow.person_id) == person_id,
            col(OutboxRow.state) != OutboxState.SENT,
        )
        .returning(col(OutboxRow.state), col(OutboxRow.attempts), col(OutboxRow.message))
    ).all()
    # A refusal at the first attempt is certain; a lost connection, or a worker that died, may hide a success.
    untried = {(OutboxState.OWED, 0), (OutboxState.FAILED, 0), (OutboxState.FAILED, 1)}
    received = any(message and (state, attempts) not in untried for state, attempts, message in gone)
    return Withdrawn(found=bool(gone), maybe_received=received)


def claim(session: Session, *, at: datetime, limit: int = 20) -> list[OutboxRow]:
    """Take the rows that are due for `LEASE`; a crashed worker's rows come back when it ends.

    Oldest first, but mails after all else: what has changed meanwhile may replace a mail before it leaves.
    """
    due = (
        select(OutboxRow.id)  # type: ignore[call-overload]
        .where(*is_due(at))
        .order_by(col(OutboxRow.topic) == "mail", col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(due))
    session.execute(
        update(OutboxRow).where(col(OutboxRow.id).in_(ids)).values(state=OutboxState.SENDING, due_at=at + LEASE)
    )
    return list(session.scalars(select(OutboxRow).where(col(OutboxRow.id).in_(ids)).order_by(col(OutboxRow.id))))


def settled(session: Session, row_id: int, *, at: datetime) -> None:
    """The row's debt is paid. A row that a newer mail replaced meanwhile is gone; then there is nothing to do."""
    row = session.get(OutboxRow, row_id)
    if row is not None:
        row.state, row.sent_at, row.error, row.message = OutboxState.SENT, at, "", ""


def postponed(session: Session, row_id: int, *, at: datetime, error: str) -> None:
    """Try the row again later, waiting longer each time, unless it is gone."""
    row = session.get(OutboxRow, row_id)
    if row is not None:
        row.state, row.error = OutboxState.OWED, error
        row.due_at = at + _BACK_OFF[min(row.attempts, len(_BACK_OFF) - 1)]
        row.attempts += 1


def given_up(session: Session, row_id: int, *, error: str) -> None:
    """The row cannot be delivered; the coordinator sees it with its `error`, unless it is gone."""
    row = session.get(OutboxRow, row_id)
    if row is not None:
        row.state, row.error = OutboxState.FAILED, error
        row.attempts += 1


def send_again(session: Session, row_id: int, *, at: datetime) -> None:
    """Owe a failed row once more, at once."""
    row = session.get_one(OutboxRow, row_id)
    row.state, row.due_at, row.error = OutboxState.OWED, at, ""


def owe_from_now(session: Session, *, at: datetime) -> None:
    """Count what is overdue as owed from now on; for a history that is loaded after it happened."""
    overdue = (col(OutboxRow.state) == OutboxState.OWED, col(OutboxRow.due_at) < at)
    session.execute(update(OutboxRow).where(*overdue).values(created_at=at, due_at=at))


def forget_owed(session: Session, *, at: datetime) -> None:
    """Count everything owed as told; for a history that is loaded after it happened."""
    session.execute(
        update(OutboxRow).where(col(OutboxRow.state) == OutboxState.OWED).values(state=OutboxState.SENT, sent_at=at)
    )
