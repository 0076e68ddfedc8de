"""Pages of the time after: the follow-ups of a case with its curve, and the on-call sheet."""

from collections.abc import Mapping
from typing import Any, Literal

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.cases.queries import load
from mdk.journey import follow_ups, on_call
from mdk.pathways import follow_up_queries as queries
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk.people.rules import may_ever
from mdk_web.follow_ups.shown import curves, first_open
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]


class FollowUpForm(FollowUpBody, kw_only=True):
    """The page's form: the follow-up, and that whoever tells of it knows that it is early."""

    is_early: Literal["yes"] | None = None


@get("/cases/{number:str}/follow-ups", sync_to_thread=True)
def show_follow_ups(request: PageRequest, number: FromPath[str]) -> Page:
    with reading(request) as visit:
        return _shown(visit, number)


@post("/cases/{number:str}/follow-ups", sync_to_thread=True)
def tell_follow_up(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    return _tell(request, number, body)


@get("/cases/{number:str}/on-call", sync_to_thread=True)
def show_on_call(request: PageRequest, number: FromPath[str]) -> Page:
    with reading(request) as visit:
        sheet = on_call.on_call_sheet(visit.session, number, by=visit.viewer, at=visit.at)
        back = {"href": f"/cases/{number}", "label": f"Ärende {number}"}
        return page(visit, "follow_ups/on_call.html", sheet=sheet, back=back, printed_at=clock.local(visit.at))


def _shown(visit: Visit, number: str, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None) -> Page:
    view = queries.follow_ups(visit.session, number, by=visit.viewer, at=visit.at)
    return page(
        visit,
        "follow_ups/index.html",
        status=refusal.status,
        view=view,
        curves=curves(view),
        may_tell=may_ever("case.follow-up", visit.viewer) and view.line.state != "deceased",
        typed=typed or {"week": first_open(view), "date": clock.today(visit.at).isoformat()},
        refusal=refusal,
        has_pump=on_call.has_pump(visit.session, number),
    )


def _again(request: PageRequest, number: str, body: bytes, *, refusal: Refusal) -> Page:
    with reading(request) as visit:
        return _shown(visit, number, refusal=refusal, typed=Form(body))


@shown_again(again=_again)
def _tell(request: PageRequest, number: str, body: bytes) -> Page:
    with writing(request) as visit:
        load(visit.session, number, act="case.follow-up", by=visit.viewer, at=visit.at)
        said: FollowUpForm = Form(body).read(FollowUpForm)
        known = said.is_early is not None
        follow_ups.tell(visit.session, number=number, body=said, by=visit.viewer, at=visit.at, is_early_known=known)
        return go(f"/cases/{number}/follow-ups", said="follow-up-told" if said.alive == "yes" else "death-told")


HANDLERS: list[Any] = [show_follow_ups, tell_follow_up, show_on_call]
