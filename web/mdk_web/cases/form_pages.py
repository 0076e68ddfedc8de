"""Pages of the form that a case is written in: a new one, a stored one, and what follows the typing."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.cases import queries, rules, service
from mdk.db import choices
from mdk.people.rules import check_role
from mdk_web.cases import forms
from mdk_web.cases.sections import SECTIONS, field_at
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, fragment, go, page, reading, wants_fragment, writing

NEW = "/cases/new"


@get(NEW, sync_to_thread=True)
def new(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        return _new_form(visit, forms.beginning(visit.viewer, clock.today(visit.at)), NO_REFUSAL)


def _new_again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        form = Form(body)
        return _new_form(visit, forms.typed(form), refusal, added=forms.wants_row(form))


@post(NEW, sync_to_thread=True)
@shown_again(again=_new_again)
def create(request: PageRequest, body: RawBody) -> Response[Any]:
    form = Form(body)
    if forms.wants_row(form):
        return _new_again(request, body, refusal=NO_REFUSAL)
    with writing(request) as visit:
        submission = forms.read(form, clock.today(visit.at))
        case = service.create(visit.session, submission=submission, by=visit.viewer, at=visit.at)
        return _after_save(visit, form, case.number, case.version)


@get("/cases/{number:str}/edit", sync_to_thread=True)
def edit(request: PageRequest, number: FromPath[str]) -> Response[Any]:
    with reading(request) as visit:
        case = queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        if case.state not in rules.EDITABLE:
            return go(f"/cases/{number}")
        return _edit_form(visit, number, None, NO_REFUSAL)


def _edit_again(request: PageRequest, number: str, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        shown = _edit_form(visit, number, Form(body), refusal)
        if wants_fragment(request):
            shown.headers |= {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
        return shown


@post("/cases/{number:str}/edit", sync_to_thread=True)
@shown_again(again=_edit_again)
def save(request: PageRequest, number: FromPath[str], body: RawBody) -> Response[Any]:
    form = Form(body)
    if forms.wants_row(form):
        return _edit_again(request, number, body, refusal=NO_REFUSAL)
    with writing(request) as visit:
        submission, version = forms.read(form, clock.today(visit.at)), form.version()
        case = service.replace(
            visit.session, number=number, version=version, submission=submission, by=visit.viewer, at=visit.at
        )
        visit.session.flush()
        return _after_save(visit, form, number, case.version)


@post("/cases/preview", sync_to_thread=True)
def preview(request: PageRequest, body: RawBody) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        working = forms.working(forms.lenient(Form(body)), clock.today(visit.at), choices(visit.session).omeq_table)
        return fragment(visit, "cases/_panel.html", working=working, holder=forms.holder, oob=True)


def _new_form(visit: Visit, filled: forms.Filled, refusal: Refusal, *, added: str = "") -> Response[str]:
    return _form(visit, filled, refusal, here=NEW, added=added, can_submit=True)


def _edit_form(visit: Visit, number: str, form: Form | None, refusal: Refusal) -> Response[str]:
    view = queries.view(visit.session, number, by=visit.viewer, at=visit.at)
    now = forms.stored(view)
    filled = now if form is None else forms.typed(form)
    clash = forms.clash(now, filled, clock.today(visit.at)) if refusal.status == 409 else []
    return _form(
        visit,
        filled,
        refusal,
        here=f"/cases/{number}/edit",
        line=forms.strip_of(view),
        version=view.version,
        can_submit=view.state in rules.MOVES["submit"][0],
        added="" if form is None else forms.wants_row(form),
        clash=clash,
    )


def _form(visit: Visit, filled: forms.Filled, refusal: Refusal, **context: Any) -> Response[str]:
    shown = {"line": None, "version": 0, "saved_at": None, "added": "", "clash": [], **context}
    return page(
        visit,
        "cases/edit.html",
        status=refusal.status,
        filled=filled,
        refusal=forms.pointed(refusal),
        working=forms.working(forms.reread(filled), clock.today(visit.at), choices(visit.session).omeq_table),
        sections=SECTIONS,
        holder=forms.holder,
        field_at=field_at,
        required=forms.required_words,
        suggestions={"patient.care_place": [visit.viewer.unit_name], "consent.given_to": [visit.viewer.name]},
        **shown,
    )


def _after_save(visit: Visit, form: Form, number: str, version: int) -> Response[Any]:
    """Where a saved form leads: to the case when it is sent in too, else on in the form."""
    if form.get("do") == "submit":
        service.submit(visit.session, number=number, version=version, by=visit.viewer, at=visit.at)
        return go(f"/cases/{number}", said="case-submitted")
    if not wants_fragment(visit.request):
        return go(f"/cases/{number}/edit", said="case-saved")
    return fragment(
        visit,
        "cases/_saved.html",
        working=forms.working(forms.lenient(form), clock.today(visit.at), choices(visit.session).omeq_table),
        version=version,
        saved_at=visit.at,
        refusal=NO_REFUSAL,
        here=f"/cases/{number}/edit",
        can_submit=queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at).state
        in rules.MOVES["submit"][0],
        holder=forms.holder,
    )


HANDLERS: list[Any] = [new, create, edit, save, preview]
