"""The API of the figures."""

from typing import Annotated, Any

import msgspec
from litestar import get
from msgspec import Meta

from mdk import clock
from mdk.cases.structs import RegionCode
from mdk.figures import queries
from mdk.figures.structs import Statistics
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import query_of
from mdk_web.visits import PageRequest, api_reading


class YearQuery(msgspec.Struct, kw_only=True):
    """A year, this one when none is given, and a region, all four when none is given."""

    year: Annotated[int, Meta(ge=2020, le=2100)] | None = None
    region: RegionCode | None = None


@get("/statistics", opt=openapi.asks(YearQuery), sync_to_thread=True)
def statistics(request: PageRequest) -> Statistics:
    """The figures of one year; counts of 1–4, and what would give them away, are null for the steering group."""
    with api_reading(request) as visit:
        check_role("figures.read", visit.viewer)
        query = query_of(request, YearQuery)
        return queries.statistics(
            visit.session,
            year=query.year or clock.today(visit.at).year,
            region=query.region,
            by=visit.viewer,
            at=visit.at,
        )


HANDLERS: list[Any] = [statistics]
