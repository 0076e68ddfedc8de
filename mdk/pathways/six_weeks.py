"""Reads how the follow-up at six weeks went of many cases at once, for figures: when it is late, was told, the pain."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.cases.tables import Case
from mdk.pathways import follow_up_rules as rules
from mdk.pathways.follow_up_queries import done_of
from mdk.pathways.tables import FollowUp

WEEK = 6
FOLLOWED_FOR = timedelta(weeks=WEEK) + rules.LATE + timedelta(days=1)  # how long after its end a case is counted still


class SixWeeks(msgspec.Struct, frozen=True, kw_only=True):
    """When the follow-up is late unless told (`by`, none for who did not live to it), when it was told, and the NRS."""

    by: datetime | None = None
    at: datetime | None = None
    nrs: int | None = None


def six_weeks(session: Session, case_ids: Sequence[int]) -> dict[int, SixWeeks]:
    """The six-week follow-up of each case in which something was done that is followed up, by case id."""
    which = col(Case.id).in_(case_ids)
    died = {row.id: row.died_on for row in session.execute(select(col(Case.id), col(Case.died_on)).where(which))}
    told: dict[int, list[FollowUp]] = {}
    query = select(FollowUp).where(col(FollowUp.case_id).in_(case_ids), col(FollowUp.week) == WEEK)
    for row in session.scalars(query.order_by(col(FollowUp.id))):
        told.setdefault(row.case_id, []).append(row)
    found = {}
    for case_id, done in done_of(session, which).items():
        due, day = rules.due_on(done.day, WEEK), died[case_id]
        rows = [row for row in told.get(case_id, []) if row.alive == "yes"]
        lived = day is None or day > due + rules.LATE or bool(rows)
        found[case_id] = SixWeeks(
            by=clock.midnight(due + rules.LATE + timedelta(days=1)) if lived else None,
            at=rows[0].at if rows else None,
            nrs=rows[-1].nrs if rows else None,
        )
    return found
