"""The API of follow-ups."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.queries import load
from mdk.journey import follow_ups
from mdk.pathways import follow_up_queries as queries
from mdk.pathways.follow_up_structs import FollowUpBody, FollowUpsView
from mdk_web import openapi
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, api_reading, api_writing, body_of


@get("/cases/{number:str}/follow-ups", opt=openapi.by_state(), sync_to_thread=True)
def show_follow_ups(request: PageRequest, number: FromPath[str]) -> FollowUpsView:
    with api_reading(request) as visit:
        return queries.follow_ups(visit.session, number, by=visit.viewer, at=visit.at)


@post("/cases/{number:str}/follow-ups", opt=openapi.takes(FollowUpBody, idempotent=True), sync_to_thread=True)
def tell_follow_up(request: PageRequest, number: FromPath[str], body: RawBody) -> FollowUpsView:
    """Tell of one follow-up; gives all of the case's, as they now are.

    One long before its time is taken as meant: the program that calls asks its own user, as the page does.
    """
    with api_writing(request) as visit:
        load(visit.session, number, act="case.follow-up", by=visit.viewer, at=visit.at)
        said = body_of(FollowUpBody, body)

        def make() -> str:
            follow_ups.tell(visit.session, number=number, body=said, by=visit.viewer, at=visit.at)
            return number

        once(visit, f"cases/{number}/follow-ups", body, make)
        return queries.follow_ups(visit.session, number, by=visit.viewer, at=visit.at)


HANDLERS: list[Any] = [show_follow_ups, tell_follow_up]
