"""Many at once who ask badly: who drip, who leave in the middle, who only stay; and a server that is told to stop."""

import contextlib
import resource
import signal
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import httpx
import pytest
from sqlalchemy import text

from faults.at_work import DRAFT, AtWork, at_work, made, numbers, wait_for
from mdk.db import Database

RESET = struct.pack("ii", 1, 0)  # closing sends a reset, as a machine does that is switched off


def asking(served: AtWork, *, promised: int = len(DRAFT)) -> bytes:
    """The request that makes a case, with a body that is announced as so long."""
    head = f"POST /api/v1/cases HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {served.headers['Authorization']}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {promised}\r\n\r\n".encode() + DRAFT


def open_transactions(database: Database) -> int:
    """How many others are in the middle of one."""
    if database.is_sqlite:
        with database.writing():  # raises Unavailable when somebody still holds the lock
            return 0
    with database.engine.connect() as connection:
        found = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return int(connection.execute(text(f"{found} AND state LIKE 'idle in transaction%'")).scalar_one())


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for as many open lines as the machine allows."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_thousand_that_stay_two_hundred_that_drip_and_two_hundred_that_leave_cost_nobody_an_answer(
    database: Database, tmp_path: Path, many_files: None
) -> None:  # F16, idle-connections
    with at_work(database, tmp_path, more={}) as served, ExitStack() as lines:
        place = ("127.0.0.1", served.port)
        idle = [lines.enter_context(socket.create_connection(place)) for _ in range(1000)]
        for _ in range(200):
            lines.enter_context(socket.create_connection(place)).sendall(asking(served, promised=10_000))
        whole = asking(served)
        for _ in range(200):
            with socket.create_connection(place) as line:
                line.sendall(whole)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert [served.status(path, within=10) for path in ("/health/ready", "/about")] == [200, 200]
        assert served.draft(within=30).status_code == 201
        wait_for(lambda: open_transactions(database) == 0, 30)
        assert made(database) >= 1
        idle[0].sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        idle[0].settimeout(10)
        assert idle[0].recv(100).startswith(b"HTTP/1.1 200")


def test_a_server_that_is_told_to_stop_answers_what_it_has_begun_and_leaves_nothing_open(
    database: Database, tmp_path: Path
) -> None:  # F28
    with at_work(database, tmp_path, more={}) as served, ThreadPoolExecutor(50) as people:
        assert isinstance(served.process, Popen)
        assert served.draft().status_code == 201
        asked = [people.submit(served.draft) for _ in range(50)]
        wait_for(lambda: sum(each.done() for each in asked) >= 10, 60)
        database.close()
        served.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert served.process.wait(10) == 0
        assert time.monotonic() - began < 10
        answers = []
        for each in asked:
            with contextlib.suppress(httpx.ConnectError, httpx.RemoteProtocolError):
                answers.append(each.result())
    if database.is_sqlite:
        place = Path(database.url.database or "")
        assert [left.name for left in place.parent.glob(f"{place.name}-*")] == []
    assert open_transactions(database) == 0
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert len(numbers(answers)) + 1 == made(database), "whoever was not answered was not heard"
