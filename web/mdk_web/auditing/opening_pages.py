"""Pages of emergency openings: which wait for review, what was read through each, and whether its reason held."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.inspection import openings, service
from mdk.inspection.structs import ConclusionBody
from mdk.people.rules import check_role
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
HERE = "/log/openings"


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        waiting, reviewed = openings.openings(visit.session, by=visit.viewer, at=visit.at)
        return page(visit, "auditing/openings.html", waiting=waiting, reviewed=reviewed, many=openings.SHOWN)


@get(f"{HERE}/{{log_id:int}}", sync_to_thread=True)
def show(request: PageRequest, log_id: FromPath[int]) -> Page:
    return _show(request, log_id)


def _again(request: PageRequest, log_id: int, body: bytes, *, refusal: Refusal) -> Page:
    return _show(request, log_id, refusal=refusal, typed=Form(body))


@post(f"{HERE}/{{log_id:int}}/review", sync_to_thread=True)
@shown_again(again=_again)
def review(request: PageRequest, log_id: FromPath[int], body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("log.check", visit.viewer)
        found: ConclusionBody = Form(body).read(ConclusionBody)
        service.review(visit.session, log_id, found, by=visit.viewer, at=visit.at)
        return go(HERE, said="opening-reviewed")


def _show(
    request: PageRequest, log_id: int, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None
) -> Page:
    with reading(request) as visit:
        opening, lines = openings.opening(visit.session, log_id, by=visit.viewer, at=visit.at)
        is_own = opening.row.person_id == visit.viewer.person_id
        shown = {"opening": opening, "lines": lines, "is_own": is_own, "refusal": refusal, "typed": typed or {}}
        return page(visit, "auditing/opening.html", status=refusal.status, **shown)


HANDLERS: list[Any] = [index, show, review]
