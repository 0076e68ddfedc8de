"""Owns what the page of figures shows of a group of counts: the rows that anyone took, with their words."""

from collections.abc import Sequence

from mdk.figures.structs import Count, RegionFigures
from mdk_web import words


def taken(columns: Sequence[RegionFigures], group: str, of: str) -> list[tuple[str, list[Count]]]:
    """The rows of a group, such as `outcomes`, that are not zero everywhere; `of` names their words."""
    codes = getattr(columns[-1], group)
    rows = [(words.word(of, code), [getattr(one, group)[code] for one in columns]) for code in codes]
    return [(name, counts) for name, counts in rows if any(count != 0 for count in counts)]
