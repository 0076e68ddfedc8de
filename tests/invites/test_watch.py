"""What the worker owes so that no decision is lost: once each, on a morning, without a word about a patient."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import make
from invites.post import Post, parsed, read
from make import COORDINATOR, DAY, FUNCTION, REFERRER
from mdk import clock
from mdk.db import Database
from mdk.outbox.service import forget_owed
from mdk_calendar import watch

TUESDAY = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)  # 08:00 in Sweden
MONDAY = TUESDAY + 6 * DAY


@pytest.fixture
def post(clinic_of_invites: Database, tmp_path: Path) -> Post:
    return Post(clinic_of_invites, tmp_path / "outbox")


@pytest.fixture
def clinic_of_invites(database: Database) -> Database:
    return make.people(database)


def morning(post: Post, at: datetime) -> list[tuple[str, str]]:
    """Owe and send what is due; of each new notice: to whom and the subject."""
    before = set(post.raws())
    watch.owe(post.database, at=at)
    post.work(at)
    mails = [parsed(raw) for raw in post.raws() if raw not in before and read(raw) is None]
    return sorted((mail["To"].addresses[0].username, mail["Subject"].removeprefix("MDK smärta: ")) for mail in mails)


def about(mails: list[tuple[str, str]], subject: str) -> list[str]:
    return [name for name, told in mails if told == subject]


def test_what_is_late_is_told_once_to_the_coordinator(post: Post) -> None:
    make.action(post.database, due=date(2026, 11, 30))
    post.work(TUESDAY - DAY)
    assert morning(post, TUESDAY - make.MINUTE) == []
    assert about(morning(post, TUESDAY), "något beslutat är försenat") == [COORDINATOR]  # and unread: one mail
    assert morning(post, TUESDAY + make.HOUR) == []
    assert about(morning(post, TUESDAY + DAY), "något beslutat är försenat") == []


def test_what_was_done_meanwhile_is_not_told(post: Post) -> None:
    key = make.action(post.database, due=date(2026, 11, 30))
    post.work(TUESDAY - DAY)
    watch.owe(post.database, at=TUESDAY)
    make.end_action(post.database, key, "done", at=TUESDAY)
    before = len(post.raws())
    post.work(TUESDAY)
    late = [raw for raw in post.raws()[before:] if "försenat" in str(parsed(raw)["Subject"])]
    assert len(late) == 1  # the answer that nobody has read is late, too


def to_the_chair(post: Post, at: datetime) -> int:
    """How many mails about a missing signature the chair has got by then."""
    post.work(at)
    return sum("protokoll väntar på din signatur" in str(parsed(raw)["Subject"]) for raw in post.raws())


def test_the_chair_is_reminded_the_same_evening_of_what_is_not_signed(post: Post) -> None:
    numbers = [make.accepted(post.database) for _ in range(2)]
    held = make.in_session(post.database, numbers)
    for number in numbers:
        make.save(post.database, held, number)
    make.sign(post.database, held, numbers[0])
    make.closed(post.database, held)
    evening = clock.evening(make.MEETS + make.HOUR)
    assert clock.local(evening).hour == 18
    assert [to_the_chair(post, at) for at in (evening - make.MINUTE, evening, evening + DAY)] == [0, 1, 1]


def test_the_chair_who_has_signed_everything_by_the_evening_is_left_alone(post: Post) -> None:
    held, number = make.signed(post.database)
    make.closed(post.database, held)
    assert to_the_chair(post, clock.evening(make.MEETS + make.HOUR)) == 0
    assert make.state_of(post.database, number) == "decided"


def quiet(post: Post) -> None:
    """Count as sent what the building of a story owed."""
    with post.database.writing() as session:
        forget_owed(session, at=TUESDAY - DAY)


def test_all_that_is_late_on_a_morning_is_one_mail_and_what_is_new_the_next_is_another(post: Post) -> None:
    for day in (28, 29, 30):
        make.action(post.database, due=date(2026, 11, day))
    make.action(post.database, due=date(2026, 12, 1))
    quiet(post)
    for at in (TUESDAY, TUESDAY + DAY):
        assert about(morning(post, at), "något beslutat är försenat") == [COORDINATOR]
    assert about(morning(post, TUESDAY + 2 * DAY), "något beslutat är försenat") == []


def test_follow_ups_of_one_morning_are_one_reminder(post: Post) -> None:
    for _ in range(3):
        make.assignment(post.database, "inserted")
    quiet(post)
    day = datetime(2026, 12, 10, 7, 0, tzinfo=UTC)
    assert sorted(about(morning(post, day), "det är dags för en uppföljning")) == sorted([FUNCTION, REFERRER])


def test_the_week_begins_with_a_count_and_no_patient(post: Post) -> None:
    make.action(post.database, due=date(2026, 11, 30))
    post.work(TUESDAY)
    before = set(post.raws())
    assert about(morning(post, MONDAY), "veckans läge") == [COORDINATOR]
    assert about(morning(post, MONDAY + make.HOUR), "veckans läge") == []
    (digest,) = [parsed(raw) for raw in set(post.raws()) - before if "veckans" in str(parsed(raw)["Subject"])]
    text = digest.get_body(("plain",)).get_content()
    assert "åtgärder 1, uppföljningar 0, olästa svar 1" in text
    assert "/overdue" in text
    assert "Provlund" not in text
    assert "MDK-2026" not in text
    assert about(morning(post, MONDAY + 7 * DAY), "veckans läge") == [COORDINATOR]


def test_a_follow_up_is_reminded_of_on_its_day(post: Post) -> None:
    make.assignment(post.database, "inserted")
    day = datetime(2026, 12, 10, 7, 0, tzinfo=UTC)
    post.work(day - DAY)
    assert about(morning(post, day - DAY), "det är dags för en uppföljning") == []
    assert sorted(about(morning(post, day), "det är dags för en uppföljning")) == sorted([FUNCTION, REFERRER])
    assert about(morning(post, day + make.HOUR), "det är dags för en uppföljning") == []
