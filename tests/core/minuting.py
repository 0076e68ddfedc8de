"""Owns how the tests of minutes look at them, add to them, and are refused."""

from typing import Any

import pytest

import make
from mdk.db import Database
from mdk.errors import RuleBroken
from mdk.minutes import queries, service


def view(database: Database, conference_id: str, number: str, name: str = make.CHAIR, **given: Any) -> Any:
    return make.ask(database, name, queries.view, conference_id, number, **{"at": make.MEETS, **given})


def broken(act: Any) -> tuple[str, list[str]]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.rule, [problem.field for problem in refused.value.problems]


def add_to(database: Database, conference_id: str, number: str, text: str = "Rättelse", by: str = make.CHAIR) -> Any:
    return make.act(
        database,
        by,
        service.add,
        conference_id=conference_id,
        number=number,
        text=text,
        sealing=make.SEALING,
        at=make.MEETS + make.DAY,
    )
