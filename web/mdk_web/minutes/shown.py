"""Owns what the session view shows of one case: its place on the agenda, the minutes' form, and the support beside."""

from typing import Any

import msgspec

from mdk.cases import queries as cases
from mdk.clinical.pump import contraindications
from mdk.clinical.reference import region
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
    values = typed if typed is not None else values_of(_body(found))
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
        "writes": chairs and has_begun and found.signed is None,
        "names": {person.email: person.name for person in meeting.people},
        "units": [unit.name for unit in units(visit.session)],
        "prompts": {prompt.what: prompt for prompt in contraindications()},
        "home": region(_home(case)),
        "sections": sections(case, "pain", "medicines", "diagnosis", "safety", "treatments", "function"),
        "patient_view": sections(case, "patient_view"),
        "home_care": sections(case, "home_care"),
        **place(slots_of(visit, meeting), number),
    }


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


def _body(found: MinutesView) -> MinutesBody:
    return msgspec.convert(
        {name: getattr(found, name) for name in MinutesBody.__struct_fields__}, MinutesBody, from_attributes=True
    )


def _home(case: Any) -> str:
    return case.patient.home_region if isinstance(case.patient.home_region, str) else ""
