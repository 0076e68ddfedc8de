"""Pages of a person's own calendar: the address to subscribe to, when one is busy, and when one is away."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.conferences import absences, absent
from mdk.conferences.structs import AbsenceBody
from mdk.people.queries import language_of
from mdk.people.rules import check_role, may_ever
from mdk.people.service import choose_language
from mdk_calendar import busy, feeds
from mdk_web.conferences.forms import choices
from mdk_web.filled import read_as
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]


class BusyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where a calendar is published, and whose it is when it is not the sender's own."""

    url: Annotated[str, msgspec.Meta(max_length=2000)]
    owner: str | None = None


def _mine(
    request: PageRequest, body: bytes = b"", *, secret: str = "", act: str = "", refusal: Refusal = NO_REFUSAL
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
            language=Form(body).get("language", language_of(visit.session, visit.viewer.person_id)),
            calendar=busy.mine(visit.session, by=visit.viewer),
            absences=absent.absences(visit.session, by=visit.viewer, at=visit.at),
            people=_people(visit),
            act=act,
            typed=Form(body),
            refusal=refusal,
        )


def _people(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """Who can stand in, and whose absence the viewer may record beside the own."""
    found = choices(visit.session)
    others = [each for each in found["members"] if each[0] != visit.viewer.email]
    return {"deputies": found["deputies"], "away": others if may_ever("outbox.read", visit.viewer) else []}


def _after(act: str) -> Callable[..., Page]:
    def again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
        return _mine(request, body, act=act, refusal=refusal)

    return again


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


@post("/calendar/language", sync_to_thread=True)
@shown_again(again=_after("language"))
def change_language(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        language = Form(body).get("language", "")
        choose_language(visit.session, language=language, by=visit.viewer, at=visit.at)
        return go("/calendar", said="language-chosen")


@post("/calendar/busy", sync_to_thread=True)
@shown_again(again=_after("busy"))
def keep_busy(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("calendar.keep", visit.viewer)
        wanted = read_as(Form(body), BusyBody)
        owner = busy.owner_id(visit.session, wanted.owner, by=visit.viewer)
        busy.keep(visit.session, person_id=owner, url=wanted.url, by=visit.viewer, at=visit.at)
        return go("/conflicts" if wanted.owner else "/calendar", said="busy-kept")


@post("/calendar/busy/stop", sync_to_thread=True)
def forget_busy(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        email = Form(body).get("owner")
        owner = busy.owner_id(visit.session, email, by=visit.viewer)
        busy.forget(visit.session, person_id=owner, by=visit.viewer, at=visit.at)
        return go("/conflicts" if email else "/calendar", said="busy-forgotten")


@post("/absences", sync_to_thread=True)
@shown_again(again=_after("absence"))
def be_away(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("absence.record", visit.viewer)
        wanted = read_as(Form(body), AbsenceBody)
        absences.record(visit.session, body=wanted, by=visit.viewer, at=visit.at)
        return go("/calendar", said="absence-recorded")


@post("/absences/{absence_id:str}/remove", sync_to_thread=True)
def be_back(request: PageRequest, absence_id: FromPath[str]) -> Page:
    with writing(request) as visit:
        absences.remove(visit.session, absence_id=absence_id, by=visit.viewer, at=visit.at)
        return go("/calendar", said="absence-removed")


HANDLERS: list[Any] = [
    mine,
    renew_feed,
    show_feed,
    stop_feed,
    change_language,
    keep_busy,
    forget_busy,
    be_away,
    be_back,
]
