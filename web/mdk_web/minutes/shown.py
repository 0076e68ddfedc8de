"""Owns what the session view shows of one case: its place on the agenda, the minutes' form, and the support beside."""

from collections.abc import Mapping
from typing import Any

from mdk.cases import queries as cases
from mdk.clinical.pump import contraindications
from mdk.clinical.reference import region
from mdk.conferences import held, queries
from mdk.conferences.structs import ConferenceState, ConferenceView
from mdk.journey import work
from mdk.minutes import queries as minutes
from mdk.minutes.rules import needed
from mdk.people.queries import units
from mdk_web.cases.told import Told, told
from mdk_web.conferences.shown import slots_of
from mdk_web.filled import rows_of, values_of
from mdk_web.formkit import NO_REFUSAL, Form
from mdk_web.minutes import along, drafts
from mdk_web.minutes.one_page import sections
from mdk_web.room.shown import has_begun, is_chair, may_write, over
from mdk_web.visits import Visit

# The lists of the form, and in which of its columns a row is filled.
LISTS = {"attendance": ("email", "profession"), "contraindications": ("what", "assessment"), "dissent": ("who", "what")}


def room(
    visit: Visit, conference_id: str, number: str, typed: Form | None = None, *, is_stale: bool = False
) -> dict[str, Any]:
    """What the session view of one case needs; `typed` is refused minutes, `is_stale` when someone else was before.

    Raises `NotFound`, `NotAllowed`.
    """
    meeting = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    found = minutes.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
    case = cases.view(visit.session, number, by=visit.viewer, at=visit.at)
    home = region(_home(case))
    values = values_of(drafts.body_in(found)) if typed is None else typed
    begun, chairs = has_begun(meeting), is_chair(visit, meeting)
    room = over(visit, meeting, number)
    return {
        "meeting": meeting,
        "minutes": found,
        "case": case,
        "decisions": case.treatment_decisions,
        "left_out": along.left_out(drafts.body_in(found), typed) if typed is not None and found.signed else (),
        "values": values,
        "rows": {name: _filled(values, name) for name in LISTS},
        "needed": needed(values.get("outcome")),
        "chairs": chairs,
        "has_begun": begun,
        "writes": may_write(found, room, chairs=chairs and begun),
        "names": _names(meeting),
        "units": [unit.name for unit in units(visit.session)],
        "prompts": {prompt.what: prompt for prompt in contraindications()},
        "home": home,
        "form_path": f"/conferences/{conference_id}/session/{number}",
        "standing": drafts.beginning(found) if typed is None else drafts.refused(found, typed, is_stale=is_stale),
        "lacking": None if typed is not None else found.quorum_lacking,
        "taken": (),
        "sections": sections(case, "pain", "medicines", "diagnosis", "safety", "treatments", "function"),
        "patient_view": sections(case, "patient_view"),
        "home_care": sections(case, "home_care"),
        "changes": _changes(visit, number),
        "arranged": False,
        "reason": "",
        **room,
    }


def written(visit: Visit, conference_id: str, number: str) -> dict[str, Any]:
    """What the part of the page needs that shows what others write. Raises `NotFound`, `NotAllowed`."""
    meeting = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    found = minutes.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
    is_over = meeting.state == ConferenceState.CLOSED
    decided = cases.decisions(visit.session, [number]) if found.signed else {}
    return {
        "meeting": meeting,
        "minutes": found,
        "decisions": decided.get(number, []),
        "left_out": (),
        "here": over(visit, meeting, number)["here"] if is_over else None,
        "chairs": False,
        "names": _names(meeting),
    }


def signed_meanwhile(visit: Visit, conference_id: str, number: str, typed: Form) -> dict[str, Any]:
    """What takes the place of a chair's open form when the minutes were signed elsewhere; nothing typed is lost."""
    shown = written(visit, conference_id, number)
    left = along.left_out(drafts.body_in(shown["minutes"]), typed)
    return shown | {"chairs": True, "values": {}, "refusal": NO_REFUSAL, "left_out": left}


def saved(visit: Visit, conference_id: str, number: str, form: Form, kept: drafts.Kept) -> dict[str, Any]:
    """What is told after a save while typing; the whole form's content only when fields came from someone else."""
    answer = {
        "standing": drafts.after(kept, form, visit.at),
        "refusal": NO_REFUSAL,
        "lacking": kept.lacking,
        "taken": kept.taken,
    }
    return (room(visit, conference_id, number) if kept.taken else {}) | answer


def first_open(visit: Visit, meeting: ConferenceView) -> str | None:
    """The case that is taken up, else the first that is not decided, else the first; None on an empty agenda."""
    sitting = held.view(visit.session, meeting.id, by=visit.viewer, at=visit.at)
    if sitting.current:
        return sitting.current
    slots = slots_of(visit, meeting)
    waiting = [slot.case for slot in slots if slot.line and slot.line.state in {"scheduled", "discussed"}]
    return next(iter([*waiting, *(slot.case for slot in slots)]), None)


def _changes(visit: Visit, number: str) -> list[Told]:
    """What was changed in a case since it was sent in, oldest first."""
    steps = work.story(visit.session, number, by=visit.viewer, at=visit.at)
    return [told(change) for step in steps for change in step.changes]


def _names(meeting: ConferenceView) -> dict[str, str]:
    return {person.email: person.name for person in meeting.people}


def _filled(values: Mapping[str, str], name: str) -> list[int]:
    return [
        place
        for place in rows_of(values, name)
        if any(values.get(f"{name}.{place}.{column}") for column in LISTS[name])
    ]


def _home(case: Any) -> str:
    return case.patient.home_region if isinstance(case.patient.home_region, str) else ""
