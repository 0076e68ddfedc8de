"""Owns copies of the whole store: one consistent file while everything goes on, and the way back from it.

SQLite copies itself page by page; PostgreSQL is read by its own pg_dump in one snapshot. The installation's own keys
lie in neither: without the one that patient data are sealed with, a copy is not restored at all.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from sqlalchemy import func, inspect, select, table

from mdk.db import SEARCH_INDEX, Database, damage, libpq_address
from mdk.errors import NO_RIGHTS, NOT_OWNER, RuleBroken, Unavailable
from mdk.keyring import DATA_KEY, Stored, WrongKey, unwrapped

_MARKS: Final = {True: b"SQLite format 3\x00", False: b"PGDMP"}  # how a copy of an embedded store, or another, begins
_TOOLS: Final = {"pg_dump", "pg_restore", "psql"}
_REASON: Final = 400  # signs of what a program says of its failure
_SCHEMA_ROWS: Final = frozenset({"alembic_version"})
_AFRESH: Final = b"SET client_min_messages = warning;\nDROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"


def save(database: Database, file: Path) -> int:
    """Copy the store to `file`, which only its owner may read; gives its size in bytes.

    The copy holds what was committed before a moment between begin and end, of all tables the same moment. It appears
    under its name when it is whole and on the disk. Raises `RuleBroken` (`backup.exists`, `backup.tool`) before
    anything is written, `Unavailable` when the store cannot be read.
    """
    if file.exists():
        message = f"{file} finns redan och skrivs inte över. Ange ett annat namn, till exempel med dagens datum."
        raise RuleBroken("backup.exists", message)
    _check_tools(database)
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as part:
        whole = Path(part.name)
    try:
        _copy_out(database, whole)
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.rename(file)
    finally:
        whole.unlink(missing_ok=True)
    return file.stat().st_size


def restore(database: Database, file: Path, *, replaces: bool = False) -> None:
    """Make the store what it was when `file` was saved, as one change: all of it or nothing.

    Whoever reads meanwhile sees the one or the other. Raises `RuleBroken`: `backup.unreadable` for a file that is no
    whole copy of this kind of store, `backup.not-empty` when rows would be lost and `replaces` is not set,
    `backup.tool`, `backup.key` for one that is sealed with another key; nothing has changed then. A damaged embedded
    store is kept beside the new one as `….damaged`.
    """
    _check_tools(database)
    _check_copy(database, file)
    _check_key(database, file)
    is_damaged = database.is_sqlite and damage(_place(database))
    if not replaces and (is_damaged or any(counts(database).values())):
        message = "Databasen är inte tom. Med --force ersätts allt i den av säkerhetskopian."
        raise RuleBroken("backup.not-empty", message)
    database.close()
    if is_damaged:
        _set_aside(_place(database))
    _copy_in(database, file)


def counts(database: Database) -> Mapping[str, int]:
    """How many rows each table holds, by name; a store without a schema has none. Raises `Unavailable`."""
    with database.reading() as session:
        names = inspect(session.connection()).get_table_names()
        asked = [name for name in sorted(names) if name not in _SCHEMA_ROWS and not name.startswith(SEARCH_INDEX)]
        return {name: session.scalar(select(func.count()).select_from(table(name))) or 0 for name in asked}


def _copy_out(database: Database, file: Path) -> None:
    if database.is_sqlite:
        with _sqlite(_place(database)) as live, _sqlite(file) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        return
    _run(database, ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}"])


def _copy_in(database: Database, file: Path) -> None:
    if database.is_sqlite:
        with _sqlite(file) as copy, _sqlite(_place(database)) as live:
            copy.backup(live)
            live.execute("PRAGMA journal_mode=WAL")
        return
    script = ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(file)]
    dumped = _run(database, script)
    lines = [line for line in dumped.splitlines(keepends=True) if line.strip() != b"CREATE SCHEMA public;"]
    told = ["--quiet", "--output=/dev/null", "--set=VERBOSITY=sqlstate"]  # else a message may quote a patient's row
    taken = ["psql", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", *told]
    _run(database, taken, feed=_AFRESH + b"".join(lines))


def _check_copy(database: Database, file: Path) -> None:
    with file.open("rb") as opened:
        is_one = opened.read(16).startswith(_MARKS[database.is_sqlite])
    if not is_one or not _is_whole(database, file):
        kind = "en inbäddad databas (SQLite)" if database.is_sqlite else "PostgreSQL"
        raise RuleBroken("backup.unreadable", f"{file} är ingen hel säkerhetskopia av {kind}. Inget har ändrats.")


def _check_key(database: Database, file: Path) -> None:
    masters = database.keyring.masters
    try:
        for row in _keys_in(database, file):
            if masters is None:
                raise WrongKey  # noqa: TRY301 - one refusal for both
            unwrapped(row, masters)
    except WrongKey as refusal:
        message = (
            f"{file} är krypterad med en annan nyckel än den angivna. Ange den MDK_DATA_KEY som gällde när kopian togs "
            "(eller MDK_SECRET_KEY, om ingen var satt). Inget har ändrats."
        )
        raise RuleBroken("backup.key", message) from refusal


def _keys_in(database: Database, file: Path) -> list[Stored]:
    """The keys that a copy's rows are sealed with; one of an earlier schema has none."""
    if database.is_sqlite:
        with _sqlite(file) as copy:
            if copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (DATA_KEY.name,)).fetchone() is None:
                return []
            rows = copy.execute("SELECT id, purpose, wrapped FROM data_key").fetchall()
        return [Stored(row[0], row[1], row[2], active=True, retired_at=None) for row in rows]
    script = _run(database, ["pg_restore", "--data-only", f"--table={DATA_KEY.name}", "--file=-", str(file)]).decode()
    _, _, copied = script.partition(f"COPY public.{DATA_KEY.name} (id, purpose, wrapped, ")
    lines = copied[copied.find("\n") :].partition("\n\\.\n")[0].splitlines()  # none when there are no rows
    rows = [line.split("\t") for line in lines if line]
    return [Stored(row[0], row[1], row[2], active=True, retired_at=None) for row in rows]


def _is_whole(database: Database, file: Path) -> bool:
    if database.is_sqlite:
        return not damage(file)
    try:
        _run(database, ["pg_restore", "--file=/dev/null", str(file)])
    except Unavailable:
        return False
    return True


def _check_tools(database: Database) -> None:
    missing = [] if database.is_sqlite else sorted(tool for tool in _TOOLS if shutil.which(tool) is None)
    if missing:
        message = f"Programmen {', '.join(missing)} saknas. Installera PostgreSQL:s klient (postgresql-client)."
        raise RuleBroken("backup.tool", message)


def _run(database: Database, command: list[str], *, feed: bytes = b"") -> bytes:
    """Run one of PostgreSQL's own programs on the store; the password goes by the environment, where nobody sees it."""
    plain = libpq_address(database.url.set(password=None))
    secret = {"PGPASSWORD": str(database.url.password)} if database.url.password else {}
    address = {"PGOPTIONS": "-c statement_timeout=0 -c lock_timeout=30s"}
    target = [] if command[0] == "pg_restore" else [f"--dbname={plain}"]
    environment = os.environ | address | secret
    done = subprocess.run([*command, *target], input=feed, capture_output=True, env=environment, check=False)  # noqa: S603 - no shell, our own words
    if done.returncode:
        raise Unavailable(_refusal(command[0], done.stderr.decode(errors="replace")))
    return done.stdout


def _refusal(tool: str, told: str) -> str:
    """What is said when one of PostgreSQL's programs failed: its reason, which for psql is a code and no row."""
    reason = " ".join(line for line in told.splitlines() if "warning:" not in line)[:_REASON]
    hint = f" {NOT_OWNER}" if NO_RIGHTS in reason else ""
    return f"{tool} misslyckades: {reason or 'utan att säga varför'}. Inget har ändrats.{hint}"


def _set_aside(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        with suppress(FileNotFoundError):
            file.with_name(name).rename(file.with_name(f"{name}.damaged"))


def _place(database: Database) -> Path:
    return Path(database.url.database or "")


def _sqlite(file: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(file, timeout=30, isolation_level=None))
