"""Owns triage's acts on a case that may stand on an agenda in the making: whoever leaves the queue leaves that too."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from mdk.cases import service as cases
from mdk.cases.queries import load
from mdk.cases.rules import check_move
from mdk.cases.tables import Case
from mdk.conferences import agenda
from mdk.outbox.service import notice
from mdk.pathways import home_care
from mdk.people.structs import Viewer


def accept(
    session: Session, *, number: str, version: int, urgency: str, override_reason: str | None, by: Viewer, at: datetime
) -> Case:
    """As `cases.service.accept`; home care is asked at once whether it can take an extern pump."""
    case = cases.accept(
        session, number=number, version=version, urgency=urgency, override_reason=override_reason, by=by, at=at
    )
    home_care.ask_early(session, case, by=by, at=at)
    return case


def request_supplement(
    session: Session, *, number: str, version: int, what: str, until: date, by: Viewer, at: datetime
) -> Case:
    """As `cases.service.request_supplement`."""
    case = cases.request_supplement(session, number=number, version=version, what=what, until=until, by=by, at=at)
    agenda.take_off(session, case=case, at=at)
    return case


def answer(session: Session, *, number: str, version: int, text: str, by: Viewer, at: datetime) -> Case:
    """As `cases.service.answer`."""
    case = cases.answer(session, number=number, version=version, text=text, by=by, at=at)
    agenda.take_off(session, case=case, at=at)
    return case


def redirect(session: Session, *, number: str, version: int, to: str, reason: str, by: Viewer, at: datetime) -> Case:
    """As `cases.service.redirect`."""
    case = cases.redirect(session, number=number, version=version, to=to, reason=reason, by=by, at=at)
    agenda.take_off(session, case=case, at=at)
    return case


def decline(session: Session, *, number: str, version: int, reason: str, by: Viewer, at: datetime) -> Case:
    """As `cases.service.decline`."""
    case = cases.decline(session, number=number, version=version, reason=reason, by=by, at=at)
    agenda.take_off(session, case=case, at=at)
    return case


def take_back(session: Session, *, number: str, version: int, by: Viewer, at: datetime) -> Case:
    """Undo an acceptance or a request for a supplement: the case waits for triage again, and the referrer is told.

    The clock runs on from where it stood. Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = load(session, number, act="case.take-back", by=by, at=at)
    cases.check_version(case.version, version)
    check_move("take-back", case.state)
    cases.end_supplement(case, at)
    case.triage_from = at
    cases.step(session, case, "take-back", by=by, at=at)
    agenda.take_off(session, case=case, at=at)
    notice(session, "case-taken-back", person_id=case.submitted_by or case.created_by, key=number, at=at)
    return case
