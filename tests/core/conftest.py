"""Owns what the core's tests share: a fresh database with the demo's people, once for each store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import make
import stores
from mdk.db import Database
from postgres import Server


def _loaded(url: str) -> None:
    database = stores.made(url)
    make.people(database)
    database.close()


@pytest.fixture(scope="session")
def _sqlite_people(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("people") / "mdk.sqlite"
    _loaded(stores.copied(_sqlite_template, file))
    return file


@pytest.fixture(scope="session")
def _postgres_people(postgres_server: Server, _postgres_template: str) -> Iterator[str]:
    name = postgres_server.create(_postgres_template)
    _loaded(postgres_server.url(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def ward(_sqlite_people: Path, places: Path) -> Iterator[Database]:
    """A fresh database with regions, units and the demo's 17 people, on SQLite alone."""
    with stores.opened(stores.copied(_sqlite_people, places / "ward.sqlite")) as database:
        yield database


@pytest.fixture
def _postgres_clinic(postgres_server: Server, _postgres_people: str) -> Iterator[Database]:
    with (
        stores.copied_on(postgres_server, _postgres_people, f"{_postgres_people}_fresh") as url,
        stores.opened(url) as database,
    ):
        yield database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest) -> Database:
    """A fresh database with regions, units and the demo's 17 people: the test runs once for each store."""
    found: Database = request.getfixturevalue({"sqlite": "ward", "postgresql": "_postgres_clinic"}[request.param])
    return found


@pytest.fixture(scope="module")
def ward_once(_sqlite_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on SQLite, for all tests of a module together."""
    with stores.opened(stores.copied(_sqlite_people, tmp_path_factory.mktemp("ward") / "mdk.sqlite")) as database:
        yield database


@pytest.fixture
def held(clinic: Database) -> tuple[Database, str, str]:
    """A clinic, the id of a conference in session there, and the number of the case on it."""
    number = make.accepted(clinic)
    return clinic, make.in_session(clinic, [number]), number
