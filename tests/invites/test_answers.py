"""An answer holds while the times are those that it was given to, and until its giver is told of others."""

import json
import runpy
from datetime import timedelta

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

import make
from invites.post import Post, change, later, move, rerelease, three_cases, write_only
from make import CHAIR, MEETS, NURSE, OTHER_REFERRER, REFERRER, SURGEON
from mdk.conferences import service as conferences
from mdk.conferences.answer_structs import GivenAnswer, KeptAnswer
from mdk.conferences.answers import record
from mdk.conferences.tables import Participation
from mdk.parsing import parse
from mdk_calendar.queries import current_invitation
from tree import ROOT


def answer_of(post: Post, conference_id: str, name: str) -> str:
    with post.database.reading() as session:
        return session.get_one(Participation, (conference_id, make.viewer(post.database, name).person_id)).partstat


def test_a_move_is_told_to_everyone_and_asks_anew(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    make.act(post.database, CHAIR, conferences.reply, conference_id=planned, partstat="ACCEPTED", comment=None)
    move(post.database, planned, MEETS + timedelta(days=7))
    mails = post.work(later(1))
    assert {(mail.sequence, mail.partstat, mail.starts_at.date().isoformat()) for mail in mails.values()} == {
        (1, "NEEDS-ACTION", "2026-12-02")
    }
    assert len(mails) == 6


def test_only_those_whose_time_changed_are_asked_anew(post: Post) -> None:
    first, second, third = three_cases(post.database)
    planned = make.released(post.database, [first, second, third])
    post.work()
    for name in (OTHER_REFERRER, CHAIR):
        make.act(post.database, name, conferences.reply, conference_id=planned, partstat="ACCEPTED", comment=None)
    rerelease(post.database, planned, [second, first, third])
    assert post.work(later(1))[OTHER_REFERRER].partstat == "NEEDS-ACTION"
    assert (answer_of(post, planned, OTHER_REFERRER), answer_of(post, planned, CHAIR)) == ("NEEDS-ACTION", "ACCEPTED")


def answered(post: Post, planned: str, name: str = CHAIR, partstat: str = "ACCEPTED", minutes: float = 0) -> None:
    """An answer on the conference's page."""
    given = {"conference_id": planned, "partstat": partstat, "comment": None, "at": later(minutes)}
    make.act(post.database, name, conferences.reply, **given)


def there_and_back(post: Post, planned: str) -> None:
    for days in (7, 0):
        move(post.database, planned, MEETS + timedelta(days=days))


def test_a_move_there_and_back_of_which_nobody_heard_leaves_every_answer_as_it_was(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned)
    there_and_back(post, planned)
    assert answer_of(post, planned, CHAIR) == "ACCEPTED"
    assert (post.work(later(1)), answer_of(post, planned, CHAIR)) == ({}, "ACCEPTED")
    assert answer_of(post, planned, OTHER_REFERRER) == "NEEDS-ACTION"


def test_so_does_one_that_was_written_and_had_not_left(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned)
    move(post.database, planned, MEETS + timedelta(days=7))
    write_only(post, planned)
    move(post.database, planned, MEETS)
    assert (post.work(later(1)), answer_of(post, planned, CHAIR)) == ({}, "ACCEPTED")


def test_a_move_there_and_back_with_a_new_link_tells_the_link_and_keeps_the_answer(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned)
    there_and_back(post, planned)
    change(post.database, planned, video_url="https://video.example/nytt")
    assert post.work(later(1))[CHAIR].partstat == "ACCEPTED"


def test_once_the_move_was_told_the_way_back_asks_anew_and_an_older_answer_never_returns(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned)
    move(post.database, planned, MEETS + timedelta(days=7))
    assert post.work(later(1))[CHAIR].partstat == "NEEDS-ACTION"
    for days in (14, 7):
        move(post.database, planned, MEETS + timedelta(days=days))
        write_only(post, planned)
    assert (post.work(later(2)), answer_of(post, planned, CHAIR)) == ({}, "NEEDS-ACTION")
    move(post.database, planned, MEETS)
    assert post.work(later(3))[CHAIR].partstat == "NEEDS-ACTION"


def test_someone_dropped_and_put_back_before_they_heard_keeps_the_answer(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned, NURSE)
    for is_written in (False, True):
        change(post.database, planned, members=[make.email(SURGEON)])
        if is_written:
            write_only(post, planned)
        change(post.database, planned, members=[make.email(NURSE), make.email(SURGEON)])
        assert (post.work(later(1 + is_written)), answer_of(post, planned, NURSE)) == ({}, "ACCEPTED")


def test_an_answer_on_the_page_to_a_new_time_holds_and_one_by_the_old_link_does_not(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    move(post.database, planned, MEETS + timedelta(days=7))
    answered(post, planned, minutes=1)
    nurse = make.viewer(post.database, NURSE)
    with post.database.writing() as session:
        told = current_invitation(session, planned, nurse.person_id)
        assert told is not None
        by_link = GivenAnswer(partstat="ACCEPTED", via="link", to=told.times)
        record(session, conference_id=planned, person_id=nurse.person_id, given=by_link, by=nurse, at=later(1))
    mails = post.work(later(2))
    assert (mails[CHAIR].partstat, mails[NURSE].partstat) == ("ACCEPTED", "NEEDS-ACTION")
    move(post.database, planned, MEETS)
    mails = post.work(later(3))
    assert (mails[CHAIR].partstat, mails[NURSE].partstat) == ("NEEDS-ACTION", "NEEDS-ACTION")


def test_an_answer_on_the_page_before_anyone_was_told_is_to_the_times_that_the_page_showed(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    answered(post, planned)
    change(post.database, planned, duration_minutes=90)
    assert answer_of(post, planned, CHAIR) == "NEEDS-ACTION"
    change(post.database, planned, duration_minutes=60)
    assert (post.work(later(1))[CHAIR].partstat, answer_of(post, planned, CHAIR)) == ("ACCEPTED", "ACCEPTED")
    change(post.database, planned, duration_minutes=90)
    assert post.work(later(2))[CHAIR].partstat == "NEEDS-ACTION"


def test_a_move_to_the_same_time_tells_nobody_and_keeps_the_answers(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    answered(post, planned)
    move(post.database, planned, MEETS)
    assert (post.work(later(1)), answer_of(post, planned, CHAIR)) == ({}, "ACCEPTED")


def test_a_new_link_is_told_to_everyone_and_keeps_their_answers(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    make.act(post.database, CHAIR, conferences.reply, conference_id=planned, partstat="ACCEPTED", comment=None)
    change(post.database, planned, video_url="https://video.example/nytt")
    mails = post.work(later(1))
    assert len(mails) == 6
    assert (mails[CHAIR].subject, mails[CHAIR].partstat) == ("ändrad kallelse ons 25 nov 13:00", "ACCEPTED")
    assert "https://video.example/nytt" in mails[CHAIR].description


def test_what_was_answered_before_answers_had_times_is_an_answer_to_those_that_held(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    for name, partstat in ((CHAIR, "ACCEPTED"), (REFERRER, "TENTATIVE"), (OTHER_REFERRER, "DECLINED")):
        answered(post, planned, name, partstat)
    asked = text("SELECT given FROM participation ORDER BY person_id")
    with post.database.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        before = [json.loads(given) for given in connection.scalars(asked)]
        migration = runpy.run_path(
            str(next((ROOT / "infra" / "migrations" / "versions").glob("*_answers_to_times.py")))
        )
        migration["downgrade"]()
        migration["upgrade"]()
        after = [json.loads(given) for given in connection.scalars(asked)]
    assert parse(list[list[KeptAnswer]], after) == parse(list[list[KeptAnswer]], before)
    assert sum(map(len, after)) == 3
