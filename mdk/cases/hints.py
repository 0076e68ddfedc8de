"""Owns when a hint is shown beside a case: safety, pathway and time. Pure; it decides nothing and blocks nothing.

The words and sources are data (mdk/clinical/data/hints.toml), and so is what each region can do itself.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from mdk.cases import clock_rules, rules
from mdk.cases.submission_structs import Anticoagulant, Submission, given
from mdk.clinical.hints import hint, hint_texts
from mdk.clinical.pump import intern_considered, intern_rules
from mdk.clinical.reference import Region, region
from mdk.clinical.structs import Hint, Ternary

_ASKED = {
    "safety.infection": "pågående infektion",
    "safety.intraspinal_growth": "tumörväxt i spinalkanalen",
    "safety.raised_icp_suspected": "förhöjt intrakraniellt tryck",
    "safety.anticoagulants": "blodförtunnande läkemedel",
}
_SAMPLES = {"safety.platelets": "Trombocyter", "safety.pk_inr": "PK-INR"}
_INTERN = {
    "pump.intern-duration": ("diagnosis.expected_treatment_months", "behandlingstid på minst 3 månader"),
    "pump.intern-mobility": ("patient_view.mobility_benefit", "större rörelsefrihet av pumpen"),
}
_INTERN_HINT: dict[Ternary, str] = {
    "yes": "pathway.intern-met",
    "no": "pathway.intern-not-met",
    "unknown": "pathway.intern-unknown",
}
# Each band's upper end in months; the widest band has none.
_BANDS = {
    "under_6_weeks": ("under 6 veckor", 1.5),
    "6w_3_months": ("6 veckor till 3 månader", 3.0),
    "3_6_months": ("3–6 månader", 6.0),
    "6_12_months": ("6–12 månader", 12.0),
}
_NOTHING = frozenset({"nej", "ingen", "inga", "inget", "ej", "ingen känd", "inga kända", "0", "-", "–"})

_SURVIVAL, _MONTHS, _REGION = (
    "diagnosis.expected_survival",
    "diagnosis.expected_treatment_months",
    "patient.home_region",
)
_EXTERN = "home_care.can_take_extern"


class _Case(msgspec.Struct, frozen=True):
    """A submission as the hints ask of it."""

    submission: Submission
    today: date
    is_child: bool

    def at(self, path: str) -> Any:
        """The value at a path; None when it was not given."""
        value = rules.value_at(self.submission, path)
        return value if given(value) else None

    def says(self, path: str, answer: str) -> bool:
        return bool(self.at(path) == answer)

    def tells(self, path: str) -> bool:
        """Whether a free text says something; "nej" and the like say nothing."""
        told = self.at(path)
        return told is not None and told.strip().rstrip(".").casefold() not in _NOTHING


def hints_of(submission: Submission, *, today: date, is_child: bool) -> list[Hint]:
    """What is worth a thought beside the case, in the fixed order of the hints: safety, then pathway, then time."""
    case = _Case(submission, today, is_child)
    looks = (_safety, _bleeding, _samples, _body, _intern, _region, _patient, _time)
    found = [each for look in looks for each in look(case)]
    order = list(hint_texts())
    return sorted(found, key=lambda each: order.index(each.id))


def late_conference(submission: Submission, *, waited: float, likely: date, today: date) -> list[Hint]:
    """The hint that the likely conference comes too late for a short expected survival; `waited` in days so far."""
    band = rules.value_at(submission, _SURVIVAL)
    days, allowed = max((likely - today).days, 0), clock_rules.days_allowed_of(submission)
    if band not in clock_rules.SURVIVAL_DAYS or waited + days <= allowed:
        return []
    told = {"survival": _BANDS[band][0], "allowed": str(allowed), "days": str(days)}
    return [_hint("time.conference-late", _SURVIVAL, "urgency", **told)]


def _hint(id_: str, *because: str, **words: str) -> Hint:
    return hint(id_, list(because), words)


def _safety(case: _Case) -> Iterator[Hint]:
    growth = "safety.intraspinal_growth"
    if case.says("safety.infection", "yes"):
        yield _hint("safety.infection", "safety.infection")
    if case.says(growth, "yes"):
        yield _hint("safety.intraspinal-growth", growth)
    elif case.says("safety.spinal_metastases", "yes"):
        yield _hint("safety.spinal-metastases", "safety.spinal_metastases", growth)
    if case.says("safety.raised_icp_suspected", "yes"):
        yield _hint("safety.raised-icp", "safety.raised_icp_suspected")
    unanswered = [path for path in _ASKED if case.at(path) in (None, "unknown")]
    if unanswered:
        yield _hint("safety.unanswered", *unanswered, what=", ".join(_ASKED[path] for path in unanswered))
    if not case.at("treatments.imaging"):
        yield _hint("safety.imaging", "treatments.imaging")


def _bleeding(case: _Case) -> Iterator[Hint]:
    path = "safety.anticoagulants"
    drugs: list[Anticoagulant] = case.at(path) or []
    if not drugs:
        return
    yield _hint("safety.anticoagulants", path)
    for id_, field, is_so in (
        ("safety.anticoagulant-last-dose", "last_dose", lambda drug: not given(drug.last_dose)),
        ("safety.anticoagulant-stoppable", "stoppable", lambda drug: drug.stoppable not in {"yes", "no"}),
        ("safety.anticoagulant-not-stoppable", "stoppable", lambda drug: drug.stoppable == "no"),
    ):
        rows = [f"{path}.{place}.{field}" for place, drug in enumerate(drugs) if is_so(drug)]
        if rows:
            yield _hint(id_, *rows)


def _samples(case: _Case) -> Iterator[Hint]:
    taken = {path: case.at(f"{path}.date") for path in _SAMPLES if case.at(f"{path}.value") is not None}
    missing = [path for path in _SAMPLES if path not in taken]
    undated = [path for path, day in taken.items() if day is None]
    dated = {path: day for path, day in taken.items() if day is not None and day < case.today}
    doses = [drug.last_dose for drug in case.at("safety.anticoagulants") or [] if isinstance(drug.last_dose, date)]
    before = [path for path, day in dated.items() if doses and day < max(doses)]
    if missing:
        what = " och ".join(_SAMPLES[path] for path in missing)
        yield _hint("safety.samples-missing", *(f"{path}.value" for path in missing), what=what)
    if undated:
        what = " och ".join(_SAMPLES[path] for path in undated)
        yield _hint("safety.samples-undated", *(f"{path}.date" for path in undated), what=what)
    if dated:
        yield _hint("safety.samples-age", *(f"{path}.date" for path in dated), what=_ages(dated, case.today))
    if before:
        what = " och ".join(_SAMPLES[path] for path in before)
        fields = (*(f"{path}.date" for path in before), "safety.anticoagulants")
        yield _hint("safety.samples-before-dose", *fields, what=what)


def _ages(dated: dict[str, date], today: date) -> str:
    """How long ago each sample was taken; those of one day together."""
    days = {day: [_SAMPLES[path] for path in dated if dated[path] == day] for day in dated.values()}
    told = [f"{' och '.join(names)} togs för {_days((today - day).days)} sedan" for day, names in days.items()]
    return "; ".join(told)


def _days(count: int) -> str:
    return "1 dag" if count == 1 else f"{count} dagar"


def _body(case: _Case) -> Iterator[Hint]:
    for id_, path in (
        ("safety.allergy", "safety.allergy"),
        ("safety.spinal-surgery", "safety.earlier_spinal_surgery"),
    ):
        if case.tells(path):
            yield _hint(id_, path)
    if case.says("safety.mri_planned", "yes"):
        yield _hint("safety.mri", "safety.mri_planned")
    if case.says("safety.cachexia", "yes"):
        yield _hint("safety.body-size", "safety.cachexia", "safety.weight_kg")


def _intern(case: _Case) -> Iterator[Hint]:
    months, mobility = case.at(_MONTHS), case.at("patient_view.mobility_benefit")
    met = intern_considered(months, mobility)
    open_ = [rule.id for rule in intern_rules(months, mobility) if rule.met == met]
    fields = [_INTERN[id_][0] for id_ in open_]
    yield _hint(_INTERN_HINT[met], *fields, what=" och ".join(_INTERN[id_][1] for id_ in open_))


def _region(case: _Case) -> Iterator[Hint]:
    home = region(case.at(_REGION) or "")
    if home is not None:
        yield _hint("pathway.extern-region", _REGION, region=home.name, capability=home.extern_capability)
        if not home.inserts_extern:
            yield _hint("pathway.extern-hand-over", _REGION, region=home.name)
        if not home.inserts_intern:
            yield _hint("pathway.intern-region", _REGION, region=home.name)
        if home.out_of_hours_cover != "round_the_clock":
            yield _hint("pathway.out-of-hours", _REGION, region=home.name, cover=home.out_of_hours)
        yield from _municipality(case, home)
    if case.says(_EXTERN, "no"):
        yield _hint("pathway.home-care-cannot", _EXTERN)
    elif not case.says(_EXTERN, "yes") and case.at("home_care.form") not in {"asih", "none"}:
        yield _hint("pathway.home-care-unasked", _EXTERN, "home_care.form")


def _municipality(case: _Case, home: Region) -> Iterator[Hint]:
    path, place = "patient.municipality", case.at("patient.municipality")
    for transfer in home.transfers:
        if (place or "").casefold().startswith(transfer.origin.casefold()):
            ends = {"origin": transfer.origin, "destination": transfer.destination}
            yield _hint("pathway.transfer", path, region=home.name, **ends)
    if not home.has_asih:
        named = place or "patientens kommun"
        if case.at("home_care.mas_contact") is None:
            yield _hint("pathway.mas-contact", _REGION, "home_care.mas_contact", region=home.name, municipality=named)
        else:
            yield _hint("pathway.mas", _REGION, path, region=home.name, municipality=named)


def _patient(case: _Case) -> Iterator[Hint]:
    if case.is_child:
        yield _hint("pathway.child", "patient.identity_number")
    if case.tells("patient.interpreter_language"):
        yield _hint("pathway.interpreter", "patient.interpreter_language")
    if case.says("patient.protected_identity", "yes"):
        yield _hint("pathway.protected", "patient.protected_identity")


def _time(case: _Case) -> Iterator[Hint]:
    band = case.at(_SURVIVAL)
    if band not in _BANDS:
        return
    words, most = _BANDS[band]
    if band in clock_rules.SURVIVAL_DAYS:
        days = clock_rules.days_allowed(case.at("urgency"), band)
        yield _hint("time.short-survival", _SURVIVAL, "urgency", survival=words, days=str(days))
        yield _hint("time.intern-survival", _SURVIVAL, survival=words)
    if (case.at(_MONTHS) or 0) > most:
        yield _hint("time.treatment-longer", _MONTHS, _SURVIVAL, survival=words)
