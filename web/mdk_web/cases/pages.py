"""Pages of cases: the list, one case to read, and breaking the glass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, ParamSpec
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta

from mdk import clock
from mdk.cases import lists, queries, service
from mdk.cases.rules import OPEN
from mdk.cases.structs import CaseState, ReasonBody
from mdk.conferences.outlook import outlook
from mdk.cursors import MAX_LIMIT
from mdk.db import choices
from mdk.errors import Invalid, NotFound, Problem
from mdk.journey import on_call, work
from mdk.journey.stories import occasions
from mdk.minutes import queries as minutes
from mdk.pathways import contacts, follow_up_queries
from mdk.pathways import queries as pathways
from mdk.people.rules import check_role, may_ever
from mdk_web import words
from mdk_web.cases import forms
from mdk_web.cases.acts import acts_of
from mdk_web.cases.sections import SECTIONS
from mdk_web.cases.told import told
from mdk_web.cases.working import working
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import CASE_NUMBER, PageRequest, Visit, go, page, reading, writing

P = ParamSpec("P")
FILTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "Alla", ()),
    ("drafts", "Utkast", ("draft",)),
    ("triage", "Hos samordningen", ("submitted",)),
    ("supplement", "Komplettering begärd", ("supplement_requested",)),
    ("queue", "I kö och på agenda", ("accepted", "scheduled", "discussed")),
    ("decided", "Rekommendation klar", ("decided", "answered")),
    ("ended", "Avslutade", ("closed", "redirected", "declined", "withdrawn", "deceased")),
)
PER_PAGE = 25
_ASKABLE = OPEN - {CaseState.DRAFT}


class GlassBody(ReasonBody):
    """Breaking the glass: which case, and why."""

    number: Annotated[str, Meta(min_length=1, max_length=30)]


@get("/cases", sync_to_thread=True)
def index(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        return _list(visit, search=request.query_params.get("q", "")[:200])


@post("/cases/search", sync_to_thread=True)
def search(request: PageRequest, body: RawBody) -> Response[Any]:
    """Only a case number is put into an address: anything else may be a patient's number, name or diagnosis."""
    wanted = Form(body).get("q", "")[:200]
    with reading(request) as visit:
        check_role("case.read", visit.viewer)
        if not wanted or CASE_NUMBER.fullmatch(wanted.upper()):
            return go(f"/cases?{urlencode({'q': wanted})}")
        return _list(visit, search=wanted)


def or_unknown(handler: Callable[P, Response[Any]]) -> Callable[P, Response[Any]]:
    """Let a clinical reader who may not know of a case break the glass; the same whether it exists or not."""

    @wraps(handler)
    def answering(*args: P.args, **kwargs: P.kwargs) -> Response[Any]:
        try:
            return handler(*args, **kwargs)
        except NotFound:
            request: PageRequest = kwargs["request"]  # type: ignore[assignment]
        with reading(request) as visit:
            if not may_ever("case.break-glass", visit.viewer):
                raise NotFound
            return page(visit, "cases/unknown.html", status=404)

    return answering


@get("/cases/{number:str}", sync_to_thread=True)
@or_unknown
def show(request: PageRequest, number: FromPath[str]) -> Response[str]:
    with reading(request) as visit:
        return show_case(visit, number, NO_REFUSAL)


@get("/cases/break-glass", sync_to_thread=True)
def glass(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        check_role("case.break-glass", visit.viewer)
        number = str(request.query_params.get("number", ""))[:30]
        return page(visit, "cases/glass.html", number=number, reason="", refusal=NO_REFUSAL)


def _glass_again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        check_role("case.break-glass", visit.viewer)
        form = Form(body)
        return page(
            visit,
            "cases/glass.html",
            status=refusal.status,
            number=form.get("number", ""),
            reason=form.get("reason", ""),
            refusal=refusal,
        )


@post("/cases/break-glass", sync_to_thread=True)
@shown_again(again=_glass_again)
def break_glass(request: PageRequest, body: RawBody) -> Response[Any]:
    asked: GlassBody = Form(body).read(GlassBody)
    number = asked.number.upper()
    with _at_the_field("number"), writing(request) as visit:
        service.break_glass(visit.session, number=number, reason=asked.reason, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}", said="glass-broken")


def show_case(visit: Visit, number: str, refusal: Refusal, *, act: str = "", form: Form | None = None) -> Response[str]:
    """The page of one case; after a refused act with that act's form open and what was typed in it."""
    session, by, at = visit.session, visit.viewer, visit.at
    view = queries.view(session, number, by=by, at=at)
    ahead = outlook(session, view, at=at)
    return page(
        visit,
        "cases/show.html",
        status=refusal.status,
        view=view,
        line=forms.strip_of(view),
        filled=forms.stored(view),
        working=working(view, clock.today(at), choices(session).omeq_table),
        sections=SECTIONS,
        holder=forms.holder,
        acts=acts_of(view, by),
        act=act,
        typed=form or {},
        refusal=refusal,
        story=occasions(work.story(session, number, by=by, at=at)),
        told=told,
        minutes=minutes.of_case(session, number, by=by, at=at),
        after=follow_up_queries.summary(session, number, at=at),
        has_pump=on_call.has_pump(session, number),
        home_care=contacts.home_care_lines(session, number, by=by, at=at),
        may_ask_home_care=may_ever("case.ask-home-care", by) and view.state in _ASKABLE,
        may_block=may_ever("case.block", by) and (view.unit == by.unit_id or not may_ever("case.patch", by)),
        pathways=pathways.of_case(session, number, by=by, at=at),
        planned=ahead.planned,
        likely=ahead.likely,
        reminders=[*view.hints, *ahead.hints],
        today=clock.today(at),
    )


def _list(visit: Visit, *, search: str) -> Response[str]:
    asked = visit.request.query_params
    chosen = next((each for each in FILTERS if each[0] == asked.get("state")), FILTERS[0])
    region = asked.get("region") if asked.get("region") in words.WORDS["region"] else None
    lines, following = lists.lines(
        visit.session,
        by=visit.viewer,
        at=visit.at,
        states=chosen[2],
        region=region,
        text=search,
        limit=PER_PAGE if visit.request.method == "GET" else MAX_LIMIT,  # what was posted has no second page
        cursor=asked.get("cursor") or None,
    )
    return page(
        visit,
        "cases/index.html",
        lines=lines,
        following=following,
        filters=FILTERS,
        chosen=chosen[0],
        region=region or "",
        search=search,
        in_address=visit.request.method == "GET",
        may_create=may_ever("case.create", visit.viewer),
    )


@contextmanager
def _at_the_field(name: str) -> Iterator[None]:
    """Say beside the field that what was typed in it does not exist, so that the typing is kept."""
    try:
        yield
    except NotFound as unknown:
        raise Invalid([Problem(name, unknown.message)]) from unknown


HANDLERS: list[Any] = [index, search, show, glass, break_glass]
