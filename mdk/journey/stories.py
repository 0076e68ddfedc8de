"""Owns the story of a case: what happened, when, by whom and why, across the aggregates; apart from the access log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.queries import Move, histories, history
from mdk.cases.changes import FieldChange, of_case
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.minutes.tables import Minutes, MinutesAddendum
from mdk.pathways.tables import FollowUp, ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.queries import names

ONE_OCCASION = timedelta(minutes=30)
Thing = Literal["case", "referral", "assignment", "action", "prerequisite", "follow_up"]
_PATHWAYS: Mapping[Thing, Any] = {"referral": ImplantReferral, "assignment": PumpAssignment, "action": PathwayAction}


_Told = tuple[Thing, int | None, Move]


class CaseStep(msgspec.Struct, frozen=True):
    """One step of a case's history: what was done, when, by whom and why, and where its `thing` stood after it.

    The thing is the case, the referral, assignment or action that its recommendation set going, a prerequisite of that
    (`n` is its number, `what` its text), or a follow-up (`n` is its week, its state whether the patient lived). In a
    step `change` the `changes` tell field by field, lists row by row, what was saved from `at` until `until`.
    """

    act: str
    state: str
    at: datetime
    by: str
    reason: str
    until: datetime | None = None
    changes: list[FieldChange] = []
    thing: Thing = "case"
    n: int | None = None
    what: str = ""


class Occasion(msgspec.Struct, frozen=True):
    """What one person did in one sitting, oldest first."""

    by: str
    at: datetime
    until: datetime
    steps: list[CaseStep]


def steps_of(session: Session, case: Case, *, knows_identity: bool) -> list[CaseStep]:
    """Every step of a case whose reader was already checked, oldest first."""
    moves: list[_Told] = [("case", None, move) for move in history(session, "case", case.number)]
    moves += _pathways(session, case)
    moves += [("case", None, move) for move in _addenda(session, case)]
    moves += _follow_ups(session, case)
    saves = of_case(session, case, knows_identity=knows_identity)
    texts = prerequisites.texts()
    people = names(session, {move.by for _, _, move in moves} | {save.by for save in saves})
    steps = [
        CaseStep(
            move.act,
            move.state,
            move.at,
            people.get(move.by, ""),
            move.reason,
            thing=thing,
            n=n,
            what=texts[n] if thing == "prerequisite" and n else "",
        )
        for thing, n, move in moves
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


def _pathways(session: Session, case: Case) -> Iterator[_Told]:
    for thing, table in _PATHWAYS.items():
        ids = list(session.scalars(select(table.id).where(col(table.case_id) == case.id)))
        for moves in histories(session, thing, ids).values() if ids else ():
            yield from ((thing, None, move) for move in moves)
        if ids and thing != "action":
            yield from _prerequisites(session, ids)


def _prerequisites(session: Session, ids: list[str]) -> Iterator[_Told]:
    subjects = [f"{key}.{n}" for key in ids for n in prerequisites.texts()]
    for subject, moves in histories(session, "prerequisite", subjects).items():
        n = int(subject.rpartition(".")[2])
        yield from (("prerequisite", n, move) for move in moves)


def _follow_ups(session: Session, case: Case) -> Iterator[_Told]:
    for row in session.scalars(select(FollowUp).where(col(FollowUp.case_id) == case.id).order_by(col(FollowUp.id))):
        state = "alive" if row.alive == "yes" else "dead"
        yield "follow_up", row.week, Move(state=state, at=row.at, act="tell", by=row.person_id, reason="")


def _addenda(session: Session, case: Case) -> Iterator[Move]:
    rows = session.execute(
        select(col(MinutesAddendum.at), col(MinutesAddendum.person_id))
        .join(Minutes, col(Minutes.id) == col(MinutesAddendum.minutes_id))
        .where(col(Minutes.case_id) == case.id)
        .order_by(col(MinutesAddendum.id))
    )
    for at, person_id in rows:
        yield Move(state=CaseState.DECIDED, at=at, act="addendum", by=person_id, reason="")
