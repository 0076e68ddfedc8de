"""Reads of a conference while and after it is held: the running order, whose turn it is, who is there, for how long."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.conferences import presence, rules
from mdk.conferences.invited import attending, children, consultant_ids, emails_of, ids_of, invited_people
from mdk.conferences.queries import ends_at, load, readable_numbers, released_items
from mdk.conferences.sitting_structs import HeldPerson, HeldSlot, SittingView
from mdk.conferences.structs import ConferenceState, ReleasedItem
from mdk.conferences.tables import AgendaItem, Attendee, Conference, Discussion
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Person


def view(session: Session, conference_id: str, *, by: Viewer, at: datetime) -> SittingView:
    """A conference as it is held; the case numbers it shows are logged. Raises `NotFound`, `NotAllowed`."""
    conference = load(session, conference_id, act="conference.read", by=by)
    readable = readable_numbers(session, conference, by=by, at=at)
    slots = [slot for slot in _slots(session, conference, at=at) if slot.case in readable]
    seen(session, "conference.read", by=by, at=at, cases=tuple(slot.case for slot in slots))
    watching = presence.connected(session, conference.id, at=at)
    now = next((slot.case for slot in slots if slot.since is not None), None)
    return SittingView(
        conference=conference.id,
        version=conference.version,
        state=conference.state,
        opened_at=conference.opened_at,
        closed_at=conference.closed_at,
        ends_at=ends_at(conference),
        current=now,
        is_other=now is None and going_on(session, conference) is not None,
        agenda=slots,
        people=_people(session, conference, set() if by.role == Role.REFERRER else watching),
        connected=len(watching),
    )


def running_items(session: Session, conference: Conference) -> list[ReleasedItem]:
    """What was released, in the order and with the lengths that the chair has given it since the opening."""
    released = released_items(session, conference)
    if conference.state not in {ConferenceState.IN_SESSION, ConferenceState.CLOSED}:
        return released
    here = {row.case_id: row for row in _rows(session, conference)}
    kept = [
        msgspec.structs.replace(item, minutes=here[item.case_id].minutes) for item in released if item.case_id in here
    ]
    return sorted(kept, key=lambda item: here[item.case_id].position)


def going_on(session: Session, conference: Conference) -> Discussion | None:
    """The discussion that is going on now."""
    return session.scalar(
        select(Discussion).where(col(Discussion.conference_id) == conference.id, col(Discussion.ended_at).is_(None))
    )


def discussions(session: Session, conference: Conference) -> dict[int, list[Discussion]]:
    """The stretches of time that each case was given, by case, oldest first."""
    found: dict[int, list[Discussion]] = defaultdict(list)
    here = col(Discussion.conference_id) == conference.id
    for row in session.scalars(select(Discussion).where(here).order_by(col(Discussion.started_at))):
        found[row.case_id].append(row)
    return found


def is_passed_over(conference: Conference, spent: Mapping[int, list[Discussion]], case_id: int) -> bool:
    """Whether a conference that took up case after case was closed before this one's turn came.

    `spent` is what `discussions` gives. Where no turn was ever noted, every case counts as discussed.
    """
    return conference.state == ConferenceState.CLOSED and bool(spent) and case_id not in spent


def never_came() -> ColumnElement[bool]:
    """The condition that `is_passed_over` asks, of a conference's agenda item in a query."""
    here = col(Discussion.conference_id) == col(AgendaItem.conference_id)
    taken_up = exists().where(here, col(Discussion.case_id) == col(AgendaItem.case_id))
    return and_(
        col(Conference.state) == ConferenceState.CLOSED,
        exists().where(here).correlate(AgendaItem),
        ~taken_up.correlate(AgendaItem),
    )


def came(session: Session, conference: Conference) -> dict[int, Attendee]:
    """Those who came, by person."""
    rows = session.scalars(select(Attendee).where(col(Attendee.conference_id) == conference.id))
    return {row.person_id: row for row in rows}


def present_emails(session: Session, conference: Conference) -> set[str] | None:
    """The addresses of those who are there; None when nobody was ever ticked off."""
    there = came(session, conference)
    if not there:
        return None
    ids = {person_id for person_id, row in there.items() if row.left_at is None}
    return set(emails_of(session, set(ids)).values())


def seconds_of(stretches: Iterable[Discussion], at: datetime) -> int:
    """How long discussions have lasted together, to the second."""
    return sum(int(((row.ended_at or at) - row.started_at).total_seconds()) for row in stretches)


def _rows(session: Session, conference: Conference) -> list[AgendaItem]:
    return list(session.scalars(select(AgendaItem).where(col(AgendaItem.conference_id) == conference.id)))


def _slots(session: Session, conference: Conference, *, at: datetime) -> list[HeldSlot]:
    items, spent = running_items(session, conference), discussions(session, conference)
    heard = {row.case_id for row in _rows(session, conference) if row.patient_heard_at is not None}
    lacking = _lacking(session, conference, items)
    goes_on = conference.state == ConferenceState.IN_SESSION
    slots, expected = [], max(at, conference.starts_at) if goes_on else conference.starts_at
    for item in items:
        stretches = spent.get(item.case_id, [])
        going = next((row.started_at for row in stretches if row.ended_at is None), None)
        starts_at = stretches[0].started_at if stretches else expected
        if going is not None:
            expected = max(at, going + timedelta(minutes=item.minutes))
        elif not stretches or not goes_on:
            expected += timedelta(minutes=item.minutes)
        slots.append(
            HeldSlot(
                case=item.number,
                starts_at=starts_at,
                minutes=item.minutes,
                seconds=seconds_of(stretches, at),
                since=going,
                is_done=bool(stretches) and going is None,
                passed_over=is_passed_over(conference, spent, item.case_id),
                patient_heard=item.case_id in heard,
                lacking=lacking.get(item.case_id),
            )
        )
    return slots


def _lacking(session: Session, conference: Conference, items: list[ReleasedItem]) -> dict[int, list[str]]:
    """Who is missing for each case among those who are there; nothing before anyone was ticked off."""
    there = came(session, conference)
    if not there:
        return {}
    ids = [person_id for person_id, row in there.items() if row.left_at is None]
    found = session.execute(select(col(Person.id), col(Person.profession)).where(col(Person.id).in_(ids)))
    crowd = attending(session, {person_id or 0: (profession, False) for person_id, profession in found})
    young = children(session, items, conference.starts_at)
    return {
        item.case_id: rules.lacking_for_quorum(
            [msgspec.structs.replace(each, knows_patient=each.person_id == item.presenter_id) for each in crowd],
            consultant_ids=consultant_ids(conference),
            implant=False,
            child=item.case_id in young,
        )
        for item in items
    }


def _people(session: Session, conference: Conference, watching: set[int]) -> list[HeldPerson]:
    there = came(session, conference)
    people = invited_people(session, conference, released_items(session, conference))
    ids = ids_of(session, {person.email for person in people})
    return [
        HeldPerson(
            email=person.email,
            name=person.name,
            role=person.role,
            profession=person.profession,
            present=(row := there.get(ids[person.email])) is not None and row.left_at is None,
            arrived_at=None if row is None else row.arrived_at,
            connected=ids[person.email] in watching,
        )
        for person in people
    ]
