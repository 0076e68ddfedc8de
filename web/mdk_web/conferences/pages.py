"""Pages of conferences: the list, planning, one conference with its agenda, and the acts on it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import ReasonBody
from mdk.clock import midnight, today
from mdk.conferences import agenda, queries, service
from mdk.conferences.structs import ConferenceBody, MoveBody, ReleaseBody, ReplyBody
from mdk.errors import NotFound
from mdk.people.rules import check_role, may_ever
from mdk_calendar.queries import invitation_ics
from mdk_web.conferences import forms, shown
from mdk_web.filled import read_as, values_of
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

PAST = timedelta(days=90)
Page = Response[Any]


@get("/conferences", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        begins = midnight(today(visit.at))
        coming, _ = queries.lines(visit.session, by=visit.viewer, since=begins)
        past, _ = queries.lines(visit.session, by=visit.viewer, since=begins - PAST, until=begins)
        plans = may_ever("conference.plan", visit.viewer)
        return page(visit, "conferences/index.html", coming=coming, past=past[::-1], plans=plans)


def _form_page(
    visit: Visit, template: str, values: Mapping[str, str], members: list[str], refusal: Refusal, **more: Any
) -> Page:
    return page(visit, template, status=refusal.status, values=values, members=members, refusal=refusal, **more)


def _new(request: PageRequest, body: bytes = b"", *, looks: bool = False, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        check_role("conference.plan", visit.viewer)
        form = forms.picked(Form(body))
        values = form if body else forms.usual(visit.viewer, visit.at)
        looked = forms.looked(visit.session, form, by=visit.viewer, at=visit.at) if looks else None
        more = {"people": forms.choices(visit.session), "looked": looked}
        return _form_page(visit, "conferences/new.html", values, form.every("members"), refusal, **more)


@get("/conferences/new", sync_to_thread=True)
def new(request: PageRequest) -> Page:
    return _new(request)


@post("/conferences/new", sync_to_thread=True)
@shown_again(again=_new)
def plan(request: PageRequest, body: RawBody) -> Page:
    form = Form(body)
    if forms.only_looks(form):
        return _new(request, body, looks=True)
    with writing(request) as visit:
        check_role("conference.plan", visit.viewer)
        wanted = read_as(forms.settled(form), ConferenceBody)
        planned = service.plan(visit.session, body=wanted, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{planned.id}", said="conference-planned")


def _edit(request: PageRequest, conference_id: str, body: bytes = b"", *, refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        row = queries.load(visit.session, conference_id, act="conference.change", by=visit.viewer)
        view = service.body_of(visit.session, row, by=visit.viewer, at=visit.at)
        form = Form(body)
        values, members = (form, form.every("members")) if body else (values_of(view), view.members)
        more = {"conference": row, "made_from": form.made_from(row.version, refusal)}
        people = forms.choices(visit.session, view)
        return _form_page(visit, "conferences/edit.html", values, members, refusal, people=people, **more)


@get("/conferences/{conference_id:str}/edit", sync_to_thread=True)
def edit(request: PageRequest, conference_id: FromPath[str]) -> Page:
    return _edit(request, conference_id)


@post("/conferences/{conference_id:str}/edit", sync_to_thread=True)
@shown_again(again=_edit)
def change(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        service.change(
            visit.session,
            conference_id=conference_id,
            version=form.version(),
            changes=forms.conference_changes(form),
            by=visit.viewer,
            at=visit.at,
        )
        return go(f"/conferences/{conference_id}", said="conference-changed")


def _show(
    request: PageRequest, conference_id: str, body: bytes = b"", *, act: str = "", refusal: Refusal = NO_REFUSAL
) -> Page:
    with reading(request) as visit:
        form = Form(body)
        context = shown.conference(visit, conference_id, form if act == "agenda" else None)
        newest = context["view"].version
        made_from = form.made_from(newest, refusal) if act == "agenda" else newest
        told = {"refusal": refusal, "act": act, "typed": form, "made_from": made_from}
        return page(visit, "conferences/show.html", status=refusal.status, **told, **context)


def _named(conference_id: str, form: Form) -> dict[str, Any]:
    return {"conference_id": conference_id, "version": form.version()}


def _after(act: str) -> Callable[..., Page]:
    def again(request: PageRequest, conference_id: str, body: bytes, *, refusal: Refusal) -> Page:
        return _show(request, conference_id, body, act=act, refusal=refusal)

    return again


@get("/conferences/{conference_id:str}", sync_to_thread=True)
def show(request: PageRequest, conference_id: FromPath[str]) -> Page:
    return _show(request, conference_id)


@post("/conferences/{conference_id:str}/agenda", sync_to_thread=True)
@shown_again(again=_after("agenda"))
def put_agenda(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        named = _named(conference_id, form)
        queries.load(visit.session, conference_id, act="conference.agenda", by=visit.viewer)
        agenda.put(visit.session, **named, items=forms.agenda_of(form), by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="agenda-saved")


@post("/conferences/{conference_id:str}/release", sync_to_thread=True)
@shown_again(again=_after("release"))
def release(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        wanted = read_as(form, ReleaseBody)
        named = _named(conference_id, form)
        agenda.release(visit.session, **named, override_reason=wanted.override_reason, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-released")


@post("/conferences/{conference_id:str}/move", sync_to_thread=True)
@shown_again(again=_after("move"))
def move(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        queries.load(visit.session, conference_id, act="conference.move", by=visit.viewer)
        wanted = read_as(forms.settled(form), MoveBody)
        named = _named(conference_id, form)
        service.move(visit.session, **named, starts_at=wanted.starts_at, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-moved")


@post("/conferences/{conference_id:str}/cancel", sync_to_thread=True)
@shown_again(again=_after("cancel"))
def cancel(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        queries.load(visit.session, conference_id, act="conference.cancel", by=visit.viewer)
        wanted = read_as(form, ReasonBody)
        named = _named(conference_id, form)
        service.cancel(visit.session, **named, reason=wanted.reason, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-cancelled")


@post("/conferences/{conference_id:str}/chair", sync_to_thread=True)
@shown_again(again=_after("chair"))
def pass_chair(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        named = _named(conference_id, form)
        changes = {"chair": form.get("chair") or None}
        service.change(visit.session, **named, changes=changes, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-chair-passed")


@post("/conferences/{conference_id:str}/open", sync_to_thread=True)
@shown_again(again=_after("open"))
def open_session(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        row = queries.load(visit.session, conference_id, act="conference.open", by=visit.viewer)
        forms.check_start(form, row.starts_at, visit.at)
        named = _named(conference_id, form)
        service.open_session(visit.session, **named, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}/session", said="conference-opened")


@post("/conferences/{conference_id:str}/close", sync_to_thread=True)
@shown_again(again=_after("close"))
def close_session(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        named = _named(conference_id, Form(body))
        service.close_session(visit.session, **named, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-closed")


@post("/conferences/{conference_id:str}/reply", sync_to_thread=True)
@shown_again(again=_after("reply"))
def reply(request: PageRequest, conference_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, act="conference.reply", by=visit.viewer)
        said = read_as(Form(body), ReplyBody)
        answer = {"partstat": said.partstat, "comment": said.comment}
        service.reply(visit.session, conference_id=conference_id, **answer, by=visit.viewer, at=visit.at)
        return go(f"/conferences/{conference_id}", said="conference-replied")


@get("/conferences/{conference_id:str}/invitation.ics", sync_to_thread=True)
def invitation(request: PageRequest, conference_id: FromPath[str]) -> Page:
    with reading(request) as visit:
        check_role("conference.reply", visit.viewer)
        content = invitation_ics(visit.session, conference_id, visit.viewer.person_id)
        if content is None:
            raise NotFound
        headers = {"Content-Disposition": 'attachment; filename="mdk-smarta.ics"'}
        return Response(content, media_type="text/calendar", headers=headers)


HANDLERS: list[Any] = [
    index, new, plan, show, edit, change, put_agenda, release, move, cancel, pass_chair,
    open_session, close_session, reply, invitation,
]  # fmt: skip
