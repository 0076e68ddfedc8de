"""Owns whose turn it is to write to an embedded database, which takes one writer at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final, Protocol

from mdk.errors import Unavailable

PATIENCE: Final = 5.0  # seconds that the one whose turn it is waits for another process to let go
_BRIEFLY: Final = 0.1  # the same, once another process has outlasted that
_BEHIND: Final = 1.0  # seconds that the others wait behind one who waits for another process
_LOOK: Final = 0.05


class _Door(Protocol):
    def acquire(self, *, timeout: float = ...) -> bool: ...


class Turns:
    """The writers of one process, one after the other.

    One of them at most waits for another process that keeps the database to itself, and nobody waits long behind that
    one: so the few threads there are stay free for those who only read.
    """

    def __init__(self) -> None:
        self._mine = RLock()
        self._waits_since: float | None = None
        self._is_kept = False

    @property
    def is_shut(self) -> bool:
        """Whether another process has kept the database to itself for longer than anyone should wait behind."""
        since = self._waits_since
        return since is not None and time.monotonic() - since > _BEHIND

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have the turn for as long as the block lasts. Raises `Unavailable`."""
        self.pass_through(self._mine)
        try:
            yield
        finally:
            self._mine.release()

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Whoever has the turn waits for other processes in this block, for at most so many seconds."""
        self._waits_since = time.monotonic()
        try:
            yield _BRIEFLY if self._is_kept else PATIENCE
        except BaseException:
            self._is_kept = True
            raise
        else:
            self._is_kept = False
        finally:
            self._waits_since = None

    def pass_through(self, door: _Door) -> None:
        """Acquire a lock behind which others write. Raises `Unavailable` when they do not get on."""
        while not door.acquire(timeout=_LOOK):
            if self.is_shut:
                raise Unavailable
