"""When a case is likely taken up: the queue against the planned conferences."""

from datetime import date, timedelta
from typing import Any

import pytest

import make
from make import AT, COORDINATOR, MEETS
from mdk.conferences.forecast import Forecast, forecast
from mdk.conferences.waiting import QueueFilter, queue
from mdk.db import Database
from mdk.people.tables import Absence

WEEK = timedelta(weeks=1)


def ask(database: Database, number: str) -> Forecast | None:
    with database.reading() as session:
        return forecast(session, number, at=AT)


def away(database: Database, first: date, last: date) -> None:
    person_id = make.viewer(database, make.CONSULTANT).person_id
    with database.writing() as session:
        session.add(
            Absence(id="a", person_id=person_id, first_day=first, last_day=last, recorded_by=person_id, recorded_at=AT)
        )


def test_without_a_planned_conference_there_is_no_date(clinic: Database) -> None:
    assert ask(clinic, make.submitted(clinic)) == Forecast(kind="unplanned")


@pytest.mark.parametrize("state", ["draft", "submitted", "supplement_requested", "accepted"])
def test_the_first_conference_with_room_is_the_likely_one(clinic: Database, state: str) -> None:
    make.conference(clinic)
    found = ask(clinic, make.case_in_state(clinic, state))
    assert found == Forecast(kind="likely", starts_at=MEETS, days=2, is_late=False, ahead=0)


def test_cases_that_have_used_more_of_their_time_go_first_and_fill_what_is_planned(clinic: Database) -> None:
    for weeks in (0, 1):
        make.conference(clinic, duration_minutes=30, starts_at=MEETS + weeks * WEEK)
    mine = make.submitted(clinic)
    for _ in range(2):
        make.accepted(clinic, at=AT - make.DAY)
    make.accepted(clinic, at=AT + make.MINUTE)  # it waits for less time, and comes after
    assert ask(clinic, mine) == Forecast(kind="likely", starts_at=MEETS + WEEK, days=9, is_late=False, ahead=2)
    for _ in range(2):
        make.accepted(clinic, at=AT - 2 * make.DAY)
    assert ask(clinic, mine) == Forecast(kind="full", starts_at=MEETS + WEEK, ahead=4)


def test_a_date_after_the_days_allowed_says_so(clinic: Database) -> None:
    make.conference(clinic)
    found = ask(clinic, make.accepted(clinic, urgency="acute", at=AT - make.HOUR))
    assert found is not None
    assert (found.starts_at, found.is_late) == (MEETS, True)


def test_what_is_booked_released_or_without_its_consultant_gives_no_room(clinic: Database) -> None:
    make.conference(clinic, [make.accepted(clinic)], minutes_each=60)
    make.released(clinic, [make.accepted(clinic)], starts_at=MEETS + WEEK)
    make.conference(clinic, starts_at=MEETS + 2 * WEEK)
    make.conference(clinic, starts_at=MEETS + 3 * WEEK)
    away(clinic, date(2026, 12, 7), date(2026, 12, 9))
    found = ask(clinic, make.submitted(clinic))
    assert found is not None
    assert (found.kind, found.starts_at) == ("likely", MEETS + 3 * WEEK)


def test_a_deputy_stands_in_for_a_consultant_who_is_away(clinic: Database) -> None:
    make.conference(clinic, deputy=make.email(make.NURSE))
    away(clinic, date(2026, 11, 25), date(2026, 11, 25))
    found = ask(clinic, make.submitted(clinic))
    assert found is not None
    assert found.starts_at == MEETS


@pytest.mark.parametrize("state", ["scheduled", "decided", "answered", "withdrawn"])
def test_a_case_that_no_longer_waits_has_no_forecast(ward_once: Database, state: str) -> None:
    assert ask(ward_once, make.case_in_state(ward_once, state)) is None


def test_a_case_on_an_agenda_in_the_making_has_its_conference_and_no_forecast(clinic: Database) -> None:
    number = make.accepted(clinic)
    make.conference(clinic, [number])
    assert ask(clinic, number) is None


# ------------------------------------------------------------------------------------------------- the queue's filters
def shown(database: Database, **wanted: Any) -> list[str]:
    asked = QueueFilter(**wanted)
    found, cursor = make.ask(database, COORDINATOR, queue, wanted=asked, limit=1)
    while cursor:
        more, cursor = make.ask(database, COORDINATOR, queue, wanted=asked, limit=1, cursor=cursor)
        found += more
    assert [line.place for line in found] == list(range(1, len(found) + 1))
    assert all((" i urvalet: " in line.reason) is bool(wanted) for line in found)
    return [line.case for line in found]


def test_the_queue_shows_what_is_asked_for_in_its_order_and_pages_make_up_the_whole(clinic: Database) -> None:
    young = make.accepted(clinic, make.submission(**{"patient.identity_number": make.CHILD}), at=AT - 4 * make.MINUTE)
    lund = make.accepted(clinic, make.submission(**{"patient.home_region": "skane"}), at=AT - 3 * make.MINUTE)
    acute = make.accepted(clinic, urgency="acute", at=AT - 2 * make.MINUTE)
    lacking = make.accepted(clinic, make.submission(**{"safety.infection": make.LEFT_OUT}), at=AT - make.MINUTE)
    hasty = make.submission(**{"diagnosis.expected_survival": "under_6_weeks"})
    high = make.accepted(clinic, hasty, urgency="high", at=AT - make.MINUTE)
    make.conference(clinic, [lund])
    assert shown(clinic) == [acute, young, lund, high, lacking]
    assert shown(clinic, show="child") == [young]
    assert shown(clinic, region="skane") == [lund]
    assert shown(clinic, urgency="acute") == [acute]
    assert shown(clinic, urgency="high") == [high]
    assert shown(clinic, urgency="normal") == [young, lund, lacking]
    assert shown(clinic, show="planned") == [lund]
    assert shown(clinic, show="unplanned", region="kronoberg") == [acute, young, high, lacking]
    assert shown(clinic, show="missing") == [lacking]
