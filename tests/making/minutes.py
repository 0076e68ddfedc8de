"""Owns the builders of minutes: who was there, what was decided, saved and signed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

import stores
from making.acting import act, email
from making.cases import accepted
from making.conferences import in_session
from making.world import CHAIR, CONSULTANT, MEETS, NURSE, SURGEON
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.journey import decisions
from mdk.minutes import service as minutes
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import Attendance, MinutesBody
from mdk.minutes.tables import Minutes
from mdk_web.minutes.paper import press

# What a signature is made with: the secret of every installation in the tests, and the press of the program.
SECRET = stores.SECRET
SEALING = Sealing(SECRET, press)


def present(name: str, profession: str = "läkare", *, knows: bool = False, there: bool = True) -> Attendance:
    """One person at the discussion."""
    return Attendance(email=email(name), profession=profession, knows_patient=knows, present=there)


def quorate() -> list[Attendance]:
    """Those whom a quorum needs when an implant is in question."""
    return [
        present(CONSULTANT),
        present(NURSE, "sjuksköterska", knows=True),
        present(SURGEON),
    ]


def minutes_body(outcome: str | None = "extern_pump", /, **changes: Any) -> MinutesBody:
    """Minutes that can be signed, for any outcome, changed as told."""
    usual: dict[str, Any] = {
        "attendance": quorate(),
        "answer": "Ja, behandlingen rekommenderas.",
        "refractory": "yes",
        "outcome": outcome,
        "motivation": "Refraktär smärta trots höga doser.",
        "route": "epidural" if outcome == "epidural" else "intrathecal",
        "catheter_tip": "Th10",
        "opioid_plan_owner": "Palliativa teamet Växjö",
        "responsible_unit": "Funktionen i Kronoberg",
        "due": date(2026, 12, 14),
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Smärtjouren",
    }
    return MinutesBody(**(usual | changes))


def minutes_version(database: Database, conference_id: str, number: str) -> int:
    """The version of a case's minutes; 0 before the first save."""
    with database.reading() as session:
        found = session.scalar(
            select(col(Minutes.version))
            .join(Case, col(Case.id) == col(Minutes.case_id))
            .where(col(Minutes.conference_id) == conference_id, col(Case.number) == number)
        )
    return int(found or 0)


def save(
    database: Database,
    conference_id: str,
    number: str,
    body: MinutesBody | None = None,
    *,
    by: str = CHAIR,
    at: datetime = MEETS,
) -> Minutes:
    """Save minutes on their present version."""
    return act(
        database,
        by,
        minutes.save,
        conference_id=conference_id,
        number=number,
        version=minutes_version(database, conference_id, number),
        body=body or minutes_body(),
        at=at,
    )


def sign(database: Database, conference_id: str, number: str, *, by: str = CHAIR, at: datetime = MEETS) -> Minutes:
    """Sign minutes on their present version."""
    return act(
        database,
        by,
        decisions.sign,
        conference_id=conference_id,
        number=number,
        version=minutes_version(database, conference_id, number),
        sealing=SEALING,
        at=at,
    )


def signed(
    database: Database, outcome: str = "extern_pump", submission_: Submission | None = None, **changes: Any
) -> tuple[str, str]:
    """A conference in session and a case on it whose minutes are signed: (conference id, case number)."""
    number = accepted(database, submission_)
    held = in_session(database, [number])
    save(database, held, number, minutes_body(outcome, **changes))
    sign(database, held, number)
    return held, number
