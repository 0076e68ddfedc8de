"""Acts on a case: each is its state, its history, the access log and what is owed, in one transaction."""

from datetime import date, datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET
from sqlalchemy import text as sql
from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock as time
from mdk import parsing
from mdk.audit.service import did, moved
from mdk.audit.structs import Actor
from mdk.cases import blocking, filling, rules
from mdk.cases.changes import record_changes
from mdk.cases.queries import behind_glass, load, submission_of
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import HomeCare, Submission
from mdk.cases.tables import Case, CaseCounter, CaseRelation
from mdk.errors import Invalid, Problem, RuleBroken, Stale
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer

# In one statement, so that the first two cases of a year, made at once, do not get the same number.
_RAISE_COUNTER = sql(
    f"INSERT INTO {CaseCounter.__tablename__} (year, last) VALUES (:year, 1) "  # noqa: S608 - a table of ours
    f"ON CONFLICT (year) DO UPDATE SET last = {CaseCounter.__tablename__}.last + 1 RETURNING last"
)


def create(session: Session, *, submission: Submission, by: Viewer, at: datetime) -> Case:
    """Save a new draft of the viewer's unit; it may be incomplete, but what is given must be valid.

    Raises `NotAllowed`, `Invalid` with every bad value.
    """
    check_role("case.create", by)
    _check_values(submission, at)
    case = Case(
        number=_next_number(session, at),
        unit_id=by.unit_id,
        created_by=by.person_id,
        created_at=at,
        changed_at=at,
        identity_number="",
        submission="",
    )
    filling.fill(session, case, submission, at)
    filling.assess(session, case, at)
    session.add(case)
    session.flush()
    _move(session, case, "create", by=by, at=at, move=("", CaseState.DRAFT))
    return case


def patch(session: Session, *, number: str, version: int, changes: dict[str, Any], by: Viewer, at: datetime) -> Case:
    """Change the submission by a JSON merge patch (RFC 7396) until it is scheduled.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid` with every bad value, and
    `RuleBroken("case.not-editable")` once it is on a released agenda.
    """
    case = load(session, number, act="case.patch", by=by, at=at)
    merged = parsing.merged(msgspec.to_builtins(submission_of(case)), changes, Submission)
    submission = rules.read_submission(merged, today=time.today(at))
    return _replace(session, case, version, submission, by=by, at=at)


def replace(session: Session, *, number: str, version: int, submission: Submission, by: Viewer, at: datetime) -> Case:
    """Put a whole submission in place of the present one, under the same conditions as `patch`."""
    case = load(session, number, act="case.patch", by=by, at=at)
    return _replace(session, case, version, submission, by=by, at=at)


def submit(session: Session, *, number: str, version: int, by: Viewer, at: datetime) -> Case:
    """Send the case to triage, for the first time or after a supplement; the coordinators are told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`, and `RuleBroken("case.incomplete")`
    with every field that is missing.
    """
    case = load(session, number, act="case.submit", by=by, at=at)
    check_version(case.version, version)
    target = rules.check_move("submit", case.state)
    child = rules.is_child(case.birth_date, time.today(at))
    rules.check_complete(rules.completeness(submission_of(case), is_child=child))
    if case.submitted_at is None:
        case.submitted_at = case.waiting_from = at
    case.submitted_by, case.triage_from = by.person_id, at
    end_supplement(case, at)
    _step(session, case, "submit", target, by=by, at=at)
    for coordinator in holders(session, Role.COORDINATOR):
        notice(session, "case-submitted", person_id=coordinator.person_id, key=case.number, at=at)
    return case


def supplement(session: Session, *, number: str, version: int, text: str, by: Viewer, at: datetime) -> Case:
    """Add a dated text to a case whose agenda is already released; the coordinators are told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = load(session, number, act="case.supplement", by=by, at=at)
    check_version(case.version, version)
    if case.state not in {CaseState.SCHEDULED, CaseState.DISCUSSED, CaseState.DECIDED}:
        editable = "Ärendet kan fortfarande ändras direkt. Ändra uppgifterna i stället."
        ended = "Ärendet är avslutat och tar inte emot fler uppgifter."
        raise RuleBroken("case.wrong-state", editable if case.state in rules.EDITABLE else ended)
    case.changed_at = at
    moved(session, "case", number, move=(case.state, case.state), act="supplement", by=by, at=at, reason=text)
    did(session, "case.supplement", by=by, at=at, cases=(number,))
    for coordinator in holders(session, Role.COORDINATOR):
        notice(session, "case-supplemented", person_id=coordinator.person_id, key=number, at=at)
    return case


def accept(
    session: Session, *, number: str, version: int, urgency: str, override_reason: str | None, by: Viewer, at: datetime
) -> Case:
    """Take the case into the queue with the urgency of triage; the referrer is told.

    One that has become worse since then may be accepted anew where it stands: its urgency changes, its slot is kept.
    `override_reason` lets the case be released although fields that release needs are missing.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = _triaged(session, number, "accept", version, by=by, at=at)
    target = rules.check_move("accept", case.state, has_worsened=case.deteriorated_at is not None)
    is_anew, before = case.state in rules.RETRIAGED, submission_of(case)
    filling.fill(session, case, submission_of(case), at, urgency=urgency)
    record_changes(session, case, before, submission_of(case), person_id=by.person_id, at=at)
    case.accepted_at, case.deteriorated_at = case.accepted_at or at, None
    case.override_reason = override_reason or ""
    _step(session, case, "accept", target, by=by, at=at, reason=override_reason or "")
    _tell_referrer(session, case, "case-retriaged" if is_anew else "case-accepted", at)
    return case


def request_supplement(
    session: Session, *, number: str, version: int, what: str, until: date, by: Viewer, at: datetime
) -> Case:
    """Hand the move back to the referrer, who is told what is asked and until when; the clock stands still.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`, `Invalid` for a day that has passed.
    """
    case = load(session, number, act="case.request-supplement", by=by, at=at)
    if until < time.today(at):
        raise Invalid([Problem("until", "Dagen har passerat. Ange i dag eller en senare dag.")])
    check_version(case.version, version)
    rules.check_move("request-supplement", case.state)
    case.supplement_what, case.supplement_until, case.supplement_since = what, until, at
    _step(session, case, "request-supplement", CaseState.SUPPLEMENT_REQUESTED, by=by, at=at, reason=what)
    _tell_referrer(session, case, "supplement-requested", at)
    return case


def answer(session: Session, *, number: str, version: int, text: str, by: Viewer, at: datetime) -> Case:
    """Answer the question directly, without conference; the referrer is told, and the case counts as answered.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = _triaged(session, number, "answer", version, by=by, at=at)
    case.answer, case.ended_at = text, at
    _step(session, case, "answer", CaseState.ANSWERED, by=by, at=at)
    _tell_referrer(session, case, "case-answered", at)
    return case


def redirect(session: Session, *, number: str, version: int, to: str, reason: str, by: Viewer, at: datetime) -> Case:
    """Send the case elsewhere for good; the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = _triaged(session, number, "redirect", version, by=by, at=at)
    case.ended_at = at
    _step(session, case, "redirect", CaseState.REDIRECTED, by=by, at=at, reason=f"{to}: {reason}")
    _tell_referrer(session, case, "case-redirected", at)
    return case


def decline(session: Session, *, number: str, version: int, reason: str, by: Viewer, at: datetime) -> Case:
    """Decline the case with a reason; the referrer is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("case.wrong-state")`.
    """
    case = _triaged(session, number, "decline", version, by=by, at=at)
    case.ended_at = at
    _step(session, case, "decline", CaseState.DECLINED, by=by, at=at, reason=reason)
    _tell_referrer(session, case, "case-declined", at)
    return case


def confirm_read(session: Session, *, number: str, by: Viewer, at: datetime) -> Case:
    """The referrer confirms having read the recommendation; a second time changes nothing.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("case.wrong-state")` before a decision.
    """
    case = load(session, number, act="case.confirm-read", by=by, at=at)
    if case.decided_at is None and case.answer is None:
        message = "Det finns ingen rekommendation att bekräfta än."
        raise RuleBroken("case.wrong-state", message)
    case.read_confirmed_at = case.read_confirmed_at or at
    did(session, "case.confirm-read", by=by, at=at, cases=(number,))
    return case


def ask_to_read(session: Session, case: Case, *, by: Viewer, at: datetime) -> None:
    """Have the referring unit read again what was added to its answer, as part of an act whose right was checked.

    An answer that had been read waits from now on; one that had not, for as long as it did.
    """
    if case.read_confirmed_at is not None:
        case.read_confirmed_at, case.read_again_since = None, at
    _tell_referrer(session, case, "minutes-added", at)
    did(session, "case.ask-to-read", by=by, at=at, cases=(case.number,))


def break_glass(session: Session, *, number: str, reason: str, by: Viewer, at: datetime) -> None:
    """Give the viewer 24 hours' access to a case (nödöppning); it is logged and listed to the auditor.

    Raises `NotAllowed` for a role without patients, `NotFound` for a number that no submitted case has.
    """
    check_role("case.break-glass", by)
    case = behind_glass(session, number)
    grant(session, case, "glass", person_id=by.person_id, until=at + rules.GLASS_LASTS, reason=reason, at=at)
    did(session, "case.break-glass", by=by, at=at, cases=(number,), reason=reason)


def step(session: Session, case: Case, act: str, *, by: Viewer, at: datetime, reason: str = "") -> None:
    """Move a case as part of a larger act (`schedule`, `discuss`, `decide` …) whose right was already checked.

    Raises `RuleBroken("case.wrong-state")`.
    """
    _step(session, case, act, rules.check_move(act, case.state), by=by, at=at, reason=reason)


def hasten(session: Session, case: Case, *, until: datetime, by: Viewer, at: datetime) -> None:
    """Take a case out of triage or the queue into the urgent lane, whose right was already checked.

    A case that waits at triage is accepted as acute; one in the queue keeps the urgency that triage gave it.
    Raises `RuleBroken("case.wrong-state")`.
    """
    if case.state == CaseState.SUBMITTED:
        filling.fill(session, case, submission_of(case), at, urgency="acute")
        case.accepted_at = case.accepted_at or at
        step(session, case, "accept", by=by, at=at)
    case.urgent_until, case.deteriorated_at = until, None
    step(session, case, "urgent-open", by=by, at=at)


def take_home_care_answer(
    session: Session, case: Case, can_take: Literal["yes", "no"], *, reason: str, by: Actor, at: datetime
) -> None:
    """Put home care's answer into the case, as part of the act that recorded it; its history tells the words."""
    submission = submission_of(case)
    home_care = HomeCare() if submission.home_care is UNSET else submission.home_care
    home_care.can_take_extern, submission.home_care = can_take, home_care
    filling.fill(session, case, submission, at, urgency=case.urgency if case.accepted_at is not None else None)
    here = (case.state, case.state)
    moved(session, "case", case.number, move=here, act="home-care-answer", by=by, at=at, reason=reason)
    did(session, "case.home-care-answer", by=by, at=at, cases=(case.number,))


def grant(
    session: Session,
    case: Case,
    kind: str,
    *,
    at: datetime,
    person_id: int | None = None,
    unit_id: str | None = None,
    until: datetime | None = None,
    key: str = "",
    reason: str = "",
) -> None:
    """Let a person or a unit read a case, from now until `until` or for as long as the case is kept."""
    session.add(
        CaseRelation(
            case_id=case.id or 0,
            kind=kind,
            person_id=person_id,
            unit_id=unit_id,
            key=key,
            since=at,
            until=until,
            reason=reason,
        )
    )


def end_grants(session: Session, *, key: str, until: datetime) -> None:
    """Let every relation that was made under `key` end at `until`."""
    session.execute(update(CaseRelation).where(col(CaseRelation.key) == key).values(until=until))


def end_supplement(case: Case, at: datetime) -> None:
    """Nothing is asked of the referrer any more; the time that the clock stood still does not count."""
    if case.supplement_since is not None and case.waiting_from is not None:
        case.waiting_from += at - case.supplement_since
    case.supplement_since = case.supplement_until = None
    case.supplement_what = ""


def check_version(current: int, expected: int) -> None:
    """Raises `Stale` when the caller has not seen the current version."""
    if current != expected:
        raise Stale(current)


def _replace(session: Session, case: Case, version: int, submission: Submission, *, by: Viewer, at: datetime) -> Case:
    _check_values(submission, at)
    check_version(case.version, version)
    if case.state not in rules.EDITABLE:
        message = "Ärendet ligger på en utskickad agenda och kan inte ändras. Lämna en komplettering i stället."
        raise RuleBroken("case.not-editable", message)
    settled = case.urgency if case.accepted_at is not None else None
    if case.state in rules.MUST_STAY_COMPLETE:
        rules.check_complete(rules.completeness(submission, is_child=rules.is_child(case.birth_date, time.today(at))))
    before, identity = submission_of(case), case.identity_number
    filling.fill(session, case, submission, at, urgency=settled)
    blocking.follow(session, case, identity, by=by, at=at)
    filling.assess(session, case, at)
    record_changes(session, case, before, submission_of(case), person_id=by.person_id, at=at)
    did(session, "case.patch", by=by, at=at, cases=(case.number,))
    return case


def _check_values(submission: Submission, at: datetime) -> None:
    problems = rules.problems_of(submission, today=time.today(at))
    if problems:
        raise Invalid(problems)


def _triaged(session: Session, number: str, act: str, version: int, *, by: Viewer, at: datetime) -> Case:
    case = load(session, number, act=f"case.{act}", by=by, at=at)
    check_version(case.version, version)
    rules.check_move(act, case.state, has_worsened=case.deteriorated_at is not None)
    return case


def _step(
    session: Session, case: Case, act: str, target: CaseState, *, by: Viewer, at: datetime, reason: str = ""
) -> None:
    before, case.state, case.changed_at = case.state, target, at
    session.flush()
    _move(session, case, act, by=by, at=at, move=(before, target), reason=reason)


def _move(
    session: Session, case: Case, act: str, *, by: Viewer, at: datetime, move: tuple[str, str], reason: str = ""
) -> None:
    moved(session, "case", case.number, move=move, act=act, by=by, at=at, reason=reason)
    did(session, f"case.{act}", by=by, at=at, cases=(case.number,))


def _tell_referrer(session: Session, case: Case, kind: str, at: datetime) -> None:
    notice(session, kind, person_id=case.submitted_by or case.created_by, key=case.number, at=at)


def _next_number(session: Session, at: datetime) -> str:
    year = time.today(at).year
    last = session.execute(_RAISE_COUNTER, {"year": year}).scalar_one()
    return f"MDK-{year}-{last:04d}"
