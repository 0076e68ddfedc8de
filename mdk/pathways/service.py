"""Acts that begin and end a pathway from outside: what a signature opens, and what a death or a withdrawal ends."""

import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did, moved
from mdk.cases.queries import submission_of
from mdk.cases.rules import value_at
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.clinical.reference import has_asih
from mdk.errors import RuleBroken
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes
from mdk.pathways import rules
from mdk.pathways.action_structs import ActionState
from mdk.pathways.standing import Standing, standing_of
from mdk.pathways.steps import move_action, move_assignment, move_referral, tell_unit
from mdk.pathways.structs import AssignmentState, NotDoneReason, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PathwayPrerequisite, PumpAssignment
from mdk.people.structs import Role, Viewer


def open_referral(
    session: Session, *, case: Case, minutes: Minutes, body: MinutesBody, unit_id: str, by: Viewer, at: datetime
) -> ImplantReferral:
    """Open the implant referral that signed minutes recommend, with its 18 prerequisites; gaps never hold it back.

    Part of signing, whose right was checked. Raises `RuleBroken("case.no-home-region")`.
    """
    referral = ImplantReferral(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        minutes_id=minutes.id or 0,
        conference_id=minutes.conference_id,
        unit_id=unit_id,
        home_region=home_region(case),
        catheter_tip=body.catheter_tip or "",
        due=body.due,
        created_at=at,
        changed_at=at,
    )
    session.add(referral)
    session.flush()
    standing = standing_of(session, unit_id, day=clock.today(at))
    for row in prerequisites.for_intern():
        session.add(_prerequisite(row, case, standing, at=at, referral_id=referral.id))
    moved(session, "referral", referral.id, move=("", ReferralState.CREATED), act="open", by=by, at=at)
    did(session, "referral.open", by=by, at=at, cases=(case.number,))
    return referral


def open_assignment(
    session: Session, *, case: Case, minutes: Minutes, body: MinutesBody, unit_id: str, by: Viewer, at: datetime
) -> PumpAssignment:
    """Open the pump assignment that signed minutes recommend, with the 20 prerequisites (19 apply with ASIH).

    What the function or the municipality has met for every patient is met from the start. Part of signing, whose
    right was checked. Raises `RuleBroken("case.no-home-region")`.
    """
    region = home_region(case)
    assignment = PumpAssignment(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        minutes_id=minutes.id or 0,
        conference_id=minutes.conference_id,
        unit_id=unit_id,
        home_region=region,
        region=region,
        due=body.due,
        created_at=at,
        changed_at=at,
    )
    session.add(assignment)
    session.flush()
    standing = standing_of(session, unit_id, day=clock.today(at))
    for row in prerequisites.for_extern(has_asih=has_asih(region)):
        session.add(_prerequisite(row, case, standing, at=at, assignment_id=assignment.id))
    moved(session, "assignment", assignment.id, move=("", AssignmentState.ASSIGNED), act="open", by=by, at=at)
    did(session, "assignment.open", by=by, at=at, cases=(case.number,))
    return assignment


def end_for_case(
    session: Session, case_id: int, *, reason: NotDoneReason, note: str = "", by: Viewer, at: datetime
) -> set[str]:
    """End what is under way for a case that has itself ended, as part of that act, whose right was checked.

    A referral that is not yet implanted is cancelled, an assignment before insertion and an open action are not done,
    all with the coded `reason`; receivers are told, and their units given. A pump that is in is followed up no more
    once the patient has died. What was implanted is left for its report. The case is left as it is, and a case without
    a pathway is no fault.
    """
    told = set()
    for referral in session.scalars(select(ImplantReferral).where(col(ImplantReferral.case_id) == case_id)):
        if referral.state in rules.REFERRAL_OPEN:
            referral.reason_code = reason
            move_referral(session, referral, "end", by=by, at=at, reason=note)
            tell_unit(session, Role.NEUROSURGERY, referral.unit_id, "pathway-ended", key=referral.id, at=at)
            told.add(referral.unit_id)
    for assignment in session.scalars(select(PumpAssignment).where(col(PumpAssignment.case_id) == case_id)):
        if assignment.state in rules.ASSIGNMENT_OPEN:
            assignment.reason_code = reason
            move_assignment(session, assignment, "not-done", by=by, at=at, reason=note)
            tell_unit(session, Role.REGIONAL_FUNCTION, assignment.unit_id, "pathway-ended", key=assignment.id, at=at)
            told.add(assignment.unit_id)
        elif assignment.state == AssignmentState.INSERTED and reason == "died":
            move_assignment(session, assignment, "follow-up", by=by, at=at, reason=note)
    _end_actions(session, case_id, reason=reason, note=note, by=by, at=at)
    return told


def _end_actions(session: Session, case_id: int, *, reason: NotDoneReason, note: str, by: Viewer, at: datetime) -> None:
    for action in session.scalars(select(PathwayAction).where(col(PathwayAction.case_id) == case_id)):
        if action.state == ActionState.OPEN:
            action.reason_code, action.note = reason, note
            move_action(session, action, "not-done", by=by, at=at, reason=note)


def home_region(case: Case) -> str:
    """The region that carries out or pays what is decided. Raises `RuleBroken("case.no-home-region")`."""
    if case.home_region is None:
        message = "Patientens hemregion saknas. Komplettera ärendet innan protokollet signeras."
        raise RuleBroken("case.no-home-region", message)
    return case.home_region


def _prerequisite(
    row: prerequisites.Prerequisite,
    case: Case,
    standing: Standing,
    *,
    at: datetime,
    referral_id: str | None = None,
    assignment_id: str | None = None,
) -> PathwayPrerequisite:
    owner, note, until = _met_from_the_start(row, case, standing)
    return PathwayPrerequisite(
        referral_id=referral_id,
        assignment_id=assignment_id,
        n=row.n,
        applies=row.applies,
        state="met" if owner else "open",
        owner=owner,
        note=note,
        at=at if owner else None,
        valid_until=until,
    )


def _met_from_the_start(
    row: prerequisites.Prerequisite, case: Case, standing: Standing
) -> tuple[str, str, date | None]:
    """Who answers for a row that signing meets, on what ground and until when; nobody for one that is open."""
    if row.n == 1:
        return "Konferensen", "Enligt det signerade protokollet", None
    submission = submission_of(case)
    if row.n == 5 and value_at(submission, "patient_view.accepts") == "yes":
        return case.unit_id, "Enligt remissen", None
    return standing.of(row, value_at(submission, "patient.municipality"))
