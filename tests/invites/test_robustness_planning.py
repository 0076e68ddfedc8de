"""A series that cannot be planned does not keep the others from it."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import col

import make
from mdk.conferences import repeating
from mdk.conferences.tables import Conference, Series
from mdk.db import Database
from mdk_calendar.worker import plan_series

LATER = make.AT + timedelta(days=14)


def test_one_series_that_cannot_be_planned_does_not_keep_the_others_from_it(database: Database) -> None:
    make.people(database)
    ids = [
        make.act(database, make.COORDINATOR, repeating.create_series, body=make.series_plan(name=name)).id
        for name in ("A", "B", "C")
    ]
    broken = min(ids)
    with database.writing() as session:
        session.get_one(Series, broken).rrule = "FREQ=SECONDLY"
    assert plan_series(database, at=LATER) == 4
    with database.reading() as session:
        planned = dict(
            session.execute(
                select(col(Conference.series_id), func.count())
                .where(col(Conference.starts_at) > LATER)
                .group_by(col(Conference.series_id))
            ).all()
        )
    assert {planned[series_id] for series_id in ids if series_id != broken} == {planned[broken] + 2}
