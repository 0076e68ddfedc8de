"""Owns what the page of an urgent review shows: whom to ask, the case beside it, and the conclusion's form."""

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from mdk import clock
from mdk.cases import queries as cases
from mdk.cases.structs import CaseView
from mdk.clinical.pump import contraindications
from mdk.clinical.reference import region
from mdk.conferences.outlook import foreseen
from mdk.db import choices
from mdk.journey import reviews
from mdk.journey.urgent_rules import LONGEST, OPENS_FROM, suggested_deadline
from mdk.minutes.rules import needed
from mdk.people.queries import units
from mdk.people.rules import may_ever
from mdk_web.cases import forms
from mdk_web.cases.working import working
from mdk_web.filled import rows_of, values_of, wall_time
from mdk_web.formkit import Form
from mdk_web.minutes.one_page import sections
from mdk_web.visits import Visit

LISTS = ("attendance", "contraindications", "dissent")


def review(visit: Visit, number: str, typed: Form | None = None) -> dict[str, Any]:
    """What the page needs; `typed` is what was refused. Raises `NotFound`, `NotAllowed`."""
    view = _case(visit, number)
    found = view.urgent_review
    is_open = found is not None and found.state == "open"
    asked = [] if found is None else [member.email for member in found.members]
    may_open = may_ever("urgent.open", visit.viewer) and view.state in OPENS_FROM
    return {
        **_beside(visit, view),
        "review": found,
        "typed": typed or {},
        "now": visit.at,
        "opines": is_open and visit.viewer.email in asked,
        "concludes": is_open and may_ever("urgent.conclude", visit.viewer),
        "meeting": reviews.ratifying_meeting(visit.session, number, by=visit.viewer, at=visit.at),
        "opening": _opening(visit, view, typed) if may_open else None,
    }


def conclusion(visit: Visit, number: str, typed: Form | None = None, *, is_stale: bool = False) -> dict[str, Any]:
    """What the form of a conclusion needs, as the minutes' own; `typed` stands instead of the suggestion.

    `is_stale` when the consultant is told that an opinion has come meanwhile, which the page shows: then it is seen.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("urgent.not-open")`.
    """
    view = _case(visit, number)
    suggested = reviews.suggestion(visit.session, number, by=visit.viewer, at=visit.at)
    values = values_of(suggested) if typed is None else typed
    asked = {} if view.urgent_review is None else {each.email: each.name for each in view.urgent_review.members}
    return {
        **_beside(visit, view),
        "review": view.urgent_review,
        "values": values,
        "rows": {name: _filled_rows(values, name) for name in LISTS},
        "needed": needed(values.get("outcome")),
        "names": asked | {visit.viewer.email: visit.viewer.name},
        "units": [unit.name for unit in units(visit.session)],
        "prompts": {prompt.what: prompt for prompt in contraindications()},
        "home": region(_region(view)),
        "minutes": SimpleNamespace(version=view.version, quorum_lacking=[]),
        "version": view.version if typed is None or is_stale else typed.version(),
    }


def deadline_word(deadline: datetime, now: datetime) -> str:
    """How long there is left, in whole hours or minutes, or that the time is up."""
    minutes = int((deadline - now).total_seconds() // 60)
    if minutes < 0:
        late = -minutes
        return f"{late // 60} timmar över tiden" if late >= 120 else f"{late} minuter över tiden"
    return f"{minutes // 60} timmar kvar" if minutes >= 120 else f"{minutes} minuter kvar"


def share_used(opened: datetime, deadline: datetime, now: datetime) -> float:
    """The share of the time for opinions that has gone."""
    return (now - opened) / (deadline - opened)


def _case(visit: Visit, number: str) -> CaseView:
    return foreseen(visit.session, cases.view(visit.session, number, by=visit.viewer, at=visit.at), at=visit.at)


def _beside(visit: Visit, view: CaseView) -> dict[str, Any]:
    """The case as it stands beside the opinions."""
    return {
        "view": view,
        "case": view,
        "line": forms.strip_of(view),
        "working": working(view, clock.today(visit.at), choices(visit.session).omeq_table),
        "holder": forms.holder,
        "sections": sections(view, "pain", "medicines", "diagnosis", "safety", "treatments", "function"),
        "patient_view": sections(view, "patient_view"),
        "home_care": sections(view, "home_care"),
        "changes": [],  # what was changed since the referral stands in the case's own story
        "here": None,  # a review in writing has no turns
        "deadline_word": deadline_word,
        "share_used": share_used,
    }


def _opening(visit: Visit, view: CaseView, typed: Form | None) -> dict[str, Any]:
    """Whom one may ask, who is suggested, and until when."""
    people = reviews.askable(visit.session)
    suggested = reviews.suggested(people, view, by=visit.viewer)
    deadline = wall_time(suggested_deadline(visit.at))
    return {
        "people": people,
        "members": suggested if typed is None else typed.every("members"),
        "deadline": deadline if typed is None else typed.get("deadline", ""),
        "latest": visit.at + LONGEST,
    }


def _filled_rows(values: Mapping[str, str], name: str) -> list[int]:
    """The rows that say something: the empty one that a form offers is offered anew."""
    return [
        place
        for place in rows_of(values, name)
        if any(values.get(f"{name}.{place}.{part}") for part in ("email", "what", "who"))
    ]


def _region(view: CaseView) -> str:
    return view.patient.home_region if isinstance(view.patient.home_region, str) else ""
