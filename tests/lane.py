"""Owns what the tests of the urgent lane share: its case and review as someone sees them, and what is owed of it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.cases import queries as cases
from mdk.cases.structs import CaseView
from mdk.db import Database
from mdk.errors import Invalid, RuleBroken
from mdk.outbox.tables import OutboxRow

ASKED = (make.NURSE, make.SURGEON)
DEADLINE = make.AT + 24 * make.HOUR


def view(database: Database, number: str, name: str = make.CONSULTANT, **given: Any) -> CaseView:
    return make.ask(database, name, cases.view, number, **given)


def review(database: Database, number: str, name: str = make.CONSULTANT, **given: Any) -> Any:
    return view(database, number, name, **given).urgent_review


def broken(act: Any) -> tuple[str, list[str]]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.rule, [problem.field for problem in refused.value.problems]


def bad(act: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        act()
    return [problem.field for problem in refused.value.problems]


def owed(database: Database, number: str) -> dict[str, list[tuple[str, Any]]]:
    """The notices of a case's review by kind: to whom, and from when."""
    called = {make.viewer(database, name).person_id: name for name in make.EVERYONE}
    keys = {number, review(database, number).conference}
    with database.reading() as session:
        rows = session.scalars(select(OutboxRow).where(col(OutboxRow.key).in_(keys)).order_by(col(OutboxRow.id)))
        found: dict[str, list[tuple[str, Any]]] = {}
        for row in rows:
            found.setdefault(row.topic, []).append((called[row.person_id or 0], row.due_at))
    return found


def concluded(database: Database, outcome: str = "extern_pump") -> str:
    number = make.submitted(database)
    make.urgent(database, number)
    make.opine(database, number, make.NURSE)
    make.conclude(database, number, make.minutes_body(outcome), at=make.AT + make.HOUR)
    return number
