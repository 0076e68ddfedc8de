"""Owns the urgent lane (snabbspår): a conference held in writing, from its opening until a meeting ratifies it."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, moved
from mdk.cases import reviews
from mdk.cases import service as cases
from mdk.cases.queries import load
from mdk.cases.tables import Case, UrgentOpinion, UrgentReview
from mdk.conferences import agenda
from mdk.conferences import queries as conferences
from mdk.conferences.rules import READABLE_AFTER_CLOSE
from mdk.conferences.structs import ConferenceKind, ConferenceState, ReleasedItem
from mdk.conferences.tables import AgendaRelease, Conference, ConferenceMember
from mdk.errors import Invalid, NotAllowed, NotFound, Problem, RuleBroken
from mdk.journey import decisions
from mdk.journey import urgent_rules as rules
from mdk.minutes import service as minutes_service
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes
from mdk.outbox.service import notice
from mdk.people.queries import holders, person_ids
from mdk.people.rules import CLINICAL_ROLES, Relation
from mdk.people.structs import Role, Viewer


def open_review(
    session: Session, *, number: str, version: int, members: list[str], deadline: datetime, by: Viewer, at: datetime
) -> Case:
    """Ask named specialists for written opinions before a deadline, instead of waiting for a meeting.

    The case leaves triage or the queue, and the working agenda on which it stood. The members may read it from now on;
    they, the consultant and the referrer are told, and reminders are owed.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid` with every bad member and deadline, and `RuleBroken`:
    `case.wrong-state`, `urgent.no-consultant`.
    """
    case = load(session, number, act="urgent.open", by=by, at=at)
    asked = _asked(session, members, rules.deadline_problems(deadline, at))
    cases.check_version(case.version, version)
    rules.check_may_open(case.state)
    consultant_id = _consultant(session, by)
    agenda.take_off(session, case=case, at=at)
    review = _begin(session, case, asked, consultant_id, deadline=deadline, by=by, at=at)
    cases.hasten(session, case, until=deadline, by=by, at=at)
    for person_id in asked:
        until = deadline + READABLE_AFTER_CLOSE
        cases.grant(session, case, "conference", person_id=person_id, until=until, key=review.conference_id, at=at)
    _tell_of_opening(session, case, review, asked, consultant_id, by=by, at=at)
    did(session, "urgent.open", by=by, at=at, cases=(number,))
    return case


def give_opinion(session: Session, *, number: str, text: str, by: Viewer, at: datetime) -> Case:
    """Give a written opinion; one that comes after the deadline is taken and marked, until the review is concluded.

    Once the last of those asked has answered, the consultant is told.

    Raises `NotFound`, `NotAllowed` for someone who was not asked, `RuleBroken("urgent.not-open")`.
    """
    case = load(session, number, act="urgent.opine", by=by, at=at)
    session.refresh(case, with_for_update=True)
    review = reviews.current(session, case)
    asked = reviews.member_ids(review)
    if by.person_id not in asked:
        raise NotAllowed
    before = {opinion.person_id for opinion in reviews.opinions_of(session, review)}
    session.add(UrgentOpinion(conference_id=review.conference_id, person_id=by.person_id, at=at, text=text))
    # A conclusion that was written without having seen this opinion must not pass unnoticed: the case has changed.
    case.changed_at = at
    session.flush()
    moved(session, "case", number, move=(case.state, case.state), act="urgent-opinion", by=by, at=at)
    did(session, "urgent.opine", by=by, at=at, cases=(number,))
    if by.person_id not in before and before | {by.person_id} >= set(asked):
        conference = session.get_one(Conference, review.conference_id)
        notice(session, "urgent-complete", person_id=conference.consultant_id, key=review.conference_id, at=at)
    return case


def conclude(
    session: Session, *, number: str, version: int, body: MinutesBody, sealing: Sealing, by: Viewer, at: datetime
) -> Case:
    """Conclude the review in signed minutes and set their recommendation going at once.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken`: `urgent.not-open`, those of
    `minutes.rules.check_signable`, and `case.no-home-region`.
    """
    case = load(session, number, act="urgent.conclude", by=by, at=at)
    cases.check_version(case.version, version)
    review = reviews.current(session, case)
    conference = session.get_one(Conference, review.conference_id)
    conference.chair_id = conference.consultant_id = by.person_id
    conference.state, conference.closed_at, conference.changed_at = ConferenceState.CLOSED, at, at
    minutes = minutes_service.conclude(
        session, conference=conference, case=case, body=body, sealing=sealing, by=by, at=at
    )
    case.urgent_until, review.concluded_at = None, at
    cases.end_grants(session, key=conference.id, until=at + READABLE_AFTER_CLOSE)
    decisions.set_going(session, case, minutes, by=by, at=at)
    did(session, "urgent.conclude", by=by, at=at, cases=(number,))
    return case


def end_review(session: Session, *, case: Case, at: datetime) -> set[int]:
    """End the review of a case that leaves the lane without a conclusion, as part of a larger act.

    Those who were asked may not read the case any longer; gives whom it concerns: they and the consultant.
    """
    review = reviews.current(session, case)
    conference = session.get_one(Conference, review.conference_id)
    conference.state, conference.closed_at, conference.changed_at = ConferenceState.CLOSED, at, at
    cases.end_grants(session, key=conference.id, until=at)
    return {*reviews.member_ids(review), conference.consultant_id}


def ratify(
    session: Session,
    *,
    number: str,
    version: int,
    conference: str,
    remark: str | None,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> Case:
    """Let the meeting `conference` ratify what was concluded in writing; a remark becomes an addendum to its minutes.

    Raises `NotFound`, `NotAllowed` for another than the meeting's chair, `Stale`, `Invalid` for a meeting that does
    not exist, and `RuleBroken`: `urgent.not-in-session`, `urgent.nothing-to-ratify`.
    """
    case = load(session, number, act="urgent.ratify", by=by, at=at)
    meeting = _meeting(session, conference, by)
    cases.check_version(case.version, version)
    if meeting.state != ConferenceState.IN_SESSION:
        raise RuleBroken("urgent.not-in-session", "Konferensen pågår inte. Börja den innan du ratificerar.")
    review = reviews.newest(session, case)
    minutes = None if review is None else _minutes(session, review)
    rules.check_ratifiable(
        concluded_at=None if review is None else review.concluded_at,
        ratified_at=None if review is None else review.ratified_at,
        is_deferred=minutes is not None and minutes.outcome == "deferred",
    )
    if review is None or minutes is None:
        raise NotFound
    review.ratified_at, review.ratified_by, review.ratified_at_conference = at, by.person_id, meeting.id
    case.changed_at = at
    text = (remark or "").strip()
    if text:
        written = session.get_one(Conference, review.conference_id)
        minutes_service.append(session, written, minutes, case=case, text=text, sealing=sealing, by=by, at=at)
    moved(session, "case", number, move=(case.state, case.state), act="urgent-ratify", by=by, at=at)
    did(session, "urgent.ratify", by=by, at=at, cases=(number,))
    return case


def _asked(session: Session, members: list[str], problems: list[Problem]) -> list[int]:
    """The people by id, each once; raises `Invalid` with `problems` and whatever is wrong with the people."""
    known = person_ids(session, members)
    clinical = {line.person_id for role in CLINICAL_ROLES for line in holders(session, role)}
    ids = [known.get(email.strip().lower(), 0) for email in members]
    if not members:
        problems = [*problems, Problem("members", "Välj minst en person som ska yttra sig.")]
    unknown, unfit = "Det finns ingen aktiv person med den adressen.", "Personen har inget kliniskt uppdrag."
    problems = problems + [
        Problem(f"members.{place}", unfit if person_id else unknown)
        for place, person_id in enumerate(ids)
        if person_id not in clinical
    ]
    if problems:
        raise Invalid(problems)
    return list(dict.fromkeys(ids))


def _consultant(session: Session, by: Viewer) -> int:
    if by.role == Role.CONSULTANT:
        return by.person_id
    available = holders(session, Role.CONSULTANT)
    if not available:
        message = "Det finns ingen konsult som kan sammanfatta. Lägg in en konsult eller ta upp ärendet på konferens."
        raise RuleBroken("urgent.no-consultant", message)
    return available[0].person_id


def _begin(
    session: Session, case: Case, asked: list[int], consultant_id: int, *, deadline: datetime, by: Viewer, at: datetime
) -> UrgentReview:
    """The written conference with the case as all of its agenda, and the review that it is held for."""
    minutes = max(1, int((deadline - at).total_seconds() // 60))
    conference = Conference(
        id=uuid.uuid4().hex,
        kind=ConferenceKind.URGENT,
        state=ConferenceState.IN_SESSION,
        starts_at=at,
        duration_minutes=minutes,
        chair_id=consultant_id,
        consultant_id=consultant_id,
        release=1,
        released_at=at,
        opened_at=at,
        changed_at=at,
    )
    session.add(conference)
    session.flush()
    presenter_id = case.submitted_by or case.created_by
    item = ReleasedItem(case_id=case.id or 0, number=case.number, minutes=minutes, presenter_id=presenter_id)
    review = UrgentReview(
        conference_id=conference.id,
        case_id=case.id or 0,
        member_ids=msgspec.json.encode(asked).decode(),
        deadline=deadline,
        opened_at=at,
        opened_by=by.person_id,
    )
    items = msgspec.json.encode([item]).decode()
    session.add(AgendaRelease(conference_id=conference.id, number=1, at=at, person_id=by.person_id, items=items))
    session.add_all(ConferenceMember(conference_id=conference.id, person_id=person_id) for person_id in asked)
    session.add(review)
    session.flush()
    return review


def _tell_of_opening(
    session: Session,
    case: Case,
    review: UrgentReview,
    asked: list[int],
    consultant_id: int,
    *,
    by: Viewer,
    at: datetime,
) -> None:
    key, halfway = review.conference_id, at + (review.deadline - at) / 2
    for person_id in asked:
        if person_id != by.person_id:
            notice(session, "urgent-asked", person_id=person_id, key=key, at=at)
        notice(session, "urgent-reminder", person_id=person_id, key=key, at=halfway)
    if consultant_id != by.person_id and consultant_id not in asked:
        notice(session, "urgent-begun", person_id=consultant_id, key=key, at=at)
    notice(session, "urgent-deadline", person_id=consultant_id, key=key, at=review.deadline)
    for coordinator in holders(session, Role.COORDINATOR):
        notice(session, "urgent-overdue", person_id=coordinator.person_id, key=key, at=review.deadline)
    notice(session, "case-urgent", person_id=case.submitted_by or case.created_by, key=case.number, at=at)


def _meeting(session: Session, conference_id: str, by: Viewer) -> Conference:
    try:
        meeting = conferences.load(session, conference_id, act="conference.read", by=by)
    except NotFound as unknown:
        raise Invalid([Problem("conference", "Det finns ingen sådan konferens.")]) from unknown
    if Relation.CHAIRS not in conferences.relations(session, meeting, by):
        raise NotAllowed
    return meeting


def _minutes(session: Session, review: UrgentReview) -> Minutes | None:
    return session.scalar(select(Minutes).where(col(Minutes.conference_id) == review.conference_id))
