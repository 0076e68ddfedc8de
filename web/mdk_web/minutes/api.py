"""The API of a case's minutes at a conference."""

from typing import Any

from litestar import Response, get, post, put
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing
from mdk.journey import decisions
from mdk.minutes import queries, service
from mdk.minutes.structs import AddendumBody, MinutesBody, MinutesView
from mdk_web import openapi
from mdk_web.idempotency import once
from mdk_web.minutes import files, paper
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_PATH = "/conferences/{conference_id:str}/cases/{number:str}/minutes"
_FILE = openapi.asks(files.EditionQuery) | openapi.by_state()


def shown(visit: Visit, conference_id: str, number: str) -> MinutesView:
    """The minutes as they now are; the act that led here is in the log."""
    visit.session.flush()
    found = queries.load(visit.session, conference_id, number, act="minutes.add", by=visit.viewer)
    return queries.view_of(visit.session, *found)


@get(_PATH, sync_to_thread=True)
def show(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> MinutesView:
    with api_reading(request) as visit:
        return queries.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)


@put(_PATH, opt=openapi.takes(MinutesBody, versioned=True), sync_to_thread=True)
def save(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> MinutesView:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer)
        version, given = version_of(request), body_of(MinutesBody, body)
        service.save(
            visit.session,
            conference_id=conference_id,
            number=number,
            version=version,
            body=given,
            by=visit.viewer,
            at=visit.at,
        )
        return shown(visit, conference_id, number)


@post(f"{_PATH}/sign", opt=openapi.takes(Nothing, versioned=True), status_code=200, sync_to_thread=True)
def sign(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> MinutesView:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, number, act="minutes.sign", by=visit.viewer)
        version = version_of(request)
        body_of(Nothing, body)
        decisions.sign(
            visit.session,
            conference_id=conference_id,
            number=number,
            version=version,
            sealing=paper.sealing(visit.settings),
            by=visit.viewer,
            at=visit.at,
        )
        return shown(visit, conference_id, number)


@post(f"{_PATH}/addenda", opt=openapi.takes(AddendumBody, idempotent=True), sync_to_thread=True)
def add(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> MinutesView:
    with api_writing(request) as visit:
        queries.load(visit.session, conference_id, number, act="minutes.add", by=visit.viewer)
        given = body_of(AddendumBody, body)

        def make() -> str:
            service.add(
                visit.session,
                conference_id=conference_id,
                number=number,
                text=given.text,
                sealing=paper.sealing(visit.settings),
                by=visit.viewer,
                at=visit.at,
            )
            return number

        once(visit, f"addenda/{conference_id}/{number}", body, make, read="minutes.read")
        return shown(visit, conference_id, number)


@get(f"{_PATH}.pdf", media_type="application/pdf", opt=_FILE, sync_to_thread=True)
def pdf(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[bytes]:
    with api_reading(request) as visit:
        return files.pdf(visit, conference_id, number)


@get(f"{_PATH}.txt", media_type="text/plain", opt=_FILE, sync_to_thread=True)
def text(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[str]:
    with api_reading(request) as visit:
        return files.text(visit, conference_id, number)


@get(f"{_PATH}.jws", media_type="application/jose", opt=_FILE, sync_to_thread=True)
def signature(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[str]:
    with api_reading(request) as visit:
        return files.signature(visit, conference_id, number)


HANDLERS: list[Any] = [show, save, sign, add, pdf, text, signature]
