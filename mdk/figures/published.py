"""Owns what of a year's figures may be shown: counts, shares in time and goals are hidden together, as one table.

Whoever reads one page may read the other; what is hidden in the one must not follow from what is shown in both. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from mdk.figures import goals, rules
from mdk.figures.rules import Cell
from mdk.figures.structs import CaseFact, RegionFigures
from mdk.figures.suppression import hidden

_SIDES = ("met", "missed", "open")
# The goals that tell what a row tells, too: the count that each side of them is made of.
_SAME: Mapping[str, Mapping[str, list[Cell]]] = {
    "triage_in_time": {side: [("days", "submission_to_triage", told)] for side, told in rules.VERDICTS.items()},
    "decision_in_time": {side: [("days", "submission_to_decision", told)] for side, told in rules.VERDICTS.items()},
    "implemented": {"met": [("done",)], "missed": [("partly",), ("not_done",), ("died_before",)]},
}
_OF_DECIDED = ("decision_in_time", "read_in_time", "found_in_time", "patient_heard")


class Year(msgspec.Struct, frozen=True):
    """One year: the regions in their fixed order and all together, the goals' tallies by region, and which are hidden.

    `veiled` holds goal and region.
    """

    rows: list[RegionFigures]
    tallies: dict[str, dict[str, goals.Tally]]
    veiled: frozenset[tuple[str, str]]

    def veiled_of(self, goal: str) -> set[str]:
        """The regions in which a goal must not be shown."""
        return {region for name, region in self.veiled if name == goal}


def year_of(groups: Mapping[str, Sequence[CaseFact]], year: int, *, at: datetime, hide: bool) -> Year:
    """The figures of a year from the facts of each region, the last group being all together.

    With `hide`, no count of 1–4 is left, nor any that one could be worked out from; zero stays zero.
    """
    rows = [rules.figures_of(name, facts, year) for name, facts in groups.items()]
    tallies = {
        goal: {name: goals.tally(goal, facts, year, at=at) for name, facts in groups.items()} for goal in goals.PROPOSED
    }
    if not hide:
        return Year(rows, tallies, frozenset())
    gone = _gone(rows, tallies)
    shown = [rules.without(row, {cell[1:] for cell in gone if cell[0] == row.region}) for row in rows]
    return Year(shown, tallies, frozenset((cell[2], cell[0]) for cell in gone if cell[1] == "goal"))


def _gone(rows: Sequence[RegionFigures], tallies: Mapping[str, Mapping[str, goals.Tally]]) -> set[Cell]:
    """The cells to hide; the last row is the sum of those before it."""
    *parts, total = rows
    cells = {row.region: [*rules.cells(row), *_goal_cells(row.region, tallies)] for row in rows}
    counts = {(region, *key): count for region, found in cells.items() for key, count in found}
    sums = [known for row in rows for known in (*rules.sums(row), *_goal_sums(row.region, tallies))]
    sums += [((total.region, *key), [(part.region, *key) for part in parts]) for key, _ in cells[total.region]]
    return hidden(counts, [(whole, made_of) for whole, made_of in sums if made_of])


def _goal_cells(region: str, tallies: Mapping[str, Mapping[str, goals.Tally]]) -> Iterator[tuple[Cell, int]]:
    for goal, by_region in tallies.items():
        for side in _SIDES:
            yield ("goal", goal, side), getattr(by_region[region], side)


def _goal_sums(region: str, tallies: Mapping[str, Mapping[str, goals.Tally]]) -> Iterator[tuple[Cell, list[Cell]]]:
    for goal, sides in _SAME.items():
        for side, made_of in sides.items():
            yield (region, "goal", goal, side), [(region, *cell) for cell in made_of]
    for goal in tallies:
        if goal in _OF_DECIDED:
            yield (region, "decided"), [(region, "goal", goal, side) for side in _SIDES]
