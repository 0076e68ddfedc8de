"""The API of series."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath, RawBody

from mdk.conferences import repeating, series
from mdk.conferences.series_structs import (
    EndBody,
    SeriesBody,
    SeriesChange,
    SeriesView,
    SkipBody,
)
from mdk.parsing import decode_json
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, paged, query_of
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_ACTS: Mapping[str, tuple[Callable[..., Any], type[msgspec.Struct]]] = {
    "skip": (repeating.skip, SkipBody),
    "end": (repeating.end_series, EndBody),
}


class SeriesPage(msgspec.Struct):
    """One page of series, by name."""

    items: list[SeriesView]
    next_cursor: str | None


@post("/series", opt=openapi.takes(SeriesBody, idempotent=True), sync_to_thread=True)
def create_series(request: PageRequest, body: RawBody) -> SeriesView:
    with api_writing(request) as visit:
        check_role("series.create", visit.viewer)
        given = body_of(SeriesBody, body)

        def make() -> str:
            return repeating.create_series(visit.session, body=given, by=visit.viewer, at=visit.at).id

        return _shown(visit, once(visit, "series", body, make))


@get("/series", opt=openapi.asks(Paging), sync_to_thread=True)
def index_series(request: PageRequest) -> SeriesPage:
    with api_reading(request) as visit:
        check_role("series.read", visit.viewer)
        query = query_of(request, Paging)
        found = series.series_list(visit.session, by=visit.viewer)
        return SeriesPage(*paged(found, query, lambda one: (one.name, one.id)))


@get("/series/{series_id:str}", sync_to_thread=True)
def show_series(request: PageRequest, series_id: FromPath[str]) -> SeriesView:
    with api_reading(request) as visit:
        return series.one_series(visit.session, series_id, by=visit.viewer)


@patch("/series/{series_id:str}", opt=openapi.takes(SeriesChange, versioned=True, merge=True), sync_to_thread=True)
def change_series(request: PageRequest, series_id: FromPath[str], body: RawBody) -> SeriesView:
    with api_writing(request) as visit:
        series.load_series(visit.session, series_id, act="series.change", by=visit.viewer)
        named: dict[str, Any] = {"series_id": series_id, "version": version_of(request)}
        repeating.change_series(visit.session, **named, changes=decode_json(body), by=visit.viewer, at=visit.at)
        return _shown(visit, series_id)


@post("/series/{series_id:str}/skip", opt=openapi.takes(SkipBody, versioned=True), status_code=200, sync_to_thread=True)
def skip_days(request: PageRequest, series_id: FromPath[str], body: RawBody) -> SeriesView:
    return _act(request, series_id, "skip", body)


@post("/series/{series_id:str}/end", opt=openapi.takes(EndBody, versioned=True), status_code=200, sync_to_thread=True)
def end_series(request: PageRequest, series_id: FromPath[str], body: RawBody) -> SeriesView:
    return _act(request, series_id, "end", body)


def _act(request: PageRequest, series_id: str, act: str, body: bytes) -> SeriesView:
    """Do one of `_ACTS`: first who may, then the version, then the content."""
    do, kind = _ACTS[act]
    with api_writing(request) as visit:
        series.load_series(visit.session, series_id, act=f"series.{act}", by=visit.viewer)
        version, content = version_of(request), msgspec.structs.asdict(body_of(kind, body))
        do(visit.session, series_id=series_id, version=version, by=visit.viewer, at=visit.at, **content)
        return _shown(visit, series_id)


def _shown(visit: Visit, series_id: str) -> SeriesView:
    """The series as it now is."""
    visit.session.flush()
    return series.one_series(visit.session, series_id, by=visit.viewer)


HANDLERS: list[Any] = [create_series, index_series, show_series, change_series, skip_days, end_series]
