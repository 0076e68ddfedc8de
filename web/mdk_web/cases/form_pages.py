"""Pages of the form that a case is written in: a new one, a stored one, and what follows the typing."""

from collections.abc import Callable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.cases import queries, rules, service
from mdk.cases.tables import Case
from mdk.clinical.pasted import brands
from mdk.errors import NotFound
from mdk.people.rules import check_role
from mdk_web.cases import clashes, forms
from mdk_web.cases import form_shown as shown
from mdk_web.cases.form_shown import NEW
from mdk_web.cases.rows import reshapes
from mdk_web.cases.sections import LISTS
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import CASE_NUMBER, PageRequest, Visit, fragment, go, reading, wants_fragment, writing

AUTOSAVE = "autosave"


@get(NEW, sync_to_thread=True)
def new(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        return shown.case_form(visit, forms.beginning(visit.viewer, clock.today(visit.at)), NO_REFUSAL)


def _new_again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        form = Form(body)
        return _in_place(request, shown.case_form(visit, forms.typed(form), refusal, added=reshapes(form)))


@shown_again(again=_new_again)
def _create(request: PageRequest, body: bytes) -> Response[Any]:
    form = Form(body)
    if reshapes(form):
        return _new_again(request, body, refusal=NO_REFUSAL)
    with writing(request) as visit:
        if form.get("do") == AUTOSAVE:
            return _autosaved(visit, form, None)
        submission = forms.read(form, clock.today(visit.at))
        case = service.create(visit.session, submission=submission, by=visit.viewer, at=visit.at)
        return _after_save(visit, form, case)


@post(NEW, sync_to_thread=True)
def create(request: PageRequest, body: RawBody) -> Response[Any]:
    """A form that was opened for a new case, and has a number once it was saved by itself, is that case's from then."""
    number = Form(body).get("number", "")
    if not number:
        return _create(request, body)
    if not CASE_NUMBER.fullmatch(number):
        raise NotFound
    return _save(request, number, body)


@get("/cases/{number:str}/edit", sync_to_thread=True)
def edit(request: PageRequest, number: FromPath[str]) -> Response[Any]:
    with reading(request) as visit:
        case = queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        if case.state not in rules.EDITABLE:
            return go(f"/cases/{number}")
        return shown.edit_form(visit, number, None, NO_REFUSAL)


def _edit_again(request: PageRequest, number: str, body: bytes, *, refusal: Refusal) -> Response[str]:
    with reading(request) as visit:
        case = queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        form = Form(body)
        if form.get("do") == AUTOSAVE:
            return shown.bar(visit, form, case, refusal=refusal)
        return _in_place(request, shown.edit_form(visit, number, form, refusal))


@shown_again(again=_edit_again)
def _save(request: PageRequest, number: str, body: bytes) -> Response[Any]:
    form = Form(body)
    if reshapes(form):
        return _edit_again(request, number, body, refusal=NO_REFUSAL)
    with writing(request) as visit:
        case = queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        if form.get("do") == AUTOSAVE:
            return _autosaved(visit, form, case)
        kept = clashes.settled(form, queries.submission_of(case)) if clashes.chooses(form) else form
        submission, version = forms.read(kept, clock.today(visit.at)), form.version()
        case = service.replace(
            visit.session, number=number, version=version, submission=submission, by=visit.viewer, at=visit.at
        )
        return _after_save(visit, form, case)


@post("/cases/{number:str}/edit", sync_to_thread=True)
def save(request: PageRequest, number: FromPath[str], body: RawBody) -> Response[Any]:
    return _save(request, number, body)


@post("/cases/preview", sync_to_thread=True)
def preview(request: PageRequest, body: RawBody) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        form = Form(body)
        following = shown.follows(visit, forms.lenient(form), form.get("number", ""))
        return fragment(visit, "cases/_panel.html", **following, holder=forms.holder, oob=True)


@post("/cases/rows", sync_to_thread=True)
def rows(request: PageRequest, body: RawBody) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        form = Form(body)
        path = reshapes(form) or LISTS[0].path
        part = next(each for each in LISTS if each.path == path)
        answer = fragment(
            visit,
            "cases/_list.html",
            part=part,
            filled=forms.typed(form),
            refusal=NO_REFUSAL,
            added=path if form.get("do", "").startswith("add:") else "",
            pasting=brands().note,
        )
        answer.headers["HX-Trigger"] = "input"
        return answer


@post("/cases/who", sync_to_thread=True)
def who(request: PageRequest, body: RawBody) -> Response[str]:
    with reading(request) as visit:
        check_role("case.create", visit.viewer)
        form = Form(body)
        return fragment(visit, "cases/_who.html", who=shown.who_is(visit, forms.typed(form), form.get("number", "")))


def _in_place(request: PageRequest, answer: Response[str]) -> Response[str]:
    """A whole form that htmx puts in place of the present one."""
    if wants_fragment(request):
        answer.headers |= {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
    return answer


def _autosaved(visit: Visit, form: Form, case: Case | None) -> Response[str]:
    """Save what can be saved of a draft that is being typed, if that is news, and say what could not."""
    today = clock.today(visit.at)
    submission, left = forms.savable(form, today)
    if submission is None:
        return shown.bar(visit, form, case, unsaved=left)
    if case is not None and clashes.is_same(queries.submission_of(case), submission, today):
        return shown.bar(visit, form, case, unsaved=left, saved=True)
    act: Callable[..., Case] = service.create
    named: dict[str, Any] = {}
    if case is not None:
        act, named = service.replace, {"number": case.number, "version": form.version()}
    saved = act(visit.session, submission=submission, by=visit.viewer, at=visit.at, **named)
    visit.session.flush()
    return shown.bar(visit, form, saved, unsaved=left, saved=True, created=case is None)


def _after_save(visit: Visit, form: Form, case: Case) -> Response[Any]:
    """Where a saved form leads: to the case when it is sent in too, else on in the form."""
    visit.session.flush()
    if form.get("do") == "submit":
        service.submit(visit.session, number=case.number, version=case.version, by=visit.viewer, at=visit.at)
        return _on(visit, f"/cases/{case.number}", said="case-submitted")
    if not wants_fragment(visit.request) or form.get("anew"):
        return _on(visit, f"/cases/{case.number}/edit", said="case-saved")
    return shown.bar(visit, form, case, saved=True, created=not form.get("number"))


def _on(visit: Visit, path: str, *, said: str) -> Response[Any]:
    """Send the reader on; htmx is told so in a header, since the browser would follow an answer of its own unseen."""
    answer = go(path, said=said)
    if wants_fragment(visit.request):
        answer.status_code = 200
        answer.headers |= {"HX-Redirect": path, "X-Saved": "yes"}
    return answer


HANDLERS: list[Any] = [new, create, edit, save, preview, rows, who]
