"""The page behind the link to home care: it asks on GET and records on POST; the token is the proof."""

from collections.abc import Mapping
from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.audit.structs import Actor
from mdk.errors import Invalid
from mdk.pathways.structs import AnswerBody
from mdk_calendar.questions import AskedOfHomeCare, QuestionClosed, answer_by_link, asked_by_link
from mdk_web.callers import address_of
from mdk_web.formkit import NO_REFUSAL, Form, Refusal
from mdk_web.limits import LINKS, UNKNOWN_LINKS, limited, limits_of, network_of
from mdk_web.rendering import render
from mdk_web.visits import database_of, settings_of

Page = Response[str]
PageRequest = Request[Any, Any, Any]
GONE = 410


@get("/home-care/{token:str}", guards=[limited(LINKS, UNKNOWN_LINKS)], sync_to_thread=True)
def ask(request: PageRequest, token: FromPath[str]) -> Page:
    try:
        with database_of(request).reading() as session:
            question = asked_by_link(session, token, settings=settings_of(request), at=clock.now())
    except QuestionClosed as closed:
        return _closed(request, closed)
    return _asked(question)


@post("/home-care/{token:str}", guards=[limited(LINKS, UNKNOWN_LINKS)], sync_to_thread=True, status_code=200)
def record(request: PageRequest, token: FromPath[str], body: RawBody) -> Page:
    by = Actor(surface="link", address=address_of(request))
    at, settings, form = clock.now(), settings_of(request), Form(body)
    try:
        with database_of(request).writing() as session:
            question = asked_by_link(session, token, settings=settings, at=at)
            try:
                said: AnswerBody = form.read(AnswerBody)
            except Invalid as error:
                return _asked(question, refusal=Refusal(422, error.message, list(error.problems)), typed=form)
            question = answer_by_link(session, token, said=said, settings=settings, by=by, at=at)
    except QuestionClosed as closed:
        return _closed(request, closed)
    return _asked(question, is_saved=True)


def _asked(
    question: AskedOfHomeCare,
    *,
    refusal: Refusal = NO_REFUSAL,
    typed: Mapping[str, str] | None = None,
    is_saved: bool = False,
) -> Page:
    now = {"answer": question.answer or "", "comment": question.comment, "name": question.answered_by}
    html = render(
        "home_care/ask.html",
        question=question,
        refusal=refusal,
        typed=now if typed is None else typed,
        is_saved=is_saved,
    )
    return Response(html, status_code=refusal.status, media_type=MediaType.HTML)


def _closed(request: PageRequest, closed: QuestionClosed) -> Page:
    limits_of(request).note(UNKNOWN_LINKS, network_of(request))
    html = render("home_care/closed.html", reason=closed.message)
    return Response(html, status_code=GONE, media_type=MediaType.HTML)


HANDLERS: list[Any] = [ask, record]
