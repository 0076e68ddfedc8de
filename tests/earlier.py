"""Owns decisions of long ago in tests: cases whose minutes were signed so many days before now, by the real acts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

import make
from make import COORDINATOR, DAY, FUNCTION, HOUR, REFERRER, SURGEON
from mdk import clock
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.conferences import agenda
from mdk.conferences import service as conferences
from mdk.conferences.structs import AgendaItemBody
from mdk.db import Database
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment

TABLES: dict[str, Any] = {"intern_pump": ImplantReferral, "extern_pump": PumpAssignment}
OPEN_CASES = (CaseState.DRAFT, CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED)
OPEN_REFERRALS = ("created", "received", "more_information", "accepted", "scheduled", "implanted")
OPEN_ASSIGNMENTS = ("assigned", "accepted", "preparing", "inserted")
_WAYS = {
    "received": ("receive",),
    "more_information": ("request_information",),
    "scheduled": ("accept", "schedule"),
    "implanted": ("accept", "schedule", "implant"),
    "preparing": ("accept", "prepare"),
    "inserted": ("accept", "prepare", "insert"),
    "accepted": ("accept",),
}


def ago(days: int) -> datetime:
    """So many days ago, on the whole minute."""
    return (clock.now() - timedelta(days=days)).replace(second=0, microsecond=0)


def day(days: int) -> str:
    """The Swedish day of then, as forms and JSON tell it."""
    return clock.today(ago(days)).isoformat()


def submission(changes: dict[str, Any] | None = None, *, days: int) -> Submission:
    """The complete submission with the dates that it would have had so many days ago."""
    then = day(days + 20)
    dated: dict[str, Any] = {
        "pain.refractory_since": then,
        "treatments.imaging": [{"modality": "MR", "date": then, "region": "Bäcken"}],
        "safety.platelets.date": then,
        "safety.pk_inr.date": then,
        "consent.date": then,
    }
    return make.submission(**(dated | (changes or {})))


def decided(database: Database, told: Sequence[tuple[str, Submission]], *, days: int) -> list[str]:
    """The numbers of cases that one conference decided on, so many days ago: each with its outcome."""
    at = ago(days)
    numbers = [make.accepted(database, submission, at=at - 2 * DAY) for _, submission in told]
    frame = make.plan(starts_at=at, duration_minutes=240)
    held = make.act(database, COORDINATOR, conferences.plan, body=frame, at=at - DAY).id
    items = [AgendaItemBody(case=number, minutes=10) for number in numbers]
    make.at_conference(database, held, agenda.put, items=items, at=at - DAY)
    make.release(database, held, at=at - DAY)
    make.opened(database, held, at=at)
    for number, (outcome, _) in zip(numbers, told, strict=True):
        make.save(database, held, number, make.minutes_body(outcome, due=clock.today(at + 14 * DAY)), at=at)
        make.sign(database, held, number, at=at)
    make.closed(database, held, at=at + 4 * HOUR)
    return numbers


def pathway_of(database: Database, number: str, outcome: str) -> str:
    """The id of what a case's recommendation has set going."""
    table = TABLES.get(outcome, PathwayAction)
    with database.reading() as session:
        found = select(table.id).join(Case, col(Case.id) == col(table.case_id)).where(col(Case.number) == number)
        return str(session.scalars(found).one())


def bring_on(database: Database, number: str, outcome: str, state: str, *, days: int) -> str:
    """Take a case's referral or assignment to a state, so many days ago; gives its id."""
    key = pathway_of(database, number, outcome)
    for name in _WAYS.get(state, ()):
        if outcome == "intern_pump":
            make.refer(database, key, name, by=SURGEON, at=ago(days))
        else:
            make.assign(database, key, name, by=FUNCTION, at=ago(days))
    return key


EVERY_STATE = (
    *(f"case {state}" for state in OPEN_CASES),
    *(f"intern_pump {state}" for state in OPEN_REFERRALS),
    *(f"extern_pump {state}" for state in OPEN_ASSIGNMENTS),
    "nerve_block open",
    "case scheduled",
    "case discussed",
)


def at_states(database: Database, names: Sequence[str] = EVERY_STATE, *, days: int) -> dict[str, str]:
    """The number of a case that stands at each state in which a patient can die, by the name of the state."""
    found = {
        f"case {state}": make.case_in_state(database, state, submission(days=days), at=ago(days))
        for state in OPEN_CASES
        if f"case {state}" in names
    }
    decisions = [name.split() for name in names if not name.startswith("case")]
    numbers = decided(database, [(outcome, submission(days=days)) for outcome, _ in decisions], days=days)
    for number, (outcome, state) in zip(numbers, decisions, strict=True):
        if outcome in TABLES:
            bring_on(database, number, outcome, state, days=days - 1)
        found[f"{outcome} {state}"] = number
    return found | on_the_agenda(database)


def on_the_agenda(database: Database) -> dict[str, str]:
    """One case on a released agenda, and one that a meeting under way has discussed and not signed."""
    numbers = [make.accepted(database, submission(days=2), by=REFERRER, at=ago(2)) for _ in range(2)]
    at = clock.now()
    held = []
    for number in numbers:
        frame = make.plan(starts_at=(at + DAY).replace(second=0, microsecond=0))
        planned = make.act(database, COORDINATOR, conferences.plan, body=frame, at=at).id
        items = [AgendaItemBody(case=number, minutes=10)]
        make.at_conference(database, planned, agenda.put, items=items, at=at)
        make.release(database, planned, at=at)
        held.append(planned)
    make.opened(database, held[1], at=at)
    make.save(database, held[1], numbers[1], at=at)
    return {"case scheduled": numbers[0], "case discussed": numbers[1]}
