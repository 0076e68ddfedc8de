"""Pages of series: the list, one series with its coming conferences, and the acts on it."""

from collections.abc import Callable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.conferences import queries, repeating, series
from mdk.conferences.series_structs import EndBody, SkipBody
from mdk.people.rules import check_role
from mdk_web.conferences.forms import choices, usual
from mdk_web.filled import read_as
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.series import forms
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
MOST = 200


@get("/series", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        found = series.series_list(visit.session, by=visit.viewer)
        return page(visit, "series/index.html", every=found, rule_words=forms.rule_words)


def _new(request: PageRequest, body: bytes = b"", *, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        check_role("series.create", visit.viewer)
        form = Form(body)
        given = {"values": form if body else usual(visit.viewer, visit.at), "members": form.every("members")}
        people = choices(visit.session)
        return page(visit, "series/new.html", status=refusal.status, refusal=refusal, people=people, **given)


@get("/series/new", sync_to_thread=True)
def new(request: PageRequest) -> Page:
    return _new(request)


@post("/series/new", sync_to_thread=True)
@shown_again(again=_new)
def begin(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("series.create", visit.viewer)
        wanted = forms.series_of(Form(body))
        made = repeating.create_series(visit.session, body=wanted, by=visit.viewer, at=visit.at)
        return go(f"/series/{made.id}", said="series-begun")


def _show(
    request: PageRequest, series_id: str, body: bytes = b"", *, act: str = "", refusal: Refusal = NO_REFUSAL
) -> Page:
    with reading(request) as visit:
        view = series.one_series(visit.session, series_id, by=visit.viewer)
        coming, _ = queries.lines(visit.session, by=visit.viewer, since=visit.at, series=series_id, limit=MOST)
        shown = {"view": view, "coming": coming, "rule": forms.rule_words(view.rrule, view.first_start)}
        typed = {"act": act, "typed": Form(body), "refusal": refusal}
        return page(visit, "series/show.html", status=refusal.status, **shown, **typed)


def _after(act: str) -> Callable[..., Page]:
    def again(request: PageRequest, series_id: str, body: bytes, *, refusal: Refusal) -> Page:
        return _show(request, series_id, body, act=act, refusal=refusal)

    return again


@get("/series/{series_id:str}", sync_to_thread=True)
def show(request: PageRequest, series_id: FromPath[str]) -> Page:
    return _show(request, series_id)


@post("/series/{series_id:str}/skip", sync_to_thread=True)
@shown_again(again=_after("skip"))
def skip(request: PageRequest, series_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        series.load_series(visit.session, series_id, act="series.skip", by=visit.viewer)
        wanted = read_as(form, SkipBody)
        days: dict[str, Any] = {"first_day": wanted.first_day, "last_day": wanted.last_day, "reason": wanted.reason}
        named: dict[str, Any] = {"series_id": series_id, "version": form.version()}
        repeating.skip(visit.session, **named, **days, by=visit.viewer, at=visit.at)
        return go(f"/series/{series_id}", said="series-skipped")


@post("/series/{series_id:str}/end", sync_to_thread=True)
@shown_again(again=_after("end"))
def end(request: PageRequest, series_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        series.load_series(visit.session, series_id, act="series.end", by=visit.viewer)
        wanted = read_as(form, EndBody)
        named: dict[str, Any] = {"series_id": series_id, "version": form.version()}
        ends: dict[str, Any] = {"from_day": wanted.from_day, "reason": wanted.reason}
        repeating.end_series(visit.session, **named, **ends, by=visit.viewer, at=visit.at)
        return go(f"/series/{series_id}", said="series-ended")


def _change(request: PageRequest, series_id: str, body: bytes = b"", *, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        check_role("series.change", visit.viewer)
        view = series.one_series(visit.session, series_id, by=visit.viewer)
        form = Form(body)
        given = {"values": form, "members": form.every("members")}
        stored = {"values": forms.values_of(view), "members": view.members}
        shown = {"view": view, "made_from": form.made_from(view.version, refusal)}
        people, filled = choices(visit.session, view), given if body else stored
        return page(
            visit, "series/change.html", status=refusal.status, refusal=refusal, people=people, **shown, **filled
        )


@get("/series/{series_id:str}/change", sync_to_thread=True)
def change_form(request: PageRequest, series_id: FromPath[str]) -> Page:
    return _change(request, series_id)


@post("/series/{series_id:str}/change", sync_to_thread=True)
@shown_again(again=_change)
def change(request: PageRequest, series_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        named: dict[str, Any] = {"series_id": series_id, "version": form.version()}
        changes = forms.changes_of(form)
        repeating.change_series(visit.session, **named, changes=changes, by=visit.viewer, at=visit.at)
        return go(f"/series/{series_id}", said="series-changed")


HANDLERS: list[Any] = [index, new, begin, show, skip, end, change_form, change]
