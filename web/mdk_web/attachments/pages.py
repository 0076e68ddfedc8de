"""Pages of a case's attachments: the list with the form that adds, each file, and the removal of one."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases import attachments, queries
from mdk.cases.files import LARGEST_CASE, LARGEST_FILE, MB, MOST_FILES
from mdk.cases.structs import ReasonBody
from mdk.errors import Invalid, NotFound, Problem
from mdk_web import uploads
from mdk_web.attachments import serving, taken
from mdk_web.cases import forms
from mdk_web.cases.acts import acts_of
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
LIMITS = {"file_mb": LARGEST_FILE // MB, "case_mb": LARGEST_CASE // MB, "files": MOST_FILES}
_PATH = "/cases/{number:str}/attachments"


def _index(visit: Visit, number: str, refusal: Refusal) -> Page:
    view = queries.view(visit.session, number, by=visit.viewer, at=visit.at)
    acts = acts_of(view, visit.viewer)
    line = forms.strip_of(view)
    return page(
        visit,
        "attachments/index.html",
        status=refusal.status,
        refusal=refusal,
        view=view,
        line=line,
        acts=acts,
        limits=LIMITS,
    )


def _index_again(request: PageRequest, number: str, *, refusal: Refusal, **_: object) -> Page:
    with reading(request) as visit:
        return _index(visit, number, refusal)


def _removal(request: PageRequest, number: str, attachment_id: str, form: Form, refusal: Refusal) -> Page:
    with reading(request) as visit:
        queries.load(visit.session, number, act="case.detach", by=visit.viewer, at=visit.at)
        view = queries.view(visit.session, number, by=visit.viewer, at=visit.at)
        if "detach" not in acts_of(view, visit.viewer):
            raise NotFound
        file = next((each for each in view.attachments if each.id == attachment_id), None)
        if file is None:
            raise NotFound
        shown = {"view": view, "file": file, "reason": form.get("reason", ""), "refusal": refusal}
        return page(visit, "attachments/remove.html", status=refusal.status, **shown)


def _removal_again(request: PageRequest, number: str, attachment_id: str, body: bytes, *, refusal: Refusal) -> Page:
    return _removal(request, number, attachment_id, Form(body), refusal)


@get(_PATH, sync_to_thread=True)
def index(request: PageRequest, number: FromPath[str]) -> Page:
    with reading(request) as visit:
        return _index(visit, number, NO_REFUSAL)


@post(_PATH, request_max_body_size=taken.BODY_LIMIT, sync_to_thread=True)
@shown_again(again=_index_again)
def add(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    with reading(request) as visit:
        queries.load(visit.session, number, act="case.attach", by=visit.viewer, at=visit.at)
    sent = uploads.files_of(request.headers.get("content-type", ""), body)
    if not sent:
        raise Invalid([Problem(taken.FIELD, "Välj minst en fil, eller ta en bild.")])
    kept, problems = taken.sorted_out(sent)
    with writing(request) as visit:
        attachments.attach(visit.session, number=number, files=kept, by=visit.viewer, at=visit.at)
    if problems:
        raise Invalid(problems)
    return go(f"/cases/{number}/attachments", said="attachments-added")


@get(f"{_PATH}/{{attachment_id:str}}", sync_to_thread=True)
def show(request: PageRequest, number: FromPath[str], attachment_id: FromPath[str]) -> Response[bytes]:
    with reading(request) as visit:
        return serving.served(visit, number, attachment_id)


@get(f"{_PATH}/{{attachment_id:str}}/remove", sync_to_thread=True)
def ask(request: PageRequest, number: FromPath[str], attachment_id: FromPath[str]) -> Page:
    return _removal(request, number, attachment_id, Form(b""), NO_REFUSAL)


@post(f"{_PATH}/{{attachment_id:str}}/remove", sync_to_thread=True)
@shown_again(again=_removal_again)
def remove(request: PageRequest, number: FromPath[str], attachment_id: FromPath[str], body: RawBody) -> Page:
    reason = Form(body).read(ReasonBody).reason
    with writing(request) as visit:
        named = {"number": number, "attachment_id": attachment_id}
        attachments.detach(visit.session, **named, reason=reason, by=visit.viewer, at=visit.at)
    return go(f"/cases/{number}/attachments", said="attachment-removed")


HANDLERS: list[Any] = [index, add, show, ask, remove]
