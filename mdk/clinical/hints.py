"""Owns the words and sources of the hints: what may be worth a thought beside a case, and decides nothing."""

from functools import cache

import msgspec

from mdk.clinical import published
from mdk.clinical.structs import Hint, HintKind


class HintText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One hint as it is written: `{names}` in text and source are filled from the case."""

    id: str
    kind: HintKind
    text: str
    source: str


class _Hints(msgspec.Struct, frozen=True):
    hints: tuple[HintText, ...]


@cache
def hint_texts() -> dict[str, HintText]:
    """Every hint by its id, in the order in which they are shown."""
    return {one.id: one for one in published.load("hints", _Hints).hints}


def hint(id_: str, because: list[str], words: dict[str, str]) -> Hint:
    """One hint about a case: `because` holds the fields that it rests on, `words` what its text leaves open."""
    written = hint_texts()[id_]
    return Hint(
        id=id_,
        kind=written.kind,
        text=written.text.format_map(words),
        because=because,
        source=written.source.format_map(words),
    )
