"""Owns the report's prerequisites for pumps: 20 for extern (19 where there is ASIH), 18 for intern."""

from functools import cache
from typing import Literal

import msgspec

from mdk.clinical import published

Scope = Literal["patient", "unit"]
AT_HOME = frozenset({1, 2, 3, 4, 5, 6, 16, 20})
IN_HOME_CARE = frozenset({17, 18, 19})


class Prerequisite(msgspec.Struct, frozen=True):
    """One row of the checklist: its number in the report, what must be there, for whom, and whether it applies.

    `at_home`: of an intern pump, the home region answers for it beside neurosurgery. `by_municipality`: each
    municipality meets it for itself, where the home region has no ASIH.
    """

    n: int
    text: str
    scope: Scope
    applies: bool
    at_home: bool
    by_municipality: bool


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    n: int
    text: str
    scope: Scope
    extern: bool
    intern: bool
    only_without_asih: bool = False


class _Rows(msgspec.Struct, frozen=True):
    source: str
    rows: tuple[_Row, ...]


def for_extern(has_asih: bool) -> list[Prerequisite]:  # noqa: FBT001 - the one fact it turns on
    """Rows 1–20; row 19 (MAS in the home municipality) applies only in a region without ASIH."""
    return [
        _row(row, applies=not (row.only_without_asih and has_asih), by_municipality=not has_asih)
        for row in _published().rows
        if row.extern
    ]


def for_intern() -> list[Prerequisite]:
    """Rows 1–6, 9–16 and 20, with 21–23: implantable pump, theatre time in Lund, programming."""
    return [_row(row, applies=True, by_municipality=False) for row in _published().rows if row.intern]


def texts() -> dict[int, str]:
    """Every row by its number."""
    return {row.n: row.text for row in _published().rows}


def source() -> str:
    """Where the rows come from."""
    return _published().source


def _row(row: _Row, *, applies: bool, by_municipality: bool) -> Prerequisite:
    return Prerequisite(
        n=row.n,
        text=row.text,
        scope=row.scope,
        applies=applies,
        at_home=row.n in AT_HOME,
        by_municipality=by_municipality and row.n in IN_HOME_CARE,
    )


@cache
def _published() -> _Rows:
    return published.load("prerequisites", _Rows)
