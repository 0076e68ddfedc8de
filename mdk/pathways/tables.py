"""Implant referrals, pump assignments and their prerequisites, actions, and follow-ups."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from mdk.cases.submission_structs import RegionCode
from mdk.columns import Versioned, one_of
from mdk.minutes.structs import Outcome
from mdk.pathways.action_structs import ActionState
from mdk.pathways.structs import AssignmentState, HomeCareAnswer, NotDoneReason, PrerequisiteState, ReferralState


class ImplantReferral(Versioned, table=True):
    """An intern pump on its way: one referral for each signed recommendation."""

    __tablename__ = "implant_referral"
    __table_args__ = (
        one_of("state", ReferralState),
        one_of("reason_code", get_args(NotDoneReason), optional=True),
        Index("ix_implant_referral_unit", "unit_id", "state", "created_at"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"catheter_tip", "device", "placed_tip", "report"})

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
    planned_for: date | None = None
    implanted_on: date | None = None
    device: str = ""
    placed_tip: str = ""
    report: str = Field(default="", sa_column=Column(Text, nullable=False))
    reason_code: str | None = None


class PumpAssignment(Versioned, table=True):
    """An extern pump on its way: one assignment for each signed recommendation, at the function of `region`."""

    __tablename__ = "pump_assignment"
    __table_args__ = (
        one_of("state", AssignmentState),
        one_of("home_region", get_args(RegionCode)),
        one_of("region", get_args(RegionCode)),
        one_of("reason_code", get_args(NotDoneReason), optional=True),
        Index("ix_pump_assignment_unit", "unit_id", "state", "created_at"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"place", "placed_tip", "drug"})

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    minutes_id: int = Field(foreign_key="minutes.id", unique=True)
    conference_id: str = Field(foreign_key="conference.id")
    unit_id: str = Field(foreign_key="unit.id")
    state: str = AssignmentState.ASSIGNED
    home_region: str
    region: str
    due: date | None = None
    created_at: datetime
    changed_at: datetime
    inserted_on: date | None = None
    place: str = ""
    placed_tip: str = ""
    drug: str = Field(default="", sa_column=Column(Text, nullable=False))
    support_asked_at: datetime | None = None
    support_answered_at: datetime | None = None
    reason_code: str | None = None


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
    person_id: int | None = Field(default=None, foreign_key="person.id")
    valid_until: date | None = None


class PackFact(SQLModel, table=True):
    """What the referring unit added to one row of a referral's pre-operative pack."""

    __tablename__ = "pack_fact"
    __table_args__ = (UniqueConstraint("referral_id", "field"),)
    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    id: int | None = Field(default=None, primary_key=True)
    referral_id: str = Field(foreign_key="implant_referral.id")
    field: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class StandingPrerequisite(SQLModel, table=True):
    """A prerequisite that a unit, or a municipality in its region, has met for every patient until a day."""

    __tablename__ = "standing_prerequisite"
    __table_args__ = (UniqueConstraint("unit_id", "municipality", "n"),)
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    unit_id: str = Field(foreign_key="unit.id")
    municipality: str = ""
    n: int
    owner: str
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    valid_until: date
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class PathwayAction(Versioned, table=True):
    """What else follows a signed recommendation: one action for each, owned by the unit that referred the patient."""

    __tablename__ = "pathway_action"
    __table_args__ = (
        one_of("state", ActionState),
        one_of("outcome", get_args(Outcome)),
        one_of("reason_code", get_args(NotDoneReason), optional=True),
        Index("ix_pathway_action_unit", "unit_id", "state", "due"),
        Index("ix_pathway_action_due", "state", "due", "id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"note"})

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    minutes_id: int = Field(foreign_key="minutes.id", unique=True)
    conference_id: str = Field(foreign_key="conference.id")
    unit_id: str = Field(foreign_key="unit.id")
    outcome: str
    responsible_unit: str = ""
    state: str = ActionState.OPEN
    due: date
    created_at: datetime
    changed_at: datetime
    reason_code: str | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False))


class FollowUp(SQLModel, table=True):
    """What was told at a follow-up; told anew for the same week, the newest row counts. `omeq` is in mg a day."""

    __tablename__ = "follow_up"
    __table_args__ = (
        one_of("alive", ("yes", "no")),
        CheckConstraint("week IN (2, 6, 12)", name="week_known"),
        Index("ix_follow_up_case", "case_id", "week", "id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset(
        {"day", "nrs", "omeq", "side_effects", "complications", "pump_state", "care_place", "alive"}
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    week: int
    day: date
    nrs: int | None = None
    omeq: float | None = None
    side_effects: str = Field(default="", sa_column=Column(Text, nullable=False))
    complications: str = Field(default="", sa_column=Column(Text, nullable=False))
    pump_state: str = ""
    care_place: str = ""
    alive: str
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class HomeCareContact(SQLModel, table=True):
    """The function that answers for home care in a municipality, or in a whole region, as the region keeps it."""

    __tablename__ = "home_care_contact"
    __table_args__ = (one_of("region", get_args(RegionCode)), UniqueConstraint("region", "municipality"))
    personal: ClassVar[frozenset[str]] = frozenset({"name", "email"})

    id: int | None = Field(default=None, primary_key=True)
    region: str
    municipality: str = ""
    name: str
    email: str
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class HomeCareQuestion(SQLModel, table=True):
    """One question to home care about one case, told outside by its number only, and what was answered."""

    __tablename__ = "home_care_question"
    __table_args__ = (one_of("answer", get_args(HomeCareAnswer), optional=True),)
    personal: ClassVar[frozenset[str]] = frozenset({"name", "recipient", "comment", "answered_by"})

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    name: str
    recipient: str
    asked_at: datetime
    asked_by: int | None = Field(default=None, foreign_key="person.id")
    closes_at: datetime
    answer: str | None = None
    comment: str = Field(default="", sa_column=Column(Text, nullable=False))
    answered_by: str = ""
    answered_at: datetime | None = None
