"""Owns answers by mail in tests: the samples of mail programs, and plain ones that are changed as told."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import col

import make
from invites.post import Post, three_cases
from mdk.conferences.tables import Participation
from mdk.db import Database
from mdk.people.tables import Person
from mdk_calendar import replies
from mdk_calendar.replies import Taken
from mdk_calendar.tables import MailReply, Told

SAMPLES = Path(__file__).parent / "replies"
UID = "0123456789abcdef0123456789abcdef@mdk.example"  # of the invitation that every sample answers
NURSE = "deltagare"
STAMP = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
CAME = STAMP + make.MINUTE


def sample(name: str) -> bytes:
    """A mail as a mail program wrote it."""
    return (SAMPLES / f"{name}.eml").read_bytes()


def calendar(**changes: Any) -> str:
    """An answer's calendar object, changed as told; `lines` are added to the event."""
    given: dict[str, Any] = {
        "method": "REPLY",
        "uid": UID,
        "attendee": "mailto:deltagare@demo.mdk",
        "partstat": "ACCEPTED",
        "sequence": 0,
        "stamp": "20261123T081500Z",
        "lines": [],
    } | changes
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//test//SV",
            f"METHOD:{given['method']}",
            "BEGIN:VEVENT",
            f"UID:{given['uid']}",
            f"DTSTAMP:{given['stamp']}",
            f"SEQUENCE:{given['sequence']}",
            "DTSTART:20261125T120000Z",
            f"ATTENDEE;PARTSTAT={given['partstat']}:{given['attendee']}",
            *given["lines"],
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def mail(
    text: str | None = None,
    *,
    sender: str = "deltagare@demo.mdk",
    kind: str = "text/calendar; charset=utf-8",
    extra: str = "",
    **changes: Any,
) -> bytes:
    """A mail that holds a calendar object and nothing else."""
    head = f"From: {sender}\r\nTo: mdk@mdk.example\r\n{extra}MIME-Version: 1.0\r\nContent-Type: {kind}\r\n"
    body = calendar(**changes) if text is None else text
    return f"{head}Content-Transfer-Encoding: 8bit\r\n\r\n{body}".encode()


def told(post: Post, **changes: Any) -> str:
    """A released conference that everyone was told of, the nurse by the samples' UID; gives its id."""
    planned = make.released(post.database, three_cases(post.database)[:1], **changes)
    post.work()
    with post.database.writing() as session:
        row = session.get_one(Told, (planned, make.viewer(post.database, NURSE).person_id))
        row.uid = UID
    return planned


def ingest(post: Post, raw: bytes, at: datetime = CAME) -> Taken:
    """Take one mail in."""
    with post.database.writing() as session:
        return replies.ingest(session, raw, at=at)


def answer_of(database: Database, conference_id: str, name: str = NURSE) -> tuple[str, str, str]:
    """What someone's answer is, with the comment and the way it came."""
    with database.reading() as session:
        person = session.scalars(select(Person).where(col(Person.email) == make.email(name))).one()
        row = session.get_one(Participation, (conference_id, person.id))
        return row.partstat, row.comment, row.answered_via


def kept(database: Database) -> list[tuple[str, str]]:
    """What became of each mail, in order."""
    with database.reading() as session:
        return [(row.fate, row.reason) for row in session.scalars(select(MailReply).order_by(col(MailReply.id)))]
