"""Acts on a series: begin it, plan it ahead, skip days, change it from a day on, and end it."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import parsing
from mdk.audit.service import did, moved
from mdk.audit.structs import Actor
from mdk.cases import service as cases
from mdk.clock import STOCKHOLM, local, midnight, spoken, today
from mdk.conferences import absences, rules, service
from mdk.conferences.frames import named_people, own_link, set_members
from mdk.conferences.series import load_series, series_view
from mdk.conferences.series_structs import SeriesBody, SeriesChange
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import Conference, Series
from mdk.errors import Invalid, Problem, RuleBroken
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

HORIZON = timedelta(weeks=12)
FARTHEST = timedelta(days=800)
_ids = msgspec.json.Decoder(list[int])
_FRAME = ("chair", "consultant", "deputy", "members", "video_url")


def create_series(session: Session, *, body: SeriesBody, by: Viewer, at: datetime) -> Series:
    """Begin a series and plan its conferences as far ahead as `HORIZON`.

    Raises `NotAllowed`, `Invalid` for a bad rule, a first start that has passed or that no clock shows each day of the
    year, or a person without the role.
    """
    check_role("series.create", by)
    problems = rules.past_start(body.first_start, at, "first_start") + rules.doubtful_start(body.first_start)
    try:
        rules.occurrences(body.rrule, body.first_start, until=at + HORIZON)
    except Invalid as unreadable:
        problems += unreadable.problems
    people = named_people(session, body, problems)
    series = Series(
        id=uuid.uuid4().hex,
        name=body.name,
        rrule=body.rrule,
        first_start=body.first_start,
        duration_minutes=body.duration_minutes,
        chair_id=people[body.chair],
        consultant_id=people[body.consultant],
        created_at=at,
    )
    _fill(series, body, people)
    session.add(series)
    session.flush()
    did(session, "series.create", by=by, at=at)
    plan_ahead(session, series_id=series.id, by=by, at=at)
    return series


def plan_ahead(session: Session, *, series_id: str, by: Actor, at: datetime) -> int:
    """Plan the conferences of a series that are due within `HORIZON` and not planned yet; gives how many.

    A day that the series has had a conference for, held, moved, skipped or cancelled, is never planned again.
    """
    # Locked, so that of two planners the second sees what the first has planned.
    series = session.get_one(Series, series_id, with_for_update=True)
    added = _plan_missing(session, series, until=at + HORIZON, by=by, at=at)
    did(session, "series.plan-ahead", by=by, at=at)
    return added


def change_series(
    session: Session, *, series_id: str, version: int, changes: dict[str, Any], by: Viewer, at: datetime
) -> Series:
    """Change time, length, people, link or name from the day `from_day` on, by a JSON merge patch.

    Conferences that are only planned follow; what was released, or moved by hand, keeps its time and is changed by
    itself. Nobody is told, since nobody was invited.

    Raises `NotAllowed`, `NotFound`, `Stale`, `Invalid`, `RuleBroken("series.ended")`, and
    `RuleBroken("conference.too-long")` when an agenda no longer fits.
    """
    series = load_series(session, series_id, act="series.change", by=by)
    now = _as_change(session, series)
    body = parsing.parse(SeriesChange, parsing.merged(now, changes, SeriesChange))
    begins = _starts_from(series, body)
    problems = _days_ahead(body.from_day, at, "from_day") + rules.doubtful_start(begins, "time")
    people = named_people(session, body, problems, kept=None)
    cases.check_version(series.version, version)
    _check_going_on(series, body.from_day)
    _plan_missing(session, series, until=midnight(body.from_day), by=by, at=at)  # what the old rule gives until then
    hours = (body.time, body.duration_minutes)
    for conference in _planned(session, series, since=body.from_day):
        _follow(session, conference, series, body, people, hours=hours, at=at)
    _carry_on(series, begins)
    series.name, series.duration_minutes = body.name, body.duration_minutes
    series.chair_id, series.consultant_id = people[body.chair], people[body.consultant]
    _fill(series, body, people)
    session.flush()
    did(session, "series.change", by=by, at=at)
    return series


def skip(
    session: Session,
    *,
    series_id: str,
    version: int,
    first_day: date,
    last_day: date,
    reason: str,
    by: Viewer,
    at: datetime,
) -> Series:
    """Let a series rest from one day through another: what it has or would have then is cancelled with the reason.

    Cases of a cancelled agenda are back in the queue, and can be put on the next possible conference in one act
    (`postponing`). Whoever was invited is told.

    Raises `NotAllowed`, `NotFound`, `Stale`, `Invalid` for days that are past, reversed or farther than about two
    years, `RuleBroken("series.ended")`, `RuleBroken("series.nothing-to-skip")`.
    """
    series = load_series(session, series_id, act="series.skip", by=by)
    problems = _days_ahead(first_day, at, "first_day") or _days_ahead(last_day, at, "last_day")
    if last_day < first_day:
        problems = [Problem("last_day", "Sista dagen ligger före den första. Byt ordning.")]
    if problems:
        raise Invalid(problems)
    cases.check_version(series.version, version)
    _check_going_on(series, first_day)
    until = midnight(last_day + timedelta(days=1))
    known = _by_day(session, series)
    resting = [row for day, row in known.items() if first_day <= day <= last_day and row.state in rules.PLANNABLE]
    unplanned = [
        start
        for start in _coming(series, since=max(at, midnight(first_day) - timedelta(seconds=1)), until=until)
        if today(start) not in known and start < until
    ]
    if not resting and not unplanned:
        raise RuleBroken("series.nothing-to-skip", "Serien har ingen kommande konferens de dagarna.")
    resting += [_plan(session, series, start, by=by, at=at) for start in unplanned]
    for conference in resting:
        _cancel(session, conference, reason, by=by, at=at)
    did(session, "series.skip", by=by, at=at, reason=reason)
    return series


def end_series(
    session: Session, *, series_id: str, version: int, from_day: date, reason: str, by: Viewer, at: datetime
) -> Series:
    """End a series from a day on: its coming conferences from then are cancelled with the reason, and none follow.

    Raises `NotAllowed`, `NotFound`, `Stale`, `Invalid` for a day that is past, `RuleBroken("series.ended")`.
    """
    series = load_series(session, series_id, act="series.end", by=by)
    problems = _days_ahead(from_day, at, "from_day")
    if problems:
        raise Invalid(problems)
    cases.check_version(series.version, version)
    _check_going_on(series, from_day)
    series.ended_from = from_day
    session.flush()
    for conference in _of_state(session, series, rules.PLANNABLE, since=from_day):
        _cancel(session, conference, reason, by=by, at=at)
    did(session, "series.end", by=by, at=at, reason=reason)
    return series


def _plan_missing(session: Session, series: Series, *, until: datetime, by: Actor, at: datetime) -> int:
    known = _by_day(session, series)
    missing = [start for start in _coming(series, since=at, until=until) if today(start) not in known]
    for start in missing:
        _plan(session, series, start, by=by, at=at)
    return len(missing)


def _plan(session: Session, series: Series, start: datetime, *, by: Actor, at: datetime) -> Conference:
    conference_id = uuid.uuid4().hex
    conference = Conference(
        id=conference_id,
        series_id=series.id,
        occurrence=today(start).isoformat(),
        starts_at=start,
        duration_minutes=series.duration_minutes,
        chair_id=series.chair_id,
        consultant_id=series.consultant_id,
        deputy_id=series.deputy_id,
        video_url=series.video_url or own_link(session, conference_id),
        changed_at=at,
    )
    session.add(conference)
    session.flush()
    set_members(session, conference, _ids.decode(series.member_ids))
    absences.stand_in(session, conference=conference)
    moved(session, "conference", conference.id, move=("", ConferenceState.PLANNED), act="plan", by=by, at=at)
    return conference


def _fill(series: Series, body: SeriesBody | SeriesChange, people: dict[str, int]) -> None:
    series.deputy_id = people[body.deputy] if body.deputy else None
    series.member_ids = msgspec.json.encode([people[email] for email in body.members]).decode()
    series.video_url = body.video_url


def _coming(series: Series, *, since: datetime, until: datetime) -> Iterator[datetime]:
    """The starts of the rule after one time and up to another, and before the series ends."""
    ends = midnight(series.ended_from) if series.ended_from else None
    for start in rules.occurrences(series.rrule, series.first_start, since=since, until=until, limit=900):
        if ends is None or start < ends:
            yield start


def _by_day(session: Session, series: Series) -> dict[date, Conference]:
    rows = session.scalars(select(Conference).where(col(Conference.series_id) == series.id))
    return {date.fromisoformat(row.occurrence or ""): row for row in rows}


def _of_state(session: Session, series: Series, states: Any, *, since: date) -> list[Conference]:
    rows = _by_day(session, series)
    return [row for day, row in sorted(rows.items()) if day >= since and row.state in states]


def _planned(session: Session, series: Series, *, since: date) -> list[Conference]:
    return _of_state(session, series, {ConferenceState.PLANNED}, since=since)


def _as_change(session: Session, series: Series) -> dict[str, Any]:
    view = series_view(session, series)
    kept = {name: getattr(view, name) for name in (*_FRAME, "name", "duration_minutes")}
    return kept | {"time": f"{local(series.first_start):%H:%M}"}


def _starts_from(series: Series, body: SeriesChange) -> datetime:
    """The first start from the day of the change on, at the new time of day."""
    hour, minute = (int(part) for part in body.time.split(":"))
    since = midnight(body.from_day) - timedelta(seconds=1)
    found = rules.occurrences(series.rrule, series.first_start, since=since, until=since + FARTHEST, limit=1)
    day = today(found[0]) if found else max(body.from_day, today(series.first_start))
    return datetime.combine(day, datetime.min.time(), STOCKHOLM).replace(hour=hour, minute=minute)


def _carry_on(series: Series, begins: datetime) -> None:
    """Let the rule go on from a later first start: what was counted is counted no more, the last day stays whole."""
    parts = dict(part.split("=") for part in series.rrule.upper().removeprefix("RRULE:").split(";") if part)
    if "COUNT" in parts:
        before = rules.occurrences(series.rrule, series.first_start, until=begins, limit=10_000)
        gone = sum(today(start) < today(begins) for start in before)
        parts["COUNT"] = str(max(int(parts["COUNT"]) - gone, 1))
    if parts.get("UNTIL", "").endswith("Z"):
        last = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        parts["UNTIL"] = f"{local(last):%Y%m%d}"
    series.rrule = ";".join(f"{name}={value}" for name, value in parts.items())
    series.first_start = begins.astimezone(series.first_start.tzinfo)


def _follow(
    session: Session,
    conference: Conference,
    series: Series,
    body: SeriesChange,
    people: dict[str, int],
    *,
    hours: tuple[str, int],
    at: datetime,
) -> None:
    """Make a planned conference what its series is from now on; one that was moved by hand keeps its own time."""
    wall = local(conference.starts_at)
    by_rule = wall.date().isoformat() == conference.occurrence and wall.time() == local(series.first_start).time()
    if by_rule:
        hour, minute = (int(part) for part in hours[0].split(":"))
        conference.starts_at = wall.replace(hour=hour, minute=minute).astimezone(conference.starts_at.tzinfo)
    service.check_fits(session, conference, hours[1])
    conference.duration_minutes, conference.changed_at = hours[1], at
    conference.chair_id, conference.consultant_id = people[body.chair], people[body.consultant]
    conference.deputy_id = people[body.deputy] if body.deputy else None
    conference.video_url = body.video_url or own_link(session, conference.id)
    session.flush()
    set_members(session, conference, [people[email] for email in body.members])
    absences.stand_in(session, conference=conference)


def _cancel(session: Session, conference: Conference, reason: str, *, by: Viewer, at: datetime) -> None:
    service.cancel(session, conference_id=conference.id, version=conference.version, reason=reason, by=by, at=at)


def _days_ahead(day: date, at: datetime, field: str) -> list[Problem]:
    if day < today(at):
        return [Problem(field, "Dagen har passerat. Ange en dag från och med i dag.")]
    if day > today(at + FARTHEST):
        return [Problem(field, "Ange en dag inom de närmaste två åren.")]
    return []


def _check_going_on(series: Series, day: date) -> None:
    if series.ended_from is not None and series.ended_from <= day:
        message = f"Serien är avslutad från och med {spoken(series.ended_from)}. Börja en ny serie i stället."
        raise RuleBroken("series.ended", message)
