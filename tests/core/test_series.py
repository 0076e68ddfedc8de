"""A series: 13:00 is 13:00 in summer and winter, and a rule that could run wild is refused."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from mdk.clock import local
from mdk.conferences import queries, repeating, service
from mdk.conferences.rules import occurrences
from mdk.conferences.series import series_list
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed


def days(rule: str, first: datetime = make.MEETS, weeks: int = 12, **given: Any) -> list[date]:
    return [local(start).date() for start in occurrences(rule, first, until=make.AT + weeks * 7 * make.DAY, **given)]


@pytest.mark.parametrize(
    ("first", "change"),
    [
        (datetime(2026, 10, 14, 11, 0, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2027, 3, 17, 12, 0, tzinfo=UTC), date(2027, 3, 28)),
    ],
)
def test_a_weekly_series_keeps_its_local_time_when_the_clocks_change(first: datetime, change: date) -> None:  # F23
    starts = occurrences("FREQ=WEEKLY;BYDAY=WE", first, until=first + 29 * make.DAY)
    assert [(local(start).hour, local(start).weekday()) for start in starts] == [(13, 2)] * 5
    before = {start.hour for start in starts if local(start).date() < change}
    after = {start.hour for start in starts if local(start).date() > change}
    assert (len(before), len(after)) == (1, 1)
    assert before != after


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=WE;COUNT=3", [(11, 25), (12, 2), (12, 9)]),
        ("rrule:freq=weekly;byday=we;count=2", [(11, 25), (12, 2)]),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2", [(11, 25), (12, 9)]),
        ("FREQ=DAILY;COUNT=2", [(11, 25), (11, 26)]),
        ("FREQ=MONTHLY;BYDAY=1WE;COUNT=2", [(12, 2), (1, 6)]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20261202T120000Z", [(11, 25), (12, 2)]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20261202T115900Z", [(11, 25)]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20261202", [(11, 25), (12, 2)]),
        ("FREQ=WEEKLY;BYDAY=WE;UNTIL=20200101", []),
    ],
)
def test_a_rule_is_read_as_rfc_5545_says_in_local_time(rule: str, expected: list[tuple[int, int]]) -> None:
    assert [(day.month, day.day) for day in days(rule)] == expected


@pytest.mark.parametrize(
    "rule",
    [
        "", "x", "FREQ=", "FREQ=HOURLY", "FREQ=SECONDLY;COUNT=5", "FREQ=DAILY;FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=DAILY;BYMINUTE=1,2", "FREQ=DAILY;BYSECOND=1,2", "FREQ=DAILY;INTERVAL=0", "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=0;BYMONTH=2", "FREQ=WEEKLY;COUNT=0", "FREQ=WEEKLY;COUNT=-1", "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=", "FREQ=MONTHLY;BYDAY=99WE", "FREQ=WEEKLY;BYSETPOS=400", "FREQ=WEEKLY;WKST=ZZ",
        "FREQ=WEEKLY;UNTIL=snart", "FREQ=WEEKLY;UNTIL=20261332", "FREQ=WEEKLY;COUNT=2;UNTIL=20261202",
        "DTSTART:20260101 FREQ=WEEKLY", "FREQ=WEEKLY\nRDATE:20261201T120000", "EXRULE:FREQ=WEEKLY", "FREQ=WEEKLY:X",
        "FREQ=WEEKLY;BYDAY=WE=TH", "INTERVAL=2", "FREQ=WEEKLY;X-OWN=1", "FREQ=WEEKLY;BYEASTER=0",
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_read_or_runs_wild_is_refused(rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        occurrences(rule, make.MEETS, until=make.AT + 84 * make.DAY)
    assert [problem.field for problem in refused.value.problems] == ["rrule"]


PARTS = st.lists(
    st.sampled_from(
        [
            "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "INTERVAL=3", "INTERVAL=", "INTERVAL=x", "BYDAY=MO,WE",
            "BYDAY=-1FR", "BYMONTHDAY=1,15,-1", "BYSETPOS=-1", "BYWEEKNO=53", "UNTIL=20270101T000000Z", "WKST=SU",
            "COUNT=4", "", "=", "BYMONTH=1,2,3", "BYMONTH=13", "BYDAY=0MO", "UNTIL=",
        ]
    ),
    max_size=4,
)  # fmt: skip


@given(PARTS, st.integers(1, 30))
def test_whatever_a_rule_says_it_gives_rising_starts_within_bounds_or_is_refused(parts: list[str], limit: int) -> None:
    try:
        found = days(";".join(parts), limit=limit)
    except Invalid:
        return
    assert found == sorted(set(found))
    assert len(found) <= limit
    assert all(date(2026, 11, 25) <= day <= date(2027, 2, 15) for day in found)


def test_a_series_plans_twelve_weeks_ahead_and_later_only_what_is_new(clinic: Database) -> None:
    series = make.act(clinic, make.CHAIR, repeating.create_series, body=make.series_plan())
    by = make.viewer(clinic, make.COORDINATOR)
    with clinic.reading() as session:
        lines, _ = queries.lines(session, by=by)
        (seen,) = series_list(session, by=by)
    assert len(lines) == seen.planned == 12
    assert {local(line.starts_at).hour for line in lines} == {13}
    assert (seen.chair, seen.members) == (make.email(make.CHAIR), [make.email(make.NURSE), make.email(make.SURGEON)])
    moved = lines[0].id
    make.at_conference(clinic, moved, service.move, starts_at=make.MEETS + make.DAY)
    for weeks, added in ((0, 0), (2, 2)):
        at = make.AT + weeks * 7 * make.DAY
        assert make.act(clinic, make.COORDINATOR, repeating.plan_ahead, series_id=series.id, at=at) == added


def test_a_bad_series_is_told_everything_at_once(clinic: Database) -> None:
    body = make.series_plan(rrule="FREQ=HOURLY", first_start=make.AT, chair="nobody@demo.mdk", members=["x@y.z"])
    with pytest.raises(Invalid) as refused:
        make.act(clinic, make.COORDINATOR, repeating.create_series, body=body)
    assert sorted(problem.field for problem in refused.value.problems) == ["chair", "first_start", "members.0", "rrule"]


@pytest.mark.parametrize("name", [make.REFERRER, make.CONSULTANT, make.ADMIN])
def test_only_coordinator_and_chair_have_to_do_with_series(ward_once: Database, name: str) -> None:
    with pytest.raises(NotAllowed):
        make.act(ward_once, name, repeating.create_series, body=make.series_plan())
    with pytest.raises(NotAllowed), ward_once.reading() as session:
        series_list(session, by=make.viewer(ward_once, name))
