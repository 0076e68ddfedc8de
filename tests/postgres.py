"""Owns the PostgreSQL of the tests: a throw-away server on a socket, and a fresh copy of a database for each test.

A copy from a template takes about 20 ms in memory (`quick`); a truncation is quicker but is not a fresh database.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

import quick

OWNER = "postgres"
# A test database is never worth a wait for the disk.
_FAST = "-F -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"


class NoPostgres(Exception):
    """No server can be had here; the message says what to install or set."""


class Server:
    """A running server on which databases may be created; `admin` names its maintenance database.

    `control` begins the command that restarts it, where it is one of our own.
    """

    def __init__(self, admin: URL, control: Sequence[str] = ()) -> None:
        self._admin = admin.set(drivername="postgresql")
        self._control = control

    def restart(self, mode: str) -> None:
        """Stop it as an update (fast) or a crash (immediate) does, and start it. Raises NoPostgres for a given one."""
        if not self._control:
            raise NoPostgres("the PostgreSQL of MDK_TEST_PG_URL is not ours to restart")
        _do([*self._control, "-m", mode, "restart"], Path(str(self._admin.query["host"])))

    def create(self, template: str | None = None, *, name: str | None = None) -> str:
        """Create a database, empty or as a copy of `template` (to which nobody may be connected); its name."""
        name = name or f"mdk_test_{uuid4().hex}"
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            command += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        self._run(command)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """The address of one of its databases, as MDK_DATABASE_URL takes it."""
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def _run(self, command: sql.Composed) -> None:
        address = self._admin.render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            connection.execute(command)


@contextmanager
def running(*, is_own: bool = False, more: str = "") -> Iterator[Server]:
    """The server at MDK_TEST_PG_URL, else one started from the machine's own binaries and stopped afterwards.

    One that is to be broken `is_own`, whatever is given; `more` are options for it. Raises NoPostgres where none is.
    """
    given = "" if is_own else os.environ.get("MDK_TEST_PG_URL")
    if given:
        yield Server(make_url(given))
        return
    bin_folder, as_owner = _binaries(), _become_owner()
    folder = quick.folder("mdk-pg-")  # not below pytest's own, which the owner does not reach
    try:
        if as_owner:
            shutil.chown(folder, OWNER)
        control = [*as_owner, str(bin_folder / "pg_ctl"), "--silent", "-D", str(folder / "data"), "-w"]
        initdb = [*as_owner, str(bin_folder / "initdb"), "-D", str(folder / "data"), "--no-sync"]
        _do([*initdb, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"], folder)
        options = f"-c listen_addresses='' -k {folder} {_FAST} {more}"
        begin = [*control, "-l", str(folder / "log"), "-o", options]
        _do([*begin, "start"], folder)
        try:
            yield Server(URL.create("postgresql", OWNER, database=OWNER, query={"host": str(folder)}), begin)
        finally:
            _do([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise NoPostgres("no PostgreSQL here: install the package postgresql or set MDK_TEST_PG_URL")
    return installed[-1].parent


def _become_owner() -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None:
        raise NoPostgres("PostgreSQL refuses to run as root and there is no runuser: set MDK_TEST_PG_URL")
    return ["runuser", "-u", OWNER, "--"]


def _do(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        log = folder / "log"
        raise NoPostgres(f"{command}: {done.stderr.strip()} {log.read_text()[-2000:] if log.exists() else ''}")
