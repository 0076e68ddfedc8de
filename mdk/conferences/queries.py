"""Reads of conferences, agendas and series."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import cursors
from mdk.audit.service import seen
from mdk.cases.lists import lines_of, readable_ids
from mdk.cases.structs import CaseLine
from mdk.cases.tables import Case
from mdk.conferences import rules
from mdk.conferences.clashes import clashes, span_of
from mdk.conferences.invited import emails_of, ids_of, invited_people, member_ids, quorum
from mdk.conferences.structs import (
    ClashLine,
    ConferenceKind,
    ConferenceLine,
    ConferenceView,
    InvitedPerson,
    Planned,
    ReleasedItem,
    Slot,
)
from mdk.conferences.tables import AgendaItem, AgendaRelease, Conference, ConferenceMember, Participation
from mdk.errors import NotFound
from mdk.people.rules import Relation, check_may, check_role, may, may_ever
from mdk.people.structs import Viewer
from mdk.people.tables import Person
from mdk.statements import Query, each_of

_items = msgspec.json.Decoder(list[ReleasedItem])


def is_meeting() -> ColumnElement[bool]:
    """The condition that every list, plan and calendar of conferences puts on them: none that is held in writing."""
    return col(Conference.kind) == ConferenceKind.MEETING


def is_on_agenda() -> ColumnElement[bool]:
    """The condition on a case that it stands on an agenda, released or in the making."""
    return exists().where(col(AgendaItem.case_id) == col(Case.id), col(AgendaItem.open).is_(True))


def load(session: Session, conference_id: str, *, act: str, by: Viewer) -> Conference:
    """The meeting, checked against what the viewer may do. Raises `NotFound`, `NotAllowed`.

    What is held in writing is no meeting: it is opened, read and ended through its case (`mdk.journey.urgent`).
    """
    check_role(act, by)
    conference = session.get(Conference, conference_id)
    if conference is None or conference.kind != ConferenceKind.MEETING:
        raise NotFound
    held = relations(session, conference, by)
    check_may(act, by, held, known=may("conference.read", by, held))
    return conference


def relations(session: Session, conference: Conference, by: Viewer) -> frozenset[Relation]:
    """What ties the viewer to the conference."""
    held = set()
    if conference.chair_id == by.person_id:
        held |= {Relation.CHAIRS, Relation.INVITED}
    if by.person_id in {conference.consultant_id, conference.deputy_id}:
        held |= {Relation.CONSULTS, Relation.INVITED}
    taking_part = session.get(Participation, (conference.id, by.person_id))
    is_member = session.get(ConferenceMember, (conference.id, by.person_id))
    if is_member is not None or (taking_part is not None and taking_part.active):
        held.add(Relation.INVITED)
    return frozenset(held)


def view(session: Session, conference_id: str, *, by: Viewer, at: datetime) -> ConferenceView:
    """One conference; the case numbers it shows are logged. Raises `NotFound`, `NotAllowed`."""
    conference = load(session, conference_id, act="conference.read", by=by)
    return view_of(session, conference, by=by, at=at)


def view_of(session: Session, conference: Conference, *, by: Viewer, at: datetime) -> ConferenceView:
    """What the viewer sees of a conference that was already checked."""
    is_planning = may_ever("conference.agenda", by) and conference.state in rules.PLANNABLE
    items = working_items(session, conference) if is_planning else released_items(session, conference)
    people = invited_people(session, conference, items)
    if not may_ever("conference.agenda", by):
        people = [_without_comment(person, by) for person in people]
    readable = readable_ids(session, [item.case_id for item in items], by=by, at=at)
    shown = [item for item in items if item.case_id in readable]
    seen(session, "conference.read", by=by, at=at, cases=tuple(item.number for item in shown))
    emails = _emails(session, conference, items)
    lines = lines_of(session, [item.case_id for item in shown], at=at)
    starts = rules.starts(conference.starts_at, [item.minutes for item in items])
    agenda = [
        Slot(
            case=item.number,
            starts_at=start,
            minutes=item.minutes,
            presenter=emails.get(item.presenter_id, ""),
            missing=lines[item.case_id].missing,
        )
        for item, start in zip(items, starts, strict=True)
        if item.case_id in lines
    ]
    return ConferenceView(
        id=conference.id,
        version=conference.version,
        state=conference.state,
        release=conference.release,
        series=conference.series_id,
        starts_at=conference.starts_at,
        ends_at=ends_at(conference),
        duration_minutes=conference.duration_minutes,
        minutes_free=conference.duration_minutes - sum(item.minutes for item in items),
        video_url=conference.video_url,
        chair=emails.get(conference.chair_id, ""),
        consultant=emails.get(conference.consultant_id, ""),
        deputy=emails.get(conference.deputy_id or 0),
        members=[emails[person_id] for person_id in member_ids(session, conference) if person_id in emails],
        quorum=quorum(session, conference, shown),
        people=people,
        agenda=agenda,
        unreleased_changes=_is_changed(session, conference, items),
        clashes=_clashes(session, conference, people) if is_planning else [],
        opened_at=conference.opened_at,
        closed_at=conference.closed_at,
        cancel_reason=conference.cancel_reason,
    )


def readable_numbers(session: Session, conference: Conference, *, by: Viewer, at: datetime) -> frozenset[str]:
    """The cases of the released agenda that the viewer may read, by number; nothing of them is shown by this."""
    items = released_items(session, conference)
    readable = readable_ids(session, [item.case_id for item in items], by=by, at=at)
    return frozenset(item.number for item in items if item.case_id in readable)


def agenda_lines(session: Session, agenda: list[Slot], *, at: datetime) -> dict[str, CaseLine]:
    """The case strips of slots that `view` already checked and logged, by case number."""
    ids = session.scalars(select(Case.id).where(col(Case.number).in_([slot.case for slot in agenda])))  # type: ignore[call-overload]
    return {line.number: line for line in lines_of(session, list(ids), at=at).values()}


def ends_at(conference: Conference) -> datetime:
    """When the conference ends."""
    return conference.starts_at + timedelta(minutes=conference.duration_minutes)


def working_items(session: Session, conference: Conference) -> list[ReleasedItem]:
    """The working agenda in order."""
    rows = session.execute(
        select(col(Case.id), col(Case.number), col(AgendaItem.minutes), col(Case.submitted_by), col(Case.created_by))
        .join(Case, col(Case.id) == col(AgendaItem.case_id))
        .where(col(AgendaItem.conference_id) == conference.id)
        .order_by(col(AgendaItem.position))
    )
    return [
        ReleasedItem(case_id=case_id or 0, number=number, minutes=minutes, presenter_id=submitted_by or created_by)
        for case_id, number, minutes, submitted_by, created_by in rows
    ]


def released_items(session: Session, conference: Conference) -> list[ReleasedItem]:
    """The agenda of the last release in order; empty before the first."""
    release = session.get(AgendaRelease, (conference.id, conference.release))
    return [] if release is None else _items.decode(release.items)


def lines(
    session: Session,
    *,
    by: Viewer,
    since: datetime | None = None,
    until: datetime | None = None,
    series: str | None = None,
    limit: int = cursors.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> tuple[list[ConferenceLine], str | None]:
    """The conferences that the viewer may read, by start, and the cursor of the next page."""
    check_role("conference.read", by)
    conditions: list[ColumnElement[bool]] = [is_meeting(), _visible(by)]
    if since is not None:
        conditions.append(col(Conference.starts_at) >= since)
    if until is not None:
        conditions.append(col(Conference.starts_at) < until)
    if series is not None:
        conditions.append(col(Conference.series_id) == series)
    if cursor:
        start, last = cursors.unpack(cursor, tuple[cursors.Instant, str])
        conditions.append(
            or_(col(Conference.starts_at) > start, and_(col(Conference.starts_at) == start, col(Conference.id) > last))
        )
    rows = session.execute(
        _line_query(by).where(*conditions).order_by(col(Conference.starts_at), col(Conference.id)).limit(limit + 1)
    ).all()
    found = [ConferenceLine(*row) for row in rows[:limit]]
    if not may_ever("conference.agenda", by):
        found = _as_released(session, found)
    more = len(rows) > limit
    return found, cursors.pack((found[-1].starts_at, found[-1].id)) if more else None


def planned_for(session: Session, numbers: list[str]) -> dict[str, Planned]:
    """The conference on whose open agenda each case stands, by case number."""
    found = _PLANNED.rows(session.connection(), {"numbers": numbers})
    return {row.number: Planned(row.id, row.starts_at, row.state) for row in found}


def _line_query(by: Viewer) -> Any:
    on_agenda = col(AgendaItem.conference_id) == col(Conference.id)
    count = select(func.count()).where(on_agenda).scalar_subquery()
    booked = select(func.coalesce(func.sum(AgendaItem.minutes), 0)).where(on_agenda).scalar_subquery()
    mine = (
        select(col(Participation.partstat))
        .where(
            col(Participation.conference_id) == col(Conference.id),
            col(Participation.person_id) == by.person_id,
            col(Participation.active).is_(True),
        )
        .scalar_subquery()
    )
    return select(
        col(Conference.id),
        col(Conference.state),
        col(Conference.starts_at),
        col(Conference.duration_minutes),
        col(Conference.release),
        count,
        booked,
        col(Person.name),
        mine,
        col(Conference.version),
    ).join(Person, col(Person.id) == col(Conference.chair_id))


def _as_released(session: Session, found: list[ConferenceLine]) -> list[ConferenceLine]:
    """The lines with what the last release holds, whatever the planners have in the making."""
    rows = session.execute(
        select(col(AgendaRelease.conference_id), col(AgendaRelease.items))
        .join(Conference, col(Conference.id) == col(AgendaRelease.conference_id))
        .where(
            col(Conference.id).in_([line.id for line in found]), col(AgendaRelease.number) == col(Conference.release)
        )
    )
    items = {key: _items.decode(document) for key, document in rows}
    return [
        msgspec.structs.replace(
            line,
            case_count=len(items.get(line.id, [])),
            minutes_booked=sum(item.minutes for item in items.get(line.id, [])),
        )
        for line in found
    ]


def _without_comment(person: InvitedPerson, by: Viewer) -> InvitedPerson:
    """A comment is for the coordinator; others see only their own."""
    return person if person.email == by.email else msgspec.structs.replace(person, comment="")


def _visible(by: Viewer) -> ColumnElement[bool]:
    if may_ever("conference.agenda", by):
        return col(Conference.id).is_not(None)
    standing = select(col(ConferenceMember.conference_id)).where(col(ConferenceMember.person_id) == by.person_id)
    invited = select(col(Participation.conference_id)).where(
        col(Participation.person_id) == by.person_id, col(Participation.active).is_(True)
    )
    return or_(
        col(Conference.consultant_id) == by.person_id,
        col(Conference.deputy_id) == by.person_id,
        col(Conference.id).in_(standing),
        col(Conference.id).in_(invited),
    )


def _clashes(session: Session, conference: Conference, people: list[InvitedPerson]) -> list[ClashLine]:
    """What takes those whole-meeting people from a conference who have not declined anyway."""
    coming = {each.email for each in people if each.role != "presenter" and each.partstat != "DECLINED"}
    ids = ids_of(session, coming).values()
    return clashes(session, set(ids), span_of(conference), apart=conference.id)


def _is_changed(session: Session, conference: Conference, items: list[ReleasedItem]) -> bool:
    return conference.release > 0 and items != released_items(session, conference)


def _emails(session: Session, conference: Conference, items: list[ReleasedItem]) -> dict[int, str]:
    ids = {conference.chair_id, conference.consultant_id, conference.deputy_id, *member_ids(session, conference)}
    return emails_of(session, ids | {item.presenter_id for item in items})


class _PlannedRow(NamedTuple):
    number: str
    id: str
    starts_at: datetime
    state: str


_PLANNED = Query(
    select(col(Case.number), col(Conference.id), col(Conference.starts_at), col(Conference.state))
    .join(AgendaItem, and_(col(AgendaItem.case_id) == col(Case.id), col(AgendaItem.open).is_(True)))
    .join(Conference, col(Conference.id) == col(AgendaItem.conference_id))
    .where(is_meeting(), col(Case.number).in_(select(each_of("numbers").c.value))),
    _PlannedRow,
)
