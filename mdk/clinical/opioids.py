"""Owns the comparison of opioid doses with 200 mg oral morphine a day, by five published tables."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from mdk.clinical.daily import ZERO, Daily, daily, manual_reason, name, number, words
from mdk.clinical.factor_sets import NAMES, Entry, FactorSet, Span, factor_sets
from mdk.clinical.structs import (
    DoseUnit,
    ManualLine,
    Omeq,
    OmeqTable,
    OmeqVerdict,
    OpioidLine,
    UncoveredLine,
    WorkingLine,
)
from mdk.errors import RuleBroken

HIGH_DOSE = Decimal(200)
CAVEAT = "Ett jämförelsevärde, inte en dos att byta opioid efter."

_TO_UG: dict[DoseUnit, int] = {"mg": 1000, "µg": 1}


class _Step(msgspec.Struct, frozen=True):
    """All lines that one entry of a set speaks of, summed before it is read; `span` None without an entry."""

    lines: tuple[Daily, ...]
    entry: Entry | None
    amount: Decimal
    unit: DoseUnit
    span: Span | None
    covered: bool


class _Sum(msgspec.Struct, frozen=True):
    """One set's steps and total; `high` is None where a line is beyond the set."""

    table: FactorSet
    steps: tuple[_Step, ...]
    low: Decimal
    high: Decimal | None

    @property
    def covers(self) -> bool:
        return self.high is not None

    @property
    def counts(self) -> bool:
        """A set that misses a line counts only towards over, when what it does cover exceeds 200 mg."""
        return self.covers or self.low > HIGH_DOSE


def omeq(lines: Sequence[OpioidLine] | None, *, table_of_record: str | None = None) -> Omeq:
    """Oral morphine equivalents a day by every set, and the verdict of those that count (or of the pinned one).

    Args:
        lines: the opioids; an empty list is 0 mg, None is "not given".
        table_of_record: the name of the one set that decides, where an installation has pinned one.

    Raises:
        RuleBroken: `omeq.unknown-table` when the pinned set is not one of the five.

    """
    check_table(table_of_record)
    if lines is None:
        return _nothing_given()
    doses = [daily(line) for line in lines]
    summed = [dose for dose in doses if manual_reason(dose.line) is None and not (dose.missing and not dose.amount)]
    beside = [_beside(dose) for dose in doses if manual_reason(dose.line) or dose.missing]
    sums = [_sum(table, summed) for table in factor_sets()]
    deciding = [one for one in sums if one.counts and table_of_record in {None, one.table.name}]
    verdict, why = _verdict(deciding, beside=bool(beside))
    low, high = _range(deciding or _known(sums, table_of_record), deciding, beside=bool(beside))
    return Omeq(
        verdict=verdict,
        low=_figure(low),
        high=_figure(high),
        explanation=why,
        caveat=CAVEAT,
        tables=[_table(one, counts=one in deciding, beside=bool(beside)) for one in sums],
        manual=beside,
        uncovered=_uncovered(sums),
    )


def check_table(table: str | None) -> None:
    """Refuses a table of record that is not shipped.

    Raises:
        RuleBroken: `omeq.unknown-table`.

    """
    if table is not None and table not in NAMES:
        raise RuleBroken("omeq.unknown-table", f"Omräkningstabellen finns inte. Välj en av {', '.join(NAMES)}.")


def _nothing_given() -> Omeq:
    return Omeq(
        verdict="incomplete",
        low=None,
        high=None,
        explanation="Uppgift om opioider saknas.",
        caveat=CAVEAT,
        tables=[],
        manual=[],
        uncovered=[],
    )


def _verdict(deciding: list[_Sum], *, beside: bool) -> tuple[OmeqVerdict, str]:
    if not deciding:
        return "incomplete", "Ingen tabell som räknas täcker alla preparat."
    if all(one.low > HIGH_DOSE for one in deciding):
        return "over", "Över 200 mg per dygn i varje tabell som räknas."
    if beside:
        return "incomplete", "En rad kan inte räknas om, och resten är högst 200 mg i någon tabell."
    if all(one.high is not None and one.high <= HIGH_DOSE for one in deciding):
        return "not_over", "Högst 200 mg per dygn i varje tabell som räknas."
    return "table_dependent", "Över eller under 200 mg per dygn beroende på tabell."


def _range(known: list[_Sum], deciding: list[_Sum], *, beside: bool) -> tuple[Decimal | None, Decimal | None]:
    """The lowest and highest figure of the deciding sets; a lower bound alone (never 0) where something is unknown."""
    full = [one for one in deciding if one.covers]
    low = min((one.low for one in full or known), default=None)
    if beside or not full:
        return low or None, None
    return low, max(one.low if one.high is None else one.high for one in deciding)


def _known(sums: list[_Sum], table_of_record: str | None) -> list[_Sum]:
    return [one for one in sums if one.low > ZERO and table_of_record in {None, one.table.name}]


def _sum(table: FactorSet, doses: Iterable[Daily]) -> _Sum:
    groups: dict[str, list[Daily]] = {}
    for dose in doses:
        entry = table.entry(dose.line.drug, dose.line.route)
        key = f"{dose.line.drug} {entry.routes if entry else dose.line.route}"
        groups.setdefault(key, []).append(dose)
    steps = tuple(_step(table, group) for group in groups.values())
    spans = [step.span for step in steps if step.span]
    low = sum((span.low for span in spans), ZERO)
    high = sum((span.high for span in spans), ZERO) if all(step.covered for step in steps) else None
    return _Sum(table, steps, low, high)


def _step(table: FactorSet, group: list[Daily]) -> _Step:
    entry = table.entry(group[0].line.drug, group[0].line.route)
    unit = entry.unit if entry else group[0].unit
    amount = sum((_in_unit(dose, unit) for dose in group), ZERO)
    if entry is None:
        span = None if amount else Span(ZERO, ZERO)
        return _Step(tuple(group), None, amount, unit, span, covered=not amount)
    return _Step(tuple(group), entry, amount, unit, entry.equivalents(amount), entry.covers(amount))


def _in_unit(dose: Daily, unit: DoseUnit) -> Decimal:
    if dose.unit == unit:
        return dose.amount
    return dose.amount * _TO_UG[dose.unit] / _TO_UG[unit]


def _beside(dose: Daily) -> ManualLine:
    reason = manual_reason(dose.line) or dose.missing or ""
    return ManualLine(words(dose.line), dose.line.drug, dose.line.route, reason)


def _uncovered(sums: list[_Sum]) -> list[UncoveredLine]:
    lines: dict[int, UncoveredLine] = {}
    for one in sums:
        for dose in (dose for step in one.steps if not step.covered for dose in step.lines):
            empty = UncoveredLine(words(dose.line), dose.line.drug, dose.line.route, [])
            lines.setdefault(id(dose), empty).tables.append(one.table.name)
    return list(lines.values())


def _table(one: _Sum, *, counts: bool, beside: bool) -> OmeqTable:
    nothing_known = not one.low and (beside or not one.covers)
    return OmeqTable(
        name=one.table.name,
        version=one.table.version,
        source=one.table.source,
        covers=one.covers,
        counts=counts,
        low=None if nothing_known else _figure(one.low),
        high=None if nothing_known else _figure(one.high),
        lines=[_working(step) for step in one.steps],
    )


def _working(step: _Step) -> WorkingLine:
    first = step.lines[0].line
    given = " och ".join(words(dose.line) for dose in step.lines)
    unit = step.unit if step.unit == "µg/h" else f"{step.unit}/dygn"
    return WorkingLine(
        text=f"{given} = {number(step.amount)} {unit}",
        drug=first.drug,
        route=first.route,
        amount=float(step.amount),
        unit=step.unit,
        covered=step.covered,
        factor=_factor(step),
        low=_figure(step.span.low if step.span else None),
        high=_figure(step.span.high if step.span and step.covered else None),
    )


def _factor(step: _Step) -> str:
    entry = step.entry
    if entry is None:
        return f"Tabellen saknar {name(step.lines[0].line.drug, step.lines[0].line.route).lower()}."
    if entry.factor is None:
        text = "avläst i tabellens rader"
    else:
        upper = f"–{number(entry.factor_high)}" if entry.factor_high else ""
        text = f"× {number(entry.factor)}{upper}"
    if not step.covered and entry.limit is not None:
        text += f"; tabellen slutar vid {number(entry.limit)} {entry.unit}, därför en undre gräns"
    shown = [f"spridning {entry.spread}, räknas inte" if entry.spread else None, entry.note]
    return "; ".join([text, *(part for part in shown if part)])


def _figure(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 4))
