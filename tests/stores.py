"""Owns the stores that tests are lent: one place for each kind in a process, filled anew from a template each time.

What SQLAlchemy compiled for a place stays with its engine; a new engine for each test compiles every statement again,
which is a sixth of the whole run.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from mdk.db import Choices, Database, sqlite_file
from mdk.keyring import Masters, derived
from postgres import Server

SECRET = "0123456789abcdef" * 4  # of every installation in the tests
MASTERS = Masters(derived(SECRET.encode()))


def copied(template: Path, place: Path) -> str:
    """The address of a fresh copy of an embedded database, in a place that may hold an older one."""
    for leftover in place.parent.glob(f"{place.name}*"):
        leftover.unlink()
    shutil.copyfile(template, place)
    return sqlite_file(place)


@contextmanager
def copied_on(server: Server, template: str, name: str) -> Iterator[str]:
    """The address of a fresh copy of a PostgreSQL database, dropped when the block ends."""
    server.drop(name)
    server.create(template, name=name)
    yield server.url(name)
    server.drop(name)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The store at an address; its connections are given back when the block ends."""
    database = _at(url)
    yield database
    database.close()


def made(url: str, choices: Choices | None = None) -> Database:
    """A store at an address, whose keys are wrapped as those of an installation with the tests' secret."""
    return Database(url, choices, masters=MASTERS)


@cache
def _at(url: str) -> Database:
    return made(url)
