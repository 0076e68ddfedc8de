"""What the auditor looked at in the access log, spot checks and emergency openings, and what was found."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from mdk.columns import one_of
from mdk.inspection.structs import Verdict


class SpotCheck(SQLModel, table=True):
    """Rows drawn by lot from a month of the log, and what the auditor found in them; it stays once concluded."""

    __tablename__ = "spot_check"
    __table_args__ = (one_of("verdict", get_args(Verdict), optional=True),)
    personal: ClassVar[frozenset[str]] = frozenset({"found"})

    id: int | None = Field(default=None, primary_key=True)
    month: date = Field(index=True)
    total: int
    drawn_at: datetime
    drawn_by: int = Field(foreign_key="person.id")
    verdict: str | None = None
    found: str = Field(default="", sa_column=Column(Text, nullable=False))
    concluded_at: datetime | None = None
    concluded_by: int | None = Field(default=None, foreign_key="person.id")


class SpotCheckRow(SQLModel, table=True):
    """One row of the access log that a spot check holds."""

    __tablename__ = "spot_check_row"
    personal: ClassVar[frozenset[str]] = frozenset()

    check_id: int = Field(primary_key=True, foreign_key="spot_check.id")
    log_id: int = Field(primary_key=True)


class OpeningReview(SQLModel, table=True):
    """What was found when the emergency opening of a row of the access log was reviewed; it stays."""

    __tablename__ = "opening_review"
    __table_args__ = (one_of("verdict", get_args(Verdict)),)
    personal: ClassVar[frozenset[str]] = frozenset({"found"})

    log_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    verdict: str
    found: str = Field(sa_column=Column(Text, nullable=False))
    reviewed_at: datetime
    reviewed_by: int = Field(foreign_key="person.id")
