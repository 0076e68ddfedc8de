"""Pages of what a unit and its municipalities meet for every patient until a day: see, say anew, end."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.pathways import checklists, queries
from mdk.pathways.structs import StandingBody
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
HERE = "/standing"


class StandingForm(StandingBody, kw_only=True):
    """The page's form: which prerequisite, and what is said of it."""

    n: int


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        return _shown(visit)


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    with reading(request) as visit:
        return _shown(visit, refusal=refusal, typed=Form(body))


@post(HERE, sync_to_thread=True)
@shown_again(again=_again)
def keep(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        said: StandingForm = Form(body).read(StandingForm)
        checklists.keep_standing(visit.session, n=said.n, body=said, by=visit.viewer, at=visit.at)
        return go(HERE, said="standing-kept")


@post("/standing/{standing_id:int}/end", sync_to_thread=True)
def end(request: PageRequest, standing_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        checklists.end_standing(visit.session, standing_id=standing_id, by=visit.viewer, at=visit.at)
        return go(HERE, said="standing-ended")


def _shown(visit: Visit, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None) -> Page:
    rows = [row for row in checklists.rows_of(visit.viewer) if row.scope == "unit"]
    return page(
        visit,
        "pathways/standing.html",
        status=refusal.status,
        refusal=refusal,
        typed=typed or {},
        lines=queries.standing(visit.session, by=visit.viewer, at=visit.at),
        choices=[(row.n, f"{row.n} {row.text}") for row in rows],
        by_municipality=[row.n for row in rows if row.by_municipality],
        today=clock.today(visit.at),
    )


HANDLERS: list[Any] = [index, keep, end]
