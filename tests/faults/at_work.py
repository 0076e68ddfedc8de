"""Owns a real server that is asked over the network while something befalls it, and what it answered."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import msgspec
from sqlalchemy import func, select
from sqlmodel import col

import hatched
import make
from mdk import bearers, clock, settings
from mdk.audit.queries import first_fault
from mdk.audit.tables import AccessLog
from mdk.cases.tables import Case
from mdk.db import Database
from running import serving

DRAFT = msgspec.json.encode(make.minimal())
PATIENT = make.FULL["patient"]["name"]


class AtWork:
    """A server, the database below it, and a referrer who calls it."""

    def __init__(self, database: Database, process: Popen[bytes] | ForkServerProcess, port: int) -> None:
        self.database, self.process, self.port = database, process, port
        self.address = f"http://127.0.0.1:{port}"
        self.headers = {"Authorization": f"Bearer {token(database)}"}

    def get(self, path: str, *, within: float = 30) -> httpx.Response:
        return httpx.get(self.address + path, headers=self.headers, timeout=within)

    def draft(self, *, within: float = 60) -> httpx.Response:
        """Make a case."""
        return httpx.post(f"{self.address}/api/v1/cases", content=DRAFT, headers=self.headers, timeout=within)

    def read(self, number: str, *, within: float = 60) -> httpx.Response:
        """Read a case."""
        return self.get(f"/api/v1/cases/{number}", within=within)

    def status(self, path: str, *, within: float = 30) -> int:
        return self.get(path, within=within).status_code

    def wait_until_ready(self, seconds: float) -> None:
        """Raises AssertionError when it is not ready after so many seconds."""
        wait_for(lambda: self.status("/health/ready") == 200, seconds)

    @contextmanager
    def load(self, people: int = 4) -> Iterator[list[httpx.Response]]:
        """So many people who make one case after the other, until the block ends; what they were answered."""
        answers: list[httpx.Response] = []
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                answers.append(self.draft())

        with ThreadPoolExecutor(people) as pool:
            working = [pool.submit(work) for _ in range(people)]
            try:
                yield answers
            finally:
                is_over.set()
        for each in working:
            each.result()


@contextmanager
def at_work(
    database: Database, data: Path, *, more: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[AtWork]:
    """A server on a database that gets the demo's people: as it is run, with `more` in its environment, or at once."""
    make.people(database)
    way = hatched.serving(database, data) if more is None else serving(database, data, more=more, log=log)
    with way as (process, port):
        yield AtWork(database, process, port)


def token(database: Database, name: str = make.REFERRER, *, at: datetime | None = None) -> str:
    """Someone's token, made now or at another time."""
    configured = settings.load({"MDK_SECRET_KEY": make.SECRET}, dotenv=Path("/dev/null"))
    by = make.viewer(database, name)
    return bearers.issue(
        make.SECRET,
        person_id=by.person_id,
        assignment_id=by.assignment_id,
        now=at or clock.now(),
        minutes=60,
        issuer=configured["BASE_URL"],
    )


def at_once(ask: Callable[[], httpx.Response], times: int) -> list[httpx.Response]:
    """The answers to the same question, asked so many times at the same time."""
    with ThreadPoolExecutor(times) as people:
        return [asked.result() for asked in [people.submit(ask) for _ in range(times)]]


def wait_for(is_so: Callable[[], object], seconds: float) -> None:
    """Raises AssertionError when it is not so after so many seconds."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, f"not so after {seconds} seconds"
        time.sleep(0.1)


def refused(answer: httpx.Response) -> bool:
    """Whether it is the calm refusal of a store that cannot be used, and tells of no patient."""
    assert PATIENT not in answer.text
    assert answer.status_code != 503 or answer.headers["retry-after"].isdecimal()
    return answer.status_code == 503


def made(database: Database) -> int:
    """How many cases there are; each with its row in the log, and the log's chain whole."""
    with database.reading() as session:
        found = session.scalar(select(func.count()).select_from(Case)) or 0
        told = session.scalar(select(func.count()).select_from(AccessLog).where(col(AccessLog.act) == "case.create"))
        assert told == found
        assert first_fault(session) is None
    return found


def numbers(answers: list[httpx.Response]) -> set[Any]:
    """The numbers of the cases that were acknowledged."""
    return {answer.json()["number"] for answer in answers if answer.status_code == 201}
