"""Implant referrals, pump assignments and their prerequisites."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from mdk.cases.structs import RegionCode
from mdk.columns import Versioned, one_of
from mdk.pathways.structs import AssignmentState, PrerequisiteState, ReferralState


class ImplantReferral(Versioned, table=True):
    """An intern pump on its way: one referral for each signed recommendation."""

    __tablename__ = "implant_referral"
    __table_args__ = (
        one_of("state", ReferralState),
        Index("ix_implant_referral_unit", "unit_id", "state", "created_at"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"catheter_tip"})

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    minutes_id: int = Field(foreign_key="minutes.id", unique=True)
    conference_id: str = Field(foreign_key="conference.id")
    unit_id: str = Field(foreign_key="unit.id")
    state: str = ReferralState.CREATED
    home_region: str
    catheter_tip: str = ""
    due: date | None = None
    created_at: datetime
    changed_at: datetime


class PumpAssignment(Versioned, table=True):
    """An extern pump on its way: one assignment for each signed recommendation."""

    __tablename__ = "pump_assignment"
    __table_args__ = (
        one_of("state", AssignmentState),
        one_of("home_region", get_args(RegionCode)),
        Index("ix_pump_assignment_unit", "unit_id", "state", "created_at"),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    minutes_id: int = Field(foreign_key="minutes.id", unique=True)
    conference_id: str = Field(foreign_key="conference.id")
    unit_id: str = Field(foreign_key="unit.id")
    state: str = AssignmentState.ASSIGNED
    home_region: str
    due: date | None = None
    created_at: datetime
    changed_at: datetime


class PathwayPrerequisite(SQLModel, table=True):
    """One prerequisite of one referral or assignment: its state, owner and note."""

    __tablename__ = "pathway_prerequisite"
    __table_args__ = (
        one_of("state", get_args(PrerequisiteState)),
        CheckConstraint("(referral_id IS NULL) <> (assignment_id IS NULL)", name="one_pathway"),
        Index("ix_prerequisite_referral", "referral_id", "n"),
        Index("ix_prerequisite_assignment", "assignment_id", "n"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    id: int | None = Field(default=None, primary_key=True)
    referral_id: str | None = Field(default=None, foreign_key="implant_referral.id")
    assignment_id: str | None = Field(default=None, foreign_key="pump_assignment.id")
    n: int
    applies: bool = True
    state: str = "open"
    owner: str = ""
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    at: datetime | None = None
