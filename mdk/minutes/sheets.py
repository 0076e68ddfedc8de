"""Reads of what signed minutes say on paper: the sheet as it is frozen at signing, and the papers made of it."""

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases import queries as case_queries
from mdk.cases import rules as case_rules
from mdk.cases.rules import value_at
from mdk.cases.submission_structs import given
from mdk.cases.tables import Case
from mdk.clock import today
from mdk.conferences.tables import Conference
from mdk.db import choices
from mdk.errors import NotFound, RuleBroken
from mdk.minutes import queries
from mdk.minutes.structs import MinutesBody, Papers, Present, Sheet
from mdk.minutes.tables import Minutes, MinutesSeal
from mdk.people.structs import Viewer
from mdk.people.tables import Person, Unit

_sheets = msgspec.json.Decoder(Sheet)


def sheet_of(
    session: Session, conference: Conference, case: Case, body: MinutesBody, *, kid: str, by: Viewer, at: datetime
) -> Sheet:
    """What the minutes of a case say on paper when `by` signs them at `at`."""
    submission = case_queries.submission_of(case)
    equivalents = case_rules.opioid_equivalents(submission, choices(session).omeq_table)
    years = case_rules.age(case.birth_date, today(at))
    return Sheet(
        case=case.number,
        conference=conference.id,
        held_at=conference.starts_at,
        signed_at=at,
        signer=by.name,
        kid=kid,
        patient=case.patient_name,
        identity_number=case.identity_number,
        home_region=case.home_region,
        unit=session.get_one(Unit, case.unit_id).name,
        referrer=session.get_one(Person, case.submitted_by or case.created_by).name,
        question=case.question,
        diagnosis=_diagnosis(submission),
        identification=case_rules.identification(submission, equivalents, years).result,
        omeq_verdict=equivalents.verdict,
        omeq_low=equivalents.low,
        omeq_high=equivalents.high,
        minutes=body,
        present=_present(session, body),
        rules=queries.verdicts(case),
    )


def fingerprint(sheet: Sheet) -> str:
    """The SHA-256 of all that a sheet says but when and with which key: so is signed what was seen."""
    said = msgspec.structs.replace(sheet, signed_at=sheet.held_at, kid="")
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def papers(
    session: Session, conference_id: str, number: str, *, by: Viewer, at: datetime, edition: int | None = None
) -> Papers:
    """The files of a case's signed minutes, for those who may read them; the read is logged.

    `edition` 0 is what was signed first, n what stood after the n-th addendum; without one it is the newest.
    Raises `NotFound`, `NotAllowed`, `RuleBroken("minutes.not-signed")`.
    """
    minutes = queries.on_paper(session, conference_id, number, by=by, at=at)
    if minutes is None or minutes.signed_at is None:
        raise RuleBroken("minutes.not-signed", "Protokollet är inte signerat än. Det finns inget att hämta.")
    seen(session, "minutes.paper", by=by, at=at, cases=(number,))
    seals = list(
        session.scalars(
            select(MinutesSeal).where(col(MinutesSeal.minutes_id) == minutes.id).order_by(col(MinutesSeal.addendum))
        )
    )
    if not seals or (edition is not None and not 0 <= edition < len(seals)):
        raise NotFound
    chosen = seals[-1 if edition is None else edition]
    return Papers(pdf=chosen.pdf, sheet=_sheets.decode(chosen.sheet), jws=[each.jws for each in seals])


def edition(session: Session, minutes: Minutes, number: int) -> Sheet:
    """What the paper of an edition was made of: 0 is what was signed first."""
    query = select(col(MinutesSeal.sheet)).where(
        col(MinutesSeal.minutes_id) == minutes.id, col(MinutesSeal.addendum) == number
    )
    return _sheets.decode(session.scalars(query).one())


def _diagnosis(submission: object) -> str:
    code, words = value_at(submission, "diagnosis.icd10"), value_at(submission, "diagnosis.description")
    return " ".join(str(value) for value in (code, words) if given(value))


def _present(session: Session, body: MinutesBody) -> list[Present]:
    there = [row for row in body.attendance if row.present]
    wanted = {row.email.strip().lower() for row in there}
    rows = session.execute(select(col(Person.email), col(Person.name)).where(col(Person.email).in_(wanted)))
    called = {email: name for email, name in rows}  # noqa: C416 - a row is no pair to mypy
    return [
        Present(called.get(row.email.strip().lower(), row.email), row.profession, row.knows_patient) for row in there
    ]
