"""The API of the question to home care: asking it of a case, and the addresses that a region keeps."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.queries import load
from mdk.cases.structs import Nothing
from mdk.pathways import contacts, home_care
from mdk.pathways.structs import ContactBody, ContactLine, HomeCareLine
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, paged, query_of, the_one
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of

_QUESTIONS, _CONTACTS = "/cases/{number:str}/home-care-questions", "/home-care-contacts"


class HomeCareQuestions(msgspec.Struct):
    """What home care was asked about a case, newest first, and what it answered."""

    items: list[HomeCareLine]


class Contacts(msgspec.Struct):
    """The addresses that the caller's region keeps, by municipality; an empty one is the whole region's."""

    items: list[ContactLine]
    next_cursor: str | None


@get(_QUESTIONS, sync_to_thread=True)
def show_questions(request: PageRequest, number: FromPath[str]) -> HomeCareQuestions:
    with api_reading(request) as visit:
        return _asked(visit, number)


@post(_QUESTIONS, opt=openapi.takes(Nothing, idempotent=True), sync_to_thread=True)
def ask(request: PageRequest, number: FromPath[str], body: RawBody) -> HomeCareQuestions:
    """Ask whether an extern pump can be taken; the mail names no patient, and its link answers without a sign-in."""
    with api_writing(request) as visit:
        load(visit.session, number, act="case.ask-home-care", by=visit.viewer, at=visit.at)
        body_of(Nothing, body)

        def make() -> str:
            return home_care.ask(visit.session, number=number, by=visit.viewer, at=visit.at).number

        once(visit, f"home-care-questions {number}", body, make)
        return _asked(visit, number)


@get(_CONTACTS, opt=openapi.asks(Paging), sync_to_thread=True)
def index_contacts(request: PageRequest) -> Contacts:
    with api_reading(request) as visit:
        check_role("contact.keep", visit.viewer)
        return _kept(visit, query_of(request, Paging))


@post(_CONTACTS, opt=openapi.takes(ContactBody, idempotent=True), sync_to_thread=True)
def keep_contact(request: PageRequest, body: RawBody) -> ContactLine:
    """Keep an address; one that was kept for the same place is replaced."""
    with api_writing(request) as visit:
        check_role("contact.keep", visit.viewer)
        said = body_of(ContactBody, body)

        def make() -> str:
            return str(home_care.keep_contact(visit.session, body=said, by=visit.viewer, at=visit.at).id)

        made = once(visit, "home-care-contacts", body, make)
        return the_one(_every(visit), made)


@post(f"{_CONTACTS}/{{contact_id:int}}/remove", opt=openapi.takes(Nothing), status_code=200, sync_to_thread=True)
def remove_contact(request: PageRequest, contact_id: FromPath[int], body: RawBody) -> Contacts:
    """Forget an address; gives those that are left."""
    with api_writing(request) as visit:
        check_role("contact.keep", visit.viewer)
        body_of(Nothing, body)
        home_care.end_contact(visit.session, contact_id=contact_id, by=visit.viewer, at=visit.at)
        return _kept(visit, Paging())


def _asked(visit: Visit, number: str) -> HomeCareQuestions:
    return HomeCareQuestions(contacts.questions(visit.session, number, by=visit.viewer, at=visit.at))


def _every(visit: Visit) -> list[ContactLine]:
    visit.session.flush()
    return contacts.kept(visit.session, by=visit.viewer, at=visit.at)


def _kept(visit: Visit, query: Paging) -> Contacts:
    return Contacts(*paged(_every(visit), query, lambda one: (one.municipality, f"{one.id:09}")))


HANDLERS: list[Any] = [show_questions, ask, index_contacts, keep_contact, remove_contact]
