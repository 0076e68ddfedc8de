"""Reads of whose time is taken when: by conferences, by their own calendars, and by absences."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.clock import midnight, today
from mdk.conferences import rules
from mdk.conferences.slots import Span, overlap
from mdk.conferences.structs import ClashKind, ClashLine, ConferenceKind, ConferenceState, ReleasedItem
from mdk.conferences.tables import AgendaRelease, Conference, ConferenceMember, Participation
from mdk.people.tables import Absence, BusyTime, Person

LONGEST: Final = timedelta(hours=8)
_HELD = (ConferenceState.PLANNED, ConferenceState.RELEASED, ConferenceState.IN_SESSION)
_items = msgspec.json.Decoder(list[ReleasedItem])


class Taken(NamedTuple):
    """A time that is taken, by what, and by which conference."""

    span: Span
    kind: ClashKind
    conference: str | None = None


def taken(session: Session, ids: Collection[int], *, since: datetime, until: datetime) -> dict[int, list[Taken]]:
    """What takes the time of people between two times, by person."""
    found: dict[int, list[Taken]] = defaultdict(list)
    window = Span(since, until)
    sources = (
        _conferences(session, ids, window),
        _busy(session, ids, window),
        _absences(session, ids, window),
    )
    for source in sources:
        for person_id, each in source:
            if person_id in ids and overlap(each.span, window):
                found[person_id].append(each)
    return found


def clashes(session: Session, ids: Collection[int], span: Span, *, apart: str = "") -> list[ClashLine]:
    """What takes someone of these people from a time, by name and start; the conference `apart` is their own."""
    busy = taken(session, ids, since=span.starts_at, until=span.ends_at)
    return told(session, {person_id: _without(every, apart) for person_id, every in busy.items()})


def told(session: Session, found: Mapping[int, Iterable[Taken]]) -> list[ClashLine]:
    """Taken times as they are shown, by name and start."""
    rows = session.execute(select(col(Person.id), col(Person.email), col(Person.name)).where(col(Person.id).in_(found)))
    lines = [
        ClashLine(email, name, each.kind, each.span.starts_at, each.span.ends_at, each.conference)
        for person_id, email, name in rows
        for each in found[person_id or 0]
    ]
    return sorted(lines, key=lambda line: (line.name, line.starts_at, line.kind))


def absent_ids(session: Session, ids: Collection[int | None], moment: datetime) -> set[int]:
    """Those of these people who are away on the Swedish day of a moment."""
    day = today(moment)
    return set(
        session.scalars(
            select(col(Absence.person_id)).where(
                col(Absence.person_id).in_(ids), col(Absence.first_day) <= day, col(Absence.last_day) >= day
            )
        )
    )


def meetings(session: Session, *, since: datetime, until: datetime) -> list[Conference]:
    """The meetings that are planned, released or held between two times, by start."""
    return list(
        session.scalars(
            select(Conference)
            .where(
                col(Conference.kind) == ConferenceKind.MEETING,
                col(Conference.state).in_(_HELD),
                col(Conference.starts_at) > since - LONGEST,
                col(Conference.starts_at) < until,
            )
            .order_by(col(Conference.starts_at), col(Conference.id))
        )
    )


def span_of(conference: Conference) -> Span:
    """When a conference is held."""
    return Span(conference.starts_at, conference.starts_at + timedelta(minutes=conference.duration_minutes))


def _without(every: Iterable[Taken], apart: str) -> list[Taken]:
    return [each for each in every if each.conference is None or each.conference != apart]


def _conferences(session: Session, ids: Collection[int], window: Span) -> Iterable[tuple[int, Taken]]:
    held = {row.id: row for row in meetings(session, since=window.starts_at, until=window.ends_at)}
    for row in held.values():
        for person_id in {row.chair_id, row.consultant_id, row.deputy_id} - {None}:
            yield person_id or 0, Taken(span_of(row), "conference", row.id)
    standing = select(col(ConferenceMember.conference_id), col(ConferenceMember.person_id)).where(
        col(ConferenceMember.conference_id).in_(held), col(ConferenceMember.person_id).in_(ids)
    )
    for conference_id, person_id in session.execute(standing):
        yield person_id, Taken(span_of(held[conference_id]), "conference", conference_id)
    yield from _presenting(session, ids, held)


def _presenting(session: Session, ids: Collection[int], held: Mapping[str, Conference]) -> Iterable[tuple[int, Taken]]:
    """Who presents a case is taken for the own slots only."""
    releases = session.execute(
        select(col(AgendaRelease.conference_id), col(AgendaRelease.items))
        .join(Conference, col(Conference.id) == col(AgendaRelease.conference_id))
        .where(
            col(Conference.id).in_(held),
            col(AgendaRelease.number) == col(Conference.release),
            col(Conference.id).in_(
                select(col(Participation.conference_id)).where(
                    col(Participation.person_id).in_(ids),
                    col(Participation.role) == "presenter",
                    col(Participation.active).is_(True),
                )
            ),
        )
    )
    for conference_id, document in releases:
        items = _items.decode(document)
        begins = rules.starts(held[conference_id].starts_at, [item.minutes for item in items])
        for item, start in zip(items, begins, strict=True):
            span = Span(start, start + timedelta(minutes=item.minutes))
            yield item.presenter_id, Taken(span, "conference", conference_id)


def _busy(session: Session, ids: Collection[int], window: Span) -> Iterable[tuple[int, Taken]]:
    rows = session.execute(
        select(col(BusyTime.person_id), col(BusyTime.starts_at), col(BusyTime.ends_at)).where(
            col(BusyTime.person_id).in_(ids),
            col(BusyTime.ends_at) > window.starts_at,
            col(BusyTime.starts_at) < window.ends_at,
        )
    )
    for person_id, starts_at, ends_at in rows:
        yield person_id, Taken(Span(starts_at, ends_at), "busy")


def _absences(session: Session, ids: Collection[int], window: Span) -> Iterable[tuple[int, Taken]]:
    rows = session.execute(
        select(col(Absence.person_id), col(Absence.first_day), col(Absence.last_day)).where(
            col(Absence.person_id).in_(ids),
            col(Absence.last_day) >= today(window.starts_at),
            col(Absence.first_day) <= today(window.ends_at),
        )
    )
    for person_id, first, last in rows:
        yield person_id, Taken(Span(midnight(first), midnight(last + timedelta(days=1))), "absence")
