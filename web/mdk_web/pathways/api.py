"""The API of implant referrals and pump assignments."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing
from mdk.pathways import assignments, queries, referrals
from mdk.pathways.structs import AssignmentView, ReferralView
from mdk.people.rules import check_role, may_ever
from mdk_web import openapi
from mdk_web.calls import Paging, query_of
from mdk_web.visits import PageRequest, api_reading, api_writing, body_of, version_of


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
            visit.session.flush()
        return queries.referral(visit.session, referral_id, by=visit.viewer, at=visit.at)


@post(
    "/implant-referrals/{referral_id:str}/accept",
    opt=openapi.takes(Nothing, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def accept_referral(request: PageRequest, referral_id: FromPath[str], body: RawBody) -> ReferralView:
    with api_writing(request) as visit:
        queries.load_referral(visit.session, referral_id, act="referral.work", by=visit.viewer, at=visit.at)
        version = version_of(request)
        body_of(Nothing, body)
        referrals.accept(visit.session, referral_id=referral_id, version=version, by=visit.viewer, at=visit.at)
        visit.session.flush()
        return queries.referral(visit.session, referral_id, by=visit.viewer, at=visit.at)


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


@post(
    "/pump-assignments/{assignment_id:str}/accept",
    opt=openapi.takes(Nothing, versioned=True),
    status_code=200,
    sync_to_thread=True,
)
def accept_assignment(request: PageRequest, assignment_id: FromPath[str], body: RawBody) -> AssignmentView:
    with api_writing(request) as visit:
        queries.load_assignment(visit.session, assignment_id, act="assignment.work", by=visit.viewer, at=visit.at)
        version = version_of(request)
        body_of(Nothing, body)
        assignments.accept(visit.session, assignment_id=assignment_id, version=version, by=visit.viewer, at=visit.at)
        visit.session.flush()
        return queries.assignment(visit.session, assignment_id, by=visit.viewer, at=visit.at)


HANDLERS: list[Any] = [
    index_referrals,
    show_referral,
    accept_referral,
    index_assignments,
    show_assignment,
    accept_assignment,
]
