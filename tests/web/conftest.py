"""Owns what the tests of the web share: API, pages and command line on a fresh database with the demo's people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import make
import stores
from calling import Callers, calling
from mdk.db import Database
from mdk_web.cli.main import cli
from visiting import People, queued, under_way, visiting
from web.commands import Run


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


@pytest.fixture
def people(embedded: Database) -> Iterator[People]:
    """The demo's people at the pages, on SQLite."""
    with visiting(embedded) as found:
        yield found


@pytest.fixture
def session(people: People) -> str:
    """The path of a case that is being discussed."""
    number = queued(people.database)
    return f"/conferences/{under_way(people.database, [number])}/session/{number}"


@pytest.fixture
def folder(_sqlite_template: Path, tmp_path: Path) -> Path:
    """The data folder of an installation with the demo's people and no cases."""
    database = stores.made(stores.copied(_sqlite_template, tmp_path / "mdk.sqlite"))
    make.people(database)
    database.close()
    return tmp_path


@pytest.fixture
def mdk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on that data folder."""
    monkeypatch.chdir(folder)
    environment = {"MDK_DATA_DIR": str(folder), "MDK_SECRET_KEY": "0123456789abcdef" * 4}

    def run(*args: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(cli, args, input=stdin, env=environment | more)

    return run
