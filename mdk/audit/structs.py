"""What is said of one act or read, before it becomes a row."""

from datetime import datetime

import msgspec


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: the identifying part of a viewer; `person_id` None stands for the system itself."""

    person_id: int | None = None
    assignment_id: int | None = None
    role: str = ""
    unit_id: str = ""
    surface: str = ""
    address: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the access log before it is chained."""

    at: datetime
    act: str
    by: Actor
    cases: tuple[str, ...] = ()
    allowed: bool = True
    reason: str = ""


SYSTEM = Actor(role="system", surface="worker")
