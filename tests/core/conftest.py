"""Owns what the core's tests share: a fresh database with the demo's people, once for each store."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import make
from mdk.db import Database, sqlite_file


@pytest.fixture
def clinic(database: Database) -> Database:
    """A fresh database with regions, units and the demo's 17 people; the test runs once for each store."""
    return make.people(database)


@pytest.fixture
def ward(embedded: Database) -> Database:
    """The same on SQLite alone, for what the store has no part in."""
    return make.people(embedded)


@pytest.fixture(scope="module")
def ward_once(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same for all tests of a module together, which only read."""
    file = tmp_path_factory.mktemp("ward") / "mdk.sqlite"
    shutil.copyfile(_sqlite_template, file)
    database = Database(sqlite_file(file))
    yield make.people(database)
    database.close()
