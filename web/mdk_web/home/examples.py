"""Owns the worked examples of the help: what is put in stands here, the answers are computed each time."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from mdk.clinical.bilaga1 import identify
from mdk.clinical.opioids import omeq
from mdk.clinical.structs import DoseUnit, Drug, Findings, Identification, Omeq, OpioidLine, Route


class Dosed(NamedTuple):
    """A list of opioids with what it shows, and what the tables say of it."""

    title: str
    shows: str
    omeq: Omeq


class Judged(NamedTuple):
    """A patient in one line, and what Bilaga 1 says."""

    patient: str
    identification: Identification


def _line(
    drug: Drug, route: Route, dose: str, unit: DoseUnit = "mg", per_day: str | None = None, **rescue: str
) -> OpioidLine:
    given = {name: Decimal(value) for name, value in rescue.items()}
    times = None if per_day is None else Decimal(per_day)
    return OpioidLine(drug=drug, route=route, dose=Decimal(dose), unit=unit, per_day=times, **given)


_OPIOIDS: tuple[tuple[str, str, Sequence[OpioidLine]], ...] = (
    (
        "Oxikodon 40 mg × 2, vid behov 10 mg som togs 4 gånger per dygn",
        "Vidbehovsdoserna räknas med, så många som verkligen togs. Här säger tabellerna olika.",
        [_line("oxycodone", "oral", "40", per_day="2", rescue_dose="10", rescue_per_day="4")],
    ),
    (
        "Morfin 100 mg × 2",
        "Gränsen är mer än 200 mg. Exakt 200 är inte över.",
        [_line("morphine", "oral", "100", per_day="2")],
    ),
    (
        "Hydromorfon 15 mg × 2",
        "Beror på tabell: de internationella räknar gånger 5, de svenska gånger 7,5.",
        [_line("hydromorphone", "oral", "15", per_day="2")],
    ),
    (
        "Fentanylplåster 62 µg/h",
        "I en tabell med rader räknas rakt mellan raderna.",
        [_line("fentanyl", "transdermal", "62", "µg/h")],
    ),
    (
        "Ketobemidon 50 mg × 5",
        "Bara de nordiska tabellerna har preparatet. De som saknar det räknas inte.",
        [_line("ketobemidone", "oral", "50", per_day="5")],
    ),
    (
        "Metadon 20 mg × 3 och morfin 30 mg × 2",
        "Metadon räknas aldrig om. Resten är en undre gräns, aldrig noll, och svaret är ofullständigt.",
        [_line("methadone", "oral", "20", per_day="3"), _line("morphine", "oral", "30", per_day="2")],
    ),
    (
        "Metadon 20 mg × 3 och morfin 120 mg × 2",
        "Är resten redan över 200 mg i varje tabell behövs inte metadonet för att svara.",
        [_line("methadone", "oral", "20", per_day="3"), _line("morphine", "oral", "120", per_day="2")],
    ),
)


_OTHERWISE: dict[str, Any] = {
    "icd10": "C20.9",
    "palliative": "yes",
    "nrs_mean": 5,
    "constant": "yes",
    "breakthroughs_per_day": 0,
    "omeq_verdict": "over",
    "side_effects": [],
    "declines_opioids": "no",
    "addiction": "no",
    "psychiatric_comorbidity": "no",
    "rapid_progression": "no",
    "expected_severe_pain": "no",
}
_UNTOLD = dict.fromkeys(_OTHERWISE) | {"icd10": "C20.9", "palliative": "yes"}
_NOT_OVER = {"omeq_verdict": "not_over"}

# What differs from a patient with constant pain of 5, more than 200 mg, and none of C, D and E.
_PATIENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("NRS 5, konstant smärta, mer än 200 mg", {}),
    ("NRS 5, konstant smärta, exakt 200 mg", _NOT_OVER),
    ("NRS 4, konstant smärta, 400 mg", {"nrs_mean": 4}),
    (
        "NRS 7, två genombrott per dygn, inte konstant, 300 mg",
        {"nrs_worst": 7, "constant": "no", "breakthroughs_per_day": 2, "breakthroughs_need_rescue": "yes"},
    ),
    (
        "NRS 7, tre genombrott per dygn med extradoser, inte konstant, 300 mg",
        {"nrs_worst": 7, "constant": "no", "breakthroughs_per_day": 3, "breakthroughs_need_rescue": "yes"},
    ),
    ("NRS 5, konstant smärta, dosen beror på tabell", {"omeq_verdict": "table_dependent"}),
    ("Svåra biverkningar, inga opioider", _NOT_OVER | {"side_effects": ["severe"]}),
    ("Vill inte ha opioider, allt annat okänt", _UNTOLD | {"declines_opioids": "yes"}),
    ("Cancer i palliativt skede, inget annat ifyllt", _UNTOLD),
    ("Svåra biverkningar, ingen cancerdiagnos (M54.5)", {"icd10": "M54.5", "side_effects": ["severe"]}),
    ("Barn, 9 år, NRS 3, inte över 200 mg", _NOT_OVER | {"nrs_mean": 3, "age": 9}),
)


def dosed() -> list[Dosed]:
    """The opioid examples, computed now."""
    return [Dosed(title, shows, omeq(lines)) for title, shows, lines in _OPIOIDS]


def judged() -> list[Judged]:
    """The patients of the examples, judged now."""
    return [Judged(patient, identify(Findings(**_OTHERWISE | told))) for patient, told in _PATIENTS]
