"""Owns the case on one page: what the submission says, section by section, in words; what was not given is left out."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from mdk.cases.rules import value_at
from mdk.cases.structs import CaseView
from mdk.cases.submission_structs import given
from mdk.clinical.structs import OpioidLine
from mdk_web.rendering import day, number
from mdk_web.words import SECTIONS, WORDS, label, word


class Fact(NamedTuple):
    """One field's label and what was said."""

    label: str
    text: str


class Section(NamedTuple):
    """One part of the case."""

    code: str
    title: str
    facts: list[Fact]


_FIELDS: dict[str, tuple[str, ...]] = {
    "diagnosis": (
        "icd10", "description", "spread", "ecog", "expected_survival", "expected_treatment_months",
        "oncological_treatment", "palliative",
    ),
    "pain": (
        "nrs_now", "nrs_worst", "nrs_mean", "nrs_unobtainable_reason", "constant", "breakthroughs_per_day",
        "breakthroughs_need_rescue", "types", "location", "dermatomes", "side", "extent", "refractory_since",
    ),
    "medicines": ("opioids", "other_analgesics", "side_effects", "declines_opioids", "declines_reason"),
    "treatments": ("earlier", "ongoing", "investigations", "imaging"),
    "safety": (
        "anticoagulants", "platelets", "pk_inr", "infection", "swab", "intraspinal_growth", "spinal_metastases",
        "raised_icp_suspected", "allergy", "earlier_spinal_surgery", "mri_planned", "weight_kg", "cachexia",
    ),
    "function": (
        "physical", "psychological", "social", "comorbidity", "addiction", "psychiatric_comorbidity",
        "rapid_progression", "expected_severe_pain", "other_special_situation",
    ),
    "patient_view": ("goals", "wanted_care_place", "acceptable", "informed", "accepts", "mobility_benefit"),
    "home_care": ("form", "mas_contact", "can_take_extern"),
}  # fmt: skip
_GROUPS = {
    "diagnosis.expected_survival": "survival",
    "pain.types": "pain_type",
    "pain.side": "side",
    "pain.extent": "extent",
    "home_care.form": "home_care",
}


def sections(case: CaseView, *codes: str) -> list[Section]:
    """The named parts of a case that hold something, in order."""
    found = [Section(code, SECTIONS[code], list(_facts(case, code))) for code in codes]
    return [section for section in found if section.facts]


def _facts(case: CaseView, section: str) -> Iterator[Fact]:
    for name in _FIELDS[section]:
        path = f"{section}.{name}"
        value = value_at(case, path)
        if given(value):
            text = _text(value, path)
            if text:
                yield Fact(label(path), text)


def _text(value: Any, path: str) -> str:
    if isinstance(value, list):
        return "; ".join(_text(item, path) for item in value) or "Inga"
    if isinstance(value, OpioidLine):
        return _opioid(value)
    if isinstance(value, msgspec.Struct):
        parts = (_text(getattr(value, name), f"{path}.{name}") for name in value.__struct_fields__)
        return ", ".join(part for part in parts if part)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int | float | Decimal):  # a decimal as it was measured: PK-INR 1,0
        return f"{value:f}".replace(".", ",") if isinstance(value, Decimal) else number(value)
    return _worded(value, path) if given(value) else ""


def _worded(value: str, path: str) -> str:
    if path in _GROUPS:
        return word(_GROUPS[path], value)
    if path == "patient_view.wanted_care_place":
        return WORDS["care_place"].get(value, value)
    if path.endswith(".severity"):
        return word("severity", value).lower()
    if path.endswith(".stoppable"):
        return "kan sättas ut: " + word("yes_no_unknown", value).lower()
    return word("yes_no_unknown", value) if value in {"yes", "no", "unknown"} else value


def _opioid(line: OpioidLine) -> str:
    named = f"{word('drug', line.drug)} {word('route', line.route).lower()}"
    regular = _times(line.dose, line.per_day, line.unit)
    rescue = _times(line.rescue_dose, line.rescue_per_day, line.unit)
    return ", ".join(part for part in (f"{named} {regular}".strip(), f"vid behov {rescue}" if rescue else "") if part)


def _times(dose: Decimal | None, per_day: Decimal | None, unit: str) -> str:
    if dose is None:
        return ""
    return f"{number(dose)} {unit}" + (f" × {number(per_day)}" if per_day is not None else "")
