"""Owns what the demo's auditor finds: reads of some days, two broken glasses, one review, a block, a spot check."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from mdk.cases import blocking
from mdk.cases import service as cases
from mdk.cases.block_structs import BlockBody
from mdk.cases.queries import view
from mdk.clock import STOCKHOLM, local
from mdk.db import Database
from mdk.inspection import openings, queries, service
from mdk.inspection.structs import ConclusionBody
from mdk.journey.demo_earlier import DOMAIN
from mdk.people.queries import viewer

GLASS_DAYS_AGO = 3
_ANSWERED = "Frågade avdelningens jour och chef: patienten låg inne och doserna behövdes samma natt."
_FOUND = "Alla rader hör till vård, bedömning eller konferens. Nödöppningen på natten är stämd av med enhetschefen."


def leave_traces(database: Database, held: list[str], waiting: list[str], *, now: datetime) -> None:
    """Read cases as people do, open two in an emergency that is over, record a block, and check the month by lot."""
    for days, name, numbers in (
        (3, "samordnare", waiting),
        (3, "konsult", waiting[:2]),
        (2, "ordforande", held),
        (2, "neurokirurgi", held[:1]),
        (1, "samordnare", held),
    ):
        for place, number in enumerate(numbers):
            at = now - timedelta(days=days) + timedelta(minutes=3 * place)
            _do(database, name, view, number, at=at)
    night = datetime.combine(local(now).date() - timedelta(days=GLASS_DAYS_AGO), time(2, 40), STOCKHOLM)
    for name, number, at, reason in (
        (
            "deltagare",
            waiting[0],
            night,
            "Avdelningen ringde om andningspåverkan hos patienten; jouren behövde doserna.",
        ),
        ("funktion.skane", waiting[-1], night + timedelta(hours=9), "Akut fråga om kateterläge från hemsjukvården."),
    ):
        _do(database, name, cases.break_glass, number=number, reason=reason, at=at)
        _do(database, name, view, number, at=at + timedelta(minutes=1))
    first = _do(database, "loggranskare", openings.openings, at=night + timedelta(days=1))[0][0]
    body = ConclusionBody("as_expected", _ANSWERED)
    _do(database, "loggranskare", service.review, first.row.id, body, at=night + timedelta(days=1, hours=9))
    wish = BlockBody(wish="Patienten är granne med personen och vill inte att hen läser.", person=f"barnteam@{DOMAIN}")
    _do(database, "samordnare", blocking.block, number=waiting[0], body=wish, at=now - timedelta(days=2))
    drawn = now - timedelta(hours=3)
    check_id = _do(database, "loggranskare", service.draw, month=local(drawn).date(), at=drawn)
    _do(database, "loggranskare", queries.check, check_id, at=drawn)
    body = ConclusionBody("asked", _FOUND)
    _do(database, "loggranskare", service.conclude, check_id=check_id, body=body, at=now - timedelta(hours=2))


def _do(database: Database, local_part: str, act: Callable[..., Any], *args: Any, **given: Any) -> Any:
    with database.writing() as session:
        by = viewer(session, email=f"{local_part}@{DOMAIN}", surface="demo")
        return act(session, *args, **given, by=by)
