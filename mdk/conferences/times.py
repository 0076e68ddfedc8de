"""Reads of when each person takes part in a conference: the whole meeting, or their own slots."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from mdk.conferences import rules
from mdk.conferences.answer_structs import Slot, Times
from mdk.conferences.queries import ends_at, released_items
from mdk.conferences.tables import Conference


def own_slots(session: Session, conference: Conference) -> Mapping[int, tuple[Slot, ...]]:
    """The slots of the last release by who presents them, each person's in order."""
    items = released_items(session, conference)
    slots: dict[int, tuple[Slot, ...]] = {}
    for item, start in zip(items, rules.starts(conference.starts_at, [item.minutes for item in items]), strict=True):
        slots[item.presenter_id] = (*slots.get(item.presenter_id, ()), Slot(start, item.minutes))
    return slots


def times_of(conference: Conference, role: str, slots: tuple[Slot, ...]) -> Times:
    """When someone with this role and these slots takes part; who only presents comes for the own slots alone."""
    if role == "presenter" and slots:
        return Times(slots[0].starts_at, slots[-1].ends_at, slots)
    return Times(conference.starts_at, ends_at(conference), slots)
