"""Owns what the inboxes show: their columns by state, and the papers of one referral or assignment."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mdk.cases import queries as cases
from mdk.journey import on_call
from mdk.minutes import queries as minutes
from mdk.pathways import follow_up_queries
from mdk.pathways.structs import AssignmentView, PrerequisiteRow, ReferralView
from mdk.people.queries import units
from mdk_web.minutes.one_page import sections
from mdk_web.visits import Visit

Row = ReferralView | AssignmentView
REFERRALS = (
    ("Ny", ("created", "received")),
    ("Komplettering", ("more_information",)),
    ("Accepterad", ("accepted",)),
    ("Planerad", ("scheduled",)),
    ("Utförd", ("implanted", "reported")),
    ("Inte utförd", ("declined", "cancelled")),
)
ASSIGNMENTS = (
    ("Nytt", ("assigned",)),
    ("Accepterat", ("accepted",)),
    ("Förbereds", ("preparing",)),
    ("Pump insatt", ("inserted", "followed_up")),
    ("Inte utfört", ("not_done",)),
)


class Column(NamedTuple):
    """One column of an inbox."""

    title: str
    rows: list[Any]


def columns(rows: Sequence[Row], layout: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Column]:
    """The rows in their columns, those that have waited longest first; the last column only when it holds one."""
    oldest_first = sorted(rows, key=lambda row: row.created_at)
    made = [Column(title, [row for row in oldest_first if row.state in states]) for title, states in layout]
    return made if made[-1].rows else made[:-1]


def count_met(rows: list[PrerequisiteRow]) -> str:
    """How many of the prerequisites that apply are met: `3 av 19`."""
    applying = [row for row in rows if row.applies]
    return f"{sum(row.state == 'met' for row in applying)} av {len(applying)}"


def papers(visit: Visit, row: Row) -> dict[str, Any]:
    """The case and the signed minutes behind a referral or assignment. Raises `NotFound`, `NotAllowed`."""
    case = cases.view(visit.session, row.case, by=visit.viewer, at=visit.at)
    return {
        "row": row,
        "case": case,
        "minutes": minutes.view(visit.session, row.conference, row.case, by=visit.viewer, at=visit.at),
        "met": count_met(row.prerequisites),
        "after": follow_up_queries.summary(visit.session, row.case, at=visit.at),
        "has_pump": on_call.has_pump(visit.session, row.case),
        "units": {unit.id: unit.name for unit in units(visit.session)},
        "sections": sections(case, "diagnosis", "safety", "pain", "medicines", "treatments", "function"),
        "patient_view": sections(case, "patient_view"),
        "home_care": sections(case, "home_care"),
    }
