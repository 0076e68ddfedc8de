"""Owns the profile of the queue page: what each part of it costs, one after the other on a quiet thread."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bench.load import DEMO
from mdk import clock
from mdk.audit.service import seen
from mdk.cases import lists
from mdk.conferences import queries as conferences
from mdk.conferences.waiting import EVERYTHING
from mdk.db import Database
from mdk.people import queries as people
from mdk.people.structs import Viewer
from mdk_web.rendering import render

TIMES = 200


def of_the_queue(database: Database, cookie: str) -> dict[str, float]:
    """Milliseconds for each part of the page: who asks, the rows, where they are planned, the log, the template."""
    at = clock.now()
    with database.reading() as session:
        signed_in = people.signed_in(session, cookie=cookie, at=at, address="", door=DEMO)
        assert signed_in is not None
        viewer = signed_in.viewer
        rows, following = lists.queue(session, by=viewer, at=at)
        numbers = [row.case for row in rows]
        planned = conferences.planned_for(session, numbers)
    shell: dict[str, Any] = {"nav": [], "viewer": None, "csrf_token": "", "flash": None}
    with database.reading() as session:
        return {
            "who asks (session, person, assignment)": _each(
                lambda: people.signed_in(session, cookie=cookie, at=at, address="", door=DEMO)
            ),
            "rows (access check, five indexes merged)": _each(lambda: lists.queue(session, by=viewer, at=at)),
            "where they are planned": _each(lambda: conferences.planned_for(session, numbers)),
            "access log (chained, committed)": _each(lambda: _logged(database, viewer, at, tuple(numbers))),
            "template (the twin's whole work)": _each(
                lambda: render(
                    "queue/index.html",
                    rows=rows,
                    planned=planned,
                    following=following,
                    wanted=EVERYTHING,
                    is_filtered=False,
                    is_first=True,
                    **shell,
                )
            ),
        }


def _logged(database: Database, viewer: Viewer, at: datetime, numbers: tuple[str, ...]) -> None:
    with database.reading() as session:
        seen(session, "queue.read", by=viewer, at=at, cases=numbers)


def _each(work: Callable[[], object]) -> float:
    work()
    began = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - began) / TIMES * 1000
