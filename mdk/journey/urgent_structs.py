"""What the urgent lane's acts take."""

from typing import Annotated

import msgspec
from msgspec import Meta

from mdk.conferences.structs import Email, Instant


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class UrgentBody(_Body):
    """Whom to ask, by address, and until when."""

    members: Annotated[list[Email], Meta(max_length=50)]
    deadline: Instant


class OpinionBody(_Body):
    """A written opinion."""

    text: Annotated[str, Meta(min_length=1)]


class RatifyBody(_Body):
    """The meeting that ratifies, and what it wants noted."""

    conference: Annotated[str, Meta(min_length=1, max_length=64)]
    remark: str | None = None
