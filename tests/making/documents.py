"""Owns what a referrer writes in the tests: a complete submission and the least one, changed as told."""

import copy
from typing import Any

from making.world import ADULT
from mdk import parsing
from mdk.cases.submission_structs import Submission

# What the intern criteria say of `submission()`: both are met.
FULL: dict[str, Any] = {
    "patient": {
        "identity_number": ADULT,
        "name": "Elsa Provlund",
        "home_region": "kronoberg",
        "municipality": "Växjö",
        "care_place": "Palliativa teamet Växjö",
        "protected_identity": "no",
    },
    "urgency": "normal",
    "question": "Är intratekal behandling aktuell vid svår sakral smärta?",
    "diagnosis": {
        "icd10": "C20.9",
        "description": "Rektalcancer, lokalrecidiv i bäckenet",
        "palliative": "yes",
        "spread": "Sakrum",
        "ecog": 3,
        "expected_survival": "3_6_months",
        "expected_treatment_months": 4,
        "oncological_treatment": "Avslutad",
    },
    "pain": {
        "nrs_now": 7,
        "nrs_worst": 9,
        "constant": "yes",
        "breakthroughs_per_day": 5,
        "breakthroughs_need_rescue": "yes",
        "types": ["neuropathic"],
        "location": "Sakralt",
        "dermatomes": "S2–S4",
        "refractory_since": "2026-10-02",
    },
    "medicines": {
        "opioids": [{"drug": "oxycodone", "route": "oral", "dose": "80", "unit": "mg", "per_day": "2"}],
        "side_effects": [{"what": "Förstoppning", "severity": "moderate"}],
        "declines_opioids": "no",
    },
    "treatments": {"earlier": "Strålning", "imaging": [{"modality": "MR", "date": "2026-10-10", "region": "Bäcken"}]},
    "safety": {
        "anticoagulants": [],
        "platelets": {"value": 210, "date": "2026-10-10"},
        "pk_inr": {"value": "1.0", "date": "2026-10-10"},
        "infection": "no",
        "intraspinal_growth": "no",
        "raised_icp_suspected": "no",
        "mri_planned": "no",
        "weight_kg": 68,
    },
    "function": {"physical": "Går med rollator.", "addiction": "no", "psychiatric_comorbidity": "no"},
    "patient_view": {"goals": "Kunna sitta.", "informed": "yes", "accepts": "yes", "mobility_benefit": "yes"},
    "home_care": {"form": "municipal", "mas_contact": "MAS Växjö kommun", "can_take_extern": "no"},
    "consent": {"basis": "patient_consent", "given_to": "Remitterande läkare", "date": "2026-10-16"},
}

# What a case that may be submitted holds, and no more.
MINIMUM: dict[str, Any] = {
    "patient": {"identity_number": ADULT, "name": "Elsa Provlund", "home_region": "kronoberg"},
    "urgency": "normal",
    "question": "Är intratekal behandling aktuell?",
    "diagnosis": {"icd10": "C20.9", "palliative": "yes", "expected_survival": "unknown"},
    "consent": {"basis": "patient_consent"},
}

LEFT_OUT = object()  # as a change: the field is not given


def patched(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a JSON document with values put in, or left out, at dotted paths."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        *parts, last = path.split(".")
        holder: Any = result
        for part in parts:
            holder = holder[int(part)] if isinstance(holder, list) else holder.setdefault(part, {})
        if value is LEFT_OUT:
            holder.pop(last, None)
        elif isinstance(holder, list):
            holder[int(last)] = value
        else:
            holder[last] = value
    return result


def document(**changes: Any) -> dict[str, Any]:
    """A complete, valid submission as a client sends it: `document(**{"patient.name": "…", "pain": LEFT_OUT})`."""
    return patched(FULL, changes)


def submission(**changes: Any) -> Submission:
    """The same, parsed."""
    return parsing.parse(Submission, document(**changes))


def minimal(**changes: Any) -> Submission:
    """What a case must hold to be submitted, and no more, changed likewise."""
    return parsing.parse(Submission, patched(MINIMUM, changes))
