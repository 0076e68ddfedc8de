"""Pages of a person's own calendar: the address to subscribe to."""

from typing import Any

from litestar import Response, get, post
from litestar.params import RawBody

from mdk.people.queries import language_of
from mdk.people.rules import check_role
from mdk.people.service import choose_language
from mdk_calendar import feeds
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]


def _mine(
    request: PageRequest, *, secret: str = "", language: str | None = None, refusal: Refusal = NO_REFUSAL
) -> Page:
    with reading(request) as visit:
        check_role("calendar.keep", visit.viewer)
        address = f"{visit.settings['BASE_URL'].rstrip('/')}/calendar/{secret}.ics" if secret else ""
        return page(
            visit,
            "calendars/mine.html",
            status=refusal.status,
            feed_since=feeds.since(visit.session, visit.viewer.person_id),
            address=address,
            subscribe=f"webcal:{address.partition(':')[2]}",
            language=language_of(visit.session, visit.viewer.person_id) if language is None else language,
            refusal=refusal,
        )


@get("/calendar", sync_to_thread=True)
def mine(request: PageRequest) -> Page:
    return _mine(request)


@post("/calendar/feed", status_code=200, sync_to_thread=True)
def renew_feed(request: PageRequest) -> Page:
    with writing(request) as visit:
        secret = feeds.renew(visit.session, settings=visit.settings, by=visit.viewer, at=visit.at)
    return _mine(request, secret=secret)


@post("/calendar/feed/show", status_code=200, sync_to_thread=True)
def show_feed(request: PageRequest) -> Page:
    with writing(request) as visit:
        secret = feeds.shown(visit.session, settings=visit.settings, by=visit.viewer, at=visit.at)
    return _mine(request, secret=secret)


@post("/calendar/feed/stop", sync_to_thread=True)
def stop_feed(request: PageRequest) -> Page:
    with writing(request) as visit:
        feeds.stop(visit.session, by=visit.viewer, at=visit.at)
        return go("/calendar", said="feed-stopped")


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    return _mine(request, language=Form(body).get("language", ""), refusal=refusal)


@post("/calendar/language", sync_to_thread=True)
@shown_again(again=_again)
def change_language(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        language = Form(body).get("language", "")
        choose_language(visit.session, language=language, by=visit.viewer, at=visit.at)
        return go("/calendar", said="language-chosen")


HANDLERS: list[Any] = [mine, renew_feed, show_feed, stop_feed, change_language]
