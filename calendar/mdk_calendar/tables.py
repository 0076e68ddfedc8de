"""What each person was last told and reminded of, what came back by mail, and the calendars of both sides."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from mdk.columns import one_of


class Fate(StrEnum):
    """What became of a mail that came in."""

    RECORDED = "recorded"
    IGNORED = "ignored"
    NOTED = "noted"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


class ReminderKind(StrEnum):
    """What someone is reminded of: that they meet tomorrow, or that a case lacks something."""

    MEETING = "meeting"
    MISSING = "missing"


class Told(SQLModel, table=True):
    """The newest event that one person was told of one conference; its UID is theirs for good."""

    __tablename__ = "told"
    personal: ClassVar[frozenset[str]] = frozenset({"event"})

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    uid: str = Field(unique=True)
    sequence: int
    method: str
    event: str = Field(sa_column=Column(Text, nullable=False))
    told_at: datetime


class Feed(SQLModel, table=True):
    """A person's private calendar address: the hash by which it is found, and the seed that it can be told from."""

    __tablename__ = "feed"
    personal: ClassVar[frozenset[str]] = frozenset()

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    seed: str
    secret_hash: str = Field(unique=True)
    created_at: datetime


class BusyCalendar(SQLModel, table=True):
    """Where a person's own calendar is published, when it was asked and read last, and what went wrong since."""

    __tablename__ = "busy_calendar"
    personal: ClassVar[frozenset[str]] = frozenset({"url"})

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    url: str = Field(sa_column=Column(Text, nullable=False))
    etag: str = ""
    modified: str = ""
    due_at: datetime = Field(index=True)
    checked_at: datetime | None = None
    read_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    failure: str = ""


class Reminder(SQLModel, table=True):
    """One person was reminded of one conference on its day; a conference moved to another day is a new one."""

    __tablename__ = "reminder"
    __table_args__ = (one_of("kind", ReminderKind),)
    personal: ClassVar[frozenset[str]] = frozenset()

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    kind: str = Field(primary_key=True)
    meets_on: date = Field(primary_key=True)
    at: datetime


class MailReply(SQLModel, table=True):
    """A mail that came in: from whom, what it answered, and what became of it and why. The mail itself is not kept."""

    __tablename__ = "mail_reply"
    __table_args__ = (one_of("fate", Fate), Index("ix_mail_reply_conference", "conference_id", "person_id"))
    personal: ClassVar[frozenset[str]] = frozenset({"sender", "comment", "delegate"})

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    received_at: datetime
    sender: str = ""
    fate: str
    reason: str = ""
    conference_id: str | None = Field(default=None, foreign_key="conference.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    stamp: datetime | None = None
    partstat: str = ""
    comment: str = Field(default="", sa_column=Column(Text, nullable=False))
    delegate: str = ""
    proposed_at: datetime | None = None
    settled_at: datetime | None = Field(default=None, index=True)


class MailBox(SQLModel, table=True):
    """The mailbox that answers come to: when it could last be read, and since when it cannot."""

    __tablename__ = "mail_box"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    read_at: datetime | None = None
    failing_since: datetime | None = None
    fault: str = ""
