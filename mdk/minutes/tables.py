"""Minutes and their addenda."""

from datetime import datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from mdk.columns import Versioned, one_of
from mdk.minutes.structs import Outcome


class Minutes(Versioned, table=True):
    """The minutes of one case at one conference; signed ones never change."""

    __tablename__ = "minutes"
    __table_args__ = (
        UniqueConstraint("conference_id", "case_id"),
        one_of("outcome", get_args(Outcome), optional=True),
        CheckConstraint(
            "(signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (digest IS NULL)", name="signed_whole"
        ),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"document"})

    id: int | None = Field(default=None, primary_key=True)
    conference_id: str = Field(foreign_key="conference.id")
    case_id: int = Field(foreign_key="case_file.id", index=True)
    document: str = Field(sa_column=Column(Text, nullable=False))
    outcome: str | None = None
    saved_at: datetime
    saved_by: int = Field(foreign_key="person.id")
    signed_at: datetime | None = None
    signed_by: int | None = Field(default=None, foreign_key="person.id")
    digest: str | None = None
    kid: str | None = None


class MinutesAddendum(SQLModel, table=True):
    """A correction or addition to signed minutes."""

    __tablename__ = "minutes_addendum"
    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    id: int | None = Field(default=None, primary_key=True)
    minutes_id: int = Field(foreign_key="minutes.id", index=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime
    person_id: int = Field(foreign_key="person.id")
