"""Owns how the tests fill in the form of a case, and look at what it came to."""

import re

from httpx import Response
from sqlalchemy import select
from sqlmodel import col

import make
from mdk import clock
from mdk.cases.queries import view
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from visiting import Fields, Page, People

REFERRER = make.REFERRER
IDENTITY = ("patient.identity_number", "19400104-2383")
OXYCODONE = {"drug": "oxycodone", "route": "oral", "unit": "mg", "dose": "40", "per_day": "2"}


def opioid(place: int, **values: str) -> Fields:
    return [(f"medicines.opioids.{place}.{name}", value) for name, value in {**OXYCODONE, **values}.items()]


def stored(people: People, number: str) -> Submission:
    return make.ask(people.database, REFERRER, view, number, at=clock.now())


def cases(people: People) -> int:
    with people.database.reading() as session:
        return len(session.scalars(select(col(Case.number))).all())


def bar(answer: Response) -> dict[str, str]:
    """What the bottom bar carries of the case."""
    return dict(re.findall(r'name="(number|version|base)" value="([^"]*)"', answer.text))


def rows_of(page: Page, column: str = "drug") -> list[str]:
    return [value for name, value in page.values.items() if re.fullmatch(rf"medicines\.opioids\.\d+\.{column}", name)]
