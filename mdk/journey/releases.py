"""Owns what the next release of an agenda would change, and whom it would tell, before it is let out."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.conferences.invited import invited_roles
from mdk.conferences.queries import load, released_items, working_items
from mdk.conferences.rules import starts
from mdk.conferences.structs import ReleasedItem
from mdk.conferences.tables import Conference, Participation
from mdk.people.queries import names
from mdk.people.structs import Viewer

Time = tuple[datetime, int]  # start and minutes


class SlotChange(msgspec.Struct, frozen=True):
    """A case whose time differs from the last release; no `before` is an added case, no `after` a removed one."""

    case: str
    before: Time | None
    after: Time | None


class Told(msgspec.Struct, frozen=True):
    """Someone who is told at the release; `news` is `invited`, `changed` or `dropped`."""

    name: str
    role: str
    news: str


class ReleaseView(msgspec.Struct, frozen=True):
    """What the next release changes since the last one, and who is told."""

    changes: list[SlotChange]
    told: list[Told]


def preview(session: Session, conference_id: str, *, by: Viewer, at: datetime) -> ReleaseView:
    """What releasing the working agenda would change and whom it would tell; the case numbers are logged.

    Raises `NotFound`, `NotAllowed`.
    """
    conference = load(session, conference_id, act="conference.release", by=by)
    before, after = released_items(session, conference), working_items(session, conference)
    changes = _changes(_times(conference, before), _times(conference, after)) if conference.release else []
    numbers = {item.number for item in [*before, *after]}
    seen(session, "conference.preview", by=by, at=at, cases=tuple(sorted(numbers)))
    return ReleaseView(changes=changes, told=_told(session, conference, before, after))


def _times(conference: Conference, items: Sequence[ReleasedItem]) -> dict[str, Time]:
    begins = starts(conference.starts_at, [item.minutes for item in items])
    return {item.number: (start, item.minutes) for item, start in zip(items, begins, strict=True)}


def _changes(before: dict[str, Time], after: dict[str, Time]) -> list[SlotChange]:
    both = list(after) + [number for number in before if number not in after]
    return [
        SlotChange(number, before.get(number), after.get(number))
        for number in both
        if before.get(number) != after.get(number)
    ]


def _told(
    session: Session, conference: Conference, before: list[ReleasedItem], after: list[ReleasedItem]
) -> list[Told]:
    roles = invited_roles(session, conference, after)
    active = session.scalars(
        select(Participation).where(
            col(Participation.conference_id) == conference.id, col(Participation.active).is_(True)
        )
    )
    known = {row.person_id: row.role for row in active}
    then, now = _own_times(conference, before), _own_times(conference, after)
    news = {
        person_id: "invited" if person_id not in known else "changed"
        for person_id, role in roles.items()
        if person_id not in known or (role == "presenter" and then.get(person_id) != now.get(person_id))
    } | {person_id: "dropped" for person_id in known if person_id not in roles}
    called = names(session, set(news))
    told = [Told(called[each], roles.get(each) or known[each], what) for each, what in news.items()]
    return sorted(told, key=lambda each: each.name)


def _own_times(conference: Conference, items: list[ReleasedItem]) -> dict[int, list[Time]]:
    times = _times(conference, items)
    own: dict[int, list[Time]] = {}
    for item in items:
        own.setdefault(item.presenter_id, []).append(times[item.number])
    return own
