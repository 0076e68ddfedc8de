"""Pages of actions: the list of a unit, and how an action ended."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from mdk.pathways import action_queries as queries
from mdk.pathways import actions
from mdk.pathways.action_structs import ActionBody, End
from mdk.people.rules import may_ever
from mdk_web.actions.api import ENDS
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]
FILTERS = (("open", "Pågående"), ("overdue", "Försenade"), ("", "Alla"))
PER_PAGE = 50


@get("/actions", sync_to_thread=True)
def index_actions(request: PageRequest) -> Page:
    return _index(request)


def _index(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, tried: str = "", form: Form | None = None) -> Page:
    asked = str(request.query_params.get("state", "open"))
    chosen = next((code for code, _ in FILTERS if code == asked), "open")
    with reading(request) as visit:
        rows, following = queries.actions(
            visit.session,
            by=visit.viewer,
            at=visit.at,
            state=chosen or None,  # type: ignore[arg-type]
            limit=PER_PAGE,
            cursor=request.query_params.get("cursor") or None,
        )
        return page(
            visit,
            "actions/index.html",
            status=refusal.status,
            rows=rows,
            following=following,
            filters=FILTERS,
            chosen=chosen,
            ends=may_ever("action.end", visit.viewer),
            refusal=refusal,
            tried=tried,
            typed=form or {},
        )


def _again(request: PageRequest, action_id: str, body: bytes, *, refusal: Refusal) -> Page:
    return _index(request, refusal=refusal, tried=action_id, form=Form(body))


def _handler(how: End) -> HTTPRouteHandler:
    @shown_again(again=_again)
    def handle(request: PageRequest, action_id: FromPath[str], body: RawBody) -> Page:
        with writing(request) as visit:
            queries.load_action(visit.session, action_id, act="action.end", by=visit.viewer)
            form = Form(body)
            content, version = msgspec.structs.asdict(form.read(ActionBody)), form.version()
            by, at = visit.viewer, visit.at
            actions.end(visit.session, action_id=action_id, how=how, version=version, by=by, at=at, **content)
            return go("/actions", said=f"action-{how}")

    handle.__name__ = f"{how.replace('-', '_')}_action"
    return post(f"/actions/{{action_id:str}}/{how}", sync_to_thread=True)(handle)


HANDLERS: list[Any] = [index_actions, *map(_handler, ENDS)]
