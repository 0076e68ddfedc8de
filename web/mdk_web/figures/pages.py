"""The pages of the figures, and the same as files."""

from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.figures import prevalence, queries, service
from mdk.figures.rules import INTERN_PUMP_COST
from mdk.people.rules import check_role, may_ever
from mdk_web.calls import query_of
from mdk_web.figures import forms, sheets
from mdk_web.figures.api import YearQuery
from mdk_web.figures.shown import taken
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]


@get("/figures", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        year = _year(visit)
        found = queries.statistics(visit.session, year=year, by=visit.viewer, at=visit.at)
        survey = prevalence.newest(visit.session)
        return page(
            visit,
            "figures/index.html",
            found=found,
            years=_years(visit.at),
            survey=survey,
            cost=INTERN_PUMP_COST,
            taken=taken,
        )


@get("/figures/goals", sync_to_thread=True)
def goals(request: PageRequest) -> Page:
    return _goals(request)


@post("/figures/goals/{goal:str}", sync_to_thread=True)
@shown_again(again=lambda request, goal, body, refusal: _goals(request, goal=goal, body=body, refusal=refusal))
def set_goal(request: PageRequest, goal: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("figures.set-goal", visit.viewer)
        form = Form(body)
        level = forms.goal_of(form, goal)
        service.set_goal(visit.session, goal=goal, version=form.version(), body=level, by=visit.viewer, at=visit.at)
        return go("/figures/goals", said="goal-set")


@get("/figures/questions", sync_to_thread=True)
def questions(request: PageRequest) -> Page:
    with reading(request) as visit:
        year = clock.today(visit.at).year
        years = queries.treated(visit.session, last=year, by=visit.viewer, at=visit.at)
        found = queries.statistics(visit.session, year=year, by=visit.viewer, at=visit.at)
        return page(visit, "figures/questions.html", years=years, found=found)


@get("/figures/prevalence", sync_to_thread=True)
def surveys(request: PageRequest) -> Page:
    return _surveys(request)


@post("/figures/prevalence", sync_to_thread=True)
@shown_again(again=lambda request, body, refusal: _surveys(request, body=body, refusal=refusal))
def import_survey(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("prevalence.import", visit.viewer)
        service.import_prevalence(visit.session, body=forms.survey_of(Form(body)), by=visit.viewer, at=visit.at)
        return go("/figures/prevalence", said="prevalence-imported")


@get("/figures/figures.csv", sync_to_thread=True)
def figures_sheet(request: PageRequest) -> Page:
    """Files have every small count hidden, whoever asks: a file goes further than its reader."""
    with reading(request) as visit:
        year = _year(visit)
        found = queries.statistics(visit.session, year=year, by=visit.viewer, at=visit.at, hide=True)
        return sheets.download(f"uppfoljning-{year}", sheets.of_statistics(found))


@get("/figures/places.csv", sync_to_thread=True)
def places_sheet(request: PageRequest) -> Page:
    with reading(request) as visit:
        year = _year(visit)
        found = queries.statistics(visit.session, year=year, by=visit.viewer, at=visit.at, hide=True)
        return sheets.download(f"orter-{year}", sheets.of_places(found))


@get("/figures/goals.csv", sync_to_thread=True)
def goals_sheet(request: PageRequest) -> Page:
    with reading(request) as visit:
        year = _year(visit)
        lines = queries.goals(visit.session, year=year, by=visit.viewer, at=visit.at, hide=True)
        return sheets.download(f"mal-{year}", sheets.of_goals(lines))


def _goals(request: PageRequest, *, goal: str = "", body: bytes = b"", refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        year = _year(visit)
        lines = queries.goals(visit.session, year=year, by=visit.viewer, at=visit.at)
        return page(
            visit,
            "figures/goals.html",
            status=refusal.status,
            lines=lines,
            year=year,
            years=_years(visit.at),
            may_set=may_ever("figures.set-goal", visit.viewer),
            refused=goal,
            typed=Form(body),
            refusal=refusal,
        )


def _surveys(request: PageRequest, *, body: bytes = b"", refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        check_role("figures.read", visit.viewer)
        return page(
            visit,
            "figures/prevalence.html",
            status=refusal.status,
            surveys=prevalence.surveys(visit.session),
            may_import=may_ever("prevalence.import", visit.viewer),
            typed=Form(body),
            refusal=refusal,
        )


def _year(visit: Visit) -> int:
    query: YearQuery = query_of(visit.request, YearQuery)
    return query.year or clock.today(visit.at).year


def _years(at: datetime) -> list[int]:
    return list(range(clock.today(at).year, queries.FIRST_YEAR - 1, -1))


SHEETS: list[Any] = [figures_sheet, places_sheet, goals_sheet]
HANDLERS: list[Any] = [index, goals, set_goal, questions, surveys, import_survey, *SHEETS]
