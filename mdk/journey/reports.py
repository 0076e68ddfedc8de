"""Owns what a referrer reports of a patient at any time, and what that undoes at once, wherever the case stands."""

import datetime as dt
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from mdk import clock as time
from mdk.audit.service import did, moved
from mdk.cases import rules
from mdk.cases import service as cases
from mdk.cases.queries import load
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences import agenda, leaving
from mdk.errors import Invalid
from mdk.journey import urgent
from mdk.journey.concerned import receivers, tell
from mdk.outbox.service import notice
from mdk.pathways import service as pathways
from mdk.pathways.structs import NotDoneReason
from mdk.people.structs import Viewer

_WHY: Mapping[NotDoneReason, str] = {"died": "Patienten har avlidit", "patient_wish": "Ärendet är återtaget"}


def withdraw(session: Session, *, number: str, reason: str, by: Viewer, at: datetime) -> Case:
    """Take an open case back, for good: its slot is freed, a review or pathway that is under way ends.

    Those whom it concerns are told; of a draft nobody is. Raises `NotFound`, `NotAllowed`,
    `RuleBroken("case.wrong-state")`.
    """
    case = _locked(session, number, "case.withdraw", by=by, at=at)
    rules.check_move("withdraw", case.state)
    concerned = _leave(session, case, why="patient_wish", by=by, at=at)
    _end(session, case, "withdraw", by=by, at=at, reason=reason)
    tell(session, case, "case-ended", concerned, but=by.person_id, at=at)
    return case


def report_death(session: Session, *, number: str, date: dt.date, by: Viewer, at: datetime) -> Case:
    """Record that the patient died on `date`: as `withdraw`, but that a decision, once made, stays counted.

    Raises `NotFound`, `NotAllowed`, `Invalid` for a day that lies ahead or before the case was sent in, and
    `RuleBroken("case.wrong-state")` for a case that had ended without a decision.
    """
    case = _locked(session, number, "case.report-death", by=by, at=at)
    record_death(session, case, date=date, by=by, at=at)
    return case


def record_death(session: Session, case: Case, *, date: dt.date, by: Viewer, at: datetime) -> None:
    """The same as part of an act whose right was checked and that holds the case. Raises `Invalid`, `RuleBroken`."""
    sent_in = time.today(case.submitted_at or case.created_at)
    problems = rules.death_problems(date, sent_in=sent_in, today=time.today(at))
    if problems:
        raise Invalid(problems)
    rules.check_move("report-death", case.state)
    concerned = _leave(session, case, why="died", by=by, at=at)
    case.died_on = date
    _end(session, case, "report-death", by=by, at=at)
    tell(session, case, "case-ended", concerned, but=by.person_id, at=at)


def report_deterioration(session: Session, *, number: str, what: str, by: Viewer, at: datetime) -> Case:
    """Record that the patient has become worse; triage sees the case first and may accept it anew.

    The coordinators, the consultants and, after a decision, the receiver are told.
    Raises `NotFound`, `NotAllowed`, `RuleBroken("case.wrong-state")` for a draft or a case that has ended.
    """
    case = _locked(session, number, "case.report-deterioration", by=by, at=at)
    rules.check_in(case.state, rules.WORSENS)
    case.deteriorated_at = case.changed_at = at
    session.flush()
    _note(session, case, "report-deterioration", by=by, at=at, reason=what)
    tell(session, case, "case-worsened", receivers(session, case), but=by.person_id, at=at)
    return case


def supplement(session: Session, *, number: str, version: int, text: str, by: Viewer, at: datetime) -> Case:
    """Add a dated text to a case on its way: the coordinators are told and, after a decision, the receiver.

    Raises what `mdk.cases.service.supplement` raises.
    """
    case = cases.supplement(session, number=number, version=version, text=text, by=by, at=at)
    for person_id in sorted(receivers(session, case)):
        notice(session, "case-supplemented", person_id=person_id, key=number, at=at)
    return case


def _locked(session: Session, number: str, act: str, *, by: Viewer, at: datetime) -> Case:
    """The case, held until the act is done: such a report names no version and must not be lost to another's save."""
    case = load(session, number, act=act, by=by, at=at)
    session.refresh(case, with_for_update=True)
    return case


def _leave(session: Session, case: Case, *, why: NotDoneReason, by: Viewer, at: datetime) -> set[int]:
    """Undo what waits for a case; gives the people whom that concerns beside those who lead."""
    told = pathways.end_for_case(session, case.id or 0, reason=why, note=_WHY[why], by=by, at=at)
    concerned = receivers(session, case, but=told)
    if case.urgent_until is not None:
        concerned |= urgent.end_review(session, case=case, at=at)
    elif case.state == CaseState.SCHEDULED:
        concerned |= leaving.vacate(session, case=case, by=by, at=at)
    elif case.state == CaseState.DISCUSSED:
        concerned |= leaving.chair_of(session, case)
    agenda.take_off(session, case=case, at=at)
    return concerned


def _end(session: Session, case: Case, act: str, *, by: Viewer, at: datetime, reason: str = "") -> None:
    """The case's clock stops for good."""
    cases.end_supplement(case, at)
    case.ended_at, case.urgent_until, case.waits_for = at, None, None
    cases.step(session, case, act, by=by, at=at, reason=reason)


def _note(session: Session, case: Case, act: str, *, by: Viewer, at: datetime, reason: str) -> None:
    moved(session, "case", case.number, move=(case.state, case.state), act=act, by=by, at=at, reason=reason)
    did(session, f"case.{act}", by=by, at=at, cases=(case.number,))
