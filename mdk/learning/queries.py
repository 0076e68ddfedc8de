"""Reads of the learning bank: what is published for all, the rest for those who write and review."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.service import seen
from mdk.cases.queries import load as load_case
from mdk.cases.shut import is_open_to, is_shut
from mdk.cases.tables import Case
from mdk.errors import NotFound
from mdk.learning.rules import FIELDS
from mdk.learning.structs import LearningLine, LearningState, LearningView
from mdk.learning.tables import LearningCase
from mdk.people.queries import names
from mdk.people.rules import check_role, may_ever
from mdk.people.structs import Viewer
from mdk.people.tables import Unit

MOST_WORDS = 8


def published(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    text: str = "",
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[LearningLine], str | None]:
    """Published learning cases that hold every word of `text`, newest first, and the cursor of the next page.

    Raises `NotAllowed`.
    """
    check_role("learning.read", by)
    query = select(LearningCase).where(col(LearningCase.state) == LearningState.PUBLISHED)
    for word in text.casefold().split()[:MOST_WORDS]:
        query = query.where(col(LearningCase.search_text).contains(word, autoescape=True))
    if cursor:
        changed_at, last = cursors.unpack(cursor, tuple[cursors.Instant, str])
        same = and_(col(LearningCase.changed_at) == changed_at, col(LearningCase.id) < last)
        query = query.where(or_(col(LearningCase.changed_at) < changed_at, same))
    ordered = query.order_by(col(LearningCase.changed_at).desc(), col(LearningCase.id).desc()).limit(limit + 1)
    rows = list(session.scalars(ordered))
    seen(session, "learning.list", by=by, at=at)
    more = cursors.pack((rows[limit - 1].changed_at, rows[limit - 1].id)) if len(rows) > limit else None
    return [_line(row) for row in rows[:limit]], more


def unpublished(session: Session, *, by: Viewer, at: datetime) -> list[LearningLine]:
    """What is being written, reviewed or is withdrawn, for those who do so and whom its patient has not shut out."""
    if not may_ever("learning.write", by):
        return []
    seen(session, "learning.list", by=by, at=at)
    rows = session.scalars(
        select(LearningCase)
        .where(col(LearningCase.state) != LearningState.PUBLISHED, is_open_to(col(LearningCase.case_id), by))
        .order_by(col(LearningCase.changed_at).desc())
        .limit(cursors.MAX_LIMIT)
    )
    return [_line(row) for row in rows]


def view(session: Session, key: str, *, by: Viewer, at: datetime) -> LearningView:
    """One learning case; the case behind it is named to those who write and review, and that read is logged.

    Whom the patient has shut out reads what is published, as anyone does, and no more.
    Raises `NotFound`, `NotAllowed`.
    """
    check_role("learning.read", by)
    row = session.get(LearningCase, key)
    if row is None:
        raise NotFound
    knows = may_ever("learning.write", by) and not is_shut(session, row.case_id, by=by)
    if row.state != LearningState.PUBLISHED and not knows:
        raise NotFound
    number = session.get_one(Case, row.case_id).number if knows else None
    seen(session, "learning.read", by=by, at=at, cases=(number,) if number else ())
    return LearningView(
        **{field: getattr(row, field) for field in FIELDS},
        id=row.id,
        outcome=row.outcome,  # type: ignore[arg-type]
        state=row.state,
        published_at=row.published_at,
        case=number,
        note=row.note if number else "",
        version=row.version,
    )


def owned(session: Session, key: str, *, act: str, by: Viewer, at: datetime) -> tuple[LearningCase, Case]:
    """A learning case and the case behind it, for an act. Raises `NotFound`, `NotAllowed`."""
    check_role(act, by)
    row = session.get(LearningCase, key)
    if row is None:
        raise NotFound
    number = session.get_one(Case, row.case_id).number
    return row, load_case(session, number, act="case.read", by=by, at=at)


def names_of(session: Session, case: Case) -> list[str]:
    """The words that must not be told of a case beside those of its submission: the unit's and its people's."""
    unit = session.get_one(Unit, case.unit_id)
    people = names(session, {case.created_by, case.submitted_by})
    return [unit.name, unit.place, *people.values()]


def _line(row: LearningCase) -> LearningLine:
    return LearningLine(
        id=row.id,
        title=row.title,
        outcome=row.outcome,  # type: ignore[arg-type]
        state=row.state,
        changed_at=row.changed_at,
    )
