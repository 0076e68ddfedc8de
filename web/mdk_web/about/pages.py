"""The pages about the system itself: purpose and version, accessibility, what is logged, and whom to tell."""

import re
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from typing import Any

from litestar import MediaType, Response, get

from mdk import clock
from mdk.db import MIGRATIONS
from mdk_web.rendering import render
from mdk_web.visits import PageRequest, settings_of

CHANGELOG = MIGRATIONS.parent / "CHANGELOG.md"
_SECURITY_TEXT_LASTS = timedelta(days=180)


@get("/about", sync_to_thread=True)
def about() -> Response[str]:
    return _page("about/about.html", version=version("mdk-smarta"), changes=changes())


@get("/about/accessibility", sync_to_thread=True)
def accessibility(request: PageRequest) -> Response[str]:
    return _page("about/accessibility.html", contact=settings_of(request)["ORGANIZER"])


@get("/about/logging", sync_to_thread=True)
def logging(request: PageRequest) -> Response[str]:
    return _page("about/logging.html", contact=settings_of(request)["ORGANIZER"])


@get("/.well-known/security.txt", sync_to_thread=True)
def security(request: PageRequest) -> Response[str]:
    """Whom to tell of a weakness, as RFC 9116 wants it."""
    settings = settings_of(request)
    address = settings["BASE_URL"].rstrip("/")
    until = (clock.now() + _SECURITY_TEXT_LASTS).strftime("%Y-%m-%dT00:00:00Z")
    lines = (
        f"Contact: mailto:{settings['ORGANIZER']}",
        f"Expires: {until}",
        "Preferred-Languages: sv, en",
        f"Canonical: {address}/.well-known/security.txt",
        f"Policy: {address}/about",
    )
    return Response("\n".join(lines) + "\n", media_type=MediaType.TEXT)


@cache
def changes() -> list[tuple[str, list[str]]]:
    """The changelog: each version with its lines, newest first."""
    found: list[tuple[str, list[str]]] = []
    for line in CHANGELOG.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found.append((line.removeprefix("## "), []))
        elif line.startswith("- ") and found:
            found[-1][1].append(re.sub(r"[*`]", "", line.removeprefix("- ")))
    return found


def _page(template: str, **context: Any) -> Response[str]:
    return Response(render(template, **context), media_type=MediaType.HTML)


HANDLERS: list[Any] = [about, accessibility, logging, security]
