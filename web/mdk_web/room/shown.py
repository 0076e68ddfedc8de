"""Owns what everyone in a conference sees above the case: whose turn it is, clocks, agenda, quorum, who is there."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mdk.conferences import held, queries
from mdk.conferences.sitting_structs import HeldPerson, HeldSlot, SittingView
from mdk.conferences.structs import ConferenceState, ConferenceView
from mdk.minutes import queries as minutes
from mdk.minutes.structs import MinutesView
from mdk.people.rules import may_ever
from mdk.people.structs import Role
from mdk_web.conferences.shown import ShownSlot, slots_of
from mdk_web.visits import Visit

NO_PROFESSION = "Övriga"


class RoomSlot(NamedTuple):
    """A row of the agenda in the room: the case as everyone knows it, and how its discussion goes."""

    held: HeldSlot
    shown: ShownSlot


def head(visit: Visit, conference_id: str, number: str) -> dict[str, Any]:
    """What the part above the case needs. Raises `NotFound`, `NotAllowed`."""
    meeting = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    lacking = minutes.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
    chairs, begun = is_chair(visit, meeting), has_begun(meeting)
    room = over(visit, meeting, number)
    return room | {
        "meeting": meeting,
        "minutes": lacking,
        "chairs": chairs,
        "has_begun": begun,
        "writes": may_write(lacking, room, chairs=chairs and begun),
    }


def over(visit: Visit, meeting: ConferenceView, number: str) -> dict[str, Any]:
    """The same for a page that has read its conference and minutes already."""
    sitting = held.view(visit.session, meeting.id, by=visit.viewer, at=visit.at)
    slots = _slots(visit, meeting, sitting)
    here = next((place for place, slot in enumerate(slots) if slot.held.case == number), -1)
    following = slots[here + 1].held.case if 0 <= here < len(slots) - 1 else None
    return {
        "sitting": sitting,
        "number": number,
        "is_own": visit.viewer.role == Role.REFERRER,
        "slots": slots,
        "here": slots[here] if here >= 0 else None,
        "place": here + 1,
        "following": following,
        "runs": is_chair(visit, meeting) and meeting.state == ConferenceState.IN_SESSION,
        "professions": _by_profession(sitting.people),
        "watching": [person.name for person in sitting.people if person.connected],
        "meeting_seconds": _seconds(sitting, visit.at),
        "follows": visit.request.query_params.get("follow") == "yes",
    }


def may_write(found: MinutesView, room: Mapping[str, Any], *, chairs: bool) -> bool:
    """Whether the viewer, who `chairs` what has begun, writes the minutes: not of what is signed or was passed over."""
    passed_over = room["here"] is not None and room["here"].held.passed_over
    return chairs and found.signed is None and not (passed_over and not found.version)


def following(conference_id: str, number: str) -> str:
    """The page of a case for someone who follows the chair from case to case."""
    return f"/conferences/{conference_id}/session/{number}?follow=yes"


def has_begun(meeting: ConferenceView) -> bool:
    """Whether the conference is or was held."""
    return meeting.state in {ConferenceState.IN_SESSION, ConferenceState.CLOSED}


def is_chair(visit: Visit, meeting: ConferenceView) -> bool:
    """Whether the viewer is this conference's chair."""
    return meeting.chair == visit.viewer.email and may_ever("conference.run", visit.viewer)


def _slots(visit: Visit, meeting: ConferenceView, sitting: SittingView) -> list[RoomSlot]:
    known = {slot.case: slot for slot in slots_of(visit, meeting)}
    return [RoomSlot(slot, known[slot.case]) for slot in sitting.agenda if slot.case in known]


def _by_profession(people: list[HeldPerson]) -> dict[str, list[HeldPerson]]:
    found: dict[str, list[HeldPerson]] = defaultdict(list)
    for person in people:
        found[person.profession.capitalize() or NO_PROFESSION].append(person)
    return dict(sorted(found.items(), key=lambda each: (each[0] == NO_PROFESSION, each[0])))


def _seconds(sitting: SittingView, at: datetime) -> int | None:
    if sitting.opened_at is None:
        return None
    return int(((sitting.closed_at or at) - sitting.opened_at).total_seconds())
