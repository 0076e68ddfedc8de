"""Acts on a conference's frame: plan, change, move, cancel, open, close, answer; and series."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import parsing
from mdk.audit.service import did, moved
from mdk.audit.structs import Actor
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences import answers, rules
from mdk.conferences.agenda import sync_grants, sync_participations
from mdk.conferences.invited import ids_of
from mdk.conferences.queries import load, released_items, view_of
from mdk.conferences.structs import ConferenceBody, ConferenceState, GivenAnswer, SeriesBody
from mdk.conferences.tables import AgendaItem, Conference, ConferenceMember, Participation, Series
from mdk.db import choices
from mdk.errors import Invalid, Problem, RuleBroken
from mdk.outbox.service import conference_changed
from mdk.people.queries import holders, person_ids
from mdk.people.rules import CLINICAL_ROLES, check_role
from mdk.people.structs import Role, Viewer

HORIZON = timedelta(weeks=12)
_STANDS_IN = (Role.CONSULTANT, Role.CHAIR, Role.MEMBER, Role.COORDINATOR, Role.NEUROSURGERY)


def plan(session: Session, *, body: ConferenceBody, by: Viewer, at: datetime) -> Conference:
    """Plan a one-off conference; nobody is told before its first release.

    Raises `NotAllowed`, `Invalid` for a start that has passed, an unknown person or one without the role.
    """
    check_role("conference.plan", by)
    people = _people(session, body, rules.past_start(body.starts_at, at))
    return _add(session, body, people, by=by, at=at)


def change(
    session: Session, *, conference_id: str, version: int, changes: dict[str, Any], by: Viewer, at: datetime
) -> Conference:
    """Change any field of a planned or released conference by a JSON merge patch; the chair also later on.

    After a release those whose time, place or part changes are told, and a new start asks everyone anew. A person
    who is kept need not be active any more, so that a replacement can be named.

    Raises `NotFound`, `NotAllowed`, `Stale`, `Invalid`, `RuleBroken("conference.wrong-state")`, and
    `RuleBroken("conference.too-long")` when the agenda no longer fits.
    """
    conference = load(session, conference_id, act="conference.change", by=by)
    now = body_of(session, conference, by=by, at=at)
    body = parsing.parse(ConferenceBody, parsing.merged(msgspec.to_builtins(now), changes, ConferenceBody))
    is_moved = body.starts_at != now.starts_at
    people = _people(session, body, rules.past_start(body.starts_at, at) if is_moved else [], kept=now)
    cases.check_version(conference.version, version)
    if changes.keys() != {"chair"} or conference.state == ConferenceState.CANCELLED:
        rules.check_plannable(conference.state)
    _check_fits(session, conference, body.duration_minutes)
    _fill(session, conference, body, people, at)
    if is_moved:
        _ask_anew(session, conference)
    did(session, "conference.change", by=by, at=at)
    if conference.state in rules.PLANNABLE:
        _tell(session, conference, at)
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
        _ask_anew(session, conference)
    moved(session, "conference", conference.id, move=(conference.state, conference.state), act="move", by=by, at=at)
    did(session, "conference.move", by=by, at=at)
    _tell(session, conference, at)
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
    return conference


def close_session(session: Session, *, conference_id: str, version: int, by: Viewer, at: datetime) -> Conference:
    """End a conference: each case on it counts as discussed, and members may read them for 30 days more.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("conference.wrong-state")`.
    """
    conference = load(session, conference_id, act="conference.close", by=by)
    cases.check_version(conference.version, version)
    conference.closed_at = at
    _step(session, conference, "close", by=by, at=at)
    gone = _gone_on(session, conference)
    for item in released_items(session, conference):
        case = session.get_one(Case, item.case_id)
        if case.state == CaseState.SCHEDULED and item.case_id not in gone:
            cases.step(session, case, "discuss", by=by, at=at)
    cases.end_grants(session, key=conference.id, until=at + rules.READABLE_AFTER_CLOSE)
    _clear_agenda(session, conference)
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


def create_series(session: Session, *, body: SeriesBody, by: Viewer, at: datetime) -> Series:
    """Begin a series and plan its conferences as far ahead as `HORIZON`.

    Raises `NotAllowed`, `Invalid` for a bad rule, a first start that has passed, or a person without the role.
    """
    check_role("series.create", by)
    problems = rules.past_start(body.first_start, at, "first_start")
    try:
        rules.occurrences(body.rrule, body.first_start, until=at + HORIZON)
    except Invalid as unreadable:
        problems += unreadable.problems
    people = _people(session, body, problems)
    series = Series(
        id=uuid.uuid4().hex,
        name=body.name,
        rrule=body.rrule,
        first_start=body.first_start,
        duration_minutes=body.duration_minutes,
        chair_id=people[body.chair],
        consultant_id=people[body.consultant],
        deputy_id=people[body.deputy] if body.deputy else None,
        member_ids=msgspec.json.encode([people[email] for email in body.members]).decode(),
        video_url=body.video_url,
        created_at=at,
    )
    session.add(series)
    session.flush()
    did(session, "series.create", by=by, at=at)
    plan_ahead(session, series=series, by=by, at=at)
    return series


def plan_ahead(session: Session, *, series: Series, by: Actor, at: datetime) -> int:
    """Plan the conferences of a series that are due within `HORIZON` and not planned yet; gives how many."""
    known = set(session.scalars(select(Conference.occurrence).where(col(Conference.series_id) == series.id)))  # type: ignore[call-overload]
    added = 0
    for start in rules.occurrences(series.rrule, series.first_start, until=at + HORIZON):
        if start <= at or start.isoformat() in known:
            continue
        conference_id = uuid.uuid4().hex
        conference = Conference(
            id=conference_id,
            series_id=series.id,
            occurrence=start.isoformat(),
            starts_at=start,
            duration_minutes=series.duration_minutes,
            chair_id=series.chair_id,
            consultant_id=series.consultant_id,
            deputy_id=series.deputy_id,
            video_url=series.video_url or _own_link(session, conference_id),
            changed_at=at,
        )
        session.add(conference)
        session.flush()
        _set_members(session, conference, msgspec.json.decode(series.member_ids, type=list[int]))
        moved(session, "conference", conference.id, move=("", ConferenceState.PLANNED), act="plan", by=by, at=at)
        added += 1
    did(session, "series.plan-ahead", by=by, at=at)
    return added


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
    conference.video_url = conference.video_url or _own_link(session, conference.id)
    moved(session, "conference", conference.id, move=("", ConferenceState.PLANNED), act="plan", by=by, at=at)
    did(session, "conference.plan", by=by, at=at)
    return conference


def _fill(session: Session, conference: Conference, body: ConferenceBody, people: dict[str, int], at: datetime) -> None:
    conference.starts_at, conference.duration_minutes = body.starts_at, body.duration_minutes
    conference.chair_id, conference.consultant_id = people[body.chair], people[body.consultant]
    conference.deputy_id = people[body.deputy] if body.deputy else None
    conference.video_url, conference.changed_at = body.video_url, at
    session.flush()
    _set_members(session, conference, [people[email] for email in body.members])


def _set_members(session: Session, conference: Conference, ids: list[int]) -> None:
    session.execute(delete(ConferenceMember).where(col(ConferenceMember.conference_id) == conference.id))
    session.add_all(
        ConferenceMember(conference_id=conference.id, person_id=person_id) for person_id in dict.fromkeys(ids)
    )
    session.flush()


def _people(
    session: Session, body: ConferenceBody | SeriesBody, problems: list[Problem], *, kept: ConferenceBody | None = None
) -> dict[str, int]:
    """The ids of the people by address; raises `Invalid` with `problems` and whatever is wrong with the people."""
    wanted = {"chair": body.chair, "consultant": body.consultant, "deputy": body.deputy or ""}
    wanted |= {f"members.{place}": email for place, email in enumerate(body.members)}
    staying = _staying(kept)
    known = ids_of(session, set(staying.values())) | person_ids(session, [email for email in wanted.values() if email])
    ids = {email: known.get(email.strip().lower(), 0) for email in wanted.values()}
    problems = problems + [
        Problem(field, "Det finns ingen aktiv person med den adressen.")
        for field, email in wanted.items()
        if email and not ids[email]
    ]
    new = {field: email for field, email in wanted.items() if staying.get(field) != email}
    problems += _role_problems(session, new, ids)
    problems += rules.link_problems(body.video_url)
    if problems:
        raise Invalid(problems)
    return ids


def _role_problems(session: Session, wanted: dict[str, str], ids: dict[str, int]) -> list[Problem]:
    chairs = {line.person_id for line in holders(session, Role.CHAIR)}
    consultants = {line.person_id for line in holders(session, Role.CONSULTANT)}
    doctors = {line.person_id for role in _STANDS_IN for line in holders(session, role)}
    needed = (
        ("chair", chairs, "Personen har inte uppdraget konferensordförande. Välj någon som har det."),
        ("consultant", consultants, "Personen har inte uppdraget konsult. Ange personen som ersättare i stället."),
        ("deputy", doctors, "Personen kan inte vara ersättare. Välj någon som deltar i konferenser."),
    )
    problems = [
        Problem(field, words)
        for field, holding, words in needed
        if ids.get(wanted.get(field, "")) and ids[wanted[field]] not in holding
    ]
    clinical = {line.person_id for role in CLINICAL_ROLES for line in holders(session, role)}
    return problems + [
        Problem(field, "Personen har inget kliniskt uppdrag och kan inte vara deltagare.")
        for field, email in wanted.items()
        if field.startswith("members.") and ids[email] and ids[email] not in clinical
    ]


def _staying(kept: ConferenceBody | None) -> dict[str, str]:
    if kept is None:
        return {}
    staying = {"chair": kept.chair, "consultant": kept.consultant, "deputy": kept.deputy or ""}
    return staying | {f"members.{place}": email for place, email in enumerate(kept.members)}


def _ask_anew(session: Session, conference: Conference) -> None:
    session.execute(
        update(Participation)
        .where(col(Participation.conference_id) == conference.id)
        .values(partstat="NEEDS-ACTION", answered_at=None, answered_via="")
    )


def _own_link(session: Session, conference_id: str) -> str | None:
    return choices(session).video_url_template.replace("{id}", conference_id) or None


def _check_fits(session: Session, conference: Conference, duration: int) -> None:
    booked = sum(
        session.scalars(select(AgendaItem.minutes).where(col(AgendaItem.conference_id) == conference.id))  # type: ignore[call-overload]
    )
    if booked > duration:
        message = f"Agendan är {booked} minuter. Korta den innan konferensen görs kortare än så."
        raise RuleBroken("conference.too-long", message, (Problem("duration_minutes", message),))


def _tell(session: Session, conference: Conference, at: datetime) -> None:
    if conference.release:
        sync_participations(session, conference)
        sync_grants(session, conference, at)
        conference_changed(session, conference.id, at=at)


def _step(session: Session, conference: Conference, act: str, *, by: Viewer, at: datetime, reason: str = "") -> None:
    before = conference.state
    conference.state, conference.changed_at = rules.check_move(act, before), at
    session.flush()
    moved(session, "conference", conference.id, move=(before, conference.state), act=act, by=by, at=at, reason=reason)
    did(session, f"conference.{act}", by=by, at=at)


def _gone_on(session: Session, conference: Conference) -> set[int]:
    """The cases that this conference let go, or that already stand on another agenda."""
    here = col(AgendaItem.conference_id) == conference.id
    return set(session.scalars(select(col(AgendaItem.case_id)).where(here != col(AgendaItem.open))))


def _clear_agenda(session: Session, conference: Conference) -> None:
    session.execute(update(AgendaItem).where(col(AgendaItem.conference_id) == conference.id).values(open=False))
