"""What is said of one act or read, before it becomes a row."""

from datetime import datetime
from typing import Literal

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


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed of the access log: its last row at a time. The purpose keeps it from passing as anything else."""

    log_id: int
    digest: str
    at: datetime
    purpose: Literal["access-log"] = "access-log"


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed of rows that were removed: by which decision, which rows, how many, and the last one's digest."""

    decision: int
    reference: str
    first_id: int
    last_id: int
    count: int
    digest: str
    at: datetime
    purpose: Literal["access-log-removal"] = "access-log-removal"


class Fault(msgspec.Struct, frozen=True):
    """Where the access log is not what it was: the first row concerned, and what is wrong with it."""

    row: int
    what: Literal["changed", "missing", "index", "seal", "removal"]


SYSTEM = Actor(role="system", surface="worker")
