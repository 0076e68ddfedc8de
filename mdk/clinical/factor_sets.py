"""Owns the five published opioid factor sets, and how an entry turns a daily dose into morphine equivalents."""

from decimal import Decimal
from functools import cache
from itertools import pairwise

import msgspec

from mdk.clinical import published
from mdk.clinical.structs import DoseUnit, Drug, Route

NAMES = ("CDC22", "FPM21", "NOHD", "UPP20", "PMED")


class Row(msgspec.Struct, frozen=True):
    """One row of a printed table: a daily dose, or a range of doses, that equals `omeq` mg oral morphine."""

    dose: Decimal
    omeq: Decimal
    dose_high: Decimal | None = None


class Span(msgspec.Struct, frozen=True):
    """Equivalents in mg a day from `low` to `high`; equal where the source gives one figure."""

    low: Decimal
    high: Decimal


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a set says of one drug by some routes: a factor (or two), or the rows of a table; `spread` is only shown."""

    drug: Drug
    routes: tuple[Route, ...]
    unit: DoseUnit
    factor: Decimal | None = None
    factor_high: Decimal | None = None
    rows: tuple[Row, ...] = ()
    open_ended: bool = False
    cap: Decimal | None = None
    spread: str | None = None
    note: str | None = None

    @property
    def limit(self) -> Decimal | None:
        """The highest daily dose that the source speaks of; None where it sets no end."""
        if not self.rows or self.open_ended:
            return self.cap
        return self.rows[-1].dose_high or self.rows[-1].dose

    def covers(self, dose: Decimal) -> bool:
        return self.limit is None or dose <= self.limit

    def equivalents(self, dose: Decimal) -> Span:
        """Turns a daily dose in the entry's unit into mg oral morphine; above the limit the limit's, a lower bound."""
        known = dose if self.limit is None else min(dose, self.limit)
        if self.factor is not None:
            return Span(known * self.factor, known * (self.factor_high or self.factor))
        lowest = [(row.dose_high or row.dose, row.omeq) for row in self.rows]
        highest = [(row.dose, row.omeq) for row in self.rows]
        return Span(self._read(lowest, known), self._read(highest, known))

    def _read(self, points: list[tuple[Decimal, Decimal]], dose: Decimal) -> Decimal:
        first_dose, first_omeq = points[0]
        if dose <= first_dose:
            return dose * first_omeq / first_dose
        for (dose_a, omeq_a), (dose_b, omeq_b) in pairwise(points):
            if dose <= dose_b:
                return omeq_a + (dose - dose_a) * (omeq_b - omeq_a) / (dose_b - dose_a)
        last_dose, last_omeq = points[-1]
        return dose * last_omeq / last_dose if self.open_ended else last_omeq


class FactorSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published set: its name, version and source, and an entry for each drug and route it speaks of."""

    name: str
    version: str
    source: str
    note: str
    entries: tuple[Entry, ...]

    def entry(self, drug: Drug, route: Route) -> Entry | None:
        return next((entry for entry in self.entries if entry.drug == drug and route in entry.routes), None)


@cache
def factor_sets() -> tuple[FactorSet, ...]:
    """The five sets in their fixed order."""
    return tuple(published.load(f"omeq_{name}", FactorSet) for name in NAMES)
