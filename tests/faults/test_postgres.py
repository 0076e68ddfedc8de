"""A PostgreSQL that restarts, stops, gives the wrong rights, may only be read or has lost a library."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest
import structlog
from sqlalchemy.engine import make_url

import make
import stores
from faults.at_work import PATIENT, at_work, made, numbers, refused, wait_for
from leftout import skip_or_fail
from mdk.cases.tables import Case
from mdk.db import Database, libpq_address, migrate
from mdk.errors import Unavailable
from postgres import NoPostgres, Server, running
from visiting import queued, visiting

pytestmark = pytest.mark.postgres
WEAK = "mdk_weak"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of our own to break; what it acknowledged outlives its crash."""
    try:
        with running(is_own=True, more="-c synchronous_commit=on") as own:
            yield own
    except NoPostgres as reason:
        skip_or_fail(str(reason))


@pytest.fixture(scope="module")
def template(server: Server) -> str:
    name = server.create()
    with closing(stores.made(server.url(name))) as database:
        migrate(database)
        make.people(database)
    return name


@contextmanager
def fresh(server: Server, template: str, *, options: str = "") -> Iterator[Database]:
    """A database with the demo's people, at an address with options of its own."""
    address = make_url(server.url(server.create(template)))
    if options:
        address = address.update_query_dict({"options": options})
    with closing(stores.made(address.render_as_string(hide_password=False))) as database:
        yield database


def test_a_restart_under_load_fails_what_is_in_flight_and_nothing_else(
    server: Server, template: str, tmp_path: Path
) -> None:  # F26
    with fresh(server, template) as database, at_work(database, tmp_path) as served:
        with served.load() as answers:
            for mode in ("fast", "immediate"):
                wait_for(partial(more_than, answers, len(answers) + 8), 30)
                server.restart(mode)
                served.wait_until_ready(10)
            wait_for(partial(more_than, answers, len(answers) + 8), 30)
        assert {answer.status_code for answer in answers[-4:]} == {201}
        assert {answer.status_code for answer in answers} <= {201, 503}
        acknowledged = numbers(answers)
        with database.reading() as session:
            kept = {case.number for case in session.query(Case)}
        assert acknowledged <= kept
        # What was committed and could not be told any more is whole, and of each of the four at most one a restart.
        assert len(acknowledged) <= made(database) <= len(acknowledged) + 8


def more_than(answers: list[httpx.Response], count: int) -> bool:
    return len(answers) > count


@pytest.mark.parametrize("seconds", [1.5, pytest.param(30, marks=pytest.mark.long)])
def test_a_backend_that_hangs_is_waited_for_by_its_own_caller_only(
    server: Server, template: str, tmp_path: Path, seconds: float
) -> None:  # F26
    impatient = "-c statement_timeout=1000 -c lock_timeout=9000"
    with (
        fresh(server, template, options=impatient) as database,
        at_work(database, tmp_path) as served,
        psycopg.connect(libpq_address(database.url)) as other,
        ThreadPoolExecutor(1) as people,
    ):
        other.execute("SET statement_timeout = 0")
        other.execute("LOCK TABLE access_log IN EXCLUSIVE MODE")
        asked = people.submit(served.draft)
        wait_for(lambda: waiting(other), 0.9)
        (hanging,) = waiting(other)
        os.kill(hanging, signal.SIGSTOP)
        try:
            time.sleep(seconds)
            assert refused(served.draft(within=10)), "the statement's own time was up"
            assert served.status("/health/ready", within=4) == 200
            assert not asked.done()
        finally:
            os.kill(hanging, signal.SIGCONT)
        assert refused(asked.result(10))
        other.rollback()
        assert served.draft(within=10).status_code == 201
        assert made(database) == 1


def waiting(other: psycopg.Connection[tuple[int]]) -> list[int]:
    """The backends of this database that wait for a lock."""
    found = other.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return [pid for (pid,) in found]


RIGHTS = (
    f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {WEAK}",
    f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {WEAK}",
)
WRONG = {
    "no rights": ((), "42501"),
    "a log that may only be read": ((f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {WEAK}",), "42501"),
    "read-only": ((*RIGHTS, f"ALTER ROLE {WEAK} SET default_transaction_read_only = on"), "25006"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_store_that_is_set_up_wrongly_shows_nothing_and_says_in_the_log_why(
    server: Server, template: str, wrong: str
) -> None:  # F8, F27
    statements, code = WRONG[wrong]
    with fresh(server, template) as database, visiting(database) as people:
        number, person = queued(database), people[make.COORDINATOR]
        assert PATIENT in person.get(f"/cases/{number}").html
        with weakened(database, statements) as weak, structlog.testing.capture_logs() as lines:
            people.client.app.state.update({"database": weak})
            page = person.get(f"/cases/{number}")
            health = people.client.get("/health/live").status_code
        assert (page.status, PATIENT in page.html, number in page.html, health) == (503, False, False, 200)
        assert "Systemet kan inte svara just nu" in page.words
        told = [line for line in lines if line["event"] == "unavailable"]
        assert [line["code"] for line in told] == [code]
        assert PATIENT not in str(lines)
        assert made(database) == 1


def test_an_act_whose_guard_in_the_database_cannot_be_loaded_is_not_done(server: Server, template: str) -> None:  # F27
    with fresh(server, template) as database:
        number = make.accepted(database)
        held = make.in_session(database, [number])
        make.save(database, held, number)
        version = make.minutes_version(database, held, number)
        gone = "UPDATE pg_proc SET probin = '$libdir/gone' WHERE proname = 'plpgsql_call_handler'"
        with database.engine.begin() as connection:
            connection.exec_driver_sql("SET allow_system_table_mods = on")
            connection.exec_driver_sql(gone)
        database.close()
        with pytest.raises(Unavailable) as raised:
            make.sign(database, held, number)
        assert isinstance(raised.value.__cause__.orig, psycopg.errors.UndefinedFile)
        assert make.minutes_version(database, held, number) == version


@contextmanager
def weakened(database: Database, statements: tuple[str, ...]) -> Iterator[Database]:
    """The same database as a role sees it that has no rights but those it is given."""
    with database.engine.begin() as connection:
        for statement in (f"CREATE ROLE {WEAK} LOGIN", *statements):
            connection.exec_driver_sql(statement)
    try:
        with closing(stores.made(database.url.set(username=WEAK).render_as_string(hide_password=False))) as weak:
            yield weak
    finally:
        with database.engine.begin() as connection:
            for statement in (f"DROP OWNED BY {WEAK}", f"DROP ROLE {WEAK}"):
                connection.exec_driver_sql(statement)
