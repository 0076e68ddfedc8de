"""Owns how often something may be asked: counted in the database, so that it holds for all processes together."""

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Any, Final, NamedTuple

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.db import Database
from mdk.errors import MdkError
from mdk_web.callers import address_of
from mdk_web.tables import RateCount

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Any]
MOST_KEPT: Final = 20_000  # counters that a process remembers


class Limit(NamedTuple):
    """How many there may be in a stretch of time; `step` is how many are counted here before the others are told."""

    kind: str
    most: int
    within: timedelta
    step: int = 1


# A hospital's people may all come from one address, so what is counted by address leaves room for many of them.
SIGN_INS: Final = Limit("sign-in", 300, timedelta(minutes=5))
LINKS: Final = Limit("link", 120, timedelta(minutes=1))
FEEDS: Final = Limit("feed", 300, timedelta(minutes=5), step=10)
CALLS: Final = Limit("call", 12_000, timedelta(minutes=1), step=100)
# What was refused, after which the address is not listened to until the time is over.
REFUSED_SIGN_INS: Final = Limit("refused sign-in", 50, timedelta(minutes=15))
UNKNOWN_LINKS: Final = Limit("unknown link", 100, timedelta(minutes=15))
REFUSED_TOKENS: Final = Limit("refused token", 1000, timedelta(minutes=15))
# What the access log keeps of calls that nobody stands behind: of one address, and of all.
DENIED: Final = Limit("denied", 500, timedelta(hours=1))
DENIED_OF_ALL: Final = Limit("denied of all", 2000, timedelta(hours=1))


class TooMany(MdkError):
    """Asked too often; `wait` is the number of seconds after which it may be asked again."""

    code = "too-many"

    def __init__(self, wait: int) -> None:
        minutes = math.ceil(wait / 60)
        within = "en minut" if minutes <= 1 else f"{minutes} minuter"
        super().__init__(f"Det har kommit för många försök härifrån. Vänta {within} och försök sedan igen.")
        self.wait = wait


class _Counted:
    """What this process knows of one counter: how many of its own the others have not been told of, and all."""

    __slots__ = ("all", "own")

    def __init__(self) -> None:
        self.own = self.all = 0


class Limits:
    """The counters of one application."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database, self._secret = database, secret
        self._known: dict[tuple[str, int], _Counted] = {}
        self._door = Lock()

    def take(self, limit: Limit, subject: str, *, at: datetime | None = None) -> None:
        """Count one more. Raises `TooMany` when that is more than there may be."""
        now = at or clock.now()
        counted = self._open(limit, subject, now)
        self._tell(counted, limit, subject, now)
        if counted.all + counted.own > limit.most:
            raise TooMany(_left(limit, now))

    async def take_soon(self, limit: Limit, subject: str) -> None:
        """The same where nothing may wait: only who has to tell the others waits for the database."""
        now = clock.now()
        counted = self._open(limit, subject, now)
        if counted.own + 1 < limit.step:
            with self._door:
                counted.own += 1
        else:
            await sync_to_thread(self._tell, counted, limit, subject, now)

    def note(self, limit: Limit, subject: str, *, at: datetime | None = None) -> None:
        """Count one more of what is looked at later; past the limit nothing is written."""
        now = at or clock.now()
        counted = self._counted(limit, subject, now)
        if counted.all + counted.own < limit.most:
            self._tell(counted, limit, subject, now)

    def look(self, limit: Limit, subject: str, *, at: datetime | None = None) -> None:
        """Raises `TooMany` when there have been too many."""
        now = at or clock.now()
        counted = self._counted(limit, subject, now)
        if counted.all < limit.most:
            with self._database.reading() as session:
                found = session.scalar(_FOUND, {"key": self._key(limit, subject, now)})
            counted.all = max(counted.all, found or 0)
        if counted.all >= limit.most:
            raise TooMany(_left(limit, now))

    def may(self, limit: Limit, subject: str) -> bool:
        """The same as `take`, as an answer."""
        try:
            self.take(limit, subject)
        except TooMany:
            return False
        return True

    def _counted(self, limit: Limit, subject: str, now: datetime) -> _Counted:
        name = (f"{limit.kind} {subject}", _window(limit, now))
        with self._door:
            if name not in self._known and len(self._known) >= MOST_KEPT:
                self._known.clear()
            return self._known.setdefault(name, _Counted())

    def _open(self, limit: Limit, subject: str, now: datetime) -> _Counted:
        """The counter, while there may be more. Raises `TooMany`."""
        counted = self._counted(limit, subject, now)
        if counted.all + counted.own >= limit.most:
            raise TooMany(_left(limit, now))
        return counted

    def _tell(self, counted: _Counted, limit: Limit, subject: str, now: datetime) -> None:
        """Count one more here, and tell the others when it is time."""
        with self._door:
            counted.own += 1
            told = counted.own if counted.own >= limit.step else 0
            counted.own -= told
        if told:
            key, ends_at = self._key(limit, subject, now), _end(limit, now)
            with self._database.writing() as session:
                found = _add(session, key, told, ends_at, now)
            counted.all = max(counted.all, found)

    def _key(self, limit: Limit, subject: str, now: datetime) -> str:
        """What is kept of who asked: nothing that can be told back."""
        named = f"{self._secret}|{limit.kind}|{subject}|{_window(limit, now)}"
        return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()


def network_of(connection: Connection) -> str:
    """What calls are counted by: the address, or the network that one customer has of the newer kind."""
    address = address_of(connection)
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


def limits_of(connection: Connection) -> Limits:
    """The application's counters."""
    found: Limits = connection.app.state.limits
    return found


def limited(limit: Limit, lock: Limit) -> Guard:
    """A guard that counts calls by where they come from, and refuses who was refused too often. Raises `TooMany`."""

    async def guard(connection: Connection, _handler: BaseRouteHandler) -> None:
        await sync_to_thread(_count, connection, limit, lock)

    return guard


def _count(connection: Connection, limit: Limit, lock: Limit) -> None:
    limits, network = limits_of(connection), network_of(connection)
    limits.look(lock, network)
    limits.take(limit, network)


def _add(session: Session, key: str, count: int, ends_at: datetime, now: datetime) -> int:
    """Count in one step, whoever else does at the same moment; the first of a stretch clears away what is over."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    counted = insert(RateCount).values(key=key, count=count, ends_at=ends_at)
    kept = counted.on_conflict_do_update(index_elements=["key"], set_={"count": col(RateCount.count) + count})
    total: int = session.execute(kept.returning(col(RateCount.count))).scalar_one()
    if total == count:
        session.execute(delete(RateCount).where(col(RateCount.ends_at) <= now))
    return total


def _window(limit: Limit, now: datetime) -> int:
    return int(now.timestamp() // limit.within.total_seconds())


def _end(limit: Limit, now: datetime) -> datetime:
    return datetime.fromtimestamp((_window(limit, now) + 1) * limit.within.total_seconds(), UTC)


def _left(limit: Limit, now: datetime) -> int:
    return max(1, math.ceil((_end(limit, now) - now).total_seconds()))


_FOUND: Final = select(col(RateCount.count)).where(col(RateCount.key) == bindparam("key"))
