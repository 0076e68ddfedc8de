"""Owns the worker: pays what the outbox owes mail by mail, reminds, reads answers, plans, signs the log, reports."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import select
from sqlmodel import col

from mdk import clock
from mdk.audit.structs import SYSTEM
from mdk.conferences.repeating import plan_ahead
from mdk.conferences.tables import Series
from mdk.db import Database
from mdk.errors import Invalid, Stale
from mdk.outbox import service as outbox
from mdk.outbox.queries import count_due, stuck_since
from mdk.outbox.tables import OutboxRow
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar import busy, keeping, ledger, log_filing, log_heads, mailbox, notices, questions, reminders, watch
from mdk_calendar.delivery import Mail, Refused, Retry, Transport, transport

ROUND: Final = 60.0  # seconds after which a run ends and the next begins with a fresh clock, well within a lease
_REMINDERS_EVERY: Final = timedelta(minutes=5)
_WATCH_EVERY: Final = timedelta(minutes=30)
_MAILBOX_EVERY: Final = timedelta(minutes=1)
_REGISTER_EVERY: Final = timedelta(seconds=10)
_LOG_EVERY: Final = timedelta(hours=1)
_KEEPING_EVERY: Final = timedelta(hours=6)
_ALARM_EVERY: Final = timedelta(minutes=10)
CALENDARS: Final = 5.0  # seconds between looks for a published calendar that is due
_AT_ONCE: Final = datetime.min.replace(tzinfo=UTC)
UNWRITTEN: Final = "Mejlet kan inte skrivas. Rätta personens e-postadress eller konferensens länk."
_log: Final[Any] = structlog.get_logger("mdk.worker")


def run_once(database: Database, settings: Settings, *, at: datetime, stop: threading.Event | None = None) -> int:
    """Pay what is due at `at`, and what that brings; gives how many rows were handled, 0 when nothing is due.

    Each mail leaves outside of any transaction. A worker that dies after a mail has left and before that is written
    down sends the same bytes again when its lease ends. Raises `Unavailable` when the store cannot be used.
    """
    with database.reading() as session:
        if not count_due(session, at=at):
            return 0
    pays = _Pays(database, settings, at)
    handled, ends = 0, time.monotonic() + ROUND
    while time.monotonic() < ends and not (stop and stop.is_set()) and pays.next():
        handled += 1
    return handled


def plan_series(database: Database, *, at: datetime) -> int:
    """Plan the conferences of every series as far ahead as its horizon reaches; gives how many were added.

    One that cannot be planned, or that someone else is planning, does not keep the others from it.
    """
    with database.reading() as session:
        every = list(session.scalars(select(col(Series.id)).order_by(col(Series.id))))
    added = 0
    for series_id in every:
        try:
            with database.writing() as session:
                added += plan_ahead(session, series_id=series_id, by=SYSTEM, at=at)
        except (Invalid, Stale) as fault:
            _log.error("series.not_planned", series=series_id, fault=type(fault).__name__)
    return added


class Errand(NamedTuple):
    """Something that is done every now and then: its name in the log, what it does, how often, and when it is due."""

    name: str
    do: Callable[[datetime], object]
    every: timedelta
    due_at: datetime


class Worker:
    """Runs until told to stop, and survives whatever goes wrong on the way."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._planned_on: date | None = None
        self._errands = [
            Errand("reminders", lambda at: reminders.owe(database, at=at), _REMINDERS_EVERY, _AT_ONCE),
            Errand("watch", lambda at: watch.owe(database, at=at), _WATCH_EVERY, _AT_ONCE),
            Errand("log", lambda at: log_heads.seal(database, settings, at=at), _LOG_EVERY, _AT_ONCE),
            _filing(database),
            Errand("keeping", lambda at: keeping.report(database, at=at), _KEEPING_EVERY, _AT_ONCE),
            Errand("mailbox", self._read_answers, _MAILBOX_EVERY, _AT_ONCE),
        ]
        self._alarm = [Errand("alarm", self._sound_alarm, _ALARM_EVERY, _AT_ONCE)]

    def run(self, stop: threading.Event, interval: float = 1.0) -> None:
        """Look for what is due every `interval` seconds, and at once while there is more; at last file the log."""
        beside = threading.Thread(target=self._read_calendars, args=(stop,), name="mdk-calendars", daemon=True)
        beside.start()
        while not stop.is_set():
            if not self.turn(at=clock.now(), stop=stop):
                stop.wait(interval)
        _run([_filing(self.database)], clock.now())

    def turn(self, *, at: datetime, stop: threading.Event | None = None) -> int:
        """One round: the day's planning if it has not been done, then the outbox; gives how many rows were handled."""
        try:
            if self._planned_on != clock.today(at):
                self._planned_on = clock.today(at)
                plan_series(self.database, at=at)
        except Exception as fault:  # noqa: BLE001 - a series that cannot be planned must not keep mails from leaving
            _log.error("worker.planning_failed", fault=type(fault).__name__)
        _run(self._errands, at)
        handled = 0
        try:
            handled = run_once(self.database, self.settings, at=at, stop=stop)
        except Exception as fault:  # noqa: BLE001 - the worker goes on; what it held comes back when the lease ends
            _log.error("worker.round_failed", fault=type(fault).__name__)
        _run(self._alarm, at)  # after the sending, so that what had only waited for a worker is no alarm
        return handled

    def _read_answers(self, at: datetime) -> None:
        if self.settings["IMAP_URL"]:
            mailbox.look(self.database, self.settings, at=at)

    def _sound_alarm(self, at: datetime) -> None:
        with self.database.reading() as session:
            since = stuck_since(session, at=at)
        if since is not None:
            _log.error("outbox.stuck", since=since.isoformat())

    def _read_calendars(self, stop: threading.Event) -> None:
        """Read the published calendars that are due, beside the mails: a slow host must not hold these up."""
        while not stop.is_set():
            try:
                busy.read_due(self.database, self.settings, at=clock.now())
            except Exception as fault:  # noqa: BLE001 - what was claimed comes back when its lease ends
                _log.error("worker.calendars_failed", fault=type(fault).__name__)
            stop.wait(CALENDARS)


def _filing(database: Database) -> Errand:
    return Errand("register", lambda _at: log_filing.file_new(database), _REGISTER_EVERY, _AT_ONCE)


def _run(errands: list[Errand], at: datetime) -> None:
    """Do what is due; what fails holds up nothing else and is tried at its next time."""
    for place, errand in enumerate(errands):
        if errand.due_at <= at:
            errands[place] = errand._replace(due_at=at + errand.every)
            try:
                errand.do(at)
            except Exception as fault:  # noqa: BLE001 - an errand that fails must not keep mails from leaving
                _log.error("worker.errand_failed", errand=errand.name, fault=type(fault).__name__)


class _Pays:
    """Takes one row after the other and does what its topic asks."""

    def __init__(self, database: Database, settings: Settings, at: datetime) -> None:
        self.database, self.settings, self.at = database, settings, at
        self.way_out: Transport = transport(settings.mail_url, is_tls_required=settings["SMTP_TLS"] == "required")

    def next(self) -> bool:
        """Handle the next row that is due; False when there is none."""
        with self.database.writing() as session:
            claimed = outbox.claim(session, at=self.at, limit=1)
        if not claimed:
            return False
        row = claimed[0]
        try:
            self._handle(row)
        except Exception as fault:  # noqa: BLE001 - one row that fails must not hold up the others
            _log.error("outbox.failed", row=row.id, topic=row.topic, fault=type(fault).__name__)
            with self.database.writing() as session:
                outbox.postponed(session, row.id or 0, at=self.at, error=type(fault).__name__)
        return True

    def _handle(self, row: OutboxRow) -> None:
        if row.topic == "mail" and row.message:
            self._send(row)
        elif row.topic == questions.TOPIC:
            with self.database.writing() as session:
                questions.write(session, row, settings=self.settings, at=self.at)
        elif row.topic in {"conference.changed", "mail"}:
            self._tell(row)
        else:
            with self.database.writing() as session:
                notices.write(session, row, settings=self.settings, at=self.at)

    def _tell(self, row: OutboxRow) -> None:
        with self.database.writing() as session:
            owed = ledger.tell(session, row.key, settings=self.settings, at=self.at)
            if row.topic == "mail":  # it could not be written when it was owed; what was mended is in a mail of its own
                outbox.given_up(session, row.id or 0, error=UNWRITTEN)
            else:
                outbox.settled(session, row.id or 0, at=self.at)
        _log.info("conference.told", row=row.id, conference=row.key, mails=owed)

    def _send(self, row: OutboxRow) -> None:
        outcome = self._outcome(row)
        with self.database.writing() as session:
            if isinstance(outcome, Retry):
                outbox.postponed(session, row.id or 0, at=self.at, error=outcome.reason)
            elif isinstance(outcome, Refused):
                outbox.given_up(session, row.id or 0, error=outcome.reason)
            else:
                outbox.settled(session, row.id or 0, at=self.at)
        # The reason may name an address, so it stands in the outbox and not in the log.
        _log.info("mail.handled", row=row.id, attempts=row.attempts + 1, outcome=type(outcome).__name__.lower())

    def _outcome(self, row: OutboxRow) -> object:
        if row.person_id is not None and not self._listens(row.person_id):
            return Refused(notices.GONE)
        mail = Mail(row.message_id, self.settings["MAIL_FROM"], row.recipient, row.message.encode("ascii"))
        return self.way_out.send(mail)

    def _listens(self, person_id: int) -> bool:
        with self.database.reading() as session:
            person = session.get(Person, person_id)
            return person is not None and person.active
