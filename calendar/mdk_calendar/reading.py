"""Owns the reading of one published calendar in a process of its own, which may neither last nor grow.

Whatever a calendar holds, a rule that never ends, a million lines, a host that never answers, ends with this process.
"""

import resource
import subprocess
import sys
from datetime import datetime
from typing import Final

import msgspec

from mdk_calendar.fetching import Asked, Bounds, Failure, Unreadable, fetch
from mdk_calendar.published import busy_times

CPU_SECONDS: Final = 20
MEMORY: Final = 1024 * 1024 * 1024
PATIENCE: Final = 15.0  # what starting and unfolding may take beside the call itself


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read, for which time, and within which bounds."""

    asked: Asked
    bounds: Bounds
    since: datetime
    until: datetime
    cpu_seconds: int = CPU_SECONDS


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: the busy times (none given means unchanged) with the marks of the answer, or the failure."""

    times: list[tuple[datetime, datetime]] | None = None
    etag: str = ""
    modified: str = ""
    failure: Failure | None = None


def read_apart(order: Order) -> Reading:
    """Read a published calendar in a child process; whatever happens to it is told as a failure."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", "mdk_calendar.reading"],
            input=msgspec.json.encode(order),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=order.bounds.seconds + PATIENCE,
            check=True,
        )
        return msgspec.json.decode(child.stdout, type=Reading)
    except subprocess.TimeoutExpired:
        return Reading(failure="slow")
    except (subprocess.CalledProcessError, msgspec.DecodeError):
        return Reading(failure="too-heavy")


def read(order: Order) -> Reading:
    """Fetch and expand a calendar, here and now."""
    try:
        found = fetch(order.asked, bounds=order.bounds)
        times = None if found.body is None else busy_times(found.body, since=order.since, until=order.until)
    except Unreadable as fault:
        return Reading(failure=fault.failure)
    return Reading(times=times, etag=found.etag, modified=found.modified)


def main() -> None:
    """The child: reads its order from standard input and writes what came of it to standard output."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_seconds, order.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stdout.buffer.write(msgspec.json.encode(read(order)))


if __name__ == "__main__":
    main()
