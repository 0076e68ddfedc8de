"""Follow-ups after what was decided was done, as they are written and read."""

import datetime as dt
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.cases.structs import CaseLine
from mdk.cases.submission_structs import Nrs, ShortText

WEEKS = (2, 6, 12)
Text = Annotated[str, Meta(max_length=2000)]


class FollowUpBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One follow-up; of a patient who has died `date` is the day of death, and the rest may be left out.

    `omeq` is in mg of oral morphine a day.
    """

    week: Annotated[int, Meta(extra_json_schema={"enum": list(WEEKS)})]
    date: dt.date
    nrs: Nrs | None = None
    omeq: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    side_effects: Text = ""
    complications: Text = ""
    pump_state: ShortText = ""
    care_place: ShortText = ""
    alive: Literal["yes", "no"]


class FollowUpLine(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up as it was last told, by whom and when."""

    week: int
    date: dt.date
    nrs: int | None
    omeq: float | None
    side_effects: str
    complications: str
    pump_state: str
    care_place: str
    alive: str
    at: datetime
    by: str


class PlannedFollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three follow-ups: its day, what was told of it, and whether it is late."""

    week: int
    due: dt.date
    told: FollowUpLine | None
    is_overdue: bool


class Done(msgspec.Struct, frozen=True):
    """What was done to the patient of a case: the outcome, the day, and the id of the pathway that did it."""

    outcome: str
    day: dt.date
    key: str


class Refill(msgspec.Struct, frozen=True):
    """How often a pump is refilled, and the next day."""

    every: Literal["week", "two_months"]
    next: dt.date


class Point(msgspec.Struct, frozen=True):
    """What the curve shows of one time; week 0 is the referral, before what was done."""

    week: int
    nrs: int | None
    omeq: float | None


class FollowUpsView(msgspec.Struct, frozen=True, kw_only=True):
    """The follow-ups of a case; `outcome` and `done_on` tell what was done, and when."""

    case: str
    outcome: str
    done_on: dt.date
    refill: Refill | None
    planned: list[PlannedFollowUp]
    points: list[Point]
    line: CaseLine
