"""Owns what every call of the API shares: who may come in at all, its query, and its lists page by page."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, Protocol, TypeVar, cast

import msgspec
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from msgspec import Meta

from mdk import parsing
from mdk.clock import STOCKHOLM
from mdk.cursors import DEFAULT_LIMIT, MAX_LIMIT, pack, unpack
from mdk.errors import NotFound
from mdk.tokens import TokenRefused
from mdk_web.denials import turn_away
from mdk_web.errors import SignInNeeded
from mdk_web.formkit import Form
from mdk_web.limits import CALLS, limits_of
from mdk_web.visits import PageRequest, bearer_of, known_address

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
T = TypeVar("T")


class HasId(Protocol):
    """A line with a number of its own."""

    @property
    def id(self) -> int: ...


Kept = TypeVar("Kept", bound=HasId)


class Paging(msgspec.Struct, kw_only=True):
    """What every list takes: how many rows, and the mark that the page before gave."""

    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


async def let_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Turn away who has no valid token before anything is read, an id that nothing can have, and who asks too often.

    Raises `SignInNeeded`, `TokenRefused`, `TooMany`, `NotFound`.
    """
    try:
        bearer = bearer_of(connection)
    except (SignInNeeded, TokenRefused) as refusal:
        await sync_to_thread(partial(turn_away, connection, refusal, surface="api"))
        raise
    await limits_of(connection).take_soon(CALLS, str(bearer.person_id))
    await known_address(connection, handler)


def query_of(request: PageRequest, kind: type[T], shape: Callable[[str, str], str] = lambda _name, text: text) -> T:
    """The query as a struct; what the struct does not name is passed over, and what is empty counts as not given.

    `shape` may rewrite a value before it is read. Raises `Invalid` with every bad value.
    """
    named = parsing.fields_of(cast("type", kind))
    plain: Mapping[str, Any] = Form(request.scope["query_string"]).plain(kind)  # type: ignore[arg-type]
    raw = {
        name: shape(name, value) if isinstance(value, str) else value for name, value in plain.items() if name in named
    }
    return parsing.parse(kind, raw)


def paged(found: list[T], query: Paging, place: Callable[[T], tuple[str, str]]) -> tuple[list[T], str | None]:
    """One page of what was read whole, in order of `place`, and the cursor of the next one."""
    last = tuple(unpack(query.cursor, tuple[str, str])) if query.cursor else ("", "")
    left = [one for one in sorted(found, key=place) if place(one) > last]
    page = left[: query.limit]
    return page, pack(place(page[-1])) if len(left) > len(page) else None


def the_one(lines: list[Kept], key: str) -> Kept:
    """The line of a list that has an id. Raises `NotFound` when it has gone meanwhile."""
    found = next((line for line in lines if str(line.id) == key), None)
    if found is None:
        raise NotFound
    return found


def instant(name: str, text: str) -> str:
    """A time of a query as it is parsed: a bare day is the whole Swedish day, up to and including one named `to`."""
    if not _DAY.fullmatch(text):
        return text.replace(" ", "+")
    try:
        day = date.fromisoformat(text) + timedelta(days=name == "to")
    except (ValueError, OverflowError):
        return text
    return datetime.combine(day, time(), STOCKHOLM).isoformat()
