"""A calendar server and a client for it, neither of them ours, keep an invitation through its life."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from caldav.davclient import DAVClient

from invites.sample import cancel, event
from mdk_calendar.events import Event
from mdk_calendar.ics import to_ics

# 13:00 in Stockholm before, between and after the changes of the clock, and in the hour that autumn repeats.
STARTS = [
    datetime(2026, 10, 24, 11, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 27, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 28, 11, 0, tzinfo=UTC),
]
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An empty calendar of a Radicale server, as a CalDAV client holds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("radicale")
    command = [sys.executable, "-m", "radicale", "--config", "", "--server-hosts", address, "--auth-type", "none"]
    command += ["--storage-filesystem-folder", str(folder / "collections"), "--logging-level", "error"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        try:
            _wait(address, server)
            client: Any = DAVClient(url=f"http://{address}/", username="sekreterare", password="x")
            with client:
                yield client.principal().make_calendar(name="Kalender")
        finally:
            server.terminate()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    host, port = address.split(":")
    for _ in range(300):
        try:
            socket.create_connection((host, int(port))).close()
        except OSError:
            assert server.poll() is None, "the calendar server did not start"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


def put(calendar: Any, told: Event) -> None:
    """Keep what a mail held, byte for byte: the client's own way of saving counts SEQUENCE up."""
    kind = {"Content-Type": "text/calendar; charset=utf-8"}
    answer = calendar.client.put(calendar.url.join(f"{told.uid}.ics"), to_ics(told).decode(), kind)
    assert answer.status in {201, 204}


def found(calendar: Any, uid: str, day: datetime) -> list[tuple[int, str, datetime, datetime]]:
    """What the server finds of an event on a day, with the instants that it understands."""
    midnight = day.replace(hour=0, minute=0)
    entries = [
        each.icalendar_component
        for each in calendar.search(start=midnight, end=midnight + timedelta(days=1), event=True, expand=False)
    ]
    return [
        (
            int(entry["SEQUENCE"]),
            str(entry["STATUS"]),
            entry["DTSTART"].dt.astimezone(UTC),
            entry["DTEND"].dt.astimezone(UTC),
        )
        for entry in entries
        if entry["UID"] == uid
    ]


@pytest.mark.parametrize("start", STARTS)
def test_a_calendar_server_keeps_invitation_change_and_cancellation_as_one_event(
    calendar: Any, start: datetime
) -> None:
    uid = f"{start:%Y%m%d%H}@mdk.example"
    later = start + timedelta(days=14)
    put(calendar, event(uid=uid, starts_at=start, ends_at=start + HOUR))
    assert found(calendar, uid, start) == [(0, "CONFIRMED", start, start + HOUR)]
    put(calendar, event(uid=uid, sequence=1, starts_at=later, ends_at=later + HOUR))
    assert found(calendar, uid, start) == []
    assert found(calendar, uid, later) == [(1, "CONFIRMED", later, later + HOUR)]
    put(calendar, cancel(uid=uid, sequence=2, starts_at=later, ends_at=later + HOUR))
    assert found(calendar, uid, later) == [(2, "CANCELLED", later, later + HOUR)]
