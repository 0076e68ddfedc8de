"""Owns the demo's earlier story: a conference of nine weeks ago, and what has become of its decisions since."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mdk.cases import service as cases
from mdk.clock import today
from mdk.db import Database
from mdk.journey import follow_ups
from mdk.minutes.structs import MinutesBody
from mdk.pathways import action_queries, actions, assignments, checklists
from mdk.pathways import queries as pathway_queries
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk.pathways.structs import PrerequisiteBody
from mdk.people.queries import viewer
from mdk.people.structs import Viewer

WEEKS_AGO = 9
DOMAIN = "demo.mdk"
# Which samples are told again, under other official test numbers, and as whom.
_AGAIN = (
    (9, "195001182046", "Tora Lundprov"),
    (3, "195001182061", "Sten Hallprov"),
    (8, "195001232296", "Rolf Blekprov"),
)
CASES = len(_AGAIN)
_PAIN = ((2, 4, 260.0, "Klåda första veckan"), (6, 3, 190.0, ""))


def documents(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The submissions of nine weeks ago: an extern pump in Skåne, a block in Halland, neurolysis in Blekinge."""
    found = []
    for place, number, name in _AGAIN:
        document = copy.deepcopy(samples[place])
        document["patient"] |= {"identity_number": number, "name": name}
        found.append(document)
    return found


def bodies(
    usual: Callable[[date], MinutesBody], block: Callable[[date], MinutesBody], *, now: datetime
) -> list[Callable[[date], MinutesBody]]:
    """What the conference recommended: the usual extern pump, a block, and neurolysis whose day passed last week."""

    def extern(held_on: date) -> MinutesBody:
        body = usual(held_on)
        body.responsible_unit = "Regional funktion Skåne"
        body.out_of_hours_contact = "Specialiserad palliativ vård, dygnet runt"
        body.opioid_plan_owner = "ASIH Lund"
        return body

    def neurolysis(held_on: date) -> MinutesBody:
        body = block(held_on)
        body.outcome, body.due = "neurolysis", today(now) - timedelta(days=6)
        body.answer = "Neurolys av plexus hypogastricus rekommenderas."
        body.responsible_unit = "Smärtenheten i Malmö"
        return body

    return [extern, block, neurolysis]


def carry_on(database: Database, numbers: list[str], *, held_on: datetime) -> None:
    """Everyone reads the answer; the pump is put in and followed up twice, the block done and not followed up."""
    for number, who in zip(numbers, ("remittent.lund", "remittent.halmstad", "remittent.karlskrona"), strict=True):
        with _acting(database, who) as (session, by):
            cases.confirm_read(session, number=number, by=by, at=held_on + timedelta(days=1))
    inserted = _insert(database, held_on)
    for week, nrs, omeq, side_effects in _PAIN:
        day = inserted + timedelta(weeks=week)
        body = FollowUpBody(
            week=week,
            date=today(day),
            nrs=nrs,
            omeq=omeq,
            side_effects=side_effects,
            pump_state="Fungerar",
            care_place="Hemma",
            alive="yes",
        )
        with _acting(database, "remittent.lund") as (session, by):
            follow_ups.tell(session, number=numbers[0], body=body, by=by, at=day)
    with _acting(database, "remittent.halmstad") as (session, by):
        rows, _ = action_queries.actions(session, by=by, at=held_on, limit=200)
        block = next(row for row in rows if row.case == numbers[1])
        at = held_on + timedelta(days=6)
        actions.end(session, action_id=block.id, how="done", version=block.version, by=by, at=at)


def _insert(database: Database, held_on: datetime) -> datetime:
    at = held_on + timedelta(days=5)
    with _acting(database, "funktion.skane") as (session, by):
        (row,), _ = pathway_queries.assignments(session, by=by, at=at)
        assignments.accept(session, assignment_id=row.id, version=row.version, by=by, at=held_on + timedelta(days=1))
    for n, owner in ((3, "Överläkare Prov"), (9, "Avdelning 12")):
        with _acting(database, "funktion.skane") as (session, by):
            version = pathway_queries.assignment(session, row.id, by=by, at=at).version
            said = PrerequisiteBody(state="met", owner=owner)
            checklists.set_of_assignment(
                session, assignment_id=row.id, n=n, version=version, body=said, by=by, at=held_on + timedelta(days=2)
            )
    with _acting(database, "funktion.skane") as (session, by):
        version = pathway_queries.assignment(session, row.id, by=by, at=at).version
        assignments.insert(
            session,
            assignment_id=row.id,
            version=version,
            day=today(at),
            place="Smärtenheten i Lund",
            catheter_tip="L2",
            drug="Enligt ordination",
            by=by,
            at=at,
        )
    return at


@contextmanager
def _acting(database: Database, local_part: str) -> Iterator[tuple[Session, Viewer]]:
    with database.writing() as session:
        yield session, viewer(session, email=f"{local_part}@{DOMAIN}", surface="demo")
