"""Owns how tests act and ask as one of the demo's people, each time in a transaction of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from making.world import AT, DAY
from mdk.db import Database
from mdk.journey.demo import load_people
from mdk.journey.demo_earlier import DOMAIN
from mdk.people.queries import viewer as find_viewer
from mdk.people.structs import Viewer

T = TypeVar("T")


def people(database: Database, at: datetime = AT - 30 * DAY) -> Database:
    """Load the reference data and the demo's 17 people; gives the database again."""
    with database.writing() as session:
        load_people(session, at=at)
    return database


def email(name: str) -> str:
    """The address of a demo person."""
    return name if "@" in name else f"{name}@{DOMAIN}"


def viewer(database: Database, name: str) -> Viewer:
    """A demo person as who looks and acts."""
    with database.reading() as session:
        return find_viewer(session, email=email(name))


def act(
    database: Database,
    name: str,
    service: Callable[..., T],
    *args: Any,
    **given: Any,
) -> T:
    """Do one act as a demo person in a transaction of its own, at `AT` unless another `at` is given."""
    with database.writing() as session:
        return service(session, *args, **_for(session, name, given))


def ask(
    database: Database,
    name: str,
    query: Callable[..., T],
    *args: Any,
    **given: Any,
) -> T:
    """Read something as a demo person, at `AT` unless another `at` is given."""
    with database.reading() as session:
        return query(session, *args, **_for(session, name, given))


def _for(session: Session, name: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"at": AT, **given, "by": find_viewer(session, email=email(name))}


def detached(session: Session, row: T) -> T:
    """A row as it is now, to be read when its session is over."""
    session.expunge(row)
    return row
