"""Owns the one connection of a process that hears what PostgreSQL carries of `mdk.live`."""

from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy.engine import URL

from mdk.db import libpq_address
from mdk.live import CHANNEL, Live, News

_QUIET = 1.0  # seconds without news after which the line is tried
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds between attempts to connect
_LINE = {
    "application_name": "mdk-live",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_log: Final[Any] = structlog.get_logger("mdk.live")


class Listening(Thread):
    """The one connection of a process that hears what PostgreSQL carries; it reconnects for as long as it runs."""

    def __init__(self, url: URL, live: Live) -> None:
        super().__init__(name="mdk-live", daemon=True)
        self._address = libpq_address(url.update_query_dict(_LINE))
        self._live, self._is_over = live, Event()

    def run(self) -> None:
        """Listen until told to stop. Each time that the line is there again, everyone is told to look again."""
        wait = _FIRST_WAIT
        while not self._is_over.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True) as line:
                    line.execute(f"LISTEN {CHANNEL}")
                    wait = _FIRST_WAIT
                    self._live.resync()
                    self._hear(line)
            except (psycopg.Error, OSError) as fault:
                _log.warning("live.lost", fault=type(fault).__name__, retry_in=wait)
                self._is_over.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def stop(self) -> None:
        """End within about a second."""
        self._is_over.set()
        with suppress(RuntimeError):  # it never began
            self.join(2 * _QUIET)

    def _hear(self, line: psycopg.Connection[Any]) -> None:
        while not self._is_over.is_set():
            for note in line.notifies(timeout=_QUIET):
                topic, what, number = note.payload.split(" ")
                self._live.tell(topic, News(what, number))
            line.execute("SELECT 1")
