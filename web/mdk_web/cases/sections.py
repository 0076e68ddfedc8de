"""Owns how the submission is laid out as a form: sections, rows of fields, and lists whose rows can be added."""

from typing import Literal, NamedTuple

Kind = Literal["text", "area", "number", "date", "select", "radio", "ternary", "boxes"]


class Field(NamedTuple):
    """One field: its dotted path (within its list, for a column), how it is typed, and the group of its words."""

    path: str
    kind: Kind
    group: str = ""
    hint: str = ""
    unit: str = ""
    size: str = "6"
    suggests: tuple[str, ...] = ()
    default: str = ""


class Rows(NamedTuple):
    """A list of a section: its path, a row's columns, how many empty rows it has, its words, and a box to paste in."""

    path: str
    columns: tuple[Field, ...]
    spare: int
    one: str
    none: str
    hint: str = ""
    pastes: bool = False


Part = tuple[Field, ...] | Rows


class Section(NamedTuple):
    """One part of the submission, in order."""

    id: str
    parts: tuple[Part, ...]
    hint: str = ""


def _text(path: str, hint: str = "") -> tuple[Field, ...]:
    return (Field(path, "area", hint=hint),)


_OPIOIDS = Rows(
    "medicines.opioids",
    (
        Field("drug", "select", "drug"),
        Field("route", "select", "route"),
        Field("dose", "number", size="7"),
        Field("unit", "select", "unit", default="mg"),
        Field("per_day", "number", size="4"),
        Field("rescue_dose", "number", size="7"),
        Field("rescue_per_day", "number", size="4"),
    ),
    spare=2,
    one="opioid",
    none="Inga opioider",
    hint="En rad för varje preparat. Plåster och infusion i µg/h har ingen uppgift om gånger per dygn. "
    "Vidbehovsdoser räknas som medel av de senaste sju dygnen.",
    pastes=True,
)
_SIDE_EFFECTS = Rows(
    "medicines.side_effects",
    (Field("what", "text", size="28"), Field("severity", "select", "severity")),
    spare=1,
    one="biverkning",
    none="Inga biverkningar",
)
_IMAGING = Rows(
    "treatments.imaging",
    (
        Field("modality", "text", size="12", suggests=("MR", "DT", "PET-DT", "Slätröntgen", "Ultraljud")),
        Field("date", "date"),
        Field("region", "text", size="24"),
    ),
    spare=1,
    one="undersökning",
    none="Ingen bilddiagnostik är gjord",
)
_ANTICOAGULANTS = Rows(
    "safety.anticoagulants",
    (
        Field("drug", "text", size="24"),
        Field("last_dose", "date"),
        Field("stoppable", "select", "yes_no_unknown"),
    ),
    spare=1,
    one="blodförtunnande läkemedel",
    none="Inga blodförtunnande läkemedel",
)

SECTIONS: tuple[Section, ...] = (
    Section(
        "patient",
        (
            (
                Field(
                    "patient.identity_number",
                    "text",
                    hint="10 eller 12 siffror, till exempel ÅÅÅÅMMDD-NNNN. Bara det här behövs för att spara.",
                    size="20",
                ),
                Field("patient.name", "text", size="32"),
            ),
            (
                Field("patient.home_region", "select", "region"),
                Field("patient.municipality", "text", size="20"),
                Field("patient.care_place", "text", size="28", hint="Vårdplats och enhet"),
            ),
            (Field("patient.protected_identity", "ternary"),),
            (
                Field("patient.interpreter_language", "text", size="20", hint="Lämna tomt om tolk inte behövs"),
                Field("patient.next_of_kin", "text", size="32"),
            ),
        ),
    ),
    Section(
        "question",
        (
            _text("question", hint="Skriv det du vill ha svar på, gärna i en mening."),
            (Field("urgency", "radio", "urgency"),),
            (Field("urgency_reason", "text", size="48", hint="Behövs när brådskandegraden är hög eller akut"),),
        ),
    ),
    Section(
        "diagnosis",
        (
            (
                Field("diagnosis.icd10", "text", size="8", hint="Till exempel C34.9. Kod eller ord räcker."),
                Field("diagnosis.description", "text", size="36"),
            ),
            (Field("diagnosis.palliative", "ternary"),),
            (Field("diagnosis.expected_survival", "radio", "survival"),),
            (
                Field("diagnosis.expected_treatment_months", "number", size="5"),
                Field("diagnosis.ecog", "number", hint="0–4", size="4"),
            ),
            _text("diagnosis.spread"),
            _text("diagnosis.oncological_treatment", hint="Pågående, planerad eller avslutad"),
        ),
    ),
    Section(
        "pain",
        (
            (
                Field("pain.nrs_now", "number", hint="0–10", size="4"),
                Field("pain.nrs_worst", "number", hint="0–10", size="4"),
                Field("pain.nrs_mean", "number", hint="0–10", size="4"),
                Field("pain.nrs_unobtainable_reason", "text", hint="Om smärtan inte kan skattas", size="28"),
            ),
            (
                Field("pain.constant", "ternary"),
                Field("pain.breakthroughs_per_day", "number", size="4"),
                Field("pain.breakthroughs_need_rescue", "ternary"),
            ),
            (Field("pain.types", "boxes", "pain_type"),),
            _text("pain.location"),
            (
                Field("pain.dermatomes", "text", size="16", hint="Till exempel L4–S2"),
                Field("pain.side", "select", "side"),
                Field("pain.extent", "select", "extent"),
                Field("pain.refractory_since", "date"),
            ),
        ),
    ),
    Section(
        "medicines",
        (
            _OPIOIDS,
            _text("medicines.other_analgesics"),
            _SIDE_EFFECTS,
            (Field("medicines.declines_opioids", "ternary"),),
            _text("medicines.declines_reason"),
        ),
    ),
    Section(
        "treatments",
        (
            _text("treatments.earlier"),
            _text("treatments.ongoing"),
            _text("treatments.investigations"),
            _IMAGING,
        ),
    ),
    Section(
        "safety",
        (
            _ANTICOAGULANTS,
            (
                Field("safety.platelets.value", "number", unit="10⁹/l"),
                Field("safety.platelets.date", "date"),
                Field("safety.pk_inr.value", "number"),
                Field("safety.pk_inr.date", "date"),
            ),
            (
                Field("safety.infection", "ternary"),
                Field("safety.intraspinal_growth", "ternary"),
                Field("safety.spinal_metastases", "ternary"),
                Field("safety.raised_icp_suspected", "ternary"),
                Field("safety.mri_planned", "ternary"),
                Field("safety.cachexia", "ternary"),
            ),
            (
                Field("safety.weight_kg", "number"),
                Field("safety.swab", "text", size="24"),
                Field("safety.allergy", "text", size="24"),
                Field("safety.earlier_spinal_surgery", "text", size="24"),
            ),
        ),
    ),
    Section(
        "function",
        (
            _text("function.physical"),
            _text("function.psychological"),
            _text("function.social"),
            _text("function.comorbidity"),
            (
                Field("function.addiction", "ternary"),
                Field("function.psychiatric_comorbidity", "ternary"),
                Field("function.rapid_progression", "ternary"),
                Field("function.expected_severe_pain", "ternary"),
            ),
            _text("function.other_special_situation"),
        ),
    ),
    Section(
        "patient_view",
        (
            _text("patient_view.goals"),
            (
                Field(
                    "patient_view.wanted_care_place",
                    "text",
                    "care_place",
                    size="28",
                    suggests=("Hemma", "Sjukhus", "Palliativ enhet"),
                ),
            ),
            _text("patient_view.acceptable"),
            (
                Field("patient_view.informed", "ternary"),
                Field("patient_view.accepts", "ternary"),
                Field("patient_view.mobility_benefit", "ternary"),
            ),
        ),
    ),
    Section(
        "home_care",
        (
            (Field("home_care.form", "radio", "home_care"),),
            (Field("home_care.mas_contact", "text", size="36"),),
            (Field("home_care.can_take_extern", "ternary", hint="Fråga hemsjukvården tidigt"),),
        ),
    ),
    Section(
        "consent",
        (
            (Field("consent.basis", "radio", "consent_basis"),),
            (Field("consent.reason", "text", size="48", hint="Behövs när patienten inte själv har samtyckt"),),
            (Field("consent.given_to", "text", size="28"), Field("consent.date", "date")),
        ),
    ),
)

LISTS: tuple[Rows, ...] = tuple(part for section in SECTIONS for part in section.parts if isinstance(part, Rows))


def paths() -> list[str]:
    """Every field of the form by its path; the columns of a list stand under the list's path."""
    found = []
    for section in SECTIONS:
        for part in section.parts:
            if isinstance(part, Rows):
                found += [f"{part.path}.{column.path}" for column in part.columns]
            else:
                found += [field.path for field in part]
    return found


def section_of(path: str) -> str:
    """The id of the section in which a field stands."""
    first = path.split(".", maxsplit=1)[0]
    return "question" if first in {"urgency", "urgency_reason"} else first


def field_at(path: str) -> Field | None:
    """The field that stands at a path, in a list or not; None when the form has none there."""
    for section in SECTIONS:
        for part in section.parts:
            if isinstance(part, Rows):
                column = path.rsplit(".", 1)[-1]
                if path.startswith(f"{part.path}."):
                    return next((each for each in part.columns if each.path == column), None)
            else:
                found = next((each for each in part if each.path == path), None)
                if found:
                    return found
    return None
