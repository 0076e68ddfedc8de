"""Rules of the minutes: what a signature needs, and what a recommendation must satisfy. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mdk.clinical.pump import intern_rules
from mdk.clinical.structs import RuleVerdict
from mdk.errors import Problem, RuleBroken
from mdk.minutes.structs import Contraindication, MinutesBody

PUMPS = frozenset({"intern_pump", "extern_pump"})
INTERVENTIONS = PUMPS | {"epidural", "nerve_block", "neurolysis", "other_intervention"}
_THROUGH_CATHETER = PUMPS | {"epidural"}

ROUTES = {
    "intern_pump": frozenset({"intrathecal"}),
    "extern_pump": frozenset({"intrathecal", "epidural"}),
    "epidural": frozenset({"epidural"}),
}

_ALWAYS = {
    "outcome": "Välj konferensens rekommendation.",
    "motivation": "Skriv varför konferensen rekommenderar detta.",
}
_UNLESS_DEFERRED = {
    "answer": "Skriv konferensens svar på frågan.",
    "refractory": "Ange om smärtan bedöms som refraktär.",
    "informs_patient": "Ange vem som informerar patienten.",
    "out_of_hours_contact": "Ange vem som nås utanför kontorstid. Bara Skåne har bemanning dygnet runt.",
}
_FOR_INTERVENTIONS = {
    "responsible_unit": "Ange vilken enhet som ansvarar för åtgärden.",
    "due": "Ange när åtgärden ska vara gjord.",
}
_FOR_CATHETERS = {
    "route": "Välj kateterväg. Intratekal och epidural får inte förväxlas.",
    "opioid_plan_owner": "Ange vem som ansvarar för planen för systemiska opioider.",
}


def intern_verdicts(months: float | None, mobility: str | None) -> list[RuleVerdict]:
    """The two criteria that permit considering an intern pump, each met, not met or unknown."""
    return intern_rules(months, mobility)  # type: ignore[arg-type]


def check_signable(body: MinutesBody, verdicts: list[RuleVerdict], lacking: list[str]) -> None:
    """Let minutes be signed or say everything that stands in the way.

    Raises `RuleBroken`: `minutes.incomplete` with every missing field; `pump.departure-reason` for an intern pump
    whose criteria are not met, without a written reason; `minutes.route-mismatch`; `conference.no-quorum` when
    someone is `lacking` and there is neither a reason nor a deferral.
    """
    missing = [Problem(field, words) for field, words in needed(body.outcome).items() if not _given(body, field)]
    if missing:
        raise RuleBroken(
            "minutes.incomplete", "Protokollet kan inte signeras än. Fyll i det som saknas.", tuple(missing)
        )
    _check_intern(body, verdicts)
    if body.outcome in ROUTES and body.route not in ROUTES[body.outcome]:
        message = "Kateterväg och rekommendation går inte ihop. Rätta det som är fel: intratekal är inte epidural."
        raise RuleBroken("minutes.route-mismatch", message, (Problem("route", message),))
    if lacking and body.outcome != "deferred" and not (body.quorum_reason or "").strip():
        message = f"Konferensen är inte beslutför: {', '.join(lacking)} saknas. Ange skälet eller skjut upp ärendet."
        raise RuleBroken("conference.no-quorum", message, (Problem("quorum_reason", message),))


def needed(outcome: str | None) -> Mapping[str, str]:
    """The fields that signing needs for an outcome, each with the sentence that asks for it."""
    fields = dict(_ALWAYS)
    if outcome != "deferred":
        fields |= _UNLESS_DEFERRED
    if outcome in INTERVENTIONS:
        fields |= _FOR_INTERVENTIONS
    if outcome in _THROUGH_CATHETER:
        fields |= _FOR_CATHETERS
    return fields


def signed_content(body: MinutesBody, *, case: str, conference: str, signer: str, at: str) -> dict[str, Any]:
    """What a signature is set under: the minutes with case, conference, signer and time."""
    return {
        "minutes": msgspec.to_builtins(body),
        "case": case,
        "conference": conference,
        "signer": signer,
        "signed_at": at,
    }


def suggested_contraindications(
    *, infection: str | None, intraspinal: str | None, raised_pressure: str | None, anticoagulants: int | None
) -> list[Contraindication]:
    """What the case says of each contraindication that the conference asks for; always editable."""
    bleeding = None if anticoagulants is None else ("yes" if anticoagulants else "no")
    said = {
        "infection": infection,
        "coagulation": bleeding,
        "intraspinal_growth": intraspinal,
        "raised_icp": raised_pressure,
    }
    return [
        Contraindication(what=what, assessment="none" if value == "no" else "unknown") for what, value in said.items()
    ]


def _check_intern(body: MinutesBody, verdicts: list[RuleVerdict]) -> None:
    if body.outcome != "intern_pump" or all(verdict.met == "yes" for verdict in verdicts):
        return
    if not (body.departure_reason or "").strip():
        message = (
            "Kriterierna för intern pump är inte uppfyllda (minst 3 månaders behandling och ökad rörelsefrihet). "
            "Skriv varför konferensen ändå rekommenderar den."
        )
        raise RuleBroken("pump.departure-reason", message, (Problem("departure_reason", message),))


def _given(body: MinutesBody, field: str) -> bool:
    value = getattr(body, field)
    return bool(value.strip()) if isinstance(value, str) else value is not None
