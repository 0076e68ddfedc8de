"""Owns the export to a quality register that does not exist yet: pseudonymised rows, their dictionary and code mapping.

Source: the final report's proposals, which ask for a register and for codes that do not exist yet.
"""

import hmac
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did
from mdk.cases.queries import assessment_of, submission_of
from mdk.cases.rules import value_at
from mdk.cases.submission_structs import given
from mdk.cases.tables import Case
from mdk.figures.facts import facts
from mdk.figures.structs import CaseFact
from mdk.figures.tables import CodeMapping
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

_ADULT, _OLDEST = 18, 90
_PSEUDONYM_LENGTH = 20
_ICD_LENGTH = 3


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column: its name, kind (`text`, `number`, `code`), unit, meaning, and the group of its codes' words."""

    name: str
    kind: str
    what: str
    unit: str = ""
    codes: str = ""


class Dictionary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data dictionary: its version and every column in its order."""

    version: str
    source: str
    columns: tuple[Column, ...]


class Mapped(msgspec.Struct, frozen=True):
    """What a code of ours is called in another code system; empty until an administrator fills it in."""

    column: str
    code: str
    system: str
    version: str
    target: str


class Export(msgspec.Struct, frozen=True):
    """A year's rows, each with the dictionary's columns by name; None where nothing is known."""

    year: int
    dictionary: Dictionary
    rows: list[dict[str, Any]]
    mappings: list[Mapped]


@cache
def dictionary() -> Dictionary:
    """The data dictionary as shipped."""
    text = files("mdk.figures").joinpath("data", "register.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), type=Dictionary)


def export(session: Session, *, year: int, secret: str, by: Viewer, at: datetime) -> Export:
    """The cases that were sent in during a year, without name, identity number, free text or exact dates.

    The pseudonyms follow from `secret`, so that only this installation can make them again. The export is logged with
    the case numbers that it holds. Raises `NotAllowed`.
    """
    check_role("register.export", by)
    wanted = [
        fact
        for fact in facts(session, first=date(year, 1, 1), last=date(year, 12, 31))
        if clock.today(fact.submitted_at).year == year
    ]
    numbers = [fact.number for fact in wanted]
    cases = {case.number: case for case in session.scalars(select(Case).where(col(Case.number).in_(numbers)))}
    did(session, "register.export", by=by, at=at, cases=tuple(numbers))
    key = hmac.digest(secret.encode(), b"mdk register pseudonyms", "sha256")
    rows = [_row(fact, cases[fact.number], key) for fact in wanted]
    return Export(year, dictionary(), sorted(rows, key=lambda row: row["case"]), mappings(session))


def mappings(session: Session) -> list[Mapped]:
    """Every code that has been given a counterpart, by column and code."""
    rows = session.scalars(select(CodeMapping).order_by(col(CodeMapping.column), col(CodeMapping.code)))
    return [Mapped(row.column, row.code, row.system, row.version_of_system, row.target) for row in rows]


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """A name that stands for `value` and tells nothing of it to whoever lacks `key`."""
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()[:_PSEUDONYM_LENGTH]


def age_band(born: date | None, at: datetime) -> str | None:
    """Ten years wide from 30 on; children and young adults are one band each, those over 90 another."""
    if born is None:
        return None
    day = clock.today(at)
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    if years < _ADULT:
        return "0–17"
    if years >= _OLDEST:
        return "90–"
    return "18–29" if years < 30 else f"{years // 10 * 10}–{years // 10 * 10 + 9}"


def _row(fact: CaseFact, case: Case, key: bytes) -> dict[str, Any]:
    day = clock.today(fact.submitted_at)
    return {
        "patient": pseudonym(key, "patient", case.identity_number),
        "case": pseudonym(key, "case", fact.number),
        "year": day.year,
        "month": day.month,
        "age_band": age_band(case.birth_date, fact.submitted_at),
        "sex": case.sex,
        "home_region": fact.region,
        "place": fact.place,
        **_clinical(case),
        "outcome": fact.outcome,
        "ended": fact.ended or None,
        "reason": fact.reason_code or None,
        "days_to_triage": _days(fact.submitted_at, fact.triaged_at),
        "days_to_discussion": _days(fact.submitted_at, fact.discussed_at),
        "days_to_decision": _days(fact.submitted_at, fact.decided_at),
        "days_to_end": _days(fact.decided_at, fact.ended_at),
        "nrs_six_weeks": fact.six_weeks_nrs,
    }


def _clinical(case: Case) -> Mapping[str, Any]:
    submission, assessment = submission_of(case), assessment_of(case)

    def stated(path: str) -> Any:
        value = value_at(submission, path)
        return value if given(value) else None

    return {
        "urgency": case.urgency,
        "diagnosis": (stated("diagnosis.icd10") or "")[:_ICD_LENGTH].upper() or None,
        "ecog": stated("diagnosis.ecog"),
        "expected_survival": case.survival,
        "expected_treatment_months": stated("diagnosis.expected_treatment_months"),
        "nrs_now": stated("pain.nrs_now"),
        "nrs_worst": stated("pain.nrs_worst"),
        "omeq_verdict": assessment.omeq.verdict if assessment else None,
        "omeq_low": assessment.omeq.low if assessment else None,
        "omeq_high": assessment.omeq.high if assessment else None,
        "identification": assessment.identification.result if assessment else None,
    }


def _days(begun: datetime | None, ended: datetime | None) -> float | None:
    return None if begun is None or ended is None else round(max((ended - begun) / timedelta(days=1), 0.0), 1)
