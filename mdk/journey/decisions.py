"""Owns what a signature sets going: the case's decision, its pathway, the readers, and who is told."""

from datetime import datetime

from sqlalchemy.orm import Session

from mdk.cases import service as cases
from mdk.cases.tables import Case
from mdk.clock import add_working_days
from mdk.conferences.agenda import let_go
from mdk.minutes import service as minutes_service
from mdk.minutes.queries import body_of, signed_before
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes
from mdk.outbox.service import notice
from mdk.pathways import actions
from mdk.pathways import service as pathways
from mdk.pathways.action_rules import WITHOUT_ACTION
from mdk.people.queries import function_unit, holders, unit_of_kind
from mdk.people.structs import Role, Viewer

UNREAD_DAYS = 1  # working days after which whoever has not confirmed having read is reminded


def sign(
    session: Session,
    *,
    conference_id: str,
    number: str,
    version: int,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
    shown: str | None = None,
) -> Minutes:
    """Sign a case's minutes and set their recommendation going, in this one transaction.

    `intern_pump` opens an implant referral at neurosurgery, `extern_pump` a pump assignment at the home region's
    function, every other outcome an action at the referring unit; `deferred` sends the case back to the queue with its
    place kept. The referrer and the receiver are told.
    Asked for again, as by a double click or after a lost answer, it gives the signature that stands and does nothing.

    Raises what `mdk.minutes.service.sign` raises, and `RuleBroken("case.no-home-region")`.
    """
    done = signed_before(session, conference_id, number, version=version, by=by, at=at)
    if done is not None:
        return done
    conference, case, minutes = minutes_service.sign(
        session, conference_id=conference_id, number=number, version=version, sealing=sealing, by=by, at=at, shown=shown
    )
    set_going(session, case, minutes, by=by, at=at)
    if case.outcome == "deferred":
        let_go(session, conference=conference, case=case)
    return minutes


def set_going(session: Session, case: Case, minutes: Minutes, *, by: Viewer, at: datetime) -> None:
    """Carry on what signed minutes recommend, as part of the act that signed them.

    Raises `RuleBroken("case.no-home-region")`.
    """
    body = body_of(minutes)
    case.outcome = body.outcome
    if body.outcome == "deferred":
        cases.step(session, case, "defer", by=by, at=at, reason=body.motivation or "")
    else:
        case.decided_at, case.waits_for = at, None
        cases.step(session, case, "decide", by=by, at=at)
    if body.outcome == "intern_pump":
        _refer(session, case, minutes, body, by=by, at=at)
    elif body.outcome == "extern_pump":
        _assign(session, case, minutes, body, by=by, at=at)
    elif body.outcome not in WITHOUT_ACTION:
        actions.open_action(session, case=case, minutes=minutes, body=body, by=by, at=at)
        notice(session, "action-received", person_id=case.submitted_by or case.created_by, key=case.number, at=at)
    referrer = case.submitted_by or case.created_by
    notice(session, "minutes-signed", person_id=referrer, key=case.number, at=at)
    if body.outcome != "deferred":
        notice(session, "answer-unread", person_id=referrer, key=case.number, at=add_working_days(at, UNREAD_DAYS))


def _refer(session: Session, case: Case, minutes: Minutes, body: MinutesBody, *, by: Viewer, at: datetime) -> None:
    unit = unit_of_kind(session, "neurosurgery")
    referral = pathways.open_referral(session, case=case, minutes=minutes, body=body, unit_id=unit.id, by=by, at=at)
    payer = function_unit(session, referral.home_region)
    for unit_id in (unit.id, payer.id):
        cases.grant(session, case, "receiver", unit_id=unit_id, at=at, key=referral.id)
    for surgeon in holders(session, Role.NEUROSURGERY, unit_id=unit.id):
        notice(session, "referral-received", person_id=surgeon.person_id, key=referral.id, at=at)


def _assign(session: Session, case: Case, minutes: Minutes, body: MinutesBody, *, by: Viewer, at: datetime) -> None:
    unit = function_unit(session, pathways.home_region(case))
    assignment = pathways.open_assignment(session, case=case, minutes=minutes, body=body, unit_id=unit.id, by=by, at=at)
    cases.grant(session, case, "receiver", unit_id=unit.id, at=at, key=assignment.id)
    for person in holders(session, Role.REGIONAL_FUNCTION, unit_id=unit.id):
        notice(session, "assignment-received", person_id=person.person_id, key=assignment.id, at=at)
