"""Owns the quiet line after an act: what happened and what happens next."""

from collections.abc import Mapping
from types import MappingProxyType

SAID: Mapping[str, str] = MappingProxyType(
    {
        "signed-in": "Du är inloggad.",
        "signed-out": "Du är utloggad.",
        "case-saved": "Sparat.",
        "case-submitted": "Inskickat. Koordinatorn svarar normalt inom en arbetsdag.",
        "case-supplemented": "Kompletteringen är sparad och koordinatorn meddelas.",
        "case-accepted": "Accepterat. Ärendet står nu i kön och remittenten meddelas.",
        "case-supplement-requested": "Komplettering begärd. Remittenten meddelas och klockan står still så länge.",
        "case-answered": "Besvarat. Remittenten meddelas.",
        "case-redirected": "Hänvisat. Remittenten meddelas.",
        "case-declined": "Avböjt. Remittenten meddelas.",
        "case-read-confirmed": "Tack. Läsningen är bekräftad.",
        "attachments-added": "Bilagorna är sparade. De visas för alla som läser ärendet.",
        "attachment-removed": "Bilagan är borttagen. Historiken visar att den har funnits.",
        "treatment-decided": "Beslutet är sparat bredvid rekommendationen.",
        "glass-broken": "Nödöppnat i 24 timmar. Åtkomsten är loggad och granskas.",
        "conference-planned": "Konferensen är planerad. Ingen kallas förrän du skickar ut agendan.",
        "conference-changed": "Konferensen är ändrad.",
        "agenda-saved": "Agendan är sparad. Ingen har meddelats än.",
        "conference-released": "Kallelserna skickas nu.",
        "conference-moved": "Konferensen är flyttad. De kallade meddelas.",
        "conference-cancelled": "Konferensen är inställd. De kallade meddelas och ärendena står åter i kön.",
        "conference-opened": "Konferensen har börjat.",
        "conference-closed": "Konferensen är avslutad.",
        "conference-replied": "Ditt svar är sparat.",
        "minutes-saved": "Protokollet är sparat.",
        "minutes-signed": "Signerat. Remittenten och mottagaren meddelas nu.",
        "addendum-saved": "Tillägget är sparat.",
        "referral-accepted": "Remissen är accepterad.",
        "assignment-accepted": "Uppdraget är accepterat.",
        "feed-stopped": "Adressen har slutat gälla.",
        "codes-mapped": "Koderna är sparade och följer med i exporten.",
        "goal-set": "Målnivån är beslutad och gäller från nu.",
        "prevalence-imported": "Punktprevalensen är inläst. Behov och jämlikhet jämförs med den från nu.",
        "language-chosen": "Språket är sparat. Mejl som skickas från och med nu skrivs på det.",
        "reply-settled": "Klart. Svaret ligger inte längre och väntar.",
        "mail-again": "Mejlet skickas igen.",
        "series-begun": "Serien är planerad tolv veckor framåt. Ingen kallas förrän du skickar ut en agenda.",
    }
)
