"""The API of what a unit and its municipalities meet for every patient until a day."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing
from mdk.pathways import checklists, queries
from mdk.pathways.structs import StandingBody, StandingLine
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, paged, query_of, the_one
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of

_PATH = "/standing-prerequisites"


class StandingAt(StandingBody, kw_only=True):
    """Which prerequisite is met for every patient, by whom, and until when."""

    n: int


class StandingPage(msgspec.Struct):
    """What the caller's unit and the municipalities of its region meet for every patient, what ends first on top."""

    items: list[StandingLine]
    next_cursor: str | None


@get(_PATH, opt=openapi.asks(Paging), sync_to_thread=True)
def index_standing(request: PageRequest) -> StandingPage:
    with api_reading(request) as visit:
        check_role("standing.read", visit.viewer)
        return _stands(visit, query_of(request, Paging))


@post(_PATH, opt=openapi.takes(StandingAt, idempotent=True), sync_to_thread=True)
def keep_standing(request: PageRequest, body: RawBody) -> StandingLine:
    """Say, or say anew, that a prerequisite is met; the next patients start with it met."""
    with api_writing(request) as visit:
        check_role("standing.keep", visit.viewer)
        said = body_of(StandingAt, body)

        def make() -> str:
            kept = checklists.keep_standing(visit.session, n=said.n, body=said, by=visit.viewer, at=visit.at)
            return str(kept.id)

        made = once(visit, "standing-prerequisites", body, make)
        return the_one(_every(visit), made)


@post(f"{_PATH}/{{standing_id:int}}/remove", opt=openapi.takes(Nothing), status_code=200, sync_to_thread=True)
def remove_standing(request: PageRequest, standing_id: FromPath[int], body: RawBody) -> StandingPage:
    """What stood no longer stands; gives what is left."""
    with api_writing(request) as visit:
        check_role("standing.keep", visit.viewer)
        body_of(Nothing, body)
        checklists.end_standing(visit.session, standing_id=standing_id, by=visit.viewer, at=visit.at)
        return _stands(visit, Paging())


def _every(visit: Visit) -> list[StandingLine]:
    visit.session.flush()
    return queries.standing(visit.session, by=visit.viewer, at=visit.at)


def _stands(visit: Visit, query: Paging) -> StandingPage:
    return StandingPage(*paged(_every(visit), query, lambda one: (one.valid_until.isoformat(), f"{one.id:09}")))


HANDLERS: list[Any] = [index_standing, keep_standing, remove_standing]
