"""Owns what is known of the disk below a store: whether it kept what it was told to keep, and how long that takes."""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any, Final

import structlog

DOUBTED: Final = (
    "Disken svarade med fel. Inget har ändrats, och inget sparas förrän databasen har kontrollerats. Försök igen om en "
    "stund."
)
SLOW: Final = 0.1  # seconds for a commit, which otherwise takes one to twenty milliseconds
CHECK_EVERY: Final = 3.0  # seconds between two attempts to trust the disk again
_COMMITS: Final = 9
_FEW: Final = 3
_FAILED: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_log: Final[Any] = structlog.get_logger("mdk.disk")


class Disk:
    """Whether one process trusts the disk below its store.

    After a failed write or flush nothing can be saved until `trusts` has found the store whole: what a disk was asked
    to flush and did not is forgotten by the system, so that asking once more would only seem to help.
    """

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=_COMMITS)
        self._checking = Lock()
        self._doubted_at: float | None = None

    @property
    def is_doubted(self) -> bool:
        return self._doubted_at is not None

    @property
    def commit_seconds(self) -> float:
        """What the latest commits took, in the median; 0 before there are a few."""
        return median(self._took) if len(self._took) >= _FEW else 0.0

    @property
    def is_slow(self) -> bool:
        return self.commit_seconds > SLOW

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Measures the commit in its block."""
        began = time.monotonic()
        yield
        self._took.append(time.monotonic() - began)

    def heard(self, fault: BaseException | None) -> None:
        """Take note of what the store complained of."""
        if has_failed(fault):
            self._doubted_at = time.monotonic()
            _log.error("disk.doubted", fault=getattr(fault, "sqlite_errorname", ""))

    def trusts(self, is_whole: Callable[[], bool]) -> bool:
        """Whether the store may be written to; where it was doubted, `is_whole` says so, asked now and then."""
        doubted_at = self._doubted_at
        if doubted_at is None:
            return True
        if time.monotonic() - doubted_at < CHECK_EVERY or not self._checking.acquire(blocking=False):
            return False
        try:
            found = is_whole()
            self._doubted_at = None if found else time.monotonic()
        finally:
            self._checking.release()
        _log.warning("disk.checked", whole=found)
        return found


def has_failed(fault: BaseException | None) -> bool:
    """Whether the embedded database complains of its disk or of what lies on it."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF in _FAILED


def is_kept(file: Path) -> bool:
    """Whether an embedded database is whole once all that was committed has been written to its file anew, and flushed.

    What was written and never committed is thrown away.
    """
    try:
        with closing(sqlite3.connect(file, timeout=1)) as connection:
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_busy and bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error:
        return False
