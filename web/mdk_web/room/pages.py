"""Pages of the conference room: the acts of the chair while the conference is held, and the part that all follow."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import ReasonBody
from mdk.conferences import queries, sitting
from mdk.conferences.structs import HeardBody
from mdk.journey import room
from mdk_web.conferences import forms
from mdk_web.filled import read_as
from mdk_web.formkit import Form, Refusal, shown_again
from mdk_web.minutes import paper
from mdk_web.minutes import shown as minutes_shown
from mdk_web.room import shown
from mdk_web.visits import PageRequest, Visit, fragment, go, page, reading, wants_fragment, writing

Page = Response[Any]
_CASE = "/conferences/{conference_id:str}/session/{number:str}"


def _again(request: PageRequest, conference_id: str, number: str, *, refusal: Refusal, **_: object) -> Page:
    with reading(request) as visit:
        context = minutes_shown.room(visit, conference_id, number)
        return page(visit, "minutes/session.html", status=refusal.status, refusal=refusal, **context)


def _on(visit: Visit, conference_id: str, number: str) -> Page:
    """Where the chair goes on: the head alone for htmx, so that what is typed below it stays; else the page."""
    if wants_fragment(visit.request):
        return fragment(visit, "room/_head.html", **shown.head(visit, conference_id, number))
    return go(f"/conferences/{conference_id}/session/{number}")


@get(f"{_CASE}/head", sync_to_thread=True)
def head(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    with reading(request) as visit:
        context = shown.head(visit, conference_id, number)
        current = context["sitting"].current
        if current not in {None, number} and request.query_params.get("follow") == "yes":
            return Response(b"", headers={"HX-Redirect": shown.following(conference_id, current)})
        return fragment(visit, "room/_head.html", **context)


@post(f"{_CASE}/turn", sync_to_thread=True)
@shown_again(again=_again)
def turn(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": Form(body).version()}
        sitting.turn(visit.session, **named, number=number, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/end", sync_to_thread=True)
@shown_again(again=_again)
def end(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        named: dict[str, Any] = {"conference_id": conference_id, "version": Form(body).version()}
        sitting.turn(visit.session, **named, number=None, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/order", sync_to_thread=True)
@shown_again(again=_again)
def arrange(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        form = Form(body)
        named: dict[str, Any] = {"conference_id": conference_id, "version": form.version()}
        sitting.arrange(visit.session, **named, items=forms.agenda_of(form), by=visit.viewer, at=visit.at)
        if wants_fragment(request):
            return fragment(visit, "room/_acts.html", arranged=True, **shown.head(visit, conference_id, number))
        return _on(visit, conference_id, number)


@post(f"{_CASE}/attendance", sync_to_thread=True)
@shown_again(again=_again)
def attend(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        act, _, email = Form(body).get("do", "").partition(":")
        named: dict[str, Any] = {"conference_id": conference_id, "email": email, "present": act == "in"}
        room.attend(visit.session, **named, by=visit.viewer, at=visit.at)
        return _on(visit, conference_id, number)


@post(f"{_CASE}/patient", sync_to_thread=True)
@shown_again(again=_again)
def hear(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        named: dict[str, Any] = {
            "conference_id": conference_id,
            "number": number,
            "heard": read_as(Form(body), HeardBody).heard,
        }
        sitting.hear(visit.session, **named, by=visit.viewer, at=visit.at)
        return _on(visit, conference_id, number)


@post(f"{_CASE}/defer", sync_to_thread=True)
@shown_again(again=_again)
def defer(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        form, sealing = Form(body), paper.sealing(visit.settings)
        named: dict[str, Any] = {"conference_id": conference_id, "number": number, "version": form.version()}
        reason = read_as(form, ReasonBody).reason
        room.defer(visit.session, **named, reason=reason, sealing=sealing, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}", said="case-deferred")


HANDLERS: list[Any] = [head, turn, end, arrange, attend, hear, defer]
