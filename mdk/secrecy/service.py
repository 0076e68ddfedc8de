"""Acts on the keys that seal patient data: a change of the installation's own key, and of the store's keys below it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import keyring
from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.keyring import INDEX, SEAL, Masters
from mdk.secrecy.tables import DataKey


def rotate(session: Session, *, masters: Masters, by: Actor, at: datetime) -> int:
    """Wrap the store's keys with the installation's present key; gives how many an earlier one wrapped.

    Nothing that they sealed is touched, and who has opened them already goes on. Done twice it changes nothing more.
    Raises `WrongKey` when neither key opens them.
    """
    connection = session.connection()
    changed = 0
    for row in keyring.ring_of(session).stored(connection, holds=True):
        if not keyring.is_wrapped_by(row, masters.current):
            secret = keyring.unwrapped(row, masters)
            wrapped = keyring.wrap(secret, row.id, row.purpose, masters.current)
            session.execute(update(DataKey).where(col(DataKey.id) == row.id).values(wrapped=wrapped))
            changed += 1
    did(session, "data-key.rotate", by=by, at=at)
    return changed


def renew(session: Session, *, masters: Masters, by: Actor, at: datetime) -> bool:
    """Put new keys of the store's own to work, unless an earlier change still goes on; gives whether it did.

    What the earlier ones sealed still opens, and is found, until all of it is sealed anew (`resealing.reseal`).
    """
    if session.scalar(select(col(DataKey.id)).where(*_leaving())) is not None:
        return False
    session.execute(
        update(DataKey).where(col(DataKey.purpose) == SEAL, col(DataKey.active)).values(active=False, retired_at=at)
    )
    session.execute(update(DataKey).where(col(DataKey.purpose) == INDEX, col(DataKey.active)).values(active=False))
    for purpose in (SEAL, INDEX):
        keyring.add(session.connection(), purpose, masters)
    did(session, "data-key.renew", by=by, at=at)
    return True


def retire(session: Session, *, by: Actor, at: datetime) -> None:
    """Have nothing looked for by an earlier key any more, since nothing is found by it."""
    session.execute(update(DataKey).where(*_leaving()).values(retired_at=at))
    did(session, "data-key.retire", by=by, at=at)


def _leaving() -> tuple[Any, ...]:
    """The conditions on a key that values are still found by, though no longer written with."""
    return col(DataKey.purpose) == INDEX, col(DataKey.active).is_(False), col(DataKey.retired_at).is_(None)
