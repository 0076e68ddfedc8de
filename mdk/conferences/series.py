"""Reads of series."""

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences import rules
from mdk.conferences.invited import emails_of
from mdk.conferences.series_structs import SeriesView
from mdk.conferences.tables import Conference, Series
from mdk.errors import NotFound
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

_ids = msgspec.json.Decoder(list[int])


def series_list(session: Session, *, by: Viewer) -> list[SeriesView]:
    """Every series by name. Raises `NotAllowed`."""
    check_role("series.read", by)
    return [series_view(session, series) for series in session.scalars(select(Series).order_by(col(Series.name)))]


def load_series(session: Session, series_id: str, *, act: str, by: Viewer) -> Series:
    """The series, held against a second planner where the store can. Raises `NotAllowed`, `NotFound`."""
    check_role(act, by)
    series = session.get(Series, series_id, with_for_update=True)
    if series is None:
        raise NotFound
    return series


def one_series(session: Session, series_id: str, *, by: Viewer) -> SeriesView:
    """One series. Raises `NotAllowed`, `NotFound`."""
    check_role("series.read", by)
    series = session.get(Series, series_id)
    if series is None:
        raise NotFound
    return series_view(session, series)


def series_view(session: Session, series: Series) -> SeriesView:
    """One series from outside."""
    members = _ids.decode(series.member_ids)
    ids = {series.chair_id, series.consultant_id, series.deputy_id, *members}
    emails = emails_of(session, ids)
    ahead = (col(Conference.series_id) == series.id, col(Conference.state).in_(rules.PLANNABLE))
    planned = session.scalar(select(func.count()).where(*ahead)) or 0
    return SeriesView(
        id=series.id,
        version=series.version,
        name=series.name,
        rrule=series.rrule,
        first_start=series.first_start,
        duration_minutes=series.duration_minutes,
        chair=emails[series.chair_id],
        consultant=emails[series.consultant_id],
        deputy=emails.get(series.deputy_id or 0),
        members=[emails[person_id] for person_id in members],
        video_url=series.video_url,
        ended_from=series.ended_from,
        planned=planned,
    )
