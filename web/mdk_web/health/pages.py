"""The addresses for what watches: liveness, readiness, and metrics in Prometheus' text format."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hmac import compare_digest
from typing import Any, Final, TypeVar

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mdk import clock
from mdk.db import Database, check_revision
from mdk.errors import NotFound, Unavailable
from mdk.outbox.queries import Standing, standing
from mdk.setting_checks import is_this_machine
from mdk_web.health import SEVERAL
from mdk_web.visits import PageRequest, database_of, settings_of

PATIENCE: Final = 2.0  # seconds within which the database answers what watches over it
_WATCH: Final = ThreadPoolExecutor(2, "mdk-watch")  # what watches never waits behind what people ask
_STORE: Final = {
    "up": "Whether the database answers.",
    "trusted": "Whether the disk below the database kept what it was told to.",
    "commit_seconds": "What the latest commits of this process took, in the median.",
}
_OUTBOX: Final = {
    "due": "Mails and other work that should leave now.",
    "failed": "Work that was given up and waits for the coordinator.",
    "oldest_seconds": "How long the oldest of what should have left has waited.",
}
T = TypeVar("T")


@get("/health/live", include_in_schema=False, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", include_in_schema=False)
async def ready(request: PageRequest) -> dict[str, str]:
    """The database answers in time, has the newest schema, and its disk is trusted; says so when that disk is slow."""
    database = database_of(request)
    await _in_time(_check_store, database)
    return {"status": "ready", **({"disk": "slow"} if database.disk.is_slow else {})}


@get("/metrics", include_in_schema=False)
async def metrics(request: PageRequest) -> Response[bytes]:
    """What this installation counts; for whoever shows the token, or asks from the machine itself where there is none.

    Raises `NotFound` for anyone else.
    """
    _check(request)
    counted: CollectorRegistry = REGISTRY
    if SEVERAL in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now, database = CollectorRegistry(), database_of(request)
    _gauge(now, "mdk_live_streams", "Browsers that follow a conference through this process.").set(
        sum(1 for _ in request.app.state.streams)
    )
    found = None
    with suppress(Unavailable):
        found = await _in_time(_standing, database)
    told = (found is not None, not database.disk.is_doubted, database.disk.commit_seconds)
    for (name, meaning), value in zip(_STORE.items(), told, strict=True):
        _gauge(now, f"mdk_store_{name}", meaning).set(value)
    for name in Standing.__struct_fields__ if found else ():
        _gauge(now, f"mdk_outbox_{name}", _OUTBOX[name]).set(getattr(found, name))
    return Response(generate_latest(counted) + generate_latest(now), media_type=CONTENT_TYPE_LATEST)


async def _in_time(ask: Callable[[Database], T], database: Database) -> T:
    """What the database answers. Raises `Unavailable` when it does not within `PATIENCE`."""
    asked = asyncio.get_running_loop().run_in_executor(_WATCH, ask, database)
    try:
        return await asyncio.wait_for(asked, PATIENCE)
    except TimeoutError as late:
        raise Unavailable from late


def _check_store(database: Database) -> None:
    database.check_disk()
    fault = check_revision(database)
    if fault:
        raise Unavailable(fault)


def _standing(database: Database) -> Standing:
    with database.reading() as session:
        return standing(session, at=clock.now())


def _check(request: PageRequest) -> None:
    token = settings_of(request)["METRICS_TOKEN"]
    if token:
        is_known = compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    else:
        is_known = is_this_machine(request.client.host if request.client else None)
    if not is_known or ("x-forwarded-for" in request.headers and not token):
        raise NotFound


def _gauge(registry: CollectorRegistry, name: str, meaning: str) -> Gauge:
    return Gauge(name, meaning, registry=registry)


HANDLERS: list[Any] = [live, ready, metrics]
