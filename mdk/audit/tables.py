"""The access log, hash-chained, with the signed ends of its chain, and the history of state moves.

The database itself refuses to change a row of any of these tables, and to remove one that no confirmed decision covers.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel


class AccessLog(SQLModel, table=True):
    """One act or read: who, with which assignment, whose data, when, from where, why."""

    __tablename__ = "access_log"
    __table_args__ = (
        Index("ix_access_log_person", "person_id", "at", "id"),
        Index("ix_access_log_act", "act", "at", "id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "address"})

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    act: str
    person_id: int | None = None
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


class AccessLogCase(SQLModel, table=True):
    """Which rows of the access log hold a case, so that they are found without reading the others."""

    __tablename__ = "access_log_case"
    personal: ClassVar[frozenset[str]] = frozenset()

    case_number: str = Field(primary_key=True)
    log_id: int = Field(primary_key=True, index=True)


class AccessLogFiled(SQLModel, table=True):
    """How far the register has come: up to this row of the log it holds all; the one row of this table only grows."""

    __tablename__ = "access_log_filed"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int = Field(default=1, primary_key=True)
    last_id: int


class AccessLogHead(SQLModel, table=True):
    """The end of the chain as it stood at a time: the last row and its digest, signed with the installation's key."""

    __tablename__ = "access_log_head"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    log_id: int
    digest: str
    at: datetime
    jws: str = Field(sa_column=Column(Text, nullable=False))


class AccessLogRemoval(SQLModel, table=True):
    """A signed checkpoint where a decision removed rows: the chain goes on from the last one's digest."""

    __tablename__ = "access_log_removal"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    decision_id: int
    first_id: int
    last_id: int
    digest: str
    at: datetime
    jws: str = Field(sa_column=Column(Text, nullable=False))


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
