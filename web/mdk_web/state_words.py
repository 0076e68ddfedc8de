"""Owns how states are told: a word, a shape and a colour for each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class State(NamedTuple):
    """How a state is told: a word, a shape of components/shapes.html and a `data-color` of the design system."""

    word: str
    shape: str
    color: str


STATES: Mapping[str, Mapping[str, State]] = MappingProxyType(
    {
        "case": {
            "draft": State("Utkast", "dashed", "neutral"),
            "submitted": State("Inskickat", "arrow", "info"),
            "supplement_requested": State("Komplettering begärd", "question", "warning"),
            "accepted": State("I kö", "ring", "accent"),
            "scheduled": State("På agenda", "clock", "accent"),
            "urgent": State("I snabbspår", "half", "danger"),
            "discussed": State("Diskuterat, ej signerat", "half", "warning"),
            "decided": State("Rekommendation klar", "check", "success"),
            "closed": State("Avslutat", "disc", "neutral"),
            "answered": State("Besvarat direkt", "check", "neutral"),
            "redirected": State("Hänvisat vidare", "arrow", "neutral"),
            "declined": State("Avböjt", "cross", "neutral"),
            "withdrawn": State("Återtaget", "bar", "neutral"),
            "deceased": State("Patienten avliden", "square", "neutral"),
        },
        "conference": {
            "planned": State("Planeras", "dashed", "neutral"),
            "released": State("Utskickad", "arrow", "info"),
            "in_session": State("Pågår nu", "half", "accent"),
            "closed": State("Avslutad", "disc", "neutral"),
            "cancelled": State("Inställd", "cross", "danger"),
        },
        "referral": {
            "created": State("Ny", "dashed", "info"),
            "received": State("Mottagen", "ring", "info"),
            "more_information": State("Komplettering begärd", "question", "warning"),
            "accepted": State("Accepterad", "half", "accent"),
            "declined": State("Avböjd", "cross", "neutral"),
            "scheduled": State("Planerad", "clock", "accent"),
            "implanted": State("Utförd", "check", "success"),
            "reported": State("Återrapporterad", "disc", "neutral"),
            "cancelled": State("Avbruten", "bar", "neutral"),
        },
        "assignment": {
            "assigned": State("Nytt", "dashed", "info"),
            "accepted": State("Accepterat", "ring", "accent"),
            "preparing": State("Förbereds", "half", "accent"),
            "inserted": State("Pump insatt", "check", "success"),
            "followed_up": State("Uppföljt", "disc", "neutral"),
            "not_done": State("Inte utfört", "cross", "warning"),
        },
        "learning": {
            "draft": State("Utkast", "dashed", "neutral"),
            "review": State("Granskas", "half", "info"),
            "published": State("Publicerat", "check", "success"),
            "withdrawn": State("Tillbakadraget", "bar", "neutral"),
        },
        "prerequisite": {
            "open": State("Öppen", "ring", "neutral"),
            "met": State("Uppfylld", "disc", "success"),
            "not_met": State("Inte uppfylld", "cross", "warning"),
            "not_applicable": State("Gäller inte", "bar", "neutral"),
        },
        "action": {
            "open": State("Öppen", "ring", "info"),
            "overdue": State("Försenad", "question", "warning"),
            "done": State("Klar", "check", "success"),
            "partly": State("Delvis utförd", "half", "warning"),
            "not_done": State("Inte utförd", "cross", "neutral"),
        },
        "partstat": {
            "NEEDS-ACTION": State("Inte svarat", "question", "neutral"),
            "ACCEPTED": State("Kommer", "check", "success"),
            "TENTATIVE": State("Kanske", "half", "warning"),
            "DECLINED": State("Kommer inte", "cross", "danger"),
            "DELEGATED": State("Ersättare", "arrow", "info"),
        },
        "outbox": {
            "owed": State("Väntar", "ring", "neutral"),
            "sending": State("Skickas", "half", "info"),
            "sent": State("Skickat", "check", "success"),
            "failed": State("Misslyckades", "cross", "danger"),
        },
    }
)
