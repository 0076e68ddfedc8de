"""A learning case as it is written, reviewed and read."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from mdk.minutes.structs import Outcome


class LearningState(StrEnum):
    """Where a learning case stands."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class LearningBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is told of a case: nothing by which anyone could be known again."""

    title: Annotated[str, Meta(max_length=200)] = ""
    question: str = ""
    reasoning: str = ""
    six_weeks: str = ""


class ReturnBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the writer should change before the case can be published, or why it is withdrawn."""

    note: Annotated[str, Meta(min_length=1, max_length=2000)]


class LearningLine(msgspec.Struct, frozen=True, kw_only=True):
    """A learning case in a list."""

    id: str
    title: str
    outcome: Outcome
    state: str
    changed_at: datetime


class LearningView(LearningBody, kw_only=True):
    """A learning case as its reader sees it; `case` and `note` are for those who write and review it."""

    id: str
    outcome: Outcome
    state: str
    published_at: datetime | None
    case: str | None
    note: str
    version: int
