"""What a series of conferences looks like from outside."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from mdk.conferences.structs import Duration, Email, Instant, Url, WallTime


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class SeriesBody(_Body):
    """A repeating conference; the rule is read in Swedish local time."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    rrule: Annotated[str, Meta(min_length=5, max_length=500)]
    first_start: Instant
    duration_minutes: Duration
    chair: Email
    consultant: Email
    deputy: Email | None = None
    members: list[Email] = []
    video_url: Url | None = None


class SeriesChange(_Body):
    """What a series and its planned conferences are from a day on; the time is Swedish and keeps its weekday."""

    from_day: date
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    time: WallTime
    duration_minutes: Duration
    chair: Email
    consultant: Email
    deputy: Email | None = None
    members: list[Email] = []
    video_url: Url | None = None


class SkipBody(_Body):
    """The days, first and last included, on which a series does not meet, and why."""

    first_day: date
    last_day: date
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class EndBody(_Body):
    """The day from which a series meets no more, and why."""

    from_day: date
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class SeriesView(msgspec.Struct, frozen=True, kw_only=True):
    """A series and how many of its conferences lie ahead, planned or released."""

    id: str
    version: int
    name: str
    rrule: str
    first_start: datetime
    duration_minutes: int
    chair: str
    consultant: str
    deputy: str | None
    members: list[str]
    video_url: str | None
    ended_from: date | None
    planned: int
