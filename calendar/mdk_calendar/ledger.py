"""Owns who is owed which mail about a conference: what each was last told against what now holds for them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences import answers
from mdk.conferences.answer_structs import Slot, Times
from mdk.conferences.queries import released_items
from mdk.conferences.structs import ConferenceKind, ConferenceState
from mdk.conferences.tables import Conference, Participation
from mdk.conferences.times import own_slots, times_of
from mdk.outbox import service as outbox
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar import safe
from mdk_calendar.events import Event, Language, News, Partstat, Role, differs, news
from mdk_calendar.ics import SUMMARY
from mdk_calendar.links import answer_link
from mdk_calendar.mail import message_id, subject, to_mail
from mdk_calendar.tables import Told


class Memory(msgspec.Struct, frozen=True):
    """What a person was told last, and what they knew `before` it, in case it never left."""

    event: Event
    before: Event | None = None


class _Meeting(NamedTuple):
    """A conference as it was released: what every person's event is made of."""

    conference: Conference
    case_count: int
    slots: Mapping[int, tuple[Slot, ...]]
    settings: Settings


class _Invited(NamedTuple):
    """Someone who is or was invited, and what the ledger holds of them."""

    part: Participation
    person: Person
    told: Told | None


_memories: Final = msgspec.json.Decoder(Memory)


def tell(session: Session, conference_id: str, *, settings: Settings, at: datetime) -> int:
    """Write a mail for each person who is owed one about a conference, and remember what it says; gives how many.

    What was written before and has not left is replaced. A person who is no longer active is told nothing more. A mail
    that cannot be addressed stands in the outbox as failed and holds up nobody else's.
    """
    # Locked, so that of two workers the second sees what the first has told.
    conference = session.get(Conference, conference_id, with_for_update=True)
    if conference is None or conference.kind != ConferenceKind.MEETING:
        return 0
    meeting = _meeting(session, conference, settings)
    told = {row.person_id: row for row in session.scalars(select(Told).where(_of(Told, conference)))}
    people = session.execute(
        select(Participation, Person)
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(_of(Participation, conference), col(Person.active).is_(True))
        .order_by(col(Person.id))
    )
    return sum(
        _tell(session, meeting, _Invited(part, person, told.get(part.person_id)), at) for part, person in people.all()
    )


def remembered(told: Told) -> Memory:
    """What stands in a row of the ledger."""
    return _memories.decode(told.event)


def _tell(session: Session, meeting: _Meeting, invited: _Invited, at: datetime) -> bool:
    part, person, told = invited
    last = remembered(told).event if told else None
    now = _now(meeting, invited, last)
    if now is None or not differs(last, now):
        return False
    known = None if told is None else _heard(session, told)
    if known is not None:
        answers.forget(part, but=known.times if known.method == "REQUEST" else None, until=known.changed_at)
        answers.settle(part, _times(meeting, part))
    if now.method == "CANCEL":
        now = _cancelled(known or now, person, meeting)
    sequence = 0 if told is None else told.sequence + 1
    if known is not None and _moved_away(known, person):
        _take_back(session, meeting, known, invited, sequence=sequence, at=at)
        known, sequence = None, sequence + 1
        if now.method == "CANCEL":
            _remember(session, invited, Memory(msgspec.structs.replace(now, sequence=sequence - 1, changed_at=at)), at)
            return True
    partstat = cast("Partstat", part.partstat)
    now = msgspec.structs.replace(now, sequence=sequence, changed_at=at, partstat=partstat)
    owed = differs(known, now)
    if not owed and known is not None:
        now = known  # it was changed back before they heard of the change
    memory = Memory(now, known)
    _remember(session, invited, memory, at)
    if owed:
        _owe(session, meeting, person, memory, at)
    return owed


def _moved_away(known: Event, person: Person) -> bool:
    """Whether the person's calendar is at another address than the one that holds the event."""
    return known.method == "REQUEST" and known.attendee_email != person.email


def _take_back(
    session: Session, meeting: _Meeting, known: Event, invited: _Invited, *, sequence: int, at: datetime
) -> None:
    """Owe the old address the end of what it holds; the mail has a key of its own, so that no newer one replaces it."""
    gone = msgspec.structs.replace(known, method="CANCEL", sequence=sequence, changed_at=at)
    outbox.mail(
        session,
        key=f"{meeting.conference.id} {known.attendee_email}",
        person_id=invited.person.id or 0,
        recipient=known.attendee_email,
        subject=subject(gone, "dropped"),
        message_id=message_id(gone),
        message=_written(meeting, Memory(gone), "dropped", None),
        at=at,
    )


def _heard(session: Session, told: Told) -> Event | None:
    """What the person has heard at most; a mail that has not left is taken back, since a newer one replaces it."""
    withdrawn = outbox.withdraw_mail(session, key=told.conference_id, person_id=told.person_id)
    memory = remembered(told)
    return memory.before if withdrawn.found and not withdrawn.maybe_received else memory.event


def _times(meeting: _Meeting, part: Participation) -> Times:
    return times_of(meeting.conference, part.role, meeting.slots.get(part.person_id, ()))


def _now(meeting: _Meeting, invited: _Invited, last: Event | None) -> Event | None:
    """The event that holds for a person at present; None for someone who is not invited and never was."""
    conference, (part, person, told) = meeting.conference, invited
    if not part.active or conference.state == ConferenceState.CANCELLED:
        return None if last is None else _cancelled(last, person, meeting)
    times = _times(meeting, part)
    return Event(
        uid=told.uid if told else _new_uid(meeting.settings),
        sequence=0,
        method="REQUEST",
        starts_at=times.starts_at,
        ends_at=times.ends_at,
        attendee_email=person.email,
        attendee_name=person.name,
        attendee_role=cast("Role", part.role),
        organizer_email=meeting.settings["ORGANIZER"],
        organizer_name=SUMMARY,
        page_url=f"{meeting.settings['BASE_URL'].rstrip('/')}/conferences/{conference.id}",
        case_count=meeting.case_count,
        changed_at=conference.changed_at,
        video_url=conference.video_url or None,
        slots=times.slots,
        language=language_of(person),
    )


def _cancelled(event: Event, person: Person, meeting: _Meeting) -> Event:
    """The end of an event, at the times by which the person knows it, to the address that they have now."""
    return msgspec.structs.replace(
        event,
        method="CANCEL",
        attendee_email=person.email,
        attendee_name=person.name,
        organizer_email=meeting.settings["ORGANIZER"],
        language=language_of(person),
    )


def _remember(session: Session, invited: _Invited, memory: Memory, at: datetime) -> None:
    row = invited.told or Told(
        conference_id=invited.part.conference_id,
        person_id=invited.part.person_id,
        uid=memory.event.uid,
        sequence=0,
        method=memory.event.method,
        event="",
        told_at=at,
    )
    row.sequence = max(row.sequence, memory.event.sequence)
    row.method, row.told_at = memory.event.method, at
    row.event = msgspec.json.encode(memory).decode()
    session.add(row)


def _owe(session: Session, meeting: _Meeting, person: Person, memory: Memory, at: datetime) -> None:
    now, cancelled = memory.event, meeting.conference.state == ConferenceState.CANCELLED
    called = news(memory.before, now, conference_cancelled=cancelled)
    mail_id, message, error = "", "", ""
    try:
        link = answer_link(now, meeting.conference.id, person.id or 0, meeting.settings)
        mail_id, message = message_id(now), _written(meeting, memory, called, link)
    except safe.Unsendable as fault:
        error = fault.message
    outbox.mail(
        session,
        key=meeting.conference.id,
        person_id=person.id or 0,
        recipient=person.email,
        subject=subject(now, called),
        message_id=mail_id,
        message=message,
        at=at,
        error=error,
    )


def _written(meeting: _Meeting, told: Memory, called: News, link: str | None) -> str:
    contact = meeting.settings.contact
    return to_mail(told.event, news=called, before=told.before, answer_url=link, contact=contact).decode("ascii")


def _meeting(session: Session, conference: Conference, settings: Settings) -> _Meeting:
    count = len(released_items(session, conference))
    return _Meeting(conference, count, own_slots(session, conference), settings)


def _of(table: type[Told] | type[Participation], conference: Conference) -> Any:
    return col(table.conference_id) == conference.id


def language_of(person: Person) -> Language:
    """The language that a person is told things in."""
    return "en" if person.language == "en" else "sv"


def _new_uid(settings: Settings) -> str:
    """An opaque id at the installation's domain; it tells neither the conference nor the person."""
    host = urlsplit(settings["BASE_URL"]).hostname or ""
    uid = f"{secrets.token_hex(16)}@{host}"
    try:
        return safe.address(uid)
    except safe.Unsendable:
        return f"{secrets.token_hex(16)}@{settings['ORGANIZER'].rpartition('@')[2]}"
