"""What an answer to an invitation is made of, and the times that it is given to."""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from mdk.conferences.structs import Via


class Slot(NamedTuple):
    """One own case's time within the conference."""

    starts_at: datetime
    minutes: int

    @property
    def ends_at(self) -> datetime:
        """When it is the next one's turn."""
        return self.starts_at + timedelta(minutes=self.minutes)


class Times(msgspec.Struct, frozen=True):
    """When someone takes part: from when to when, and their own slots in it."""

    starts_at: datetime
    ends_at: datetime
    slots: tuple[Slot, ...] = ()


class GivenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it came in, by which way, and `to` which times; None for those that hold."""

    partstat: str
    comment: str = ""
    via: Via
    to: Times | None = None


class KeptAnswer(msgspec.Struct, frozen=True):
    """An answer with the times that it was given to, when and by which way."""

    to: Times
    partstat: str
    comment: str
    at: datetime
    via: str
