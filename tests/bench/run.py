"""Measures what must be fast against its bare twin in one run, and prints both with their ratio."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table

import make
import postgres
import stores
from bench import invitations, live
from bench.costs import of_the_queue
from bench.load import DEMO, Measured, ask, percentile
from mdk import clock, parsing
from mdk.cases import service as cases
from mdk.cases.submission_structs import Submission
from mdk.db import Database, migrate, sqlite_file
from mdk.journey import demo
from mdk.people import sign_ins
from mdk.people.queries import viewer
from mdk_web.callers import SESSION_COOKIE

TESTS = Path(__file__).resolve().parents[1]
CASES = 50
CONNECTIONS = 8
REQUESTS = 400
ROUNDS = 8
AIM = 0.6


def main() -> None:
    """Measure invitations; then fill a queue, serve it, and measure page and twin in turns."""
    invitations.show(invitations.of_invitations())
    with tempfile.TemporaryDirectory() as folder:
        database = stores.made(sqlite_file(Path(folder) / "mdk.sqlite"))
        cookie = fill(database)
        with serving(database) as port:
            page, twin = asyncio.run(compare(port, cookie))
        parts = of_the_queue(database, cookie.partition("=")[2])
        database.close()
    show(page, twin)
    show_costs(parts)
    show_live()


def show_live() -> None:
    """From one browser's save to another's screen, on both stores where there are both."""
    with tempfile.TemporaryDirectory() as folder:
        database = stores.made(sqlite_file(Path(folder) / "mdk.sqlite"))
        _show_live(database, "SQLite")
    try:
        with postgres.running() as server:
            _show_live(stores.made(server.url(server.create())), "PostgreSQL")
    except postgres.NoPostgres as reason:
        Console().print(f"save to screen on PostgreSQL: {reason}")


def _show_live(database: Database, store: str) -> None:
    migrate(database)
    make.people(database)
    with serving(database) as port:
        live.show(database, port, store=store)
    database.close()


def fill(database: Database) -> str:
    """A queue of `CASES` accepted cases, and the session cookie of a coordinator."""
    migrate(database)
    at, samples = clock.now(), demo.sample_cases()
    with database.writing() as session:
        demo.load_people(session, at=at)
        referrer = viewer(session, email="remittent.vaxjo@demo.mdk")
        coordinator = viewer(session, email="samordnare@demo.mdk")
        for place in range(CASES):
            submission = parsing.parse(Submission, samples[place % len(samples)])
            case = cases.create(session, submission=submission, by=referrer, at=at)
            cases.submit(session, number=case.number, version=case.version, by=referrer, at=at)
            urgency = ("acute", "high", "normal")[place % 3]
            cases.accept(
                session,
                number=case.number,
                version=case.version,
                urgency=urgency,
                override_reason=None,
                by=coordinator,
                at=at,
            )
        value = sign_ins.sign_in(
            session, assignment_id=coordinator.assignment_id, at=at, address="127.0.0.1", door=DEMO
        )
    return f"{SESSION_COOKIE}={value}"


@contextmanager
def serving(database: Database) -> Iterator[int]:
    """One server process with one worker, as the program itself serves; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = database.url if database.is_sqlite else database.url.set(drivername="postgresql")
    environment = os.environ | {
        "MDK_DATABASE_URL": address.render_as_string(hide_password=False),
        "MDK_SECRET_KEY": make.SECRET,
        "MDK_BENCH_KEEP": "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-log", "--port", str(port)]
    with subprocess.Popen([*command, "bench.served:create"], env=environment) as server:
        try:
            _wait(port)
            yield port
        finally:
            server.terminate()


async def compare(port: int, cookie: str) -> tuple[list[Measured], list[Measured]]:
    """Page and twin in turns, so that a change of the machine's speed meets both."""
    await ask(port, "/queue", cookie, connections=1, requests=20)
    twin_path = "/bare?template=queue/index.html"
    await ask(port, twin_path, cookie, connections=1, requests=20)
    page, twin = [], []
    for _ in range(ROUNDS):
        page.append(await ask(port, "/queue", cookie, connections=CONNECTIONS, requests=REQUESTS))
        twin.append(await ask(port, twin_path, cookie, connections=CONNECTIONS, requests=REQUESTS))
    return page, twin


def show(page: list[Measured], twin: list[Measured]) -> None:
    """Print both rows and the median of the rounds' ratios: page and twin of one round met the same machine."""
    table = Table("queue page, 50 cases", "requests/s", "p50 ms", "p99 ms")
    for name, blocks in (("signed in, access-checked, logged", page), ("bare twin", twin)):
        latencies = [latency for block in blocks for latency in block.latencies]
        table.add_row(
            name, f"{_rate(blocks):.0f}", f"{percentile(latencies, 0.5):.1f}", f"{percentile(latencies, 0.99):.1f}"
        )
    console = Console(width=100)
    console.print(table)
    ratios = [ours.per_second / bare.per_second for ours, bare in zip(page, twin, strict=True)]
    console.print(f"ratio {statistics.median(ratios):.2f} (aim {AIM})")


def show_costs(parts: dict[str, float]) -> None:
    """Print what each part of the page costs and its share."""
    table = Table("what the page costs", "ms", "share")
    for name, cost in parts.items():
        table.add_row(name, f"{cost:.2f}", f"{cost / sum(parts.values()):.0%}")
    Console(width=100).print(table)


def _rate(blocks: list[Measured]) -> float:
    return statistics.median(block.per_second for block in blocks)


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(port)


if __name__ == "__main__":
    main()
