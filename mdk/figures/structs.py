"""Figures as their readers see them, and the facts that they are counted from."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.cases.submission_structs import RegionCode
from mdk.minutes.structs import Outcome

Count = int | None
End = Literal["done", "partly", "not_done", "died", ""]


class CaseFact(msgspec.Struct, frozen=True, kw_only=True):
    """What figures know of one case: where it belongs, and when it passed each step. No patient data.

    `place` is where the referring unit works. `ended` says how the pathway ended, "" while it goes on; `died` means
    that the patient died before what was decided could be done. `six_weeks_by` is when the six-week follow-up of what
    was done is late, none where nothing was done or the patient did not live to it; `six_weeks_at` when it was told.
    """

    number: str
    region: RegionCode
    place: str
    is_child: bool
    days_allowed: int
    stood_still: float
    submitted_at: datetime
    triaged_at: datetime | None = None
    accepted_at: datetime | None = None
    discussed_at: datetime | None = None
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    read_at: datetime | None = None
    outcome: Outcome | None = None
    due: date | None = None
    ended: End = ""
    ended_at: datetime | None = None
    reason_code: str = ""
    patient_view: bool = False
    six_weeks_by: datetime | None = None
    six_weeks_at: datetime | None = None
    six_weeks_nrs: int | None = None


class Spread(msgspec.Struct, frozen=True):
    """Days in one step: median, 90th percentile (nearest rank), how many, and the share (0–1) within the target.

    `kept` and `missed` are the counts that the share is made of; both are 0 for a step without a target.
    """

    median: float | None
    p90: float | None
    n: Count
    within: float | None = None
    kept: Count = 0
    missed: Count = 0


class RegionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One year of one region, or of all together (`all`); a count is null when it must not be shown.

    Each count and each step belongs to the year in which it happened, so that the years add up. `done` is what was
    decided and carried out wholly, `partly` in part; `not_done` holds the reasons of what was not. `treated` counts
    those who had an interventional pain treatment; places are those of the point prevalence.
    """

    region: str
    submitted: Count
    answered: Count
    discussed: Count
    decided: Count
    done: Count
    partly: Count
    not_done: Count
    died_before: Count
    treated: Count
    days: dict[str, Spread]
    outcomes: dict[str, Count]
    implemented: dict[str, Count]
    reasons: dict[str, Count]
    submitted_by_place: dict[str, Count]
    treated_by_place: dict[str, Count]


class Expected(msgspec.Struct, frozen=True):
    """The need a year that the final report expects in all four regions together."""

    low: int = 80
    high: int = 90
    intern: int = 10


class PrevalenceLine(msgspec.Struct, frozen=True):
    """One place of a point prevalence; `share` is computed from the counts (0–1)."""

    place: str
    region: RegionCode
    patients: int
    high_dose: int
    share: float
    advanced: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one year, region by region in their fixed order, beside the expected need and the prevalence."""

    year: int
    suppressed: bool
    regions: list[RegionFigures]
    total: RegionFigures
    expected: Expected
    prevalence: list[PrevalenceLine]


class GoalBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The level (0–1) that a goal is to reach."""

    level: Annotated[float, Meta(ge=0, le=1)]


class SurveyBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A point prevalence as it is imported: `table` is text with the columns of `prevalence.COLUMNS`."""

    year: Annotated[int, Meta(ge=2023, le=2100)]
    week: Annotated[int, Meta(ge=1, le=53)]
    source: Annotated[str, Meta(min_length=1, max_length=500)]
    table: Annotated[str, Meta(min_length=1)]


class TreatedYear(msgspec.Struct, frozen=True):
    """How many had interventional pain treatment in a year, by region and in all (`all`)."""

    year: int
    treated: dict[str, Count]


class MappingBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What one of our codes is called in another code system."""

    code: Annotated[str, Meta(min_length=1, max_length=60)]
    system: Annotated[str, Meta(max_length=60)] = ""
    version: Annotated[str, Meta(max_length=60)] = ""
    target: Annotated[str, Meta(max_length=60)] = ""
