"""Owns the other end of the wire in the tests of the worker: where its mails arrive, and how a calendar keeps them."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import icalendar
from aiosmtpd.smtp import Envelope
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.conferences import service as conferences
from mdk.db import Database
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxRow
from mdk.settings import Settings, load
from mdk_calendar import ledger
from mdk_calendar.worker import run_once


class Invitation(NamedTuple):
    """What one calendar mail says."""

    to: str
    subject: str
    method: str
    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    partstat: str
    description: str

    @property
    def span(self) -> tuple[str, str]:
        """Start and end as the minutes after the conference's usual start."""
        return f"{self.starts_at:%H:%M}", f"{self.ends_at:%H:%M}"


class Post:
    """A worker with its outbox folder, and what has been read from it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.settings = settings(folder)
        self.seen: dict[str, bytes] = {}

    def work(self, at: datetime = make.AT) -> dict[str, Invitation]:
        """Run the worker; the calendar mails that this brought, by the local part of the receiver."""
        run_once(self.database, self.settings, at=at)
        return self.collect()

    def collect(self) -> dict[str, Invitation]:
        """What came since the last time."""
        new = {file.name: file.read_bytes() for file in self.folder.glob("*.eml") if file.name not in self.seen}
        self.seen |= new
        invitations = sorted((found for raw in new.values() if (found := read(raw))), key=lambda each: each.sequence)
        once = {(each.to, each.method) for each in invitations}
        assert len(once) == len(invitations), "one mail to each person, or the end and the new beginning of an event"
        return {each.to.removesuffix("@demo.mdk"): each for each in invitations}

    def raws(self) -> list[bytes]:
        """Every mail that ever came."""
        self.collect()
        return list(self.seen.values())


def settings(folder: Path, **changes: str) -> Settings:
    """Settings whose mails go to a folder, changed as told."""
    given = {
        "SMTP_URL": f"file:{folder}",
        "BASE_URL": "https://mdk.example/",
        "ORGANIZER": "mdk@mdk.example",
        "SECRET_KEY": "0123456789abcdef" * 4,
        **changes,
    }
    return load({f"MDK_{name}": value for name, value in given.items()}, dotenv=folder / "none")


def read(raw: bytes) -> Invitation | None:
    """A calendar mail as a calendar would take it; None for a notice."""
    message = parsed(raw)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        return None
    payload = parts[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    calendar = icalendar.Calendar.from_ical(payload)
    entry: Any = calendar.walk("VEVENT")[0]
    assert parts[0]["Content-Type"].params["method"] == calendar["METHOD"]
    assert (calendar["METHOD"] == "CANCEL") is (entry["STATUS"] == "CANCELLED")
    assert entry["ATTENDEE"] == f"mailto:{message['To'].addresses[0].addr_spec}"
    return Invitation(
        to=message["To"].addresses[0].addr_spec,
        subject=message["Subject"].removeprefix("MDK smärta: "),
        method=str(calendar["METHOD"]),
        uid=str(entry["UID"]),
        sequence=int(entry["SEQUENCE"]),
        starts_at=entry["DTSTART"].dt.astimezone(UTC),
        ends_at=entry["DTEND"].dt.astimezone(UTC),
        partstat=entry["ATTENDEE"].params["PARTSTAT"],
        description=str(entry["DESCRIPTION"]),
    )


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def texts(raw: bytes) -> str:
    """Everything a person or a program can read in it: headers and every decoded part, calendar lines unfolded."""
    message = parsed(raw)
    bodies = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    words = "\n".join([*map(str, message.values()), *(body.decode() for body in bodies if isinstance(body, bytes))])
    return words.replace("\r\n ", "")


def three_cases(database: Database) -> list[str]:
    """People, and three cases in the queue: Växjö's, Lund's, and Växjö's again."""
    make.people(database)
    return [
        make.accepted(database),
        make.accepted(database, by=make.OTHER_REFERRER),
        make.accepted(database, make.submission(**{"patient.identity_number": make.OTHER_ADULT})),
    ]


def rerelease(database: Database, conference_id: str, numbers: list[str], *, minutes_each: int = 15) -> None:
    """Put another agenda and release it."""
    make.put_agenda(database, conference_id, numbers, minutes_each=minutes_each)
    make.release(database, conference_id, reason="Sent tillägg.")


def move(database: Database, conference_id: str, starts_at: datetime) -> None:
    make.at_conference(database, conference_id, conferences.move, starts_at=starts_at)


def change(database: Database, conference_id: str, **changes: Any) -> None:
    make.at_conference(database, conference_id, conferences.change, changes=changes)


def cancel(database: Database, conference_id: str) -> None:
    make.at_conference(database, conference_id, conferences.cancel, reason="Konsulten är sjuk.")


def rows(database: Database, topic: str = "mail") -> list[OutboxRow]:
    """The outbox rows of a topic, in order."""
    with database.reading() as session:
        query = select(OutboxRow).where(col(OutboxRow.topic) == topic).order_by(col(OutboxRow.id))
        found = list(session.scalars(query))
        session.expunge_all()
        return found


def later(minutes: float) -> datetime:
    return make.AT + timedelta(minutes=minutes)


def write_only(post: Post, conference_id: str) -> None:
    """Let a worker write the mails and die before any leaves."""
    with post.database.writing() as session:
        ledger.tell(session, conference_id, settings=post.settings, at=make.AT)


def by_smtp(post: Post, port: int) -> Post:
    """The same worker, sending to a server."""
    post.settings = settings(post.folder, SMTP_URL=f"smtp://127.0.0.1:{port}", MAIL_FROM="retur@mdk.example")
    return post


def notices(post: Post) -> list[tuple[str, str, str]]:
    """Of each mail without a calendar: to whom, the subject, and the page it leads to."""
    found = []
    for raw in post.raws():
        if read(raw) is None:
            message = parsed(raw)
            body = message.get_body(("plain",))
            link = body.get_content().splitlines()[2].rpartition(" ")[2]
            found.append((message["To"].addresses[0].username, message["Subject"].removeprefix("MDK smärta: "), link))
    return sorted(found)


def owe_notice(database: Database, name: str = make.REFERRER, kind: str = "case-accepted") -> None:
    person = make.viewer(database, name)
    with database.writing() as session:
        outbox.notice(session, kind, person_id=person.person_id, key="MDK-2026-0001", at=make.AT)


def raw_of(envelope: Envelope) -> bytes:
    content = envelope.content
    assert isinstance(content, bytes)
    return content
