"""Owns what the core's tests share: a fresh database with the demo's people, once for each store."""

import pytest

import make
from mdk.db import Database


@pytest.fixture
def clinic(database: Database) -> Database:
    """A fresh database with regions, units and the demo's 17 people; the test runs once for each store."""
    return make.people(database)


@pytest.fixture
def ward(embedded: Database) -> Database:
    """The same on SQLite alone, for what the store has no part in."""
    return make.people(embedded)
