"""Owns the words of a patient that nobody may find in a mail, a feed, a file name or an address."""

import base64
import re
from collections.abc import Iterable
from typing import Any

_TOKEN = re.compile(r"eyJ[\w-]+\.([\w-]+)\.[\w-]+")
_OPAQUE = re.compile(r"\b[0-9a-f]{32,64}\b")
_PEOPLE = re.compile(r"[\w.]+@demo\.mdk")


def words(documents: Iterable[dict[str, Any]], numbers: Iterable[str]) -> set[str]:
    """What tells of the patients of these submissions: who they are, what ails them, what is asked, the numbers."""
    found = set(numbers)
    for document in documents:
        patient, diagnosis = document["patient"], document["diagnosis"]
        identity, name = patient["identity_number"], patient["name"]
        born = identity[:4], identity[4:6], identity[6:8]
        found |= {identity, identity[2:], f"{identity[:8]}-{identity[8:]}", f"{identity[2:8]}-{identity[8:]}"}
        found |= {"".join(born), "-".join(born), identity[2:8], f"{2026 - int(identity[:4])} år"}
        found |= {name, *name.split(), "".join(part[0] for part in name.split())}
        found |= {str(document["question"]), patient.get("municipality") or "", patient.get("care_place") or ""}
        found |= {diagnosis.get("icd10") or "", diagnosis.get("description") or ""}
    return found - {""}


def searcher(secrets: set[str]) -> re.Pattern[str]:
    """Finds any of the words, whole, in any case; of initials only capitals."""
    initials = {word for word in secrets if re.fullmatch(r"[A-ZÅÄÖ]{2,3}", word)}
    return re.compile(rf"\b(?:{_any(initials)}|(?i:{_any(secrets - initials)}))\b")


def readable(text: str) -> str:
    """The text with what links carry laid open, and without random ids and the addresses of those who work here."""
    opened = _TOKEN.sub(lambda token: base64.urlsafe_b64decode(token[1] + "==").decode(), text)
    return _PEOPLE.sub("", _OPAQUE.sub("", opened))


def _any(secrets: set[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(secrets)) or "(?!)"
