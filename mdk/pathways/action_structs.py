"""Actions as their readers see them: what follows a recommendation that no pump is for."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.cases.structs import CaseLine
from mdk.pathways.structs import HistoryStep, NotDoneReason


class ActionState(StrEnum):
    """Where an action stands at the unit that owns it."""

    OPEN = "open"
    DONE = "done"
    PARTLY = "partly"
    NOT_DONE = "not_done"


End = Literal["done", "partly", "not-done"]
ActionFilter = Literal["open", "overdue", "done", "partly", "not_done"]


class ActionBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How an action ended: a coded reason where it was not, or only partly, done, and a note."""

    reason_code: NotDoneReason | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """An action: `unit` owns it and tells how it ended, `responsible_unit` is whom the minutes name to carry it out.

    `conference` is where its signed minutes stand; `is_overdue` when it is open and its day has passed.
    """

    id: str
    case: str
    conference: str
    outcome: str
    state: str
    is_overdue: bool
    created_at: datetime
    due: date
    unit: str
    responsible_unit: str
    ended_at: datetime | None
    reason_code: str | None
    note: str
    history: list[HistoryStep]
    line: CaseLine
    version: int
