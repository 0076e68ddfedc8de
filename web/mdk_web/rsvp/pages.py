"""The page behind an answer link: it asks on GET, changing nothing, and records on POST; the token is the proof."""

from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.audit.structs import Actor
from mdk.conferences.structs import ReplyBody
from mdk.errors import Invalid
from mdk_calendar.events import Language
from mdk_calendar.rsvp import Asked, LinkClosed, answer_by_link, asked
from mdk_calendar.words import words
from mdk_web.callers import address_of
from mdk_web.filled import read_as
from mdk_web.formkit import Form
from mdk_web.limits import LINKS, UNKNOWN_LINKS, limited, limits_of, network_of
from mdk_web.rendering import render
from mdk_web.visits import database_of, settings_of

Page = Response[str]
PageRequest = Request[Any, Any, Any]
STATUS = {"unknown": 404}
GONE = 410


@get("/rsvp/{token:str}", guards=[limited(LINKS, UNKNOWN_LINKS)], sync_to_thread=True)
def ask(request: PageRequest, token: FromPath[str]) -> Page:
    try:
        with database_of(request).reading() as session:
            question = asked(session, token, settings=settings_of(request), at=clock.now())
    except LinkClosed as closed:
        return _closed(request, closed)
    return _asked(question)


@post("/rsvp/{token:str}", guards=[limited(LINKS, UNKNOWN_LINKS)], sync_to_thread=True, status_code=200)
def record(request: PageRequest, token: FromPath[str], body: RawBody) -> Page:
    by, at, settings = Actor(surface="link", address=address_of(request)), clock.now(), settings_of(request)
    try:
        with database_of(request).writing() as session:
            question = asked(session, token, settings=settings, at=at)
            form = Form(body)
            try:
                said = read_as(form, ReplyBody)
            except Invalid as refusal:
                fields = {problem.field for problem in refusal.problems}
                return _asked(question, status=422, typed=form.get("comment", ""), fields=fields)
            question = answer_by_link(session, token, said=said, settings=settings, by=by, at=at)
    except LinkClosed as closed:
        return _closed(request, closed)
    return _asked(question, is_saved=True)


def _asked(
    question: Asked,
    *,
    status: int = 200,
    typed: str | None = None,
    fields: set[str] | None = None,
    is_saved: bool = False,
) -> Page:
    text, event = words(question.event.language), question.event
    html = render(
        "rsvp/ask.html",
        lang=event.language,
        t=text.rsvp,
        question=question,
        when=text.long_time(event.starts_at, event.ends_at),
        minutes=int((event.ends_at - event.starts_at).total_seconds()) // 60,
        join=text.join,
        when_label=text.when,
        comment=question.comment if typed is None else typed,
        is_unclear=bool((fields or set()) - {"comment"}),
        is_bad_comment="comment" in (fields or set()),
        is_saved=is_saved,
    )
    return Response(html, status_code=status, media_type=MediaType.HTML)


def _closed(request: PageRequest, closed: LinkClosed) -> Page:
    """Why nothing is asked any more; a holder whom nobody knows is spoken to as the browser asks."""
    language: Language = closed.language or (
        "en" if request.headers.get("accept-language", "").lower().startswith("en") else "sv"
    )
    if closed.reason in STATUS:
        limits_of(request).note(UNKNOWN_LINKS, network_of(request))
    html = render("rsvp/closed.html", lang=language, t=words(language).rsvp, reason=closed.reason)
    return Response(html, status_code=STATUS.get(closed.reason, GONE), media_type=MediaType.HTML)


HANDLERS: list[Any] = [ask, record]
