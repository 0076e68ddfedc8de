"""Pages of the urgent lane: opening it, opinions with the case beside, the conclusion, and ratifying."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases import queries as cases
from mdk.errors import RuleBroken
from mdk.journey import reviews, urgent
from mdk.journey.urgent_structs import OpinionBody, RatifyBody, UrgentBody
from mdk.minutes.structs import MinutesBody
from mdk_web.cases.pages import or_unknown
from mdk_web.filled import read_as
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.minutes import paper
from mdk_web.urgent import shown
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
_PATH = "/cases/{number:str}/urgent-review"


def _review(request: PageRequest, number: str, typed: Form | None = None, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        context = shown.review(visit, number, typed)
        return page(visit, "urgent/review.html", status=refusal.status, refusal=refusal, **context)


def _review_again(request: PageRequest, number: str, body: bytes, *, refusal: Refusal) -> Page:
    return _review(request, number, Form(body), refusal)


def _conclusion(request: PageRequest, number: str, typed: Form | None = None, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        context = shown.conclusion(visit, number, typed, is_stale=refusal.is_stale)
        return page(visit, "urgent/conclude.html", status=refusal.status, refusal=refusal, **context)


def _conclusion_again(request: PageRequest, number: str, body: bytes, *, refusal: Refusal) -> Page:
    try:
        return _conclusion(request, number, Form(body), refusal)
    except RuleBroken:  # it is no longer open: what became of it stands on its page
        return _review(request, number, None, refusal)


@get(_PATH, sync_to_thread=True)
@or_unknown
def show(request: PageRequest, number: FromPath[str]) -> Page:
    return _review(request, number)


@post(_PATH, sync_to_thread=True)
@shown_again(again=_review_again)
def begin(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        cases.load(visit.session, number, act="urgent.open", by=visit.viewer, at=visit.at)
        form = Form(body)
        given = read_as(form, UrgentBody, members=[])
        asked = {"members": given.members, "deadline": given.deadline}
        urgent.open_review(visit.session, number=number, version=form.version(), **asked, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}/urgent-review", said="urgent-opened")


@post(f"{_PATH}/opinions", sync_to_thread=True)
@shown_again(again=_review_again)
def opine(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        cases.load(visit.session, number, act="urgent.opine", by=visit.viewer, at=visit.at)
        text = Form(body).read(OpinionBody).text
        urgent.give_opinion(visit.session, number=number, text=text, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}/urgent-review", said="urgent-opined")


@get(f"{_PATH}/conclude", sync_to_thread=True)
def write(request: PageRequest, number: FromPath[str]) -> Page:
    with reading(request) as visit:
        cases.load(visit.session, number, act="urgent.conclude", by=visit.viewer, at=visit.at)
    try:
        return _conclusion(request, number)
    except RuleBroken:
        return go(f"/cases/{number}/urgent-review")


@post(f"{_PATH}/conclude", sync_to_thread=True)
@shown_again(again=_conclusion_again)
def conclude(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    form = Form(body)
    if form.get("do") == "edit":
        return _conclusion(request, number, form)
    written = read_as(form, MinutesBody)
    return _sign(request, number, form, written) if form.get("do") == "sign" else _read(request, number, form, written)


def _read(request: PageRequest, number: str, form: Form, written: MinutesBody) -> Page:
    """The conclusion read back, with what was typed held in the page until it is signed."""
    with reading(request) as visit:
        body = reviews.read_back(visit.session, number, written, by=visit.viewer, at=visit.at)
        context = shown.conclusion(visit, number, form)
        held = [(name, value) for name, value in form.pairs if name != "do"]
        return page(visit, "urgent/sign.html", **context | {"minutes": body, "held": held})


def _sign(request: PageRequest, number: str, form: Form, written: MinutesBody) -> Page:
    with writing(request) as visit:
        urgent.conclude(
            visit.session,
            number=number,
            version=form.version(),
            body=written,
            sealing=paper.sealing(visit.settings),
            by=visit.viewer,
            at=visit.at,
        )
    return go(f"/cases/{number}", said="urgent-concluded")


@post(f"{_PATH}/ratify", sync_to_thread=True)
@shown_again(again=_review_again)
def ratify(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        cases.load(visit.session, number, act="urgent.ratify", by=visit.viewer, at=visit.at)
        form = Form(body)
        given = form.read(RatifyBody)
        named = {"number": number, "version": form.version(), "conference": given.conference, "remark": given.remark}
        urgent.ratify(visit.session, **named, sealing=paper.sealing(visit.settings), by=visit.viewer, at=visit.at)
    return go(f"/conferences/{given.conference}", said="urgent-ratified")


HANDLERS: list[Any] = [show, begin, opine, write, conclude, ratify]
