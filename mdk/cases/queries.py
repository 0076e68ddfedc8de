"""Reads of cases; every one takes the viewer and sees what the viewer may see."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Integer, and_, bindparam, false, literal_column, or_, select, union_all
from sqlalchemy.orm import Session
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from mdk import clock as time
from mdk import cursors, parsing
from mdk.audit.queries import history
from mdk.audit.service import seen
from mdk.cases import rules
from mdk.cases.structs import (
    CaseLine,
    CaseState,
    CaseView,
    Clock,
    OpenCase,
    QueueLine,
    Submission,
    Supplement,
    Supplemented,
)
from mdk.cases.tables import Case, CaseRelation
from mdk.clinical.identity import parse_identity
from mdk.db import choices
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.people.queries import names
from mdk.people.rules import ACCESS, Relation, check_may, check_role, may
from mdk.people.structs import Viewer
from mdk.people.tables import Person, Unit

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


_LINE_COLUMNS = [_UNIT.name if name == "unit_name" else _CASE[name] for name in _LineRow._fields]
_TABLES: Any = (Case.__table__, Unit.__table__)  # type: ignore[attr-defined]
_ALLOWANCES = (2, 5, 7, 10, 14)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_missing = msgspec.json.Decoder(list[tuple[str, str | None]])


def load(session: Session, number: str, *, act: str, by: Viewer, at: datetime) -> Case:
    """The case with `number`, checked against what the viewer may do.

    Raises `NotAllowed` when the role never may do `act`, or may read but not do it; `NotFound` when there is no such
    case or the viewer may not know of it.
    """
    check_role(act, by)
    case = session.scalar(select(Case).where(col(Case.number) == number))
    if case is None:
        raise NotFound
    held = relations(session, case, by=by, at=at)
    check_may(act, by, held, known=may("case.read", by, held))
    return case


def behind_glass(session: Session, number: str) -> Case:
    """The case that someone without a relation to it asks to open. Raises `NotFound` unless it was submitted."""
    case = session.scalar(select(Case).where(col(Case.number) == number, col(Case.state) != CaseState.DRAFT))
    if case is None:
        message = "Det finns inget ärende med det numret."
        raise NotFound(message)
    return case


def relations(session: Session, case: Case, *, by: Viewer, at: datetime) -> frozenset[Relation]:
    """What ties the viewer to the case at this moment."""
    held = {Relation.OWN_UNIT} if case.unit_id == by.unit_id else set()
    if case.state != CaseState.DRAFT:
        held.add(Relation.SUBMITTED)
    granted = session.scalars(
        select(CaseRelation.kind).where(col(CaseRelation.case_id) == case.id, _in_force(by, at))  # type: ignore[call-overload]
    )
    return frozenset(held | {Relation(kind) for kind in granted})


def visible(by: Viewer, at: datetime) -> ColumnElement[bool]:
    """The condition that lists only the cases that the viewer may read."""
    wanted = ACCESS["case.read"].get(by.role, frozenset())
    conditions: list[ColumnElement[bool]] = [false()]
    if Relation.OWN_UNIT in wanted:
        conditions.append(col(Case.unit_id) == by.unit_id)
    if Relation.SUBMITTED in wanted:
        conditions.append(col(Case.state) != "draft")
    granted = wanted & {Relation.CONFERENCE, Relation.RECEIVER, Relation.GLASS}
    if granted:
        tied = select(col(CaseRelation.case_id)).where(_in_force(by, at), col(CaseRelation.kind).in_(granted))
        conditions.append(col(Case.id).in_(tied))
    return or_(*conditions)


def view(session: Session, number: str, *, by: Viewer, at: datetime) -> CaseView:
    """One case in full; the read is logged before it is answered. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read", by=by, at=at)
    seen(session, "case.read", by=by, at=at, cases=(number,))
    return view_of(session, case, by=by, at=at)


def view_of(session: Session, case: Case, *, by: Viewer, at: datetime) -> CaseView:
    """What a reader sees of a case that was already checked and logged."""
    submission = submission_of(case)
    today = time.today(at)
    years = rules.age(case.birth_date, today)
    child = rules.is_child(case.birth_date, today)
    equivalents = rules.opioid_equivalents(submission, choices(session).omeq_table)
    unit_name, referrer = session.get_one(Unit, case.unit_id).name, session.get_one(Person, case.created_by).name
    asked = Supplement(case.supplement_what, case.supplement_until) if case.supplement_what else None
    return CaseView(
        **{name: getattr(submission, name) for name in Submission.__struct_fields__},
        number=case.number,
        state=case.state,
        version=case.version,
        unit=case.unit_id,
        unit_name=unit_name,
        referrer=referrer,
        created_at=case.created_at,
        submitted_at=case.submitted_at,
        age=years,
        sex=case.sex,  # type: ignore[arg-type]
        is_child=child,
        completeness=rules.completeness(submission, is_child=child),
        identification=rules.identification(submission, equivalents, years),
        omeq=equivalents,
        clock=_clock_of(case, at),
        open_cases=_open_cases(session, case, by=by, at=at),
        supplement_request=asked,
        supplements=_supplements(session, case),
        answer=case.answer,
        outcome=case.outcome,
        read_confirmed_at=case.read_confirmed_at,
    )


def submission_of(case: Case) -> Submission:
    """The stored submission of a case."""
    return msgspec.json.decode(case.submission, type=Submission)


def lines(
    session: Session,
    *,
    by: Viewer,
    at: datetime,
    states: tuple[str, ...] = (),
    region: str | None = None,
    search: str = "",
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[CaseLine], str | None]:
    """The cases that the viewer may read, newest first, and the cursor of the next page; one log row for all.

    Raises `NotAllowed`, `Invalid` for a search that is no text.
    """
    check_role("case.read", by)
    query = _lines().where(visible(by, at)).order_by(col(Case.id).desc()).limit(limit + 1)
    if states:
        query = query.where(col(Case.state).in_(states))
    if region:
        query = query.where(col(Case.home_region) == region)
    fault = parsing.text_fault(search)
    if fault:
        raise Invalid([Problem("q", fault)])
    if search.strip():
        query = query.where(_matches(search.strip(), at))
    if cursor:
        query = query.where(col(Case.id) < cursors.unpack(cursor, cursors.RowId))
    rows, day = _rows(session, query), time.today(at)
    found = [_line(row, at, day) for row in rows[:limit]]
    seen(session, "case.list", by=by, at=at, cases=tuple(line.number for line in found))
    return found, cursors.pack(rows[limit - 1][0]) if len(rows) > limit else None


def queue(
    session: Session, *, by: Viewer, at: datetime, limit: int = cursors.DEFAULT_LIMIT, cursor: str | None = None
) -> tuple[list[QueueLine], str | None]:
    """Accepted cases by share of the allowed time used, then by waiting time; one log row for all.

    The share grows at five known rates, so each rate is read in order from its index and the five are merged.
    """
    check_role("queue.read", by)
    start = cursors.unpack(cursor, _QueueMark) if cursor else _QueueMark(at=at, passed=0, last={})
    marks: dict[str, Any] = {"limit": limit + 1}
    for allowed in _ALLOWANCES:
        marks[f"since_{allowed}"], marks[f"last_{allowed}"] = start.last.get(allowed, (_BEGINNING, 0))
    rows = _rows(session, _QUEUE, marks)
    ranked = sorted(rows, key=lambda row: _rank(row, start.at))
    page, day = ranked[:limit], time.today(at)
    found = [_queue_line(_line(row, at, day), place) for place, row in enumerate(page, start.passed + 1)]
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


def _rows(session: Session, query: Any, given: dict[str, Any] | None = None) -> list[_LineRow]:
    return [_LineRow._make(row) for row in session.execute(query, given)]


def _lines() -> Any:
    """Bare columns of the tables: a row costs a quarter of what an object does."""
    return select(*_LINE_COLUMNS).join_from(_TABLES[0], _TABLES[1], _UNIT.id == _CASE.unit_id)


def _of_allowance(allowed: int) -> Any:
    """The queued cases of one allowance after a mark, in order; its own index answers it at any size."""
    since, last_id = bindparam(f"since_{allowed}", type_=UTCDateTime()), bindparam(f"last_{allowed}", type_=Integer())
    return (
        _lines()
        .where(
            _CASE.state == literal_column("'accepted'"),
            _CASE.days_allowed == literal_column(str(allowed)),
            or_(_CASE.waiting_from > since, and_(_CASE.waiting_from == since, _CASE.id > last_id)),
        )
        .order_by(_CASE.waiting_from, _CASE.id)
        .limit(bindparam("limit", type_=Integer()))
    )


_QUEUE = union_all(*(select(_of_allowance(allowed).subquery()) for allowed in _ALLOWANCES))


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
        clock=_clock_of(case, at),
        outcome=case.outcome,
        supplement_what=case.supplement_what,
        supplement_until=case.supplement_until,
    )


def _clock_of(case: Case | _LineRow, at: datetime) -> Clock:
    stopped = case.supplement_since or case.decided_at or case.ended_at
    return rules.clock(
        state=case.state,
        waiting_from=case.waiting_from,
        stopped_at=stopped,
        allowed=case.days_allowed,
        whose_move=rules.whose_move(case.state, case.outcome),
        at=at,
    )


def _queue_line(line: CaseLine, place: int) -> QueueLine:
    used = round(line.clock.share_used * 100)
    waited = f"{int(line.clock.days_waiting)} av {line.clock.days_allowed} dagar"
    return QueueLine(
        case=line.number,
        place=place,
        reason=f"Plats {place}: {waited} har gått ({used} % av tiden).",
        clock=line.clock,
        urgency=line.urgency or "normal",
        home_region=line.home_region or "",
        missing=line.missing,
        line=line,
    )


def _supplements(session: Session, case: Case) -> list[Supplemented]:
    moves = [move for move in history(session, "case", case.number) if move.act == "supplement"]
    people = names(session, {move.by for move in moves}) if moves else {}
    return [Supplemented(move.at, people.get(move.by, ""), move.reason) for move in moves]


def _open_cases(session: Session, case: Case, *, by: Viewer, at: datetime) -> list[OpenCase]:
    rows = session.execute(
        select(col(Case.number), col(Case.state)).where(
            col(Case.identity_number) == case.identity_number,
            col(Case.id) != case.id,
            col(Case.state).in_(rules.OPEN),
            visible(by, at),
        )
    ).all()
    if rows:
        seen(session, "case.other-open", by=by, at=at, cases=tuple(number for number, _ in rows))
    return [OpenCase(number, state) for number, state in rows]


def _in_force(by: Viewer, at: datetime) -> ColumnElement[bool]:
    return and_(
        or_(col(CaseRelation.person_id) == by.person_id, col(CaseRelation.unit_id) == by.unit_id),
        col(CaseRelation.since) <= at,
        or_(col(CaseRelation.until).is_(None), col(CaseRelation.until) > at),
    )


def _matches(search: str, at: datetime) -> ColumnElement[bool]:
    conditions = [
        col(Case.number) == search.upper(),
        col(Case.question).icontains(search, autoescape=True),
        col(Unit.name).icontains(search, autoescape=True),
    ]
    with suppress(RuleBroken):
        conditions.append(col(Case.identity_number) == parse_identity(search, today=time.today(at)).value)
    return or_(*conditions)
