"""Owns what a unit of work owes at its end: written before anyone sees its answer, for many reads at once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mdk.errors import Unavailable
from mdk.turns import Turns

Write = Callable[[Connection], None]
_AT_END: Final = "mdk.at_end"


def at_end(session: Session, write: Write) -> None:
    """Have `write` called in the transaction that ends this unit of work, before anyone sees its answer."""
    session.info.setdefault(_AT_END, []).append(write)


def taken(session: Session) -> list[Write]:
    """What was registered, which whoever takes it must write."""
    left: list[Write] = session.info.pop(_AT_END, [])
    return left


def settle(log: Connection, owed: list[Write]) -> None:
    """Write what is owed at the end; when that cannot be done for whatever reason, nothing is done or answered."""
    try:
        for write in owed:
            write(log)
    except DBAPIError as failure:
        raise Unavailable from failure


class GroupCommit:
    """Writes the logs of reads that end at the same time in one transaction; each waits for the one that holds its own.

    A commit costs the disk a flush, so eight readers at once pay for one or two instead of eight.
    """

    def __init__(self, noting: Callable[[], AbstractContextManager[Connection]], turns: Turns) -> None:
        self._noting, self._turns = noting, turns
        self._turn, self._door = Lock(), Lock()
        self._waiting: list[_Ticket] = []

    def write(self, owed: list[Write]) -> None:
        """Write `owed`, alone or with others'. Raises `Unavailable` when it could not be written."""
        ticket = _Ticket(owed)
        with self._door:
            self._waiting.append(ticket)
        try:
            self._turns.pass_through(self._turn)
        except Unavailable:
            self._give_up(ticket)
            raise
        try:
            if not ticket.is_taken:
                self._settle_all()
        finally:
            self._turn.release()
        if isinstance(ticket.failure, Unavailable):
            raise Unavailable(ticket.failure.message) from ticket.failure
        if not ticket.is_written:
            raise Unavailable from ticket.failure

    def _give_up(self, ticket: "_Ticket") -> None:
        """Leave the row, for a read that is not answered; one that was taken already may be written all the same."""
        with self._door:
            self._waiting = [other for other in self._waiting if other is not ticket]

    def _settle_all(self) -> None:
        with self._door:
            batch, self._waiting = self._waiting, []
        for ticket in batch:
            ticket.is_taken = True
        try:
            with self._noting() as log:
                settle(log, [write for ticket in batch for write in ticket.owed])
        except Exception as error:  # noqa: BLE001 - whatever it was, each reader of the batch must hear of it
            for ticket in batch:
                ticket.failure = error
        else:
            for ticket in batch:
                ticket.is_written = True


@dataclass
class _Ticket:
    owed: list[Write]
    is_taken: bool = False
    is_written: bool = False
    failure: Exception | None = None
