"""Owns what the demo's receivers have done with last week's recommendations."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mdk.clock import today
from mdk.db import Database
from mdk.journey.demo_earlier import DOMAIN
from mdk.pathways import assignments, checklists, home_care, referrals
from mdk.pathways import queries as pathway_queries
from mdk.pathways.structs import ContactBody, PrerequisiteBody, StandingBody
from mdk.people.queries import viewer
from mdk.people.structs import Viewer


def work_the_pathways(database: Database, *, now: datetime) -> None:
    """What the receivers of last week's recommendations have done since, and whom they ask about home care."""
    at = now - timedelta(hours=20)
    with _acting(database, "neurokirurgi") as (session, by):
        (referral,), _ = pathway_queries.referrals(session, by=by, at=at)
        referrals.accept(session, referral_id=referral.id, version=referral.version, by=by, at=at)
    with _acting(database, "funktion.kronoberg") as (session, by):
        contact = ContactBody(name="MAS-funktionen", email=f"mas.vaxjo@{DOMAIN}", municipality="Växjö")
        home_care.keep_contact(session, body=contact, by=by, at=at)
        until = today(at) + timedelta(days=180)
        for n, owner in (
            (6, "Kajsa Funktion"),
            (7, "Medicinförrådet"),
            (11, "Operation, Växjö"),
            (20, "Kajsa Funktion"),
        ):
            body = StandingBody(owner=owner, valid_until=until)
            checklists.keep_standing(session, n=n, body=body, by=by, at=at)
        (assignment,), _ = pathway_queries.assignments(session, by=by, at=at)
        assignments.accept(session, assignment_id=assignment.id, version=assignment.version, by=by, at=at)
    for n, owner, note in (
        (3, "Överläkare Prov", ""),
        (9, "Avdelning 12", "Plats från måndag"),
        (15, "Anestesi, Växjö", ""),
    ):
        with _acting(database, "funktion.kronoberg") as (session, by):
            version = pathway_queries.assignment(session, assignment.id, by=by, at=at).version
            said = PrerequisiteBody(state="met", owner=owner, note=note)
            checklists.set_of_assignment(
                session, assignment_id=assignment.id, n=n, version=version, body=said, by=by, at=at
            )


@contextmanager
def _acting(database: Database, local_part: str) -> Iterator[tuple[Session, Viewer]]:
    with database.writing() as session:
        yield session, viewer(session, email=f"{local_part}@{DOMAIN}", surface="demo")
