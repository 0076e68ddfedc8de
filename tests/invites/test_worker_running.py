"""The worker as it runs: killed in the midst of a mail, two at once, and its loop; nothing is lost or sent twice."""

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

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select
from sqlmodel import col
from structlog.testing import capture_logs

import make
import stores
from invites.post import Post, by_smtp, change, later, notices, owe_notice, raw_of, rows, three_cases
from invites.test_delivery import Receiver, listening
from make import COORDINATOR
from mdk import clock
from mdk.conferences import repeating
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxState
from mdk_calendar.worker import Worker, plan_series, run_once


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
