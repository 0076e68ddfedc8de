"""Owns the Swedish words of the pathways: the labels of their fields, and what their histories tell."""

from collections.abc import Mapping
from types import MappingProxyType

PATHWAY_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "date": "Datum",
        "device": "Pump och kateter",
        "place": "Var",
        "drug": "Läkemedel",
        "reason_code": "Skäl",
        "note": "Anteckning",
        "region": "Region",
        "state": "Läge",
        "owner": "Ansvarig",
        "valid_until": "Gäller till",
        "municipality": "Kommun",
        "n": "Förutsättning",
        "email": "E-postadress",
        "facts": "Uppgifter i underlaget",
        "facts.field": "Uppgift i underlaget",
        "facts.text": "Uppgift i underlaget",
    }
)

PATHWAY_ACTS: Mapping[str, str] = MappingProxyType(
    {
        "open": "Öppnad av det signerade protokollet",
        "receive": "Mottagen",
        "accept": "Accepterad",
        "request-information": "Mer underlag begärt",
        "supply-information": "Svar från remitterande enhet",
        "complete-pack": "Underlaget kompletterat",
        "decline": "Avböjd",
        "schedule": "Planerad till",
        "implant": "Implanterad",
        "cancel": "Inställd",
        "report": "Återrapporterad",
        "end": "Avslutad med ärendet",
        "resume": "Återupptagen: dödsfallet var ett misstag",
        "prepare": "Förberedelserna har börjat",
        "insert": "Pumpen insatt",
        "follow-up": "Uppföljd",
        "not-done": "Blir inte av",
        "ask-support": "Stöd begärt av Skåne",
        "answer-support": "Svar från Skåne",
        "hand-over": "Lämnad över",
    }
)
