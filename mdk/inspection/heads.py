"""Owns the signed ends of the access log: one a day, published, so that what was cut off later is found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy.orm import Session

from mdk import clock, tokens
from mdk.audit import queries
from mdk.audit.service import did
from mdk.audit.structs import Actor, Fault, Head, Removal
from mdk.audit.tables import AccessLogHead, AccessLogRemoval
from mdk.minutes import keys

T = TypeVar("T", Head, Removal)


def seal(session: Session, *, secret: str, by: Actor, at: datetime) -> str | None:
    """Sign the end of the access log as it stands, as a compact JWS; None while the log is empty."""
    last = queries.newest(session)
    if last is None:
        return None
    head = Head(log_id=last.id or 0, digest=last.digest, at=at)
    key = keys.at_work(session, secret=secret, at=at)
    signed = tokens.seal(secret, key, msgspec.json.encode(head, order="sorted"))
    session.add(AccessLogHead(log_id=head.log_id, digest=head.digest, at=at, jws=signed))
    did(session, "log.seal", by=by, at=at)
    return signed


def seal_daily(session: Session, *, secret: str, by: Actor, at: datetime) -> str | None:
    """Sign the end of the access log unless that was done today; gives what was signed, if anything."""
    newest = queries.heads(session, limit=1)
    if newest and clock.today(newest[-1].at) >= clock.today(at):
        return None
    return seal(session, secret=secret, by=by, at=at)


def first_fault(session: Session, outside: Sequence[str] = ()) -> Fault | None:
    """The first place at which the access log is not what it was; None when it is whole.

    The chain is walked from its first row, or from the signed checkpoint of what a decision removed, and compared with
    every signed end of it, those that are stored beside it and those kept elsewhere (`outside`, as they were
    published): only the latter tell that an older copy was put back.
    """
    published = {key["kid"]: key for key in keys.published(session)}
    removed = queries.removals(session)
    fault = _first_bad(removed, published)
    if fault is not None:
        return fault
    wanted: dict[int, str] = {}
    for stored in queries.heads(session, limit=100_000):
        head = _opened(stored.jws, published, Head)
        if head is None or (head.log_id, head.digest) != (stored.log_id, stored.digest):
            return Fault(stored.log_id, "seal")
        wanted[head.log_id] = head.digest
    known = {row.jws for row in removed}
    for token in outside:
        removal = _opened(token, published, Removal)
        if removal is not None and token not in known:
            return Fault(removal.first_id, "removal")
        head = _opened(token, published, Head)
        if removal is None and (head is None or wanted.setdefault(head.log_id, head.digest) != head.digest):
            return Fault(0 if head is None else head.log_id, "seal")
    for row in removed:
        if wanted.get(row.last_id, row.digest) != row.digest:
            return Fault(row.last_id, "removal")
    last, _ = queries.beginning(session)
    return queries.first_fault(session, {log_id: digest for log_id, digest in wanted.items() if log_id > last})


def removed(session: Session) -> Removal | None:
    """What the newest checkpoint says: up to which row the log was removed, and by which decision; None if none was."""
    rows = queries.removals(session)
    published = {key["kid"]: key for key in keys.published(session)}
    return _opened(rows[-1].jws, published, Removal) if rows else None


def _first_bad(removed: Sequence[AccessLogRemoval], published: Mapping[str, Mapping[str, str]]) -> Fault | None:
    """The first checkpoint that nobody signed, that says something else than its row, or that does not follow on."""
    last = 0
    for row in removed:
        removal = _opened(row.jws, published, Removal)
        told = (last + 1, row.first_id, row.last_id, row.last_id - last, row.digest, row.decision_id)
        if removal is None or told != (
            removal.first_id,
            removal.first_id,
            removal.last_id,
            removal.count,
            removal.digest,
            removal.decision,
        ):
            return Fault(row.first_id, "removal")
        last = row.last_id
    return None


def _opened(token: str, published: Mapping[str, Mapping[str, str]], kind: type[T]) -> T | None:
    """What a signed end or checkpoint says; None for what this installation never signed as one."""
    try:
        return msgspec.json.decode(tokens.unseal(token, published), type=kind)
    except (tokens.TokenRefused, msgspec.MsgspecError):
        return None
