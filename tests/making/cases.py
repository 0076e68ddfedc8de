"""Owns the builders of cases: drafts, what is done to them, and what is reported of their patients."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from making.acting import act, detached
from making.documents import submission
from making.world import AT, COORDINATOR, DAY, REFERRER, TODAY
from mdk import clock
from mdk.cases import service as cases
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.journey import reports, triage


def draft(database: Database, submission_: Submission | None = None, *, by: str = REFERRER, at: datetime = AT) -> str:
    """A new draft's number."""
    return act(database, by, cases.create, submission=submission_ or submission(), at=at).number


def version_of(database: Database, number: str) -> int:
    """The version of a case as it stands."""
    return case_row(database, number).version


def case_row(database: Database, number: str) -> Case:
    """A case as it is stored."""
    with database.reading() as session:
        return detached(session, session.scalars(select(Case).where(col(Case.number) == number)).one())


def state_of(database: Database, number: str) -> str:
    """Where a case stands."""
    return case_row(database, number).state


def do(database: Database, number: str, name: str, *, by: str = COORDINATOR, at: datetime = AT, **given: Any) -> Case:
    """Do the act called `name` to a case on its present version, with a usual content unless told."""
    usual: dict[str, dict[str, Any]] = {
        "accept": {"urgency": "normal", "override_reason": None},
        "request_supplement": {"what": "Aktuella prover", "until": (at + 3 * DAY).date()},
        "answer": {"text": "Öka dosen."},
        "redirect": {"to": "Smärtenheten Lund", "reason": "Inte cancerrelaterad smärta."},
        "decline": {"reason": "Utanför uppdraget."},
        "supplement": {"text": "Nya prover finns."},
    }
    service: Callable[..., Case] = getattr(cases, name)
    return act(
        database,
        by,
        service,
        number=number,
        **{"version": version_of(database, number), "at": at, **usual.get(name, {}), **given},
    )


def report(database: Database, number: str, name: str, *, by: str = REFERRER, at: datetime = AT, **given: Any) -> Case:
    """Report something of a case's patient by the act called `name`, with a usual content unless told."""
    usual: dict[str, dict[str, Any]] = {
        "withdraw": {"reason": "Patienten vill inte."},
        "report_death": {"date": clock.today(at)},
        "report_deterioration": {"what": "Kan inte längre svälja."},
    }
    service: Callable[..., Case] = getattr(reports, name)
    return act(database, by, service, number=number, **{"at": at, **usual[name], **given})


def triage_act(database: Database, number: str, name: str) -> Case:
    """Do one of triage's acts that take a case out of the queue, wherever it is planned."""
    usual: dict[str, dict[str, Any]] = {
        "request_supplement": {"what": "Prover", "until": TODAY},
        "answer": {"text": "Öka dosen."},
        "redirect": {"to": "Smärtenheten Lund", "reason": "Inte cancer."},
        "decline": {"reason": "Utanför uppdraget."},
        "take_back": {},
    }
    service: Callable[..., Case] = getattr(triage, name)
    return act(database, COORDINATOR, service, number=number, version=version_of(database, number), **usual[name])


def take_back(database: Database, number: str, *, by: str = COORDINATOR, at: datetime = AT) -> Case:
    """Undo triage's answer on the case's present version."""
    return act(database, by, triage.take_back, number=number, version=version_of(database, number), at=at)


def submitted(
    database: Database, submission_: Submission | None = None, *, by: str = REFERRER, at: datetime = AT
) -> str:
    """A submitted case's number."""
    number = draft(database, submission_, by=by, at=at)
    do(database, number, "submit", by=by, at=at)
    return number


def accepted(
    database: Database,
    submission_: Submission | None = None,
    *,
    by: str = REFERRER,
    at: datetime = AT,
    urgency: str = "normal",
) -> str:
    """The number of a case in the queue."""
    number = submitted(database, submission_, by=by, at=at)
    do(database, number, "accept", at=at, urgency=urgency)
    return number
