"""Owns the store: one engine, units of work that read or write, and the schema's migrations."""

import io
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from mdk import disk, keyring, live, owed, sealing
from mdk.errors import Invalid, MdkError, Problem, Stale, Unavailable
from mdk.statements import handed_over
from mdk.turns import PATIENCE, Turns

MIGRATIONS = Path(__file__).resolve().parents[1] / "infra" / "migrations"
REWRITTEN = "mdk.rewritten"  # how a migration names the tables whose rows it wrote in another form
_CHOICES = "mdk.choices"
_WAITS = "mdk.waits"  # how long a connection waits for other processes, where that is not the usual
BEHIND = "Databasens schema är äldre än programmet. Ta en kopia (mdk backup FIL) och kör sedan: mdk migrate"
NEWER = "Databasens schema är nyare än programmet; det lämnas som det är."
SEARCH_INDEX = "case_search"  # in PostgreSQL an index, in SQLite a virtual table with its own parts
_UNIQUE_VIOLATION = "23505"
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}",
)
# What of PostgreSQL is no fault of a statement: it is away, full, stopping, read-only, broken, or gives us no rights.
_NOT_OURS = ("08", "25006", "42501", "53", "57", "58", "XX")
_OPTIONS = "-c timezone=utc -c statement_timeout=30000 -c lock_timeout=5000"

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True)
class Choices:
    """What an installation decides for itself: its table of record for opioid equivalents, video links, its language.

    `video_url_template` makes the link of a conference that is given none; `{id}` stands for the conference's id.
    `language` is what the mails of a new person are written in.
    """

    omeq_table: str | None = None
    video_url_template: str = ""
    language: str = "sv"


class Database:
    """One configured database and its two kinds of unit of work.

    `reading()` gives a session that sees one snapshot and keeps no change; `writing()` gives one whose changes
    are committed when the block ends and rolled back when it raises. What was registered with `owed.at_end` is written
    before either block is left, so an answer is never given for a read whose log could not be written.

    Raises `Unavailable` when the store cannot be used just now, `Stale` when another unit of work changed or made a
    row first, and `Invalid` for a value that no column can hold; in each case nothing was changed. `disk` tells what is
    known of the disk below it. What the address of a PostgreSQL says under `options` goes before our own.
    """

    def __init__(self, url: str, choices: Choices | None = None, *, masters: keyring.Masters | None = None) -> None:
        self.live, self.disk = live.Live(), disk.Disk()
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        options: dict[str, Any] = {"pool_size": 10, "max_overflow": 10, "pool_pre_ping": not self.is_sqlite}
        options["pool_use_lifo"] = True  # the connection that was used last still knows the pages that it read
        options["hide_parameters"] = True  # what an error says is written down
        if not self.is_sqlite:
            options["connect_args"] = {"options": f"{_OPTIONS} {parsed.query.get('options', '')}".strip()}
        self.url = parsed
        self.engine: Engine = create_engine(parsed, **options)
        self._turns = Turns()
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", self._begin_sqlite)
        else:
            event.listen(self.engine, "begin", _begin_postgresql)
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(mdk_reads=True, **snapshot)
        self._writer = self.engine.execution_options(mdk_writes=True)
        self.keyring = keyring.Keyring(self.engine.connect, masters)
        setattr(self.engine.dialect, sealing.KEYRING, self.keyring)
        self._info: dict[str, Any] = {
            _CHOICES: choices or Choices(),
            live.KEY: self.live,
            keyring.INFO: self.keyring,
        }
        self._logs = owed.GroupCommit(self._noting, self._turns)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one snapshot; its log of what was read is committed before the block is left."""
        session = Session(self._reader, expire_on_commit=False, autoflush=False, info=self._info)
        with _translated(self.disk), session:
            if not self.keyring.is_open:
                self.keyring.follow(session.connection())
            yield session
            left = owed.taken(session)
            if not self.is_sqlite and session.in_transaction():
                # Nothing was written. After a rollback psycopg would let the server plan every statement anew.
                handed_over(session.connection(), "COMMIT").close()
            session.close()
        if left:
            self._logs.write(left)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed together when the block ends without an error."""
        self.check_disk()
        session = Session(self._writer, expire_on_commit=False, info=self._info)
        with _translated(self.disk), self._turns.taken() if self.is_sqlite else nullcontext(), session:
            if not self.keyring.is_open:
                self._begin_keys()
            self.keyring.follow(session.connection())
            yield session
            session.flush()
            owed.settle(session.connection(), owed.taken(session))
            with self.disk.saving():
                session.commit()

    @contextmanager
    def _noting(self) -> Iterator[Connection]:
        """The same for what was read, which seals nothing and needs no mapper."""
        self.check_disk()
        with (
            _translated(self.disk),
            self._turns.taken() if self.is_sqlite else nullcontext(),
            self._writer.connect() as connection,
        ):
            connection.begin()
            yield connection
            with self.disk.saving():
                connection.commit()

    def check_disk(self) -> None:
        """Raises `Unavailable` while the disk is doubted; once it has been found whole, the old handles are let go."""
        if not self.disk.is_doubted:
            return
        if not self.disk.trusts(lambda: disk.is_kept(Path(self.url.database or ""))):
            raise Unavailable(disk.DOUBTED)
        self.close()

    def unlock(self) -> None:
        """Open the store's keys, if it has any yet. Raises `WrongKey`, and `Unavailable`."""
        with _translated(self.disk), self.engine.connect() as connection:
            self.keyring.follow(connection)

    def close(self) -> None:
        """Give every connection back to the system, and forget the keys."""
        self.engine.dispose()
        self.keyring.forget()

    def _begin_keys(self) -> None:
        """Have keys before a unit of work begins: of several processes that come to an empty store, one makes them."""
        self.unlock()
        if self.keyring.is_open:
            return
        try:
            with self._writer.begin() as connection:
                self.keyring.begin(connection)
        except IntegrityError:
            self.unlock()

    def _begin_sqlite(self, connection: Connection) -> None:
        if not connection.get_execution_options().get("mdk_writes"):
            handed_over(connection, "BEGIN").close()
            return
        with self._turns.waiting() as patience:
            if connection.info.get(_WAITS, PATIENCE) != patience:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={patience * 1000:.0f}")
                connection.info[_WAITS] = patience
            handed_over(connection, "BEGIN IMMEDIATE").close()


def migrate(database: Database) -> None:
    """Bring the database to the newest schema; one that is there already, or further on, is left as it is.

    What a migration wrote in another form is then cleared out of the store's files. Raises `WrongKey` and changes
    nothing when rows are to be sealed and there is no key to do it with.
    """
    if is_newer(database):
        return
    with database.engine.begin() as connection:
        command.upgrade(_alembic(connection), "head")
        rewritten = connection.info.pop(REWRITTEN, ())
    if rewritten:
        _clear_out(database, rewritten)


def _clear_out(database: Database, rewritten: Iterable[str]) -> None:
    """Write what is left of tables anew, so that no page holds what stood in them before."""
    if database.is_sqlite:
        with closing(database.engine.raw_connection()) as connection:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(statement)
        return
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
        own.exec_driver_sql("SET statement_timeout = 0")
        for name in rewritten:
            own.exec_driver_sql(f"VACUUM FULL {name}")
        own.invalidate()  # its setting goes with it


def check_revision(database: Database) -> str:
    """Whether `migrate` must be run first, in a sentence; empty when not. Raises `Unavailable`.

    A newer schema is one that a release earlier can live with (infra/decisions/0018): so older processes go on while
    newer ones start.
    """
    current = _revision(database)
    return BEHIND if current is None or current in _known_revisions()[1:] else ""


def is_newer(database: Database) -> bool:
    """Whether a later program than this one made the schema, which this one does not know. Raises `Unavailable`."""
    return _revision(database) not in (None, *_known_revisions())


def _revision(database: Database) -> str | None:
    with _translated(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def _known_revisions() -> tuple[str, ...]:
    """This program's own schema, and then every one that came before it."""
    return tuple(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def damage(file: Path) -> bool:
    """Whether an embedded database's file cannot be trusted: each of its pages is read and compared with the others."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError:
        return True


def check_schema(database: Database) -> str:
    """What keeps the schema from being the newest that this program knows, in a sentence; empty when nothing does."""
    if is_newer(database):
        return NEWER
    with database.engine.begin() as connection:
        config = _alembic(connection)
        newest = ScriptDirectory.from_config(config).get_current_head()
        if MigrationContext.configure(connection).get_current_revision() != newest:
            return BEHIND
        try:
            command.check(config)
        except CommandError:
            return "Tabellerna i koden skiljer sig från migrationerna."
    return ""


def is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the tables describe what is called `name` in the database; the search's index is each store's own."""
    return not (kind in {"table", "index"} and (name or "").startswith(SEARCH_INDEX))


def choices(session: Session) -> Choices:
    """What the installation that this unit of work runs in has decided for itself."""
    found: Choices = session.info[_CHOICES]
    return found


def sqlite_file(path: Path) -> str:
    """The URL of an embedded database in a file."""
    return f"sqlite:///{path}"


def libpq_address(url: URL) -> str:
    """An address as PostgreSQL's own library reads it, to which a plus is no space."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False).replace("+", "%20")


@contextmanager
def _translated(below: disk.Disk | None = None) -> Iterator[None]:
    try:
        yield
    except StaleDataError as clash:
        raise Stale(0) from clash
    except IntegrityError as clash:
        if not _is_taken(clash):
            raise
        raise Stale(0) from clash
    except (DataError, OverflowError) as failure:
        raise _unstorable() from failure
    except Unavailable as known:
        _tell(below, known.__cause__)
        raise
    except DBAPIError as failure:
        _tell(below, failure)
        if not _is_away(failure):
            raise
        raise Unavailable from failure
    except StatementError as failure:
        raise _meant(failure) from failure


def _meant(failure: StatementError) -> Exception:
    """What a statement that did not reach the store failed of."""
    if isinstance(failure.orig, OverflowError):
        return _unstorable()
    return failure.orig if isinstance(failure.orig, MdkError) else failure


def _tell(below: disk.Disk | None, failure: BaseException | None) -> None:
    if below is not None and isinstance(failure, DBAPIError):
        below.heard(failure.orig)


def _is_away(failure: DBAPIError) -> bool:
    """Whether the store cannot be used, whatever it is asked."""
    if isinstance(failure, OperationalError) or failure.connection_invalidated or disk.has_failed(failure.orig):
        return True
    return (getattr(failure.orig, "sqlstate", None) or "").startswith(_NOT_OURS)


def _unstorable() -> Invalid:
    """What is said of a value that no column can hold, such as a time after the year 9999."""
    return Invalid([Problem("", "En uppgift kan inte användas som den är skriven.")])


def _is_taken(clash: IntegrityError) -> bool:
    """Whether a unique value was taken by another unit of work, in either store's words."""
    return getattr(clash.orig, "sqlstate", None) == _UNIQUE_VIOLATION or "UNIQUE constraint" in str(clash.orig)


def _alembic(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection}, stdout=io.StringIO())
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_postgresql(connection: Connection) -> None:
    """Who reads may only read; else as the server has it, where SQLAlchemy's own option would ask for writing."""
    held: Any = connection.connection.dbapi_connection
    held.read_only = connection.get_execution_options().get("mdk_reads")


def _lower(text: str | None) -> str | None:
    """SQLite's own lower() leaves Å, Ä and Ö as they are."""
    return None if text is None else str(text).lower()
