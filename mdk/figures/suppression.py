"""Owns which counts of a table may be shown: none under 5, and none that a reader could work one out from. Pure.

Zero stays zero. Source: the contract's `GET /statistics`; the method is primary and complementary cell suppression.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

SMALLEST_SHOWN = 5
Cell = TypeVar("Cell", bound=Hashable)
_Equation = tuple[dict[Cell, Fraction], Fraction]


def hidden(counts: Mapping[Cell, int], sums: Sequence[tuple[Cell, Sequence[Cell]]]) -> set[Cell]:
    """The cells that must not be shown.

    `sums` names every total that a reader can know of, with the cells that make it up; a cell that is shown in two
    places is a sum of one. What is hidden cannot be determined from what is shown, neither by one subtraction nor by
    several, and no group of hidden cells has a known sum under 5.
    """
    families = [(total, [part for part in parts if counts[part]]) for total, parts in sums]
    gone = {cell for cell, count in counts.items() if 0 < count < SMALLEST_SHOWN}
    while True:
        exposed = _exposed(counts, families, gone)
        if exposed is None:
            return gone
        gone.add(exposed)


def _exposed(
    counts: Mapping[Cell, int], families: Sequence[tuple[Cell, Sequence[Cell]]], gone: set[Cell]
) -> Cell | None:
    """The next cell to hide, or None when what is hidden stays hidden."""
    for total, parts in families:
        secret = [cell for cell in parts if cell in gone]
        alone = bool(secret) and total not in gone and sum(counts[cell] for cell in secret) < _safe(len(secret))
        if alone or (total in gone and parts and not secret):
            return _cheapest(counts, [*parts, total], gone)
    known = _determined(counts, families, gone)
    for secrets in (known, gone) if known else ():
        for total, parts in families:
            cell = _cheapest(counts, [*parts, total], gone) if secrets & {total, *parts} else None
            if cell is not None:
                return cell
    return None


def _safe(cells: int) -> int:
    """What hidden cells of one family must sum to, so that each of them may still be 5 or more, or less."""
    return SMALLEST_SHOWN + cells - 1 if cells > 1 else 10**9


def _cheapest(counts: Mapping[Cell, int], family: Sequence[Cell], gone: set[Cell]) -> Cell | None:
    """The smallest count of a family that is still shown; the total, named last, only when nothing else is left."""
    *parts, total = family
    shown = [cell for cell in parts if cell not in gone and counts[cell]]
    if shown:
        return min(shown, key=lambda cell: counts[cell])
    return total if total not in gone and counts[total] else None


def _determined(
    counts: Mapping[Cell, int], families: Sequence[tuple[Cell, Sequence[Cell]]], gone: set[Cell]
) -> set[Cell]:
    """The hidden cells that the shown ones determine, given that each hidden one is a whole number of at least one."""
    equations: list[_Equation[Cell]] = []
    for total, parts in families:
        row = {part: Fraction(1) for part in parts if part in gone}
        if total in gone:
            row[total] = Fraction(-1)
        shown = sum(counts[part] for part in parts if part not in gone)
        _reduce(equations, (row, Fraction((0 if total in gone else counts[total]) - shown)))
    lowest, highest = _bounds(equations)
    return {cell for cell, low in lowest.items() if highest.get(cell) == low}


def _bounds(equations: Sequence[_Equation[Cell]]) -> tuple[dict[Cell, Fraction], dict[Cell, Fraction]]:
    """The lowest and the highest value of each cell, narrowed down equation by equation; no highest is unbounded."""
    lowest = {cell: Fraction(1) for row, _ in equations for cell in row}
    highest: dict[Cell, Fraction] = {}
    is_narrower = True
    while is_narrower:
        is_narrower = False
        for row, constant in equations:
            for cell, factor in row.items():
                others = [(other, -weight / factor) for other, weight in row.items() if other != cell]
                low, high = _reach(others, constant / factor, lowest, highest)
                if low is not None and math.ceil(low) > lowest[cell]:
                    lowest[cell], is_narrower = Fraction(math.ceil(low)), True
                if high is not None and (cell not in highest or math.floor(high) < highest[cell]):
                    highest[cell], is_narrower = Fraction(math.floor(high)), True
    return lowest, highest


def _reach(
    terms: Sequence[tuple[Cell, Fraction]],
    constant: Fraction,
    lowest: Mapping[Cell, Fraction],
    highest: Mapping[Cell, Fraction],
) -> tuple[Fraction | None, Fraction | None]:
    """The lowest and highest value of a sum of weighted cells; None where it has no bound."""
    low: Fraction | None = constant
    high: Fraction | None = constant
    for cell, weight in terms:
        ends = (lowest[cell], highest.get(cell))
        least, most = ends if weight > 0 else ends[::-1]
        low = None if low is None or least is None else low + weight * least
        high = None if high is None or most is None else high + weight * most
    return low, high


def _reduce(equations: list[_Equation[Cell]], equation: _Equation[Cell]) -> None:
    """Bring one more equation into a set in reduced row echelon form; each row's pivot is its first cell."""
    for known in equations:
        pivot = next(iter(known[0]))
        if pivot in equation[0]:
            equation = _less(equation, known, equation[0][pivot])
    row, constant = equation
    if not row:
        return
    pivot, factor = next(iter(row.items()))
    equation = ({cell: value / factor for cell, value in row.items()}, constant / factor)
    for place, known in enumerate(equations):
        if pivot in known[0]:
            equations[place] = _less(known, equation, known[0][pivot])
    equations.append(equation)


def _less(one: _Equation[Cell], other: _Equation[Cell], times: Fraction) -> _Equation[Cell]:
    left = dict(one[0])
    for cell, factor in other[0].items():
        value = left.get(cell, Fraction(0)) - times * factor
        if value:
            left[cell] = value
        else:
            left.pop(cell, None)
    return left, one[1] - times * other[1]
