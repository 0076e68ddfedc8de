"""The API of actions."""

from typing import Any, get_args

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from mdk.pathways import action_queries as queries
from mdk.pathways import actions
from mdk.pathways.action_structs import ActionBody, ActionFilter, ActionView, End
from mdk.people.rules import check_role
from mdk_web import openapi
from mdk_web.calls import Paging, query_of
from mdk_web.visits import PageRequest, api_reading, api_writing, body_of, version_of

ENDS: tuple[End, ...] = get_args(End)


class ActionQuery(Paging, kw_only=True):
    """Which actions are wanted."""

    state: ActionFilter | None = None


class ActionPage(msgspec.Struct):
    """One page of actions, the one due first on top."""

    items: list[ActionView]
    next_cursor: str | None


@get("/actions", opt=openapi.asks(ActionQuery), sync_to_thread=True)
def index_actions(request: PageRequest) -> ActionPage:
    with api_reading(request) as visit:
        check_role("action.read", visit.viewer)
        query = query_of(request, ActionQuery)
        return ActionPage(
            *queries.actions(
                visit.session,
                by=visit.viewer,
                at=visit.at,
                state=query.state,
                limit=query.limit,
                cursor=query.cursor,
            )
        )


@get("/actions/{action_id:str}", sync_to_thread=True)
def show_action(request: PageRequest, action_id: FromPath[str]) -> ActionView:
    with api_reading(request) as visit:
        return queries.action(visit.session, action_id, by=visit.viewer, at=visit.at)


def _handler(how: End) -> HTTPRouteHandler:
    """The handler of one end: first who may, then the version, then the content."""

    def handle(request: PageRequest, action_id: FromPath[str], body: RawBody) -> ActionView:
        with api_writing(request) as visit:
            queries.load_action(visit.session, action_id, act="action.end", by=visit.viewer)
            version, said = version_of(request), body_of(ActionBody, body)
            content = msgspec.structs.asdict(said)
            by, at = visit.viewer, visit.at
            actions.end(visit.session, action_id=action_id, how=how, version=version, by=by, at=at, **content)
            visit.session.flush()
            return queries.action(visit.session, action_id, by=visit.viewer, at=visit.at)

    handle.__name__ = f"{how.replace('-', '_')}_action"
    options = openapi.takes(ActionBody, versioned=True)
    return post(f"/actions/{{action_id:str}}/{how}", opt=options, status_code=200, sync_to_thread=True)(handle)


HANDLERS: list[Any] = [index_actions, show_action, *map(_handler, ENDS)]
