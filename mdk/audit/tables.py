"""The access log, hash-chained, and the history of state moves."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel


class AccessLog(SQLModel, table=True):
    """One act or read: who, with which assignment, whose data, when, from where, why."""

    __tablename__ = "access_log"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "address"})

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    act: str
    person_id: int | None = Field(default=None, index=True)
    assignment_id: int | None = None
    role: str = ""
    unit_id: str = ""
    surface: str = ""
    address: str = ""
    cases: str = Field(default="", sa_column=Column(Text, nullable=False))
    allowed: bool = True
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    previous: str = Field(unique=True)
    digest: str = Field(unique=True)


class StateMove(SQLModel, table=True):
    """One step in the life of a case, conference, minutes, referral or pump assignment."""

    __tablename__ = "state_move"
    __table_args__ = (Index("ix_state_move_subject", "kind", "subject", "id"),)
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    from_state: str = ""
    to_state: str
    act: str
    at: datetime
    person_id: int | None = None
    role: str = ""
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
