"""The addresses for what watches: liveness, readiness, and metrics in Prometheus' text format."""

import os
from contextlib import suppress
from hmac import compare_digest
from typing import Any, Final

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mdk import clock
from mdk.db import check_revision
from mdk.errors import NotFound, Unavailable
from mdk.outbox.queries import Standing, standing
from mdk.setting_checks import is_this_machine
from mdk_web.health import SEVERAL
from mdk_web.visits import PageRequest, database_of, settings_of

_OUTBOX: Final = {
    "due": "Mails and other work that should leave now.",
    "failed": "Work that was given up and waits for the coordinator.",
    "oldest_seconds": "How long the oldest of what should have left has waited.",
}


@get("/health/live", include_in_schema=False, sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", include_in_schema=False, sync_to_thread=True)
def ready(request: PageRequest) -> dict[str, str]:
    """The database answers and has the newest schema."""
    fault = check_revision(database_of(request))
    if fault:
        raise Unavailable(fault)
    return {"status": "ready"}


@get("/metrics", include_in_schema=False, sync_to_thread=True)
def metrics(request: PageRequest) -> Response[bytes]:
    """What this installation counts; for whoever shows the token, or asks from the machine itself where there is none.

    Raises `NotFound` for anyone else.
    """
    _check(request)
    counted: CollectorRegistry = REGISTRY
    if SEVERAL in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    _gauge(now, "mdk_live_streams", "Browsers that follow a conference through this process.").set(
        sum(1 for _ in request.app.state.streams)
    )
    is_there = _gauge(now, "mdk_store_up", "Whether the database answers.")
    with suppress(Unavailable), database_of(request).reading() as session:
        found = standing(session, at=clock.now())
        is_there.set(1)
        for name in Standing.__struct_fields__:
            _gauge(now, f"mdk_outbox_{name}", _OUTBOX[name]).set(getattr(found, name))
    return Response(generate_latest(counted) + generate_latest(now), media_type=CONTENT_TYPE_LATEST)


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
