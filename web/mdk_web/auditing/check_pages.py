"""Pages of spot checks: the list, drawing one by lot, its rows, and what was found."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.errors import Invalid, Problem
from mdk.inspection import openings, queries, service
from mdk.inspection.structs import ConclusionBody
from mdk.people.rules import check_role
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.rendering import month
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
HERE = "/log/checks"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
MONTHS = 13


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    return _index(request)


def _index_again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    return _index(request, refusal=refusal, typed=Form(body))


@post(HERE, sync_to_thread=True)
@shown_again(again=_index_again)
def draw(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("log.check", visit.viewer)
        drawn = _month(Form(body).get("month", ""))
        check_id = service.draw(visit.session, month=drawn, by=visit.viewer, at=visit.at)
        return go(f"{HERE}/{check_id}", said="check-drawn")


@get(f"{HERE}/{{check_id:int}}", sync_to_thread=True)
def show(request: PageRequest, check_id: FromPath[int]) -> Page:
    return _check(request, check_id)


def _check_again(request: PageRequest, check_id: int, body: bytes, *, refusal: Refusal) -> Page:
    return _check(request, check_id, refusal=refusal, typed=Form(body))


@post(f"{HERE}/{{check_id:int}}/conclude", sync_to_thread=True)
@shown_again(again=_check_again)
def conclude(request: PageRequest, check_id: FromPath[int], body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("log.check", visit.viewer)
        found: ConclusionBody = Form(body).read(ConclusionBody)
        service.conclude(visit.session, check_id=check_id, body=found, by=visit.viewer, at=visit.at)
        return go(f"{HERE}/{check_id}", said="check-concluded")


def _index(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None) -> Page:
    with reading(request) as visit:
        lines = queries.checks(visit.session, by=visit.viewer, at=visit.at)
        today = clock.today(visit.at)
        left = openings.awaited(visit.session, by=visit.viewer, at=visit.at).month
        suggested = queries.suggestion(visit.session, today, by=visit.viewer)
        return page(
            visit,
            "auditing/checks.html",
            status=refusal.status,
            lines=lines,
            suggested=suggested,
            months=[(f"{first:%Y-%m}", month(first).capitalize()) for first in _latest(today)],
            done=any(line.month == suggested.month and line.concluded_at for line in lines),
            typed=typed or {"month": f"{left or today:%Y-%m}"},
            refusal=refusal,
        )


def _check(
    request: PageRequest, check_id: int, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None
) -> Page:
    with reading(request) as visit:
        check, lines = queries.check(visit.session, check_id, by=visit.viewer, at=visit.at)
        shown = {"check": check, "lines": lines, "refusal": refusal, "typed": typed or {}}
        return page(visit, "auditing/check.html", status=refusal.status, **shown)


def _month(text: str) -> date:
    found = _MONTH.fullmatch(text)
    if found is None:
        raise Invalid([Problem("month", "Välj en månad.")])
    return date(int(found[1]), int(found[2]), 1)


def _latest(day: date) -> list[date]:
    """The first days of the latest months, the present one first."""
    months = [day.replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


HANDLERS: list[Any] = [index, draw, show, conclude]
