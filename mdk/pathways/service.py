"""Acts on the pathways: open a referral or an assignment, receive and accept it."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from mdk.audit.service import did, moved
from mdk.cases.queries import submission_of
from mdk.cases.rules import value_at
from mdk.cases.service import check_version
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.clinical.reference import has_asih
from mdk.errors import RuleBroken
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes
from mdk.pathways import rules
from mdk.pathways.queries import load_assignment, load_referral
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayPrerequisite, PumpAssignment
from mdk.people.structs import Viewer


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
    session.add_all(_prerequisite(row, case, at, referral_id=referral.id) for row in prerequisites.for_intern())
    moved(session, "referral", referral.id, move=("", ReferralState.CREATED), act="open", by=by, at=at)
    did(session, "referral.open", by=by, at=at, cases=(case.number,))
    return referral


def open_assignment(
    session: Session, *, case: Case, minutes: Minutes, body: MinutesBody, unit_id: str, by: Viewer, at: datetime
) -> PumpAssignment:
    """Open the pump assignment that signed minutes recommend, with the 20 prerequisites (19 apply with ASIH).

    Part of signing, whose right was checked. Raises `RuleBroken("case.no-home-region")`.
    """
    region = home_region(case)
    assignment = PumpAssignment(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        minutes_id=minutes.id or 0,
        conference_id=minutes.conference_id,
        unit_id=unit_id,
        home_region=region,
        due=body.due,
        created_at=at,
        changed_at=at,
    )
    session.add(assignment)
    session.flush()
    session.add_all(
        _prerequisite(row, case, at, assignment_id=assignment.id)
        for row in prerequisites.for_extern(has_asih=has_asih(region))
    )
    moved(session, "assignment", assignment.id, move=("", AssignmentState.ASSIGNED), act="open", by=by, at=at)
    did(session, "assignment.open", by=by, at=at, cases=(case.number,))
    return assignment


def receive_referral(session: Session, *, referral_id: str, by: Viewer, at: datetime) -> ImplantReferral:
    """Note that neurosurgery has opened a new referral; later openings change nothing.

    Raises `NotFound`, `NotAllowed`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by)
    if referral.state == ReferralState.CREATED:
        _move_referral(session, referral, "receive", by=by, at=at)
    return referral


def accept_referral(session: Session, *, referral_id: str, version: int, by: Viewer, at: datetime) -> ImplantReferral:
    """Neurosurgery takes the referral on; the first act on a new referral receives it, too.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by)
    check_version(referral.version, version)
    if referral.state == ReferralState.CREATED:
        _move_referral(session, referral, "receive", by=by, at=at)
    _move_referral(session, referral, "accept", by=by, at=at)
    return referral


def accept_assignment(
    session: Session, *, assignment_id: str, version: int, by: Viewer, at: datetime
) -> PumpAssignment:
    """The region's function takes the pump on.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    assignment = load_assignment(session, assignment_id, act="assignment.work", by=by)
    check_version(assignment.version, version)
    before = assignment.state
    assignment.state = rules.check_move(rules.ASSIGNMENT_MOVES, "accept", before)
    assignment.changed_at = at
    session.flush()
    moved(session, "assignment", assignment.id, move=(before, assignment.state), act="accept", by=by, at=at)
    did(session, "assignment.accept", by=by, at=at, cases=_number(session, assignment.case_id))
    return assignment


def _move_referral(session: Session, referral: ImplantReferral, act: str, *, by: Viewer, at: datetime) -> None:
    before = referral.state
    referral.state = rules.check_move(rules.REFERRAL_MOVES, act, before)
    referral.changed_at = at
    session.flush()
    moved(session, "referral", referral.id, move=(before, referral.state), act=act, by=by, at=at)
    did(session, f"referral.{act}", by=by, at=at, cases=_number(session, referral.case_id))


def _number(session: Session, case_id: int) -> tuple[str]:
    return (session.get_one(Case, case_id).number,)


def _prerequisite(
    row: prerequisites.Prerequisite,
    case: Case,
    at: datetime,
    *,
    referral_id: str | None = None,
    assignment_id: str | None = None,
) -> PathwayPrerequisite:
    accepted = row.n == 5 and value_at(submission_of(case), "patient_view.accepts") == "yes"
    met = row.n == 1 or accepted
    return PathwayPrerequisite(
        referral_id=referral_id,
        assignment_id=assignment_id,
        n=row.n,
        applies=row.applies,
        state="met" if met else "open",
        owner="Konferensen" if row.n == 1 else case.unit_id if accepted else "",
        note="Enligt det signerade protokollet" if row.n == 1 else "Enligt remissen" if accepted else "",
        at=at if met else None,
    )


def home_region(case: Case) -> str:
    """The region that carries out or pays what is decided. Raises `RuleBroken("case.no-home-region")`."""
    if case.home_region is None:
        message = "Patientens hemregion saknas. Komplettera ärendet innan protokollet signeras."
        raise RuleBroken("case.no-home-region", message)
    return case.home_region
