"""The act of recording what the treating doctor decides with the patient, apart from what the conference recommends."""

from datetime import datetime

from sqlalchemy.orm import Session

from mdk.audit.service import did, moved
from mdk.cases.queries import load
from mdk.cases.service import check_version
from mdk.cases.tables import Case, TreatmentDecision
from mdk.cases.treatment_structs import Follows
from mdk.errors import Invalid, Problem, RuleBroken
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.structs import Role, Viewer


def decide(
    session: Session, *, number: str, version: int, follows: Follows, why: str, by: Viewer, at: datetime
) -> Case:
    """Record whether the treating doctor follows the recommendation; a later decision stands beside the earlier ones.

    Whoever decides has read, so the reading counts as confirmed. The coordinators are told of a departure.
    Raises `NotFound`, `NotAllowed`, `Invalid` for a departure without a reason, `Stale`, and
    `RuleBroken("case.wrong-state")` before there is a recommendation.
    """
    case = load(session, number, act="case.treatment-decision", by=by, at=at)
    if follows != "yes" and not why.strip():
        raise Invalid([Problem("why", "Skriv varför beslutet avviker från rekommendationen.")])
    check_version(case.version, version)
    if case.decided_at is None and case.answer is None:
        message = "Det finns ingen rekommendation att ta ställning till än."
        raise RuleBroken("case.wrong-state", message)
    session.add(TreatmentDecision(case_id=case.id or 0, follows=follows, why=why, at=at, person_id=by.person_id))
    case.read_confirmed_at = case.read_confirmed_at or at
    case.changed_at = at
    moved(session, "case", number, move=(case.state, case.state), act="treatment-decision", by=by, at=at, reason=why)
    did(session, "case.treatment-decision", by=by, at=at, cases=(number,))
    for coordinator in holders(session, Role.COORDINATOR) if follows != "yes" else ():
        notice(session, "treatment-departs", person_id=coordinator.person_id, key=number, at=at)
    return case
