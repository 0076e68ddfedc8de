"""Owns what the forms of a conference say: its frame, its time, and an agenda after one press of a button."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mdk.clock import local, readings
from mdk.conferences import conflicts
from mdk.conferences.frames import STANDS_IN
from mdk.conferences.rules import USUAL_MINUTES
from mdk.conferences.series_structs import SeriesView
from mdk.conferences.structs import AgendaBody, AgendaItemBody, ConferenceBody
from mdk.errors import Invalid, Problem
from mdk.people import queries as people
from mdk.people.rules import CLINICAL_ROLES
from mdk.people.structs import Role, Viewer
from mdk_web.filled import read_as, wall_time
from mdk_web.formkit import Form

EARLY = timedelta(minutes=15)
_WEDNESDAY, _HOUR = 2, 13
_CHOSEN_AMONG = {
    "chairs": frozenset({Role.CHAIR}),
    "consultants": frozenset({Role.CONSULTANT}),
    "deputies": STANDS_IN,
    "members": CLINICAL_ROLES - {Role.REFERRER},  # who refers comes to the own case, and there are hundreds of them
}


def conference_changes(form: Form) -> dict[str, Any]:
    """Every field of the frame as a merge patch: what was emptied is taken away."""
    asked = ("duration_minutes", "chair", "consultant", "deputy", "members", "video_url")
    return dict.fromkeys(asked) | form.plain(ConferenceBody)


def settled(form: Form, name: str = "starts_at") -> Form:
    """The form with a Swedish wall time that names one instant.

    Raises `Invalid` for a time in the hour that spring skips, and one in the hour that autumn repeats of which it was
    not said which (`fold`: `first` or `second`).
    """
    typed = form.get(name, "")
    found = _readings(typed)
    if found is None or len(found) == 1:
        return form
    if not found:
        words = "Klockslaget finns inte den dagen: klockan ställs fram från 02:00 till 03:00. Välj en annan tid."
        raise Invalid([Problem(name, words)])
    which = {"first": 0, "second": 1}.get(form.get("fold", ""))
    if which is None:
        words = "Klockslaget kommer två gånger den natten. Välj vilken av dem som menas."
        raise Invalid([Problem("fold", words)])
    return form.having(name, found[which].isoformat())


def only_looks(form: Form) -> bool:
    """Whether the button asked whose time is taken, and not for the conference."""
    return form.get("do", "").partition(":")[0] in {"look", "pick"}


def picked(form: Form) -> Form:
    """The form with the free time that was pressed as its start."""
    act, _, start = form.get("do", "").partition(":")
    return form.having("starts_at", start) if act == "pick" else form


def looked(session: Session, form: Form, *, by: Viewer, at: datetime) -> dict[str, Any]:
    """Whose time a conference that is thought of would take, and when all are free. Raises `Invalid`."""
    wanted: ConferenceBody = read_as(settled(form), ConferenceBody)
    everyone = [wanted.chair, wanted.consultant, *([wanted.deputy] if wanted.deputy else []), *wanted.members]
    plan: dict[str, Any] = {"people": everyone, "minutes": wanted.duration_minutes}
    return {
        "clashes": conflicts.of_plan(session, **plan, starts_at=wanted.starts_at, by=by),
        "free": conflicts.free(session, **plan, around=wanted.starts_at, by=by, at=at),
        "starts_at": wanted.starts_at,
    }


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


def choices(session: Session, standing: ConferenceBody | SeriesView | None = None) -> dict[str, list[tuple[str, str]]]:
    """Who can be chosen for what, as (address, name); whoever is `standing` there now always can."""
    kept = {} if standing is None else _places(standing)
    found = {
        place: people.holders_of_any(session, roles, kept=kept.get(place, [])) for place, roles in _CHOSEN_AMONG.items()
    }
    return {
        place: [(line.email, f"{line.name}, {line.unit_name}" if place == "members" else line.name) for line in lines]
        for place, lines in found.items()
    }


def chairs(session: Session) -> list[tuple[str, str]]:
    """Who can chair a conference, as (address, name)."""
    return [(line.email, line.name) for line in people.holders_of_any(session, _CHOSEN_AMONG["chairs"])]


def _places(standing: ConferenceBody | SeriesView) -> dict[str, list[str]]:
    return {
        "chairs": [standing.chair],
        "consultants": [standing.consultant],
        "deputies": [standing.deputy] if standing.deputy else [],
        "members": standing.members,
    }


def _readings(typed: str) -> list[datetime] | None:
    try:
        wall = datetime.fromisoformat(typed)
        return None if wall.tzinfo is not None else readings(wall)
    except (ValueError, OverflowError):
        return None
