"""The pages of the learning bank."""

from collections.abc import Callable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.errors import NotFound
from mdk.learning import queries, service
from mdk.learning.structs import LearningBody, ReturnBody
from mdk.people.rules import may_ever
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]


@get("/learning", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        text = request.query_params.get("q", "")
        cursor = request.query_params.get("cursor") or None
        lines, following = queries.published(visit.session, by=visit.viewer, at=visit.at, text=text, cursor=cursor)
        waiting = queries.unpublished(visit.session, by=visit.viewer, at=visit.at)
        return page(visit, "learning/index.html", lines=lines, following=following, waiting=waiting, text=text)


@post("/cases/{number:str}/learning", sync_to_thread=True)
def begin(request: PageRequest, number: FromPath[str]) -> Page:
    with writing(request) as visit:
        row = service.begin(visit.session, number=number, by=visit.viewer, at=visit.at)
        return go(f"/learning/{row.id}")


@get("/learning/{key:str}", sync_to_thread=True)
def show(request: PageRequest, key: FromPath[str]) -> Page:
    return _show(request, key)


def _again(request: PageRequest, key: str, act: str, body: bytes, *, refusal: Refusal) -> Page:
    return _show(request, key, act=act, body=body, refusal=refusal)


@post("/learning/{key:str}/{act:str}", sync_to_thread=True)
@shown_again(again=_again)
def carry_out(request: PageRequest, key: FromPath[str], act: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        _ACTS.get(act, _unknown)(visit, key, form)
        return go(f"/learning/{key}", said=f"learning-{act}")


def _write(visit: Visit, key: str, form: Form) -> int:
    queries.owned(visit.session, key, act="learning.write", by=visit.viewer, at=visit.at)
    body: LearningBody = form.read(LearningBody)
    row = service.write(visit.session, key=key, version=form.version(), body=body, by=visit.viewer, at=visit.at)
    return row.version


def _send(visit: Visit, key: str, form: Form) -> None:
    version = _write(visit, key, form)
    service.send(visit.session, key=key, version=version, by=visit.viewer, at=visit.at)


def _publish(visit: Visit, key: str, form: Form) -> None:
    service.publish(visit.session, key=key, version=form.version(), by=visit.viewer, at=visit.at)


def _return(visit: Visit, key: str, form: Form) -> None:
    queries.owned(visit.session, key, act="learning.review", by=visit.viewer, at=visit.at)
    note = form.read(ReturnBody).note
    service.give_back(visit.session, key=key, version=form.version(), note=note, by=visit.viewer, at=visit.at)


def _withdraw(visit: Visit, key: str, form: Form) -> None:
    queries.owned(visit.session, key, act="learning.review", by=visit.viewer, at=visit.at)
    note = form.read(ReturnBody).note
    service.withdraw(visit.session, key=key, version=form.version(), note=note, by=visit.viewer, at=visit.at)


def _rewrite(visit: Visit, key: str, form: Form) -> None:
    service.rewrite(visit.session, key=key, version=form.version(), by=visit.viewer, at=visit.at)


def _unknown(visit: Visit, key: str, form: Form) -> None:  # noqa: ARG001 - takes what the others take
    raise NotFound


_ACTS: dict[str, Callable[[Visit, str, Form], Any]] = {
    "write": _write,
    "send": _send,
    "publish": _publish,
    "return": _return,
    "withdraw": _withdraw,
    "rewrite": _rewrite,
}


def _show(request: PageRequest, key: str, *, act: str = "", body: bytes = b"", refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        found = queries.view(visit.session, key, by=visit.viewer, at=visit.at)
        return page(
            visit,
            "learning/show.html",
            status=refusal.status,
            found=found,
            act=act,
            typed=Form(body),
            may_write=may_ever("learning.write", visit.viewer),
            may_review=may_ever("learning.review", visit.viewer),
            refusal=refusal,
        )


HANDLERS: list[Any] = [index, begin, show, carry_out]
