"""Owns what in the demo has had its time: a case of eleven years ago, and a decision to remove it that waits."""

import copy
from datetime import datetime, timedelta
from typing import Any

from mdk.cases import service as cases
from mdk.cases.submission_structs import Submission
from mdk.db import Database
from mdk.journey import reports
from mdk.journey.demo_earlier import DOMAIN
from mdk.keeping import rules, service
from mdk.keeping.structs import DecisionBody
from mdk.parsing import parse
from mdk.people.queries import viewer

YEARS_AGO = 11
_NUMBER, _NAME = "193801029202", "Inga Forntidsprov"
_REASON = "Bevarandetiden har gått ut. Beslut av arkivmyndigheten, ur dokumenthanteringsplanen för MDK."


def begin(database: Database, samples: list[dict[str, Any]], *, now: datetime) -> None:
    """Send in a case that was withdrawn the day after, long ago."""
    document = {key: copy.deepcopy(samples[0][key]) for key in ("patient", "urgency", "question", "consent")}
    document["patient"] |= {"identity_number": _NUMBER, "name": _NAME}
    document["consent"].pop("date", None)
    at = now - timedelta(days=365 * YEARS_AGO + 30)
    with database.writing() as session:
        by = viewer(session, email=f"remittent.vaxjo@{DOMAIN}", surface="demo")
        number = cases.create(session, submission=parse(Submission, document), by=by, at=at).number
    with database.writing() as session:
        reason = "Patienten fick en tid på annat håll."
        reports.withdraw(session, number=number, reason=reason, by=by, at=at + timedelta(days=1))


def decide(database: Database, *, now: datetime) -> None:
    """Let the auditor record a decision to remove, for the administrator to confirm."""
    body = DecisionBody("Dnr 2026-0417", _REASON, rules.records_limit(now))
    with database.writing() as session:
        by = viewer(session, email=f"loggranskare@{DOMAIN}", surface="demo")
        service.decide(session, body=body, by=by, at=now - timedelta(hours=1))
