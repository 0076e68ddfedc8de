"""Owns the news of what has just changed: ids only, told once a change is committed, to whoever listens in any process.

PostgreSQL carries it (NOTIFY inside the transaction, `mdk.listening` in each process); with SQLite, which one
process serves, it stays in memory. Nothing is kept: whoever was away looks again at everything (`RESYNC`).
"""

from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

CHANNEL: Final = "mdk_live"
KEY: Final = "mdk.live"
_OWED: Final = "mdk.live.owed"


class News(NamedTuple):
    """Something that changed: `what`, such as `minutes`; of which case, if of one only."""

    what: str
    number: str = ""


RESYNC: Final = News("resync")
Hearer = Callable[[News], None]


class Live:
    """Who in this process listens to which topic. Hearers are called from any thread and must not block."""

    def __init__(self) -> None:
        self._door = Lock()
        self._hearers: dict[str, set[Hearer]] = {}

    def hear(self, topic: str, hearer: Hearer) -> None:
        """Call `hearer` with each piece of news of a topic from now on."""
        with self._door:
            self._hearers.setdefault(topic, set()).add(hearer)

    def leave(self, topic: str, hearer: Hearer) -> None:
        """Call it no more."""
        with self._door:
            left = self._hearers.get(topic, set()) - {hearer}
            self._hearers = {key: kept for key, kept in (self._hearers | {topic: left}).items() if kept}

    def tell(self, topic: str, news: News) -> None:
        """Pass on what was committed."""
        with self._door:
            found = tuple(self._hearers.get(topic, ()))
        for hearer in found:
            hearer(news)

    def resync(self) -> None:
        """Tell everyone to look again at everything: news may have been missed."""
        with self._door:
            found = [hearer for hearers in self._hearers.values() for hearer in hearers]
        for hearer in found:
            hearer(RESYNC)


def publish(session: Session, topic: str, what: str, *, number: str = "") -> None:
    """Tell the listeners of a topic (a conference's id) what changed, when and only if the transaction is committed.

    `what` is one word; `number` names the one case that it is about, and only those who may read it are told.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_notify(CHANNEL, f"{topic} {what} {number}")))
        return
    if _OWED not in session.info:
        session.info[_OWED] = {}
        event.listen(session, "after_commit", _tell_owed, once=True)
    session.info[_OWED][topic, News(what, number)] = None


def _tell_owed(session: Session) -> None:
    live: Live = session.info[KEY]
    for topic, news in session.info.pop(_OWED, {}):
        live.tell(topic, news)
