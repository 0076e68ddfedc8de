"""Reads for planning: who is double-booked when, and when everyone wanted is free."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences import clashes, slots
from mdk.conferences.slots import Span, overlap
from mdk.conferences.structs import ClashLine, ConflictLine, FreeSlotLine
from mdk.conferences.tables import Conference, ConferenceMember, Participation
from mdk.errors import Invalid, Problem
from mdk.people.queries import person_ids
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


def conflicts(session: Session, *, by: Viewer, since: datetime, until: datetime) -> list[ConflictLine]:
    """The conferences between two times whose people are taken elsewhere, by start. Raises `NotAllowed`."""
    check_role("conference.conflicts", by)
    held = clashes.meetings(session, since=since, until=until)
    people = _people(session, held)
    everyone = {person_id for ids in people.values() for person_id in ids}
    taken = clashes.taken(session, everyone, since=since - clashes.LONGEST, until=until + clashes.LONGEST)
    found = []
    for conference in held:
        span = clashes.span_of(conference)
        hits = {
            person_id: [
                each
                for each in taken.get(person_id, ())
                if each.conference != conference.id and overlap(each.span, span)
            ]
            for person_id in people[conference.id]
        }
        lines = clashes.told(session, {person_id: every for person_id, every in hits.items() if every})
        if lines:
            found.append(ConflictLine(conference.id, conference.state, *span, lines))
    return found


def of_plan(
    session: Session, *, people: Collection[str], starts_at: datetime, minutes: int, by: Viewer, apart: str = ""
) -> list[ClashLine]:
    """What takes people, by address, from a conference that is thought of. Raises `NotAllowed`."""
    check_role("conference.free-slots", by)
    ids = person_ids(session, list(people)).values()
    return clashes.clashes(session, set(ids), Span(starts_at, starts_at + timedelta(minutes=minutes)), apart=apart)


def free(
    session: Session,
    *,
    people: Collection[str],
    minutes: int,
    around: datetime,
    by: Viewer,
    at: datetime,
    apart: str = "",
) -> list[FreeSlotLine]:
    """The nearest times at which all of these people, by address, are free, by start.

    Raises `NotAllowed`, `Invalid` for an address that nobody active has.
    """
    check_role("conference.free-slots", by)
    ids = person_ids(session, list(people))
    problems = [
        Problem("people", f"Det finns ingen aktiv person med adressen {email}.")
        for email in people
        if email.strip().lower() not in ids
    ]
    if problems:
        raise Invalid(problems)
    since = max(at, around - slots.AROUND)
    until = max(around, at) + slots.AHEAD
    taken = clashes.taken(session, set(ids.values()), since=since, until=until)
    busy = [each.span for every in taken.values() for each in every if not apart or each.conference != apart]
    length = timedelta(minutes=minutes)
    return [
        FreeSlotLine(*span) for span in slots.free_slots(busy, length=length, around=around, since=since, until=until)
    ]


def _people(session: Session, held: list[Conference]) -> dict[str, set[int]]:
    """Everyone who takes part in these conferences, and has not declined, by conference."""
    people = {row.id: {row.chair_id, row.consultant_id, row.deputy_id or row.chair_id} for row in held}
    standing = select(col(ConferenceMember.conference_id), col(ConferenceMember.person_id))
    for conference_id, person_id in session.execute(standing.where(col(ConferenceMember.conference_id).in_(people))):
        people[conference_id].add(person_id)
    declined = select(col(Participation.conference_id), col(Participation.person_id)).where(
        col(Participation.conference_id).in_(people), col(Participation.partstat) == "DECLINED"
    )
    for conference_id, person_id in session.execute(declined):
        people[conference_id].discard(person_id)
    return people
