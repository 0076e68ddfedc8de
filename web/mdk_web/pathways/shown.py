"""Owns what the inboxes show: their columns by state, the readiness board, and the papers of one pathway."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mdk.cases import queries as cases
from mdk.cases.structs import CaseView
from mdk.clinical.prerequisites import AT_HOME
from mdk.clinical.reference import region
from mdk.journey import on_call
from mdk.minutes import queries as minutes
from mdk.pathways import contacts, follow_up_queries, rules
from mdk.pathways.structs import AssignmentView, PrerequisiteRow, ReferralView
from mdk.people.queries import units
from mdk.people.rules import may_ever
from mdk.people.structs import Viewer
from mdk_web.minutes.one_page import sections
from mdk_web.visits import Visit
from mdk_web.words import label, word

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
_PACK = (
    "diagnosis.icd10", "diagnosis.description", "diagnosis.oncological_treatment", "safety.anticoagulants",
    "safety.platelets", "safety.pk_inr", "safety.infection", rules.SWAB, "treatments.imaging", "safety.weight_kg",
    "safety.mri_planned", "safety.allergy", "safety.earlier_spinal_surgery", "patient_view.informed",
)  # fmt: skip
_FILLED_IN = {
    "safety.anticoagulants.last_dose": "Senaste dos av blodförtunnande",
    rules.TIP: "Föreslagen nivå",
}


class Column(NamedTuple):
    """One column of an inbox."""

    title: str
    rows: list[Any]


class PackRow(NamedTuple):
    """One row of the pre-operative pack: what was said; or nothing, and who owns getting it where it is needed."""

    label: str
    text: str
    owner: str = ""
    at: Any = None
    by: str = ""


def columns(rows: Sequence[Row], layout: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Column]:
    """The rows in their columns, those that have waited longest first; the last column only when it holds one."""
    oldest_first = sorted(rows, key=lambda row: row.created_at)
    made = [Column(title, [row for row in oldest_first if row.state in states]) for title, states in layout]
    return made if made[-1].rows else made[:-1]


def count_met(rows: list[PrerequisiteRow]) -> str:
    """How many of the prerequisites that apply are met: `3 av 19`."""
    applying = [row for row in rows if row.applies]
    return f"{sum(row.state == 'met' for row in applying)} av {len(applying)}"


def in_preparation(rows: Sequence[AssignmentView]) -> list[AssignmentView]:
    """The rows of the readiness board: what is not put in yet, longest waiting first."""
    return sorted((row for row in rows if row.state in rules.ASSIGNMENT_OPEN), key=lambda row: row.created_at)


def papers(visit: Visit, row: Row) -> dict[str, Any]:
    """The case and the signed minutes behind a referral or assignment. Raises `NotFound`, `NotAllowed`."""
    case = cases.view(visit.session, row.case, by=visit.viewer, at=visit.at)
    return {
        "row": row,
        "case": case,
        "minutes": minutes.view(visit.session, row.conference, row.case, by=visit.viewer, at=visit.at),
        "answers": contacts.home_care_lines(visit.session, row.case, by=visit.viewer, at=visit.at),
        "met": count_met(row.prerequisites),
        "after": follow_up_queries.summary(visit.session, row.case, at=visit.at),
        "has_pump": on_call.has_pump(visit.session, row.case),
        "units": {unit.id: unit.name for unit in units(visit.session)},
        "owners": [visit.viewer.unit_name, visit.viewer.name],
        "sections": sections(case, "diagnosis", "safety", "pain", "medicines", "treatments", "function"),
        "patient_view": sections(case, "patient_view"),
        "home_care": sections(case, "home_care"),
    }


def pack(row: ReferralView, case: CaseView) -> list[PackRow]:
    """The pre-operative pack: what is missing, what was filled in, and what the case and the minutes say."""
    parts = sections(case, "diagnosis", "safety", "treatments", "patient_view")
    said = {fact.label: fact.text for section in parts for fact in section.facts}
    lacking = {gap.field for gap in row.missing}
    known = lacking | {fact.field for fact in row.supplied}
    told = [(label(path), said.get(label(path), "")) for path in _PACK if path not in known]
    told += [("Föreslagen nivå", row.catheter_tip), ("Betalas av", f"Region {word('region', row.home_region)}")]
    return [
        *(PackRow(gap.what.capitalize(), "", gap.owner) for gap in row.missing),
        *(
            PackRow(_FILLED_IN.get(each.field) or label(each.field), each.text, "", each.at, each.by)
            for each in row.supplied
        ),
        *(PackRow(name, text) for name, text in told if text or name == label(rules.SWAB)),
    ]


def settable(row: Row, viewer: Viewer) -> frozenset[int]:
    """The numbers of the prerequisites that this viewer may set on the row as it stands."""
    every = frozenset(each.n for each in row.prerequisites)
    if isinstance(row, AssignmentView):
        works = may_ever("assignment.work", viewer) and row.unit == viewer.unit_id
        return every if works and row.state in rules.ASSIGNMENT_MOVES["prepare"][0] else frozenset()
    if row.state not in rules.REFERRAL_OPEN:
        return frozenset()
    if may_ever("referral.work", viewer):
        return every
    return every & AT_HOME if may_ever("referral.prerequisite", viewer) else frozenset()


def lacking_capability(row: AssignmentView) -> str:
    """What the report says of a region in which nobody puts extern pumps in; empty for the others."""
    found = region(row.region)
    return found.extern_capability if found and not found.inserts_extern else ""
