"""Acts on the prerequisites: those of one patient's pathway, and those that stand for every patient until a day."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did, moved
from mdk.cases.queries import submission_of
from mdk.cases.rules import value_at
from mdk.cases.service import check_version
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.clinical.prerequisites import Prerequisite
from mdk.clinical.reference import has_asih
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.pathways import rules
from mdk.pathways.queries import load_assignment_row, load_referral_row
from mdk.pathways.steps import move_assignment
from mdk.pathways.structs import AssignmentState, PrerequisiteBody, StandingBody
from mdk.pathways.tables import ImplantReferral, PathwayPrerequisite, PumpAssignment, StandingPrerequisite
from mdk.people.rules import check_role, may_ever
from mdk.people.structs import Viewer


def set_of_referral(
    session: Session, *, referral_id: str, n: int, version: int, body: PrerequisiteBody, by: Viewer, at: datetime
) -> ImplantReferral:
    """Neurosurgery sets any of the 18 prerequisites, the home region's function those that it answers for.

    Raises `NotFound` also for a number that an intern pump does not need, `NotAllowed`, `Invalid` for a met one
    without an owner, `Stale`, `RuleBroken("pathway.wrong-state")` once it has ended or the pump is in.
    """
    referral, row = load_referral_row(session, referral_id, n, by=by, at=at)
    rules.check_prerequisite(row, body, today=clock.today(at))
    check_version(referral.version, version)
    rules.check_move(rules.REFERRAL_MOVES, "end", referral.state)
    referral.changed_at = at
    _set(session, col(PathwayPrerequisite.referral_id) == referral.id, n, body, by=by, at=at)
    if body.valid_until is not None:
        _remember(session, n, _stands(body, ""), by=by, at=at)
    _log(session, "referral", referral, n, by=by, at=at)
    return referral


def set_of_assignment(
    session: Session, *, assignment_id: str, n: int, version: int, body: PrerequisiteBody, by: Viewer, at: datetime
) -> PumpAssignment:
    """The function sets one of the 20 prerequisites; the first one takes an accepted assignment into preparation.

    One that is met until a day is remembered for the unit or the patient's municipality.
    Raises `NotFound` also for a number that there is not, `NotAllowed`, `Invalid` for a met one without an owner,
    `Stale`, `RuleBroken("pathway.wrong-state")` before it is accepted and once it has ended or the pump is in,
    `RuleBroken("prerequisite.not-applicable")` for row 19 where the home region has ASIH.
    """
    assignment, row = load_assignment_row(session, assignment_id, n, by=by, at=at)
    rules.check_prerequisite(row, body, today=clock.today(at))
    check_version(assignment.version, version)
    rules.check_move(rules.ASSIGNMENT_MOVES, "prepare", assignment.state)
    if not row.applies:
        message = "Förutsättningen gäller inte där hemregionen har ASIH."
        raise RuleBroken("prerequisite.not-applicable", message)
    if assignment.state == AssignmentState.ACCEPTED:
        move_assignment(session, assignment, "prepare", by=by, at=at)
    assignment.changed_at = at
    case = session.get_one(Case, assignment.case_id)
    place = value_at(submission_of(case), "patient.municipality") if row.by_municipality else ""
    _set(session, col(PathwayPrerequisite.assignment_id) == assignment.id, n, body, by=by, at=at)
    if body.valid_until is not None and (place or not row.by_municipality):
        _remember(session, n, _stands(body, place), by=by, at=at)
    _log(session, "assignment", assignment, n, by=by, at=at)
    return assignment


def keep_standing(session: Session, *, n: int, body: StandingBody, by: Viewer, at: datetime) -> StandingPrerequisite:
    """Say, or say anew, that the viewer's unit or a municipality meets a prerequisite for every patient until a day.

    Raises `NotAllowed`, `NotFound` for a number that the unit has nothing to do with, `Invalid` for a day that has
    passed or lies too far ahead, and for a municipality that is missing or does not belong there.
    """
    check_role("standing.keep", by)
    row = next((row for row in rows_of(by) if row.n == n), None)
    if row is None:
        raise NotFound
    said = PrerequisiteBody(state="met", owner=body.owner, note=body.note, valid_until=body.valid_until)
    rules.check_prerequisite(row, said, today=clock.today(at))
    if row.by_municipality != bool(body.municipality.strip()):
        needed = "Ange den kommun som uppfyller förutsättningen."
        unneeded = "Enheten uppfyller förutsättningen själv. Lämna kommunen tom."
        raise Invalid([Problem("municipality", needed if row.by_municipality else unneeded)])
    kept = _remember(session, n, body, by=by, at=at)
    did(session, "standing.keep", by=by, at=at)
    return kept


def end_standing(session: Session, *, standing_id: int, by: Viewer, at: datetime) -> None:
    """What stood no longer stands; the patients who began with it met keep it as it was.

    Raises `NotAllowed`, `NotFound` for another unit's.
    """
    check_role("standing.keep", by)
    row = session.get(StandingPrerequisite, standing_id)
    if row is None or row.unit_id != by.unit_id:
        raise NotFound
    session.delete(row)
    did(session, "standing.end", by=by, at=at)


def rows_of(by: Viewer) -> list[Prerequisite]:
    """The prerequisites that the viewer's unit answers for."""
    if may_ever("referral.work", by):
        return prerequisites.for_intern()
    return prerequisites.for_extern(has_asih=has_asih(by.region or ""))


def _set(
    session: Session,
    of_this: ColumnElement[bool],
    n: int,
    body: PrerequisiteBody,
    *,
    by: Viewer,
    at: datetime,
) -> None:
    row = session.scalars(select(PathwayPrerequisite).where(of_this, col(PathwayPrerequisite.n) == n)).one()
    before, subject = row.state, f"{row.referral_id or row.assignment_id}.{row.n}"
    row.state, row.owner, row.note, row.valid_until = body.state, body.owner.strip(), body.note, body.valid_until
    row.at, row.person_id = at, by.person_id
    session.flush()
    moved(session, "prerequisite", subject, move=(before, row.state), act="set", by=by, at=at, reason=body.note)


def _remember(session: Session, n: int, body: StandingBody, *, by: Viewer, at: datetime) -> StandingPrerequisite:
    """Let it stand for the viewer's unit, or the municipality in its region, in place of what stood before."""
    place = body.municipality.strip()
    same = (col(StandingPrerequisite.unit_id) == by.unit_id, col(StandingPrerequisite.n) == n)
    for old in session.scalars(select(StandingPrerequisite).where(*same)):
        if old.municipality.casefold() == place.casefold():
            session.delete(old)
    session.flush()
    kept = StandingPrerequisite(
        unit_id=by.unit_id,
        municipality=place,
        n=n,
        owner=body.owner.strip(),
        note=body.note,
        valid_until=body.valid_until,
        at=at,
        person_id=by.person_id,
    )
    session.add(kept)
    session.flush()
    return kept


def _stands(body: PrerequisiteBody, municipality: str) -> StandingBody:
    return StandingBody(
        owner=body.owner, note=body.note, valid_until=body.valid_until or date.min, municipality=municipality
    )


def _log(
    session: Session, kind: str, pathway: ImplantReferral | PumpAssignment, n: int, *, by: Viewer, at: datetime
) -> None:
    number = session.get_one(Case, pathway.case_id).number
    did(session, f"{kind}.prerequisite", by=by, at=at, cases=(number,), reason=str(n))
