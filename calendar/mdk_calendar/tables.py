"""What each person was last told of each conference, their feeds, and where their own calendars are published."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel


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
    """Where a person's own calendar is published, when it was read last, and what went wrong since."""

    __tablename__ = "busy_calendar"
    personal: ClassVar[frozenset[str]] = frozenset({"url"})

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    url: str = Field(sa_column=Column(Text, nullable=False))
    etag: str = ""
    due_at: datetime = Field(index=True)
    read_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    failure: str = ""
