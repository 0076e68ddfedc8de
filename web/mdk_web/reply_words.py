"""Owns the Swedish words around mails: what became of an answer and why, how one came, and the languages."""

from collections.abc import Mapping
from types import MappingProxyType

REPLY_FATES: Mapping[str, str] = MappingProxyType(
    {
        "recorded": "Svaret är sparat",
        "ignored": "Inget ändrat",
        "noted": "Väntar på dig",
        "refused": "Inte godtaget",
        "quarantined": "Går inte att läsa",
    }
)

REPLY_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no-calendar": "Mejlet är inget kalendersvar. Läs det i funktionsbrevlådan.",
        "automatic": "Mejlet är ett automatiskt svar, till exempel om frånvaro.",
        "returned": "Ett mejl kom i retur. Läs i funktionsbrevlådan till vem, och rätta adressen.",
        "not-a-reply": "Mejlet har en kalenderdel men är inget svar på en kallelse. Läs det i funktionsbrevlådan.",
        "too-large": "Mejlet är större än 64 kB och läses därför inte. Hör med avsändaren.",
        "broken-mail": "Mejlet är trasigt. Hör med avsändaren.",
        "encoding": "Svarets tecken kan inte tolkas säkert. Hör med avsändaren.",
        "truncated": "Svaret är avklippt. Hör med avsändaren.",
        "several": "Mejlet säger flera saker på en gång. Hör med avsändaren vad som gäller.",
        "broken-calendar": "Svarets kalenderdel är trasig. Hör med avsändaren.",
        "contradiction": "Mejlet säger emot sig självt. Hör med avsändaren.",
        "no-answer": "Svaret säger varken ja, nej eller kanske. Hör med avsändaren.",
        "unknown-uid": "Svaret gäller en kallelse som inte har skickats härifrån.",
        "stranger": "Svaret gäller en annan person än den som kallelsen skickades till.",
        "forged": "Avsändaren är en annan än den som svaret gäller. Hör med personen.",
        "not-sent-yet": "Svaret gäller en senare kallelse än den som har skickats.",
        "clock": "Svaret är skrivet i framtiden; avsändarens klocka går fel. Hör med avsändaren.",
        "counter": "Föreslår en annan tid. Flytta konferensen eller hör av dig till personen.",
        "delegated": "Vill att någon annan kommer i stället. Kalla den personen, eller hör av dig.",
        "older": "Personen har redan svarat senare, eller kallelsen har ändrats sedan dess.",
        "cancelled": "Konferensen är inställd.",
        "dropped": "Personen är inte längre kallad.",
        "over": "Konferensen är över.",
    }
)

MAIL_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "reply_fate": REPLY_FATES,
        "reply_reason": REPLY_REASONS,
        "via": {"login": "på sidan", "link": "via länk", "mail": "via mejl"},
        "language": {"sv": "Svenska", "en": "English"},
    }
)
