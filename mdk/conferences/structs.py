"""What a conference and a series look like from outside."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Partstat = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]
Answer = Literal["ACCEPTED", "DECLINED", "TENTATIVE"]
Via = Literal["login", "link", "mail"]
LossKind = Literal["consultant", "nurse", "presenter"]
Instant = Annotated[datetime, Meta(tz=True)]
Minutes = Annotated[int, Meta(ge=1, le=240)]
Duration = Annotated[int, Meta(ge=5, le=480)]
Email = Annotated[str, Meta(min_length=3, max_length=200)]
Url = Annotated[str, Meta(max_length=500)]
WallTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClashKind = Literal["conference", "busy", "absence"]


class ConferenceState(StrEnum):
    """Where a conference stands."""

    PLANNED = "planned"
    RELEASED = "released"
    IN_SESSION = "in_session"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ConferenceKind(StrEnum):
    """How a conference is held: as a meeting, or in writing for one urgent case."""

    MEETING = "meeting"
    URGENT = "urgent"


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class ConferenceBody(_Body):
    """A conference as it is planned; people are named by address."""

    starts_at: Instant
    duration_minutes: Duration
    chair: Email
    consultant: Email
    deputy: Email | None = None
    members: list[Email] = []
    video_url: Url | None = None


class AbsenceBody(_Body):
    """The days, first and last included, on which someone is away, and who stands in; no person is the caller."""

    first_day: date
    last_day: date
    person: Email | None = None
    deputy: Email | None = None


class AgendaItemBody(_Body):
    """One case on an agenda and how long it may take."""

    case: Annotated[str, Meta(min_length=1, max_length=30)]
    minutes: Minutes


class AgendaBody(_Body):
    """The whole agenda in order."""

    items: list[AgendaItemBody]


class ReleaseBody(_Body):
    """A release; the reason is needed when a later one adds a case, or when fields are missing."""

    override_reason: str | None = None


class MoveBody(_Body):
    """A new start."""

    starts_at: Instant


class ReplyBody(_Body):
    """An answer to an invitation."""

    partstat: Answer
    comment: Annotated[str, Meta(max_length=1000)] | None = None


class InvitedPerson(msgspec.Struct, frozen=True):
    """Someone who is or will be invited, and their answer: what, how and when; inactive once they left the system."""

    email: str
    name: str
    role: str
    partstat: str
    profession: str
    comment: str
    answered_via: str = ""
    answered_at: datetime | None = None
    active: bool = True


class Loss(msgspec.Struct, frozen=True):
    """Someone whom a conference cannot do without, and who does not come: as what, and their names."""

    kind: LossKind
    names: tuple[str, ...]


class Slot(msgspec.Struct, frozen=True):
    """One case's time on an agenda; `presenter` is the address of the person who submitted it."""

    case: str
    starts_at: datetime
    minutes: int
    presenter: str
    missing: list[str]


class QuorumOfCase(msgspec.Struct, frozen=True):
    """Whether those invited (and not declining) suffice for a case, and who is lacking."""

    case: str
    met: bool
    lacking: list[str]


class Quorum(msgspec.Struct, frozen=True):
    """The quorum of a whole agenda, case by case."""

    met: bool
    cases: list[QuorumOfCase]


class ClashLine(msgspec.Struct, frozen=True):
    """A time that takes someone from a conference: another one (`conference`), their own calendar, or an absence."""

    email: str
    name: str
    kind: ClashKind
    starts_at: datetime
    ends_at: datetime
    conference: str | None = None


class ConflictLine(msgspec.Struct, frozen=True):
    """A conference whose people are taken elsewhere while it is held."""

    conference: str
    state: str
    starts_at: datetime
    ends_at: datetime
    clashes: list[ClashLine]


class FreeSlotLine(msgspec.Struct, frozen=True):
    """A time at which everyone asked for is free, in working hours."""

    starts_at: datetime
    ends_at: datetime


class HitLine(msgspec.Struct, frozen=True):
    """A conference that falls into an absence: as what the person is missed, and whether someone stands in."""

    id: str
    starts_at: datetime
    state: str
    role: str
    covered: bool


class AbsenceView(msgspec.Struct, frozen=True, kw_only=True):
    """An absence, who stands in, and the coming conferences that it hits."""

    id: str
    person: str
    name: str
    first_day: date
    last_day: date
    deputy: str | None
    deputy_name: str
    conferences: list[HitLine]


class OfferLine(msgspec.Struct, frozen=True):
    """A case that a conference cannot take up, and the next one that can; none when no conference has room."""

    case: str
    minutes: int
    conference: str | None
    starts_at: datetime | None


class ConferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A conference as the viewer sees it: the planners see the working agenda, the others the released one."""

    id: str
    version: int
    state: str
    release: int
    series: str | None
    starts_at: datetime
    ends_at: datetime
    duration_minutes: int
    minutes_free: int
    video_url: str | None
    chair: str
    consultant: str
    deputy: str | None
    members: list[str]
    quorum: Quorum
    people: list[InvitedPerson]
    agenda: list[Slot]
    unreleased_changes: bool
    clashes: list[ClashLine]
    opened_at: datetime | None
    closed_at: datetime | None
    cancel_reason: str | None


class ConferenceLine(msgspec.Struct, frozen=True):
    """A conference in a list; it holds no patient. The counts are the working agenda's only for its planners."""

    id: str
    state: str
    starts_at: datetime
    duration_minutes: int
    release: int
    case_count: int
    minutes_booked: int
    chair: str
    my_partstat: str | None
    version: int


class Planned(msgspec.Struct, frozen=True):
    """The conference on whose agenda a case stands."""

    id: str
    starts_at: datetime
    state: str


class ReleasedItem(msgspec.Struct, frozen=True):
    """One case of a released agenda as it is stored."""

    case_id: int
    number: str
    minutes: int
    presenter_id: int
