"""A case's clock: the days allowed, when it runs and stands still, and whose move it is."""

from datetime import timedelta
from typing import Any

import pytest

import make
from mdk.cases import clock_rules, queries
from mdk.db import Database


def clock_of(database: Database, number: str, at: Any) -> Any:
    return make.ask(database, make.COORDINATOR, queries.view, number, at=at).clock


@pytest.mark.parametrize(
    ("urgency", "survival", "days"),
    [
        ("acute", "under_6_weeks", 2), ("acute", "unknown", 2), ("high", "under_6_weeks", 5),
        ("high", "6w_3_months", 7), ("high", "over_12_months", 7), ("normal", "under_6_weeks", 5),
        ("normal", "6w_3_months", 10), ("normal", "3_6_months", 14), ("normal", "6_12_months", 14),
        ("normal", "over_12_months", 14), ("normal", "unknown", 14), ("normal", None, 14), (None, None, 14),
    ],
)  # fmt: skip
def test_the_days_allowed_are_the_shorter_of_urgency_and_band(
    urgency: str | None, survival: str | None, days: int
) -> None:
    assert clock_rules.days_allowed(urgency, survival) == days


def test_the_clock_starts_at_the_first_submission_and_stands_still_while_the_referrer_has_the_move(
    clinic: Database,
) -> None:
    number = make.draft(clinic)
    assert clock_or_draft(clinic, number).days_waiting == 0
    make.do(clinic, number, "submit", by=make.REFERRER, at=make.AT + make.DAY)
    start = make.AT + make.DAY
    assert clock_of(clinic, number, start + 2 * make.DAY).days_waiting == 2
    make.do(clinic, number, "request_supplement", at=start + 3 * make.DAY)
    for later in (3, 4, 9):
        clock = clock_of(clinic, number, start + later * make.DAY)
        assert (clock.days_waiting, clock.whose_move) == (3, "referrer")
    make.do(clinic, number, "submit", by=make.REFERRER, at=start + 9 * make.DAY)
    clock = clock_of(clinic, number, start + 10 * make.DAY)
    assert (clock.days_waiting, clock.days_allowed, clock.share_used) == (4, 14, round(4 / 14, 4))
    assert make.case_row(clinic, number).submitted_at == start
    view = make.ask(clinic, make.REFERRER, queries.view, number)
    assert view.supplement_request is None


def clock_or_draft(database: Database, number: str) -> Any:
    return make.ask(database, make.REFERRER, queries.view, number, at=make.AT + make.HOUR).clock


@pytest.mark.parametrize("state", ["answered", "redirected", "declined", "decided"])
def test_the_clock_stops_when_the_case_is_done(clinic: Database, state: str) -> None:
    number = make.case_in_state(clinic, state)
    stopped = clock_of(clinic, number, make.MEETS)
    assert clock_of(clinic, number, make.MEETS + 20 * make.DAY).days_waiting == stopped.days_waiting


@pytest.mark.parametrize(
    ("state", "mover"),
    [
        ("draft", "referrer"), ("submitted", "coordinator"), ("supplement_requested", "referrer"),
        ("accepted", "coordinator"), ("scheduled", "conference"), ("discussed", "conference"),
        ("answered", "nobody"), ("redirected", "nobody"), ("declined", "nobody"), ("withdrawn", "nobody"),
        ("deceased", "nobody"), ("closed", "nobody"),
    ],
)  # fmt: skip
def test_each_state_says_whose_move_it_is(state: str, mover: str) -> None:
    assert clock_rules.whose_move(state, None) == mover


@pytest.mark.parametrize(
    ("outcome", "mover"),
    [("intern_pump", "neurosurgery"), ("extern_pump", "regional_function"), ("nerve_block", "referrer")],
)
def test_after_the_decision_the_move_is_the_receiver_s(outcome: str, mover: str) -> None:
    assert clock_rules.whose_move("decided", outcome) == mover


def test_the_time_of_triage_is_counted_in_days_and_their_parts(clinic: Database) -> None:
    number = make.submitted(clinic)
    assert clock_of(clinic, number, make.AT + timedelta(hours=36)).days_waiting == 1.5
