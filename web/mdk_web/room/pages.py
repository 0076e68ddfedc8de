"""Pages of the conference room: the acts of the chair while the conference is held, and the part that all follow."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import ReasonBody
from mdk.conferences import queries, sitting
from mdk.conferences.sitting_structs import HeardBody
from mdk.journey import room
from mdk_web.conferences import forms
from mdk_web.errors import noticed
from mdk_web.filled import read_as
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.minutes import along, paper
from mdk_web.minutes import shown as minutes_shown
from mdk_web.room import shown
from mdk_web.visits import PageRequest, fragment, go, page, reading, wants_fragment, writing

Page = Response[Any]
_CASE = "/conferences/{conference_id:str}/session/{number:str}"


def _again(request: PageRequest, conference_id: str, number: str, body: bytes, *, refusal: Refusal) -> Page:
    """The case's page with all that was typed on it, in the minutes too; the act may have been on another case.

    For htmx a notice beside the page, which stays as it is.
    """
    if wants_fragment(request):
        said = {"title": "Inget ändrades", "detail": refusal.message, "problems": refusal.problems}
        return noticed("layout/_notice.html", status=refusal.status, headers={}, **said)
    form = Form(body)
    typed, here = (form, form.get("form.case", "")) if along.is_of_minutes(form) else (None, number)
    with reading(request) as visit:
        context = minutes_shown.room(visit, conference_id, here, typed, is_stale=refusal.is_stale)
        context["reason"] = form.get("reason", "")
        return page(visit, "minutes/session.html", status=refusal.status, refusal=refusal, **context)


def _version(form: Form) -> int:
    """The version of the conference that the button, or the order, was shown with."""
    shown_with = form.get("form.order" if "do" in form else "form.sitting", "") or form.get("version", "")
    return form.having("version", shown_with).version()


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
        form = Form(body)
        along.keep_sent_along(visit, conference_id, form)
        named: dict[str, Any] = {"conference_id": conference_id, "version": _version(form)}
        sitting.turn(visit.session, **named, number=number, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/end", sync_to_thread=True)
@shown_again(again=_again)
def end(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        along.keep_sent_along(visit, conference_id, form)
        named: dict[str, Any] = {"conference_id": conference_id, "version": _version(form)}
        sitting.turn(visit.session, **named, number=None, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/order", sync_to_thread=True)
@shown_again(again=_again)
def arrange(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        form = Form(body)
        along.keep_sent_along(visit, conference_id, form)
        named: dict[str, Any] = {"conference_id": conference_id, "version": _version(form)}
        sitting.arrange(
            visit.session, **named, items=forms.agenda_of(form.about({"items"})), by=visit.viewer, at=visit.at
        )
        if wants_fragment(request):
            context = shown.head(visit, conference_id, number) | {"arranged": True, "refusal": NO_REFUSAL}
            return fragment(visit, "room/_acts.html", reason=form.get("reason", ""), **context)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/attendance", sync_to_thread=True)
@shown_again(again=_again)
def attend(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        along.keep_sent_along(visit, conference_id, form)
        act, _, email = form.get("do", "").partition(":")
        named: dict[str, Any] = {"conference_id": conference_id, "email": email, "present": act == "in"}
        room.attend(visit.session, **named, by=visit.viewer, at=visit.at)
        if wants_fragment(request):  # the head asks for itself: an answer asked for before could come after this one
            return Response(b"", status_code=204, headers={"HX-Trigger": "attendance"})
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/patient", sync_to_thread=True)
@shown_again(again=_again)
def hear(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        form = Form(body)
        along.keep_sent_along(visit, conference_id, form)
        heard = read_as(form.about(HeardBody.__struct_fields__), HeardBody).heard
        named: dict[str, Any] = {"conference_id": conference_id, "number": number}
        sitting.hear(visit.session, **named, heard=heard, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}")


@post(f"{_CASE}/defer", sync_to_thread=True)
@shown_again(again=_again)
def defer(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.run", by=visit.viewer)
        form, sealing = Form(body), paper.sealing(visit.settings)
        reason = read_as(form.about(ReasonBody.__struct_fields__), ReasonBody).reason
        version = along.keep_sent_along(visit, conference_id, form) or form.version()
        named: dict[str, Any] = {"conference_id": conference_id, "number": number, "version": version}
        room.defer(visit.session, **named, reason=reason, sealing=sealing, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session/{number}", said="case-deferred")


HANDLERS: list[Any] = [head, turn, end, arrange, attend, hear, defer]
