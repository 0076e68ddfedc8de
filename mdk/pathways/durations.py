"""Reads how long referrals and assignments stay in each state, from every stay that ended within a period."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.tables import StateMove

PERIOD = timedelta(days=365)


class StateDays(msgspec.Struct, frozen=True):
    """How many days the stays in one state that ended within the period took: the median, and how many they were."""

    state: str
    median: float
    n: int


def days_in_states(
    session: Session, kind: Literal["referral", "assignment"], ids: Select[Any], *, at: datetime
) -> list[StateDays]:
    """The median of the stays that ended within `PERIOD` before `at`, state by state in the order of their first ends.

    A step that leaves the state as it was, such as a new date, ends no stay. It tells of no patient.
    """
    stays: dict[str, list[float]] = {}
    for state, begun, ended in session.execute(_stays(kind, ids, since=at - PERIOD)):
        stays.setdefault(state, []).append((ended - begun).total_seconds() / 86_400)
    return [StateDays(state, round(median(days), 1), len(days)) for state, days in stays.items()]


def _stays(kind: str, ids: Select[Any], *, since: datetime) -> Select[Any]:
    left = func.lead(col(StateMove.at), type_=StateMove.__table__.c.at.type)  # type: ignore[attr-defined]
    steps = (
        select(
            col(StateMove.id),
            col(StateMove.to_state),
            col(StateMove.at),
            left.over(partition_by=col(StateMove.subject), order_by=col(StateMove.id)).label("left_at"),
        )
        .where(
            col(StateMove.kind) == kind,
            col(StateMove.subject).in_(ids),
            col(StateMove.from_state) != col(StateMove.to_state),
        )
        .subquery()
    )
    return (
        select(steps.c.to_state, steps.c.at, steps.c.left_at)
        .where(steps.c.left_at >= since)
        .order_by(steps.c.left_at, steps.c.id)
    )
