"""Owns the writing of the access log and the state moves."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.rules import GENESIS, digest_of
from mdk.audit.structs import Actor, Entry
from mdk.audit.tables import AccessLog, AccessLogCase, StateMove
from mdk.db import at_end

_PENDING = "mdk.audit"
_CHAIN_LOCK = 4_731_001
_NEWEST = select(col(AccessLog.id), col(AccessLog.digest)).order_by(col(AccessLog.id).desc()).limit(1)
_INSERT = AccessLog.__table__.insert()  # type: ignore[attr-defined]
_INSERT_CASES = AccessLogCase.__table__.insert()  # type: ignore[attr-defined]


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


def _write(log: Session, owing: Session, pending: list[Entry]) -> None:
    owing.info.pop(_PENDING, None)
    log.flush()
    if log.get_bind().dialect.name == "postgresql":
        log.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    newest = log.execute(_NEWEST).first()
    last, previous = (0, GENESIS) if newest is None else (newest[0] or 0, newest[1])
    rows, held = [], []
    for log_id, entry in enumerate(pending, last + 1):
        digest = digest_of(previous, entry)
        rows.append(_row(log_id, entry, previous, digest))
        held += [{"case_number": number, "log_id": log_id} for number in dict.fromkeys(entry.cases)]
        previous = digest
    log.execute(_INSERT, rows)
    if held:
        log.execute(_INSERT_CASES, held)


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
