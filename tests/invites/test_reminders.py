"""Reminders: who is reminded of what on which morning, once, and only while it still holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from invites.answering import answer_of, told
from invites.post import Post, cancel, move, parsed, read, texts
from make import CHAIR, CONSULTANT, COORDINATOR, NURSE, REFERRER, SURGEON
from mdk.conferences import service as conferences
from mdk.db import Database
from mdk.people import service as people
from mdk.people.tables import Person
from mdk_calendar import reminders
from mdk_calendar.worker import Worker

EVE = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # 08:00 in Sweden on the day before MEETS
SUBJECT = "påminnelse ons 25 nov 13:00"
EVERYONE = {CHAIR, CONSULTANT, NURSE, SURGEON, REFERRER}


@pytest.fixture
def one(embedded: Database, tmp_path: Path) -> Post:
    """On SQLite alone, where the store is not what the test is about."""
    return Post(embedded, tmp_path / "outbox")


def morning(post: Post, at: datetime = EVE) -> list[tuple[str, str]]:
    """Owe and send what is due; of each new mail without a calendar: to whom and the subject."""
    before = set(post.raws())
    reminders.owe(post.database, at=at)
    post.work(at)
    mails = [parsed(raw) for raw in post.raws() if raw not in before and read(raw) is None]
    return sorted((mail["To"].addresses[0].username, mail["Subject"].removeprefix("MDK smärta: ")) for mail in mails)


def reminded(post: Post, at: datetime = EVE) -> set[str]:
    """Who is reminded of a conference."""
    return {name for name, subject in morning(post, at) if subject.startswith("påminnelse")}


# ------------------------------------------------------------------------------------------------- conferences
def test_everyone_invited_is_reminded_once_on_the_morning_before(post: Post) -> None:
    told(post)
    assert morning(post, EVE - make.MINUTE) == []
    assert morning(post) == sorted((name, SUBJECT) for name in EVERYONE)
    assert morning(post, EVE + make.HOUR) == []
    assert morning(post, make.MEETS - make.HOUR) == []


def test_whoever_declined_or_left_is_not_reminded(one: Post) -> None:
    planned = told(one)
    answer = {"conference_id": planned, "partstat": "DECLINED", "comment": None}
    make.act(one.database, SURGEON, conferences.reply, **answer)
    with one.database.writing() as session:
        people.disable(session, email=make.email(NURSE), at=make.AT)
    one.work()
    assert reminded(one) == EVERYONE - {SURGEON, NURSE}


def test_nobody_is_reminded_of_what_was_cancelled_or_moved_meanwhile(post: Post) -> None:
    planned = told(post)
    assert reminders.owe(post.database, at=EVE) == len(EVERYONE)
    cancel(post.database, planned)
    assert reminded(post) == set()


def test_a_conference_that_is_moved_to_another_day_is_reminded_of_anew(one: Post) -> None:
    planned = told(one)
    assert reminded(one) == EVERYONE
    move(one.database, planned, make.MEETS + make.DAY)
    one.work(EVE + make.HOUR)
    assert reminded(one, EVE + make.DAY) == EVERYONE


def test_whoever_was_told_today_is_not_reminded_of_it(one: Post) -> None:
    planned = told(one)
    move(one.database, planned, make.MEETS + make.HOUR)
    one.work(EVE - 2 * make.HOUR)
    assert reminded(one) == set()


def test_a_reminder_says_when_how_to_join_what_to_prepare_and_whom_to_ask_and_names_no_patient(one: Post) -> None:
    planned = told(one)
    morning(one)
    (raw,) = [raw for raw in one.raws() if b"remittent.vaxjo" in raw and read(raw) is None and "morgon" in texts(raw)]
    body = parsed(raw).get_body(("plain",)).get_content()
    lines = body.splitlines()
    assert lines[:6] == [
        "Videokonferensen är i morgon. Du har inte svarat på kallelsen än.",
        "",
        "Tid: onsdag 25 november 2026 kl. 13:00–13:15",
        "Din tid: 13:00–13:15",
        "Anslut: https://video.example/mdk",
        "Förbered: Läs igenom det du har skickat in och komplettera det som saknas. Du föredrar det på din tid.",
    ]
    assert lines[6] == f"Konferensens sida: https://mdk.example/conferences/{planned}"
    assert lines[7].startswith("Svara: https://mdk.example/rsvp/")
    assert lines[8] == "Frågor: mdk@mdk.example"
    assert not [word for word in ("MDK-20", "Provlund", "Elsa", make.ADULT, "C20", "Växjö") if word in texts(raw)]
    assert answer_of(one.database, planned)[0] == "NEEDS-ACTION"


def test_a_reader_of_english_is_reminded_in_english(one: Post) -> None:
    with make.people(one.database).writing() as session:
        person = session.scalars(select(Person).where(col(Person.email) == make.email(SURGEON))).one()
        person.language = "en"
    told(one)
    assert (SURGEON, "reminder Wed 25 Nov 13:00") in morning(one)


def test_the_worker_owes_reminders_by_itself(one: Post) -> None:
    told(one)
    Worker(one.database, one.settings).turn(at=EVE)
    assert sum("påminnelse" in parsed(raw)["Subject"] for raw in one.raws()) == len(EVERYONE)


# ------------------------------------------------------------------------------------------------- what is lacking
def test_whoever_presents_a_case_that_lacks_something_is_told_three_days_before(post: Post) -> None:
    make.people(post.database)
    lacking = make.accepted(post.database, make.minimal(), at=make.AT)
    planned = make.conference(post.database, [lacking], starts_at=make.MEETS + 5 * make.DAY)
    make.release(post.database, planned, reason="Brådskar.")
    post.work()
    owed = (REFERRER, "uppgifter saknas i ett ärende")
    assert owed not in morning(post, EVE + 2 * make.DAY)
    assert owed in morning(post, EVE + 3 * make.DAY)
    assert owed not in morning(post, EVE + 3 * make.DAY + make.HOUR)


def test_nobody_is_told_of_a_case_that_lacks_nothing(one: Post) -> None:
    told(one, starts_at=make.MEETS + 5 * make.DAY)
    assert morning(one, EVE + 3 * make.DAY) == []


# ------------------------------------------------------------------------------------------------- supplements
ASKED, LATE = "en komplettering saknas", "en komplettering har inte kommit"


def asked(post: Post, days: int) -> str:
    """A case whose supplement is wanted within some days of AT."""
    number = make.submitted(make.people(post.database))
    make.do(post.database, number, "request_supplement", until=(make.AT + days * make.DAY).date())
    post.work()
    return number


def test_a_supplement_is_asked_for_again_three_days_before_and_its_lack_told_the_day_after(post: Post) -> None:
    asked(post, 10)
    found = {day: morning(post, make.AT + timedelta(days=day)) for day in range(1, 14)}
    assert {day: mails for day, mails in found.items() if mails} == {
        7: [(REFERRER, ASKED)],
        11: [(COORDINATOR, LATE)],
    }


def test_a_supplement_that_has_come_is_not_asked_for_again(one: Post) -> None:
    number = asked(one, 10)
    make.do(one.database, number, "submit", by=REFERRER)
    one.work()
    assert morning(one, make.AT + 7 * make.DAY) == []
    assert morning(one, make.AT + 11 * make.DAY) == []


def test_a_reminder_whose_supplement_came_before_the_mail_was_written_is_dropped(one: Post) -> None:
    number = asked(one, 10)
    at = make.AT + 7 * make.DAY
    assert reminders.owe(one.database, at=at) == 1
    make.do(one.database, number, "submit", by=REFERRER, at=at)
    assert (REFERRER, ASKED) not in morning(one, at)


def test_a_supplement_wanted_at_once_is_not_asked_for_twice(one: Post) -> None:
    asked(one, 3)
    assert morning(one, make.AT + make.DAY) == []


def test_a_second_request_is_reminded_of_on_its_own(one: Post) -> None:
    number = asked(one, 10)
    morning(one, make.AT + 7 * make.DAY)
    make.do(one.database, number, "submit", by=REFERRER, at=make.AT + 8 * make.DAY)
    until = (make.AT + 20 * make.DAY).date()
    make.do(one.database, number, "request_supplement", until=until, at=make.AT + 8 * make.DAY)
    one.work(make.AT + 8 * make.DAY)
    assert morning(one, make.AT + 17 * make.DAY) == [(REFERRER, ASKED)]
