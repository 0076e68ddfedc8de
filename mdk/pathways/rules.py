"""Rules of the pathways: how they move, and what a pre-operative pack lacks. Pure."""

from collections.abc import Mapping

from mdk.cases.rules import value_at
from mdk.cases.structs import Submission, given
from mdk.errors import RuleBroken
from mdk.pathways.structs import AssignmentState, Gap, ReferralState

REFERRAL_MOVES: Mapping[str, tuple[frozenset[ReferralState], ReferralState]] = {
    "receive": (frozenset({ReferralState.CREATED}), ReferralState.RECEIVED),
    "accept": (frozenset({ReferralState.RECEIVED}), ReferralState.ACCEPTED),
}
ASSIGNMENT_MOVES: Mapping[str, tuple[frozenset[AssignmentState], AssignmentState]] = {
    "accept": (frozenset({AssignmentState.ASSIGNED}), AssignmentState.ACCEPTED),
}

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


def check_move(moves: Mapping[str, tuple[frozenset[str], str]], act: str, state: str) -> str:
    """The state that `act` leads to. Raises `RuleBroken("pathway.wrong-state")`."""
    allowed, target = moves[act]
    if state not in allowed:
        message = "Uppdraget är i ett läge där detta inte går. Läs in sidan igen för att se var det står."
        raise RuleBroken("pathway.wrong-state", message)
    return target


def _lacks(value: object) -> bool:
    return not given(value) or value == "unknown"


def gaps(submission: Submission, catheter_tip: str) -> list[Gap]:
    """What the pre-operative pack lacks, and who owns getting it; it warns and never holds a referral back."""
    found = [Gap(path, what, owner) for path, what, owner in _PACK if _lacks(value_at(submission, path))]
    if not value_at(submission, "treatments.imaging"):
        found.append(Gap("treatments.imaging", "bilddiagnostik med datum", _REFERRER))
    if not catheter_tip:
        found.append(Gap("catheter_tip", "föreslagen nivå för kateterspetsen", "konferensens ordförande"))
    return found
