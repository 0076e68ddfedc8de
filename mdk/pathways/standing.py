"""Owns what a unit or municipality meets for every patient until a day, so that the next one starts with it met."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.clinical.prerequisites import Prerequisite, texts
from mdk.pathways.structs import StandingLine
from mdk.pathways.tables import StandingPrerequisite
from mdk.people.queries import names


@dataclass(frozen=True)
class Standing:
    """What stands for one unit on one day, by municipality (none: the unit itself) and number."""

    rows: Mapping[tuple[str, int], StandingPrerequisite]

    def of(self, row: Prerequisite, municipality: object) -> tuple[str, str, date | None]:
        """Who answers for a row that stands, the note on it, and until when; nobody where none stands."""
        found = self.rows.get((place_of(row, municipality), row.n))
        return (found.owner, found.note, found.valid_until) if found else ("", "", None)


def place_of(row: Prerequisite, municipality: object) -> str:
    """The key of the municipality that a row is met in; empty where the unit meets it itself."""
    return municipality.strip().casefold() if row.by_municipality and isinstance(municipality, str) else ""


def standing_of(session: Session, unit_id: str, *, day: date) -> Standing:
    """What stands for a unit on a day."""
    rows = session.scalars(
        select(StandingPrerequisite).where(
            col(StandingPrerequisite.unit_id) == unit_id, col(StandingPrerequisite.valid_until) >= day
        )
    )
    return Standing({(row.municipality.casefold(), row.n): row for row in rows})


def standing_lines(session: Session, unit_id: str) -> list[StandingLine]:
    """What is shown of a unit's, what ends first on top; the caller has checked and logged."""
    said = texts()
    rows = list(
        session.scalars(
            select(StandingPrerequisite)
            .where(col(StandingPrerequisite.unit_id) == unit_id)
            .order_by(col(StandingPrerequisite.valid_until), col(StandingPrerequisite.n))
        )
    )
    people = names(session, {row.person_id for row in rows})
    return [
        StandingLine(
            id=row.id or 0,
            n=row.n,
            text=said[row.n],
            municipality=row.municipality,
            owner=row.owner,
            note=row.note,
            valid_until=row.valid_until,
            at=row.at,
            by=people.get(row.person_id, ""),
        )
        for row in rows
    ]
