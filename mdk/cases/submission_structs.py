"""The submission document: the case as a referrer enters it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mdk.clinical.structs import OpioidLine
from mdk.parsing import YesNo

RegionCode = Literal["skane", "halland", "kronoberg", "blekinge"]
Urgency = Literal["acute", "high", "normal"]
Survival = Literal["under_6_weeks", "6w_3_months", "3_6_months", "6_12_months", "over_12_months", "unknown"]
Severity = Literal["mild", "moderate", "severe"]
PainType = Literal["nociceptive_somatic", "visceral", "neuropathic", "mixed"]
Nrs = Annotated[int, Meta(ge=0, le=10)]
ShortText = Annotated[str, Meta(max_length=200)]
Day = date
Icd10 = Annotated[str, Meta(pattern=r"^[A-Za-z][0-9]{2}(\.?[0-9A-Za-z]{1,4})?$|^$")]


class _Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A section of the submission; a field that is UNSET was not given."""


class Patient(_Part):
    """Who the patient is and where."""

    identity_number: Annotated[str, Meta(min_length=1, max_length=30)]
    name: ShortText | None | UnsetType = UNSET
    home_region: RegionCode | None | UnsetType = UNSET
    municipality: ShortText | None | UnsetType = UNSET
    care_place: ShortText | None | UnsetType = UNSET
    protected_identity: YesNo | None | UnsetType = UNSET
    interpreter_language: ShortText | None | UnsetType = UNSET
    next_of_kin: ShortText | None | UnsetType = UNSET


class Diagnosis(_Part):
    """The cancer, its phase and the time that is expected to be left."""

    icd10: Icd10 | None | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    palliative: YesNo | None | UnsetType = UNSET
    spread: str | None | UnsetType = UNSET
    ecog: Annotated[int, Meta(ge=0, le=4)] | None | UnsetType = UNSET
    expected_survival: Survival | None | UnsetType = UNSET
    expected_treatment_months: Annotated[float, Meta(ge=0, le=240)] | None | UnsetType = UNSET
    oncological_treatment: str | None | UnsetType = UNSET


class Pain(_Part):
    """The pain as it is now."""

    nrs_now: Nrs | None | UnsetType = UNSET
    nrs_worst: Nrs | None | UnsetType = UNSET
    nrs_mean: Nrs | None | UnsetType = UNSET
    nrs_unobtainable_reason: str | None | UnsetType = UNSET
    constant: YesNo | None | UnsetType = UNSET
    breakthroughs_per_day: Annotated[int, Meta(ge=0, le=100)] | None | UnsetType = UNSET
    breakthroughs_need_rescue: YesNo | None | UnsetType = UNSET
    types: list[PainType] | None | UnsetType = UNSET
    location: str | None | UnsetType = UNSET
    dermatomes: ShortText | None | UnsetType = UNSET
    side: Literal["left", "right", "both", "midline"] | None | UnsetType = UNSET
    extent: Literal["localised", "diffuse"] | None | UnsetType = UNSET
    refractory_since: date | None | UnsetType = UNSET


class SideEffect(_Part):
    """One side effect of the pain medicines."""

    what: Annotated[str, Meta(min_length=1, max_length=200)]
    severity: Severity | None | UnsetType = UNSET


class Medicines(_Part):
    """Opioid lines and what else is taken for the pain."""

    opioids: list[OpioidLine] | None | UnsetType = UNSET
    other_analgesics: str | None | UnsetType = UNSET
    side_effects: list[SideEffect] | None | UnsetType = UNSET
    declines_opioids: YesNo | None | UnsetType = UNSET
    declines_reason: str | None | UnsetType = UNSET


class Imaging(_Part):
    """One imaging study."""

    modality: Annotated[str, Meta(min_length=1, max_length=100)]
    date: Day | None | UnsetType = UNSET
    region: ShortText | None | UnsetType = UNSET


class Treatments(_Part):
    """What was tried, is going on and was investigated."""

    earlier: str | None | UnsetType = UNSET
    ongoing: str | None | UnsetType = UNSET
    investigations: str | None | UnsetType = UNSET
    imaging: list[Imaging] | None | UnsetType = UNSET


class Anticoagulant(_Part):
    """One drug that raises the risk of bleeding."""

    drug: Annotated[str, Meta(min_length=1, max_length=200)]
    last_dose: date | None | UnsetType = UNSET
    stoppable: YesNo | None | UnsetType = UNSET


class Platelets(_Part):
    """Platelet count, 10⁹/L."""

    value: Annotated[int, Meta(ge=0, le=5000)] | None | UnsetType = UNSET
    date: Day | None | UnsetType = UNSET


class PkInr(_Part):
    """PK-INR."""

    value: Decimal | None | UnsetType = UNSET
    date: Day | None | UnsetType = UNSET


class Safety(_Part):
    """What can make an intervention dangerous."""

    anticoagulants: list[Anticoagulant] | None | UnsetType = UNSET
    platelets: Platelets | None | UnsetType = UNSET
    pk_inr: PkInr | None | UnsetType = UNSET
    infection: YesNo | None | UnsetType = UNSET
    swab: str | None | UnsetType = UNSET
    intraspinal_growth: YesNo | None | UnsetType = UNSET
    spinal_metastases: YesNo | None | UnsetType = UNSET
    raised_icp_suspected: YesNo | None | UnsetType = UNSET
    allergy: str | None | UnsetType = UNSET
    earlier_spinal_surgery: str | None | UnsetType = UNSET
    mri_planned: YesNo | None | UnsetType = UNSET
    weight_kg: Annotated[float, Meta(ge=0, le=400)] | None | UnsetType = UNSET
    cachexia: YesNo | None | UnsetType = UNSET


class Function(_Part):
    """Physical, mental and social function, and the special situations of Bilaga 1."""

    physical: str | None | UnsetType = UNSET
    psychological: str | None | UnsetType = UNSET
    social: str | None | UnsetType = UNSET
    comorbidity: str | None | UnsetType = UNSET
    addiction: YesNo | None | UnsetType = UNSET
    psychiatric_comorbidity: YesNo | None | UnsetType = UNSET
    rapid_progression: YesNo | None | UnsetType = UNSET
    expected_severe_pain: YesNo | None | UnsetType = UNSET
    other_special_situation: str | None | UnsetType = UNSET


class PatientView(_Part):
    """What the patient wants."""

    goals: str | None | UnsetType = UNSET
    wanted_care_place: ShortText | None | UnsetType = UNSET
    acceptable: str | None | UnsetType = UNSET
    informed: YesNo | None | UnsetType = UNSET
    accepts: YesNo | None | UnsetType = UNSET
    mobility_benefit: YesNo | None | UnsetType = UNSET


class HomeCare(_Part):
    """Who cares for the patient at home and what they can take."""

    form: Literal["asih", "municipal", "none", "unknown"] | None | UnsetType = UNSET
    mas_contact: str | None | UnsetType = UNSET
    can_take_extern: YesNo | None | UnsetType = UNSET


class Consent(_Part):
    """The basis for sharing across care providers."""

    basis: (
        Literal["patient_consent", "guardian_consent", "unable_to_consent", "other_legal_basis"] | None | UnsetType
    ) = UNSET
    reason: str | None | UnsetType = UNSET
    given_to: ShortText | None | UnsetType = UNSET
    date: Day | None | UnsetType = UNSET


class Submission(_Part):
    """The case as a referrer enters it: the twelve parts but for attachments."""

    patient: Patient
    urgency: Urgency | None | UnsetType = UNSET
    urgency_reason: str | None | UnsetType = UNSET
    question: str | None | UnsetType = UNSET
    diagnosis: Diagnosis | UnsetType = UNSET
    pain: Pain | UnsetType = UNSET
    medicines: Medicines | UnsetType = UNSET
    treatments: Treatments | UnsetType = UNSET
    safety: Safety | UnsetType = UNSET
    function: Function | UnsetType = UNSET
    patient_view: PatientView | UnsetType = UNSET
    home_care: HomeCare | UnsetType = UNSET
    consent: Consent | UnsetType = UNSET


def given(value: Any) -> bool:
    """Whether a field was given: neither left out, null nor an empty text; an empty list is an answer."""
    return value is not UNSET and value is not None and not (isinstance(value, str) and not value.strip())
