"""Pages of the question to home care: asking it from a case, and the addresses that a region keeps."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.pathways import contacts, home_care
from mdk.pathways.structs import ContactBody
from mdk_web.cases.pages import show_case
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
HERE = "/home-care-contacts"


def _case_again(request: PageRequest, number: str, *, refusal: Refusal, **_: object) -> Page:
    with reading(request) as visit:
        return show_case(visit, number, refusal)


@post("/cases/{number:str}/ask-home-care", sync_to_thread=True)
@shown_again(again=_case_again)
def ask(request: PageRequest, number: FromPath[str]) -> Page:
    with writing(request) as visit:
        home_care.ask(visit.session, number=number, by=visit.viewer, at=visit.at)
        return go(f"/cases/{number}", said="home-care-asked")


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        return _shown(visit)


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    with reading(request) as visit:
        return _shown(visit, refusal=refusal, typed=Form(body))


@post(HERE, sync_to_thread=True)
@shown_again(again=_again)
def keep(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        home_care.keep_contact(visit.session, body=Form(body).read(ContactBody), by=visit.viewer, at=visit.at)
        return go(HERE, said="contact-kept")


@post("/home-care-contacts/{contact_id:int}/end", sync_to_thread=True)
def end(request: PageRequest, contact_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        home_care.end_contact(visit.session, contact_id=contact_id, by=visit.viewer, at=visit.at)
        return go(HERE, said="contact-ended")


def _shown(visit: Visit, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None) -> Page:
    return page(
        visit,
        "home_care/contacts.html",
        status=refusal.status,
        refusal=refusal,
        typed=typed or {},
        lines=contacts.kept(visit.session, by=visit.viewer, at=visit.at),
    )


HANDLERS: list[Any] = [ask, index, keep, end]
