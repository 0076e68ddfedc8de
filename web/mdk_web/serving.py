"""Owns how the application is served: what each web worker makes of the settings, and the form of the log."""

import gc
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from litestar import Litestar

from mdk import settings as house
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.journey import start
from mdk.settings import Settings
from mdk_web.app import create_app

_COLLECT_AT = (50_000, 20, 20)


def create() -> Litestar:
    """The application on the configured database, for each worker of the web server.

    Raises `BadSetting`, and `WrongKey` when what is stored is sealed with another key; a store that cannot be asked
    just now is asked again later.
    """
    settings = house.load()
    log_as(settings)
    database = start.database(settings)
    with suppress(Unavailable):
        database.unlock()
    return application(settings, database)


def application(settings: Settings, database: Database) -> Litestar:
    """The application for a process that does nothing but serve it."""
    app = create_app(settings, database)
    app.on_startup.append(_settle_memory)
    app.on_shutdown.append(database.close)
    return app


def log_as(settings: Settings, level: int = logging.INFO) -> None:
    """Write the log to standard error, as lines for people or as JSON; only what `level` asks for."""
    last: Callable[..., Any] = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings["LOG_FORMAT"] == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _settle_memory() -> None:
    """Take what the start left out of every later collection, and collect when it is worth it: p99 falls tenfold."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AT)
