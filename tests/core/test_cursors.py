"""Marks of a page: what goes in comes out, and what is not ours is a bad value on every list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from mdk import cursors
from mdk.cases import lists
from mdk.conferences import queries as conferences
from mdk.db import Database
from mdk.errors import Invalid
from mdk.pathways import queries as pathways

NAIVE = "2026-11-23T08:00:00"


def conference_lines(session: Any, *, by: Any, at: datetime, cursor: str) -> object:
    return conferences.lines(session, by=by, cursor=cursor)


LISTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "cases": (make.COORDINATOR, lists.lines),
    "queue": (make.COORDINATOR, lists.queue),
    "conferences": (make.COORDINATOR, conference_lines),
    "referrals": (make.SURGEON, pathways.referrals),
    "assignments": (make.FUNCTION, pathways.assignments),
}
FORGED = [
    "",
    "x",
    "å",
    "====",
    "!!!!",
    cursors.pack(None),
    cursors.pack("text"),
    cursors.pack(-1),
    cursors.pack(10**30),
    cursors.pack(1.5),
    cursors.pack([NAIVE, "x"]),
    cursors.pack({"at": NAIVE, "passed": 0, "last": {}}),
    cursors.pack({"at": f"{NAIVE}Z", "passed": 0, "last": {"14": [NAIVE, 1]}}),
    cursors.pack({"at": f"{NAIVE}Z", "passed": 0, "last": {"14": [f"{NAIVE}Z", 2**64]}}),
    cursors.pack({}),
]


@given(st.one_of(st.integers(0, 2**63 - 1), st.text(max_size=20), st.lists(st.integers(0, 9))))
def test_what_is_packed_comes_out_again(value: Any) -> None:
    packed = cursors.pack(value)
    assert cursors.unpack(packed, type(value)) == value
    assert packed.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", FORGED[1:])
@pytest.mark.parametrize("name", LISTS)
def test_a_forged_cursor_is_a_bad_value(ward_once: Database, name: str, cursor: str) -> None:
    person, query = LISTS[name]
    with pytest.raises(Invalid) as refused:
        make.ask(ward_once, person, query, cursor=cursor)
    assert [problem.field for problem in refused.value.problems] == ["cursor"]


@pytest.mark.parametrize("name", LISTS)
def test_no_cursor_is_the_first_page(ward_once: Database, name: str) -> None:
    person, query = LISTS[name]
    assert make.ask(ward_once, person, query, cursor="") == ([], None)
