"""The page of the queue."""

from typing import Any

from litestar import Response, get

from mdk.conferences import queries as conferences
from mdk.conferences import waiting
from mdk_web.calls import query_of
from mdk_web.visits import PageRequest, page, reading


@get("/queue", sync_to_thread=True)
def index(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        wanted = query_of(request, waiting.QueueFilter)
        cursor = request.query_params.get("cursor") or None
        rows, following = waiting.queue(visit.session, by=visit.viewer, at=visit.at, wanted=wanted, cursor=cursor)
        planned = conferences.planned_for(visit.session, [row.case for row in rows])
        return page(
            visit,
            "queue/index.html",
            rows=rows,
            planned=planned,
            following=following,
            wanted=wanted,
            is_filtered=wanted != waiting.EVERYTHING,
            is_first=cursor is None,
        )


HANDLERS: list[Any] = [index]
