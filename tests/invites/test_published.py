"""What a published calendar holds becomes times that are kept, and whatever it holds harms nobody."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import make
from invites.hosting import MEETING, QUICK, Host, calendar, giving, serving, taking_turns
from invites.post import settings
from make import AT, CHAIR, CONSULTANT, COORDINATOR, DAY, HOUR, NURSE
from mdk import clock
from mdk.conferences import conflicts
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound
from mdk.people import service as people
from mdk.people.tables import BusyTime
from mdk_calendar import busy
from mdk_calendar.fetching import Bounds, Unreadable
from mdk_calendar.published import busy_times, joined
from mdk_calendar.reading import Order, Reading, read_apart
from mdk_calendar.tables import BusyCalendar
from mdk_calendar.worker import Worker

WEEKLY = "DTSTART;TZID=Europe/Stockholm:20260318T130000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\n"


# ------------------------------------------------------------------------------------------------- what it holds
def times(*events: str, more: str = "", days: int = 30) -> list[str]:
    found = busy_times(calendar(*events, more=more), since=AT, until=AT + days * DAY)
    return [f"{start:%d %H:%M}-{end:%H:%M}" for start, end in found]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (MEETING, ["25 12:00-13:00"]),
        (MEETING + "STATUS:CANCELLED\r\n", []),
        (MEETING + "TRANSP:TRANSPARENT\r\n", []),
        (MEETING + "X-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n", []),
        (MEETING + "STATUS:TENTATIVE\r\nTRANSP:OPAQUE\r\n", ["25 12:00-13:00"]),
        ("DTSTART;VALUE=DATE:20261125\r\n", ["24 23:00-23:00"]),
        ("DTSTART:20261125T130000\r\nDURATION:PT30M\r\n", ["25 12:00-12:30"]),
        ("DTSTART:20261125T130000\r\n", []),
        ("DTSTART;TZID=W. Europe Standard Time:20261125T130000\r\nDURATION:PT30M\r\n", ["25 12:00-12:30"]),
        ("DTSTART:20261101T120000Z\r\nDTEND:20261201T120000Z\r\n", ["23 08:00-12:00"]),
        (WEEKLY + "EXDATE;TZID=Europe/Stockholm:20261202T130000\r\n", [
            "25 12:00-13:00", "09 12:00-13:00", "16 12:00-13:00",
        ]),
        ("DTSTART:not a time\r\nDTEND:20261125T130000Z\r\n", []),
    ],
)  # fmt: skip
def test_an_event_takes_the_time_that_it_says(event: str, expected: list[str]) -> None:
    assert times(event) == expected


def test_a_repeated_event_keeps_its_time_when_the_clocks_change_and_one_moved_is_where_it_was_moved() -> None:
    moved = "RECURRENCE-ID;TZID=Europe/Stockholm:20261202T130000\r\nDTSTART:20261203T080000Z\r\nDURATION:PT1H\r\n"
    body = calendar(WEEKLY).replace(
        b"END:VCALENDAR", b"BEGIN:VEVENT\r\nUID:0\r\n" + moved.encode() + b"END:VEVENT\r\nEND:VCALENDAR"
    )
    found = busy_times(body, since=datetime(2026, 10, 20, tzinfo=UTC), until=AT + 14 * DAY)
    assert [f"{start:%m-%d %H:%M}" for start, _ in found] == [
        "10-21 11:00", "10-28 12:00", "11-04 12:00", "11-11 12:00", "11-18 12:00", "11-25 12:00", "12-03 08:00",
    ]  # fmt: skip


def test_published_free_busy_times_count() -> None:
    more = (
        "BEGIN:VFREEBUSY\r\nUID:f\r\nFREEBUSY;FBTYPE=BUSY:20261125T120000Z/20261125T130000Z,20261126T120000Z/PT30M\r\n"
        "FREEBUSY;FBTYPE=FREE:20261127T120000Z/PT1H\r\nEND:VFREEBUSY\r\n"
    )
    assert times(more=more) == ["25 12:00-13:00", "26 12:00-12:30"]


def test_times_that_touch_are_one_and_cut_to_the_time_that_matters() -> None:
    spans = [(AT, AT + HOUR), (AT + HOUR, AT + 2 * HOUR), (AT - DAY, AT + HOUR), (AT + 5 * HOUR, AT + 4 * HOUR)]
    assert joined(spans, since=AT, until=AT + DAY) == [(AT, AT + 2 * HOUR)]


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"", "broken"),
        (b"<html>Sign in</html>", "broken"),
        (b"\xff\xfe\x00BEGIN", "broken"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "broken"),
        (calendar("DTSTART:20261125T120000Z\r\nRRULE:FREQ=SECONDLY\r\n"), "too-heavy"),
        (calendar("DTSTART:20261125T120000Z\r\nRRULE:FREQ=MIN\r\n UTELY\r\n"), "too-heavy"),
        (calendar() + b"BEGIN:VEVENT\r\n" * 100_000, "too-heavy"),
    ],
)
def test_what_is_no_calendar_or_more_than_one_is_given_up(body: bytes, failure: str) -> None:  # F20
    with pytest.raises(Unreadable) as refused:
        busy_times(body, since=AT, until=AT + DAY)
    assert refused.value.failure == failure


def test_a_calendar_that_would_run_for_ever_ends_with_its_process() -> None:
    bomb = "RRULE:FREQ=DAILY;BYHOUR={0};BYMINUTE={1};BYSECOND={1}\r\n".format(
        ",".join(map(str, range(24))), ",".join(map(str, range(60)))
    )
    with serving(giving(calendar("DTSTART:19000101T000000Z\r\nDURATION:PT1S\r\n" + bomb))) as host:
        since, until = AT, AT + 90 * DAY
        found = read_apart(Order(asked=host.ask(), bounds=QUICK, since=since, until=until, cpu_seconds=2))
    assert found.failure in {"too-heavy", "slow"}  # whichever limit it meets first


# ------------------------------------------------------------------------------------------------- what is kept
def keep(database: Database, url: str, name: str = NURSE, *, by: str = "") -> int:
    person_id = make.viewer(database, name).person_id
    make.act(database, by or name, busy.keep, person_id=person_id, url=url)
    return person_id


def kept(database: Database, person_id: int) -> BusyCalendar:
    with database.reading() as session:
        row = session.get_one(BusyCalendar, person_id)
        session.expunge(row)
        return row


def read(database: Database, host: Host, at: datetime = AT) -> int:
    configured = settings(Path("unused"), CALENDAR_HOSTS=host.at)
    return busy.read_due(database, configured, at=at, bounds=Bounds(seconds=3, size=100_000))


def known(database: Database) -> list[tuple[int, str]]:
    with database.reading() as session:
        return [(row.person_id, f"{row.starts_at:%d %H:%M}") for row in session.query(BusyTime)]


def test_the_worker_reads_a_kept_calendar_and_only_times_are_kept(database: Database) -> None:
    make.people(database)
    with serving(giving(calendar(MEETING), ETag='"1"')) as host:
        person = keep(database, host.url())
        assert read(database, host) == 1
        assert known(database) == [(person, "25 12:00")]
        assert (kept(database, person).etag, kept(database, person).due_at) == ('"1"', AT + timedelta(minutes=30))
        assert read(database, host) == 0
        assert read(database, host, AT + HOUR) == 1
        assert read(database, host, AT + 2 * DAY) == 1
        assert [headers.get("if-none-match") for _, headers in host.asked] == [None, '"1"', None]
    by = make.viewer(database, COORDINATOR)
    with database.reading() as session:
        clash = conflicts.of_plan(session, people=[make.email(NURSE)], starts_at=make.MEETS, minutes=60, by=by)
    assert [(line.name, line.kind) for line in clash] == [("Disa Deltagare", "busy")]


def test_a_running_worker_reads_calendars_beside_its_mails(embedded: Database, tmp_path: Path) -> None:
    make.people(embedded)
    moment = clock.now().replace(microsecond=0) + HOUR
    event = f"DTSTART:{moment:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H\r\n"
    with serving(giving(calendar(event))) as host:
        person = keep(embedded, host.url())
        stop = threading.Event()
        worker = Worker(embedded, settings(tmp_path, CALENDAR_HOSTS=host.at))
        thread = threading.Thread(target=worker.run, args=(stop, 0.1))
        thread.start()
        ends = time.monotonic() + 20
        while not known(embedded) and time.monotonic() < ends:
            stop.wait(0.1)
        stop.set()
        thread.join()
    assert known(embedded) == [(person, f"{moment:%d %H:%M}")]


def test_a_calendar_that_cannot_be_read_changes_nothing_but_a_warning(database: Database) -> None:
    make.people(database)
    answers = [giving(calendar(MEETING)), giving(b"x"), giving(b"", 404), giving(calendar(MEETING))]
    with serving(taking_turns(answers)) as host:
        person, waits = keep(database, host.url()), []
        for hours in range(3):
            read(database, host, AT + hours * HOUR)
            waits.append(kept(database, person).due_at - (AT + hours * HOUR))
        assert waits == [timedelta(minutes=30), timedelta(minutes=30), HOUR]
        assert known(database) == [(person, "25 12:00")]
        row = kept(database, person)
        assert (row.failure, row.failures, row.failed_at) == ("refused", 2, AT + 2 * HOUR)
        (mine,) = lines(database, COORDINATOR)
        assert (mine.name, mine.failure, mine.host) == ("Disa Deltagare", "refused", host.at)
        read(database, host, AT + DAY)
        assert (kept(database, person).failure, kept(database, person).failures) == ("", 0)


def lines(database: Database, name: str) -> list[busy.BusyLine]:
    with database.reading() as session:
        return busy.everyone(session, by=make.viewer(database, name))


def test_a_calendar_that_was_taken_away_or_changed_while_it_was_read_is_not_written(embedded: Database) -> None:
    make.people(embedded)
    person = keep(embedded, "https://one.example/a.ics")
    late = Reading(times=[(AT, AT + HOUR)])
    with embedded.writing() as session:
        busy.settle(session, person_id=person, url="https://two.example/a.ics", reading=late, at=AT)
    assert known(embedded) == []
    make.act(embedded, NURSE, busy.forget, person_id=person)
    with embedded.writing() as session:
        busy.settle(session, person_id=person, url="https://one.example/a.ics", reading=late, at=AT)
    assert (known(embedded), lines(embedded, COORDINATOR)) == ([], [])


def test_everyone_keeps_the_own_address_and_the_coordinator_anyones(embedded: Database) -> None:
    make.people(embedded)
    url = "https://x.example/a.ics"
    for name in (NURSE, CONSULTANT):
        keep(embedded, url, name)
    keep(embedded, url, NURSE, by=COORDINATOR)
    assert [line.email for line in lines(embedded, COORDINATOR)] == [make.email(NURSE), make.email(CONSULTANT)]
    for by in (CHAIR, make.ADMIN):
        with pytest.raises(NotAllowed if by == make.ADMIN else NotFound):
            keep(embedded, url, NURSE, by=by)
    with pytest.raises(Invalid) as refused:
        keep(embedded, "ftp://x.example/")
    assert [problem.field for problem in refused.value.problems] == ["url"]


def test_forgetting_a_calendar_forgets_its_times(embedded: Database) -> None:
    make.people(embedded)
    person = keep(embedded, "https://x.example/a.ics")
    by = make.viewer(embedded, NURSE)
    with embedded.writing() as session:
        people.note_busy(session, person_id=person, times=[(AT, AT + HOUR)], by=by, at=AT)
    make.act(embedded, NURSE, busy.forget, person_id=person)
    assert known(embedded) == []
