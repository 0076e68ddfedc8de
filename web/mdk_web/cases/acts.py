"""Owns the acts on a case, for its page and the API alike: what each takes, and which a page offers to whom."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from mdk.cases import rules, service, treatment
from mdk.cases.report_structs import DeathBody, DeteriorationBody
from mdk.cases.structs import (
    AcceptBody,
    AnswerBody,
    CaseState,
    CaseView,
    Nothing,
    ReasonBody,
    RedirectBody,
    SupplementBody,
)
from mdk.cases.treatment_structs import TreatmentDecisionBody
from mdk.journey import reports, revival, triage
from mdk.journey.urgent_rules import OPENS_FROM
from mdk.people.rules import may_ever
from mdk.people.structs import Viewer


class Act(NamedTuple):
    """One act: what its content is read as, what it does, what is said after it, and whether it needs the version."""

    body: type[msgspec.Struct]
    do: Callable[..., Any]
    said: str
    versioned: bool = True


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "submit": Act(Nothing, service.submit, "case-submitted"),
        "supplement": Act(AnswerBody, reports.supplement, "case-supplemented"),
        "accept": Act(AcceptBody, triage.accept, "case-accepted"),
        "request-supplement": Act(SupplementBody, triage.request_supplement, "case-supplement-requested"),
        "answer": Act(AnswerBody, triage.answer, "case-answered"),
        "redirect": Act(RedirectBody, triage.redirect, "case-redirected"),
        "decline": Act(ReasonBody, triage.decline, "case-declined"),
        "take-back": Act(Nothing, triage.take_back, "case-taken-back"),
        "withdraw": Act(ReasonBody, reports.withdraw, "case-withdrawn", versioned=False),
        "report-death": Act(DeathBody, reports.report_death, "case-death-reported", versioned=False),
        "report-deterioration": Act(DeteriorationBody, reports.report_deterioration, "case-worsened", versioned=False),
        "revoke-death": Act(ReasonBody, revival.revoke_death, "case-death-revoked"),
        "treatment-decision": Act(TreatmentDecisionBody, treatment.decide, "treatment-decided"),
        "confirm-read": Act(Nothing, service.confirm_read, "case-read-confirmed", versioned=False),
    }
)
TRIAGE = ("accept", "request-supplement", "answer", "redirect", "decline", "take-back")
_ANNOUNCED = frozenset({CaseState.SCHEDULED, CaseState.DISCUSSED, CaseState.DECIDED})
_ANSWERED = frozenset({CaseState.DECIDED, CaseState.CLOSED, CaseState.ANSWERED})


def acts_of(view: CaseView, viewer: Viewer) -> set[str]:
    """The acts that this viewer may do to the case as it stands."""
    revives = {"revoke-death"} if view.state == CaseState.DECEASED and may_ever("case.revoke-death", viewer) else set()
    if may_ever("case.accept", viewer):
        lane = {"urgent-open"} if view.state in OPENS_FROM else set()
        anew = {"accept"} if view.deteriorated_at and view.state in rules.RETRIAGED else set()
        return revives | lane | anew | {act for act in TRIAGE if view.state in rules.MOVES[act][0]}
    if not may_ever("case.patch", viewer) or view.unit != viewer.unit_id:
        return set()
    is_answered = view.outcome is not None or view.answer is not None
    offered = {
        "edit": view.state in rules.EDITABLE,
        "submit": view.state in rules.MOVES["submit"][0],
        "supplement": view.state in _ANNOUNCED,
        "attach": view.state in rules.OPEN,
        "detach": view.state in rules.EDITABLE,
        "confirm-read": is_answered and view.state in _ANSWERED and view.read_confirmed_at is None,
        "treatment-decision": is_answered and view.state in _ANSWERED,
        "report-deterioration": view.state in rules.WORSENS,
        "report-death": view.state in rules.MOVES["report-death"][0],
        "withdraw": view.state in rules.MOVES["withdraw"][0],
    }
    return revives | {act for act, is_open in offered.items() if is_open}
