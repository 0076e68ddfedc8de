"""Acts on an implant referral: neurosurgery's, from receiving to reporting back, and the referring unit's answers."""

from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did, moved
from mdk.cases import service as cases
from mdk.cases.queries import submission_of
from mdk.cases.service import check_version
from mdk.cases.tables import Case
from mdk.conferences.agenda import let_go
from mdk.conferences.rules import READABLE_AFTER_CLOSE
from mdk.conferences.tables import Conference
from mdk.errors import Invalid, Problem
from mdk.outbox.service import notice
from mdk.pathways import rules
from mdk.pathways.queries import load_referral
from mdk.pathways.steps import close_case, move_referral, tell_referrer, tell_unit
from mdk.pathways.structs import Fact, ReferralState
from mdk.pathways.tables import ImplantReferral, PackFact
from mdk.people.queries import function_unit, holders
from mdk.people.structs import Role, Viewer


def receive(session: Session, *, referral_id: str, by: Viewer, at: datetime) -> ImplantReferral:
    """Note that neurosurgery has opened a new referral; later openings change nothing.

    Raises `NotFound`, `NotAllowed`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    if referral.state == ReferralState.CREATED:
        move_referral(session, referral, "receive", by=by, at=at)
    return referral


def accept(session: Session, *, referral_id: str, version: int, by: Viewer, at: datetime) -> ImplantReferral:
    """Neurosurgery takes the referral on, whatever the pack lacks; the referrer is told.

    As every first act of neurosurgery it receives a new referral, too.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    case = _worked(session, referral, "accept", version, by=by, at=at)
    tell_referrer(session, case, "referral-accepted", at=at)
    return referral


def request_information(
    session: Session, *, referral_id: str, version: int, what: str, by: Viewer, at: datetime
) -> ImplantReferral:
    """Ask the referring unit for more, which is told; the move is then the referrer's.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    case = _worked(session, referral, "request-information", version, by=by, at=at, reason=what)
    tell_referrer(session, case, "information-requested", at=at)
    return referral


def supply_information(
    session: Session, *, referral_id: str, version: int, text: str, facts: list[Fact], by: Viewer, at: datetime
) -> ImplantReferral:
    """The referring unit answers what neurosurgery asked, and fills in rows of the pack; neurosurgery is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid` for a row that the pack does not lack,
    `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.supply", by=by, at=at)
    _check_facts(session, referral, facts)
    check_version(referral.version, version)
    move_referral(session, referral, "supply-information", by=by, at=at, reason=text)
    _keep(session, referral, facts, by=by, at=at)
    _tell_neurosurgery(session, referral, "information-supplied", at=at)
    return referral


def complete_pack(
    session: Session, *, referral_id: str, version: int, facts: list[Fact], by: Viewer, at: datetime
) -> ImplantReferral:
    """The referring unit fills in rows that the pack lacks without having been asked; the referral stays where it is.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid` for none and for a row that the pack does not
    lack, `RuleBroken("pathway.wrong-state")` once it has ended or the pump is in.
    """
    referral = load_referral(session, referral_id, act="referral.supply", by=by, at=at)
    if not facts:
        raise Invalid([Problem("facts", "Fyll i minst en uppgift.")])
    _check_facts(session, referral, facts)
    check_version(referral.version, version)
    rules.check_move(rules.REFERRAL_MOVES, "end", referral.state)
    _keep(session, referral, facts, by=by, at=at)
    referral.changed_at = at
    state = referral.state
    moved(session, "referral", referral.id, move=(state, state), act="complete-pack", by=by, at=at)
    did(session, "referral.complete-pack", by=by, at=at, cases=(session.get_one(Case, referral.case_id).number,))
    _tell_neurosurgery(session, referral, "information-supplied", at=at)
    return referral


def decline(
    session: Session, *, referral_id: str, version: int, reason: str, by: Viewer, at: datetime
) -> ImplantReferral:
    """Neurosurgery does not take the referral on: the case goes back to its referrer and stands in the queue again.

    It keeps its first date there, may be changed, and another conference may take it up. The referrer, the
    coordinators and the home region are told.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    case = _worked(session, referral, "decline", version, by=by, at=at, reason=reason)
    _return_to_queue(session, referral, case, reason=reason, by=by, at=at)
    tell_referrer(session, case, "referral-declined", at=at)
    for coordinator in holders(session, Role.COORDINATOR):
        notice(session, "referral-declined", person_id=coordinator.person_id, key=case.number, at=at)
    _tell_home_region(session, referral, "pathway-ended", at=at)
    return referral


def schedule(
    session: Session, *, referral_id: str, version: int, day: date, by: Viewer, at: datetime
) -> ImplantReferral:
    """Propose the day of the implantation, or another one; the referrer and the home region are told.

    Raises `NotFound`, `NotAllowed`, `Invalid` for a day that has passed, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    rules.check_planned(day, today=clock.today(at))
    case = _worked(session, referral, "schedule", version, by=by, at=at, reason=clock.spoken(day))
    referral.planned_for = day
    tell_referrer(session, case, "implant-scheduled", at=at)
    _tell_home_region(session, referral, "implant-scheduled", at=at)
    return referral


def implant(
    session: Session,
    *,
    referral_id: str,
    version: int,
    day: date,
    device: str | None,
    catheter_tip: str | None,
    by: Viewer,
    at: datetime,
) -> ImplantReferral:
    """Record that the pump is in: the day, the device and where the catheter's tip lies; the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Invalid` for a day that lies ahead or before the decision, `Stale`,
    `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    rules.check_happened(day, decided_on=clock.today(referral.created_at), today=clock.today(at))
    case = _worked(session, referral, "implant", version, by=by, at=at, reason=clock.spoken(day))
    referral.implanted_on, referral.device, referral.placed_tip = day, device or "", catheter_tip or ""
    tell_referrer(session, case, "pump-in-place", at=at)
    return referral


def cancel(
    session: Session, *, referral_id: str, version: int, reason: str, by: Viewer, at: datetime
) -> ImplantReferral:
    """Call off an implantation that was accepted or scheduled; the case is closed, and the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    case = _worked(session, referral, "cancel", version, by=by, at=at, reason=reason)
    close_case(session, case, by=by, at=at)
    tell_referrer(session, case, "referral-cancelled", at=at)
    _tell_home_region(session, referral, "pathway-ended", at=at)
    return referral


def report(session: Session, *, referral_id: str, version: int, text: str, by: Viewer, at: datetime) -> ImplantReferral:
    """Report back to the referrer and the home region, which are told; with that the case is closed.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("pathway.wrong-state")`.
    """
    referral = load_referral(session, referral_id, act="referral.work", by=by, at=at)
    case = _worked(session, referral, "report", version, by=by, at=at)
    referral.report = text
    close_case(session, case, by=by, at=at)
    tell_referrer(session, case, "implant-reported", at=at)
    _tell_home_region(session, referral, "implant-reported", at=at)
    return referral


def _worked(
    session: Session, referral: ImplantReferral, act: str, version: int, *, by: Viewer, at: datetime, reason: str = ""
) -> Case:
    """Do neurosurgery's `act`; the first one on a new referral receives it, too."""
    check_version(referral.version, version)
    is_new = referral.state == ReferralState.CREATED
    rules.check_move(rules.REFERRAL_MOVES, act, ReferralState.RECEIVED if is_new else referral.state)
    if is_new:
        move_referral(session, referral, "receive", by=by, at=at)
    return move_referral(session, referral, act, by=by, at=at, reason=reason)


def _return_to_queue(
    session: Session, referral: ImplantReferral, case: Case, *, reason: str, by: Viewer, at: datetime
) -> None:
    case.decided_at = case.read_confirmed_at = case.read_again_since = case.outcome = None
    cases.step(session, case, "return", by=by, at=at, reason=reason)
    cases.end_grants(session, key=referral.id, until=at + READABLE_AFTER_CLOSE)
    let_go(session, conference=session.get_one(Conference, referral.conference_id), case=case)


def _check_facts(session: Session, referral: ImplantReferral, facts: list[Fact]) -> None:
    """Only what the pack lacks, or what was filled in before, can be filled in."""
    lacking = rules.gaps(submission_of(session.get_one(Case, referral.case_id)), referral.catheter_tip)
    known = {gap.field for gap in lacking}
    problems = [
        Problem(f"facts.{place}.field", "Underlaget saknar inte den uppgiften.")
        for place, fact in enumerate(facts)
        if fact.field not in known
    ]
    if problems:
        raise Invalid(problems)


def _keep(session: Session, referral: ImplantReferral, facts: list[Fact], *, by: Viewer, at: datetime) -> None:
    told = {fact.field: fact.text for fact in facts}
    session.execute(
        delete(PackFact).where(col(PackFact.referral_id) == referral.id, col(PackFact.field).in_(list(told)))
    )
    for field, text in told.items():
        session.add(PackFact(referral_id=referral.id, field=field, text=text, at=at, person_id=by.person_id))


def _tell_neurosurgery(session: Session, referral: ImplantReferral, kind: str, *, at: datetime) -> None:
    tell_unit(session, Role.NEUROSURGERY, referral.unit_id, kind, key=referral.id, at=at)


def _tell_home_region(session: Session, referral: ImplantReferral, kind: str, *, at: datetime) -> None:
    unit = function_unit(session, referral.home_region)
    tell_unit(session, Role.REGIONAL_FUNCTION, unit.id, kind, key=referral.id, at=at)
