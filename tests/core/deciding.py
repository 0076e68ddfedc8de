"""Owns how the tests decide that what has had its time is to go, and let it go."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

import make
from mdk import clock
from mdk.db import Database
from mdk.keeping import removing, rules, service
from mdk.keeping.structs import DecisionBody

TEN_ON = make.MEETS.replace(year=make.MEETS.year + 10) + 30 * make.DAY  # when all that is made here has passed


def decided(database: Database, *, by: str = make.AUDITOR, at: datetime = TEN_ON, **said: Any) -> int:
    limit = clock.today(at)
    usual = {"records_before": rules.first_kept(limit, 10), "log_before": None}
    body = DecisionBody(reference="Dnr 7", reason="Arkivmyndighetens beslut", **(usual | said))
    return make.act(database, by, service.decide, body=body, at=at)


def confirmed(database: Database, *, at: datetime = TEN_ON, **said: Any) -> int:
    decision = decided(database, at=at, **said)
    make.act(database, make.ADMIN, service.confirm, decision_id=decision, at=at)
    return decision


def remove_all(database: Database, decision: int, *, at: datetime = TEN_ON) -> list[int]:
    found = []
    while (
        gone := make.act(database, make.ADMIN, removing.remove_patient, decision_id=decision, is_on=True, at=at)
    ) is not None:
        found.append(gone)
    return found


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
