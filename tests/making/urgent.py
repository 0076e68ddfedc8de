"""Owns the builders of the urgent lane: asked for, advised on, concluded and ratified."""

from datetime import datetime

from making.acting import act, ask, email
from making.cases import version_of
from making.minutes import SEALING, minutes_body
from making.world import AT, CHAIR, CONSULTANT, COORDINATOR, DAY, MEETS, NURSE, SURGEON
from mdk.cases.queries import view as view_case
from mdk.cases.review_structs import UrgentReviewView
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.journey import urgent as urgent_lane
from mdk.minutes.structs import MinutesBody


def urgent(
    database: Database,
    number: str,
    *,
    members: list[str] | None = None,
    deadline: datetime | None = None,
    version: int | None = None,
    by: str = COORDINATOR,
    at: datetime = AT,
) -> Case:
    """Ask the nurse and neurosurgery, or others, for opinions within a day."""
    return act(
        database,
        by,
        urgent_lane.open_review,
        number=number,
        version=version or version_of(database, number),
        members=[email(NURSE), email(SURGEON)] if members is None else members,
        deadline=deadline or at + DAY,
        at=at,
    )


def ask_review(database: Database, number: str, *, by: str = CONSULTANT, at: datetime = AT) -> UrgentReviewView:
    """The urgent review of a case as someone sees it."""
    found = ask(database, by, view_case, number, at=at).urgent_review
    assert found is not None
    return found


def opine(database: Database, number: str, by: str, text: str = "Jag stöder det.", *, at: datetime = AT) -> Case:
    """Give an opinion."""
    return act(database, by, urgent_lane.give_opinion, number=number, text=text, at=at)


def conclude(
    database: Database,
    number: str,
    body: MinutesBody | None = None,
    *,
    version: int | None = None,
    by: str = CONSULTANT,
    at: datetime = AT,
) -> Case:
    """Conclude an urgent review on the case's present version."""
    version = version or version_of(database, number)
    given = {"number": number, "version": version, "body": body or minutes_body(), "sealing": SEALING, "at": at}
    return act(database, by, urgent_lane.conclude, **given)


def ratify(
    database: Database,
    number: str,
    conference_id: str,
    *,
    remark: str | None = None,
    version: int | None = None,
    by: str = CHAIR,
    at: datetime = MEETS,
) -> Case:
    """Let a meeting ratify what was concluded."""
    version = version or version_of(database, number)
    given = {"number": number, "version": version, "conference": conference_id, "remark": remark, "at": at}
    return act(database, by, urgent_lane.ratify, sealing=SEALING, **given)
