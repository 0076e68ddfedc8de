"""A machine whose clock is set while people work: the log keeps its order, nobody stays signed in, and it is told."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from faults.at_work import AtWork, at_work, made, token
from leftout import skip_or_fail
from mdk import clock
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.people import sign_ins
from mdk.people.structs import Door
from mdk_web.callers import SESSION_COOKIE

LEAP_DAY = datetime(2028, 2, 29, 12, 0, tzinfo=UTC)


class SetClock:
    """The clock of processes with its `environment`, which can be set while they run."""

    def __init__(self, folder: Path) -> None:
        library = next(iter(sorted(Path("/usr/lib").glob("**/libfaketimeMT.so.1"))), None)
        if library is None:
            skip_or_fail("no faketime here: install faketime to see what a clock does that is set")
        self._file = folder / "clock"
        self.set(timedelta())
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, by: timedelta) -> None:
        """So much before or after the right time."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{by.total_seconds():+.0f}")
        part.replace(self._file)


def session_of(database: Database) -> str:
    """The cookie of a coordinator who has just signed in."""
    with database.writing() as session:
        by = make.viewer(database, make.COORDINATOR)
        value = sign_ins.sign_in(
            session, assignment_id=by.assignment_id, at=clock.now(), address="127.0.0.1", door=Door(issuer="")
        )
    return f"{SESSION_COOKIE}={value}"


def authorized(served: AtWork, name: str, by: timedelta) -> dict[str, str]:
    """What someone shows whose token was made at the server's time."""
    return {"Authorization": f"Bearer {token(served.database, name, at=clock.now() + by)}"}


def test_a_clock_that_is_set_keeps_the_log_in_order_nobody_signed_in_and_is_told_of(
    embedded: Database, tmp_path: Path
) -> None:  # F24
    set_clock, log = SetClock(tmp_path), tmp_path / "log"
    more = {**set_clock.environment, "MDK_LOG_FORMAT": "json"}
    with at_work(embedded, tmp_path, more=more, log=log) as served:
        make.accepted(embedded, at=clock.now() - make.DAY)
        cookie = {"Cookie": session_of(embedded)}
        right = timedelta()
        jumps = [right, make.HOUR, -make.HOUR, -3652 * make.DAY, LEAP_DAY - clock.now(), right]
        opened, drafted, queues = [], [], []
        for by in jumps:
            set_clock.set(by)
            opened.append(httpx.get(f"{served.address}/queue", headers=cookie, timeout=30).status_code)
            served.headers = authorized(served, make.REFERRER, by)
            drafted.append(served.draft().status_code)
            served.headers = authorized(served, make.COORDINATOR, by)
            queues.append([line["clock"] for line in served.get("/api/v1/queue").json()["items"]])
        assert opened == [200, 303, 303, 303, 303, 200]
        assert drafted == [201] * len(jumps)
    assert made(embedded) == 1 + len(jumps)
    with embedded.reading() as session:
        rows = session.scalars(select(AccessLog).where(col(AccessLog.act) == "case.create").order_by(col(AccessLog.id)))
        kept = [row.at for row in rows][1:]
    assert [round((one - clock.now() - by).total_seconds() / 600) for one, by in zip(kept, jumps, strict=True)] == [
        0
    ] * 6
    assert queues[0] != queues[4], "a deadline is counted anew from the time that it is"
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "clock.jumped"]
    assert [line["seconds"] for line in told] == [
        pytest.approx((after - before).total_seconds(), abs=60) for before, after in pairwise(jumps)
    ]
