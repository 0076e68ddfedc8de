"""Owns the Swedish words for the acts on a case: the labels of their fields, and what its history tells of them."""

from collections.abc import Mapping
from types import MappingProxyType

CASE_ACT_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "number": "Ärendenummer",
        "files": "Bilagor",
        "what": "Det som behövs eller har hänt",
        "date": "Datum",
        "until": "Senast",
        "to": "Hänvisas till",
        "within": "Svar senast",
        "deadline": "Svar senast",
        "conference": "Konferens",
        "remark": "Anmärkning",
        "follows": "Följer du rekommendationen?",
        "why": "Skäl",
    }
)

CASE_ACTS: Mapping[str, str] = MappingProxyType(
    {
        "create": "Utkast skapat",
        "change": "Uppgifter ändrade",
        "submit": "Skickat in",
        "supplement": "Kompletterat",
        "attach": "Bilaga tillagd",
        "detach": "Bilaga borttagen",
        "accept": "Accepterat till kön",
        "request-supplement": "Komplettering begärd",
        "answer": "Besvarat direkt",
        "redirect": "Hänvisat vidare",
        "decline": "Avböjt",
        "take-back": "Bedömningen återtagen",
        "withdraw": "Återtaget",
        "report-death": "Dödsfall registrerat",
        "revoke-death": "Dödsfallet taget tillbaka",
        "report-deterioration": "Försämring rapporterad",
        "schedule": "Satt på en utskickad agenda",
        "unschedule": "Taget från agendan, åter i kön",
        "discuss": "Diskuterat på konferensen",
        "decide": "Rekommendationen signerad",
        "addendum": "Tillägg till protokollet",
        "defer": "Ska tas upp igen, åter i kön",
        "urgent-open": "Snabbspår öppnat",
        "urgent-opinion": "Yttrande i snabbspåret",
        "urgent-conclude": "Snabbspåret sammanfattat",
        "urgent-ratify": "Ratificerat på konferensen",
        "home-care-answer": "Hemsjukvården har svarat om extern pump",
        "return": "Remissen avböjd av neurokirurgin, åter i kön",
        "treatment-decision": "Behandlande läkares beslut",
        "close": "Avslutat",
    }
)
