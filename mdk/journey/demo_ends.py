"""Owns the demo's cases that ended without a conference, one for each way, and one death that was a mistake."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mdk.cases import service as cases
from mdk.cases.queries import load
from mdk.clock import today
from mdk.db import Database
from mdk.journey import reports, revival, triage
from mdk.journey.demo_earlier import DOMAIN
from mdk.people.queries import viewer

DAYS_AGO = 24
_AGAIN = (
    (7, "195201161857", "Bertil Svarsprov"),
    (15, "195203041594", "Alf Hänvisprov"),
    (10, "195205162331", "Lars Avböjprov"),
    (4, "195207291591", "Gunnar Återprov"),
    (0, "195211182018", "Olle Avlidprov"),
    (6, "195802142785", "Elin Misstagsprov"),
)
CASES = len(_AGAIN)
_ANSWER = (
    "Interkostalblockad är rimlig och görs på smärtenheten i Lund; remissen kan skickas dit direkt. "
    "Öka gärna gabapentin först. Kom tillbaka hit om effekten uteblir inom en vecka."
)


def documents(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Their submissions: samples told again under other official test numbers."""
    found = []
    for place, number, name in _AGAIN:
        document = copy.deepcopy(samples[place])
        document["patient"] |= {"identity_number": number, "name": name}
        found.append(document)
    return found


def carry_on(database: Database, numbers: list[str], *, now: datetime) -> None:
    """Answer, redirect and decline one each; one is taken back, one patient dies, and one death is taken back.

    The answers are read the same day.
    """
    at = now - timedelta(days=DAYS_AGO - 1)
    answered, redirected, declined, withdrawn, died, mistaken = numbers
    why = "Smärtan har annan orsak än cancer enligt ny utredning."
    _do(database, "samordnare", triage.answer, answered, text=_ANSWER, at=at)
    _do(database, "samordnare", triage.redirect, redirected, to="Smärtenheten i Malmö", reason=why, at=at)
    unclear = "Bendestruktionen ska först fixeras ortopediskt; skicka gärna in igen om smärtan kvarstår efteråt."
    _do(database, "konsult", triage.decline, declined, reason=unclear, at=at)
    for number in (withdrawn, died, mistaken):
        _do(database, "samordnare", triage.accept, number, urgency="normal", override_reason=None, at=at)
    later, day = at + timedelta(days=2), today(at + timedelta(days=2))
    no_more = "Patienten är bättre på nuvarande behandling och vill avvakta."
    _do(database, "remittent.karlskrona", reports.withdraw, withdrawn, is_report=True, reason=no_more, at=later)
    _do(database, "remittent.vaxjo", reports.report_death, died, is_report=True, date=day, at=later)
    _do(database, "remittent.lund", reports.report_death, mistaken, is_report=True, date=day, at=later)
    soon = later + timedelta(minutes=12)
    wrong = "Dödsfallet gällde en annan patient."
    _do(database, "remittent.lund", revival.revoke_death, mistaken, reason=wrong, at=soon)
    _do(database, "samordnare", triage.answer, mistaken, text="Vi tar det på ronden; pump är inte aktuell nu.", at=soon)
    for number in (answered, mistaken):
        read = soon + timedelta(hours=3)
        _do(database, "remittent.lund", cases.confirm_read, number, is_report=True, at=read)


def _do(
    database: Database, who: str, act: Callable[..., Any], number: str, *, is_report: bool = False, **given: Any
) -> None:
    """One act; a report names no version."""
    with database.writing() as session:
        by = viewer(session, email=f"{who}@{DOMAIN}", surface="demo")
        held = load(session, number, act="case.read", by=by, at=given["at"])
        version = {} if is_report else {"version": held.version}
        act(session, number=number, **version, by=by, **given)
