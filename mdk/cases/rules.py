"""Rules of a case: what must be given, how it moves, and what follows of what was given. Pure."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from mdk import clock as time
from mdk import parsing
from mdk.cases.structs import CaseState, Completeness, Missing
from mdk.cases.submission_structs import Patient, Submission, given
from mdk.clinical.bilaga1 import identify
from mdk.clinical.identity import age_on, parse_identity
from mdk.clinical.opioids import omeq
from mdk.clinical.structs import Assessment, Findings, Identification, Omeq
from mdk.errors import Invalid, Problem, RuleBroken

ADULT = 18
GLASS_LASTS = timedelta(hours=24)
OPEN = frozenset(
    {
        CaseState.DRAFT,
        CaseState.SUBMITTED,
        CaseState.SUPPLEMENT_REQUESTED,
        CaseState.ACCEPTED,
        CaseState.SCHEDULED,
        CaseState.DISCUSSED,
        CaseState.DECIDED,
    }
)

_TRIAGED = frozenset({CaseState.SUBMITTED, CaseState.ACCEPTED})
MOVES: Mapping[str, tuple[frozenset[CaseState], CaseState]] = {
    "submit": (frozenset({CaseState.DRAFT, CaseState.SUPPLEMENT_REQUESTED}), CaseState.SUBMITTED),
    "accept": (frozenset({CaseState.SUBMITTED}), CaseState.ACCEPTED),
    "request-supplement": (_TRIAGED, CaseState.SUPPLEMENT_REQUESTED),
    "answer": (_TRIAGED, CaseState.ANSWERED),
    "redirect": (_TRIAGED, CaseState.REDIRECTED),
    "decline": (_TRIAGED, CaseState.DECLINED),
    "take-back": (frozenset({CaseState.ACCEPTED, CaseState.SUPPLEMENT_REQUESTED}), CaseState.SUBMITTED),
    "withdraw": (OPEN, CaseState.WITHDRAWN),
    "report-death": (OPEN | {CaseState.CLOSED}, CaseState.DECEASED),
    "schedule": (frozenset({CaseState.ACCEPTED}), CaseState.SCHEDULED),
    "unschedule": (frozenset({CaseState.SCHEDULED}), CaseState.ACCEPTED),
    "discuss": (frozenset({CaseState.SCHEDULED}), CaseState.DISCUSSED),
    "decide": (frozenset({CaseState.DISCUSSED}), CaseState.DECIDED),
    "defer": (frozenset({CaseState.DISCUSSED}), CaseState.ACCEPTED),
    "urgent-open": (frozenset({CaseState.ACCEPTED}), CaseState.SCHEDULED),
    "urgent-conclude": (frozenset({CaseState.SCHEDULED}), CaseState.DISCUSSED),
    "return": (frozenset({CaseState.DECIDED}), CaseState.ACCEPTED),
    "close": (frozenset({CaseState.DECIDED}), CaseState.CLOSED),
}
# A case that has become worse since triage may be accepted anew, with another urgency; its slot is kept.
RETRIAGED = frozenset({CaseState.ACCEPTED, CaseState.SCHEDULED})
WORSENS = OPEN - {CaseState.DRAFT}
EDITABLE = frozenset({CaseState.DRAFT, CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED})
MUST_STAY_COMPLETE = frozenset({CaseState.SUBMITTED, CaseState.ACCEPTED})


_NEED_REASON = frozenset({"unable_to_consent", "other_legal_basis"})

RequiredFor = Literal["submit", "release"] | None
FIELDS: tuple[tuple[str, RequiredFor, str], ...] = (
    ("patient.name", "submit", "Mottagaren måste veta vem det gäller."),
    ("patient.home_region", "submit", "Hemregionen utför eller betalar åtgärden och får uppdraget."),
    ("patient.municipality", None, "Kommunens MAS avgör om hemsjukvården kan ta emot en extern pump."),
    ("patient.care_place", None, "Visar var patienten vårdas och vem som kan nås."),
    ("urgency", "submit", "Styr hur snart ärendet ska tas upp."),
    ("urgency_reason", "submit", "Skälet gör att brådskande ärenden kan jämföras rättvist."),
    ("question", "submit", "Konferensen svarar på det du frågar."),
    ("diagnosis.icd10", "submit", "Cancerdiagnosen är grundkriteriet i Bilaga 1. Kod eller beskrivning räcker."),
    ("diagnosis.palliative", "submit", "Palliativt skede är grundkriteriet i Bilaga 1."),
    ("diagnosis.spread", None, "Tumörens utbredning avgör vilka ingrepp som är möjliga."),
    ("diagnosis.ecog", None, "Funktionsnivån påverkar vad patienten orkar."),
    ("diagnosis.expected_survival", "submit", "Avgör hur länge ärendet får vänta. Okänd går bra."),
    ("diagnosis.expected_treatment_months", "release", "Intern pump kan övervägas först vid minst 3 månader."),
    ("diagnosis.oncological_treatment", None, "Påverkar blödningsrisk, infektionsrisk och tidplan."),
    ("pain.nrs", "release", "Smärtskattning behövs för Bilaga 1. Ange en NRS eller varför den inte kan fås."),
    ("pain.constant", None, "Ingår i kriterium B i Bilaga 1."),
    ("pain.breakthroughs_per_day", None, "Ingår i kriterium B i Bilaga 1."),
    ("pain.types", None, "Smärttypen påverkar valet av metod och läkemedel."),
    ("pain.location", None, "Läget avgör kateterns nivå eller vilken nerv som kan blockeras."),
    ("pain.dermatomes", None, "Kateterspetsen läggs nära smärtans dermatom."),
    ("pain.refractory_since", None, "Visar hur länge patienten har haft refraktär smärta."),
    ("medicines.opioids", None, "Opioiddosen ingår i Bilaga 1 och avgör startbehandlingen."),
    ("medicines.side_effects", None, "Svåra biverkningar är ett eget kriterium i Bilaga 1."),
    ("medicines.declines_opioids", None, "Att inte acceptera opioider är ett eget kriterium i Bilaga 1."),
    ("treatments.earlier", None, "Konferensen behöver veta vad som är prövat."),
    ("treatments.imaging", None, "Aktuell bilddiagnostik behövs för att välja nivå."),
    ("safety.anticoagulants", None, "Blödningsrisk är en kontraindikation för kateter."),
    ("safety.platelets", None, "Trombocyter behövs före ryggbedövning."),
    ("safety.pk_inr", None, "PK-INR behövs före ryggbedövning."),
    ("safety.infection", "release", "Pågående infektion är en kontraindikation."),
    ("safety.intraspinal_growth", "release", "Tumörväxt intraspinalt är en relativ kontraindikation."),
    ("safety.raised_icp_suspected", None, "Konferensen frågar alltid efter förhöjt intrakraniellt tryck."),
    ("safety.weight_kg", None, "Kroppsstorleken avgör om en pump får plats."),
    ("function.physical", None, "Visar vad patienten kan och vill kunna."),
    ("function.addiction", None, "Beroende är en särskild situation i Bilaga 1."),
    ("function.psychiatric_comorbidity", None, "Psykiatrisk samsjuklighet är en särskild situation i Bilaga 1."),
    ("patient_view.goals", None, "Patientens eget mål har en egen punkt på konferensen."),
    ("patient_view.accepts", None, "Patienten ska ha fått information och accepterat."),
    ("patient_view.mobility_benefit", "release", "Intern pump kräver att patienten kan röra sig friare."),
    ("home_care.form", None, "Avgör vem som sköter en extern pump hemma."),
    ("home_care.can_take_extern", "release", "Frågan till hemsjukvården behöver ställas tidigt."),
    ("consent.basis", "submit", "Utan grund för delning får uppgifterna inte lämnas mellan vårdgivare."),
    ("consent.reason", "submit", "Skriv varför uppgifterna får delas utan patientens samtycke."),
)


def check_move(act: str, state: str, *, has_worsened: bool = False) -> CaseState:
    """The state that `act` leads to; a case that has worsened since triage may be accepted where it stands.

    Raises `RuleBroken("case.wrong-state")` when `state` does not allow it.
    """
    allowed, target = MOVES[act]
    if act == "accept" and has_worsened and state in RETRIAGED:
        return CaseState(state)
    check_in(state, allowed)
    return target


def check_in(state: str, allowed: frozenset[CaseState]) -> None:
    """Raises `RuleBroken("case.wrong-state")` for a case that stands in none of the allowed states."""
    if CaseState(state) not in allowed:
        message = "Ärendet är i ett läge där detta inte går. Läs in sidan igen för att se var det står."
        raise RuleBroken("case.wrong-state", message)


def death_problems(died_on: date, *, sent_in: date, today: date) -> list[Problem]:
    """What is wrong with the day of a death: it is not ahead, nor before the case was sent in."""
    if died_on > today:
        return [Problem("date", "Datumet ligger i framtiden. Ange i dag eller ett tidigare datum.")]
    if died_on < sent_in:
        remedy = f"Ärendet är från {time.spoken(sent_in)}. Ange den dagen eller en senare, eller återta ärendet."
        return [Problem("date", remedy)]
    return []


def completeness(submission: Submission, *, is_child: bool) -> Completeness:
    """The share given of what is asked for, and each missing field with why it matters."""
    asked = [(path, need, why) for path, need, why in FIELDS if _is_asked(path, submission)]
    missing = [
        Missing(field=path, why=why, required_for=None if is_child and path == "pain.nrs" else need)
        for path, need, why in asked
        if not _is_given(path, submission)
    ]
    return Completeness(share=round(1 - len(missing) / len(asked), 4), missing=missing)


def check_complete(found: Completeness) -> None:
    """Raises `RuleBroken("case.incomplete")` naming each field that submitting needs."""
    problems = _missing_to_submit(found)
    if problems:
        raise RuleBroken("case.incomplete", "Ärendet kan inte skickas in än. Fyll i det som saknas.", tuple(problems))


def _missing_to_submit(found: Completeness) -> list[Problem]:
    return [Problem(gap.field, f"Saknas. {gap.why}") for gap in found.missing if gap.required_for == "submit"]


def read_submission(raw: Any, *, today: date, to_submit: bool = False) -> Submission:
    """The submission in plain JSON values.

    Raises `Invalid` with every field that is unknown or of the wrong form, every value that cannot be and, when it
    is `to_submit`, every field that submitting needs and that is missing.
    """
    problems = parsing.problems(Submission, raw)
    if not isinstance(raw, dict):
        raise Invalid(problems)
    named = tuple(f"{problem.field}." for problem in problems)
    submission = _readable(raw, named) if problems else msgspec.convert(raw, Submission)
    further = problems_of(submission, today=today)
    further += _missing_to_submit(completeness(submission, is_child=False)) if to_submit else []
    problems += [problem for problem in further if not f"{problem.field}.".startswith(named)]
    if problems:
        raise Invalid(problems)
    return submission


def problems_of(submission: Submission, *, today: date) -> list[Problem]:
    """Every value that is well-formed but cannot be: a bad identity number, a date that has not come."""
    problems = []
    try:
        parse_identity(submission.patient.identity_number, today=today)
    except RuleBroken as broken:
        problems.append(Problem("patient.identity_number", broken.message))
    problems.extend(
        Problem(path, "Datumet ligger i framtiden. Ange i dag eller ett tidigare datum.")
        for path, day in _past_dates(submission)
        if isinstance(day, date) and day > today
    )
    return problems


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted path of a struct; UNSET where a section or field was not given."""
    for name in path.split("."):
        document = getattr(document, name, UNSET)
    return document


def age(birth_date: date | None, at: date) -> int | None:
    """Whole years; None when the birth date is not known."""
    return None if birth_date is None else age_on(birth_date, at)


def is_child(birth_date: date | None, at: date) -> bool:
    """Under 18 on the day; unknown counts as adult."""
    years = age(birth_date, at)
    return years is not None and years < ADULT


def born_after(day: date) -> date:
    """Whoever was born after this is under 18 on `day`."""
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - ADULT, day=28 if leap else day.day)


def opioid_equivalents(submission: Submission, table_of_record: str | None) -> Omeq:
    """The oral morphine equivalents of the submission's opioid lines."""
    lines = value_at(submission, "medicines.opioids")
    return omeq(None if lines is UNSET else lines, table_of_record=table_of_record)


def identification(submission: Submission, equivalents: Omeq, years: int | None) -> Identification:
    """Bilaga 1 for the submission (policy in `mdk.clinical.bilaga1`)."""
    pain, medicines, function = submission.pain, submission.medicines, submission.function
    names = ("nrs_now", "nrs_worst", "nrs_mean", "constant", "breakthroughs_per_day", "breakthroughs_need_rescue")
    special = ("addiction", "psychiatric_comorbidity", "rapid_progression", "expected_severe_pain")
    effects = _or_none(medicines, "side_effects")
    return identify(
        Findings(
            icd10=_or_none(submission.diagnosis, "icd10"),
            palliative=_or_none(submission.diagnosis, "palliative"),
            omeq_verdict=equivalents.verdict,
            side_effects=None if effects is None else [effect.severity or None for effect in effects],
            declines_opioids=_or_none(medicines, "declines_opioids"),
            other_special_situation=_or_none(function, "other_special_situation"),
            age=years,
            **{name: _or_none(pain, name) for name in names},
            **{name: _or_none(function, name) for name in special},
        )
    )


def assess(submission: Submission, *, years: int | None, table_of_record: str | None, at: datetime) -> Assessment:
    """Bilaga 1 and the morphine equivalents by the policy and tables of now."""
    equivalents = opioid_equivalents(submission, table_of_record)
    return Assessment(at=at, identification=identification(submission, equivalents, years), omeq=equivalents)


def gives_another_answer(one: Assessment, other: Assessment) -> bool:
    """Whether two assessments of the same submission differ in what they say, not only in when they were made."""
    return _answer(one) != _answer(other)


def _answer(one: Assessment) -> tuple[Any, ...]:
    said = one.identification
    return said.result, said.remark, one.omeq.verdict, one.omeq.low, one.omeq.high


def canonical(submission: Submission) -> dict[str, Any]:
    """The submission as plain JSON values, without what was not given."""
    plain: dict[str, Any] = msgspec.to_builtins(submission)
    return plain


def _or_none(section: Any, name: str) -> Any:
    value = getattr(section, name, UNSET)
    return None if value is UNSET else value


def _is_asked(path: str, submission: Submission) -> bool:
    if path == "urgency_reason":
        return submission.urgency in {"acute", "high"}
    return path != "consent.reason" or value_at(submission, "consent.basis") in _NEED_REASON


def _readable(raw: dict[str, Any], bad: tuple[str, ...]) -> Submission:
    """What can be read of plain values in which something is `bad`: without that, or without the lists that hold it."""
    for candidate in (_without(raw, bad), _without(raw, bad, with_lists=True)):
        patient = candidate.get("patient")
        candidate["patient"] = {"identity_number": "?", **(patient if isinstance(patient, dict) else {})}
        with suppress(msgspec.ValidationError):
            return msgspec.convert(candidate, Submission)
    return Submission(patient=Patient(identity_number="?"))


def _without(raw: dict[str, Any], paths: tuple[str, ...], *, with_lists: bool = False) -> dict[str, Any]:
    result = copy.deepcopy(raw)
    for path in paths:
        holder: Any = result
        *parents, last = path.rstrip(".").split(".")
        for key in parents:
            child = _child(holder, key)
            if with_lists and isinstance(child, list):
                last = key
                break
            holder = child
        if isinstance(holder, dict):
            holder.pop(last, None)
    return result


def _child(holder: Any, key: str) -> Any:
    if isinstance(holder, list):
        return next((child for place, child in enumerate(holder) if key == str(place)), None)
    return holder.get(key) if isinstance(holder, dict) else None


def _is_given(path: str, submission: Submission) -> bool:
    if path == "pain.nrs":
        names = ("nrs_now", "nrs_worst", "nrs_mean", "nrs_unobtainable_reason")
        return any(given(value_at(submission, f"pain.{name}")) for name in names)
    if path == "diagnosis.icd10":
        return given(value_at(submission, path)) or given(value_at(submission, "diagnosis.description"))
    if path in {"safety.platelets", "safety.pk_inr"}:
        return given(value_at(submission, f"{path}.value"))
    return given(value_at(submission, path))


def _past_dates(submission: Submission) -> Iterator[tuple[str, Any]]:
    for path in ("pain.refractory_since", "safety.platelets.date", "safety.pk_inr.date", "consent.date"):
        yield path, value_at(submission, path)
    for list_path, name in (("safety.anticoagulants", "last_dose"), ("treatments.imaging", "date")):
        rows = value_at(submission, list_path)
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            yield f"{list_path}.{index}.{name}", getattr(row, name, UNSET)
