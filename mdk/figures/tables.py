"""Point prevalences that were imported, and the levels that goals are to reach."""

from datetime import datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from mdk.cases.submission_structs import RegionCode
from mdk.columns import Versioned, one_of


class PrevalenceSurvey(SQLModel, table=True):
    """One point prevalence that was imported; the one of 2023 is shipped with the program and stands in no table."""

    __tablename__ = "prevalence_survey"
    __table_args__ = (UniqueConstraint("year", "week"),)
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    year: int
    week: int
    source: str = Field(sa_column=Column(Text, nullable=False))
    imported_at: datetime
    imported_by: int = Field(foreign_key="person.id")


class PrevalenceCount(SQLModel, table=True):
    """What one place counted in a point prevalence."""

    __tablename__ = "prevalence_count"
    __table_args__ = (
        one_of("region", get_args(RegionCode)),
        CheckConstraint("0 <= high_dose AND high_dose <= patients AND 0 <= advanced", name="counts_fit"),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    survey_id: int = Field(primary_key=True, foreign_key="prevalence_survey.id")
    place: str = Field(primary_key=True)
    position: int
    region: str
    patients: int
    high_dose: int
    advanced: int


class GoalLevel(Versioned, table=True):
    """The level (0–1) that one goal is to reach in every region, and who set it."""

    __tablename__ = "goal_level"
    __table_args__ = (CheckConstraint("0 <= level AND level <= 1", name="level_is_share"),)
    personal: ClassVar[frozenset[str]] = frozenset()

    goal: str = Field(primary_key=True)
    level: float
    set_at: datetime
    set_by: int = Field(foreign_key="person.id")


class CodeMapping(Versioned, table=True):
    """What one of our codes is called in another code system; empty until an administrator says so."""

    __tablename__ = "code_mapping"
    personal: ClassVar[frozenset[str]] = frozenset()

    column: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    system: str = ""
    version_of_system: str = ""
    target: str = ""
    set_at: datetime
    set_by: int = Field(foreign_key="person.id")
