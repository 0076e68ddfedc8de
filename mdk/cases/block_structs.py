"""What is said of a patient's block."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class BlockBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whom the patient shuts out: a person by address or a whole unit by its id; and what the patient said."""

    wish: Annotated[str, Meta(min_length=1, max_length=2000)]
    person: Annotated[str, Meta(max_length=200)] | None = None
    unit: Annotated[str, Meta(max_length=100)] | None = None


class BlockLine(msgspec.Struct, frozen=True):
    """One block of a case's patient; `whom` is a person's or a unit's name."""

    id: int
    whom: str
    is_unit: bool
    wish: str
    recorded_by: str
    recorded_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str
