"""Owns the sealing anew of what is stored, a few rows at a time while people work, and the trial that all of it opens.

Each batch is a transaction of its own and what is done already is left alone, so it goes on where it was cut off. Rows
that can never be changed, such as signed minutes, stay sealed with the key that sealed them, which is kept for that.
"""

from collections.abc import Iterator
from contextlib import suppress
from time import sleep
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, LargeBinary, Table, Text, and_, func, not_, or_, select, type_coerce, update
from sqlalchemy import column as named
from sqlalchemy import table as plain
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from mdk.audit.structs import Actor
from mdk.cases.tables import Case, CaseAttachment, CaseChange, PatientBlock
from mdk.clock import now
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.keyring import DATA_KEY, INDEX, blind_columns, ring_of
from mdk.minutes.tables import Minutes, MinutesAddendum, MinutesSeal
from mdk.sealing import FORMS, PREFIX_LENGTH, Index, Keys, NotOpened, Sealed, SealedBytes
from mdk.secrecy import service

TABLES: Final = (Case, CaseChange, CaseAttachment, PatientBlock, Minutes, MinutesAddendum, MinutesSeal)
BATCH: Final = 200  # rows
_BATCH_OF_FILES: Final = 5
_ATTEMPTS, _PAUSE = 100, 0.1  # while somebody holds a row of a patient whose rows must move together
_NEVER_CHANGED: Final = "true"


class Tried(NamedTuple):
    """How many values of a column open, how many do not, and how many of the good an earlier key sealed."""

    place: str
    good: int
    bad: int
    earlier: int


def reseal(database: Database, *, by: Actor, size: int = BATCH) -> int:
    """Seal anew what an earlier key sealed and let patients be found by the key at work; gives how many rows changed.

    Raises `Unavailable` when the store cannot be used, or somebody holds a row for too long; run again, it goes on.
    """
    done = sum(_reseal(database, columns, size) for columns in _sealed_columns() if not _is_kept(columns[0]))
    while True:
        moved, is_done = _found_anew(database, size, by)
        done += moved
        if is_done:
            return done


def tried(database: Database, size: int = BATCH) -> list[Tried]:
    """Every sealed value of the store opened once, by column."""
    return [_tried(database, each, size) for columns in _sealed_columns() for each in columns]


def _sealed_columns() -> Iterator[list[Column[Any]]]:
    """The sealed columns of each table that has some."""
    for each in TABLES:
        table: Table = each.__table__  # type: ignore[union-attr]
        yield [column for column in table.columns if isinstance(column.type, Sealed)]


def _is_kept(column: Column[Any]) -> bool:
    return bool(column.type.lasting == _NEVER_CHANGED)  # type: ignore[attr-defined]


def _reseal(database: Database, columns: list[Column[Any]], size: int) -> int:
    """Pass over a table until a pass finds nothing; a row that somebody holds is left for the next."""
    if any(isinstance(each.type, SealedBytes) for each in columns):
        size = min(size, _BATCH_OF_FILES)
    done, in_pass, last = 0, 0, None
    while True:
        with database.writing() as session:
            rows = session.execute(_earlier(columns, ring_of(session).sealing(), last).limit(size)).mappings().all()
            for row in rows:
                values = {each.name: row[each.name] for each in columns}  # opened now, and sealed when it is written
                session.execute(update(columns[0].table).where(columns[0].table.c.id == row["id"]).values(values))
        done, in_pass = done + len(rows), in_pass + len(rows)
        if rows:
            last = rows[-1]["id"]
        elif in_pass == 0:
            return done
        else:
            in_pass, last = 0, None


def _earlier(columns: list[Column[Any]], keys: Keys, last: Any) -> Any:
    """The rows of a table, after the `last`, in which an earlier key sealed something and which may be changed."""
    table, lasting = columns[0].table, columns[0].type.lasting  # type: ignore[attr-defined]
    query = select(table.c.id, *columns).where(not_(and_(*(_is_new(each, keys.sealing) for each in columns))))
    query = query.where(sql(f"NOT ({lasting})")) if lasting else query
    query = query if last is None else query.where(table.c.id > last)
    return query.order_by(table.c.id).with_for_update(skip_locked=True)


def _is_new(column: Column[Any], head: str) -> Any:
    """The condition that a value begins as those of a key, or is empty."""
    is_bytes = isinstance(column.type, SealedBytes)
    raw = type_coerce(column, LargeBinary() if is_bytes else Text())
    begins = [head.encode(), b""] if is_bytes else [head, ""]
    return or_(raw.is_(None), func.substr(raw, 1, PREFIX_LENGTH).in_(begins))


def _found_anew(database: Database, size: int, by: Actor) -> tuple[int, bool]:
    """Let the next few patients be found by the key at work, in every table at once; when none is left, it is done."""
    for _ in range(_ATTEMPTS):
        with suppress(Unavailable), database.writing() as session:
            return _move(session, size, by)
        sleep(_PAUSE)
    raise Unavailable


def _move(session: Session, size: int, by: Actor) -> tuple[int, bool]:
    held = select(DATA_KEY.c.id).where(DATA_KEY.c.purpose == INDEX).with_for_update()
    session.execute(held)  # who writes what is found by a key waits, or is waited for
    keys = ring_of(session).follow(session.connection())
    if keys is None or len(keys.indexes) == 1:
        return 0, True
    new, *old = keys.indexes
    for kind in FORMS:
        for each in blind_columns(kind):
            begins = or_(*(each.startswith(f"{index.id}.") for index in old))
            values = list(session.scalars(select(each).where(begins).distinct().limit(size)))
            if values:
                return sum(_rewrite(session, column, values, new) for column in blind_columns(kind)), False
    service.retire(session, by=by, at=now())
    return 0, True


def _rewrite(session: Session, column: Column[Any], values: list[str], new: Index) -> int:
    table, kind, source = column.table, column.type.kind, column.type.source  # type: ignore[attr-defined]
    rows = session.execute(
        select(table.c.id, table.c[source]).where(column.in_(values)).order_by(table.c.id).with_for_update(nowait=True)
    ).all()
    for key, told in rows:
        session.execute(update(table).where(table.c.id == key).values({column.name: new.of(kind, told)}))
    return len(rows)


def _tried(database: Database, column: Column[Any], size: int) -> Tried:
    raw = plain(column.table.name, named("id"), named(column.name, column.type.impl))  # type: ignore[attr-defined]
    size = _BATCH_OF_FILES if isinstance(column.type, SealedBytes) else size
    good, bad, earlier, last = 0, 0, 0, None
    while True:
        with database.reading() as session:
            dialect, keys = session.get_bind().dialect, ring_of(session).follow(session.connection())
            if keys is None:
                return Tried(str(column), 0, 0, 0)
            query = select(raw.c.id, raw.c[column.name]).order_by(raw.c.id).limit(size)
            rows = session.execute(query if last is None else query.where(raw.c.id > last)).all()
        for _, value in filter(lambda row: row[1], rows):
            try:
                column.type.process_result_value(value, dialect)  # type: ignore[attr-defined]
            except NotOpened:
                bad += 1
            else:
                good += 1
                earlier += not _starts(value, keys.sealing)
        if not rows:
            return Tried(str(column), good, bad, earlier)
        last = rows[-1][0]


def _starts(value: str | bytes, head: str) -> bool:
    return value.startswith(head.encode()) if isinstance(value, bytes) else value.startswith(head)
