"""Reads of what has passed its least time: counts and days, and the cases that a decision may cover; never a name."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import seen
from mdk.audit.tables import AccessLog
from mdk.cases import patients
from mdk.cases.tables import Case
from mdk.keeping import parts, rules
from mdk.keeping.structs import DecisionLine, DecisionState, Passed, ReportLine
from mdk.keeping.tables import KeepingReport, RemovalCase, RemovalDecision
from mdk.people.queries import names
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

_BATCH = 200


class Old(NamedTuple):
    """One patient's record whose last entry is old: its cases' ids and numbers, and when that entry was made."""

    cases: tuple[tuple[int, str], ...]
    last: datetime


def now(session: Session, *, at: datetime) -> Passed:
    """How much has passed its least time at an instant; it names nobody, so nothing of it is logged."""
    count, cases, oldest = 0, 0, None
    for old in records(session, before=clock.midnight(rules.records_limit(at))):
        count, cases = count + 1, cases + len(old.cases)
        oldest = old.last if oldest is None else min(oldest, old.last)
    first, last = log_span(session, before=clock.midnight(rules.log_limit(at)))
    oldest_row = session.scalar(select(col(AccessLog.at)).where(col(AccessLog.id) == first)) if last else None
    return Passed(
        patients=count,
        cases=cases,
        oldest_entry=None if oldest is None else clock.today(oldest),
        log_rows=last - first + 1 if last else 0,
        oldest_row=None if oldest_row is None else clock.today(oldest_row),
    )


def is_reported(session: Session, *, at: datetime) -> bool:
    """Whether this month has its report."""
    return session.get(KeepingReport, clock.today(at).replace(day=1)) is not None


def records(session: Session, *, before: datetime) -> Iterator[Old]:
    """Every patient whose record has no entry at or after an instant, in any of the patient's cases."""
    key, newest = patients.key(), func.max(col(Case.changed_at))
    last = ""
    while True:
        page = select(key).where(key > last).group_by(key).having(newest < before).order_by(key).limit(_BATCH)
        keys = list(session.scalars(page))
        if not keys:
            return
        last = keys[-1]
        yield from _old(session, keys, before)


def last_entries(session: Session, case_ids: Sequence[int]) -> dict[int, datetime]:
    """When something was last entered in each of some cases."""
    found: dict[int, datetime] = {}
    for part in parts.PARTS:
        for query in parts.entries(part, case_ids):
            for case_id, at in session.execute(query):
                found[case_id] = max(at, found.get(case_id, at))
    return found


def log_span(session: Session, *, before: datetime) -> tuple[int, int]:
    """The first and last row of the log's beginning in which all is older than `before`; (0, 0) for none."""
    first = session.scalar(select(func.min(col(AccessLog.id))))
    kept = session.scalar(select(func.min(col(AccessLog.id))).where(col(AccessLog.at) >= before))
    newest = session.scalar(select(func.max(col(AccessLog.id)))) or 0
    last = newest if kept is None else kept - 1
    return (first, last) if first is not None and first <= last else (0, 0)


def reports(session: Session, *, by: Viewer, at: datetime, limit: int = 12) -> list[ReportLine]:
    """The newest monthly reports, newest first. Raises `NotAllowed`."""
    check_role("keeping.read", by)
    seen(session, "keeping.read", by=by, at=at)
    rows = session.scalars(select(KeepingReport).order_by(col(KeepingReport.month).desc()).limit(limit))
    return [ReportLine(**row.model_dump()) for row in rows]


def decisions(session: Session, *, by: Viewer, at: datetime, limit: int = 50) -> list[DecisionLine]:
    """The decisions to remove, newest first, and how far each has come. Raises `NotAllowed`."""
    check_role("keeping.read", by)
    seen(session, "keeping.read", by=by, at=at)
    rows = list(session.scalars(select(RemovalDecision).order_by(col(RemovalDecision.id).desc()).limit(limit)))
    people = names(session, {each for row in rows for each in (row.made_by, row.confirmed_by)})
    counted = _counts(session, [row.id or 0 for row in rows])
    return [_line(row, people, counted.get(row.id or 0, {})) for row in rows]


def state_of(row: RemovalDecision) -> DecisionState:
    """Where a decision stands."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.finished_at is not None:
        return "finished"
    return "proposed" if row.confirmed_at is None else "confirmed"


def _old(session: Session, keys: Sequence[str], before: datetime) -> Iterator[Old]:
    key = patients.key()
    held: dict[str, list[tuple[int, str]]] = {}
    for found, case_id, number in session.execute(
        select(key, col(Case.id), col(Case.number)).where(key.in_(keys)).order_by(key, col(Case.id))
    ):
        held.setdefault(found, []).append((case_id or 0, number))
    entered = last_entries(session, [case_id for cases in held.values() for case_id, _ in cases])
    for cases in held.values():
        last = max(entered[case_id] for case_id, _ in cases)
        if last < before:
            yield Old(tuple(cases), last)


def _counts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    query = select(col(RemovalCase.decision_id), col(RemovalCase.state), func.count())
    found: dict[int, dict[str, int]] = {}
    for decision_id, state, count in session.execute(
        query.where(col(RemovalCase.decision_id).in_(ids)).group_by(
            col(RemovalCase.decision_id), col(RemovalCase.state)
        )
    ):
        found.setdefault(decision_id, {})[state] = count
    return found


def _line(row: RemovalDecision, people: dict[int | None, str], counted: dict[str, int]) -> DecisionLine:
    return DecisionLine(
        id=row.id or 0,
        reference=row.reference,
        reason=row.reason,
        records_before=row.records_before,
        log_before=row.log_before,
        state=state_of(row),
        made_at=row.made_at,
        made_by=people.get(row.made_by, ""),
        made_by_id=row.made_by,
        confirmed_at=row.confirmed_at,
        confirmed_by="" if row.confirmed_by is None else people.get(row.confirmed_by, ""),
        finished_at=row.finished_at,
        cases=sum(counted.values()),
        removed=counted.get("removed", 0),
        left=counted.get("kept", 0),
        log_last_id=row.log_last_id,
    )
