"""Whose calendar changes when a case leaves an agenda that was let out."""

import pytest

import make
from invites.post import Post, later, rows, texts, three_cases
from make import CHAIR, CONSULTANT, NURSE, OTHER_REFERRER, REFERRER, SURGEON


@pytest.mark.parametrize("name", ["withdraw", "report_death"])
def test_whose_only_slot_is_gone_gets_a_cancel_and_who_comes_after_an_earlier_time(post: Post, name: str) -> None:
    vaxjo, lund, again = three_cases(post.database)
    make.released(post.database, [lund, vaxjo, again])
    before = post.work()
    make.report(post.database, lund, name, by=OTHER_REFERRER, at=later(1))
    mails = post.work(later(2))
    assert {(who, mail.method, mail.sequence) for who, mail in mails.items()} == {
        (OTHER_REFERRER, "CANCEL", 1),
        (REFERRER, "REQUEST", 1),
    }
    assert mails[OTHER_REFERRER].uid == before[OTHER_REFERRER].uid
    assert (before[REFERRER].span, mails[REFERRER].span) == (("12:15", "12:45"), ("12:00", "12:30"))


def test_the_whole_meeting_is_not_asked_anew_when_its_last_case_leaves(post: Post) -> None:
    number = make.accepted(make.people(post.database))
    make.released(post.database, [number])
    assert set(post.work()) == {CHAIR, CONSULTANT, NURSE, SURGEON, REFERRER}
    make.report(post.database, number, "report_death", at=later(1))
    assert {(who, mail.method) for who, mail in post.work(later(2)).items()} == {(REFERRER, "CANCEL")}


def test_a_case_that_leaves_a_meeting_that_has_begun_changes_no_calendar(post: Post) -> None:
    numbers = three_cases(post.database)
    make.in_session(post.database, numbers)
    post.work(make.MEETS)
    make.report(post.database, numbers[0], "report_death", at=make.MEETS)
    assert post.work(make.MEETS + make.MINUTE) == {}


@pytest.mark.parametrize("name", ["withdraw", "report_death", "report_deterioration"])
def test_a_notice_of_a_report_says_nothing_of_the_patient_nor_the_number(post: Post, name: str) -> None:
    _, number = make.signed(make.people(post.database), "intern_pump")
    post.work(make.MEETS)
    make.report(post.database, number, name, at=make.MEETS + make.MINUTE)
    known = len(post.raws())
    post.work(make.MEETS + 2 * make.MINUTE)
    new = [texts(raw) for raw in post.raws()[known:]]
    assert len(new) == 4  # coordinator, consultant, neurosurgery, and the home region that pays
    for text in new:
        for secret in (number, "Elsa", "Provlund", make.ADULT, "svälja", "Patienten", "avlid"):
            assert secret not in text
    assert all(row.state != "failed" for row in rows(post.database))
