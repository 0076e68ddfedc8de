"""Owns the queue as the planners look at it: in its order, and of it only what they ask for."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.cases import clock_rules, lists, rules
from mdk.cases.structs import QueueLine
from mdk.cases.submission_structs import RegionCode, Urgency
from mdk.cases.tables import Case
from mdk.clock import today
from mdk.conferences.queries import is_on_agenda
from mdk.people.structs import Viewer

QueueShow = Literal["child", "planned", "unplanned", "missing"]


class QueueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What of the queue is asked for; nothing asks for all of it."""

    region: RegionCode | None = None
    urgency: Urgency | None = None
    show: QueueShow | None = None


EVERYTHING = QueueFilter()


def queue(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    wanted: QueueFilter = EVERYTHING,
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[QueueLine], str | None]:
    """The queue as `cases.lists.queue` has it; with a filter each place is told as one among what was asked for.

    Raises `NotAllowed`, `Invalid` for a bad cursor.
    """
    return lists.queue(
        session,
        by=by,
        at=at,
        limit=limit,
        cursor=cursor,
        conditions=_conditions(wanted, at),
        allowances=clock_rules.allowances_of(wanted.urgency),
    )


def _conditions(wanted: QueueFilter, at: datetime) -> list[ColumnElement[bool]]:
    if wanted == EVERYTHING:
        return []
    missing = col(Case.missing)
    shows: dict[str, ColumnElement[bool]] = {
        "child": col(Case.birth_date) > rules.born_after(today(at)),
        "planned": is_on_agenda(),
        "unplanned": ~is_on_agenda(),
        "missing": missing.contains('"release"') | missing.contains('"submit"'),
    }
    found = [shows[wanted.show]] if wanted.show else []
    found += [col(Case.home_region) == wanted.region] if wanted.region else []
    return found + ([col(Case.urgency) == wanted.urgency] if wanted.urgency else [])
