"""Lists of cases; every one takes the viewer and holds what the viewer may see."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from mdk import clock as time
from mdk import cursors, parsing
from mdk.audit.service import seen
from mdk.cases import clock_rules, rules, search
from mdk.cases.queries import clock_of, scopes, triage_due_of, visible
from mdk.cases.shut import is_open_to_named
from mdk.cases.structs import CaseLine, CaseState, QueueLine
from mdk.cases.tables import Case
from mdk.errors import Invalid, Problem
from mdk.people.rules import check_role
from mdk.people.structs import Viewer
from mdk.people.tables import Unit
from mdk.rows import fast
from mdk.rows import rows as bare_rows
from mdk.statements import Query

_CASE: Any = Case.__table__.c  # type: ignore[attr-defined]
_UNIT: Any = Unit.__table__.c  # type: ignore[attr-defined]


class _LineRow(NamedTuple):
    """The columns of a list's row, in the order in which they are read."""

    id: int
    number: str
    state: str
    birth_date: date | None
    sex: str | None
    protected: bool
    home_region: str | None
    unit_name: str
    question: str
    urgency: str | None
    survival: str | None
    completeness: float
    missing: str
    submitted_at: datetime | None
    changed_at: datetime
    waiting_from: datetime | None
    days_allowed: int
    supplement_since: datetime | None
    decided_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    supplement_what: str
    supplement_until: date | None
    urgent_until: datetime | None
    waits_for: str | None
    triage_from: datetime | None
    deteriorated_at: datetime | None


_LINE_COLUMNS = [_UNIT.name if name == "unit_name" else fast(_CASE[name]) for name in _LineRow._fields]
_TABLES: Any = (Case.__table__, Unit.__table__)  # type: ignore[attr-defined]
_WINDOW = 2000
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_missing = msgspec.json.Decoder(list[tuple[str, str | None]])


def lines(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    states: tuple[str, ...] = (),
    region: str | None = None,
    text: str = "",
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[CaseLine], str | None]:
    """The cases that the viewer may read, newest first, and the cursor of the next page; one log row for all.

    Raises `NotAllowed`, `Invalid` for a search that is no text.
    """
    check_role("case.read", by)
    fault = parsing.text_fault(text)
    if fault:
        raise Invalid([Problem("q", fault)])
    before = cursors.unpack(cursor, cursors.RowId) if cursor else None
    conditions = [] if before is None else [_CASE.id < before]
    if region:
        conditions.append(_CASE.home_region == region)
    newest = _Newest(by, at, states, limit + 1)
    wanted = search.read(text, at)
    rows = _found(session, newest, conditions, wanted, before) if wanted else newest.rows(session, conditions)
    day = time.today(at)
    found = [_line(row, at, day) for row in rows[:limit]]
    seen(session, "case.list", by=by, at=at, cases=tuple(line.number for line in found))
    return found, cursors.pack(rows[limit - 1][0]) if len(rows) > limit else None


def queue(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
    conditions: Sequence[ColumnElement[bool]] = (),
    allowances: tuple[int, ...] = clock_rules.ALLOWANCES,
) -> tuple[list[QueueLine], str | None]:
    """Accepted cases by share of the allowed time used, then by waiting time; one log row for all.

    The share grows at five known rates, so each rate is read in order from its index and the five are merged. With
    `conditions`, which only cases of some `allowances` can meet, places are told among what meets them.
    """
    check_role("queue.read", by)
    start = cursors.unpack(cursor, _QueueMark) if cursor else _QueueMark(at=at, passed=0, last={})
    marks: dict[str, Any] = {"limit": limit + 1, "person_id": by.person_id, "unit_id": by.unit_id}
    for allowed in allowances:
        marks[f"since_{allowed}"], marks[f"last_{allowed}"] = start.last.get(allowed, (_BEGINNING, 0))
    rows = (
        _rows(session, _queue_of(allowances, conditions), marks)
        if conditions
        else _QUEUE.rows(session.connection(), marks)
    )
    ranked = sorted(rows, key=lambda row: _rank(row, start.at))
    page, day = ranked[:limit], time.today(at)
    found = [
        _queue_line(_line(row, at, day), place, "i urvalet" if conditions else "")
        for place, row in enumerate(page, start.passed + 1)
    ]
    seen(session, "queue.read", by=by, at=at, cases=tuple(line.case for line in found))
    if len(ranked) <= limit:
        return found, None
    last = {**start.last, **{row.days_allowed: (row.waiting_from, row.id) for row in page}}
    return found, cursors.pack(_QueueMark(at=start.at, passed=start.passed + limit, last=last))


def case_ids(session: Session, numbers: list[str]) -> dict[str, int]:
    """The ids of cases by number; unknown numbers are left out."""
    rows = session.execute(select(col(Case.number), col(Case.id)).where(col(Case.number).in_(numbers)))
    return {number: case_id for number, case_id in rows if case_id is not None}


def readable_ids(session: Session, ids: list[int], *, by: Viewer, at: datetime) -> set[int]:
    """Those among the cases with `ids` that the viewer may read; the caller logs what it shows of them."""
    return set(session.scalars(select(col(Case.id)).where(col(Case.id).in_(ids), visible(by, at))))


def lines_of(session: Session, ids: list[int], *, at: datetime) -> dict[int, CaseLine]:
    """The lines of cases by id, for a list whose access and log are its caller's."""
    rows, day = _rows(session, _lines().where(col(Case.id).in_(ids))), time.today(at)
    return {row.id: _line(row, at, day) for row in rows}


class _QueueMark(msgspec.Struct, frozen=True):
    at: cursors.Instant
    passed: cursors.RowId
    last: dict[int, tuple[cursors.Instant, cursors.RowId]]


class _Newest(NamedTuple):
    """The newest cases that a viewer may read, in any of the states (none: in all), at most so many.

    Each way to be open to the viewer and each state is read in order from its own index, and the parts are joined.
    """

    by: Viewer
    at: datetime
    states: tuple[str, ...]
    most: int

    def ids(self, conditions: Sequence[ColumnElement[bool]]) -> Any:
        """A query of their ids, in no order."""
        states = [[_CASE.state == state] for state in self.states] or [[]]
        parts = [
            select(_CASE.id).where(scope, *state, *conditions).order_by(_CASE.id.desc()).limit(self.most)
            for scope in scopes(self.by, self.at)
            for state in states
        ]
        return union(*(select(part.subquery()) for part in parts)) if parts else select(_CASE.id).where(false())

    def rows(self, session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[_LineRow]:
        """Their lines, newest first."""
        return _rows(
            session, _lines().where(_CASE.id.in_(self.ids(conditions))).order_by(_CASE.id.desc()).limit(self.most)
        )


def _found(
    session: Session,
    newest: _Newest,
    conditions: Sequence[ColumnElement[bool]],
    wanted: search.Wanted,
    before: int | None,
) -> list[_LineRow]:
    """A page of what a search finds: a common text among the newest cases, a rare one by the index.

    A whole case number that exists is that case, and no longer number that begins so.
    Only a text that is neither, or is shorter than the index reads, is looked for from the newest case on.
    """
    named = newest.rows(session, [*conditions, _CASE.number == wanted.number]) if wanted.number else []
    if named:
        return named
    last = session.scalar(select(func.max(_CASE.id))) if before is None else before
    conditions = [*conditions, search.matches(session, wanted)]
    rows = newest.rows(session, [*conditions, _CASE.id > (last or 0) - _WINDOW])
    if len(rows) == newest.most:
        return rows
    ids = search.candidates(session, wanted, before=before)
    return newest.rows(session, conditions if ids is None else [*conditions, _CASE.id.in_(ids)])


def _rows(session: Session, query: Any, given: dict[str, Any] | None = None) -> list[_LineRow]:
    return [_LineRow._make(row) for row in bare_rows(session, query, given)]


def _lines() -> Any:
    """Bare columns of the tables: a row costs a quarter of what an object does."""
    return select(*_LINE_COLUMNS).join_from(_TABLES[0], _TABLES[1], _UNIT.id == _CASE.unit_id)


def _queue_of(allowances: tuple[int, ...], conditions: Sequence[ColumnElement[bool]]) -> Any:
    parts = (select(_of_allowance(allowed, conditions).subquery()) for allowed in allowances)
    return _lines().where(_CASE.id.in_(union_all(*parts)))


def _of_allowance(allowed: int, conditions: Sequence[ColumnElement[bool]]) -> Any:
    """The ids of queued cases of one allowance after a mark, in order; its own index answers it at any size."""
    since, last_id = bindparam(f"since_{allowed}", type_=UTCDateTime()), bindparam(f"last_{allowed}", type_=Integer())
    return (
        select(_CASE.id)
        .where(
            _CASE.state == literal_column("'accepted'"),
            _CASE.days_allowed == literal_column(str(allowed)),
            _CASE.waiting_from >= since,
            or_(_CASE.waiting_from > since, _CASE.id > last_id),
            is_open_to_named(),
            *conditions,
        )
        .order_by(_CASE.waiting_from, _CASE.id)
        .limit(bindparam("limit", type_=Integer()))
    )


_QUEUE = Query(_queue_of(clock_rules.ALLOWANCES, ()), _LineRow)


def _rank(row: _LineRow, at: datetime) -> tuple[float, datetime, int]:
    waited = (at - (row.waiting_from or at)).total_seconds()
    return (-waited / row.days_allowed, row.waiting_from or at, row.id)


def _line(case: _LineRow, at: datetime, day: date) -> CaseLine:
    years = rules.age(case.birth_date, day)
    return CaseLine(
        number=case.number,
        state=case.state,
        age=years,
        sex=case.sex,
        is_child=years is not None and years < rules.ADULT,
        protected=case.protected,
        home_region=case.home_region,
        unit_name=case.unit_name,
        question=case.question,
        urgency=case.urgency,
        survival=case.survival,
        completeness=case.completeness,
        missing=[field for field, need in _missing.decode(case.missing) if need],
        submitted_at=case.submitted_at,
        changed_at=case.changed_at,
        clock=clock_of(case, at),
        outcome=case.outcome,
        supplement_what=case.supplement_what,
        supplement_until=case.supplement_until,
        triage_due=triage_due_of(case),
        deteriorated_at=case.deteriorated_at if case.state in rules.WORSENS else None,
        urgent_until=case.urgent_until if case.state == CaseState.SCHEDULED else None,
    )


def _queue_line(line: CaseLine, place: int, among: str) -> QueueLine:
    used = round(line.clock.share_used * 100)
    told = " Försämring är rapporterad." if line.deteriorated_at else ""
    waited = f"{int(line.clock.days_waiting)} av {line.clock.days_allowed} dagar"
    return QueueLine(
        case=line.number,
        place=place,
        reason=f"{' '.join(filter(None, ('Plats', str(place), among)))}: {waited} har gått ({used} % av tiden).{told}",
        clock=line.clock,
        urgency=line.urgency or "normal",
        home_region=line.home_region or "",
        missing=line.missing,
        line=line,
    )
