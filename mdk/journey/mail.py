"""Owns the coordinator's look at the outbox, and the second try of what failed."""

from datetime import datetime

from sqlalchemy.orm import Session

from mdk.audit.service import did, seen
from mdk.errors import NotFound, RuleBroken
from mdk.outbox import queries, service
from mdk.outbox.queries import OutboxLine
from mdk.outbox.tables import OutboxRow, OutboxState
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


def outbox(session: Session, *, by: Viewer, at: datetime) -> list[OutboxLine]:
    """The newest mails, what failed before all else; they hold no patient. Raises `NotAllowed`."""
    check_role("outbox.read", by)
    seen(session, "outbox.read", by=by, at=at)
    return queries.lines(session)


def send_again(session: Session, *, row_id: int, by: Viewer, at: datetime) -> None:
    """Owe a mail that failed once more, at once.

    Raises `NotAllowed`, `NotFound`, `RuleBroken("outbox.not-failed")` for a mail that waits or has left.
    """
    check_role("outbox.read", by)
    row = session.get(OutboxRow, row_id)
    if row is None:
        raise NotFound
    if row.state != OutboxState.FAILED:
        raise RuleBroken("outbox.not-failed", "Mejlet har redan gått eller väntar på att skickas.")
    service.send_again(session, row_id, at=at)
    did(session, "outbox.send-again", by=by, at=at)
