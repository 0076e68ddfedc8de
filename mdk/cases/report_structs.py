"""What is reported of a patient at any time, as it crosses the border."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class DeathBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The day on which the patient died."""

    date: date


class DeteriorationBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What has become worse."""

    what: Annotated[str, Meta(min_length=1)]


class Reported(msgspec.Struct, frozen=True):
    """Something that was reported of a patient: when, by whom, and what."""

    at: datetime
    by: str
    what: str
