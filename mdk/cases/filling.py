"""Owns what a case's columns are filled with from its submission, and what the policy of the day says of it."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk import clock as time
from mdk import keyring
from mdk.cases import clock_rules, rules, search
from mdk.cases.queries import submission_of
from mdk.cases.submission_structs import Submission, given
from mdk.cases.tables import Case
from mdk.clinical.identity import parse_identity
from mdk.db import choices
from mdk.people.tables import Unit


def fill(session: Session, case: Case, submission: Submission, at: datetime, *, urgency: str | None = None) -> None:
    """Put a submission into the case; `urgency`, once triage has settled it, goes before the referrer's own."""
    today, unit_name = time.today(at), session.get_one(Unit, case.unit_id).name
    identity = parse_identity(submission.patient.identity_number, today=today)
    submission.patient.identity_number = identity.value
    if urgency is not None and submission.urgency != urgency:
        submission.urgency = urgency  # type: ignore[assignment]
        submission.urgency_reason = text_at(submission, "urgency_reason") or "Ändrad vid triage."
    child = rules.is_child(identity.birth_date, today)
    complete = rules.completeness(submission, is_child=child)
    case.submission = msgspec.json.encode(submission).decode()
    case.identity_number, case.birth_date, case.sex = identity.value, identity.birth_date, identity.sex
    case.patient_name = text_at(submission, "patient.name") or ""
    case.identity_blind = keyring.kept(session, "identity", case.identity_number)
    case.name_key = keyring.kept(session, "name", case.patient_name)
    case.home_region = text_at(submission, "patient.home_region")
    case.protected = text_at(submission, "patient.protected_identity") == "yes"
    case.urgency = text_at(submission, "urgency")
    case.survival = text_at(submission, "diagnosis.expected_survival")
    case.question = text_at(submission, "question") or ""
    case.search_text = search.text_of(case.number, unit_name, case.question)
    case.days_allowed = clock_rules.days_allowed(case.urgency, case.survival)
    case.completeness = complete.share
    gaps = [(gap.field, gap.required_for) for gap in complete.missing]
    case.missing = msgspec.json.encode(gaps).decode()
    case.changed_at = at


def assess(session: Session, case: Case, at: datetime) -> None:
    """Keep what the policy and tables of now say of the submission, so that later ones do not change it unseen."""
    years, table = rules.age(case.birth_date, time.today(at)), choices(session).omeq_table
    found = rules.assess(submission_of(case), years=years, table_of_record=table, at=at)
    case.assessment = msgspec.json.encode(found).decode()


def text_at(submission: Submission, path: str) -> str | None:
    """The text that is given at a dotted path, or None."""
    value = rules.value_at(submission, path)
    return value if given(value) else None
