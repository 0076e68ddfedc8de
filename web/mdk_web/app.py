"""The composition root: settings and a database become the application."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router

from mdk.db import Database
from mdk.errors import MdkError
from mdk.listening import Listening
from mdk.settings import Settings
from mdk_web import openapi
from mdk_web.calendars.feed import feed
from mdk_web.calls import let_in
from mdk_web.edge import Edge, Hosts
from mdk_web.errors import on_domain_error, on_http_error, on_unexpected_error
from mdk_web.form_guard import FormGuard, form_rules
from mdk_web.headers import guard_answer
from mdk_web.health.observing import Observed
from mdk_web.health.pages import HANDLERS as HEALTH
from mdk_web.limits import Limits
from mdk_web.live.streams import Streams
from mdk_web.rendering import STATIC
from mdk_web.routes import API_HANDLERS, LINK_HANDLERS, PAGE_HANDLERS
from mdk_web.sign_in.provider import Provider
from mdk_web.visits import known_address, known_file

BODY_LIMIT = 1_000_000
THREADS = 8


def create_app(settings: Settings, database: Database) -> Litestar:
    """The application on a migrated database; pages, API, static files and health in one."""
    api = Router("/api/v1", route_handlers=API_HANDLERS, guards=[let_in], security=[{"bearer": []}], tags=["api"])
    pages = Router("/", route_handlers=PAGE_HANDLERS, guards=[known_address], include_in_schema=False)
    links = Router("/", route_handlers=LINK_HANDLERS, include_in_schema=False)
    static = create_static_files_router(
        "/static", directories=[STATIC], guards=[known_file], include_in_schema=False, cache_control=None
    )
    app = Litestar(
        route_handlers=[api, pages, links, feed, static, *HEALTH],
        state=State(state_of(settings, database)),
        middleware=[Observed(), Edge(), DefineMiddleware(FormGuard, config=form_rules(settings))],
        exception_handlers={MdkError: on_domain_error, HTTPException: on_http_error, Exception: on_unexpected_error},
        openapi_config=_openapi(),
        before_send=[guard_answer],
        lifespan=[_listening],
        on_startup=[_small_pool],
        request_max_body_size=BODY_LIMIT,
        logging_config=None,
    )
    openapi.complete(app)
    return app


def state_of(settings: Settings, database: Database) -> dict[str, Any]:
    """What the handlers find in the application's state: all that differs between two runs of it."""
    return {
        "settings": settings,
        "database": database,
        "streams": Streams(),
        "provider": Provider(settings),
        "limits": Limits(database, settings.secret_key),
        "hosts": Hosts(settings),
    }


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="MDK smärta",
        version="1",
        description="Den virtuella multidisciplinära konferensen för refraktär cancersmärta i Södra sjukvårdsregionen.",
        path="/schema",
        render_plugins=[JsonRenderPlugin()],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
    )


async def _small_pool() -> None:
    """A few threads, so that who waits for the disk or another process holds up no reader."""
    pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mdk")
    asyncio.get_running_loop().set_default_executor(pool)


@asynccontextmanager
async def _listening(app: Litestar) -> AsyncIterator[None]:
    """Hear what other processes change, where there can be others; at the end every stream ends first."""
    database: Database = app.state.database
    streams: Streams = app.state.streams
    line = None if database.is_sqlite else Listening(database.url, database.live)
    if line is not None:
        line.start()
    try:
        yield
    finally:
        streams.close()
        if line is not None:
            line.stop()
