"""Serves the application for measuring, with a bare twin beside each page.

The twin is a Litestar handler in the same thread model that renders the same template with the rows of the page's last
answer, kept in memory, and touches nothing else: no session, no database, no log.
"""

import logging
import os
from typing import Any

from litestar import Litestar, MediaType, Response, get

from mdk import settings
from mdk.journey import start
from mdk_web import visits
from mdk_web.rendering import render
from mdk_web.serving import application, log_as

_kept: dict[str, dict[str, Any]] = {}


def create() -> Litestar:
    """The application on the database of MDK_DATABASE_URL, and its twins under /bare."""
    vars(visits)["render"] = _keeping
    chosen = settings.load(is_demo=True)
    log_as(chosen, logging.WARNING)
    app = application(chosen, start.database(chosen))
    app.register(_bare)
    return app


@get("/bare", sync_to_thread=True, include_in_schema=False)
def _bare(template: str) -> Response[str]:
    return Response(render(template, **_kept[template]), media_type=MediaType.HTML)


def _keeping(template: str, **context: Any) -> str:
    if os.environ.get("MDK_BENCH_KEEP") and template not in _kept:
        _kept[template] = context
    return render(template, **context)
