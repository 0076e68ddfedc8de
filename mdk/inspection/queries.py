"""Reads of the access log for its auditor; each leaves a row of its own."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock, cursors
from mdk.audit import filed
from mdk.audit.service import seen
from mdk.audit.tables import AccessLog
from mdk.cases.patients import is_of
from mdk.cases.tables import Case
from mdk.clinical.identity import parse_identity
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.inspection import rules
from mdk.inspection.structs import CheckLine, Extract, ExtractBody, LogLine, Suggested, Wanted, named_in
from mdk.inspection.tables import SpotCheck, SpotCheckRow
from mdk.people.queries import names
from mdk.people.rules import check_role
from mdk.people.structs import PersonLine, Viewer
from mdk.people.tables import Assignment, Person, Unit

PERIOD = timedelta(days=30)
_ROW: Any = AccessLog.__table__.c  # type: ignore[attr-defined]


def cases_of(session: Session, text: str, *, by: Viewer, at: datetime) -> tuple[str, ...]:
    """The case numbers that a case number or a patient's identity number stands for.

    Raises `NotAllowed`, and `NotFound` when no case has it.
    """
    check_role("log.read", by)
    wanted = col(Case.number) == text.strip().upper()
    with suppress(RuleBroken):
        wanted = is_of(session, parse_identity(text.strip(), today=clock.today(at)).value)
    found = tuple(session.scalars(select(col(Case.number)).where(wanted).order_by(col(Case.id))))
    if not found:
        raise NotFound("Inget ärende har det numret.")
    return found


def lines(
    session: Session,
    wanted: Wanted,
    *,
    by: Viewer,
    at: datetime,
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[LogLine], str | None]:
    """The rows of the log that are wanted, newest first, and the cursor of the next page; what they name is logged.

    Raises `NotAllowed`.
    """
    check_role("log.read", by)
    query = _rows(wanted)
    if cursor:
        moment, last = cursors.unpack(cursor, tuple[cursors.Instant, cursors.RowId])
        query = query.where(or_(_ROW.at < moment, and_(_ROW.at == moment, _ROW.id < last)))
    rows = session.execute(query.order_by(_ROW.at.desc(), _ROW.id.desc()).limit(limit + 1)).all()
    found = lines_of(session, rows[:limit])
    seen(session, "log.read", by=by, at=at, cases=tuple(sorted({*(wanted.cases or ()), *named_in(found)})))
    following = cursors.pack((rows[limit - 1].at, rows[limit - 1].id)) if len(rows) > limit else None
    return found, following


def staff(session: Session, *, by: Viewer) -> list[PersonLine]:
    """Everyone who can have left a row, by name, each once. Raises `NotAllowed`."""
    check_role("log.read", by)
    query = select(
        col(Person.id), col(Assignment.id), col(Person.email), col(Person.name), col(Assignment.role), col(Unit.id),
        col(Unit.name), col(Unit.region), col(Person.active),
    )  # fmt: skip
    query = query.join(Assignment, col(Assignment.person_id) == col(Person.id))
    query = query.join(Unit, col(Unit.id) == col(Assignment.unit_id)).order_by(col(Person.name), col(Assignment.id))
    found = (PersonLine(*row) for row in session.execute(query))  # type: ignore[arg-type]
    return list({line.person_id: line for line in found}.values())


def extract(
    session: Session,
    asked: ExtractBody,
    *,
    by: Viewer,
    at: datetime,
) -> Extract:
    """The patient's own extract of the log, oldest first: who read or did what in the patient's cases, as what, when.

    What the worker did by itself is left out. Source: 8 kap. 5 § PDL and HSLF-FS 2016:40 4 kap. 10 §. The read is
    logged, and with it who decided that those who read are named. Raises `NotAllowed`, `Invalid` for names that nobody
    has decided on, `NotFound` for a patient of whom there is no case.
    """
    check_role("log.extract", by)
    with_names, decided = asked.with_names is not None, " ".join((asked.decided or "").split())
    if with_names and not decided:
        raise Invalid([Problem("decided", "Skriv vem som har prövat att namnen får lämnas ut, och när.")])
    patient, since, until = asked.patient, asked.since, asked.until
    numbers = cases_of(session, patient, by=by, at=at)
    identity = session.scalars(select(col(Case.identity_number)).where(col(Case.number) == numbers[0])).one()
    numbers = tuple(session.scalars(select(col(Case.number)).where(is_of(session, identity)).order_by(col(Case.id))))
    span = Wanted(
        since=clock.midnight(since) if since else clock.midnight(date(2000, 1, 1)),
        until=clock.midnight(until + timedelta(days=1)) if until else at,
        cases=numbers,
    )
    query = _rows(span).where(_ROW.person_id.is_not(None), _ROW.allowed.is_(True)).order_by(_ROW.at, _ROW.id)
    found = lines_of(session, session.execute(query).all())
    first = found[0].at if found and since is None else span.since
    told = f"med namn, prövat av: {decided}" if with_names else "utan namn"
    seen(session, "log.extract", by=by, at=at, cases=numbers, reason=told)
    return Extract(identity, first, span.until, at, with_names, found)


def checks(session: Session, *, by: Viewer, at: datetime, limit: int = 60) -> list[CheckLine]:
    """The spot checks, the newest first. Raises `NotAllowed`."""
    check_role("log.check", by)
    seen(session, "log.checks", by=by, at=at)
    query = select(SpotCheck).order_by(col(SpotCheck.id).desc()).limit(limit)
    return [_check(session, row) for row in session.scalars(query)]


def check(session: Session, check_id: int, *, by: Viewer, at: datetime) -> tuple[CheckLine, list[LogLine]]:
    """One spot check and its rows, oldest first; the read is logged. Raises `NotAllowed`, `NotFound`."""
    check_role("log.check", by)
    row = session.get(SpotCheck, check_id)
    if row is None:
        raise NotFound
    held = select(_ROW).join(SpotCheckRow, col(SpotCheckRow.log_id) == _ROW.id)
    rows = session.execute(held.where(col(SpotCheckRow.check_id) == check_id).order_by(_ROW.id)).all()
    found = lines_of(session, rows)
    numbers = tuple(sorted({number for line in found for number in line.cases}))
    seen(session, "log.checks", by=by, at=at, cases=numbers)
    return _check(session, row), found


def suggestion(session: Session, month: date, *, by: Viewer) -> Suggested:
    """How many rows a spot check of a month should hold. Raises `NotAllowed`."""
    check_role("log.check", by)
    since, until = month_of(month)
    query = select(func.count()).select_from(AccessLog).where(*shows_patients(since, until))
    total = session.scalar(query) or 0
    return Suggested(month.replace(day=1), rules.suggested(total), total)


def month_of(day: date) -> tuple[datetime, datetime]:
    """The Swedish month of a day, as instants; the second is not included."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return clock.midnight(first), clock.midnight(following)


def month_before(day: date) -> tuple[date, datetime, datetime]:
    """The month before a day's own: its first day, and its beginning and end as instants."""
    month = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    return month, *month_of(month)


def shows_patients(since: datetime, until: datetime) -> tuple[Any, ...]:
    """The condition that a row of a time tells of some patient's data and of a person."""
    return (_ROW.at >= since, _ROW.at < until, _ROW.cases != "", _ROW.person_id.is_not(None))


def _rows(wanted: Wanted) -> Select[Any]:
    query = select(_ROW).where(_ROW.at >= wanted.since, _ROW.at < wanted.until)
    if wanted.cases is not None:
        query = query.where(filed.shows(wanted.cases))
    if wanted.person_id is not None:
        query = query.where(_ROW.person_id == wanted.person_id)
    return query


def lines_of(session: Session, rows: Any) -> list[LogLine]:
    """Rows of the log in words."""
    people = names(session, {row.person_id for row in rows})
    units = {unit_id: name for unit_id, name in session.execute(select(col(Unit.id), col(Unit.name)))}  # noqa: C416
    return [
        LogLine(
            id=row.id,
            at=row.at,
            act=row.act,
            by=people.get(row.person_id, ""),
            person_id=row.person_id,
            role=row.role,
            unit=units.get(row.unit_id, ""),
            cases=tuple(row.cases.split()),
            surface=row.surface,
            address=row.address,
            allowed=row.allowed,
            reason=row.reason,
        )
        for row in rows
    ]


def _check(session: Session, row: SpotCheck) -> CheckLine:
    people = names(session, {row.drawn_by, row.concluded_by})
    held = select(func.count()).select_from(SpotCheckRow).where(col(SpotCheckRow.check_id) == row.id)
    return CheckLine(
        id=row.id or 0,
        month=row.month,
        drawn_at=row.drawn_at,
        drawn_by=people.get(row.drawn_by, ""),
        rows=session.scalar(held) or 0,
        of=row.total,
        verdict=row.verdict,  # type: ignore[arg-type]
        found=row.found,
        concluded_at=row.concluded_at,
        concluded_by="" if row.concluded_by is None else people.get(row.concluded_by, ""),
    )


def whole_days(since: date | None, until: date | None, at: datetime) -> tuple[datetime, datetime]:
    """A period of Swedish days, both included, as instants; without one the last thirty days up to now."""
    end = clock.midnight(until + timedelta(days=1)) if until else at + timedelta(seconds=1)
    start = clock.midnight(since) if since else datetime.combine(clock.today(end - PERIOD), time(), clock.STOCKHOLM)
    return start, end
