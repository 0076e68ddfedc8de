"""Owns what is noted of every request: its id, one line in the log, and the counts; never an address, query or body."""

import time
import uuid
from typing import Any, Final

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

UNROUTED: Final = "none"
_ID: Final = "X-Request-ID"
_SILENT: Final = ("/health/", "/metrics", "/static/")  # asked every few seconds, and tell nothing when they answer
_LONG: Final = "/conferences/{conference_id}/live"  # open for as long as a page is
_log: Final[Any] = structlog.get_logger("mdk.request")

requests: Final = Counter("mdk_requests", "Answered requests.", ["method", "route", "status"])
seconds: Final = Histogram(
    "mdk_request_seconds",
    "Seconds from a request to the beginning of its answer.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class Observed(ASGIMiddleware):
    """Gives each request an id, which its log lines and its answer carry, and counts it by its route's template."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request_id, began = uuid.uuid4().hex, time.perf_counter()
        structlog.contextvars.bind_contextvars(request=request_id)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)[_ID] = request_id
                _note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        await next_app(scope, receive, noting)


def _note(scope: Scope, status: int, took: float) -> None:
    route = str(scope.get("path_template") or UNROUTED)
    method = str(scope.get("method", ""))
    requests.labels(method, route, str(status)).inc()
    if route != _LONG:
        seconds.labels(route).observe(took)
    if not route.startswith(_SILENT):
        _log.info("answered", method=method, route=route, status=status, ms=round(took * 1000, 1))
