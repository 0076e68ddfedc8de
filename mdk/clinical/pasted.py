"""Owns the reading of pasted medicine lists: what each line seems to say of an opioid, for a person to check.

Nothing is guessed in silence: a figure that was not understood, and every assumption, is said in a note.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

import msgspec

from mdk.clinical import published
from mdk.clinical.structs import DoseUnit, Drug, Route

MOST_LINES = 100
_HOURS_A_DAY = 24
_IN_MICROGRAMS: frozenset[Drug] = frozenset({"fentanyl", "buprenorphine"})

_NUMBER = r"(\d{1,6}(?:[.,]\d{1,3})?)"
_MICROGRAM = r"(?:µg|mikrog(?:ram)?|mikg|mcg|ug)"
_BULLET = re.compile(r"^\s*(?:[-–•*·]|\d{1,2}[.)](?=\s))\s*")
_PER_ML = re.compile(rf"{_NUMBER}\s*(?:mg|{_MICROGRAM})\s*/\s*ml\b")
_RATE = re.compile(rf"{_NUMBER}\s*{_MICROGRAM}\s*/\s*(?:h|tim(?:me|ma|\.)?)(?![a-zåäö])")
_MG = re.compile(rf"{_NUMBER}\s*mg(?![a-zåäö])")
_UG = re.compile(rf"{_NUMBER}\s*{_MICROGRAM}(?![a-zåäö])")
_PATCH_CHANGE = re.compile(
    r"(?:byt\w*\s*)?(?:var(?:t|je)?)\s*(?:\d{1,2}(?:\s*:\s*[ae])?|tredje|fjärde|sjunde)\s*(?:dygn|dag|timm?e?)\w*"
)
_EVERY_HOURS = re.compile(r"var(?:je)?\s*(\d{1,2})\s*(?::\s*[ae])?\s*tim\w*")
_SCHEDULE = re.compile(r"(?<![\d.,])(\d{1,2}(?:\s*\+\s*\d{1,2}){1,5})(?![\d.,])")
_RANGE = re.compile(r"(?<![\d.,])\d{1,3}\s*[-–]\s*\d{1,3}(?![\d.,])")
_MOST = re.compile(r"(?:max\w*|högst|upp till)\s*\d{1,3}(?:\s*(?:st\w*|ggr|gånger|doser))?(?:\s*(?:/|per)\s*\w+)?")
# One digit before the sign is a count of tablets; a larger figure is a dose whose unit was left out.
_TABLETS_TIMES = re.compile(rf"(?<![\d.,])(\d(?:[.,]5)?)\s*[x×*]\s*{_NUMBER}(?![\d.,])")
_TIMES = re.compile(rf"[x×*]\s*{_NUMBER}(?![\d.,])")
_TIMES_A_DAY = re.compile(
    rf"{_NUMBER}\s*(?:st|ggr|gånger|gång|doser|dos)\.?\s*(?:(?:/|per|om)\s*(?:dygn\w*|dag\w*|d\b)|dagl\w*)"
)
_TABLETS = re.compile(rf"{_NUMBER}\s*(?:tabl?\b|tablett\w*|kaps\b|kapsel|kapslar|depottabl\w*)")
_ANY_NUMBER = re.compile(_NUMBER)
_WHEN_NEEDED = re.compile(r"vid\s+behov|(?<![a-zåäö])v\.?\s?b\.?(?![a-zåäö])")
_ROUTES: tuple[tuple[Route, str], ...] = (
    ("transdermal", r"(?:depot)?plåster\w*|transderm\w*"),
    ("subcutaneous", r"s\.?c\.?|subkutan\w*|subcutan\w*"),
    ("intravenous", r"i\.?v\.?|intraven\w*"),
    ("sublingual", r"resoriblett\w*|sublingual\w*|s\.?l\.?"),
    ("transmucosal", r"nässpray|nasal\w*|buc?kal\w*|sugtablett\w*|munhåle\w*"),
    ("rectal", r"supp\w*|rektal\w*"),
    ("epidural", r"epidural\w*|e\.?d\.?a\.?"),
    ("intrathecal", r"intratekal\w*|spinal\w*"),
    (
        "oral",
        r"p\.?o\.?|per\s?os|peroral\w*|oral\w*|(?:depot)?tabl\w*|tab|(?:depot)?kaps\w*|mixtur|depot|retard|munsönderfallande",
    ),
)


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name that stands for one drug, and for one route where it has no other; `combined` holds other drugs too."""

    name: str
    drug: Drug
    route: Route | None = None
    combined: bool = False


class Brands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names that are known, and where that knowledge comes from."""

    note: str
    brands: tuple[Brand, ...]


class Pasted(msgspec.Struct, frozen=True, kw_only=True):
    """One pasted line: what it seems to say, None where it does not, and what is to be checked; no drug: not read."""

    text: str
    drug: Drug | None = None
    route: Route | None = None
    unit: DoseUnit = "mg"
    dose: Decimal | None = None
    per_day: Decimal | None = None
    rescue_dose: Decimal | None = None
    rescue_per_day: Decimal | None = None
    notes: list[str] = []


@cache
def brands() -> Brands:
    """The shipped names."""
    return published.load("brands", Brands)


def read_pasted(text: str) -> list[Pasted]:
    """What each line of a pasted list seems to say; empty lines are left out, and what comes after `MOST_LINES`."""
    lines = [line.strip() for line in re.split(r"[\n\r;]+", text)]
    return [_read(line) for line in lines if line][:MOST_LINES]


class _Rest:
    """What is not read yet of a line; what is taken is gone."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.search(self.text)
        if found:
            self.text = f"{self.text[: found.start()]} | {self.text[found.end() :]}"
        return found

    def has(self, pattern: re.Pattern[str]) -> bool:
        return self.take(pattern) is not None


def _read(text: str) -> Pasted:
    rest = _Rest(_BULLET.sub("", text.replace("\u03bc", "µ")).lower())
    known = _named(rest)
    drugs = {brand.drug for brand in known}
    if not known:
        return Pasted(text=text, notes=["Inget opioidnamn känns igen. Skriv raden i fälten."])
    if len(drugs) > 1:
        return Pasted(text=text, notes=["Flera opioider på samma rad. Skriv dem på var sin rad."])
    brand = max(known, key=lambda each: each.route is not None or each.combined)
    notes: list[str] = []
    when_needed = rest.has(_WHEN_NEEDED)
    route = _route(rest) or brand.route
    dose, unit, per_day = _doses(rest, brand, route, notes)
    if route is None:
        notes.append("Ange väg: den framgår inte av raden.")
    if dose is None:
        notes.append("Ange dos: den framgår inte av raden.")
    if unit != "µg/h" and per_day is None:
        notes.append("Ange hur många gånger per dygn.")
    if when_needed:
        notes.append("Ange de vidbehovsdoser som verkligen har tagits, i medel de senaste sju dygnen.")
    times = None if unit == "µg/h" else per_day
    said: Mapping[str, Decimal | None] = (
        {"rescue_dose": dose, "rescue_per_day": times} if when_needed else {"dose": dose, "per_day": times}
    )
    return Pasted(text=text, drug=brand.drug, route=route, unit=unit, notes=notes, **said)


def _named(rest: _Rest) -> list[Brand]:
    """Every known name on the line; each is taken, so that no figure in it is read."""
    return [
        brand for brand in brands().brands if rest.has(re.compile(rf"(?<![a-zåäö]){re.escape(brand.name)}(?![a-zåäö])"))
    ]


def _route(rest: _Rest) -> Route | None:
    found = [route for route, words in _ROUTES if re.search(rf"(?<![a-zåäö.])(?:{words})(?![a-zåäö])", rest.text)]
    return found[0] if found else None


def _doses(
    rest: _Rest, brand: Brand, route: Route | None, notes: list[str]
) -> tuple[Decimal | None, DoseUnit, Decimal | None]:
    """The dose, its unit and how often a day it is taken, as far as the line says; the rest goes to the notes."""
    if route == "transdermal":
        rest.has(_PATCH_CHANGE)
    per_ml = rest.has(_PER_ML)
    if per_ml:
        notes.append("Styrkan står per ml. Ange dosen i mg.")
    dose, unit = _strength(rest, brand, route, notes)
    each, per_day = _often(rest, notes)
    if dose is None and unit == "mg" and not (per_ml or brand.combined or brand.drug in _IN_MICROGRAMS):
        dose = _bare(rest, "mg", notes)
    notes.extend(f"Talet {left} på raden är inte tolkat." for left in _ANY_NUMBER.findall(rest.text))
    return (None if dose is None else dose * each), unit, per_day


def _strength(rest: _Rest, brand: Brand, route: Route | None, notes: list[str]) -> tuple[Decimal | None, DoseUnit]:
    rate = rest.take(_RATE)
    if rate:
        return _decimal(rate[1]), "µg/h"
    if route == "transdermal":
        return _bare(rest, "µg/h", notes), "µg/h"
    in_micrograms, in_milligrams = rest.take(_UG), rest.take(_MG)
    found, unit = (in_micrograms, "µg") if in_micrograms else (in_milligrams, "mg")
    if brand.combined:
        rest.has(_MG)
        rest.has(re.compile(rf"{_NUMBER}\s*/"))
        notes.append("Ett kombinationsläkemedel: ange bara mängden opioid.")
        return None, "mg"
    if found is None:
        return None, "mg"
    return _decimal(found[1]), "µg" if unit == "µg" else "mg"


def _bare(rest: _Rest, unit: DoseUnit, notes: list[str]) -> Decimal | None:
    """A single figure without a unit, taken as `unit` and said so."""
    if len(_ANY_NUMBER.findall(rest.text)) != 1:
        return None
    found = rest.take(_ANY_NUMBER)
    notes.append(f"Enheten står inte på raden. Dosen är tolkad som {unit}.")
    return _decimal(found[1]) if found else None


def _often(rest: _Rest, notes: list[str]) -> tuple[Decimal, Decimal | None]:
    """How much is taken at a time (1 where nothing else is said) and how often a day."""
    one = Decimal(1)
    if rest.has(_MOST):
        notes.append("Ett högsta antal är inte vad som tas. Ange antalet som tas.")
    if rest.has(_RANGE):
        notes.append("Ett intervall står på raden. Ange det som tas.")
    if schedule := rest.take(_SCHEDULE):
        return _scheduled([Decimal(part) for part in schedule[1].split("+")])
    if both := rest.take(_TABLETS_TIMES):
        return _decimal(both[1]), _decimal(both[2])
    tablets = rest.take(_TABLETS)
    each = _decimal(tablets[1]) if tablets else one
    if hours := rest.take(_EVERY_HOURS):
        between = int(hours[1])
        return each, Decimal(_HOURS_A_DAY // between) if between and not _HOURS_A_DAY % between else None
    times = rest.take(_TIMES_A_DAY) or rest.take(_TIMES)
    return each, _decimal(times[1]) if times else None


def _scheduled(parts: list[Decimal]) -> tuple[Decimal, Decimal]:
    """`1+0+1` is 1 twice a day, `2+2+2` 2 three times; an uneven `1+1+2` is 1 four times: the day's sum is kept."""
    taken = [part for part in parts if part]
    if taken and len(set(taken)) == 1:
        return taken[0], Decimal(len(taken))
    return Decimal(1), sum(taken, Decimal(0))


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))
