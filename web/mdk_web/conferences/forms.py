"""Owns what the forms of a conference say: its frame, a series' rule, and an agenda after one press of a button."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mdk.clock import local
from mdk.conferences.structs import AgendaBody, AgendaItemBody, ConferenceBody, SeriesBody
from mdk.errors import Invalid, Problem
from mdk.parsing import parse
from mdk.people import queries as people
from mdk.people.structs import PersonLine, Role, Viewer
from mdk_web.filled import read_as, wall_time
from mdk_web.formkit import Form

USUAL_MINUTES = 15
EARLY = timedelta(minutes=15)
_WEDNESDAY, _HOUR = 2, 13
_STANDS_IN = frozenset({Role.CONSULTANT, Role.CHAIR, Role.MEMBER, Role.NEUROSURGERY})


def conference_changes(form: Form) -> dict[str, Any]:
    """Every field of the frame as a merge patch: what was emptied is taken away."""
    asked = ("duration_minutes", "chair", "consultant", "deputy", "members", "video_url")
    return dict.fromkeys(asked) | form.plain(ConferenceBody)


def series_of(form: Form) -> SeriesBody:
    """A series, its rule made from how often and on which weekday. Raises `Invalid`."""
    every, weekday = form.get("every", "1"), form.get("weekday", "WE")
    rule = f"FREQ=WEEKLY;INTERVAL={every};BYDAY={weekday}" if every != "1" else f"FREQ=WEEKLY;BYDAY={weekday}"
    plain = {name: value for name, value in form.plain(SeriesBody).items() if name not in {"every", "weekday"}}
    made: SeriesBody = parse(SeriesBody, {"rrule": rule} | plain)
    return made


def agenda_of(form: Form) -> list[AgendaItemBody]:
    """The agenda as typed, after the button that was pressed: `save`, `up:1`, `down:1`, `remove:1` or `add:<case>`.

    Raises `Invalid`.
    """
    body: AgendaBody = read_as(form, AgendaBody, items=[])
    act, _, which = form.get("do", "").partition(":")
    items = body.items
    if act == "add" and which:
        return [*items, AgendaItemBody(case=which, minutes=USUAL_MINUTES)]
    place = next((place for place in range(len(items)) if which == str(place)), None)
    if place is None:
        return items
    moved = items.pop(place)
    to = {"up": max(place - 1, 0), "down": place + 1}.get(act)
    if to is not None:
        items.insert(to, moved)
    return items


def check_start(form: Form, starts_at: datetime, at: datetime) -> None:
    """Raises `Invalid` for a start long before the time that nobody confirmed."""
    if at < starts_at - EARLY and form.get("confirm") != "yes":
        words = "Konferensen är planerad till senare. Kryssa i att ni börjar tidigare."
        raise Invalid([Problem("confirm", words)], words)


def usual(viewer: Viewer, at: datetime) -> Mapping[str, str]:
    """What a new conference's form begins with: next Wednesday at 13, for an hour."""
    today = local(at)
    ahead = (_WEDNESDAY - today.weekday()) % 7 or 7
    start = (today + timedelta(days=ahead)).replace(hour=_HOUR, minute=0)
    chair = {"chair": viewer.email} if viewer.role == Role.CHAIR else {}
    return {"starts_at": wall_time(start), "first_start": wall_time(start), "duration_minutes": "60"} | chair


def choices(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Who can be chosen for what, as (address, name)."""
    everyone = people.clinicians(session)
    return {
        "chairs": _named(people.holders(session, Role.CHAIR)),
        "consultants": _named(people.holders(session, Role.CONSULTANT)),
        "deputies": _named([line for line in everyone if line.role in _STANDS_IN]),
        "members": [(line.email, f"{line.name}, {line.unit_name}") for line in everyone],
    }


def _named(lines: list[PersonLine]) -> list[tuple[str, str]]:
    return [(line.email, line.name) for line in lines]
