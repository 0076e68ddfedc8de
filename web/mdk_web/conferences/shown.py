"""Owns what the page of one conference shows: its slots, who it concerns, and which acts the viewer has."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mdk.cases import lists
from mdk.cases import queries as cases
from mdk.cases.structs import CaseLine, CaseState, QueueLine
from mdk.cases.treatment_structs import TreatmentDecisionLine
from mdk.conferences import postponing, queries
from mdk.conferences.rules import PLANNABLE
from mdk.conferences.structs import ConferenceState, ConferenceView, InvitedPerson, Slot
from mdk.journey import releases, reviews
from mdk.minutes import quality
from mdk.minutes.quality import QualityView
from mdk.people.rules import may_ever
from mdk.people.structs import Role
from mdk_calendar import replies
from mdk_calendar.queries import current_invitation
from mdk_web.conferences import forms
from mdk_web.filled import rows_of
from mdk_web.formkit import Form
from mdk_web.visits import Visit

_DECIDED = frozenset({CaseState.DECIDED, CaseState.CLOSED})


class ShownSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the agenda; one that was typed and not saved has no time, and one that is not on it no line."""

    case: str
    minutes: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    presenter: str = ""
    missing: list[str] = []
    lacking: list[str] = []
    line: CaseLine | None = None
    treatment: TreatmentDecisionLine | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A case in the queue that can be picked, and where it already stands, if so."""

    queued: QueueLine
    elsewhere: datetime | None


def conference(visit: Visit, conference_id: str, typed: Form | None = None) -> dict[str, Any]:
    """What the page needs; `typed` is a refused agenda, shown as it was typed while it can still be mended.

    Raises `NotFound`, `NotAllowed`.
    """
    view = queries.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
    plans = may_ever("conference.agenda", visit.viewer)
    editable = plans and view.state in PLANNABLE
    slots = slots_of(visit, view)
    chairs = view.chair == visit.viewer.email and may_ever("conference.open", visit.viewer)
    return {
        "view": view,
        "slots": _typed(slots, typed) if typed is not None and editable else slots,
        "editable": editable,
        "plans": plans,
        "chairs": chairs,
        "successors": _successors(visit, view),
        "early": view.starts_at - forms.EARLY > visit.at,
        "waiting": _waiting(visit, slots) if editable else [],
        "preview": releases.preview(visit.session, view.id, by=visit.viewer, at=visit.at) if editable else None,
        "me": _me(visit, view),
        "wishes": replies.noted_about(visit.session, view.id) if may_ever("outbox.read", visit.viewer) else [],
        "lanes": reviews.to_ratify(visit.session, view.id, by=visit.viewer, at=visit.at),
        "now": visit.at,
        "has_invitation": current_invitation(visit.session, view.id, visit.viewer.person_id) is not None,
        "leaves_cases": plans and postponing.leaves(visit.session, conference_id),
        "quality": _quality(visit, view),
        "primary": _primary(view, editable=editable, chairs=chairs),
    }


def slots_of(visit: Visit, view: ConferenceView) -> list[ShownSlot]:
    """The agenda that the viewer sees, with each case's line, what its quorum lacks and what became of it."""
    lines = queries.agenda_lines(visit.session, view.agenda, at=visit.at)
    decided = cases.decisions(visit.session, [number for number, line in lines.items() if line.state in _DECIDED])
    lacking = {case.case: case.lacking for case in view.quorum.cases}
    names = {person.email: person.name for person in view.people}
    return [
        ShownSlot(
            case=slot.case,
            minutes=str(slot.minutes),
            starts_at=slot.starts_at,
            ends_at=_end(slot),
            presenter=names.get(slot.presenter, slot.presenter),
            missing=slot.missing,
            lacking=lacking.get(slot.case, []),
            line=lines.get(slot.case),
            treatment=decided[slot.case][-1] if slot.case in decided else None,
        )
        for slot in view.agenda
    ]


def _typed(slots: list[ShownSlot], form: Form) -> list[ShownSlot]:
    known = {slot.case: slot for slot in slots}
    return [
        msgspec.structs.replace(
            known.get(case, ShownSlot(case=case, minutes="")), minutes=minutes, starts_at=None, ends_at=None
        )
        for case, minutes in _rows(form)
    ]


def _rows(form: Form) -> Iterator[tuple[str, str]]:
    for place in rows_of(form, "items"):
        yield form.get(f"items.{place}.case", ""), form.get(f"items.{place}.minutes", "")


def _end(slot: Slot) -> datetime:
    return slot.starts_at + timedelta(minutes=slot.minutes)


def _waiting(visit: Visit, slots: list[ShownSlot]) -> list[Waiting]:
    queued, _ = lists.queue(visit.session, by=visit.viewer, at=visit.at)
    on_agenda = {slot.case for slot in slots}
    free = [line for line in queued if line.case not in on_agenda]
    planned = queries.planned_for(visit.session, [line.case for line in free])
    return [Waiting(line, planned[line.case].starts_at if line.case in planned else None) for line in free]


def _successors(visit: Visit, view: ConferenceView) -> list[tuple[str, str]] | None:
    """Who can take the chair over, as (address, name), once nothing else can be changed; None for who may not say."""
    has_begun = view.state in {ConferenceState.IN_SESSION, ConferenceState.CLOSED}
    if not has_begun or not may_ever("conference.change", visit.viewer):
        return None
    return [each for each in forms.chairs(visit.session) if each[0] != view.chair]


def _quality(visit: Visit, view: ConferenceView) -> QualityView | None:
    """How the conference went, for those who take part in more than their own case."""
    if view.state != ConferenceState.CLOSED or visit.viewer.role == Role.REFERRER:
        return None
    return quality.view(visit.session, view.id, by=visit.viewer, at=visit.at)


def _me(visit: Visit, view: ConferenceView) -> InvitedPerson | None:
    asked = view.release and view.state in PLANNABLE
    return next((each for each in view.people if asked and each.email == visit.viewer.email), None)


def _primary(view: ConferenceView, *, editable: bool, chairs: bool) -> str:
    """The page's one act: `release`, `open`, `session`, or none."""
    if view.state == ConferenceState.IN_SESSION:
        return "session"
    if editable and (view.state == ConferenceState.PLANNED or view.unreleased_changes):
        return "release"
    return "open" if chairs and view.state == ConferenceState.RELEASED else ""
