"""Who is owed which mail when a conference is released, changed, moved or cancelled."""

import re
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

import make
from invites import forbidden
from invites.post import Post, cancel, change, later, move, read, rerelease, rows, texts, three_cases, write_only
from make import CHAIR, CONSULTANT, MEETS, NURSE, OTHER_REFERRER, PAEDIATRIC, REFERRER, SURGEON
from mdk.cases.submission_structs import Submission
from mdk.conferences.tables import Participation
from mdk.db import Database
from mdk.journey.demo import PEOPLE, sample_cases
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxState
from mdk.parsing import parse
from mdk.people import service as people
from mdk.people.tables import Person
from mdk_calendar import ledger
from mdk_calendar.queries import current_invitation, invitation_ics

NAMES = {person.email.removesuffix("@demo.mdk"): person.name for person in PEOPLE}
TEAM = {CHAIR, CONSULTANT, NURSE, SURGEON}
WHOLE = ("12:00", "13:00")


def test_nothing_is_mailed_before_the_first_release(post: Post) -> None:
    planned = make.conference(post.database, three_cases(post.database))
    move(post.database, planned, MEETS + timedelta(hours=1))
    assert post.work() == {}


def test_a_release_owes_each_person_one_mail_and_the_coordinator_none(post: Post) -> None:
    make.released(post.database, three_cases(post.database))
    mails = post.work()
    assert set(mails) == TEAM | {REFERRER, OTHER_REFERRER}
    assert {(mail.method, mail.sequence, mail.subject) for name, mail in mails.items() if name in TEAM} == {
        ("REQUEST", 0, "kallelse ons 25 nov 13:00")
    }
    assert {mail.span for name, mail in mails.items() if name in TEAM} == {WHOLE}
    assert len({mail.uid for mail in mails.values()}) == 6
    assert all(re.fullmatch(r"[0-9a-f]{32}@mdk\.example", mail.uid) for mail in mails.values())


def test_a_referrer_is_asked_from_the_first_own_slot_to_the_end_of_the_last_and_sees_each(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    mails = post.work()
    assert mails[REFERRER].span == ("12:00", "12:45")
    assert mails[REFERRER].description.splitlines()[1:] == [
        "3 ärenden",
        "Din tid: 13:00–13:15",
        "Din tid: 13:30–13:45",
        "Anslut: https://video.example/mdk",
        f"Konferensens sida: https://mdk.example/conferences/{planned}",
    ]
    assert mails[OTHER_REFERRER].span == ("12:15", "12:30")


def test_a_second_run_owes_nothing(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    assert (post.work(later(1)), len(rows(post.database))) == ({}, len(post.raws()))
    with post.database.writing() as session:
        assert ledger.tell(session, planned, settings=post.settings, at=later(2)) == 0


def test_reordered_slots_are_told_only_to_those_whose_time_changed(post: Post) -> None:
    first, second, third = three_cases(post.database)
    planned = make.released(post.database, [first, second, third])
    before = post.work()
    rerelease(post.database, planned, [first, third, second])
    mails = post.work(later(1))
    assert {name: (mail.method, mail.sequence, mail.span) for name, mail in mails.items()} == {
        REFERRER: ("REQUEST", 1, ("12:00", "12:30")),
        OTHER_REFERRER: ("REQUEST", 1, ("12:30", "12:45")),
    }
    assert mails[REFERRER].uid == before[REFERRER].uid
    assert mails[REFERRER].subject == "ändrad tid ons 25 nov 13:00"


def test_a_changed_number_of_cases_alone_is_told_to_nobody(post: Post) -> None:
    numbers = three_cases(post.database)
    planned = make.released(post.database, numbers[:2])
    post.work()
    late = make.accepted(post.database, by="remittent.halmstad")
    rerelease(post.database, planned, [*numbers[:2], late])
    assert set(post.work(later(1))) == {"remittent.halmstad"}


def test_a_cancelled_conference_is_told_to_everyone_as_a_cancel_of_the_same_event(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    before = post.work()
    cancel(post.database, planned)
    mails = post.work(later(1))
    assert {name: (mail.method, mail.uid, mail.sequence) for name, mail in mails.items()} == {
        name: ("CANCEL", mail.uid, 1) for name, mail in before.items()
    }
    assert mails[OTHER_REFERRER].subject == "inställd ons 25 nov 13:15"
    assert post.work(later(2)) == {}


def test_a_dropped_member_gets_a_cancel_and_an_invitation_again_when_put_back(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    before = post.work()
    change(post.database, planned, members=[make.email(NURSE)])
    dropped = post.work(later(1))
    assert {name: (mail.method, mail.subject) for name, mail in dropped.items()} == {
        SURGEON: ("CANCEL", "avbokad ons 25 nov 13:00")
    }
    move(post.database, planned, MEETS + timedelta(hours=1))
    assert SURGEON not in post.work(later(2))
    change(post.database, planned, members=[make.email(NURSE), make.email(SURGEON)])
    back = post.work(later(3))
    assert {name: (mail.method, mail.uid, mail.sequence, mail.subject) for name, mail in back.items()} == {
        SURGEON: ("REQUEST", before[SURGEON].uid, 2, "kallelse ons 25 nov 14:00")
    }


def test_a_deputy_who_takes_over_is_invited_and_the_consultant_stays(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    change(post.database, planned, deputy=make.email(PAEDIATRIC))
    assert {name: mail.method for name, mail in post.work(later(1)).items()} == {PAEDIATRIC: "REQUEST"}


def test_two_changes_before_the_worker_ran_become_one_mail(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    move(post.database, planned, MEETS + timedelta(hours=1))
    change(post.database, planned, video_url="https://video.example/nytt")
    mails = post.work(later(1))
    assert {(mail.sequence, mail.subject.split()[0]) for mail in mails.values()} == {(0, "kallelse")}
    assert mails[CHAIR].span == ("13:00", "14:00")


def test_a_mail_that_was_written_and_has_not_left_is_replaced_by_the_newer_one(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    write_only(post, planned)
    move(post.database, planned, MEETS + timedelta(hours=1))
    mails = post.work(later(1))
    assert len(mails) == 6
    assert {(mail.sequence, mail.subject) for name, mail in mails.items() if name in TEAM} == {
        (1, "kallelse ons 25 nov 14:00")
    }


def test_someone_dropped_before_the_first_mail_left_hears_nothing_at_all(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    write_only(post, planned)
    change(post.database, planned, members=[make.email(NURSE)])
    assert SURGEON not in post.work(later(1))
    change(post.database, planned, members=[make.email(NURSE), make.email(SURGEON)])
    assert post.work(later(2))[SURGEON].method == "REQUEST"


def test_what_was_changed_back_before_anyone_heard_is_told_to_nobody(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    move(post.database, planned, MEETS + timedelta(hours=1))
    write_only(post, planned)
    move(post.database, planned, MEETS)
    assert post.work(later(1)) == {}
    move(post.database, planned, MEETS + timedelta(hours=2))
    assert {mail.sequence for mail in post.work(later(2)).values()} == {2}


def test_the_paediatric_team_is_invited_to_a_child_and_leaves_with_it(post: Post) -> None:
    numbers = three_cases(post.database)
    child = make.accepted(post.database, make.submission(**{"patient.identity_number": make.CHILD}))
    planned = make.released(post.database, [child, *numbers[1:]])
    assert post.work()[PAEDIATRIC].span == WHOLE
    rerelease(post.database, planned, numbers[1:])
    assert post.work(later(1))[PAEDIATRIC].method == "CANCEL"


def test_a_case_taken_off_the_agenda_releases_its_referrer_and_moves_the_ones_after_it(post: Post) -> None:
    first, second, third = three_cases(post.database)
    planned = make.released(post.database, [second, first, third])
    post.work()
    rerelease(post.database, planned, [first, third])
    assert {name: (mail.method, mail.span) for name, mail in post.work(later(1)).items()} == {
        OTHER_REFERRER: ("CANCEL", ("12:00", "12:15")),
        REFERRER: ("REQUEST", ("12:00", "12:30")),
    }


def test_a_member_who_presents_a_case_has_the_whole_meeting_and_sees_the_own_slot(post: Post) -> None:
    numbers = three_cases(post.database)
    make.released(post.database, numbers, members=[make.email(NURSE), make.email(OTHER_REFERRER)])
    mail = post.work()[OTHER_REFERRER]
    assert mail.span == WHOLE
    assert "Din tid: 13:15–13:30" in mail.description


def test_a_person_who_stopped_being_active_gets_nothing_more(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    with post.database.writing() as session:
        people.disable(session, email=make.email(NURSE), at=make.AT)
    move(post.database, planned, MEETS + timedelta(hours=1))
    assert set(post.work(later(1))) == (TEAM - {NURSE}) | {REFERRER, OTHER_REFERRER}


def test_whoever_has_a_new_address_is_invited_there_and_the_event_is_taken_back_from_the_old_one(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    before = post.work()[NURSE]
    readdress(post.database, NURSE, "ny.adress@demo.mdk")
    move(post.database, planned, MEETS + timedelta(hours=1))
    mails = post.work(later(1))
    old, new = mails[NURSE], mails["ny.adress"]
    assert (old.method, old.uid, old.sequence, old.span) == ("CANCEL", before.uid, 1, WHOLE)
    assert (new.method, new.uid, new.sequence, new.subject) == (
        "REQUEST", before.uid, 2, "kallelse ons 25 nov 14:00",
    )  # fmt: skip
    cancel(post.database, planned)
    last = post.work(later(2))
    assert (NURSE in last, last["ny.adress"].method, last["ny.adress"].sequence) == (False, "CANCEL", 3)


def test_a_cancellation_goes_to_the_address_that_holds_the_event(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    post.work()
    readdress(post.database, NURSE, "ny.adress@demo.mdk")
    cancel(post.database, planned)
    mails = post.work(later(1))
    assert (mails[NURSE].method, mails[NURSE].sequence, "ny.adress" in mails) == ("CANCEL", 1, False)
    assert post.work(later(2)) == {}


def test_an_address_that_cannot_be_used_fails_alone_and_is_sent_once_mended(post: Post) -> None:
    numbers = three_cases(post.database)
    readdress(post.database, NURSE, '"sjuk sköterska"@demo.mdk')
    planned = make.released(post.database, numbers, members=[make.email(SURGEON)])
    with post.database.writing() as session:
        session.add(Participation(conference_id=planned, person_id=person_id(post.database, NURSE), role="member"))
    assert set(post.work()) == (TEAM - {NURSE}) | {REFERRER, OTHER_REFERRER}
    failed = [row for row in rows(post.database) if row.state == OutboxState.FAILED]
    assert [row.error for row in failed] == ["E-postadressen kan inte användas. Rätta den på personens sida."]
    send_again(post, failed[0].id or 0)
    assert post.work(later(1)) == {}
    assert [row.state for row in rows(post.database) if row.recipient.startswith('"')] == [OutboxState.FAILED]
    readdress(post.database, NURSE, make.email(NURSE))
    send_again(post, failed[0].id or 0)
    assert {name: mail.subject for name, mail in post.work(later(2)).items()} == {NURSE: "kallelse ons 25 nov 13:00"}
    assert OutboxState.FAILED not in {row.state for row in rows(post.database)}


def test_english_readers_are_written_to_in_english(post: Post) -> None:
    numbers = three_cases(post.database)
    with post.database.writing() as session:
        session.get_one(Person, person_id(post.database, NURSE)).language = "en"
    make.released(post.database, numbers)
    assert post.work()[NURSE].subject == "invitation Wed 25 Nov 13:00"


def test_the_current_invitation_is_what_was_told_last_a_cancel_too(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    surgeon = person_id(post.database, SURGEON)
    with post.database.reading() as session:
        assert invitation_ics(session, planned, surgeon) is None
    post.work()
    change(post.database, planned, members=[make.email(NURSE)])
    post.work(later(1))
    with post.database.reading() as session:
        event = current_invitation(session, planned, surgeon)
        assert (event.method, event.sequence) == ("CANCEL", 1)
        assert b"METHOD:CANCEL" in (invitation_ics(session, planned, surgeon) or b"")
        assert current_invitation(session, planned, person_id(post.database, make.COORDINATOR)) is None


def test_no_mail_holds_anything_of_a_patient(post: Post) -> None:  # F21
    database = make.people(post.database)
    documents = sample_cases()
    referrers = [REFERRER, OTHER_REFERRER, "remittent.halmstad", "remittent.karlskrona"]
    numbers = []
    for place, document in enumerate(documents):
        numbers.append(make.submitted(database, parse(Submission, document), by=referrers[place % 4]))
        make.do(database, numbers[-1], "accept", override_reason="Visas trots luckor.")
    make.do(database, make.submitted(database), "request_supplement")
    planned = make.released(database, numbers, duration_minutes=240, minutes_each=10)
    post.work()
    rerelease(database, planned, numbers[::-1], minutes_each=10)
    post.work(later(1))
    cancel(database, planned)
    post.work(later(2))
    raws = post.raws()
    assert sum(read(raw) is not None for raw in raws) == 9 + 4 + 9
    assert len(raws) == 22 + 17 + 16 + 1
    hidden = forbidden.searcher(forbidden.words(documents, numbers) | {"patient"})
    assert hidden.findall(forbidden.readable(" ".join([*map(texts, raws), *post.seen]))) == []


def person_id(database: Database, name: str) -> int:
    with database.reading() as session:
        found = session.scalar(select(Person).where(col(Person.name) == NAMES[name]))
        assert found is not None
        return found.id or 0


def readdress(database: Database, name: str, address: str) -> None:
    with database.writing() as session:
        session.get_one(Person, person_id(database, name)).email = address


def send_again(post: Post, row_id: int) -> None:
    with post.database.writing() as session:
        outbox.send_again(session, row_id, at=make.AT)
