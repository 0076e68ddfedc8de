"""Owns the acts on referrals and assignments, for page and API alike: what each takes, and which a page offers."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import msgspec

from mdk.cases.structs import Nothing, ReasonBody
from mdk.pathways import assignments, referrals, rules
from mdk.pathways.structs import (
    AssignmentState,
    AssignmentView,
    DateBody,
    FactsBody,
    HandOverBody,
    ImplantBody,
    InsertBody,
    NotDoneBody,
    ReferralState,
    ReferralView,
    SupplyBody,
    TextBody,
    WhatBody,
)
from mdk.people.rules import may_ever
from mdk.people.structs import Viewer

R, A = ReferralState, AssignmentState


class Field(NamedTuple):
    """One control of an act's form; its label is that of its name, `group` holds the choices of a list."""

    name: str
    kind: Literal["text", "area", "date", "select"]
    label: str
    hint: str = ""
    is_required: bool = True
    group: str = ""


class Act(NamedTuple):
    """One act: its content, what it does, who may, what is said after it, and its form's title, fields and button."""

    body: type[msgspec.Struct]
    do: Callable[..., Any]
    needs: str
    said: str
    button: str
    title: str = ""
    fields: tuple[Field, ...] = ()


_REASON = Field("reason", "area", "Skäl", "Remittenten läser skälet.")
_DAY = Field("date", "date", "Datum")

REFERRAL_ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "accept": Act(Nothing, referrals.accept, "referral.work", "referral-accepted", "Acceptera remissen"),
        "request-information": Act(
            WhatBody, referrals.request_information, "referral.work", "information-requested", "Skicka frågan",
            "Be om mer underlag", (Field("what", "area", "Det som behövs", "Remittenten svarar här på remissen."),),
        ),
        "supply-information": Act(
            SupplyBody, referrals.supply_information, "referral.supply", "information-supplied",
            "Skicka svaret till neurokirurgin", "Svara neurokirurgin", (Field("text", "area", "Svar"),),
        ),
        "complete-pack": Act(
            FactsBody, referrals.complete_pack, "referral.supply", "information-supplied", "Spara uppgifterna",
            "Fyll i det som saknas i underlaget",
        ),
        "decline": Act(
            ReasonBody, referrals.decline, "referral.work", "referral-declined", "Avböj remissen", "Avböj",
            (Field("reason", "area", "Skäl", "Ärendet går tillbaka till remittenten och kön, med sitt första datum."),),
        ),
        "schedule": Act(
            DateBody, referrals.schedule, "referral.work", "implant-scheduled", "Spara dagen",
            "Planera implantationen", (Field("date", "date", "Dag för implantationen"),),
        ),
        "implant": Act(
            ImplantBody, referrals.implant, "referral.work", "implant-done", "Registrera implantationen",
            "Registrera implantationen",
            (
                Field("date", "date", "Implanterad den"),
                Field("device", "text", "Pump, kateter och tillverkningsnummer", is_required=False),
                Field("catheter_tip", "text", "Kateterspetsens nivå", is_required=False),
            ),
        ),
        "cancel": Act(
            ReasonBody, referrals.cancel, "referral.work", "referral-cancelled", "Ställ in", "Ställ in implantationen",
            (_REASON,),
        ),
        "report": Act(
            TextBody, referrals.report, "referral.work", "implant-reported", "Återrapportera", "Återrapportera",
            (Field("text", "area", "Rapport", "Till remittenten och hemregionen. Ärendet avslutas med rapporten."),),
        ),
    }
)  # fmt: skip

ASSIGNMENT_ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "accept": Act(Nothing, assignments.accept, "assignment.work", "assignment-accepted", "Acceptera uppdraget"),
        "insert": Act(
            InsertBody, assignments.insert, "assignment.work", "pump-inserted", "Registrera insättningen",
            "Registrera att pumpen är insatt",
            (
                Field("date", "date", "Insatt den"),
                Field("place", "text", "Var", is_required=False),
                Field("catheter_tip", "text", "Kateterspetsens nivå", is_required=False),
                Field("drug", "area", "Läkemedel, i fri text", is_required=False),
            ),
        ),
        "not-done": Act(
            NotDoneBody, assignments.not_done, "assignment.work", "assignment-not-done", "Avsluta uppdraget",
            "Pumpen blir inte insatt",
            (
                Field("reason_code", "select", "Skäl", group="not_done_reason"),
                Field("note", "area", "Anteckning", "Remittenten läser den.", is_required=False),
            ),
        ),
        "ask-support": Act(
            TextBody, assignments.ask_support, "assignment.work", "support-asked", "Skicka frågan",
            "Be Skåne om stöd", (Field("text", "area", "Fråga", "Skånes funktion får läsa uppdraget och svarar här."),),
        ),
        "answer-support": Act(
            TextBody, assignments.answer_support, "assignment.support", "support-answered", "Skicka svaret",
            "Svara på frågan om stöd", (Field("text", "area", "Svar"),),
        ),
        "hand-over": Act(
            HandOverBody, assignments.hand_over, "assignment.work", "assignment-handed-over", "Lämna över",
            "Lämna över till en annan region",
            (
                Field("region", "select", "Region", group="region"),
                Field("reason", "area", "Skäl", "Ni läser uppdraget tills 30 dagar efter att det har avslutats."),
            ),
        ),
    }
)  # fmt: skip


class Offer(NamedTuple):
    """An act that a page offers: its name, and whether it is the page's one act."""

    name: str
    act: Act
    is_first: bool


def referral_offers(view: ReferralView, viewer: Viewer, *, is_referrer: bool) -> list[Offer]:
    """What this viewer may do to the referral as it stands, the likeliest first."""
    if may_ever("referral.work", viewer):
        state = R.RECEIVED if view.state == R.CREATED else view.state
        order = ("accept", "implant", "schedule", "report", "request-information", "decline", "cancel")
        return _offers(REFERRAL_ACTS, [name for name in order if state in rules.REFERRAL_MOVES[name][0]])
    if not is_referrer:
        return []
    if view.state == R.MORE_INFORMATION:
        return _offers(REFERRAL_ACTS, ["supply-information"])
    return _offers(REFERRAL_ACTS, ["complete-pack"] if view.state in rules.REFERRAL_OPEN and view.missing else [])


def assignment_offers(view: AssignmentView, viewer: Viewer) -> list[Offer]:
    """What this viewer may do to the assignment as it stands, the likeliest first."""
    if not may_ever("assignment.work", viewer):
        return []
    if view.unit != viewer.unit_id:
        asks = view.support_asked_at and not view.support_answered_at and viewer.region == assignments.SUPPORTING_REGION
        return _offers(ASSIGNMENT_ACTS, ["answer-support"] if asks else [])
    names = [name for name in ("accept", "insert", "not-done") if view.state in rules.ASSIGNMENT_MOVES[name][0]]
    if view.state in rules.ASSIGNMENT_OPEN:
        names += ["ask-support"] if view.region != assignments.SUPPORTING_REGION else []
        names += ["hand-over"]
    return _offers(ASSIGNMENT_ACTS, names)


def left_over(
    name: str, typed: Mapping[str, str], acts: Mapping[str, Act], offers: list[Offer]
) -> list[tuple[str, str]]:
    """What was typed, by its label, for an act that cannot be done any more: shown, so that it is not lost."""
    if name not in acts or name in {offer.name for offer in offers}:
        return []
    return [(field.label, typed[field.name]) for field in acts[name].fields if typed.get(field.name)]


def content_of(body: msgspec.Struct) -> dict[str, Any]:
    """What an act takes of its content; the day of a body is called `day` by the core, where `date` is a type."""
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    return {"day" if name == "date" else name: value for name, value in given.items()}


def _offers(acts: Mapping[str, Act], names: list[str]) -> list[Offer]:
    leading = {"accept", "implant", "report", "insert", "supply-information", "answer-support"}
    leads = [name for name in names if name in leading] or [name for name in names if name == "schedule"]
    return [Offer(name, acts[name], name == next(iter(leads), "")) for name in names]
