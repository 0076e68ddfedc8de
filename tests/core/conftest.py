"""Owns what the core's tests share: a fresh database with the demo's people, once for each store."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import make
from mdk.db import Database, sqlite_file
from postgres import Server


def _loaded(url: str) -> None:
    database = Database(url)
    make.people(database)
    database.close()


def _fresh(template: Path, folder: Path) -> Iterator[Database]:
    shutil.copyfile(template, folder / "clinic.sqlite")
    database = Database(sqlite_file(folder / "clinic.sqlite"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def _sqlite_people(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("people") / "mdk.sqlite"
    shutil.copyfile(_sqlite_template, file)
    _loaded(sqlite_file(file))
    return file


@pytest.fixture(scope="session")
def _postgres_people(postgres_server: Server, _postgres_template: str) -> Iterator[str]:
    name = postgres_server.create(_postgres_template)
    _loaded(postgres_server.url(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def ward(_sqlite_people: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh database with regions, units and the demo's 17 people, on SQLite alone."""
    yield from _fresh(_sqlite_people, tmp_path)


@pytest.fixture
def _postgres_clinic(postgres_server: Server, _postgres_people: str) -> Iterator[Database]:
    name = postgres_server.create(_postgres_people)
    database = Database(postgres_server.url(name))
    yield database
    database.close()
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest) -> Database:
    """A fresh database with regions, units and the demo's 17 people: the test runs once for each store."""
    found: Database = request.getfixturevalue({"sqlite": "ward", "postgresql": "_postgres_clinic"}[request.param])
    return found


@pytest.fixture(scope="module")
def ward_once(_sqlite_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on SQLite, for all tests of a module together."""
    yield from _fresh(_sqlite_people, tmp_path_factory.mktemp("ward"))
