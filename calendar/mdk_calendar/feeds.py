"""Owns a person's private calendar address: its secret, and the calendar that it gives without a sign-in.

The secret is told from a random seed and the installation's own key, and found by its hash: whoever reads the database
alone learns no address, and its owner can have it shown again.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.conferences.answers import answer_to
from mdk.conferences.tables import Participation
from mdk.people.rules import Relation, check_may
from mdk.people.structs import Viewer
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar.events import Event, Language, Partstat
from mdk_calendar.ics import to_feed
from mdk_calendar.ledger import language_of, remembered
from mdk_calendar.tables import Feed, Told

PAST: Final = timedelta(days=60)
CANCELLED_FOR: Final = timedelta(days=30)
_SECRET: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NOBODY: Final = 0


class Served(NamedTuple):
    """A feed as it is sent: its bytes, what names this content, and when it last changed."""

    body: bytes
    etag: str
    changed_at: datetime


def renew(session: Session, *, settings: Settings, by: Viewer, at: datetime) -> str:
    """Give the viewer a new address and end the old one at once; gives the secret. Raises `NotAllowed`."""
    check_may("calendar.keep", by, frozenset({Relation.SELF}))
    feed = session.get(Feed, by.person_id) or Feed(person_id=by.person_id, seed="", secret_hash="", created_at=at)
    feed.seed, feed.created_at = secrets.token_hex(32), at
    secret = _secret(settings, feed)
    feed.secret_hash = _hash(secret)
    session.add(feed)
    session.flush()
    did(session, "feed.renew", by=by, at=at)
    return secret


def stop(session: Session, *, by: Viewer, at: datetime) -> None:
    """End the viewer's address, if there is one. Raises `NotAllowed`."""
    check_may("calendar.keep", by, frozenset({Relation.SELF}))
    feed = session.get(Feed, by.person_id)
    if feed is not None:
        session.delete(feed)
    did(session, "feed.stop", by=by, at=at)


def shown(session: Session, *, settings: Settings, by: Viewer, at: datetime) -> str:
    """The secret of the viewer's address once more; empty when there is none that still works. Raises `NotAllowed`."""
    check_may("calendar.keep", by, frozenset({Relation.SELF}))
    feed = session.get(Feed, by.person_id)
    did(session, "feed.show", by=by, at=at)
    if feed is None:
        return ""
    secret = _secret(settings, feed)
    return secret if hmac.compare_digest(_hash(secret), feed.secret_hash) else ""


def since(session: Session, person_id: int) -> datetime | None:
    """When a person's address was made; None without one."""
    feed = session.get(Feed, person_id)
    return None if feed is None else feed.created_at


def served(session: Session, secret: str, *, at: datetime) -> Served | None:
    """The calendar behind a secret; None for one that nobody has, after the same work."""
    asked = _hash(secret if _SECRET.fullmatch(secret) else "")
    found = session.execute(
        select(Feed, Person)
        .join(Person, col(Person.id) == col(Feed.person_id))
        .where(col(Feed.secret_hash) == asked, col(Person.active).is_(True))
    ).first()
    person_id = found[0].person_id if found else _NOBODY
    events = list(_events(session, person_id, at))
    language: Language = language_of(found[1]) if found else "sv"
    body = to_feed([event for event, _ in events], language=language)
    if found is None:
        return None
    changed_at = max([found[0].created_at, *(moment for _, moment in events)])
    return Served(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', changed_at)


def _events(session: Session, person_id: int, at: datetime) -> Iterable[tuple[Event, datetime]]:
    """What the person was last told of each conference, with the answer to it, by start."""
    rows = session.execute(
        select(Told, Participation)
        .join(
            Participation,
            (col(Participation.conference_id) == col(Told.conference_id))
            & (col(Participation.person_id) == col(Told.person_id)),
        )
        .where(col(Told.person_id) == person_id)
    )
    found = [_answered(remembered(told).event, part, told.told_at) for told, part in rows]
    return sorted((pair for pair in found if _is_kept(pair[0], at)), key=lambda pair: (pair[0].starts_at, pair[0].uid))


def _answered(event: Event, part: Participation, told_at: datetime) -> tuple[Event, datetime]:
    """An event with the answer to it, and when the two last changed."""
    answer = answer_to(part, event.times)
    if answer is None:
        return msgspec.structs.replace(event, partstat="NEEDS-ACTION"), told_at
    return msgspec.structs.replace(event, partstat=cast("Partstat", answer.partstat)), max(told_at, answer.at)


def _is_kept(event: Event, at: datetime) -> bool:
    if event.method == "CANCEL":
        return event.changed_at >= at - CANCELLED_FOR
    return event.ends_at >= at - PAST


def _secret(settings: Settings, feed: Feed) -> str:
    said = f"mdk-feed:{feed.person_id}:{feed.seed}".encode()
    return hmac.new(settings.secret_key.encode(), said, hashlib.sha256).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
