"""The urgent lane's mails: who is told, who is reminded while it still holds, and never of a patient or a meeting."""

from pathlib import Path

import pytest

import make
from invites import forbidden
from invites.post import Post, notices, read, rows, texts
from mdk.db import Database
from mdk.outbox.service import conference_changed
from mdk_calendar import ledger

HALFWAY, DEADLINE = make.AT + 12 * make.HOUR, make.AT + make.DAY
PAGE = "https://mdk.example/"


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    make.people(database)
    return Post(database, tmp_path / "outbox")


def told(post: Post) -> set[tuple[str, str]]:
    return {(name, subject) for name, subject, page in notices(post) if page == PAGE and "bedömning" not in subject}


def test_the_members_the_consultant_and_the_referrer_are_told_at_once_and_nobody_is_invited(post: Post) -> None:
    make.urgent(post.database, make.submitted(post.database))
    assert post.work() == {}
    assert told(post) == {
        ("deltagare", "ditt yttrande behövs"),
        ("neurokirurgi", "ditt yttrande behövs"),
        ("konsult", "ett snabbspår är öppnat"),
        ("remittent.vaxjo", "ett ärende går i snabbspåret"),
    }


def test_only_who_has_not_answered_is_reminded_when_half_of_the_time_is_gone(post: Post) -> None:
    number = make.submitted(post.database)
    make.urgent(post.database, number)
    make.opine(post.database, number, make.NURSE)
    post.work(HALFWAY - make.MINUTE)
    assert not any(subject == "ditt yttrande saknas" for _, subject in told(post))
    post.work(HALFWAY)
    assert {name for name, subject in told(post) if subject == "ditt yttrande saknas"} == {"neurokirurgi"}


def test_the_consultant_is_told_when_all_have_answered_and_when_the_time_is_up(post: Post) -> None:
    number = make.submitted(post.database)
    make.urgent(post.database, number)
    for name in (make.NURSE, make.SURGEON):
        make.opine(post.database, number, name)
    post.work(DEADLINE)
    assert {subject for name, subject in told(post) if name == "konsult"} == {
        "ett snabbspår är öppnat",
        "alla har yttrat sig",
        "svarstiden är ute",
    }


def test_after_the_conclusion_nobody_is_reminded_and_nothing_is_left_to_send(post: Post) -> None:
    number = make.submitted(post.database)
    make.urgent(post.database, number)
    make.opine(post.database, number, make.NURSE)
    make.conclude(post.database, number)
    post.work(DEADLINE + make.HOUR)
    assert {"ditt yttrande saknas", "svarstiden är ute"} & {subject for _, subject in told(post)} == set()
    assert ("remittent.vaxjo", "ett protokoll är signerat") in told(post)
    topics = ("notice.urgent-reminder", "notice.urgent-deadline")
    assert [row.state for topic in topics for row in rows(post.database, topic)] == ["sent"] * 3


def test_no_mail_of_the_lane_tells_anything_of_the_patient(post: Post) -> None:
    number = make.submitted(post.database)
    make.urgent(post.database, number)
    make.opine(post.database, number, make.SURGEON, "Intern pump till Elsa Provlund.")
    post.work(DEADLINE)
    make.opine(post.database, number, make.NURSE, at=DEADLINE)
    make.conclude(post.database, number, at=DEADLINE + make.HOUR)
    post.work(DEADLINE + make.HOUR)
    raws = post.raws()
    assert len(raws) > 8
    assert all(read(raw) is None for raw in raws)
    hidden = forbidden.searcher(forbidden.words([make.document()], [number]) | {"patient", "Intern pump"})
    assert hidden.findall(forbidden.readable(" ".join([*map(texts, raws), *post.seen]))) == []


def test_even_a_changed_written_conference_invites_nobody(post: Post) -> None:
    number = make.submitted(post.database)
    make.urgent(post.database, number)
    key = make.ask_review(post.database, number).conference
    with post.database.writing() as session:
        conference_changed(session, key, at=make.AT)
        assert ledger.tell(session, key, settings=post.settings, at=make.AT) == 0
    assert post.work() == {}
