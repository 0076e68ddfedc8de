"""The API of implant referrals, pump assignments, and the prerequisites of both."""

from typing import Any

import msgspec
from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from mdk.pathways import checklists, queries, referrals
from mdk.pathways.structs import AssignmentView, PrerequisiteBody, ReferralView
from mdk.people.rules import check_role, may_ever
from mdk_web import openapi
from mdk_web.calls import Paging, query_of
from mdk_web.pathways.acts import ASSIGNMENT_ACTS, REFERRAL_ACTS, Act, content_of
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of, version_of

_SETS = openapi.takes(PrerequisiteBody, versioned=True)


class ReferralPage(msgspec.Struct):
    """One page of implant referrals, newest first."""

    items: list[ReferralView]
    next_cursor: str | None


class AssignmentPage(msgspec.Struct):
    """One page of pump assignments, newest first."""

    items: list[AssignmentView]
    next_cursor: str | None


@get("/implant-referrals", opt=openapi.asks(Paging), sync_to_thread=True)
def index_referrals(request: PageRequest) -> ReferralPage:
    with api_reading(request) as visit:
        check_role("referral.read", visit.viewer)
        query = query_of(request, Paging)
        found = queries.referrals(visit.session, by=visit.viewer, at=visit.at, limit=query.limit, cursor=query.cursor)
        return ReferralPage(*found)


@get("/implant-referrals/{referral_id:str}", sync_to_thread=True)
def show_referral(request: PageRequest, referral_id: FromPath[str]) -> ReferralView:
    """One implant referral; when neurosurgery opens a new one it counts as received."""
    with api_writing(request) as visit:
        if may_ever("referral.work", visit.viewer):
            referrals.receive(visit.session, referral_id=referral_id, by=visit.viewer, at=visit.at)
        return _referral(visit, referral_id)


@put("/implant-referrals/{referral_id:str}/prerequisites/{n:int}", opt=_SETS, sync_to_thread=True)
def set_of_referral(request: PageRequest, referral_id: FromPath[str], n: FromPath[int], body: RawBody) -> ReferralView:
    with api_writing(request) as visit:
        by, at = visit.viewer, visit.at
        queries.load_referral_row(visit.session, referral_id, n, by=by, at=at)
        version, said = version_of(request), body_of(PrerequisiteBody, body)
        checklists.set_of_referral(
            visit.session, referral_id=referral_id, n=n, version=version, body=said, by=by, at=at
        )
        return _referral(visit, referral_id)


@get("/pump-assignments", opt=openapi.asks(Paging), sync_to_thread=True)
def index_assignments(request: PageRequest) -> AssignmentPage:
    with api_reading(request) as visit:
        check_role("assignment.read", visit.viewer)
        query = query_of(request, Paging)
        found = queries.assignments(visit.session, by=visit.viewer, at=visit.at, limit=query.limit, cursor=query.cursor)
        return AssignmentPage(*found)


@get("/pump-assignments/{assignment_id:str}", sync_to_thread=True)
def show_assignment(request: PageRequest, assignment_id: FromPath[str]) -> AssignmentView:
    with api_reading(request) as visit:
        return queries.assignment(visit.session, assignment_id, by=visit.viewer, at=visit.at)


@put("/pump-assignments/{assignment_id:str}/prerequisites/{n:int}", opt=_SETS, sync_to_thread=True)
def set_of_assignment(
    request: PageRequest, assignment_id: FromPath[str], n: FromPath[int], body: RawBody
) -> AssignmentView:
    with api_writing(request) as visit:
        by, at = visit.viewer, visit.at
        queries.load_assignment_row(visit.session, assignment_id, n, by=by, at=at)
        version, said = version_of(request), body_of(PrerequisiteBody, body)
        checklists.set_of_assignment(
            visit.session, assignment_id=assignment_id, n=n, version=version, body=said, by=by, at=at
        )
        return _assignment(visit, assignment_id)


def _referral_handler(name: str, act: Act) -> HTTPRouteHandler:
    """The handler of one act: first who may, then the version, then the content."""

    def handle(request: PageRequest, referral_id: FromPath[str], body: RawBody) -> ReferralView:
        with api_writing(request) as visit:
            by, at = visit.viewer, visit.at
            queries.load_referral(visit.session, referral_id, act=act.needs, by=by, at=at)
            version, content = version_of(request), content_of(body_of(act.body, body))
            act.do(visit.session, referral_id=referral_id, version=version, by=by, at=at, **content)
            return _referral(visit, referral_id)

    handle.__name__ = f"{name.replace('-', '_')}_referral"
    path = f"/implant-referrals/{{referral_id:str}}/{name}"
    return post(path, opt=openapi.takes(act.body, versioned=True), status_code=200, sync_to_thread=True)(handle)


def _assignment_handler(name: str, act: Act) -> HTTPRouteHandler:
    def handle(request: PageRequest, assignment_id: FromPath[str], body: RawBody) -> AssignmentView:
        with api_writing(request) as visit:
            by, at = visit.viewer, visit.at
            queries.load_assignment(visit.session, assignment_id, act=act.needs, by=by, at=at)
            version, content = version_of(request), content_of(body_of(act.body, body))
            act.do(visit.session, assignment_id=assignment_id, version=version, by=by, at=at, **content)
            return _assignment(visit, assignment_id)

    handle.__name__ = f"{name.replace('-', '_')}_assignment"
    path = f"/pump-assignments/{{assignment_id:str}}/{name}"
    return post(path, opt=openapi.takes(act.body, versioned=True), status_code=200, sync_to_thread=True)(handle)


def _referral(visit: Visit, referral_id: str) -> ReferralView:
    visit.session.flush()
    return queries.referral(visit.session, referral_id, by=visit.viewer, at=visit.at)


def _assignment(visit: Visit, assignment_id: str) -> AssignmentView:
    """The assignment as it now is; whoever has just handed it over still reads it."""
    visit.session.flush()
    return queries.assignment(visit.session, assignment_id, by=visit.viewer, at=visit.at)


HANDLERS: list[Any] = [
    index_referrals,
    show_referral,
    set_of_referral,
    index_assignments,
    show_assignment,
    set_of_assignment,
    *(_referral_handler(name, act) for name, act in REFERRAL_ACTS.items()),
    *(_assignment_handler(name, act) for name, act in ASSIGNMENT_ACTS.items()),
]
