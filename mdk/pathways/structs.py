"""Implant referrals and pump assignments as their readers see them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import msgspec

from mdk.cases.structs import CaseLine


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


class PrerequisiteRow(msgspec.Struct, frozen=True):
    """One row of the checklist as it stands."""

    n: int
    text: str
    scope: str
    applies: bool
    state: str
    owner: str
    note: str
    at: datetime | None


class Gap(msgspec.Struct, frozen=True):
    """Something that the pre-operative pack lacks, and who owns getting it."""

    field: str
    what: str
    owner: str


class HistoryStep(msgspec.Struct, frozen=True):
    """One state: since when, through whom and why."""

    state: str
    at: datetime
    by: str
    reason: str


class ReferralView(msgspec.Struct, frozen=True, kw_only=True):
    """An implant referral; `conference` is where its signed minutes stand."""

    id: str
    case: str
    conference: str
    state: str
    created_at: datetime
    home_region: str
    catheter_tip: str
    due: date | None
    missing: list[Gap]
    prerequisites: list[PrerequisiteRow]
    history: list[HistoryStep]
    line: CaseLine
    version: int


class AssignmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A pump assignment of a region's function; `conference` is where its signed minutes stand."""

    id: str
    case: str
    conference: str
    state: str
    created_at: datetime
    region: str
    due: date | None
    prerequisites: list[PrerequisiteRow]
    history: list[HistoryStep]
    line: CaseLine
    version: int
