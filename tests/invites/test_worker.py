"""The worker: what it delivers, how it fails, and that nothing is lost when it dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select
from sqlmodel import col
from structlog.testing import capture_logs

import make
import stores
from invites.post import Post, change, later, move, parsed, read, rows, settings, three_cases
from invites.test_delivery import Receiver, listening
from make import CHAIR, COORDINATOR, NURSE, REFERRER
from mdk import clock
from mdk.conferences import repeating
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.outbox import service as outbox
from mdk.outbox.queries import count_failed, lines, standing
from mdk.outbox.tables import OutboxState
from mdk.people import service as people
from mdk_calendar.worker import Worker, plan_series, run_once


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    return Post(database, tmp_path / "outbox")


def by_smtp(post: Post, port: int) -> Post:
    """The same worker, sending to a server."""
    post.settings = settings(post.folder, SMTP_URL=f"smtp://127.0.0.1:{port}", MAIL_FROM="retur@mdk.example")
    return post


def notices(post: Post) -> list[tuple[str, str, str]]:
    """Of each mail without a calendar: to whom, the subject, and the page it leads to."""
    found = []
    for raw in post.raws():
        if read(raw) is None:
            message = parsed(raw)
            body = message.get_body(("plain",))
            link = body.get_content().splitlines()[2].rpartition(" ")[2]
            found.append((message["To"].addresses[0].username, message["Subject"].removeprefix("MDK smärta: "), link))
    return sorted(found)


def owe_notice(database: Database, name: str = REFERRER, kind: str = "case-accepted") -> None:
    person = make.viewer(database, name)
    with database.writing() as session:
        outbox.notice(session, kind, person_id=person.person_id, key="MDK-2026-0001", at=make.AT)


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


# ------------------------------------------------------------------------------------------------- death
class Killer(Receiver):
    """A server that takes a mail over and kills its sender before answering, as many times as told."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.victim: int | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        if self.times:
            self.times -= 1
            os.kill(self.victim or 0, signal.SIGKILL)
        return "250 OK"


RUN = """
import sys, time
from datetime import datetime
from pathlib import Path
from invites.post import settings
import stores
from mdk_calendar.worker import run_once
sys.stdin.readline()
run_once(stores.made(sys.argv[1]), settings(Path("none"), SMTP_URL=sys.argv[2]), at=datetime.fromisoformat(sys.argv[3]))
"""


def run_apart(database_url: str, port: int, killer: Killer, at: str) -> int:
    """Run the worker in a process of its own, which the server may kill; gives its exit code."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", RUN, database_url, f"smtp://127.0.0.1:{port}", at]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as process:
        killer.victim = process.pid
        process.communicate(b"\n")
        return process.returncode


def test_a_worker_killed_after_the_server_took_the_mail_sends_identical_bytes_again(
    database_url: str, database: Database
) -> None:  # F3
    make.released(database, three_cases(database)[:1])
    with listening(killer := Killer(times=2)) as port:
        for kill in range(2):
            at = make.AT + kill * outbox.LEASE
            assert run_apart(database_url, port, killer, at.isoformat()) == -signal.SIGKILL
        assert run_apart(database_url, port, killer, (make.AT + 2 * outbox.LEASE).isoformat()) == 0
    contents = [raw_of(envelope) for envelope in killer.taken]
    assert len(rows(database)) == len(set(contents)) == len(contents) - 2
    assert {row.state for row in rows(database)} == {OutboxState.SENT}


def test_what_a_dead_worker_held_waits_for_its_lease_and_then_leaves(post: Post) -> None:
    make.people(post.database)
    owe_notice(post.database)
    with post.database.writing() as session:
        assert len(outbox.claim(session, at=make.AT)) == 1
    assert run_once(post.database, post.settings, at=later(4)) == 0
    assert run_once(post.database, post.settings, at=later(5)) == 2
    assert len(post.raws()) == 1


def test_two_workers_at_once_send_each_mail_once(post: Post) -> None:
    make.released(post.database, three_cases(post.database))
    with listening(receiver := Receiver()) as port:
        by_smtp(post, port)
        both = [
            threading.Thread(target=run_once, args=(post.database, post.settings), kwargs={"at": make.AT})
            for _ in range(2)
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(30)
        run_once(post.database, post.settings, at=later(30))
    assert len(receiver.taken) == len({raw_of(envelope) for envelope in receiver.taken}) == len(rows(post.database))


# ------------------------------------------------------------------------------------------------- the loop
@contextmanager
def running(worker: Worker) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_mail_lies_in_the_folder_at_most_two_seconds_after_the_act(post: Post) -> None:
    make.people(post.database)
    with running(Worker(post.database, post.settings)):
        time.sleep(0.3)
        began = time.monotonic()
        make.submitted(post.database, at=clock.now())
        while not list(post.folder.glob("*.eml")) and time.monotonic() - began < 5:
            time.sleep(0.02)
        assert time.monotonic() - began < 2


def test_the_loop_survives_a_store_that_cannot_be_used(post: Post, tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite").touch()
    broken = stores.made(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with capture_logs() as logged, running(Worker(broken, post.settings)) as thread:
        time.sleep(0.5)
        assert thread.is_alive()
    broken.close()
    assert {(entry["event"], entry["fault"]) for entry in logged} == {
        ("worker.planning_failed", "Unavailable"),
        ("worker.errand_failed", "Unavailable"),
        ("worker.calendars_failed", "Unavailable"),
        ("worker.round_failed", "Unavailable"),
    }


def test_a_row_that_cannot_be_handled_waits_and_holds_up_no_other(post: Post) -> None:
    planned = make.released(post.database, three_cases(post.database))
    with post.database.writing() as session:
        broken: Any = session.get_one(Conference, planned)
        broken.duration_minutes = 0
    post.work()
    waiting = rows(post.database, "conference.changed")[0]
    assert (waiting.state, waiting.error, waiting.attempts) == (OutboxState.OWED, "ValueError", 1)
    assert len(notices(post)) == 6
    change(post.database, planned, duration_minutes=60)
    assert len(post.work(make.AT)) == 6


def test_series_are_planned_ahead_once_a_day_by_the_system(post: Post) -> None:
    make.people(post.database)
    make.act(post.database, COORDINATOR, repeating.create_series, body=make.series_plan())
    worker = Worker(post.database, post.settings)
    before = count_conferences(post.database)
    worker.turn(at=make.AT + timedelta(days=14))
    assert count_conferences(post.database) == before + 2
    assert plan_series(post.database, at=make.AT + timedelta(days=14)) == 0


def count_conferences(database: Database) -> int:
    query = select(func.count()).where(col(Conference.series_id).isnot(None))
    with database.reading() as session:
        return session.scalar(query) or 0


def raw_of(envelope: Envelope) -> bytes:
    content = envelope.content
    assert isinstance(content, bytes)
    return content
