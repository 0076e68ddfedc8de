"""What has passed its least time, month by month, and the decisions to remove it."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from mdk.columns import one_of
from mdk.keeping.structs import RemovalState

_IN_HAND = text("state = 'in_hand'")


class KeepingReport(SQLModel, table=True):
    """How much had passed its least time in a month: patients and rows of the log, and since when the oldest."""

    __tablename__ = "keeping_report"
    personal: ClassVar[frozenset[str]] = frozenset()

    month: date = Field(primary_key=True)
    made_at: datetime
    patients: int
    cases: int
    oldest_entry: date | None = None
    log_rows: int
    oldest_row: date | None = None


class RemovalDecision(SQLModel, table=True):
    """A decision to remove (gallringsbeslut): what it covers, who made it and who else confirmed it.

    It covers records whose last entry is older than `records_before`, case by case in `RemovalCase`, and the rows of
    the access log up to `log_last_id`. The database lets nothing else be removed, and keeps the decision for good.
    """

    __tablename__ = "removal_decision"
    __table_args__ = (
        CheckConstraint("confirmed_by <> made_by", name="two_decide"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_whole"),
        CheckConstraint("records_before IS NOT NULL OR log_before IS NOT NULL", name="covers_something"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    id: int | None = Field(default=None, primary_key=True)
    reference: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    records_before: date | None = None
    log_before: date | None = None
    log_last_id: int | None = None
    made_at: datetime
    made_by: int = Field(foreign_key="person.id")
    confirmed_at: datetime | None = None
    confirmed_by: int | None = Field(default=None, foreign_key="person.id")
    withdrawn_at: datetime | None = None
    withdrawn_by: int | None = Field(default=None, foreign_key="person.id")
    finished_at: datetime | None = None


class RemovalCase(SQLModel, table=True):
    """A case that a decision covers, by its number alone, and whether it is removed."""

    __tablename__ = "removal_case"
    __table_args__ = (
        one_of("state", get_args(RemovalState)),
        Index("ix_removal_case_in_hand", "case_id", sqlite_where=_IN_HAND, postgresql_where=_IN_HAND),
        Index("ix_removal_case_state", "decision_id", "state", "case_id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    decision_id: int = Field(primary_key=True, foreign_key="removal_decision.id")
    number: str = Field(primary_key=True)
    case_id: int
    state: str = "listed"
    removed_at: datetime | None = None
