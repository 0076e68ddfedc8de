"""Reads what figures are counted from: one fact for each case that was sent in, with no patient data in it."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.tables import StateMove
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.clinical.reference import prevalence
from mdk.figures.structs import CaseFact, End
from mdk.minutes.quality import with_patient_view
from mdk.pathways.ends import PathwayEnd, ends_of
from mdk.pathways.six_weeks import FOLLOWED_FOR, SixWeeks, six_weeks
from mdk.people.tables import Unit

_CHILD_YEARS = 18
_ELSEWHERE = "Övriga"


class _Passed(msgspec.Struct):
    """The first time that a case passed each step of its way."""

    triaged_at: datetime | None = None
    discussed_at: datetime | None = None
    answered_at: datetime | None = None


def facts(session: Session, *, first: date, last: date) -> list[CaseFact]:
    """The facts of every case that was sent in before the end of `last` and was not long at rest before `first`."""
    since, until = clock.midnight(first), clock.midnight(last + timedelta(days=1))
    wanted = (
        col(Case.submitted_at).is_not(None),
        col(Case.submitted_at) < until,
        or_(col(Case.ended_at).is_(None), col(Case.ended_at) >= since - FOLLOWED_FOR),
    )
    rows = session.execute(_cases().where(*wanted)).all()
    passed = _passed(session, wanted)
    ids = [row.id for row in rows]
    decided = [row.id for row in rows if row.decided_at is not None]
    ends, voiced, six = ends_of(session, ids), with_patient_view(session, decided), six_weeks(session, decided)
    return [
        _fact(row, passed[row.number], ends.get(row.id), six.get(row.id, SixWeeks()), is_voiced=row.id in voiced)
        for row in rows
        if row.home_region is not None
    ]


def _cases() -> Any:
    return (
        select(
            col(Case.id),
            col(Case.number),
            col(Case.state),
            col(Case.home_region),
            col(Case.birth_date),
            col(Case.days_allowed),
            col(Case.submitted_at),
            col(Case.waiting_from),
            col(Case.accepted_at),
            col(Case.decided_at),
            col(Case.read_confirmed_at),
            col(Case.ended_at),
            col(Case.outcome),
            col(Unit.place),
        )
        .join(Unit, col(Unit.id) == col(Case.unit_id))
        .order_by(col(Case.id))
    )


def _passed(session: Session, wanted: tuple[Any, ...]) -> defaultdict[str, _Passed]:
    moves = session.execute(
        select(col(StateMove.subject), col(StateMove.from_state), col(StateMove.to_state), col(StateMove.at))
        .join(Case, col(Case.number) == col(StateMove.subject))
        .where(col(StateMove.kind) == "case", *wanted)
        .order_by(col(StateMove.id))
    )
    found: defaultdict[str, _Passed] = defaultdict(_Passed)
    for number, before, after, at in moves:
        steps = found[number]
        if before == CaseState.SUBMITTED and after not in {before, CaseState.WITHDRAWN, CaseState.DECEASED}:
            steps.triaged_at = steps.triaged_at or at
        if after == CaseState.DISCUSSED and before != after:
            steps.discussed_at = steps.discussed_at or at
        if after == CaseState.ANSWERED:
            steps.answered_at = at
    return found


def _fact(row: Any, passed: _Passed, end: PathwayEnd | None, six: SixWeeks, *, is_voiced: bool) -> CaseFact:
    ended, ended_at = _how_it_ended(row, end)
    waited = (row.waiting_from or row.submitted_at) - row.submitted_at
    return CaseFact(
        number=row.number,
        region=row.home_region,
        place=place_of(row.home_region, row.place),
        is_child=row.birth_date is not None and _years(row.birth_date, row.submitted_at) < _CHILD_YEARS,
        days_allowed=row.days_allowed,
        stood_still=waited / timedelta(days=1),
        submitted_at=row.submitted_at,
        triaged_at=passed.triaged_at,
        accepted_at=row.accepted_at,
        discussed_at=passed.discussed_at,
        answered_at=passed.answered_at,
        decided_at=row.decided_at,
        read_at=row.read_confirmed_at,
        outcome=row.outcome if row.decided_at is not None else None,
        due=end.due if end else None,
        ended=ended,
        ended_at=ended_at,
        reason_code=end.reason_code if end else "",
        patient_view=is_voiced,
        six_weeks_by=six.by,
        six_weeks_at=six.at,
        six_weeks_nrs=six.nrs,
    )


def _how_it_ended(row: Any, end: PathwayEnd | None) -> tuple[End, datetime | None]:
    """Death before what was decided was done is counted apart from what was not done for another reason."""
    if row.decided_at is None:
        return "", None
    if end is not None and end.result == "not_done" and end.reason_code == "died":
        return "died", end.at
    if end is not None and end.result:
        return end.result, end.at
    return ("died", row.ended_at) if row.state == CaseState.DECEASED else ("", None)


def place_of(region: str, place: str) -> str:
    """The place of the point prevalence that a unit's place belongs to; a region with one row is one place."""
    places = [row.place for row in prevalence().rows if row.region == region]
    if place in places:
        return place
    return places[0] if len(places) == 1 else _ELSEWHERE


def _years(born: date, at: datetime) -> int:
    day = clock.today(at)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
