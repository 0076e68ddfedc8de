"""Owns the keys that sign minutes: one at work, the retired ones kept for checking, all published."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import tokens
from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.minutes.tables import SigningKey


def at_work(session: Session, *, secret: str, at: datetime) -> tokens.SealKey:
    """The key that signs at present; the first signature makes one, and so does the first with another secret."""
    row = _active(session)
    if row is not None and tokens.opens(secret, _of(row)):
        return _of(row)
    return _begin(session, secret=secret, at=at)


def rotate(session: Session, *, secret: str, by: Actor, at: datetime) -> tokens.SealKey:
    """Retire the key at work, if any, and begin a new one; what was signed before can still be checked."""
    key = _begin(session, secret=secret, at=at)
    did(session, "keys.rotate", by=by, at=at)
    return key


def published(session: Session) -> list[Mapping[str, str]]:
    """The public part of every key as a JWK, oldest first and the one at work last.

    A retired key stays for as long as minutes are kept.
    """
    rows = session.scalars(select(SigningKey).order_by(col(SigningKey.active), col(SigningKey.created_at)))
    return [_public(row) for row in rows]


def _active(session: Session) -> SigningKey | None:
    return session.scalar(select(SigningKey).where(col(SigningKey.active).is_(True)).with_for_update())


def _begin(session: Session, *, secret: str, at: datetime) -> tokens.SealKey:
    row = _active(session)
    if row is not None:
        row.active, row.retired_at = False, at
        session.flush()
    key = tokens.make_seal_key(secret)
    public = msgspec.json.encode(key.public).decode()
    session.add(SigningKey(kid=key.kid, public=public, private=key.private, created_at=at))
    session.flush()
    return key


def _of(row: SigningKey) -> tokens.SealKey:
    return tokens.SealKey(row.kid, dict(_public(row)), row.private)


def _public(row: SigningKey) -> Mapping[str, str]:
    return msgspec.json.decode(row.public, type=dict[str, str])
