"""Nothing that is owed is lost: a server that misbehaves in every way, and a worker that is killed anywhere."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

import make
from invites.post import Post, by_smtp, raw_of, read, rows, three_cases
from invites.test_delivery import Receiver, listening
from mdk.db import Database
from mdk.outbox.tables import OutboxState
from mdk_calendar.worker import run_once

EVERYONE = 6  # who is told of a conference with the three cases
REFUSED = make.email(make.SURGEON)


# ------------------------------------------------------------------------------------------------- a bad server
class Moody(Receiver):
    """Greylists each receiver once, then loses the connection before and after DATA, then delivers; refuses one."""

    def __init__(self) -> None:
        super().__init__()
        self.tries: Counter[str] = Counter()

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries[address] += 1
        envelope.rcpt_tos.append(address)
        if address == REFUSED:
            return "550 5.1.1 No such user"
        return "451 4.7.1 Greylisted" if self.tries[address] == 1 else "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        if self.tries[address] == 3:
            self.taken.append(envelope)  # it was taken over, and its sender never heard so
        if self.tries[address] in {2, 3} and server.transport is not None:
            server.transport.close()
        elif self.tries[address] > 3:
            self.taken.append(envelope)
        return "250 OK"


def test_each_mail_arrives_unchanged_or_the_coordinator_sees_why_not(database: Database, tmp_path: Path) -> None:  # F18
    post = Post(database, tmp_path)
    make.released(database, three_cases(database))
    with listening(moody := Moody()) as port:
        by_smtp(post, port)
        at = make.AT
        for _ in range(8):
            run_once(database, post.settings, at=at)
            at += timedelta(minutes=16)
    invited = [row for row in rows(database) if row.subject.startswith("MDK smärta: kallelse")]
    assert len(invited) == EVERYONE
    failed = [row for row in rows(database) if row.state != OutboxState.SENT]
    assert {(row.recipient, row.state, row.error) for row in failed} == {
        (REFUSED, OutboxState.FAILED, "550 5.1.1 No such user")
    }
    mails: dict[str, set[bytes]] = {}
    for envelope in moody.taken:
        mails.setdefault(envelope.rcpt_tos[0], set()).add(raw_of(envelope))
    for row in invited:
        if row.recipient != REFUSED:
            invitations = [raw for raw in mails[row.recipient] if read(raw)]
            assert len(invitations) == 1
    sent = [row for row in rows(database) if row.state == OutboxState.SENT]
    assert sum(map(len, mails.values())) == len(sent)
    assert len(moody.taken) > len(sent), "some were taken over twice"


# ------------------------------------------------------------------------------------------------- death anywhere
# One process forks a worker for each place; the worker kills itself at its n-th exchange with the store or the server.
DIES = """
import os, signal, smtplib, sys
from datetime import datetime, timedelta
from pathlib import Path
from sqlalchemy import event
from invites.post import settings
import stores
from mdk_calendar.worker import run_once

def work(die_at):
    database = stores.made(sys.argv[1])
    left = die_at
    def step(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    if die_at:
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(database.engine, name, step)
        told, answered = smtplib.SMTP.putcmd, smtplib.SMTP.getreply
        smtplib.SMTP.putcmd = lambda self, *args: (step(), told(self, *args))[1]
        smtplib.SMTP.getreply = lambda self: (answered(self), step())[0]
    run_once(database, settings(Path("none"), SMTP_URL=sys.argv[2]), at=at)
    os._exit(0)

at = datetime.fromisoformat(sys.argv[3])
for place in map(int, sys.argv[4].split(",")):
    child = os.fork()
    if not child:
        work(place)
    _, status = os.waitpid(child, 0)
    print(place, os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
    at += timedelta(minutes=6)
"""


def die_at(database_url: str, port: int, places: list[int]) -> list[tuple[int, int]]:
    """Run a worker for each place, one after the other, a lease apart; how each ended: 9 killed, 0 by itself."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    given = [database_url, f"smtp://127.0.0.1:{port}", make.AT.isoformat(), ",".join(map(str, places))]
    found = subprocess.run(
        [sys.executable, "-c", DIES, *given], env=environment, check=True, capture_output=True, text=True
    )
    pairs = [line.split() for line in found.stdout.splitlines() if line[:1].isdigit()]
    return [(int(place), int(how)) for place, how in (pair for pair in pairs if len(pair) == 2)]


def check_none_is_lost(database_url: str, database: Database, places: list[int]) -> int:
    """Kill a worker at each place, let the last one finish, and look at every mail; gives how many were killed."""
    make.released(database, three_cases(database))
    with listening(receiver := Receiver()) as port:
        ends = die_at(database_url, port, [*places, 0, 0])
    assert ends[-1] == (0, 0)
    every = rows(database)
    assert {row.state for row in every} == {OutboxState.SENT}
    assert {row.state for row in rows(database, "conference.changed")} == {OutboxState.SENT}
    arrived: dict[str, set[bytes]] = {}
    for envelope in receiver.taken:
        raw = raw_of(envelope)
        arrived.setdefault(raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode(), set()).add(raw)
    assert set(arrived) == {row.message_id for row in every}
    assert {len(copies) for copies in arrived.values()} == {1}
    told = [found for copies in arrived.values() for raw in copies if (found := read(raw))]
    assert len(told) == EVERYONE
    assert {found.sequence for found in told} == {0}
    return sum(how == 9 for _, how in ends)


def test_a_worker_killed_at_any_of_many_places_loses_no_mail_and_changes_none(
    sqlite_url: str, embedded: Database
) -> None:  # F3
    places = [1, 2, 3, 5, 8, 13, 21, 34, 55, 70, 80, 90, 100, 110, 120]
    assert check_none_is_lost(sqlite_url, embedded, places) >= len(places) - 3


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_worker_killed_at_every_place_loses_no_mail(database_url: str, database: Database) -> None:
    assert check_none_is_lost(database_url, database, list(range(1, 160))) >= 30
