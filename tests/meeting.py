"""Owns what the tests of conferences share: one as someone sees it, who takes part, and what is owed of it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.conferences import queries
from mdk.db import Database
from mdk.errors import RuleBroken
from mdk.outbox.tables import OutboxRow
from mdk.people import service as people

IN_PAST = make.AT - make.MINUTE


def view(database: Database, conference_id: str, name: str = make.COORDINATOR, **given: Any) -> Any:
    return make.ask(database, name, queries.view, conference_id, **given)


def broken(database: Database, act: Any) -> tuple[str, list[str]]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.rule, [problem.field for problem in refused.value.problems]


def taking_part(database: Database, conference_id: str) -> dict[str, str]:
    """Who is invited, by local part, and as what."""
    return {
        person.email.partition("@")[0]: person.role
        for person in view(database, conference_id).people
        if person.email.endswith("@demo.mdk")
    }


def owed(database: Database, conference_id: str) -> int:
    with database.reading() as session:
        query = select(OutboxRow).where(
            col(OutboxRow.topic) == "conference.changed", col(OutboxRow.key) == conference_id
        )
        return len(session.scalars(query).all())


def disable(database: Database, name: str) -> None:
    with database.writing() as session:
        people.disable(session, email=make.email(name), at=make.AT)
