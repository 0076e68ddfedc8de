"""Acts on a conference's frame: plan, change, move, cancel, open, close and answer."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import parsing
from mdk.audit.service import did, moved
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.clock import evening
from mdk.conferences import absences, answers, rules, sitting
from mdk.conferences.agenda import tell
from mdk.conferences.answer_structs import GivenAnswer
from mdk.conferences.frames import named_people, own_link, set_members
from mdk.conferences.held import discussions
from mdk.conferences.queries import load, released_items, view_of
from mdk.conferences.structs import ConferenceBody, ConferenceState
from mdk.conferences.tables import AgendaItem, Conference, Participation
from mdk.errors import Invalid, Problem, RuleBroken
from mdk.live import publish
from mdk.outbox.service import conference_changed, notice
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


def plan(session: Session, *, body: ConferenceBody, by: Viewer, at: datetime) -> Conference:
    """Plan a one-off conference; nobody is told before its first release.

    Raises `NotAllowed`, `Invalid` for a start that has passed, an unknown person or one without the role.
    """
    check_role("conference.plan", by)
    people = named_people(session, body, rules.past_start(body.starts_at, at))
    return _add(session, body, people, by=by, at=at)


def change(
    session: Session, *, conference_id: str, version: int, changes: dict[str, Any], by: Viewer, at: datetime
) -> Conference:
    """Change any field of a planned or released conference by a JSON merge patch; the chair also later on.

    After a release those whose time, place or part changes are told, and a new start asks everyone anew. A person
    who is kept need not be active any more, so that a replacement can be named. From the opening on nobody is told:
    a new chair may read what was invited for, and is reminded the same evening of what a closed conference has
    unsigned.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid`, `RuleBroken("conference.wrong-state")`, and
    `RuleBroken("conference.too-long")` when the agenda of one that is not begun no longer fits.
    """
    conference = load(session, conference_id, act="conference.change", by=by)
    now = body_of(session, conference, by=by, at=at)
    body = parsing.parse(ConferenceBody, parsing.merged(msgspec.to_builtins(now), changes, ConferenceBody))
    is_moved = body.starts_at != now.starts_at
    people = named_people(session, body, rules.past_start(body.starts_at, at) if is_moved else [], kept=now)
    cases.check_version(conference.version, version)
    if changes.keys() != {"chair"} or conference.state == ConferenceState.CANCELLED:
        rules.check_plannable(conference.state)
    is_ahead = conference.state in rules.PLANNABLE
    if is_ahead:
        check_fits(session, conference, body.duration_minutes)
    _fill(session, conference, body, people, at)
    if is_moved or body.consultant != now.consultant:
        absences.stand_in(session, conference=conference)
    did(session, "conference.change", by=by, at=at)
    publish(session, conference.id, "turn")
    if is_ahead:
        tell(session, conference, at)
    elif body.chair != now.chair:
        _hand_over(session, conference, at)
    return conference


def move(
    session: Session, *, conference_id: str, version: int, starts_at: datetime, by: Viewer, at: datetime
) -> Conference:
    """Move a planned or released conference; after a release everyone is told and asked anew, if the time is new.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid`, `RuleBroken("conference.wrong-state")`.
    """
    conference = load(session, conference_id, act="conference.move", by=by)
    past = rules.past_start(starts_at, at)
    if past:
        raise Invalid(past)
    cases.check_version(conference.version, version)
    rules.check_plannable(conference.state)
    is_moved = conference.starts_at != starts_at
    conference.starts_at, conference.changed_at = starts_at, at
    session.flush()
    if is_moved:
        absences.stand_in(session, conference=conference)
    moved(session, "conference", conference.id, move=(conference.state, conference.state), act="move", by=by, at=at)
    did(session, "conference.move", by=by, at=at)
    tell(session, conference, at)
    return conference


def cancel(session: Session, *, conference_id: str, version: int, reason: str, by: Viewer, at: datetime) -> Conference:
    """Cancel a conference: its cases go back to the queue with their place kept, and everyone invited is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("conference.wrong-state")`.
    """
    conference = load(session, conference_id, act="conference.cancel", by=by)
    cases.check_version(conference.version, version)
    conference.cancel_reason = reason
    _step(session, conference, "cancel", by=by, at=at, reason=reason)
    for item in released_items(session, conference):
        case = session.get_one(Case, item.case_id)
        if case.state == CaseState.SCHEDULED:
            cases.step(session, case, "unschedule", by=by, at=at, reason="Konferensen ställdes in")
    cases.end_grants(session, key=conference.id, until=at)
    _clear_agenda(session, conference)
    if conference.release:
        conference_changed(session, conference.id, at=at)
    return conference


def open_session(session: Session, *, conference_id: str, version: int, by: Viewer, at: datetime) -> Conference:
    """Begin a released conference. Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("conference.wrong-state")`."""
    conference = load(session, conference_id, act="conference.open", by=by)
    cases.check_version(conference.version, version)
    conference.opened_at = at
    _step(session, conference, "open", by=by, at=at)
    sitting.begin(session, conference)
    return conference


def close_session(session: Session, *, conference_id: str, version: int, by: Viewer, at: datetime) -> Conference:
    """End a conference: each case on it counts as discussed, and members may read them for 30 days more.

    Where cases were taken up one by one, those whose turn never came go back to the queue with their place kept.
    The chair is reminded the same evening of what is not signed.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("conference.wrong-state")`.
    """
    conference = load(session, conference_id, act="conference.close", by=by)
    cases.check_version(conference.version, version)
    conference.closed_at = at
    sitting.rest(session, conference, at=at)
    _step(session, conference, "close", by=by, at=at)
    gone, taken_up = _gone_on(session, conference), discussions(session, conference)
    for item in released_items(session, conference):
        case = session.get_one(Case, item.case_id)
        if case.state != CaseState.SCHEDULED or item.case_id in gone:
            continue
        if taken_up and item.case_id not in taken_up:
            cases.step(session, case, "unschedule", by=by, at=at, reason="Hann inte tas upp på konferensen")
        else:
            cases.step(session, case, "discuss", by=by, at=at)
    cases.end_grants(session, key=conference.id, until=at + rules.READABLE_AFTER_CLOSE)
    _clear_agenda(session, conference)
    notice(session, "minutes-unsigned", person_id=conference.chair_id, key=conference.id, at=evening(at))
    return conference


def reply(
    session: Session, *, conference_id: str, partstat: str, comment: str | None, by: Viewer, at: datetime
) -> Participation:
    """Record the viewer's own answer to the invitation, until the conference is over.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("conference.wrong-state")`.
    """
    load(session, conference_id, act="conference.reply", by=by)
    given = GivenAnswer(partstat=partstat, comment=comment or "", via="login")
    return answers.record(session, conference_id=conference_id, person_id=by.person_id, given=given, by=by, at=at)


def body_of(session: Session, conference: Conference, *, by: Viewer, at: datetime) -> ConferenceBody:
    """The conference as the body that would plan it."""
    view = view_of(session, conference, by=by, at=at)
    return ConferenceBody(**{name: getattr(view, name) for name in ConferenceBody.__struct_fields__})


def _add(session: Session, body: ConferenceBody, people: dict[str, int], *, by: Viewer, at: datetime) -> Conference:
    conference = Conference(
        id=uuid.uuid4().hex,
        starts_at=body.starts_at,
        duration_minutes=body.duration_minutes,
        chair_id=people[body.chair],
        consultant_id=people[body.consultant],
        changed_at=at,
    )
    session.add(conference)
    _fill(session, conference, body, people, at)
    conference.video_url = conference.video_url or own_link(session, conference.id)
    absences.stand_in(session, conference=conference)
    moved(session, "conference", conference.id, move=("", ConferenceState.PLANNED), act="plan", by=by, at=at)
    did(session, "conference.plan", by=by, at=at)
    return conference


def _fill(session: Session, conference: Conference, body: ConferenceBody, people: dict[str, int], at: datetime) -> None:
    conference.starts_at, conference.duration_minutes = body.starts_at, body.duration_minutes
    conference.chair_id, conference.consultant_id = people[body.chair], people[body.consultant]
    conference.deputy_id = people[body.deputy] if body.deputy else None
    conference.video_url, conference.changed_at = body.video_url, at
    session.flush()
    set_members(session, conference, [people[email] for email in body.members])


def _hand_over(session: Session, conference: Conference, at: datetime) -> None:
    """Let whoever chairs from now on read the cases, and after the closing be reminded of what is not signed."""
    is_closed = conference.state == ConferenceState.CLOSED
    until = at + rules.READABLE_AFTER_CLOSE if is_closed else None
    given: dict[str, Any] = {"person_id": conference.chair_id, "key": conference.id}
    for item in released_items(session, conference):
        case = session.get_one(Case, item.case_id)
        cases.grant(session, case, "conference", **given, until=until, at=at)
    if is_closed:
        notice(session, "minutes-unsigned", **given, at=evening(at))


def check_fits(session: Session, conference: Conference, duration: int) -> None:
    """Raises `RuleBroken("conference.too-long")` when the agenda needs more than `duration` minutes."""
    booked = sum(
        session.scalars(select(AgendaItem.minutes).where(col(AgendaItem.conference_id) == conference.id))  # type: ignore[call-overload]
    )
    if booked > duration:
        message = f"Agendan är {booked} minuter. Korta den innan konferensen görs kortare än så."
        raise RuleBroken("conference.too-long", message, (Problem("duration_minutes", message),))


def _step(session: Session, conference: Conference, act: str, *, by: Viewer, at: datetime, reason: str = "") -> None:
    before = conference.state
    conference.state, conference.changed_at = rules.check_move(act, before), at
    session.flush()
    moved(session, "conference", conference.id, move=(before, conference.state), act=act, by=by, at=at, reason=reason)
    did(session, f"conference.{act}", by=by, at=at)
    publish(session, conference.id, "turn")


def _gone_on(session: Session, conference: Conference) -> set[int]:
    """The cases that this conference let go, or that already stand on another agenda."""
    here = col(AgendaItem.conference_id) == conference.id
    return set(session.scalars(select(col(AgendaItem.case_id)).where(here != col(AgendaItem.open))))


def _clear_agenda(session: Session, conference: Conference) -> None:
    session.execute(update(AgendaItem).where(col(AgendaItem.conference_id) == conference.id).values(open=False))
