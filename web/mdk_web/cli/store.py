"""Owns the way from settings to the database that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mdk_web.cli.lines import FAILED, Failure

if TYPE_CHECKING:
    from mdk.db import Database
    from mdk.settings import Settings


class Store(NamedTuple):
    """The settings of this run and their database."""

    settings: "Settings"
    database: "Database"


@contextmanager
def opened(*, is_new: bool = False, may_be_damaged: bool = False, may_be_behind: bool = False) -> Iterator[Store]:
    """The configured database with the newest schema, an earlier one if it may be behind, any or none if it may be new.

    Raises `BadSetting`, `WrongKey` when what is stored is sealed with another key, and `Failure` for a database that
    does not exist, is damaged or must be migrated first.
    """
    from mdk import settings as house
    from mdk.db import check_revision
    from mdk.journey import start

    settings = house.load()
    database = start.database(settings)
    try:
        if database.is_sqlite:
            file = Path(database.url.database or "")
            _check_file(file, may_be_made=is_new and settings.is_placed)
            _check_whole(file, may_be_damaged=may_be_damaged)
        fault = "" if is_new or may_be_behind else check_revision(database)
        if fault:
            raise Failure(fault, FAILED)
        if not is_new:
            database.unlock()
        yield Store(settings, database)
    finally:
        database.close()


def _check_file(file: Path, *, may_be_made: bool) -> None:
    """A database is made where the settings say, and nowhere else: without them it would be another, empty one."""
    if may_be_made:
        file.parent.mkdir(parents=True, exist_ok=True)
    elif not file.is_file():
        raise Failure(
            f"Databasen {file} finns inte. Ange MDK_DATABASE_URL eller MDK_DATA_DIR, och kör sedan: mdk migrate"
        )


def _check_whole(file: Path, *, may_be_damaged: bool) -> None:
    from mdk.db import damage

    if not may_be_damaged and file.exists() and damage(file):
        message = f"Databasen {file} är skadad och används inte. Återställ en säkerhetskopia: mdk restore FIL --force"
        raise Failure(message, FAILED)
