"""The coordinator's page of everything decided that is late."""

from typing import Any

from litestar import Response, get

from mdk.journey import watch
from mdk.people.queries import units
from mdk_web.visits import PageRequest, page, reading


@get("/overdue", sync_to_thread=True)
def index_overdue(request: PageRequest) -> Response[Any]:
    with reading(request) as visit:
        rows = watch.overdue(visit.session, by=visit.viewer, at=visit.at)
        groups = [(kind, [row for row in rows if row.kind == kind]) for kind in watch.LATE_KINDS]
        names = {unit.id: unit.name for unit in units(visit.session)}
        return page(visit, "overdue/index.html", groups=groups, count=len(rows), units=names)


HANDLERS: list[Any] = [index_overdue]
