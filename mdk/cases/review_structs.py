"""What an urgent review of a case looks like from outside."""

from datetime import datetime
from typing import Literal

import msgspec

ReviewState = Literal["open", "ended", "concluded", "ratified"]


class ReviewMember(msgspec.Struct, frozen=True):
    """Someone who is asked for an opinion, and whether they have given one."""

    email: str
    name: str
    profession: str
    opined: bool


class Opinion(msgspec.Struct, frozen=True):
    """One written opinion; `late` when it came after the deadline."""

    by: str
    at: datetime
    text: str
    late: bool


class UrgentReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """The urgent review of a case; `ended` is one whose case left the lane before it was concluded.

    The opinions are empty for a reader who may not see them before the conclusion.
    """

    conference: str
    state: ReviewState
    deadline: datetime
    opened_at: datetime
    members: list[ReviewMember]
    opinions: list[Opinion]
    concluded_at: datetime | None
    ratified_at: datetime | None
