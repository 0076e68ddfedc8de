"""Implant referrals and pump assignments as their readers see them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.cases.structs import CaseLine
from mdk.cases.submission_structs import RegionCode, ShortText


class ReferralState(StrEnum):
    """Where an implant referral stands at neurosurgery."""

    CREATED = "created"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    MORE_INFORMATION = "more_information"
    DECLINED = "declined"
    SCHEDULED = "scheduled"
    IMPLANTED = "implanted"
    REPORTED = "reported"
    CANCELLED = "cancelled"


class AssignmentState(StrEnum):
    """Where a pump assignment stands at the region's function."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    INSERTED = "inserted"
    FOLLOWED_UP = "followed_up"
    NOT_DONE = "not_done"


PrerequisiteState = Literal["open", "met", "not_met"]
NotDoneReason = Literal[
    "patient_wish",
    "deterioration",
    "died",
    "no_theatre_time",
    "no_bed",
    "home_care_cannot",
    "no_trained_staff",
    "infection_or_coagulation",
    "other_treatment_worked",
    "missing_documentation",
    "other",
]
HomeCareAnswer = Literal["yes", "after_training", "no"]
Text = Annotated[str, Meta(min_length=1)]
_MAILBOX = r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+$"


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class WhatBody(_Body):
    """Asking the referring unit for more."""

    what: Text


class Fact(_Body):
    """What the referring unit adds to one row of the pre-operative pack."""

    field: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


class SupplyBody(_Body):
    """The referring unit's answer, and the rows of the pack that it fills in."""

    text: Text
    facts: list[Fact] = []


class FactsBody(_Body):
    """Rows of the pack that the referring unit fills in without having been asked."""

    facts: list[Fact] = []


class DateBody(_Body):
    """The day for which an implantation is planned."""

    date: date


class ImplantBody(_Body):
    """An implantation as it was done: the day, the device, and where the catheter's tip lies."""

    date: date
    device: ShortText | None = None
    catheter_tip: ShortText | None = None


class TextBody(_Body):
    """An act that needs nothing but its text."""

    text: Text


class InsertBody(_Body):
    """An extern pump as it was put in: the day, the place, the catheter's tip, and the drug as free text."""

    date: date
    place: ShortText | None = None
    catheter_tip: ShortText | None = None
    drug: Annotated[str, Meta(max_length=500)] | None = None


class NotDoneBody(_Body):
    """Why a pump was not put in: a code and a note."""

    reason_code: NotDoneReason
    note: str = ""


class HandOverBody(_Body):
    """Another region that is to put the pump in, and why."""

    region: RegionCode
    reason: Text


class PrerequisiteBody(_Body):
    """A prerequisite as it now stands; with `valid_until` a met one stands for the next patients, too."""

    state: PrerequisiteState
    owner: ShortText = ""
    note: Annotated[str, Meta(max_length=2000)] = ""
    valid_until: date | None = None


class StandingBody(_Body):
    """A prerequisite that a unit, or a municipality in its region, meets for every patient until a day."""

    owner: Annotated[str, Meta(min_length=1, max_length=200)]
    valid_until: date
    municipality: ShortText = ""
    note: Annotated[str, Meta(max_length=2000)] = ""


class AnswerBody(_Body):
    """What home care answers, and who says so."""

    answer: HomeCareAnswer
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    comment: Annotated[str, Meta(max_length=1000)] = ""


class ContactBody(_Body):
    """The address of a function that answers for home care, in a municipality or in the whole region."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    email: Annotated[str, Meta(max_length=200, pattern=_MAILBOX)]
    municipality: ShortText = ""


class ContactLine(msgspec.Struct, frozen=True):
    """A kept address as the region sees it."""

    id: int
    municipality: str
    name: str
    email: str


class HomeCareLine(msgspec.Struct, frozen=True, kw_only=True):
    """One question to home care, and its answer once there is one."""

    number: int
    name: str
    asked_at: datetime
    answer: str | None
    comment: str
    answered_by: str
    answered_at: datetime | None


class StandingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A standing prerequisite of a unit: who answers for it, until when, and who said so."""

    id: int
    n: int
    text: str
    municipality: str
    owner: str
    note: str
    valid_until: date
    at: datetime
    by: str


class PrerequisiteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the checklist as it stands; a met one whose day has passed is open again.

    `at_home` tells that the home region's function may set it, too, when neurosurgery implants.
    """

    n: int
    text: str
    scope: str
    applies: bool
    state: str
    owner: str
    note: str
    at: datetime | None
    by: str
    valid_until: date | None
    at_home: bool


class Gap(msgspec.Struct, frozen=True):
    """Something that the pre-operative pack lacks, and who owns getting it."""

    field: str
    what: str
    owner: str


class Supplied(msgspec.Struct, frozen=True):
    """What the referring unit has added to one row of the pack."""

    field: str
    text: str
    at: datetime
    by: str


class HistoryStep(msgspec.Struct, frozen=True):
    """One state: since when, through whom and why."""

    state: str
    at: datetime
    by: str
    reason: str
    act: str


class SurvivalClock(msgspec.Struct, frozen=True):
    """Days since the case was submitted against the days that its survival band spans; `is_least` of an open end."""

    days: int
    of: int
    is_least: bool


class PathwayLink(msgspec.Struct, frozen=True):
    """That a case has a pathway: of which kind, under which id, and where it stands."""

    kind: Literal["referral", "assignment"]
    id: str
    state: str


class ReferralView(msgspec.Struct, frozen=True, kw_only=True):
    """An implant referral; `conference` is where its signed minutes stand.

    `catheter_tip` is what the conference suggests, `placed_tip` where the tip came to lie.
    """

    id: str
    case: str
    conference: str
    state: str
    created_at: datetime
    home_region: str
    catheter_tip: str
    due: date | None
    planned_for: date | None
    implanted_on: date | None
    device: str
    placed_tip: str
    report: str
    reason_code: str | None
    missing: list[Gap]
    supplied: list[Supplied]
    prerequisites: list[PrerequisiteRow]
    history: list[HistoryStep]
    survival: SurvivalClock | None
    line: CaseLine
    version: int


class AssignmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A pump assignment of a region's function; `conference` is where its signed minutes stand.

    `region` is the one whose function puts the pump in, `home_region` the patient's own.
    """

    id: str
    case: str
    conference: str
    state: str
    created_at: datetime
    region: str
    home_region: str
    unit: str
    due: date | None
    inserted_on: date | None
    place: str
    placed_tip: str
    drug: str
    support_asked_at: datetime | None
    support_answered_at: datetime | None
    reason_code: str | None
    prerequisites: list[PrerequisiteRow]
    history: list[HistoryStep]
    survival: SurvivalClock | None
    line: CaseLine
    version: int
