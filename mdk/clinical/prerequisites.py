"""Owns the report's prerequisites for pumps: 20 for extern (19 where there is ASIH), 18 for intern."""

from functools import cache
from typing import Literal

import msgspec

from mdk.clinical import published

Scope = Literal["patient", "unit"]


class Prerequisite(msgspec.Struct, frozen=True):
    """One row of the checklist: its number in the report, what must be there, for whom, and whether it applies."""

    n: int
    text: str
    scope: Scope
    applies: bool


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
        Prerequisite(row.n, row.text, row.scope, applies=not (row.only_without_asih and has_asih))
        for row in _published().rows
        if row.extern
    ]


def for_intern() -> list[Prerequisite]:
    """Rows 1–6, 9–16 and 20, with 21–23: implantable pump, theatre time in Lund, programming."""
    return [Prerequisite(row.n, row.text, row.scope, applies=True) for row in _published().rows if row.intern]


def source() -> str:
    """Where the rows come from."""
    return _published().source


@cache
def _published() -> _Rows:
    return published.load("prerequisites", _Rows)
