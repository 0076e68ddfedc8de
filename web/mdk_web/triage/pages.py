"""Pages of triage: what waits to be assessed, and the acts on one case."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.cases import service
from mdk.errors import NotFound
from mdk.journey import work
from mdk_web.cases.acts import ACTS
from mdk_web.cases.pages import show_case
from mdk_web.formkit import Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

TARGET_WORKING_DAYS = 1


@get("/triage", sync_to_thread=True)
def index(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        cursor = request.query_params.get("cursor") or None
        lines, following = work.triage(visit.session, by=visit.viewer, at=visit.at, cursor=cursor)
        targets = {
            line.number: clock.add_working_days(line.submitted_at or visit.at, TARGET_WORKING_DAYS) for line in lines
        }
        return page(visit, "triage/index.html", lines=lines, following=following, targets=targets, now=visit.at)


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
        given = msgspec.structs.asdict(form.read(taken.body))
        taken.do(visit.session, number=number, version=form.version(), **given, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}", said=taken.said)


def _confirm_again(request: PageRequest, number: str, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        return show_case(visit, number, refusal, act="confirm-read")


@post("/cases/{number:str}/confirm-read", sync_to_thread=True)
@shown_again(again=_confirm_again)
def confirm_read(request: PageRequest, number: FromPath[str]) -> Response[Any]:
    with writing(request) as visit:
        service.confirm_read(visit.session, number=number, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}", said="case-read-confirmed")


HANDLERS: list[Any] = [index, do, confirm_read]
