"""Owns the answer to a calendar program that reads a person's feed, which shows a secret instead of signing in."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from litestar import Response, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from mdk import clock
from mdk.errors import NotFound
from mdk_calendar import feeds
from mdk_calendar.feeds import Served
from mdk_web.limits import FEEDS, UNKNOWN_LINKS, limited, limits_of, network_of
from mdk_web.visits import PageRequest, database_of

ENDING = ".ics"


@route(
    "/calendar/{file:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
    guards=[limited(FEEDS, UNKNOWN_LINKS)],
    sync_to_thread=True,
)
def feed(request: PageRequest, file: FromPath[str]) -> Response[bytes]:
    """The calendar, or 304 when the program has it already. Raises `NotFound`."""
    secret = file.removesuffix(ENDING) if file.endswith(ENDING) else ""
    with database_of(request).reading() as session:
        found = feeds.served(session, secret, at=clock.now())
    if found is None:
        limits_of(request).note(UNKNOWN_LINKS, network_of(request))
        raise NotFound
    headers = {
        "ETag": found.etag,
        "Last-Modified": format_datetime(found.changed_at.astimezone(UTC), usegmt=True),
        "Cache-Control": "private, max-age=900",
        "Vary": "Accept-Encoding",
    }
    if _has_it(request, found):
        return Response(b"", status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="mdk.ics"'
    return Response(found.body, media_type="text/calendar", headers=headers)


def _has_it(request: PageRequest, found: Served) -> bool:
    """Whether the caller's copy is this one; a tag goes before a time (RFC 9110, 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or found.etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    since = _time(request.headers.get("if-modified-since", ""))
    return since is not None and found.changed_at.replace(microsecond=0) <= since


def _time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
