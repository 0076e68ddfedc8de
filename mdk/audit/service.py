"""Owns the writing of the access log and the state moves."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.rules import GENESIS, digest_of
from mdk.audit.structs import Actor, Entry
from mdk.audit.tables import AccessLog, StateMove
from mdk.owed import at_end
from mdk.statements import Query, Statement


class _Link(NamedTuple):
    id: int
    digest: str


_PENDING = "mdk.audit"
_LOCK = Statement(text("SELECT pg_advisory_xact_lock(4731001)"))
_NEWEST = Query(select(col(AccessLog.id), col(AccessLog.digest)).order_by(col(AccessLog.id).desc()).limit(1), _Link)
_INSERT = Statement(AccessLog.__table__.insert().inline())  # type: ignore[attr-defined]


def seen(session: Session, act: str, *, by: Actor, at: datetime, cases: tuple[str, ...] = (), reason: str = "") -> None:
    """Owe the log a row for a read; it is committed before the read is answered.

    `cases` holds the case numbers whose data the answer shows: one row for a whole list.
    """
    _owe(session, Entry(at=at, act=act, by=by, cases=cases, reason=reason))


def did(session: Session, act: str, *, by: Actor, at: datetime, cases: tuple[str, ...] = (), reason: str = "") -> None:
    """Owe the log a row for an act; it is committed with the act or not at all."""
    _owe(session, Entry(at=at, act=act, by=by, cases=cases, reason=reason))


def refused(
    session: Session, act: str, *, by: Actor, at: datetime, cases: tuple[str, ...] = (), reason: str = ""
) -> None:
    """Owe the log a row for an attempt that was turned away, and why when that is known."""
    _owe(session, Entry(at=at, act=act, by=by, cases=cases, allowed=False, reason=reason))


def moved(
    session: Session,
    kind: str,
    subject: str,
    *,
    move: tuple[str, str],
    act: str,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> None:
    """Write one state move, `move` being (from, to), of the `kind` of thing with the id `subject`."""
    session.add(
        StateMove(
            kind=kind,
            subject=subject,
            from_state=move[0],
            to_state=move[1],
            act=act,
            at=at,
            person_id=by.person_id,
            role=by.role,
            reason=reason,
        )
    )


def _owe(session: Session, entry: Entry) -> None:
    if _PENDING not in session.info:
        pending: list[Entry] = []
        session.info[_PENDING] = pending
        at_end(session, lambda log: _write(log, session, pending))
    bare = Actor(**{name: getattr(entry.by, name) for name in Actor.__struct_fields__})
    session.info[_PENDING].append(msgspec.structs.replace(entry, by=bare, at=entry.at.astimezone(UTC)))


def _write(log: Connection, owing: Session, pending: list[Entry]) -> None:
    owing.info.pop(_PENDING, None)
    if log.dialect.name == "postgresql":
        _LOCK.do(log, {})
    newest = _NEWEST.rows(log)
    last, previous = newest[0] if newest else (0, GENESIS)
    new = []
    for log_id, entry in enumerate(pending, last + 1):
        digest = digest_of(previous, entry)
        new.append(_row(log_id, entry, previous, digest))
        previous = digest
    _INSERT.do(log, *new)


def _row(log_id: int, entry: Entry, previous: str, digest: str) -> dict[str, object]:
    return {
        "id": log_id,
        "at": entry.at,
        "act": entry.act,
        **msgspec.structs.asdict(entry.by),
        "cases": " ".join(entry.cases),
        "allowed": entry.allowed,
        "reason": entry.reason,
        "previous": previous,
        "digest": digest,
    }
