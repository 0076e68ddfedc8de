"""Owns who is connected to a conference just now, stream by stream."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences.tables import Presence
from mdk.live import publish

DEAD_AFTER = timedelta(seconds=25)  # a stream is seen every ten seconds, unless its process died


def join(session: Session, *, stream_id: str, conference_id: str, person_id: int, at: datetime) -> None:
    """Count a stream that was opened; those who watch the conference are told."""
    session.add(Presence(stream_id=stream_id, conference_id=conference_id, person_id=person_id, seen_at=at))
    publish(session, conference_id, "presence")


def stay(session: Session, *, stream_id: str, conference_id: str, at: datetime) -> None:
    """Note that a stream still lives, and forget those of the conference that died without saying so."""
    session.execute(update(Presence).where(col(Presence.stream_id) == stream_id).values(seen_at=at))
    is_dead = col(Presence.seen_at) <= at - DEAD_AFTER
    gone = delete(Presence).where(col(Presence.conference_id) == conference_id, is_dead)
    if session.scalars(gone.returning(col(Presence.stream_id))).all():
        publish(session, conference_id, "presence")


def leave(session: Session, *, stream_id: str, conference_id: str) -> None:
    """Forget a stream that ended."""
    session.execute(delete(Presence).where(col(Presence.stream_id) == stream_id))
    publish(session, conference_id, "presence")


def connected(session: Session, conference_id: str, *, at: datetime) -> set[int]:
    """The ids of those who have a living stream."""
    is_alive = col(Presence.seen_at) > at - DEAD_AFTER
    return set(
        session.scalars(select(col(Presence.person_id)).where(col(Presence.conference_id) == conference_id, is_alive))
    )
