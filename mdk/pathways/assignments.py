"""Acts on a pump assignment: the region's function, those who support it, and the region it is handed over to."""

from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.cases import service as cases
from mdk.cases.queries import submission_of
from mdk.cases.rules import value_at
from mdk.cases.service import check_version
from mdk.cases.tables import Case, CaseRelation
from mdk.clinical import prerequisites
from mdk.clinical.reference import has_asih
from mdk.errors import RuleBroken
from mdk.pathways import rules
from mdk.pathways.queries import load_assignment
from mdk.pathways.standing import standing_of
from mdk.pathways.steps import close_case, move_assignment, note_assignment, tell_referrer, tell_unit
from mdk.pathways.structs import NotDoneReason
from mdk.pathways.tables import PathwayPrerequisite, PumpAssignment
from mdk.people.queries import function_unit
from mdk.people.structs import Role, Viewer

SUPPORTING_REGION = "skane"


def accept(session: Session, *, assignment_id: str, version: int, by: Viewer, at: datetime) -> PumpAssignment:
    """The region's function takes the pump on; the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    check_version(assignment.version, version)
    case = move_assignment(session, assignment, "accept", by=by, at=at)
    tell_referrer(session, case, "assignment-accepted", at=at)
    return assignment


def insert(
    session: Session,
    *,
    assignment_id: str,
    version: int,
    day: date,
    place: str | None,
    catheter_tip: str | None,
    drug: str | None,
    by: Viewer,
    at: datetime,
) -> PumpAssignment:
    """Record that the pump is in: the day, the place, the catheter's tip and the drug; the referrer is told.

    Prerequisites that are still open are shown and do not hold it back.
    Raises `NotFound`, `NotAllowed`, `Invalid` for a day that lies ahead or before the decision, `Stale`,
    `RuleBroken("pathway.wrong-state")`.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    rules.check_happened(day, decided_on=clock.today(assignment.created_at), today=clock.today(at))
    check_version(assignment.version, version)
    case = move_assignment(session, assignment, "insert", by=by, at=at, reason=clock.spoken(day))
    assignment.inserted_on, assignment.place = day, place or ""
    assignment.placed_tip, assignment.drug = catheter_tip or "", drug or ""
    tell_referrer(session, case, "pump-in-place", at=at)
    return assignment


def not_done(
    session: Session,
    *,
    assignment_id: str,
    version: int,
    reason_code: NotDoneReason,
    note: str,
    by: Viewer,
    at: datetime,
) -> PumpAssignment:
    """Record that no pump is put in, and why; the case is closed, and the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")` once a pump is in.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    check_version(assignment.version, version)
    case = move_assignment(session, assignment, "not-done", by=by, at=at, reason=note)
    assignment.reason_code = reason_code
    close_case(session, case, by=by, at=at)
    tell_referrer(session, case, "assignment-not-done", at=at)
    return assignment


def follow_up(session: Session, assignment: PumpAssignment, *, by: Viewer, at: datetime) -> None:
    """The 12-week follow-up of an inserted pump is in, as part of the act that recorded it; the case is closed.

    Raises `RuleBroken("pathway.wrong-state")` unless a pump is in.
    """
    case = move_assignment(session, assignment, "follow-up", by=by, at=at)
    close_case(session, case, by=by, at=at)


def ask_support(
    session: Session, *, assignment_id: str, version: int, text: str, by: Viewer, at: datetime
) -> PumpAssignment:
    """Ask the function in Skåne for support; it is told and may read the assignment and its case from now on.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")` once it has ended or the pump is in,
    and `RuleBroken("assignment.own-support")` for Skåne's own.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    check_version(assignment.version, version)
    rules.check_move(rules.ASSIGNMENT_MOVES, "not-done", assignment.state)
    if assignment.region == SUPPORTING_REGION:
        message = "Skånes funktion är den som ger stöd. Vänd er till konsulten i stället."
        raise RuleBroken("assignment.own-support", message)
    unit = function_unit(session, SUPPORTING_REGION)
    _let_in(session, assignment, unit.id, at=at)
    assignment.support_asked_at, assignment.support_answered_at = at, None
    _note(session, assignment, "ask-support", reason=text, by=by, at=at)
    tell_unit(session, Role.REGIONAL_FUNCTION, unit.id, "support-asked", key=assignment.id, at=at)
    return assignment


def answer_support(
    session: Session, *, assignment_id: str, version: int, text: str, by: Viewer, at: datetime
) -> PumpAssignment:
    """Skåne answers what it was asked; the region's function is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("assignment.no-question")` when nothing was asked.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.support", by=by, at=at)
    check_version(assignment.version, version)
    if assignment.support_asked_at is None or assignment.support_answered_at is not None:
        raise RuleBroken("assignment.no-question", "Det finns ingen fråga om stöd att svara på.")
    assignment.support_answered_at = at
    _note(session, assignment, "answer-support", reason=text, by=by, at=at)
    tell_unit(session, Role.REGIONAL_FUNCTION, assignment.unit_id, "support-answered", key=assignment.id, at=at)
    return assignment


def hand_over(
    session: Session, *, assignment_id: str, version: int, region: str, reason: str, by: Viewer, at: datetime
) -> PumpAssignment:
    """Hand the assignment over to another region's function, which begins by accepting it; the referrer is told, too.

    The one that hands over keeps reading it and its case until 30 days after the pathway has ended. What the patient
    has met stays met; what the unit answers for is asked anew, with what stands at the new one.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")` once it has ended or the pump is in,
    and `RuleBroken("assignment.same-region")`.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by, at=at)
    check_version(assignment.version, version)
    rules.check_move(rules.ASSIGNMENT_MOVES, "hand-over", assignment.state)
    if region == assignment.region:
        raise RuleBroken("assignment.same-region", "Uppdraget ligger redan hos den regionen. Välj en annan.")
    unit = function_unit(session, region)
    _let_in(session, assignment, unit.id, at=at)
    assignment.unit_id, assignment.region = unit.id, region
    case = move_assignment(session, assignment, "hand-over", by=by, at=at, reason=reason)
    _ask_anew(session, assignment, case, at=at)
    tell_unit(session, Role.REGIONAL_FUNCTION, unit.id, "assignment-received", key=assignment.id, at=at)
    tell_referrer(session, case, "assignment-handed-over", at=at)
    return assignment


def _note(session: Session, assignment: PumpAssignment, act: str, *, reason: str, by: Viewer, at: datetime) -> None:
    assignment.changed_at = at
    session.flush()
    note_assignment(session, assignment, act, before=assignment.state, by=by, at=at, reason=reason)


def _let_in(session: Session, assignment: PumpAssignment, unit_id: str, *, at: datetime) -> None:
    """Let a unit read the case and the assignment, once."""
    session.execute(
        delete(CaseRelation).where(col(CaseRelation.key) == assignment.id, col(CaseRelation.unit_id) == unit_id)
    )
    case = session.get_one(Case, assignment.case_id)
    cases.grant(session, case, "receiver", unit_id=unit_id, at=at, key=assignment.id)


def _ask_anew(session: Session, assignment: PumpAssignment, case: Case, *, at: datetime) -> None:
    """What the former unit met is open again, unless it stands at the new one or is the home municipality's."""
    municipality = value_at(submission_of(case), "patient.municipality")
    standing = standing_of(session, assignment.unit_id, day=clock.today(at))
    texts = {row.n: row for row in prerequisites.for_extern(has_asih=has_asih(assignment.home_region))}
    of_this = col(PathwayPrerequisite.assignment_id) == assignment.id
    for row in session.scalars(select(PathwayPrerequisite).where(of_this)):
        text = texts[row.n]
        if text.scope == "unit" and not text.by_municipality:
            owner, note, until = standing.of(text, municipality)
            row.state, row.owner, row.note, row.valid_until = "met" if owner else "open", owner, note, until
            row.at, row.person_id = at if owner else None, None
