"""The API of cases, triage and the queue."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, patch, post
from litestar.params import FromPath, RawBody
from msgspec import Meta

from mdk import clock
from mdk.audit import queries as audit
from mdk.audit.service import seen
from mdk.cases import lists, queries, rules, service
from mdk.cases.structs import (
    AcceptBody,
    AnswerBody,
    CaseLine,
    CaseState,
    CaseView,
    Nothing,
    QueueLine,
    ReasonBody,
    RedirectBody,
    RegionCode,
    Submission,
    SupplementBody,
)
from mdk.cursors import pack, unpack
from mdk.parsing import decode_json
from mdk.people.queries import names
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, query_of
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_ACTS: Mapping[str, tuple[Callable[..., Any], type[msgspec.Struct]]] = {
    "submit": (service.submit, Nothing),
    "supplement": (service.supplement, AnswerBody),
    "accept": (service.accept, AcceptBody),
    "request-supplement": (service.request_supplement, SupplementBody),
    "answer": (service.answer, AnswerBody),
    "redirect": (service.redirect, RedirectBody),
    "decline": (service.decline, ReasonBody),
}
_ONE_STATE = "|".join(CaseState)


class CaseQuery(Paging, kw_only=True):
    """Which cases to list: in any of the states (with commas between), of a region, and with a text or number."""

    state: Annotated[str, Meta(pattern=f"^({_ONE_STATE})(,({_ONE_STATE}))*$")] | None = None
    region: RegionCode | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None


class CasePage(msgspec.Struct):
    """One page of cases."""

    items: list[CaseLine]
    next_cursor: str | None


class QueuePage(msgspec.Struct):
    """One page of the queue."""

    items: list[QueueLine]
    next_cursor: str | None


class AccessLine(msgspec.Struct):
    """One read of or act on a case: who, as what, when, from where, and why."""

    at: datetime
    act: str
    by: str
    role: str
    unit: str
    surface: str
    address: str
    allowed: bool
    reason: str


class AccessPage(msgspec.Struct):
    """One page of a case's access log, newest first."""

    items: list[AccessLine]
    next_cursor: str | None


@post("/cases", opt=openapi.takes(Submission, idempotent=True), sync_to_thread=True)
def create(request: PageRequest, body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        check_role("case.create", visit.viewer)
        submission = rules.read_submission(decode_json(body), today=clock.today(visit.at))

        def make() -> str:
            return service.create(visit.session, submission=submission, by=visit.viewer, at=visit.at).number

        return _shown(visit, once(visit, "cases", body, make, read="case.read"))


@get("/cases", opt=openapi.asks(CaseQuery), sync_to_thread=True)
def index(request: PageRequest) -> CasePage:
    with api_reading(request) as visit:
        check_role("case.read", visit.viewer)
        query = query_of(request, CaseQuery)
        found = lists.lines(
            visit.session,
            by=visit.viewer,
            at=visit.at,
            states=tuple((query.state or "").split(",")) if query.state else (),
            region=query.region,
            search=query.q or "",
            limit=query.limit,
            cursor=query.cursor,
        )
        return CasePage(*found)


@get("/cases/{number:str}", sync_to_thread=True)
def show(request: PageRequest, number: FromPath[str]) -> CaseView:
    with api_reading(request) as visit:
        return queries.view(visit.session, number, by=visit.viewer, at=visit.at)


@patch("/cases/{number:str}", opt=openapi.takes(Submission, versioned=True, merge=True), sync_to_thread=True)
def change(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        version, changes = version_of(request), decode_json(body)
        service.patch(visit.session, number=number, version=version, changes=changes, by=visit.viewer, at=visit.at)
        return _shown(visit, number)


@post("/cases/{number:str}/submit", opt=openapi.takes(Nothing, versioned=True), status_code=200, sync_to_thread=True)
def submit(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "submit", body)


@post(
    "/cases/{number:str}/supplement",
    opt=openapi.takes(AnswerBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def supplement(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "supplement", body)


@post("/cases/{number:str}/accept", opt=openapi.takes(AcceptBody, versioned=True), status_code=200, sync_to_thread=True)
def accept(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "accept", body)


@post(
    "/cases/{number:str}/request-supplement",
    opt=openapi.takes(SupplementBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def request_supplement(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "request-supplement", body)


@post("/cases/{number:str}/answer", opt=openapi.takes(AnswerBody, versioned=True), status_code=200, sync_to_thread=True)
def answer(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "answer", body)


@post(
    "/cases/{number:str}/redirect",
    opt=openapi.takes(RedirectBody, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def redirect(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "redirect", body)


@post(
    "/cases/{number:str}/decline", opt=openapi.takes(ReasonBody, versioned=True), status_code=200, sync_to_thread=True
)
def decline(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    return _act(request, number, "decline", body)


@post("/cases/{number:str}/confirm-read", opt=openapi.takes(Nothing), status_code=200, sync_to_thread=True)
def confirm_read(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="case.confirm-read", by=visit.viewer, at=visit.at)
        body_of(Nothing, body)
        service.confirm_read(visit.session, number=number, by=visit.viewer, at=visit.at)
        return _shown(visit, number)


@post("/cases/{number:str}/break-glass", opt=openapi.takes(ReasonBody), status_code=200, sync_to_thread=True)
def break_glass(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        check_role("case.break-glass", visit.viewer)
        queries.behind_glass(visit.session, number)
        given = body_of(ReasonBody, body)
        service.break_glass(visit.session, number=number, reason=given.reason, by=visit.viewer, at=visit.at)
        return _shown(visit, number)


@get("/cases/{number:str}/access-log", opt=openapi.asks(Paging), sync_to_thread=True)
def access_log(request: PageRequest, number: FromPath[str]) -> AccessPage:
    with api_reading(request) as visit:
        queries.load(visit.session, number, act="case.access-log", by=visit.viewer, at=visit.at)
        query = query_of(request, Paging)
        before = unpack(query.cursor, int) if query.cursor else None
        rows = audit.of_case(visit.session, number, limit=query.limit + 1, before=before)
        seen(visit.session, "case.access-log", by=visit.viewer, at=visit.at, cases=(number,))
        following = pack(rows[query.limit - 1].id) if len(rows) > query.limit else None
        return AccessPage(_access_lines(visit, rows[: query.limit]), following)


@get("/queue", opt=openapi.asks(Paging), sync_to_thread=True)
def queue(request: PageRequest) -> QueuePage:
    with api_reading(request) as visit:
        check_role("queue.read", visit.viewer)
        query = query_of(request, Paging)
        found = lists.queue(visit.session, by=visit.viewer, at=visit.at, limit=query.limit, cursor=query.cursor)
        return QueuePage(*found)


def _act(request: PageRequest, number: str, act: str, body: bytes) -> CaseView:
    """Do one of `_ACTS`: first who may, then the version, then the content."""
    do, kind = _ACTS[act]
    with api_writing(request) as visit:
        queries.load(visit.session, number, act=f"case.{act}", by=visit.viewer, at=visit.at)
        version, content = version_of(request), msgspec.structs.asdict(body_of(kind, body))
        do(visit.session, number=number, version=version, by=visit.viewer, at=visit.at, **content)
        return _shown(visit, number)


def _shown(visit: Visit, number: str) -> CaseView:
    """The case as it now is; the act that led here is in the log."""
    visit.session.flush()
    case = queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
    return queries.view_of(visit.session, case, by=visit.viewer, at=visit.at)


def _access_lines(visit: Visit, rows: list[Any]) -> list[AccessLine]:
    people = names(visit.session, {row.person_id for row in rows})
    return [
        AccessLine(
            at=row.at,
            act=row.act,
            by=people.get(row.person_id, ""),
            role=row.role,
            unit=row.unit_id,
            surface=row.surface,
            address=row.address,
            allowed=row.allowed,
            reason=row.reason,
        )
        for row in rows
    ]


HANDLERS: list[Any] = [
    create,
    index,
    show,
    change,
    submit,
    supplement,
    accept,
    request_supplement,
    answer,
    redirect,
    decline,
    confirm_read,
    break_glass,
    access_log,
    queue,
]
