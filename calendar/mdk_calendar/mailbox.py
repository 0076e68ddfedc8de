"""Owns the reading of the mailbox that answers come to, over IMAP: what is unread is taken in and then marked as read.

A mail is marked only once what became of it is stored. A worker that dies in between meets it again, knows it, and
marks it then. What a person must read is flagged, too, and stays where it lies.
"""

import contextlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import structlog
from sqlalchemy.orm import Session

from mdk.db import Database
from mdk.settings import Settings
from mdk_calendar import replies
from mdk_calendar.delivery import LOOPBACK, plain
from mdk_calendar.imip import LONGEST
from mdk_calendar.tables import Fate, MailBox

PATIENCE: Final = 10.0  # seconds for each exchange with the server
ROUND: Final = 60.0  # seconds after which a look ends, wherever it stands
MOST: Final = 50  # mails in one look
ANSWERS: Final = "answers"
_HEAD: Final = 8 * 1024
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")
_log: Final[Any] = structlog.get_logger("mdk.mailbox")


class MailboxFault(Exception):
    """The mailbox cannot be read just now; the text says why, without the password."""


class BoxState(msgspec.Struct, frozen=True):
    """When the mailbox could last be read, since when it cannot, and why."""

    read_at: datetime | None = None
    failing_since: datetime | None = None
    fault: str = ""


class Account(NamedTuple):
    """Where the mailbox is and who reads it."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    implicit_tls: bool


def account(url: str) -> Account:
    """What `imaps://user:password@host[:port][/folder]` names; `imap://` is encrypted by STARTTLS.

    Raises: ValueError, which names the setting but not its value (it holds a password), for anything else.
    """
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        found = _account(parts)
        if parts.scheme in {"imaps", "imap"} and found.host and found.user and found.password and _is_safe(found):
            return found
    raise ValueError("IMAP_URL must be imaps://user:password@host[:port][/folder], in ASCII")


def look(
    database: Database,
    settings: Settings,
    *,
    at: datetime,
    patience: float = PATIENCE,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Take in what is unread, at most `MOST` mails; gives how many. What goes wrong is kept for the coordinator.

    Raises `Unavailable` when the store cannot be used; the mails stay unread then.
    """
    taken = 0
    try:
        with _opened(account(settings["IMAP_URL"]), patience, tls or ssl.create_default_context()) as server:
            ends = time.monotonic() + ROUND
            for number in _unread(server)[:MOST]:
                if time.monotonic() > ends:
                    break
                taken += _take(database, server, number, at)
    except (MailboxFault, ValueError) as fault:
        _log.error("mailbox.failed", taken=taken)
        with database.writing() as session:
            _note(session, at, str(fault))
        return taken
    with database.writing() as session:
        _note(session, at, "")
    return taken


def state(session: Session) -> BoxState:
    """How the mailbox fares."""
    box = session.get(MailBox, ANSWERS)
    return BoxState(box.read_at, box.failing_since, box.fault) if box else BoxState()


def _account(parts: SplitResult) -> Account:
    implicit = parts.scheme == "imaps"
    return Account(
        host=parts.hostname or "",
        port=parts.port or (993 if implicit else 143),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.removeprefix("/")) or "INBOX",
        implicit_tls=implicit,
    )


def _is_safe(found: Account) -> bool:
    words = (found.user, found.password, found.folder)
    return all(word.isascii() and word.isprintable() for word in words)


@contextlib.contextmanager
def _opened(where: Account, patience: float, tls: ssl.SSLContext) -> Iterator[imaplib.IMAP4]:
    """A session with the folder selected. Raises `MailboxFault` for whatever the server does wrong in it."""
    try:
        server = _dial(where, patience, tls)
        try:
            server.login(where.user, where.password)
            _ask(server.select(_quoted(where.folder)))
            yield server
        finally:
            _leave(server)
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        raise MailboxFault(plain(f"{type(error).__name__}: {_said(error)}")) from error


def _dial(where: Account, patience: float, tls: ssl.SSLContext) -> imaplib.IMAP4:
    if where.implicit_tls:
        return imaplib.IMAP4_SSL(where.host, where.port, ssl_context=tls, timeout=patience)
    server = imaplib.IMAP4(where.host, where.port, timeout=patience)
    try:
        _encrypt(server, where, tls)
    except BaseException:
        _leave(server)
        raise
    return server


def _encrypt(server: imaplib.IMAP4, where: Account, tls: ssl.SSLContext) -> None:
    if "STARTTLS" in server.capabilities:
        server.starttls(tls)
    elif where.host not in LOOPBACK:
        raise imaplib.IMAP4.error("servern erbjuder ingen kryptering; lösenordet skickas inte")


def _unread(server: imaplib.IMAP4) -> list[bytes]:
    (found, *_) = _ask(server.uid("SEARCH", "UNSEEN"))
    return sorted((found or b"").split(), key=int)


def _take(database: Database, server: imaplib.IMAP4, number: bytes, at: datetime) -> bool:
    """Take one mail in and mark it; False when it is gone."""
    name = number.decode()
    told = _SIZE.search(b" ".join(_flat(_ask(server.uid("FETCH", name, "(RFC822.SIZE)")))))
    if told is None:
        return False
    size = int(told.group(1))
    part = f"BODY.PEEK[HEADER]<0.{_HEAD}>" if size > LONGEST else "BODY.PEEK[]"
    raw = next((each[1] for each in _ask(server.uid("FETCH", name, f"({part})")) if isinstance(each, tuple)), None)
    if raw is None:
        return False
    with database.writing() as session:
        taken = replies.ingest(session, raw, size=size, at=at)
    needs_eyes = taken.fate in {Fate.REFUSED, Fate.QUARANTINED}
    _ask(server.uid("STORE", name, "+FLAGS.SILENT", "(\\Seen \\Flagged)" if needs_eyes else "(\\Seen)"))
    _log.info("mail.taken-in", fate=taken.fate, reason=taken.reason, is_new=taken.is_new)
    return True


def _ask(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(" ".join(part.decode("ascii", "replace") for part in _flat(data)))
    return data


def _flat(data: list[Any]) -> list[bytes]:
    every = [part for each in data for part in (each if isinstance(each, tuple) else (each,))]
    return [part for part in every if isinstance(part, bytes)]


def _said(error: Exception) -> str:
    """What the server said; the library gives it as bytes now and then."""
    said = error.args[0] if error.args else ""
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(error)


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _leave(server: imaplib.IMAP4) -> None:
    """Say goodbye; what goes wrong here changes nothing of what was taken in."""
    with contextlib.suppress(imaplib.IMAP4.error, OSError, ValueError):
        server.logout()
    with contextlib.suppress(OSError):
        server.shutdown()


def _note(session: Session, at: datetime, fault: str) -> None:
    box = session.get(MailBox, ANSWERS) or MailBox(id=ANSWERS)
    if fault:
        box.failing_since, box.fault = box.failing_since or at, fault
    else:
        box.read_at, box.failing_since, box.fault = at, None, ""
    session.add(box)
