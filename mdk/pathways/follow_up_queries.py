"""Reads of follow-ups: what was done to whom, what was told since, and what is late."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import seen
from mdk.cases.lists import lines_of
from mdk.cases.queries import assessment_of, load, submission_of
from mdk.cases.rules import value_at
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.errors import RuleBroken
from mdk.pathways import follow_up_rules as rules
from mdk.pathways.action_rules import FOLLOWED
from mdk.pathways.action_structs import ActionState
from mdk.pathways.follow_up_structs import WEEKS, Done, FollowUpLine, FollowUpsView, PlannedFollowUp, Point
from mdk.pathways.tables import FollowUp, ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.queries import names
from mdk.people.structs import Viewer

_ENDED = (ActionState.DONE, ActionState.PARTLY)


def done_of(session: Session, which: ColumnElement[bool]) -> dict[int, Done]:
    """What was done last to the patients of the cases that meet a condition, by case id.

    A pump that is in, or another intervention that was done in full or in part.
    """
    ids = select(col(Case.id)).where(which)
    implanted = select(ImplantReferral).where(
        col(ImplantReferral.implanted_on).is_not(None), col(ImplantReferral.case_id).in_(ids)
    )
    inserted = select(PumpAssignment).where(
        col(PumpAssignment.inserted_on).is_not(None), col(PumpAssignment.case_id).in_(ids)
    )
    others = select(PathwayAction).where(
        col(PathwayAction.state).in_(_ENDED),
        col(PathwayAction.outcome).in_(FOLLOWED),
        col(PathwayAction.case_id).in_(ids),
    )
    found: list[tuple[datetime, int, Done]] = []
    for referral in session.scalars(implanted):
        day = referral.implanted_on or clock.today(referral.changed_at)
        found.append((referral.created_at, referral.case_id, Done("intern_pump", day, referral.id)))
    for assignment in session.scalars(inserted):
        day = assignment.inserted_on or clock.today(assignment.changed_at)
        found.append((assignment.created_at, assignment.case_id, Done("extern_pump", day, assignment.id)))
    for action in session.scalars(others):
        done = Done(action.outcome, clock.today(action.changed_at), action.id)
        found.append((action.created_at, action.case_id, done))
    return {case_id: done for _, case_id, done in sorted(found, key=lambda each: each[0])}


def check_done(session: Session, case: Case) -> Done:
    """What was done to the patient of a case. Raises `RuleBroken("followup.nothing-done")`."""
    done = done_of(session, col(Case.id) == case.id).get(case.id or 0)
    if done is None:
        message = "Det finns inget att följa upp än. Uppföljningen börjar när åtgärden är utförd."
        raise RuleBroken("followup.nothing-done", message)
    return done


def follow_ups(session: Session, number: str, *, by: Viewer, at: datetime) -> FollowUpsView:
    """The follow-ups of a case, done and to come; the read is logged.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("followup.nothing-done")`.
    """
    case = load(session, number, act="case.read", by=by, at=at)
    done = check_done(session, case)
    seen(session, "follow-up.read", by=by, at=at, cases=(number,))
    return _view(session, case, done, at=at)


def summary(session: Session, number: str, *, at: datetime) -> FollowUpsView | None:
    """The same for a reader who was already checked and logged; None where there is nothing to follow up."""
    case = session.scalars(select(Case).where(col(Case.number) == number)).one()
    done = done_of(session, col(Case.id) == case.id).get(case.id or 0)
    return None if done is None else _view(session, case, done, at=at)


def planned_of(
    session: Session, which: ColumnElement[bool], *, today: date
) -> list[tuple[Case, Done, list[PlannedFollowUp]]]:
    """The three follow-ups of each case that meets a condition and to whose patient something was done.

    Nothing is late for the dead.
    """
    found = done_of(session, which)
    told = _told(session, col(Case.id).in_(found))
    cases = session.scalars(select(Case).where(col(Case.id).in_(found)).order_by(col(Case.id)))
    return [
        (
            case,
            found[case.id or 0],
            _planned(
                found[case.id or 0],
                told.get(case.id or 0, {}),
                today=today,
                goes_on=case.state != CaseState.DECEASED,
            ),
        )
        for case in cases
    ]


def _view(session: Session, case: Case, done: Done, *, at: datetime) -> FollowUpsView:
    case_id, today = case.id or 0, clock.today(at)
    told = _told(session, col(Case.id) == case.id).get(case_id, {})
    goes_on = case.state != CaseState.DECEASED
    return FollowUpsView(
        case=case.number,
        outcome=done.outcome,
        done_on=done.day,
        refill=rules.refill(done.outcome, done.day, today=today) if goes_on else None,
        planned=_planned(done, told, today=today, goes_on=goes_on),
        points=[_before(case), *(Point(week, told[week].nrs, told[week].omeq) for week in WEEKS if week in told)],
        line=lines_of(session, [case_id], at=at)[case_id],
    )


def _before(case: Case) -> Point:
    """The pain as the referral tells it, and the opioid dose where the tables agree on one number."""
    submission, held = submission_of(case), assessment_of(case)
    scores = [value_at(submission, f"pain.{name}") for name in ("nrs_mean", "nrs_now", "nrs_worst")]
    omeq = held.omeq if held else None
    return Point(
        0,
        next((score for score in scores if isinstance(score, int)), None),
        omeq.low if omeq and omeq.low == omeq.high else None,
    )


def _planned(done: Done, told: dict[int, FollowUpLine], *, today: date, goes_on: bool) -> list[PlannedFollowUp]:
    return [
        PlannedFollowUp(
            week=week,
            due=rules.due_on(done.day, week),
            told=told.get(week),
            is_overdue=goes_on and week not in told and rules.is_overdue(done.day, week, today=today),
        )
        for week in WEEKS
    ]


def _told(session: Session, which: ColumnElement[bool]) -> dict[int, dict[int, FollowUpLine]]:
    """What was told last of each week, by case id: told anew, the newest counts."""
    ids = select(col(Case.id)).where(which)
    query = select(FollowUp).where(col(FollowUp.case_id).in_(ids)).order_by(col(FollowUp.id))
    rows = list(session.scalars(query))
    people = names(session, {row.person_id for row in rows}) if rows else {}
    found: dict[int, dict[int, FollowUpLine]] = {}
    for row in rows:
        found.setdefault(row.case_id, {})[row.week] = line_of(row, people.get(row.person_id, ""))
    return found


def line_of(row: FollowUp, by: str) -> FollowUpLine:
    """A follow-up as it is read."""
    return FollowUpLine(
        week=row.week,
        date=row.day,
        nrs=row.nrs,
        omeq=row.omeq,
        side_effects=row.side_effects,
        complications=row.complications,
        pump_state=row.pump_state,
        care_place=row.care_place,
        alive=row.alive,
        at=row.at,
        by=by,
    )
