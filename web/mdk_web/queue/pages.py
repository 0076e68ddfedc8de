"""The page of the queue."""

from typing import Any

from litestar import Response, get

from mdk.cases import lists
from mdk.conferences import queries as conferences
from mdk_web.visits import PageRequest, page, reading


@get("/queue", sync_to_thread=True)
def index(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        cursor = request.query_params.get("cursor") or None
        rows, following = lists.queue(visit.session, by=visit.viewer, at=visit.at, cursor=cursor)
        planned = conferences.planned_for(visit.session, [row.case for row in rows])
        return page(visit, "queue/index.html", rows=rows, planned=planned, following=following, is_first=cursor is None)


HANDLERS: list[Any] = [index]
