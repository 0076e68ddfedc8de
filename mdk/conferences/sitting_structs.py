"""What a conference that is held looks like from outside, and what is told of it meanwhile."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from mdk.conferences.structs import Email


class HeldSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a conference that is held: when it began or is expected to, and the seconds that it has taken so far.

    `lacking` is who is missing for its quorum among those who have come; None before anyone was ticked off.
    `passed_over` is a case whose turn never came before the closing, though others had theirs.
    """

    case: str
    starts_at: datetime
    minutes: int
    seconds: int
    since: datetime | None
    is_done: bool
    passed_over: bool
    patient_heard: bool
    lacking: list[str] | None


class HeldPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Someone invited to a conference that is held: whether they have come, and whether they watch it just now."""

    email: str
    name: str
    role: str
    profession: str
    present: bool
    arrived_at: datetime | None
    connected: bool


class SittingView(msgspec.Struct, frozen=True, kw_only=True):
    """A conference as it is held: whose turn it is, the cases in running order, who came and who watches.

    `current` is the case that is discussed, if the viewer may know of it; `is_other` when it is one that they may not.
    `connected` counts everyone who watches; a referrer is not told which they are.
    """

    conference: str
    version: int
    state: str
    opened_at: datetime | None
    closed_at: datetime | None
    ends_at: datetime
    current: str | None
    is_other: bool
    agenda: list[HeldSlot]
    people: list[HeldPerson]
    connected: int


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class TurnBody(_Body):
    """Whose turn it is; null when no case is discussed."""

    case: Annotated[str, Meta(max_length=30)] | None


class AttendBody(_Body):
    """Whether someone invited is there."""

    email: Email
    present: bool


class HeardBody(_Body):
    """Whether the patient's own view has had its turn."""

    heard: bool
