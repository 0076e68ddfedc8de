"""Owns what the tests of the web share: the API on a fresh database with the demo's people."""

from collections.abc import Iterator

import pytest

from calling import Callers, calling
from mdk.db import Database


@pytest.fixture
def api(embedded: Database) -> Iterator[Callers]:
    """The API on SQLite, where the store is not what the test is about."""
    with calling(embedded) as callers:
        yield callers


@pytest.fixture
def stored_api(database: Database) -> Iterator[Callers]:
    """The API on a fresh database; the test runs once for each store."""
    with calling(database) as callers:
        yield callers
