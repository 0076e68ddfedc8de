"""A series goes on: planned ahead once, resting, changed from a day on, and ended."""

import threading
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import AT, CHAIR, COORDINATOR, DAY, MEETS, NURSE, SURGEON
from mdk.cases.lists import queue
from mdk.clock import day_off, local, readings
from mdk.conferences import agenda, repeating, service
from mdk.conferences.forecast import forecast
from mdk.conferences.rules import occurrences
from mdk.conferences.structs import AgendaItemBody
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.outbox.tables import OutboxRow

WEEK = 7 * DAY


def begun(database: Database, **changes: Any) -> str:
    return make.act(database, COORDINATOR, repeating.create_series, body=make.series_plan(**changes)).id


def to_series(
    database: Database, series: str, act: Any, *, at: datetime = AT, by: str = COORDINATOR, **given: Any
) -> Any:
    version = make.series_row(database, series).version
    return make.act(database, by, act, **{"series_id": series, "version": version} | given, at=at)


def rows(database: Database, series: str) -> list[Conference]:
    with database.reading() as session:
        found = list(
            session.scalars(
                select(Conference).where(col(Conference.series_id) == series).order_by(col(Conference.starts_at))
            )
        )
        session.expunge_all()
        return found


def days(database: Database, series: str, state: str = "planned") -> list[str]:
    return [f"{local(row.starts_at):%m-%d %H:%M}" for row in rows(database, series) if row.state == state]


def plan_on(database: Database, series: str, weeks: int) -> int:
    return make.act(database, COORDINATOR, repeating.plan_ahead, series_id=series, at=AT + weeks * WEEK)


def test_a_series_plans_on_for_years_and_never_a_day_twice(ward: Database) -> None:
    series = begun(ward)
    assert [plan_on(ward, series, weeks) for weeks in (0, 2, 2)] == [0, 2, 0]
    assert plan_on(ward, series, 150) == 12
    assert len({row.occurrence for row in rows(ward, series)}) == 26


def test_two_who_plan_the_same_series_at_once_plan_each_day_once(clinic: Database) -> None:
    series = begun(clinic)
    by = make.viewer(clinic, COORDINATOR)
    added: list[int] = []
    together = threading.Barrier(2)

    def plan() -> None:
        together.wait()
        with clinic.writing() as session:
            added.append(repeating.plan_ahead(session, series_id=series, by=by, at=AT + 6 * WEEK))

    both = [threading.Thread(target=plan) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(added) == [0, 6]
    assert len(rows(clinic, series)) == 18


def test_a_week_is_skipped_with_its_reason_and_what_was_queued_there_waits_again(clinic: Database) -> None:  # F25
    series = begun(clinic)
    number = make.accepted(clinic)
    first, second, *_ = rows(clinic, series)
    items = [AgendaItemBody(case=number, minutes=15)]
    make.at_conference(clinic, second.id, agenda.put, items=items)
    make.release(clinic, second.id)
    given: dict[str, Any] = {"first_day": date(2026, 11, 30), "last_day": date(2026, 12, 6), "reason": "Kongress"}
    to_series(clinic, series, repeating.skip, **given)
    assert days(clinic, series, "cancelled") == ["12-02 13:00"]
    assert make.conference_row(clinic, second.id).cancel_reason == "Kongress"
    assert make.state_of(clinic, number) == "accepted"
    assert plan_on(clinic, series, 0) == 0
    assert make.conference_row(clinic, first.id).state == "planned"


def test_a_rest_over_the_turn_of_the_year_drops_nothing_from_the_queue(clinic: Database) -> None:  # F25
    # Week 53 of 2026 reaches into 2027; the first Wednesday of the year is a public holiday.
    week_53, epiphany = datetime(2026, 12, 30, 12, tzinfo=UTC), datetime(2027, 1, 6, 12, tzinfo=UTC)
    assert (week_53.isocalendar().week, day_off(epiphany.date())) == (53, "trettondedag jul")
    series = begun(clinic, first_start=week_53)
    before = week_53 - 3 * DAY
    planned, waiting = (make.accepted(clinic, at=before - days * DAY) for days in (2, 1))
    first = rows(clinic, series)[0].id
    make.at_conference(clinic, first, agenda.put, items=[AgendaItemBody(case=planned, minutes=15)], at=before)
    make.release(clinic, first, at=before)
    rest: dict[str, Any] = {"first_day": date(2026, 12, 28), "last_day": date(2027, 1, 3), "reason": "Jul och nyår"}
    to_series(clinic, series, repeating.skip, **rest, at=before + DAY)
    assert days(clinic, series)[:2] == ["01-06 13:00", "01-13 13:00"]
    queued = {}
    for at in (before + 2 * DAY, before + 6 * DAY):
        lines, _ = make.ask(clinic, COORDINATOR, queue, at=at)
        assert [line.case for line in lines] == [planned, waiting]
        queued[at] = [round(line.clock.days_waiting) for line in lines]
    assert list(queued.values()) == [[4, 3], [8, 7]], "days are counted on into the next year"
    with clinic.reading() as session:
        assert forecast(session, waiting, at=before + 2 * DAY).starts_at == epiphany


def test_a_rest_beyond_the_horizon_holds_when_its_time_comes(clinic: Database) -> None:
    series = begun(clinic)
    given: dict[str, Any] = {"first_day": date(2027, 7, 1), "last_day": date(2027, 7, 31), "reason": "Sommaruppehåll"}
    to_series(clinic, series, repeating.skip, **given)
    assert days(clinic, series, "cancelled") == [f"07-{day:02} 13:00" for day in (7, 14, 21, 28)]
    plan_on(clinic, series, 32)
    assert [day for day in days(clinic, series) if day.startswith("07")] == []
    assert next(day for day in days(clinic, series) if day.startswith("08")) == "08-04 13:00"


def test_one_conference_is_moved_and_its_week_is_not_planned_again(clinic: Database) -> None:
    series = begun(clinic)
    first, *_ = rows(clinic, series)
    make.at_conference(clinic, first.id, service.move, starts_at=MEETS + DAY)
    assert plan_on(clinic, series, 0) == 0
    assert days(clinic, series)[:2] == ["11-26 13:00", "12-02 13:00"]


def test_a_change_from_a_day_on_reaches_what_is_planned_and_what_comes(clinic: Database) -> None:
    series = begun(clinic)
    _, moved, released, *_ = rows(clinic, series)
    make.at_conference(clinic, moved.id, service.move, starts_at=moved.starts_at + DAY)
    make.at_conference(clinic, released.id, agenda.release, override_reason=None)
    changes = {
        "from_day": "2026-12-01",
        "time": "14:30",
        "duration_minutes": 90,
        "members": [make.email(NURSE)],
        "video_url": "https://video.example/ny",
    }
    to_series(clinic, series, repeating.change_series, changes=changes)
    assert days(clinic, series)[:3] == ["11-25 13:00", "12-03 13:00", "12-16 14:30"]
    assert days(clinic, series, "released") == ["12-09 13:00"]
    plan_on(clinic, series, 3)
    assert days(clinic, series)[-1] == "03-03 14:30"
    last = rows(clinic, series)[-1]
    assert (last.duration_minutes, last.video_url) == (90, "https://video.example/ny")
    assert {day.split()[0] for day in days(clinic, series)[2:]} == {
        f"{MEETS + weeks * WEEK:%m-%d}" for weeks in range(3, 15)
    }


def test_a_series_of_so_many_times_keeps_their_number_when_it_changes(ward: Database) -> None:
    series = begun(ward, rrule="FREQ=WEEKLY;COUNT=4")
    to_series(ward, series, repeating.change_series, changes={"from_day": "2026-12-01", "time": "09:00"})
    assert days(ward, series) == ["11-25 13:00", "12-02 09:00", "12-09 09:00", "12-16 09:00"]
    assert plan_on(ward, series, 1) == 0


def test_a_change_far_ahead_leaves_what_comes_before_it_to_the_old_rule(ward: Database) -> None:
    series = begun(ward, rrule="FREQ=WEEKLY;UNTIL=20270414T110000Z")
    to_series(ward, series, repeating.change_series, changes={"from_day": "2027-04-07", "time": "15:00"})
    assert plan_on(ward, series, 12) > 0
    planned = days(ward, series)
    assert planned[11:19] == [f"{MEETS + weeks * WEEK:%m-%d} 13:00" for weeks in range(11, 19)]
    assert planned[19:] == ["04-07 15:00", "04-14 15:00"]


def test_an_ended_series_has_no_more_conferences_and_takes_no_more_changes(clinic: Database) -> None:
    series = begun(clinic)
    to_series(clinic, series, repeating.end_series, from_day=date(2026, 12, 9), reason="Ny dag")
    assert days(clinic, series) == ["11-25 13:00", "12-02 13:00"]
    assert len(days(clinic, series, "cancelled")) == 10
    assert plan_on(clinic, series, 8) == 0
    for act, given in (
        (repeating.end_series, {"from_day": date(2026, 12, 9), "reason": "x"}),
        (repeating.skip, {"first_day": date(2026, 12, 9), "last_day": date(2026, 12, 9), "reason": "x"}),
        (repeating.change_series, {"changes": {"from_day": "2026-12-10"}}),
    ):
        with pytest.raises(RuleBroken) as refused:
            to_series(clinic, series, act, **given)
        assert refused.value.rule == "series.ended"


def test_days_without_a_conference_cannot_be_skipped(ward: Database) -> None:
    series = begun(ward)
    thursday = date(2026, 11, 26)
    with pytest.raises(RuleBroken) as refused:
        to_series(ward, series, repeating.skip, first_day=thursday, last_day=thursday, reason="x")
    assert refused.value.rule == "series.nothing-to-skip"


@pytest.mark.parametrize(
    ("act", "given", "field"),
    [
        (repeating.skip, {"first_day": date(2020, 1, 1), "last_day": date(2020, 1, 2), "reason": "x"}, "first_day"),
        (repeating.skip, {"first_day": date(2026, 12, 2), "last_day": date(2026, 12, 1), "reason": "x"}, "last_day"),
        (repeating.skip, {"first_day": date(2026, 12, 2), "last_day": date(2999, 12, 1), "reason": "x"}, "last_day"),
        (repeating.end_series, {"from_day": date(2020, 1, 1), "reason": "x"}, "from_day"),
        (repeating.end_series, {"from_day": date(2999, 1, 1), "reason": "x"}, "from_day"),
        (repeating.change_series, {"changes": {"from_day": "2020-01-01"}}, "from_day"),
        (repeating.change_series, {"changes": {"from_day": "2026-12-01", "time": "02:30"}}, "time"),
        (repeating.change_series, {"changes": {"from_day": "2026-12-01", "chair": "x@y.z"}}, "chair"),
        (repeating.change_series, {"changes": {}}, "from_day"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(ward: Database, act: Any, given: Any, field: str) -> None:
    series = begun(ward)
    with pytest.raises(Invalid) as refused:
        to_series(ward, series, act, **given)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_stale_or_unknown_series_is_left_alone(ward: Database) -> None:
    series = begun(ward)
    with pytest.raises(Stale):
        to_series(ward, series, repeating.end_series, version=99, from_day=date(2026, 12, 9), reason="x")
    with pytest.raises(NotFound):
        make.act(ward, CHAIR, repeating.end_series, series_id="x", version=1, from_day=date(2026, 12, 9), reason="x")
    for name in (NURSE, SURGEON, make.ADMIN):
        with pytest.raises(NotAllowed):
            to_series(ward, series, repeating.end_series, by=name, from_day=date(2026, 12, 9), reason="x")


def test_a_change_that_leaves_an_agenda_no_room_is_refused(ward: Database) -> None:
    series = begun(ward)
    first, *_ = rows(ward, series)
    make.put_agenda(ward, first.id, [make.accepted(ward) for _ in range(3)])
    with pytest.raises(RuleBroken) as refused:
        to_series(ward, series, repeating.change_series, changes={"from_day": "2026-11-24", "duration_minutes": 30})
    assert refused.value.rule == "conference.too-long"


def test_a_released_conference_of_a_resting_series_is_told(ward: Database) -> None:
    series = begun(ward)
    first, *_ = rows(ward, series)
    make.at_conference(ward, first.id, agenda.release, override_reason=None)
    with ward.writing() as session:
        for row in session.scalars(select(OutboxRow)):
            session.delete(row)
    day = date(2026, 11, 25)
    to_series(ward, series, repeating.skip, first_day=day, last_day=day, reason="Kongress")
    with ward.reading() as session:
        assert [(row.topic, row.key) for row in session.scalars(select(OutboxRow))] == [
            ("conference.changed", first.id)
        ]


# ------------------------------------------------------------------------------------------------- the clocks change
@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        ("2026-03-29T01:59", ["00:59"]),
        ("2026-03-29T02:00", []),
        ("2026-03-29T02:59", []),
        ("2026-03-29T03:00", ["01:00"]),
        ("2026-10-25T01:59", ["23:59"]),
        ("2026-10-25T02:30", ["00:30", "01:30"]),
        ("2026-10-25T03:00", ["02:00"]),
        ("2026-11-25T13:00", ["12:00"]),
    ],
)
def test_a_time_on_the_wall_is_read_once_twice_or_never(wall: str, expected: list[str]) -> None:  # F23
    assert [f"{instant:%H:%M}" for instant in readings(datetime.fromisoformat(wall))] == expected


def test_a_series_in_the_hour_that_the_clocks_change_is_refused(ward: Database) -> None:
    with pytest.raises(Invalid) as refused:
        begun(ward, first_start=datetime(2026, 11, 25, 1, 30, tzinfo=UTC))
    assert [problem.field for problem in refused.value.problems] == ["first_start"]


def test_13_stays_13_over_both_changes_of_the_clocks() -> None:
    found = occurrences("FREQ=DAILY", MEETS, since=MEETS, until=MEETS + 400 * DAY, limit=400)
    assert {f"{local(start):%H:%M}" for start in found} == {"13:00"}
    assert {f"{start:%H:%M}" for start in found} == {"11:00", "12:00"}
    assert len(found) == 400


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 12, 24), "julafton"),
        (date(2026, 5, 14), "kristi himmelsfärdsdag"),
        (date(2026, 6, 19), "midsommarafton"),
        (date(2026, 11, 25), ""),
    ],
)
def test_a_day_off_is_called_by_its_name(day: date, name: str) -> None:
    assert day_off(day) == name
