"""Owns the identification criteria of Bilaga 1 in the region's final report, as policy `bilaga1-2026.1`.

A and (B or C or D or E); B is NRS above 4, constant or at least three breakthroughs that lead to rescue doses, with
more than 200 mg morphine equivalents a day. Yes, no or unknown throughout; the result is advice and blocks nothing.
"""

import re

import msgspec

from mdk.clinical.structs import Criterion, Findings, Identification, OmeqVerdict, Ternary
from mdk.clinical.ternary import all_of, any_of, known, said

POLICY = "bilaga1-2026.1"
SOURCE = "Slutrapporten för Södra sjukvårdsregionen, bilaga 1"
ADULT = 18

REMARK_OTHER_READING = "Uppfyller kriteriet om doskravet bara gäller genombrott."
REMARK_OTHER_READING_UNKNOWN = "Går inte att avgöra om doskravet bara gäller genombrott."
REMARK_CHILD = "Under 18 år: gränserna för NRS och opioiddos avgör inte."

_ICD10 = re.compile(r"([A-Z])(\d\d)[.\-]?\w{0,3}", re.ASCII)
_HIGH_DOSE: dict[OmeqVerdict, Ternary] = {
    "over": "yes",
    "not_over": "no",
    "table_dependent": "unknown",
    "incomplete": "unknown",
}
_ANSWER: dict[Ternary, str] = {"yes": "ja", "no": "nej", "unknown": "okänt"}
_DOSE_WORDS: dict[OmeqVerdict, str] = {
    "over": "över 200 mg",
    "not_over": "högst 200 mg",
    "table_dependent": "tabellberoende",
    "incomplete": "ofullständig",
}


class _Pain(msgspec.Struct, frozen=True):
    """The parts of B: the two branches without the dose, the dose, and B under both readings."""

    nrs: Ternary
    constant: Ternary
    breakthroughs: Ternary
    dose: Ternary

    @property
    def met(self) -> Ternary:
        return all_of(any_of(self.constant, self.breakthroughs), self.dose)

    @property
    def other_reading(self) -> Ternary:
        return any_of(self.constant, all_of(self.breakthroughs, self.dose))


def identify(findings: Findings) -> Identification:
    """Evaluates Bilaga 1, with a remark when the other reading of B changes the answer or the patient is a child."""
    diagnosis = all_of(is_cancer(findings.icd10), known(findings.palliative))
    others = any_of(severe_side_effects(findings), known(findings.declines_opioids), _special(findings))
    pain = _pain(findings)
    child = findings.age is not None and findings.age < ADULT
    result = all_of(diagnosis, any_of(_for_age(pain.met, child=child), others))
    other_reading = all_of(diagnosis, any_of(_for_age(pain.other_reading, child=child), others))
    return Identification(
        result=result,
        policy=POLICY,
        criteria=[
            *_diagnosis_rows(findings, diagnosis),
            *_pain_rows(findings, pain, child=child),
            *_other_rows(findings),
        ],
        remark=_remark(result, other_reading, child=child and pain.met != "yes"),
    )


def is_cancer(icd10: str | None) -> Ternary:
    """A1: ICD-10 C00–C97 or D37–D48; unknown when absent or no code at all, else no."""
    match = _ICD10.fullmatch((icd10 or "").strip().upper().replace(" ", ""))
    if not match:
        return "unknown"
    letter, number = match[1], int(match[2])
    return said(holds=(letter == "C" and number <= 97) or (letter == "D" and 37 <= number <= 48))


def severe_side_effects(findings: Findings) -> Ternary:
    """C: yes when any side effect is severe; an empty list is no; a list not given, or a severity left out, unknown."""
    if findings.side_effects is None:
        return "unknown"
    return any_of(*("unknown" if one is None else said(holds=one == "severe") for one in findings.side_effects))


def _special(findings: Findings) -> Ternary:
    return any_of(
        known(findings.addiction),
        known(findings.psychiatric_comorbidity),
        known(findings.rapid_progression),
        known(findings.expected_severe_pain),
        _told(findings),
    )


def _told(findings: Findings) -> Ternary:
    """E9: free text; leaving it empty adds nothing to the four questions before it."""
    return said(holds=bool((findings.other_special_situation or "").strip()))


def _pain(findings: Findings) -> _Pain:
    nrs_constant = _above_4(_nrs_constant(findings))
    nrs_breakthrough = _above_4(_nrs_breakthrough(findings))
    is_constant = known(findings.constant)
    often = all_of(_often(findings), known(findings.breakthroughs_need_rescue))
    relevant = [nrs for nrs, open_ in ((nrs_constant, is_constant), (nrs_breakthrough, often)) if open_ != "no"]
    return _Pain(
        nrs=any_of(*(relevant or (nrs_constant, nrs_breakthrough))),
        constant=all_of(nrs_constant, is_constant),
        breakthroughs=all_of(nrs_breakthrough, often),
        dose=_HIGH_DOSE[findings.omeq_verdict] if findings.omeq_verdict else "unknown",
    )


def _nrs_constant(findings: Findings) -> int | None:
    return findings.nrs_now if findings.nrs_mean is None else findings.nrs_mean


def _nrs_breakthrough(findings: Findings) -> int | None:
    return findings.nrs_now if findings.nrs_worst is None else findings.nrs_worst


def _above_4(nrs: int | None) -> Ternary:
    return "unknown" if nrs is None else said(holds=nrs > 4)


def _often(findings: Findings) -> Ternary:
    times = findings.breakthroughs_per_day
    return "unknown" if times is None else said(holds=times >= 3)


def _for_age(pain: Ternary, *, child: bool) -> Ternary:
    return "unknown" if child and pain == "no" else pain


def _remark(result: Ternary, other_reading: Ternary, *, child: bool) -> str | None:
    remarks = []
    if other_reading != result:
        remarks.append(REMARK_OTHER_READING if other_reading == "yes" else REMARK_OTHER_READING_UNKNOWN)
    if child:
        remarks.append(REMARK_CHILD)
    return " ".join(remarks) or None


def _diagnosis_rows(findings: Findings, diagnosis: Ternary) -> list[Criterion]:
    words = "Cancerdiagnos i palliativt skede"
    return [
        _row("A", diagnosis, "Cancerdiagnos i palliativt skede", quotation=words),
        _row(
            "A1",
            is_cancer(findings.icd10),
            "Cancerdiagnos",
            findings.icd10 or "",
            "ICD-10 C00–C97 eller D37–D48",
            words,
        ),
        _said_row("A2", findings.palliative, "Palliativt skede", words),
    ]


def _pain_rows(findings: Findings, pain: _Pain, *, child: bool) -> list[Criterion]:
    dose = _DOSE_WORDS[findings.omeq_verdict] if findings.omeq_verdict else ""
    times = findings.breakthroughs_per_day
    breakthrough = "besvärande smärtgenombrott minst 3 gånger under dygnet"
    return [
        _row(
            "B",
            _for_age(pain.met, child=child),
            "Svår smärta trots hög opioiddos",
            quotation="Smärta NRS>4, antingen …",
        ),
        _row("B1", pain.nrs, "Smärtskattning", _nrs_words(findings), "NRS över 4", "Smärta NRS>4"),
        _said_row("B2", findings.constant, "Konstant smärta", "antingen konstant"),
        _row(
            "B3",
            _often(findings),
            "Smärtgenombrott",
            "" if times is None else f"{times} per dygn",
            "minst 3",
            breakthrough,
        ),
        _said_row(
            "B4", findings.breakthroughs_need_rescue, "Genombrotten leder till extradoser", "föranleder extradoser"
        ),
        _row("B5", pain.dose, "Opioiddos per dygn", dose, "över 200 mg morfinekvivalenter", "total dygnsdos >200 mg"),
    ]


def _other_rows(findings: Findings) -> list[Criterion]:
    count = "" if findings.side_effects is None else f"{sum(one == 'severe' for one in findings.side_effects)} svåra"
    special = "Andra speciella situationer såsom …"
    addiction = "har/har haft beroende/missbruk"
    told = (findings.other_special_situation or "").strip()
    return [
        _row(
            "C",
            severe_side_effects(findings),
            "Svåra biverkningar av smärtbehandlingen",
            count,
            "minst en svår",
            "Svåra biverkningar",
        ),
        _said_row("D", findings.declines_opioids, "Accepterar inte opioid", "accepterar av något skäl inte"),
        _row("E", _special(findings), "Andra speciella situationer", quotation=special),
        _said_row("E1", findings.addiction, "Beroende nu eller tidigare", addiction),
        _said_row(
            "E2", findings.psychiatric_comorbidity, "Annan psykiatrisk samsjuklighet", "annan psykiatrisk samsjuklighet"
        ),
        _said_row("E3", findings.rapid_progression, "Snabbt tilltagande smärta", "snabb progress i smärtintensitet"),
        _said_row("E4", findings.expected_severe_pain, "Svår smärta att vänta", "förväntad svår smärta"),
        _row("E9", _told(findings), "Annan särskild situation", told, quotation=special),
    ]


def _nrs_words(findings: Findings) -> str:
    named = (("medel", findings.nrs_mean), ("värst", findings.nrs_worst), ("nu", findings.nrs_now))
    return ", ".join(f"{name} {nrs}" for name, nrs in named if nrs is not None)


def _said_row(id_: str, answer: Ternary | None, text: str, quotation: str) -> Criterion:
    return _row(id_, known(answer), text, _ANSWER[known(answer)], quotation=quotation)


def _row(  # noqa: PLR0917
    id_: str, met: Ternary, text: str, value: str = "", threshold: str = "", quotation: str = ""
) -> Criterion:
    return Criterion(id=id_, met=met, text=text, value=value, threshold=threshold, quotation=quotation)
