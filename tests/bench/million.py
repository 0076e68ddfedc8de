"""Measures pages at a thousand and at a million cases in one run, on both stores, and prints what each costs more."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import stores
from bench.bulk import grow, seed
from bench.load import DEMO, ask
from bench.run import serving
from mdk import clock
from mdk.db import Database, migrate, sqlite_file
from mdk.people import sign_ins
from mdk.people.queries import viewer
from mdk_web.callers import SESSION_COOKIE
from postgres import NoPostgres, Server, running

MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000  # whole thousands
AIM = 1.2
ROUNDS, REQUESTS = 6, 6
WHO = {"coordinator": "samordnare@demo.mdk", "referrer": "remittent.vaxjo@demo.mdk"}
PAGES = (
    ("queue", "coordinator", "/queue"),
    ("queue, those of Kronoberg", "coordinator", "/queue?region=kronoberg"),
    ("queue, children", "coordinator", "/queue?show=child"),
    ("triage", "coordinator", "/triage"),
    ("Mitt arbete", "coordinator", "/"),
    ("Mitt arbete", "referrer", "/"),
    ("cases", "coordinator", "/cases"),
    ("cases of a region, ended", "coordinator", "/cases?state=ended&region=halland"),
    ("cases", "referrer", "/cases"),
    ("search, many hits", "coordinator", "/cases?q=smärta"),
    ("search, one hit", "coordinator", "/cases?q=MDK-2020-000777"),
    ("search, no hit", "coordinator", "/cases?q=xylofon"),
)


class Site(NamedTuple):
    """A served database and the session cookies of those who look."""

    port: int
    cookies: dict[str, str]


def main() -> None:
    """Fill and serve each store small and large, and measure both in turns."""
    with tempfile.TemporaryDirectory() as folder:
        compared("SQLite", *(stores.made(sqlite_file(Path(folder) / f"{name}.sqlite")) for name in ("small", "large")))
    try:
        with running() as server:
            compared("PostgreSQL", *_created(server))
    except NoPostgres as missing:
        Console().print(f"PostgreSQL left out: {missing}")


def compared(store: str, small: Database, large: Database) -> None:
    """Fill both databases of one store, measure every page of both, and print the table."""
    began = time.perf_counter()
    cookies = [_filled(small, 1), _filled(large, MANY // 1000)]
    Console().print(f"{store}: loaded in {time.perf_counter() - began:.0f} s")
    with ExitStack() as stack:
        sites = [
            Site(stack.enter_context(serving(database)), signed_in)
            for database, signed_in in zip((small, large), cookies, strict=True)
        ]
        found = {(page, who): asyncio.run(_measured(sites, who, path)) for page, who, path in PAGES}
    small.close()
    large.close()
    _show(store, found)


def _created(server: Server) -> Iterator[Database]:
    for _ in range(2):
        yield stores.made(server.url(server.create()))


def _filled(database: Database, times: int) -> dict[str, str]:
    migrate(database)
    at = clock.now()
    seed(database, at=at)
    grow(database, times)
    with database.writing() as session:
        return {
            name: f"{SESSION_COOKIE}="
            + sign_ins.sign_in(
                session,
                assignment_id=viewer(session, email=email).assignment_id,
                at=at,
                address="127.0.0.1",
                door=DEMO,
            )
            for name, email in WHO.items()
        }


async def _measured(sites: list[Site], who: str, path: str) -> list[float]:
    """Milliseconds of a page on each site, asked in turns: the quickest tenth, which a busy machine disturbs least."""
    latencies: list[list[float]] = [[] for _ in sites]
    for each in range(ROUNDS + 1):
        for site, times in zip(sites, latencies, strict=True):
            found = await ask(site.port, quoted(path), site.cookies[who], connections=1, requests=REQUESTS)
            times.extend(found.latencies if each else [])
    return [statistics.quantiles(times, n=10)[0] for times in latencies]


def quoted(path: str) -> str:
    """The path as it goes over the wire."""
    return path.replace("ä", "%C3%A4")


def _show(store: str, found: dict[tuple[str, str], list[float]]) -> None:
    table = Table(f"{store}: page", "who", "1,000 cases, ms", f"{MANY:,} cases, ms", "ratio")
    for (page, who), (few, many) in found.items():
        table.add_row(page, who, f"{few:.1f}", f"{many:.1f}", f"{many / few:.2f}")
    Console(width=100).print(table, f"the queue's ratio is to stay within {AIM}")


if __name__ == "__main__":
    main()
