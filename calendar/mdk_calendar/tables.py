"""What each person was last told of each conference."""

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
