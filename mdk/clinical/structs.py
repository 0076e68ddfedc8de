"""Owns the values that the clinical rules take in and give out; figures go out as JSON numbers."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Ternary = Literal["yes", "no", "unknown"]
Drug = Literal[
    "morphine",
    "oxycodone",
    "hydromorphone",
    "fentanyl",
    "buprenorphine",
    "tapentadol",
    "tramadol",
    "codeine",
    "ketobemidone",
    "methadone",
    "other",
]
Route = Literal[
    "oral",
    "sublingual",
    "subcutaneous",
    "intravenous",
    "transdermal",
    "transmucosal",
    "rectal",
    "epidural",
    "intrathecal",
]
DoseUnit = Literal["mg", "µg", "µg/h"]
OmeqVerdict = Literal["over", "not_over", "table_dependent", "incomplete"]
Severity = Literal["mild", "moderate", "severe"]
HintKind = Literal["safety", "pathway", "time"]


class OpioidLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One opioid as given: `dose` × `per_day` regularly, and the rescue doses really taken a day (mean of 7 days).

    A rate in µg/h (patch or infusion) has no `per_day`; a drug given only when needed has neither.
    """

    drug: Drug
    route: Route
    unit: DoseUnit
    dose: Decimal | None = None
    per_day: Decimal | None = None
    rescue_dose: Decimal | None = None
    rescue_per_day: Decimal | None = None


class WorkingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a table's sum: what is given a day, the factor or rows used, and the equivalents in mg."""

    text: str
    drug: Drug
    route: Route
    amount: float
    unit: DoseUnit
    covered: bool
    factor: str
    low: float | None
    high: float | None


class OmeqTable(msgspec.Struct, frozen=True, kw_only=True):
    """One published table's answer; where it misses a line `low` is a lower bound and `high` is null."""

    name: str
    version: str
    source: str
    covers: bool
    counts: bool
    low: float | None
    high: float | None
    lines: list[WorkingLine]


class ManualLine(msgspec.Struct, frozen=True):
    """A line that is never summed, or cannot be, and why."""

    text: str
    drug: Drug
    route: Route
    reason: str


class UncoveredLine(msgspec.Struct, frozen=True):
    """A line that the named tables do not cover."""

    text: str
    drug: Drug
    route: Route
    tables: list[str]


class Omeq(msgspec.Struct, frozen=True, kw_only=True):
    """Oral morphine equivalents in mg a day, table by table, with the verdict against 200 mg."""

    verdict: OmeqVerdict
    low: float | None
    high: float | None
    explanation: str
    caveat: str
    tables: list[OmeqTable]
    manual: list[ManualLine]
    uncovered: list[UncoveredLine]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What Bilaga 1 is evaluated on; None is "not given". `side_effects` holds each one's severity."""

    icd10: str | None = None
    palliative: Ternary | None = None
    nrs_now: int | None = None
    nrs_worst: int | None = None
    nrs_mean: int | None = None
    constant: Ternary | None = None
    breakthroughs_per_day: int | None = None
    breakthroughs_need_rescue: Ternary | None = None
    omeq_verdict: OmeqVerdict | None = None
    side_effects: Sequence[Severity | None] | None = None
    declines_opioids: Ternary | None = None
    addiction: Ternary | None = None
    psychiatric_comorbidity: Ternary | None = None
    rapid_progression: Ternary | None = None
    expected_severe_pain: Ternary | None = None
    other_special_situation: str | None = None
    age: int | None = None


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion of Bilaga 1: whether it is met, on which value, against which threshold, and the source's words."""

    id: str
    met: Ternary
    text: str
    value: str
    threshold: str
    quotation: str


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """Advice on whether the patient needs a deeper pain assessment, by which policy, criterion by criterion."""

    result: Ternary
    policy: str
    criteria: list[Criterion]
    remark: str | None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Bilaga 1 and the morphine equivalents as they were computed at one time, by the policy and tables of that time.

    It is stored: a field that is added later needs a default.
    """

    at: datetime
    identification: Identification
    omeq: Omeq


class RuleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One rule shown beside a decision: met or not, its source and its words."""

    id: str
    met: Ternary
    source: str
    text: str


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """Something worth a thought beside a case, never a decision: its words, the fields behind it, and who says so."""

    id: str
    kind: HintKind
    text: str
    because: list[str]
    source: str
