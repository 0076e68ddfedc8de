"""The API of the figures."""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import RawBody
from msgspec import Meta

from mdk import clock
from mdk.cases.submission_structs import RegionCode
from mdk.figures import prevalence, queries, service
from mdk.figures.goals import GoalLine
from mdk.figures.prevalence import Survey
from mdk.figures.structs import Statistics, SurveyBody
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import query_of
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, api_reading, api_writing, body_of


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


class Goals(msgspec.Struct):
    """Every goal of one year."""

    year: int
    items: list[GoalLine]


class Surveys(msgspec.Struct):
    """Every point prevalence, the newest first; the one that the report published is always there."""

    items: list[Survey]


@get("/goals", opt=openapi.asks(YearQuery), sync_to_thread=True)
def goals(request: PageRequest) -> Goals:
    """Every goal's level, and its value in each region with the change since the year before; small counts as above."""
    with api_reading(request) as visit:
        check_role("figures.read", visit.viewer)
        year = query_of(request, YearQuery).year or clock.today(visit.at).year
        return Goals(year, queries.goals(visit.session, year=year, by=visit.viewer, at=visit.at))


@get("/point-prevalences", sync_to_thread=True)
def surveys(request: PageRequest) -> Surveys:
    with api_reading(request) as visit:
        check_role("figures.read", visit.viewer)
        return Surveys(prevalence.surveys(visit.session))


@post("/point-prevalences", opt=openapi.takes(SurveyBody, idempotent=True), sync_to_thread=True)
def import_survey(request: PageRequest, body: RawBody) -> Survey:
    """Take in a point prevalence; one whose sums do not add up is refused whole, row by row."""
    with api_writing(request) as visit:
        check_role("prevalence.import", visit.viewer)
        said = body_of(SurveyBody, body)

        def make() -> str:
            service.import_prevalence(visit.session, body=said, by=visit.viewer, at=visit.at)
            return f"{said.year} {said.week}"

        made = once(visit, "point-prevalences", body, make)
        return next(one for one in prevalence.surveys(visit.session) if f"{one.year} {one.week}" == made)


HANDLERS: list[Any] = [statistics, goals, surveys, import_survey]
