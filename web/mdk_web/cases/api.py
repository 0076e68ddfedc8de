"""The API of cases, triage and the queue."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from msgspec import Meta

from mdk import clock
from mdk.audit import queries as audit
from mdk.audit.service import seen
from mdk.cases import lists, queries, rules, service
from mdk.cases.structs import (
    CaseLine,
    CaseState,
    CaseView,
    QueueLine,
    ReasonBody,
)
from mdk.cases.submission_structs import RegionCode, Submission, Urgency
from mdk.conferences import waiting
from mdk.conferences.forecast import Forecast, forecast
from mdk.conferences.outlook import foreseen
from mdk.cursors import RowId, pack, unpack
from mdk.journey import work
from mdk.journey.stories import CaseStep
from mdk.parsing import decode_json
from mdk.people.queries import names
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, query_of
from mdk_web.cases.acts import ACTS, Act
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

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


class QueueQuery(Paging, kw_only=True):
    """What of the queue to list; nothing asks for all of it."""

    region: RegionCode | None = None
    urgency: Urgency | None = None
    show: waiting.QueueShow | None = None


class Likely(msgspec.Struct):
    """When a case is likely taken up; null for one that no longer waits or stands on an agenda."""

    forecast: Forecast | None


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


class HistoryPage(msgspec.Struct):
    """One page of a case's history, oldest first."""

    items: list[CaseStep]
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
            text=query.q or "",
            limit=query.limit,
            cursor=query.cursor,
        )
        return CasePage(*found)


@get("/cases/{number:str}", sync_to_thread=True)
def show(request: PageRequest, number: FromPath[str]) -> CaseView:
    with api_reading(request) as visit:
        view = queries.view(visit.session, number, by=visit.viewer, at=visit.at)
        return foreseen(visit.session, view, at=visit.at)


@patch("/cases/{number:str}", opt=openapi.takes(Submission, versioned=True, merge=True), sync_to_thread=True)
def change(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="case.patch", by=visit.viewer, at=visit.at)
        version, changes = version_of(request), decode_json(body)
        service.patch(visit.session, number=number, version=version, changes=changes, by=visit.viewer, at=visit.at)
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


@get("/cases/{number:str}/history", opt=openapi.asks(Paging), sync_to_thread=True)
def history(request: PageRequest, number: FromPath[str]) -> HistoryPage:
    with api_reading(request) as visit:
        queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
        query = query_of(request, Paging)
        start = unpack(query.cursor, RowId) if query.cursor else 0
        steps = work.story(visit.session, number, by=visit.viewer, at=visit.at)
        end = start + query.limit
        return HistoryPage(steps[start:end], pack(end) if len(steps) > end else None)


@get("/cases/{number:str}/forecast", sync_to_thread=True)
def likely(request: PageRequest, number: FromPath[str]) -> Likely:
    with api_reading(request) as visit:
        queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
        seen(visit.session, "case.forecast", by=visit.viewer, at=visit.at, cases=(number,))
        return Likely(forecast(visit.session, number, at=visit.at))


@get("/queue", opt=openapi.asks(QueueQuery), sync_to_thread=True)
def queue(request: PageRequest) -> QueuePage:
    with api_reading(request) as visit:
        check_role("queue.read", visit.viewer)
        query = query_of(request, QueueQuery)
        wanted = waiting.QueueFilter(region=query.region, urgency=query.urgency, show=query.show)
        found = waiting.queue(
            visit.session, by=visit.viewer, at=visit.at, wanted=wanted, limit=query.limit, cursor=query.cursor
        )
        return QueuePage(*found)


def _handler(name: str, act: Act) -> HTTPRouteHandler:
    """The handler of one act: first who may, then the version, then the content."""

    def handle(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
        with api_writing(request) as visit:
            queries.load(visit.session, number, act=f"case.{name}", by=visit.viewer, at=visit.at)
            held = {"version": version_of(request)} if act.versioned else {}
            content = msgspec.structs.asdict(body_of(act.body, body))
            act.do(visit.session, number=number, **held, by=visit.viewer, at=visit.at, **content)
            return _shown(visit, number)

    handle.__name__ = name.replace("-", "_")
    takes = openapi.takes(act.body, versioned=act.versioned)
    return post(f"/cases/{{number:str}}/{name}", opt=takes, status_code=200, sync_to_thread=True)(handle)


def _shown(visit: Visit, number: str) -> CaseView:
    """The case as it now is; the act that led here is in the log."""
    visit.session.flush()
    case = queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
    return foreseen(visit.session, queries.view_of(visit.session, case, by=visit.viewer, at=visit.at), at=visit.at)


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
    *(_handler(name, act) for name, act in ACTS.items()),
    break_glass,
    access_log,
    history,
    likely,
    queue,
]
