"""Rules of the pathways: how they move, which days can be, who sets which prerequisite, what a pack lacks. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from mdk import clock
from mdk.cases.rules import value_at
from mdk.cases.submission_structs import Submission, given
from mdk.clinical import prerequisites
from mdk.errors import Invalid, NotAllowed, Problem, RuleBroken
from mdk.pathways.structs import AssignmentState, Gap, PrerequisiteBody, ReferralState, SurvivalClock

_R, _A = ReferralState, AssignmentState

REFERRAL_MOVES: Mapping[str, tuple[frozenset[ReferralState], ReferralState]] = {
    "receive": (frozenset({_R.CREATED}), _R.RECEIVED),
    "accept": (frozenset({_R.RECEIVED}), _R.ACCEPTED),
    "request-information": (frozenset({_R.RECEIVED}), _R.MORE_INFORMATION),
    "supply-information": (frozenset({_R.MORE_INFORMATION}), _R.RECEIVED),
    "decline": (frozenset({_R.RECEIVED}), _R.DECLINED),
    "schedule": (frozenset({_R.ACCEPTED, _R.SCHEDULED}), _R.SCHEDULED),
    "implant": (frozenset({_R.SCHEDULED}), _R.IMPLANTED),
    "cancel": (frozenset({_R.ACCEPTED, _R.SCHEDULED}), _R.CANCELLED),
    "report": (frozenset({_R.IMPLANTED}), _R.REPORTED),
    "end": (frozenset({_R.CREATED, _R.RECEIVED, _R.MORE_INFORMATION, _R.ACCEPTED, _R.SCHEDULED}), _R.CANCELLED),
}
_BEFORE_INSERTION = frozenset({_A.ASSIGNED, _A.ACCEPTED, _A.PREPARING})
ASSIGNMENT_MOVES: Mapping[str, tuple[frozenset[AssignmentState], AssignmentState]] = {
    "accept": (frozenset({_A.ASSIGNED}), _A.ACCEPTED),
    "prepare": (frozenset({_A.ACCEPTED, _A.PREPARING}), _A.PREPARING),
    "insert": (frozenset({_A.PREPARING}), _A.INSERTED),
    "follow-up": (frozenset({_A.INSERTED}), _A.FOLLOWED_UP),
    "not-done": (_BEFORE_INSERTION, _A.NOT_DONE),
    "hand-over": (_BEFORE_INSERTION, _A.ASSIGNED),
}
REFERRAL_OPEN = REFERRAL_MOVES["end"][0]
ASSIGNMENT_OPEN = _BEFORE_INSERTION
REFERRAL_OVER = frozenset({_R.REPORTED, _R.DECLINED, _R.CANCELLED})
ASSIGNMENT_OVER = frozenset({_A.FOLLOWED_UP, _A.NOT_DONE})
LONGEST_STANDING = timedelta(days=2 * 366)

_REFERRER = "remitterande enhet"
_PACK: tuple[tuple[str, str, str], ...] = (
    ("diagnosis.icd10", "diagnos", _REFERRER),
    ("diagnosis.oncological_treatment", "plan för onkologisk behandling", _REFERRER),
    ("safety.anticoagulants", "antikoagulantia med senaste dos", _REFERRER),
    ("safety.platelets.value", "trombocyter", _REFERRER),
    ("safety.pk_inr.value", "PK-INR", _REFERRER),
    ("safety.infection", "infektionsstatus", _REFERRER),
    ("safety.weight_kg", "vikt", _REFERRER),
    ("safety.mri_planned", "framtida behov av MR", _REFERRER),
    ("patient_view.informed", "att patienten är informerad", _REFERRER),
)
TIP, SWAB = "catheter_tip", "safety.swab"


def check_move(moves: Mapping[str, tuple[frozenset[str], str]], act: str, state: str) -> str:
    """The state that `act` leads to. Raises `RuleBroken("pathway.wrong-state")`."""
    allowed, target = moves[act]
    if state not in allowed:
        message = "Uppdraget är i ett läge där detta inte går. Läs in sidan igen för att se var det står."
        raise RuleBroken("pathway.wrong-state", message)
    return target


def resumed(before: str) -> str:
    """Where a referral stands that goes on after a mistake: what it was, but for a day that was given up."""
    return _R.ACCEPTED if before == _R.SCHEDULED else before


def check_happened(day: date, *, decided_on: date, today: date) -> None:
    """A day on which something is said to have happened. Raises `Invalid` for one ahead, or before the decision."""
    if day > today:
        raise Invalid([Problem("date", "Datumet har inte kommit än. Ange i dag eller ett tidigare datum.")])
    if day < decided_on:
        raise Invalid([Problem("date", f"Datumet ligger före beslutet. Ange {clock.spoken(decided_on)} eller senare.")])


def check_planned(day: date, *, today: date) -> None:
    """A day for which something is planned. Raises `Invalid` when it has passed."""
    if day < today:
        raise Invalid([Problem("date", "Datumet har passerat. Ange i dag eller en senare dag.")])


def check_prerequisite(row: prerequisites.Prerequisite, body: PrerequisiteBody, *, today: date) -> None:
    """What is said of a prerequisite: a met one has an owner, and only what a unit meets can stand until a day.

    Raises `Invalid` with every bad field.
    """
    problems = []
    if body.state == "met" and not body.owner.strip():
        problems.append(Problem("owner", "Ange vem som ansvarar för att förutsättningen är uppfylld."))
    if body.valid_until is not None:
        if body.state != "met" or row.scope == "patient":
            problems.append(Problem("valid_until", "Bara det som en enhet eller kommun uppfyller kan stå kvar."))
        elif not today <= body.valid_until <= today + LONGEST_STANDING:
            problems.append(Problem("valid_until", "Ange en dag från i dag och högst två år framåt."))
    if problems:
        raise Invalid(problems)


def check_sets(row: prerequisites.Prerequisite, *, is_neurosurgery: bool) -> None:
    """Neurosurgery sets every row of a referral, the home region's function those that it answers for.

    Raises `NotAllowed`.
    """
    if not is_neurosurgery and row.at_home is False:
        message = "Den här förutsättningen sätts av neurokirurgin."
        raise NotAllowed(message)


def gaps(submission: Submission, catheter_tip: str, supplied: frozenset[str] = frozenset()) -> list[Gap]:
    """What the pre-operative pack lacks, and who owns getting it; it warns and never holds a referral back.

    `supplied` are the rows that the referring unit has filled in since.
    """
    found = [Gap(path, what, owner) for path, what, owner in _PACK if _lacks(value_at(submission, path))]
    found += [Gap(path, what, _REFERRER) for path, what in _undated(submission)]
    if value_at(submission, "safety.infection") == "yes" and not given(value_at(submission, SWAB)):
        found.append(Gap(SWAB, "odlingssvar vid pågående infektion", _REFERRER))
    if not catheter_tip:
        found.append(Gap(TIP, "föreslagen nivå för kateterspetsen", "konferensens ordförande"))
    return [gap for gap in found if gap.field not in supplied]


SURVIVAL_SPAN: Mapping[str, tuple[int, bool]] = {  # days, and whether the patient is expected to live at least as long
    "under_6_weeks": (42, False),
    "6w_3_months": (42, True),
    "3_6_months": (91, True),
    "6_12_months": (182, True),
    "over_12_months": (365, True),
}


def survival_clock(band: str | None, *, days: int) -> SurvivalClock | None:
    """How much of the time that the patient is expected to live has passed; None where nobody can tell.

    The band was estimated when the case was submitted, so the days are counted from then.
    """
    span = SURVIVAL_SPAN.get(band or "")
    return None if span is None else SurvivalClock(days, *span)


def _lacks(value: object) -> bool:
    return not given(value) or value == "unknown"


def _undated(submission: Submission) -> Iterator[tuple[str, str]]:
    """Imaging, and drugs that raise the risk of bleeding, tell nothing without their days."""
    drugs = value_at(submission, "safety.anticoagulants")
    if drugs and any(_lacks(drug.last_dose) for drug in drugs):
        yield "safety.anticoagulants.last_dose", "dag för senaste dos av antikoagulantia"
    imaging = value_at(submission, "treatments.imaging")
    if not imaging or all(_lacks(study.date) for study in imaging):
        yield "treatments.imaging", "bilddiagnostik med datum"
