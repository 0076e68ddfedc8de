"""Owns the fixtures that every test may ask for: fresh databases, a browser, and a clean environment."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser

import leaks
import quick
import stores
from browsing import Visitors, chromium, launched
from leftout import REQUIRE_ALL, skip_or_fail
from mdk.db import Database, migrate, sqlite_file
from postgres import NoPostgres, Server, running

STORES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]

# So that a failed assertion in a support module says what it compared, as in a test.
pytest.register_assert_rewrite("core", "faults", "invites", "journeys", "making", "web")

hypothesis.settings.register_profile("house", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    """Watch what leaves from the beginning."""
    leaks.begin()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Read the mails of a test while they are there."""
    leaks.WATCH.read_mails()


@pytest.fixture(autouse=True)
def _nothing_of_a_patient_leaves() -> Iterator[None]:
    leaks.watch_log()
    yield
    found, leaks.WATCH.leaks = leaks.WATCH.leaks, []
    assert found == []


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_a_patient_has_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    leaks.WATCH.read_mails(tmp_path_factory.getbasetemp())
    leaks.WATCH.read_metrics()
    assert leaks.WATCH.leaks == []


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    for name in [name for name in os.environ if name.startswith("MDK_")]:
        if not name.startswith("MDK_TEST_") and name != REQUIRE_ALL:
            del os.environ[name]


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "mdk.sqlite"
    _migrate(sqlite_file(file))
    return file


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server on which databases may be made and dropped."""
    try:
        with running() as server:
            yield server
    except NoPostgres as reason:
        skip_or_fail(str(reason))


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: Server) -> Iterator[str]:
    name = postgres_server.create()
    _migrate(postgres_server.url(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """The folder in which this process keeps its embedded databases, each filled anew for each test."""
    folder = quick.folder("mdk-stores-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def sqlite_url(places: Path, _sqlite_template: Path) -> str:
    """The address of a fresh embedded database with the newest schema and no rows."""
    return stores.copied(_sqlite_template, places / "mdk.sqlite")


@pytest.fixture(scope="module")
def sqlite_file_once(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Path:
    """A fresh embedded database in a folder of its own, for all tests of a module together."""
    file = tmp_path_factory.mktemp("once") / "mdk.sqlite"
    stores.copied(_sqlite_template, file)
    return file


@pytest.fixture
def postgres_url(postgres_server: Server, _postgres_template: str) -> Iterator[str]:
    """The address of a fresh PostgreSQL database with the newest schema and no rows."""
    with stores.copied_on(postgres_server, _postgres_template, f"{_postgres_template}_fresh") as url:
        yield url


@pytest.fixture(params=STORES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database with the newest schema and no rows: the test runs once for each store."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=STORES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any schema, for what migrates; once for each store."""
    if request.param == "sqlite":
        yield sqlite_file(tmp_path / "empty.sqlite")
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the newest schema and no rows: the test runs once for each store."""
    with stores.opened(database_url) as opened:
        yield opened


@pytest.fixture
def embedded(sqlite_url: str) -> Iterator[Database]:
    """The same on SQLite alone, where the store is not what the test is about."""
    with stores.opened(sqlite_url) as opened:
        yield opened


# Not for the whole session: while Playwright runs, no other test of this process could use asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    path = chromium()
    if path is None:
        skip_or_fail("no Chromium here: install the package chromium or set MDK_TEST_CHROMIUM")
    with launched(path) as opened:
        yield opened


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[Visitors]:
    """Makes pages of separate visitors; the test fails when one of them complained in its console."""
    visitors = Visitors(browser)
    yield visitors
    visitors.leave()
    assert visitors.complaints == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not run, and why, so that a green line is not read as more than it is."""
    skipped = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.section("LEFT OUT", yellow=True)
        for reason, count in skipped.most_common():
            terminalreporter.line(f"{count:5d}  {reason.removeprefix('Skipped: ')}")


def _migrate(url: str) -> None:
    database = stores.made(url)
    migrate(database)
    database.close()
