"""Whose time is taken, and when everyone is free."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from make import AT, CHAIR, CONSULTANT, COORDINATOR, DAY, HOUR, MEETS, MINUTE, NURSE, REFERRER
from mdk.clock import is_working_day, local, today
from mdk.conferences import absences, conflicts, queries
from mdk.conferences.slots import Span, free_slots, joined, overlap
from mdk.conferences.structs import AbsenceBody, ClashLine
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed
from mdk.people import service as people

FOUR_WEEKS = AT + 28 * DAY


def free(*taken: Span, around: datetime = MEETS, length: timedelta = HOUR, limit: int = 3) -> list[str]:
    found = free_slots(taken, length=length, around=around, since=AT, until=FOUR_WEEKS, limit=limit)
    return [f"{local(span.starts_at):%d %H:%M}" for span in found]


def test_the_nearest_free_times_come_in_order_and_do_not_overlap() -> None:
    assert free() == ["25 12:00", "25 13:00", "25 14:00"]
    assert free(Span(MEETS, MEETS + HOUR)) == ["25 11:00", "25 12:00", "25 14:00"]
    assert free(Span(MEETS - 10 * HOUR, MEETS + 10 * HOUR), limit=2) == ["26 08:00", "26 09:00"]


def test_nobody_is_offered_a_holiday_a_weekend_or_the_evening() -> None:
    christmas = datetime(2026, 12, 24, 12, tzinfo=UTC)
    found = free_slots([], length=HOUR, around=christmas, since=christmas - 2 * DAY, until=christmas + 9 * DAY)
    assert {today(span.starts_at).day for span in found} == {23}
    found = free_slots([], length=HOUR, around=christmas, since=christmas, until=christmas + 9 * DAY)
    assert {today(span.starts_at).day for span in found} == {28}
    assert free(length=9 * HOUR, limit=1) == ["25 08:00"]
    assert free(length=10 * HOUR) == []


MOMENTS = st.integers(0, 28 * 24 * 4).map(lambda quarters: AT + quarters * 15 * MINUTE)
SPANS = st.lists(st.tuples(MOMENTS, st.integers(1, 2000)).map(lambda pair: Span(pair[0], pair[0] + pair[1] * MINUTE)))


@given(SPANS, MOMENTS, st.sampled_from([15, 45, 60, 240]))
def test_whatever_is_taken_what_is_offered_is_free_in_working_hours_and_apart(
    taken: list[Span], around: datetime, minutes: int
) -> None:
    found = free_slots(taken, length=minutes * MINUTE, around=around, since=AT, until=FOUR_WEEKS)
    assert found == sorted(found)
    for place, span in enumerate(found):
        assert span.ends_at - span.starts_at == minutes * MINUTE
        assert not any(overlap(span, other) for other in [*taken, *found[:place]])
        assert is_working_day(today(span.starts_at))
        assert 8 <= local(span.starts_at).hour <= local(span.ends_at - MINUTE).hour < 17
    nearest = min((abs(span.starts_at - around) for span in found), default=None)
    plain = free_slots(joined(taken), length=minutes * MINUTE, around=around, since=AT, until=FOUR_WEEKS, limit=1)
    assert nearest == min((abs(span.starts_at - around) for span in plain), default=None)


def busy(database: Database, name: str, start: datetime, minutes: int = 60) -> None:
    by = make.viewer(database, name)
    with database.writing() as session:
        times = [(start, start + minutes * MINUTE)]
        people.note_busy(session, person_id=by.person_id, times=times, by=by, at=AT)


def of_plan(database: Database, *names: str, start: datetime = MEETS, by: str = COORDINATOR) -> list[ClashLine]:
    with database.reading() as session:
        emails = [make.email(name) for name in names]
        viewer = make.viewer(database, by)
        return conflicts.of_plan(session, people=emails, starts_at=start, minutes=60, by=viewer)


def test_own_conferences_busy_times_and_absences_clash_with_a_plan(clinic: Database) -> None:
    other = make.conference(clinic, starts_at=MEETS - 30 * MINUTE)
    busy(clinic, CHAIR, MEETS + 30 * MINUTE)
    body = AbsenceBody(first_day=today(MEETS), last_day=today(MEETS))
    make.act(clinic, REFERRER, absences.record, body=body)
    found = of_plan(clinic, CHAIR, NURSE, REFERRER, CONSULTANT)
    assert [(line.email.partition("@")[0], line.kind, line.conference) for line in found] == [
        (NURSE, "conference", other),
        (CONSULTANT, "conference", other),
        (CHAIR, "conference", other),
        (CHAIR, "busy", None),
        (REFERRER, "absence", None),
    ]
    assert of_plan(clinic, CHAIR, NURSE, start=MEETS + 2 * HOUR) == []


def test_one_who_presents_is_taken_for_the_own_slots_only(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic, by=make.OTHER_REFERRER), make.accepted(clinic)])
    (line,) = of_plan(clinic, REFERRER)
    assert (line.conference, line.starts_at, line.ends_at) == (held, MEETS + 15 * MINUTE, MEETS + 30 * MINUTE)
    assert of_plan(clinic, REFERRER, start=MEETS + 30 * MINUTE) == []


def test_a_conference_shows_its_planners_whose_time_is_taken_and_nobody_else(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    busy(clinic, NURSE, MEETS + 30 * MINUTE)
    shown = [make.ask(clinic, name, queries.view, held) for name in (COORDINATOR, NURSE)]
    assert [[(line.name, line.kind) for line in view.clashes] for view in shown] == [[("Disa Deltagare", "busy")], []]


def test_the_conflicts_of_the_next_weeks_name_each_who_is_in_two_places(clinic: Database) -> None:
    one = make.conference(clinic)
    two = make.conference(clinic, starts_at=MEETS + 30 * MINUTE, members=[], chair=make.email(CHAIR))
    make.conference(clinic, starts_at=MEETS + 7 * DAY)
    with clinic.reading() as session:
        by = make.viewer(clinic, COORDINATOR)
        found = conflicts.conflicts(session, by=by, since=AT, until=FOUR_WEEKS)
    assert [(line.conference, [(clash.name, clash.conference) for clash in line.clashes]) for line in found] == [
        (one, [("Kim Smärtgren", two), ("Olga Förare", two)]),
        (two, [("Kim Smärtgren", one), ("Olga Förare", one)]),
    ]


def test_free_times_are_suggested_for_the_people_who_are_wanted(clinic: Database) -> None:
    make.conference(clinic)
    by = make.viewer(clinic, COORDINATOR)
    with clinic.reading() as session:
        wanted = [make.email(name) for name in (CHAIR, NURSE)]
        found = conflicts.free(session, people=wanted, minutes=60, around=MEETS, by=by, at=AT)
        assert [(line.starts_at - MEETS) / HOUR for line in found] == [-3, -2, -1, 1, 2]
        with pytest.raises(Invalid):
            conflicts.free(session, people=["x@y.z"], minutes=60, around=MEETS, by=by, at=AT)


@pytest.mark.parametrize("name", [NURSE, make.ADMIN, CONSULTANT])
def test_only_those_who_plan_see_whose_time_is_taken(ward_once: Database, name: str) -> None:
    by = make.viewer(ward_once, name)
    with pytest.raises(NotAllowed):
        of_plan(ward_once, CHAIR, by=name)
    with ward_once.reading() as session, pytest.raises(NotAllowed):
        conflicts.conflicts(session, by=by, since=AT, until=FOUR_WEEKS)
    with ward_once.reading() as session, pytest.raises(NotAllowed):
        conflicts.free(session, people=[], minutes=60, around=MEETS, by=by, at=AT)
