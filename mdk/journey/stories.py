"""Owns the story of a case: what happened, when, by whom and why, across the aggregates; apart from the access log."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.queries import Move, histories, history
from mdk.cases.changes import FieldChange, of_case
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.minutes.tables import Minutes, MinutesAddendum
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from mdk.people.queries import names

ONE_OCCASION = timedelta(minutes=30)
Thing = Literal["case", "referral", "assignment"]


class CaseStep(msgspec.Struct, frozen=True):
    """One step of a case's history: what was done, when, by whom and why, and where its `thing` stood after it.

    The thing is the case, or the referral or assignment that its recommendation set going. In a step `change` the
    `changes` tell field by field, lists row by row, what was saved from `at` until `until`.
    """

    act: str
    state: str
    at: datetime
    by: str
    reason: str
    until: datetime | None = None
    changes: list[FieldChange] = []
    thing: Thing = "case"


class Occasion(msgspec.Struct, frozen=True):
    """What one person did in one sitting, oldest first."""

    by: str
    at: datetime
    until: datetime
    steps: list[CaseStep]


def steps_of(session: Session, case: Case) -> list[CaseStep]:
    """Every step of a case whose reader was already checked, oldest first."""
    moves: list[tuple[Thing, Move]] = [("case", move) for move in history(session, "case", case.number)]
    moves += list(_pathway(session, case))
    moves += [("case", move) for move in _addenda(session, case)]
    saves = of_case(session, case)
    people = names(session, {move.by for _, move in moves} | {save.by for save in saves})
    steps = [
        CaseStep(move.act, move.state, move.at, people.get(move.by, ""), move.reason, thing=thing)
        for thing, move in moves
    ]
    steps += [
        CaseStep("change", save.state, save.at, people.get(save.by, ""), "", save.until, save.changes) for save in saves
    ]
    return sorted(steps, key=lambda step: step.at)


def occasions(steps: Sequence[CaseStep]) -> list[Occasion]:
    """The steps as people remember them, newest first: what one person did within half an hour stands together."""
    found: list[list[CaseStep]] = []
    for step in steps:
        last = found[-1][-1] if found else None
        if last is not None and last.by == step.by and step.at - _end(last) <= ONE_OCCASION:
            found[-1].append(step)
        else:
            found.append([step])
    return [Occasion(each[0].by, each[0].at, max(map(_end, each)), each) for each in reversed(found)]


def _end(step: CaseStep) -> datetime:
    return step.until or step.at


def _pathway(session: Session, case: Case) -> Iterator[tuple[Thing, Move]]:
    tables: tuple[tuple[Thing, type[ImplantReferral | PumpAssignment]], ...] = (
        ("referral", ImplantReferral),
        ("assignment", PumpAssignment),
    )
    for thing, table in tables:
        ids = list(session.scalars(select(table.id).where(col(table.case_id) == case.id)))  # type: ignore[call-overload]
        for moves in histories(session, thing, ids).values() if ids else ():
            yield from ((thing, move) for move in moves)


def _addenda(session: Session, case: Case) -> Iterator[Move]:
    rows = session.execute(
        select(col(MinutesAddendum.at), col(MinutesAddendum.person_id))
        .join(Minutes, col(Minutes.id) == col(MinutesAddendum.minutes_id))
        .where(col(Minutes.case_id) == case.id)
        .order_by(col(MinutesAddendum.id))
    )
    for at, person_id in rows:
        yield Move(state=CaseState.DECIDED, at=at, act="addendum", by=person_id, reason="")
