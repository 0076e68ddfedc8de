"""Reads of emergency openings: which wait for review, what was read through each, and what was found.

An opening is a row of the access log, and its number is that row's.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit import filed
from mdk.audit.service import seen
from mdk.audit.tables import AccessLog
from mdk.cases.rules import GLASS_LASTS
from mdk.errors import NotFound
from mdk.inspection.queries import lines_of, month_before, shows_patients
from mdk.inspection.structs import Awaited, LogLine, OpeningLine, named_in
from mdk.inspection.tables import OpeningReview, SpotCheck
from mdk.people.queries import names
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

OPENED = "case.break-glass"
SHOWN = 50  # of those that wait, and of those that were reviewed
_ROW: Any = AccessLog.__table__.c  # type: ignore[attr-defined]


def awaited(session: Session, *, by: Viewer, at: datetime) -> Awaited:
    """What waits for the auditor's own work: numbers only. Raises `NotAllowed`."""
    check_role("log.check", by)
    counted = _openings().where(col(OpeningReview.log_id).is_(None)).subquery()
    number, oldest = session.execute(select(func.count(), func.min(counted.c.at)).select_from(counted)).one()
    begun = select(func.count()).select_from(SpotCheck).where(col(SpotCheck.concluded_at).is_(None))
    month, since, until = month_before(clock.today(at))
    is_drawn = session.scalar(select(col(SpotCheck.id)).where(col(SpotCheck.month) == month).limit(1))
    is_used = session.scalar(select(_ROW.id).where(*shows_patients(since, until)).limit(1))
    return Awaited(number, oldest, session.scalar(begun) or 0, month if is_used and not is_drawn else None)


def openings(session: Session, *, by: Viewer, at: datetime) -> tuple[list[OpeningLine], list[OpeningLine]]:
    """The openings that wait for review, the oldest first, and those that were reviewed, the newest first.

    `SHOWN` of each; the read is logged. Raises `NotAllowed`.
    """
    check_role("log.check", by)
    is_reviewed = col(OpeningReview.log_id).is_not(None)
    waiting = session.execute(_openings().where(~is_reviewed).order_by(_ROW.id).limit(SHOWN)).all()
    reviewed = session.execute(_openings().where(is_reviewed).order_by(_ROW.id.desc()).limit(SHOWN)).all()
    cases = {number for row in (*waiting, *reviewed) for number in row.cases.split()}
    seen(session, "log.openings", by=by, at=at, cases=tuple(sorted(cases)))
    return _lines(session, waiting), _lines(session, reviewed)


def opening(session: Session, log_id: int, *, by: Viewer, at: datetime) -> tuple[OpeningLine, list[LogLine]]:
    """One opening, and what its person read or did in the case while it lasted, oldest first; the read is logged.

    Raises `NotAllowed`, `NotFound`.
    """
    check_role("log.check", by)
    found = _lines(session, [row_of(session, log_id)])[0]
    shows = filed.shows(found.row.cases)
    lasted = (_ROW.at >= found.row.at, _ROW.at < found.row.at + GLASS_LASTS, _ROW.id > log_id)
    meanwhile = select(_ROW).where(shows, _ROW.person_id == found.row.person_id, *lasted)
    lines = lines_of(session, session.execute(meanwhile.order_by(_ROW.id)).all())
    seen(session, "log.openings", by=by, at=at, cases=named_in([found.row, *lines]))
    return found, lines


def row_of(session: Session, log_id: int) -> Any:
    """The row of an opening with its review, if there is one. Raises `NotFound`."""
    row = session.execute(_openings().where(_ROW.id == log_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _openings() -> Select[Any]:
    """Each opening that was allowed, with its review."""
    reviewed = (OpeningReview.verdict, OpeningReview.found, OpeningReview.reviewed_at, OpeningReview.reviewed_by)
    query = select(_ROW, *map(col, reviewed)).outerjoin(OpeningReview, col(OpeningReview.log_id) == _ROW.id)
    return query.where(_ROW.act == OPENED, _ROW.allowed.is_(True))


def _lines(session: Session, rows: Any) -> list[OpeningLine]:
    people = names(session, {row.reviewed_by for row in rows})
    return [
        OpeningLine(line, row.verdict, row.found or "", row.reviewed_at, people[row.reviewed_by] if row.verdict else "")
        for line, row in zip(lines_of(session, rows), rows, strict=True)
    ]
