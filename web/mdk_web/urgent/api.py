"""The API of the urgent lane."""

from typing import Any

from litestar import post
from litestar.params import FromPath, RawBody

from mdk.cases import queries
from mdk.cases.structs import CaseView
from mdk.conferences.outlook import foreseen
from mdk.journey import urgent
from mdk.journey.urgent_structs import OpinionBody, RatifyBody, UrgentBody
from mdk.minutes.structs import MinutesBody
from mdk_web import openapi
from mdk_web.idempotency import once
from mdk_web.minutes import paper
from mdk_web.visits import PageRequest, Visit, api_writing, body_of, version_of

_PATH = "/cases/{number:str}/urgent-review"


@post(_PATH, opt=openapi.takes(UrgentBody, versioned=True, idempotent=True), sync_to_thread=True)
def begin(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="urgent.open", by=visit.viewer, at=visit.at)
        version, given = version_of(request), body_of(UrgentBody, body)

        def make() -> str:
            return urgent.open_review(
                visit.session,
                number=number,
                version=version,
                members=given.members,
                deadline=given.deadline,
                by=visit.viewer,
                at=visit.at,
            ).number

        once(visit, f"urgent-review/{number}", body, make, read="case.read")
        return _shown(visit, number)


@post(f"{_PATH}/opinions", opt=openapi.takes(OpinionBody, idempotent=True), sync_to_thread=True)
def opine(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="urgent.opine", by=visit.viewer, at=visit.at)
        text = body_of(OpinionBody, body).text

        def make() -> str:
            return urgent.give_opinion(visit.session, number=number, text=text, by=visit.viewer, at=visit.at).number

        once(visit, f"urgent-review/{number}/opinions", body, make, read="case.read")
        return _shown(visit, number)


@post(f"{_PATH}/conclude", opt=openapi.takes(MinutesBody, versioned=True), status_code=200, sync_to_thread=True)
def conclude(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="urgent.conclude", by=visit.viewer, at=visit.at)
        version, given = version_of(request), body_of(MinutesBody, body)
        urgent.conclude(
            visit.session,
            number=number,
            version=version,
            body=given,
            sealing=paper.sealing(visit.settings),
            by=visit.viewer,
            at=visit.at,
        )
        return _shown(visit, number)


@post(f"{_PATH}/ratify", opt=openapi.takes(RatifyBody, versioned=True), status_code=200, sync_to_thread=True)
def ratify(request: PageRequest, number: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="urgent.ratify", by=visit.viewer, at=visit.at)
        version, given = version_of(request), body_of(RatifyBody, body)
        urgent.ratify(
            visit.session,
            number=number,
            version=version,
            conference=given.conference,
            remark=given.remark,
            sealing=paper.sealing(visit.settings),
            by=visit.viewer,
            at=visit.at,
        )
        return _shown(visit, number)


def _shown(visit: Visit, number: str) -> CaseView:
    """The case as it now is; the act that led here is in the log."""
    visit.session.flush()
    case = queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
    return foreseen(visit.session, queries.view_of(visit.session, case, by=visit.viewer, at=visit.at), at=visit.at)


HANDLERS: list[Any] = [begin, opine, conclude, ratify]
