"""What goes straight to the driver: the same values, errors and hearers as on the usual way."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

import make
from mdk.audit.service import did
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.errors import Unavailable
from mdk.statements import Query, Statement, each_of


class CaseRow(NamedTuple):
    number: str
    completeness: float
    birth_date: date | None
    protected: bool
    changed_at: datetime
    submitted_at: datetime | None
    outcome: str | None
    days_allowed: int


class Said(NamedTuple):
    id: int
    reason: str


class Struck(msgspec.Struct, frozen=True):
    id: int


class SaidToo(Struck, frozen=True, array_like=True):
    reason: str


class End(NamedTuple):
    id: int
    share: float | None
    text: str | None
    day: date | None
    yes: bool | None
    at: datetime | None


CASE_COLUMNS = [getattr(Case, name) for name in CaseRow._fields]
CASES = Query(select(*CASE_COLUMNS).order_by(col(Case.id)), CaseRow)
SAID_QUERY = select(col(AccessLog.id), col(AccessLog.reason)).order_by(col(AccessLog.id))
SAID = Query(SAID_QUERY, Said)
AMONG = Query(
    select(col(AccessLog.id), col(AccessLog.reason)).where(col(AccessLog.reason).in_(select(each_of("texts").c.value))),
    Said,
)
BROKEN = Query(select(col(AccessLog.id), col(AccessLog.reason)).where(text("no_such_column = 1")), Said)
THEIRS = Table("said", MetaData(), Column("id", Integer, primary_key=True), Column("reason", String))
ENDS = Table(
    "ends",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("share", Float),
    Column("text", String),
    Column("day", Date),
    Column("yes", Boolean),
    Column("at", UTCDateTime()),
    prefixes=["TEMPORARY"],
)
HARD = ["rad\r\nrad", 'citat " och \\', "å ä ö Å 😀", "{}[],:", "\u2028\x7f\t", "'; --", ""]


def say(database: Database, *texts: str) -> None:
    with database.writing() as session:
        for each in texts:
            did(session, "say", by=SYSTEM, at=make.AT, reason=each)


@pytest.mark.parametrize("share", [0.0, 1.0, 1 / 3, 14 / 15, 0.1 + 0.2, 1e-9, 123456.789])
@pytest.mark.parametrize(
    ("born", "at"),
    [
        (None, datetime(2026, 11, 27, 12, tzinfo=UTC)),
        (date(1900, 2, 28), datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (date(2024, 2, 29), datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_values_are_those_of_the_usual_way(clinic: Database, share: float, born: date | None, at: datetime) -> None:
    make.draft(clinic)
    make.submitted(clinic)
    values = {"completeness": share, "birth_date": born, "changed_at": at, "protected": born is None}
    with clinic.writing() as session:
        session.execute(update(Case).values(**values).execution_options(synchronize_session=False))
    with clinic.reading() as session:
        usual = [tuple(row) for row in session.execute(select(*CASE_COLUMNS).order_by(col(Case.id)))]
        ours = CASES.rows(session.connection())
    assert ours == usual
    assert [[type(value) for value in row] for row in ours] == [[type(value) for value in row] for row in usual]
    assert (ours[0].completeness, ours[0].birth_date, ours[0].changed_at) == (share, born, at)
    assert ours[0].changed_at.tzinfo is not None


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40), max_size=5))
def test_any_text_comes_back_as_it_was(texts: list[str]) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(CreateTable(THEIRS))
        for place, each in enumerate([*texts, *HARD]):
            connection.execute(THEIRS.insert().values(id=place, reason=each))
        query = Query(select(THEIRS).order_by(THEIRS.c.id), Said)
        assert [row.reason for row in query.rows(connection)] == [*texts, *HARD]
    engine.dispose()


def test_nothing_and_the_ends_of_what_there_is_come_back_from_either_store(clinic: Database) -> None:
    ends = [
        (None, None, None, None, None),
        (0.0, "null", date(1, 1, 1), False, datetime(1, 1, 1, tzinfo=UTC)),
        (1e300, "1", date(9999, 12, 31), True, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (-1e-300, "true", None, None, None),
    ]
    with clinic.engine.connect() as connection:
        ENDS.create(connection)
        connection.execute(
            ENDS.insert(), [dict(zip(End._fields, (place, *row), strict=True)) for place, row in enumerate(ends)]
        )
        query = Query(select(ENDS).order_by(ENDS.c.id), End)
        assert [row[1:] for row in query.rows(connection)] == ends
        connection.rollback()


def test_a_value_that_is_not_given_is_missed(clinic: Database) -> None:
    with clinic.reading() as session, pytest.raises(KeyError, match="texts"):
        AMONG.rows(session.connection())


def test_hard_texts_come_back_from_either_store_and_are_found_in_a_list(clinic: Database) -> None:
    say(clinic, *HARD)
    with clinic.reading() as session:
        connection = session.connection()
        assert [row.reason for row in SAID.rows(connection)][-len(HARD) :] == HARD
        for each in filter(None, HARD):
            assert [row.reason for row in AMONG.rows(connection, {"texts": ["annat", each]})] == [each]
        assert AMONG.rows(connection, {"texts": []}) == []


def test_an_error_is_told_as_of_any_other_statement_and_shows_no_value(clinic: Database) -> None:
    with pytest.raises(DBAPIError) as failure, clinic.engine.connect() as connection:
        BROKEN.rows(connection)
    with pytest.raises(DBAPIError) as usual, clinic.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 WHERE no_such_column = 1")
    assert type(failure.value) is type(usual.value)
    assert type(failure.value.orig) is type(usual.value.orig)
    assert failure.value.hide_parameters


def test_a_line_that_was_cut_is_given_up_and_the_next_one_works(clinic: Database) -> None:
    def cut_and_ask() -> None:
        with clinic.reading() as session:
            own = session.scalar(text("SELECT pg_backend_pid()"))
            with clinic.engine.connect() as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({own})")
            SAID.rows(session.connection())

    if clinic.is_sqlite:
        return
    with pytest.raises(Unavailable):
        cut_and_ask()
    with clinic.reading() as session:
        SAID.rows(session.connection())


def test_who_listens_hears_of_it_before_and_after(clinic: Database) -> None:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        heard.append(statement)

    for name in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(clinic.engine, name, hear)
    with clinic.reading() as session:
        SAID.rows(session.connection())
    for name in ("before_cursor_execute", "after_cursor_execute"):
        event.remove(clinic.engine, name, hear)
    assert len([statement for statement in heard if "access_log" in statement]) == 2


def test_a_row_may_be_a_struct_that_adds_to_another(clinic: Database) -> None:
    with clinic.writing() as session:
        did(session, "test", by=SYSTEM, at=make.AT, reason="of a struct")
    with clinic.reading() as session:
        tuples = SAID.rows(session.connection())
        structs = Query(SAID_QUERY, SaidToo).rows(session.connection())
    assert structs == [SaidToo(id=each.id, reason=each.reason) for each in tuples]
    assert structs[-1].reason == "of a struct"


def test_a_text_that_would_differ_with_the_values_is_refused(clinic: Database) -> None:
    one = Statement(select(col(Case.id)).where(col(Case.id).in_(bindparam("ids", expanding=True, type_=Integer()))))
    with pytest.raises(TypeError, match="one text"), clinic.engine.connect() as connection:
        one.do(connection, {"ids": [1, 2]})


def test_a_sealed_column_and_a_row_that_does_not_fit_are_refused() -> None:
    with pytest.raises(TypeError, match="patient_name"):
        Query(select(col(Case.id), col(Case.patient_name)), Said)
    with pytest.raises(TypeError, match="field for each"):
        Query(select(col(Case.id)), Said)
    with pytest.raises(TypeError, match="field for each"):
        Query(select(col(Case.id)), Struck)  # its rows would be objects, not lists
