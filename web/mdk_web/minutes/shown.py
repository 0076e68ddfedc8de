"""Owns what the session view shows of one case: its place on the agenda, the minutes' form, and the support beside."""

from typing import Any

import msgspec

from mdk.cases import queries as cases
from mdk.clinical.pump import contraindications
from mdk.clinical.reference import Region, region
from mdk.conferences import queries
from mdk.conferences.structs import ConferenceState, ConferenceView
from mdk.minutes import queries as minutes
from mdk.minutes.rules import needed
from mdk.minutes.structs import MinutesBody, MinutesView
from mdk.people.queries import units
from mdk.people.rules import may_ever
from mdk_web.conferences.shown import ShownSlot, slots_of
from mdk_web.filled import rows_of, values_of
from mdk_web.formkit import Form
from mdk_web.minutes.one_page import sections
from mdk_web.visits import Visit

LISTS = ("attendance", "contraindications", "dissent")


def room(visit: Visit, conference_id: str, number: str, typed: Form | None = None) -> dict[str, Any]:
    """What the session view of one case needs; `typed` is refused minutes. Raises `NotFound`, `NotAllowed`."""
    meeting = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    found = minutes.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
    case = cases.view(visit.session, number, by=visit.viewer, at=visit.at)
    home = region(_home(case))
    values = typed if typed is not None else _beginning(found, home)
    has_begun = meeting.state in {ConferenceState.IN_SESSION, ConferenceState.CLOSED}
    chairs = meeting.chair == visit.viewer.email and may_ever("minutes.write", visit.viewer)
    return {
        "meeting": meeting,
        "minutes": found,
        "case": case,
        "values": values,
        "rows": {name: rows_of(values, name) for name in LISTS},
        "needed": needed(values.get("outcome")),
        "chairs": chairs,
        "has_begun": has_begun,
        "writes": chairs and has_begun and found.signed is None,
        "names": _names(meeting),
        "units": [unit.name for unit in units(visit.session)],
        "prompts": {prompt.what: prompt for prompt in contraindications()},
        "home": home,
        "sections": sections(case, "pain", "medicines", "diagnosis", "safety", "treatments", "function"),
        "patient_view": sections(case, "patient_view"),
        "home_care": sections(case, "home_care"),
        **place(slots_of(visit, meeting), number),
    }


def written(visit: Visit, conference_id: str, number: str) -> dict[str, Any]:
    """What the part of the page needs that shows what others write. Raises `NotFound`, `NotAllowed`."""
    meeting = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    found = minutes.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
    return {"meeting": meeting, "minutes": found, "chairs": False, "names": _names(meeting)}


def place(slots: list[ShownSlot], number: str) -> dict[str, Any]:
    """Where a case stands on the agenda, and what comes after it."""
    numbers = [slot.case for slot in slots]
    here = numbers.index(number) if number in numbers else -1
    return {
        "slots": slots,
        "here": slots[here] if here >= 0 else None,
        "place": here + 1,
        "following": slots[here + 1] if 0 <= here < len(slots) - 1 else None,
    }


def first_open(visit: Visit, meeting: ConferenceView) -> str | None:
    """The first case on the agenda that is not decided, else the first; None on an empty agenda."""
    slots = slots_of(visit, meeting)
    waiting = [slot.case for slot in slots if slot.line and slot.line.state in {"scheduled", "discussed"}]
    return next(iter([*waiting, *(slot.case for slot in slots)]), None)


def _beginning(found: MinutesView, home: Region | None) -> dict[str, str]:
    """What the form begins with; a region without cover is no contact, so nothing is suggested as one."""
    values = values_of(_body(found))
    if not found.version and home is not None and home.out_of_hours_cover != "round_the_clock":
        values.pop("out_of_hours_contact", None)
    return values


def _names(meeting: ConferenceView) -> dict[str, str]:
    return {person.email: person.name for person in meeting.people}


def _body(found: MinutesView) -> MinutesBody:
    return msgspec.convert(
        {name: getattr(found, name) for name in MinutesBody.__struct_fields__}, MinutesBody, from_attributes=True
    )


def _home(case: Any) -> str:
    return case.patient.home_region if isinstance(case.patient.home_region, str) else ""
