"""The queue: by share of the allowed time used, then by waiting time, however it is paged."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

import make
from mdk.cases import lists
from mdk.cases.lists import queue
from mdk.cases.tables import Case
from mdk.conferences.queries import planned_for
from mdk.db import Database
from mdk.errors import NotAllowed

WAITING = st.lists(
    st.tuples(
        st.sampled_from([2, 5, 7, 10, 14]),
        st.integers(0, 60 * 24 * 20),
        st.sampled_from(["accepted", "submitted"]),
    ),
    max_size=25,
)


def whole(database: Database, *, at: datetime = make.AT, limit: int = 200) -> list[Any]:
    found, cursor = make.ask(database, make.COORDINATOR, queue, at=at, limit=limit)
    while cursor:
        more, cursor = make.ask(database, make.COORDINATOR, queue, at=at, limit=limit, cursor=cursor)
        found += more
    return found


def fill(database: Database, cases: list[tuple[int, int, str]]) -> list[str]:
    """Cases that have waited so many minutes, in the order in which the queue must have them."""
    by = make.viewer(database, make.REFERRER)
    with database.writing() as session:
        session.execute(delete(Case))
        for place, (allowed, waited, state) in enumerate(cases):
            session.add(
                Case(
                    number=f"MDK-2026-{place:04d}",
                    state=state,
                    unit_id=by.unit_id,
                    created_by=by.person_id,
                    created_at=make.AT,
                    changed_at=make.AT,
                    waiting_from=make.AT - timedelta(minutes=waited),
                    days_allowed=allowed,
                    identity_number=make.ADULT,
                    submission="{}",
                )
            )
    ranked = sorted(
        (-waited / allowed, -waited, place)
        for place, (allowed, waited, state) in enumerate(cases)
        if state == "accepted"
    )
    return [f"MDK-2026-{place:04d}" for _, _, place in ranked]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=WAITING, limit=st.integers(1, 9))
def test_the_queue_is_in_the_order_of_the_share_used_and_its_pages_are_the_whole(
    ward_once: Database, cases: list[tuple[int, int, str]], limit: int
) -> None:
    expected = fill(ward_once, cases)
    lines = whole(ward_once)
    assert [line.case for line in lines] == expected
    assert [line.place for line in lines] == list(range(1, len(expected) + 1))
    assert [line.case for line in whole(ward_once, limit=limit)] == expected
    assert [line.place for line in whole(ward_once, limit=limit)] == list(range(1, len(expected) + 1))
    assert all(before.clock.share_used >= after.clock.share_used for before, after in pairwise(lines))


def test_the_queue_is_the_same_on_both_stores(clinic: Database) -> None:
    cases = [(allowed, minutes * 97, "accepted") for allowed in (2, 5, 7, 10, 14) for minutes in (0, 1, 1, 30)]
    expected = fill(clinic, cases)
    for limit in (1, 3, 200):
        assert [line.case for line in whole(clinic, limit=limit)] == expected


def test_the_reason_for_a_place_is_told_in_words(clinic: Database) -> None:
    number = make.accepted(clinic, urgency="high")
    (line,) = whole(clinic, at=make.AT + 3 * make.DAY)
    assert (line.case, line.urgency, line.home_region, line.missing) == (number, "high", "kronoberg", [])
    assert line.reason == "Plats 1: 3 av 7 dagar har gått (43 % av tiden)."


def test_an_urgent_case_passes_one_that_waited_longer(clinic: Database) -> None:
    normal = make.accepted(clinic, at=make.AT - 3 * make.DAY)
    urgent = make.accepted(clinic, at=make.AT - make.DAY, urgency="acute")
    assert [line.case for line in whole(clinic)] == [urgent, normal]


def test_only_accepted_cases_that_are_not_released_stand_in_the_queue(clinic: Database) -> None:
    states = ("draft", "submitted", "accepted", "scheduled", "declined")
    numbers = {state: make.case_in_state(clinic, state) for state in states}
    assert [line.case for line in whole(clinic)] == [numbers["accepted"]]


def test_a_case_on_a_planned_agenda_stays_in_the_queue(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.conference(clinic, [number])
    assert [line.case for line in whole(clinic)] == [number]
    with clinic.reading() as session:
        assert {case: line.id for case, line in planned_for(session, [number, "x"]).items()} == {number: held}


def test_what_a_release_still_needs_stands_on_the_row(clinic: Database) -> None:
    make.accepted(clinic, make.submission(**{"safety.infection": make.LEFT_OUT}))
    assert [line.missing for line in whole(clinic)] == [["safety.infection"]]


@pytest.mark.parametrize("name", make.EVERYONE)
def test_only_those_who_lead_see_the_queue(ward_once: Database, name: str) -> None:
    if name in {make.COORDINATOR, make.CHAIR, make.CONSULTANT}:
        make.ask(ward_once, name, lists.queue)
        return
    with pytest.raises(NotAllowed):
        make.ask(ward_once, name, lists.queue)
