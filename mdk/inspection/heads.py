"""Owns the signed ends of the access log: one a day, published, so that what was cut off later is found."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk import clock, tokens
from mdk.audit import queries
from mdk.audit.service import did
from mdk.audit.structs import Actor, Fault, Head
from mdk.audit.tables import AccessLogHead
from mdk.minutes import keys


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

    The chain is walked from its first row and compared with every signed end of it, those that are stored beside it
    and those kept elsewhere (`outside`, as they were published): only the latter tell that an older copy was put back.
    """
    published = {key["kid"]: key for key in keys.published(session)}
    wanted: dict[int, str] = {}
    for stored in queries.heads(session, limit=100_000):
        head = _opened(stored.jws, published)
        if head is None or (head.log_id, head.digest) != (stored.log_id, stored.digest):
            return Fault(stored.log_id, "seal")
        wanted[head.log_id] = head.digest
    for token in outside:
        head = _opened(token, published)
        if head is None or wanted.setdefault(head.log_id, head.digest) != head.digest:
            return Fault(0 if head is None else head.log_id, "seal")
    return queries.first_fault(session, wanted)


def _opened(token: str, published: Mapping[str, Mapping[str, str]]) -> Head | None:
    """What a signed end says; None for what this installation never signed as one."""
    try:
        return msgspec.json.decode(tokens.unseal(token, published), type=Head)
    except (tokens.TokenRefused, msgspec.MsgspecError):
        return None
