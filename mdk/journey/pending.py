"""Owns which cases wait for whom and in what order; each kind is read from its own index, at any number of cases."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, func, null, or_, select, union
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.cases.queries import is_unread, scopes, stands_at
from mdk.cases.rules import OPEN
from mdk.cases.shut import is_open_to
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.people.rules import may_ever
from mdk.people.structs import Viewer

PendingKind = Literal["worsened", "triage", "supplement", "read", "finish"]
COUNTED = 1000  # what is more is "many"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_ENDED = frozenset(CaseState) - OPEN


class Part(NamedTuple):
    """One kind of waiting: which cases, and the moment by which they stand in order (None: as they were made)."""

    kind: PendingKind
    where: ColumnElement[bool]
    since: Any


class Pending(NamedTuple):
    """A case that waits: as what, and since when."""

    kind: PendingKind
    case_id: int
    number: str
    since: datetime | None


class Mark(msgspec.Struct, frozen=True):
    """Where a page ended: which part, and the last of it."""

    part: int
    since: cursors.Instant
    last: cursors.RowId


TRIAGE = (
    Part(
        "worsened",
        and_(
            col(Case.deteriorated_at).is_not(None),
            col(Case.state).in_([CaseState.SUBMITTED, CaseState.ACCEPTED, CaseState.SCHEDULED]),
        ),
        col(Case.deteriorated_at),
    ),
    Part(
        "triage",
        and_(stands_at(CaseState.SUBMITTED), col(Case.deteriorated_at).is_(None)),
        col(Case.waiting_from),
    ),
)


def parts_of(by: Viewer) -> Sequence[Part]:
    """What can wait for the viewer, the most urgent kind first."""
    if may_ever("case.accept", by):
        return triage_of(by)
    if not may_ever("case.create", by):
        return ()
    here = and_(col(Case.unit_id) == by.unit_id, is_open_to(col(Case.id), by))
    return (
        Part("supplement", and_(here, stands_at(CaseState.SUPPLEMENT_REQUESTED)), col(Case.supplement_until)),
        Part("read", and_(here, is_unread()), col(Case.submitted_at)),
        Part("finish", and_(here, col(Case.state) == CaseState.DRAFT), None),
    )


def triage_of(by: Viewer) -> Sequence[Part]:
    """What waits at triage, apart from what the patient has shut to the viewer."""
    return tuple(part._replace(where=and_(part.where, is_open_to(col(Case.id), by))) for part in TRIAGE)


def first(session: Session, parts: Sequence[Part], limit: int) -> list[Pending]:
    """The first that wait, part after part."""
    found = [each for part in parts for each in _of(session, part, limit)]
    return found[:limit]


def after(session: Session, parts: Sequence[Part], mark: Mark | None, limit: int) -> tuple[list[Pending], Mark | None]:
    """A page of parts that are told apart by their moments, and where the next one begins."""
    found: list[Pending] = []
    for place, part in enumerate(parts):
        if mark is None or place >= mark.part:
            start = mark if mark is not None and place == mark.part else None
            found += _of(session, part, limit + 1, start)
    page = found[:limit]
    if len(found) <= limit:
        return page, None
    kinds = [part.kind for part in parts]
    return page, Mark(kinds.index(page[-1].kind), page[-1].since or _BEGINNING, page[-1].case_id)


def total(session: Session, parts: Sequence[Part]) -> int:
    """How many wait, as far as `COUNTED`."""
    found = [select(col(Case.id)).where(part.where).order_by(*_order(part)) for part in parts]
    return min(sum(_count(session, query) for query in found), COUNTED)


def open_and_ended(session: Session, *, viewer: Viewer, at: datetime) -> tuple[int, int]:
    """How many of the cases that the viewer may read are open, and how many have ended, each as far as `COUNTED`."""
    return _readable(session, viewer, at, OPEN), _readable(session, viewer, at, _ENDED)


def _readable(session: Session, viewer: Viewer, at: datetime, states: frozenset[CaseState]) -> int:
    parts = [
        select(col(Case.id)).where(scope, col(Case.state).in_(states)).limit(COUNTED).subquery()
        for scope in scopes(viewer, at)
    ]
    return _count(session, union(*(select(part) for part in parts))) if parts else 0


def _of(session: Session, part: Part, limit: int, mark: Mark | None = None) -> list[Pending]:
    query = select(col(Case.id), col(Case.number), _told_since(part)).where(part.where)
    if mark is not None:
        same = and_(part.since == mark.since, col(Case.id) > mark.last)
        query = query.where(or_(part.since > mark.since, same))
    rows = session.execute(query.order_by(*_order(part)).limit(limit))
    return [Pending(part.kind, case_id or 0, number, since) for case_id, number, since in rows]


def _order(part: Part) -> list[Any]:
    return [col(Case.id)] if part.since is None else [part.since, col(Case.id)]


def _told_since(part: Part) -> Any:
    told = {"supplement": col(Case.supplement_since), "finish": null()}
    return told.get(part.kind, part.since)


def _count(session: Session, query: Any) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(COUNTED).subquery())) or 0
