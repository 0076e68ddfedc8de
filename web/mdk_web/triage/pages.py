"""Pages of triage: what waits to be assessed, and the acts on one case."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.cases import queries
from mdk.errors import NotFound
from mdk.journey import work
from mdk_web.cases.acts import ACTS
from mdk_web.cases.pages import show_case
from mdk_web.formkit import Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing


@get("/triage", sync_to_thread=True)
def index(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        cursor = request.query_params.get("cursor") or None
        lines, following = work.triage(visit.session, by=visit.viewer, at=visit.at, cursor=cursor)
        return page(visit, "triage/index.html", lines=lines, following=following, today=clock.today(visit.at))


def _again(request: PageRequest, number: str, act: str, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        return show_case(visit, number, refusal, act=act, form=Form(body))


@post("/cases/{number:str}/{act:str}", sync_to_thread=True)
@shown_again(again=_again)
def do(request: PageRequest, number: FromPath[str], act: FromPath[str], body: RawBody) -> Response[Any]:
    if act not in ACTS:
        raise NotFound
    taken, form = ACTS[act], Form(body)
    with writing(request) as visit:
        queries.load(visit.session, number, act=f"case.{act}", by=visit.viewer, at=visit.at)
        given = msgspec.structs.asdict(form.read(taken.body))
        held = {"version": form.version()} if taken.versioned else {}
        taken.do(visit.session, number=number, **held, **given, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}", said=taken.said)


HANDLERS: list[Any] = [index, do]
