"""Acts on cases that a conference cannot take up: offer the next possible conferences, and put them there."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, seen
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences import rules, service
from mdk.conferences.clashes import absent_ids
from mdk.conferences.invited import consultant_ids
from mdk.conferences.losses import losses
from mdk.conferences.queries import load
from mdk.conferences.structs import ConferenceKind, ConferenceState, OfferLine
from mdk.conferences.tables import AgendaItem, Conference
from mdk.errors import RuleBroken
from mdk.people.structs import Viewer

NO_CONSULTANT = "Konsulten kan inte komma och ingen ersättare finns. Ärendena tas upp på nästa möjliga konferens."


class _Left(NamedTuple):
    """A case that waits, with its place on the agenda that cannot take it up."""

    item: AgendaItem
    number: str


def offers(session: Session, *, conference_id: str, by: Viewer, at: datetime) -> list[OfferLine]:
    """The cases that a cancelled conference, or one without a consultant, leaves waiting, each with the next.

    In the agenda's order; the case numbers are logged. Raises `NotAllowed`, `NotFound`.
    """
    conference = load(session, conference_id, act="conference.postpone", by=by)
    found = [_line(left, target) for left, target in _matched(session, conference, at)]
    seen(session, "conference.postponable", by=by, at=at, cases=tuple(line.case for line in found))
    return found


def leaves(session: Session, conference_id: str) -> bool:
    """Whether a conference leaves cases waiting that it cannot take up."""
    return any(_left(session, session.get_one(Conference, conference_id)))


def postpone(session: Session, *, conference_id: str, version: int, by: Viewer, at: datetime) -> list[OfferLine]:
    """Put each case that a conference leaves waiting on the agenda of the next one that has room and a consultant.

    One that was let out and has lost its consultant is cancelled by the same act, and those invited are told. Nobody is
    told of the next before its agenda is released. Raises `NotAllowed`, `NotFound`, `Stale`, and
    `RuleBroken("conference.nothing-to-postpone")` when no case waits or none can be placed.
    """
    conference = load(session, conference_id, act="conference.postpone", by=by)
    cases.check_version(conference.version, version)
    matched = _matched(session, conference, at)
    if not any(target for _, target in matched):
        message = "Inget ärende kan flyttas: det finns ingen senare konferens med plats. Planera en konferens först."
        raise RuleBroken("conference.nothing-to-postpone", message)
    if conference.state == ConferenceState.RELEASED:
        service.cancel(session, conference_id=conference.id, version=version, reason=NO_CONSULTANT, by=by, at=at)
        matched = _matched(session, conference, at)
    placed = [(left, target) for left, target in matched if target is not None]
    for left, target in placed:
        case_id, minutes = left.item.case_id, left.item.minutes
        if left.item.open:
            session.delete(left.item)
            session.flush()
        _append(session, target, case_id, minutes)
        target.agenda_changed_at = target.changed_at = at
    conference.agenda_changed_at = conference.changed_at = at
    session.flush()
    numbers = tuple(left.number for left, _ in placed)
    did(session, "conference.postpone", by=by, at=at, cases=numbers)
    return [_line(left, target) for left, target in placed]


def _line(left: _Left, target: Conference | None) -> OfferLine:
    place = (target.id, target.starts_at) if target is not None else (None, None)
    return OfferLine(left.number, left.item.minutes, *place)


def _append(session: Session, target: Conference, case_id: int, minutes: int) -> None:
    """Put a case last on an agenda, or open again the row that it has there."""
    here = col(AgendaItem.conference_id) == target.id
    last = session.scalar(select(func.max(AgendaItem.position)).where(here))
    row = session.scalar(select(AgendaItem).where(here, col(AgendaItem.case_id) == case_id))
    row = row or AgendaItem(conference_id=target.id, case_id=case_id, position=0, minutes=minutes)
    row.position, row.minutes, row.open = (-1 if last is None else last) + 1, minutes, True
    session.add(row)
    session.flush()


def _matched(session: Session, conference: Conference, at: datetime) -> list[tuple[_Left, Conference | None]]:
    """Each case left waiting with the first later conference that has room for it, in the agenda's order."""
    waiting = list(_left(session, conference))
    if not waiting:
        return []
    targets = _targets(session, conference, at)
    free = {target.id: _minutes_free(session, target) for target in targets}
    found: list[tuple[_Left, Conference | None]] = []
    for left in waiting:
        place = next((target for target in targets if free[target.id] >= left.item.minutes), None)
        if place is not None:
            free[place.id] -= left.item.minutes
        found.append((left, place))
    return found


def _left(session: Session, conference: Conference) -> Iterator[_Left]:
    if not _cannot_be_held(session, conference):
        return
    waits_as = CaseState.SCHEDULED if conference.state == ConferenceState.RELEASED else CaseState.ACCEPTED
    elsewhere = select(col(AgendaItem.case_id)).where(
        col(AgendaItem.open).is_(True), col(AgendaItem.conference_id) != conference.id
    )
    rows = session.execute(
        select(AgendaItem, col(Case.number))
        .join(Case, col(Case.id) == col(AgendaItem.case_id))
        .where(
            col(AgendaItem.conference_id) == conference.id,
            col(Case.state) == waits_as,
            col(AgendaItem.case_id).not_in(elsewhere),
        )
        .order_by(col(AgendaItem.position))
    )
    for item, number in rows:
        yield _Left(item, number)


def _cannot_be_held(session: Session, conference: Conference) -> bool:
    if conference.state == ConferenceState.RELEASED:
        return any(loss.kind == "consultant" for loss in losses(session, conference))
    if conference.state == ConferenceState.PLANNED:
        return not _has_consultant(session, conference)
    return conference.state == ConferenceState.CANCELLED


def _targets(session: Session, conference: Conference, at: datetime) -> list[Conference]:
    rows = session.scalars(
        select(Conference)
        .where(
            col(Conference.kind) == ConferenceKind.MEETING,
            col(Conference.state).in_(rules.PLANNABLE),
            col(Conference.starts_at) > at,
            col(Conference.id) != conference.id,
        )
        .order_by(col(Conference.starts_at), col(Conference.id))
        .limit(60)
    )
    return [row for row in rows if _has_consultant(session, row)]


def _has_consultant(session: Session, conference: Conference) -> bool:
    standing = consultant_ids(conference)
    return standing != absent_ids(session, standing, conference.starts_at)


def _minutes_free(session: Session, conference: Conference) -> int:
    booked = select(func.coalesce(func.sum(AgendaItem.minutes), 0)).where(
        col(AgendaItem.conference_id) == conference.id
    )
    return conference.duration_minutes - int(session.scalar(booked) or 0)
