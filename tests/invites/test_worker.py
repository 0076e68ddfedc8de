"""The worker: whom it tells of what, how it delivers, and how it fails."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

import make
from invites.post import (
    Post,
    by_smtp,
    change,
    later,
    move,
    notices,
    owe_notice,
    raw_of,
    read,
    rows,
    settings,
    three_cases,
)
from invites.test_delivery import Receiver, listening
from make import CHAIR, COORDINATOR, NURSE, REFERRER
from mdk.outbox import service as outbox
from mdk.outbox.queries import count_failed, lines, standing
from mdk.outbox.tables import OutboxState
from mdk.people import service as people
from mdk_calendar.worker import Worker, run_once


def states(post: Post) -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in rows(post.database)]


# ------------------------------------------------------------------------------------------------- notices
def test_the_acts_on_a_case_tell_those_who_must_move(post: Post) -> None:
    database = make.people(post.database)
    number = make.submitted(database)
    make.do(database, number, "request_supplement")
    make.do(database, number, "submit", by=REFERRER)
    make.do(database, number, "answer")
    for act in ("redirect", "decline"):
        make.do(database, make.submitted(database), act)
    post.work()
    assert notices(post) == [
        ("remittent.vaxjo", "en komplettering behövs", "https://mdk.example/"),
        ("remittent.vaxjo", "ett ärende tas inte upp", "https://mdk.example/"),
        ("remittent.vaxjo", "ett ärende är besvarat", "https://mdk.example/"),
        ("remittent.vaxjo", "ett ärende är hänvisat vidare", "https://mdk.example/"),
        *[("samordnare", "ett ärende väntar på bedömning", "https://mdk.example/")] * 4,
    ]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("intern_pump", ("neurokirurgi", "en ny remiss för implantation", "https://mdk.example/referrals")),
        ("extern_pump", ("funktion.kronoberg", "ett nytt pumpuppdrag", "https://mdk.example/assignments-inbox")),
    ],
)
def test_a_signature_tells_the_referrer_and_the_inbox_of_the_receiver(
    post: Post, outcome: str, told: tuple[str, str, str]
) -> None:
    make.signed(make.people(post.database), outcome)
    post.work(make.MEETS)
    assert set(notices(post)) >= {told, ("remittent.vaxjo", "ett protokoll är signerat", "https://mdk.example/")}


def test_a_supplement_to_a_released_case_tells_the_coordinator(post: Post) -> None:
    numbers = three_cases(post.database)
    make.released(post.database, numbers)
    make.do(post.database, numbers[0], "supplement", by=REFERRER)
    post.work()
    assert (COORDINATOR, "ett ärende är kompletterat", "https://mdk.example/") in notices(post)


def test_every_kind_that_the_core_owes_is_known(post: Post) -> None:
    make.signed(make.people(post.database), "intern_pump")
    post.work(make.MEETS)
    with post.database.reading() as session:
        assert count_failed(session) == 0


def test_an_unknown_kind_and_a_person_who_left_are_given_up_where_the_coordinator_sees_it(post: Post) -> None:
    make.people(post.database)
    owe_notice(post.database, kind="nonsense")
    owe_notice(post.database)
    with post.database.writing() as session:
        people.disable(session, email=make.email(REFERRER), at=make.AT)
    post.work()
    with post.database.reading() as session:
        assert [(line.topic, line.error.split(".")[0]) for line in lines(session)] == [
            ("notice.case-accepted", "Personen är inte längre aktiv i systemet"),
            ("notice.nonsense", "Meddelandet är av ett slag som systemet inte känner"),
        ]
    assert notices(post) == []


# ------------------------------------------------------------------------------------------------- delivery
def test_a_delivered_mail_is_settled_and_its_bytes_are_not_kept(post: Post) -> None:
    make.released(post.database, three_cases(post.database))
    post.work()
    assert {(row.state, row.message, row.error) for row in rows(post.database)} == {(OutboxState.SENT, "", "")}
    assert {row.topic for row in rows(post.database, "conference.changed")} == {"conference.changed"}
    assert run_once(post.database, post.settings, at=later(5)) == 0


def test_4xx_is_tried_again_later_with_the_same_bytes(post: Post) -> None:
    make.people(post.database)
    owe_notice(post.database)
    receiver = Receiver(rcpt="451 4.7.1 Greylisted")
    with listening(receiver) as port:
        by_smtp(post, port)
        assert run_once(post.database, post.settings, at=make.AT) == 2
        owed = rows(post.database)[0]
        assert (owed.state, owed.attempts, owed.error) == (OutboxState.OWED, 1, "451 4.7.1 Greylisted")
        assert run_once(post.database, post.settings, at=later(0.4)) == 0
        receiver.rcpt = "250 OK"
        assert run_once(post.database, post.settings, at=later(1)) == 1
    assert [envelope.content for envelope in receiver.taken] == [owed.message.encode()]
    assert [(envelope.mail_from, envelope.rcpt_tos) for envelope in receiver.taken] == [
        ("retur@mdk.example", [make.email(REFERRER)])
    ]
    assert states(post) == [(OutboxState.SENT, 1)]


def test_the_pause_grows_and_no_mail_is_lost_while_the_server_is_away(post: Post) -> None:  # F17
    make.people(post.database)
    owe_notice(post.database)
    by_smtp(post, 1)
    pauses, at = [], make.AT
    for _ in range(6):
        run_once(post.database, post.settings, at=at)
        pauses.append((rows(post.database)[0].due_at - at) / timedelta(minutes=1))
        at = rows(post.database)[0].due_at
    assert pauses == [0.5, 2, 5, 10, 15, 15]
    with listening(receiver := Receiver()) as port:
        run_once(post.database, by_smtp(post, port).settings, at=at)
    assert len(receiver.taken) == 1


def test_an_hour_without_a_server_sounds_the_alarm_and_ends_in_order(post: Post) -> None:  # F17
    make.people(post.database)
    for name in (REFERRER, NURSE, CHAIR):
        owe_notice(post.database, name)
    worker = Worker(post.database, by_smtp(post, 1).settings)
    with capture_logs() as lines:
        for minute in range(0, 61, 5):
            worker.turn(at=later(minute))
    alarms = [line["since"] for line in lines if line["event"] == "outbox.stuck"]
    assert alarms == [make.AT.isoformat()] * 3, "each ten minutes from the half hour on"
    with post.database.reading() as session:
        assert standing(session, at=later(60)).oldest_seconds == 3600
    with listening(receiver := Receiver()) as port:
        run_once(post.database, by_smtp(post, port).settings, at=later(75))
    told = [[make.email(name)] for name in (REFERRER, NURSE, CHAIR)]
    assert [envelope.rcpt_tos for envelope in receiver.taken[:3]] == told


def test_5xx_is_given_up_with_its_reason_and_sent_again_when_the_coordinator_asks(post: Post) -> None:  # F18
    make.people(post.database)
    owe_notice(post.database)
    receiver = Receiver(rcpt="550 5.1.1 No such user")
    with listening(receiver) as port:
        run_once(post.database, by_smtp(post, port).settings, at=make.AT)
        assert run_once(post.database, post.settings, at=later(600)) == 0
        with post.database.writing() as session:
            failed = lines(session)[0]
            outbox.send_again(session, failed.id, at=later(601))
        assert (failed.state, failed.error) == ("failed", "550 5.1.1 No such user")
        receiver.rcpt = "250 OK"
        assert run_once(post.database, post.settings, at=later(601)) == 1
    assert len(receiver.taken) == 1


def test_a_refused_invitation_that_is_changed_is_invited_anew(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    with listening(Receiver(rcpt="550 Full")) as port:
        run_once(post.database, by_smtp(post, port).settings, at=make.AT)
    post.settings = settings(post.folder)
    move(post.database, planned, make.MEETS + timedelta(hours=1))
    mails = post.work(later(1))
    assert {(mail.sequence, mail.subject.split()[0]) for mail in mails.values()} == {(1, "kallelse")}
    assert {row.state for row in rows(post.database) if row.key == planned} == {OutboxState.SENT}


def test_a_mail_that_may_have_arrived_is_followed_by_a_change_and_never_by_itself(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    with listening(receiver := Receiver(drop="DATA")) as port:
        run_once(post.database, by_smtp(post, port).settings, at=make.AT)
    first = {found.to for envelope in receiver.taken if (found := read(raw_of(envelope)))}
    assert len(first) == 6
    change(post.database, planned, members=[make.email(NURSE)])
    move(post.database, planned, make.MEETS + timedelta(hours=1))
    post.settings = settings(post.folder)
    mails = post.work(later(1))
    assert {(mail.method, mail.sequence) for name, mail in mails.items() if name == make.SURGEON} == {("CANCEL", 1)}
    assert (mails[CHAIR].subject.split()[0], mails[CHAIR].sequence, len(mails)) == ("ändrad", 1, 6)
    assert post.work(later(600)) == {}


def test_a_mail_to_someone_who_left_meanwhile_stays_here(post: Post) -> None:
    make.people(post.database)
    owe_notice(post.database)
    run_once(post.database, by_smtp(post, 1).settings, at=make.AT)
    with post.database.writing() as session:
        people.disable(session, email=make.email(REFERRER), at=make.AT)
    post.settings = settings(post.folder)
    post.work(later(1))
    assert (post.raws(), states(post)) == ([], [(OutboxState.FAILED, 2)])


def test_the_log_names_no_address_and_no_case(post: Post) -> None:
    numbers = three_cases(post.database)
    with capture_logs() as logged:
        make.released(post.database, numbers)
        with listening(Receiver(rcpt="550 5.1.1 <remittent.vaxjo@demo.mdk> unknown")) as port:
            run_once(post.database, by_smtp(post, port).settings, at=make.AT)
    assert {"conference.told", "mail.handled"} == {entry["event"] for entry in logged}
    assert not any(word in str(logged) for word in ("@", "MDK-", "Remitterius"))
