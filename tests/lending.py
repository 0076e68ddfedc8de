"""Owns the application of the tests: built once for each set of settings, and lent to one test after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from mdk.db import Database
from mdk.settings import Settings
from mdk_web.app import create_app, state_of

_OF_ONE_TEST = frozenset({"DATA_DIR", "DATABASE_URL", "SMTP_URL"})  # nothing of the application is built from these
_Key = tuple[bool, frozenset[tuple[str, str]]]
_free: dict[_Key, Litestar] = {}


@contextmanager
def lent(settings: Settings, database: Database) -> Iterator[TestClient[Any]]:
    """A client of the application with these settings on this database; it starts and ends with the block."""
    chosen = frozenset((name, value) for name, value in settings.values.items() if name not in _OF_ONE_TEST)
    key = (settings.is_demo, chosen)
    app = _free.pop(key, None) or create_app(settings, database)
    app.state.update(state_of(settings, database))
    with TestClient(app, base_url=settings["BASE_URL"]) as client:
        yield client
    _free[key] = app
