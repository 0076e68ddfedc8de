"""The outbox: one row for each thing owed to the outside."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from mdk.columns import one_of


class OutboxState(StrEnum):
    """Where a row stands."""

    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class OutboxRow(SQLModel, table=True):
    """One thing owed: a changed conference, a notice to a person, or a finished mail."""

    __tablename__ = "outbox"
    __table_args__ = (one_of("state", OutboxState), Index("ix_outbox_due", "state", "due_at"))
    personal: ClassVar[frozenset[str]] = frozenset({"recipient", "message"})

    id: int | None = Field(default=None, primary_key=True)
    topic: str
    key: str
    person_id: int | None = Field(default=None, foreign_key="person.id")
    recipient: str = ""
    subject: str = ""
    message_id: str = ""
    message: str = Field(default="", sa_column=Column(Text, nullable=False))
    state: str = OutboxState.OWED
    attempts: int = 0
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None = None
    error: str = ""
