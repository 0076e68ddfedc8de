"""Owns the statements that every page asks: compiled once for each store, and handed to its driver as they are.

On the usual way such a statement costs a third of a millisecond in a process that does other things between, most of it
before the driver is reached. SQLite gives way to other threads at every row that is fetched, so there all rows come as
one text, which is read in one step (infra/decisions/0027). Errors are those of any other statement, and who listens to
a connection hears of these too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Executable,
    Float,
    Integer,
    Select,
    String,
    TableValuedAlias,
    TypeDecorator,
    bindparam,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

Given = Mapping[str, Any]
Row = TypeVar("Row", bound="NamedTuple | msgspec.Struct")
_Step = Callable[[Any], Any] | None
_PLAIN: Final = (Integer, Float, String, AutoString, Boolean, Date, UTCDateTime)
_json: Final = msgspec.json.Encoder()


class Statement:
    """A statement that is carried out again and again; its text does not depend on the values that it is given."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def do(self, connection: Connection, *many: Given) -> None:
        """Carry it out for each of the values given. Raises `DBAPIError`."""
        ready = self._for(connection.dialect)
        for given in many:
            handed_over(connection, ready.text, ready.bound(given)).close()

    def _for(self, dialect: Dialect) -> "_Ready":
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready.of(self._written(dialect), dialect)
        return ready

    def _written(self, _dialect: Dialect) -> Executable:
        return self._statement


class Query(Statement, Generic[Row]):
    """A query that is asked again and again, and the type of its rows: a field for each column, in their order.

    The type is a named tuple, or a struct that is `array_like`, which may add to another's fields.
    """

    def __init__(self, query: Any, row: type[Row]) -> None:
        super().__init__(query)
        self._columns = tuple(query.selected_columns)
        self._row: Any = row
        self._packed = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]
        self._steps: list[_Step] = []
        strange = [column.name for column in self._columns if not isinstance(column.type, _PLAIN)]
        if strange or len(self._columns) != len(_fields(row)):
            message = f"a standing query needs plain columns and a field for each: {strange or _fields(row)}"
            raise TypeError(message)

    def rows(self, connection: Connection, given: Given | None = None) -> list[Row]:
        """What it finds. Raises `DBAPIError`."""
        ready = self._for(connection.dialect)
        cursor = handed_over(connection, ready.text, ready.bound(given or {}))
        found, told = cursor.fetchall(), cursor.description
        cursor.close()
        if connection.dialect.name == "sqlite":
            packed: list[Row] = self._packed.decode(found[0][0])
            return packed
        self._steps = self._steps or self._read_by(connection.dialect, told)
        return [
            self._row(*(step(value) if step else value for step, value in zip(self._steps, row, strict=True)))
            for row in found
        ]

    def _written(self, dialect: Dialect) -> Executable:
        return _packed(self._statement) if dialect.name == "sqlite" else self._statement

    def _read_by(self, dialect: Dialect, told: Sequence[Any]) -> list[_Step]:
        kinds = zip(self._columns, told, strict=True)
        return [column.type.dialect_impl(dialect).result_processor(dialect, code[1]) for column, code in kinds]


def _fields(row: Any) -> tuple[str, ...]:
    if not issubclass(row, msgspec.Struct):
        return tuple(row._fields)
    return row.__struct_fields__ if row.__struct_config__.array_like else ()


class _Ready(NamedTuple):
    """A statement as one store's driver takes it."""

    text: str
    places: tuple[tuple[str, _Step], ...]  # of each value: its name, and how it is stored
    usual: dict[str, Any]  # the values that need not be given
    is_positional: bool

    @classmethod
    def of(cls, statement: Any, dialect: Dialect) -> "_Ready":
        compiled: SQLCompiler = statement.compile(dialect=dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            message = "a standing statement has one text, whatever it is given"
            raise TypeError(message)
        kinds = {name: parameter.type.dialect_impl(dialect) for parameter, name in compiled.bind_names.items()}
        names = compiled.positiontup if compiled.positional else list(kinds)
        return cls(
            text=str(compiled),
            places=tuple((name, kinds[name].bind_processor(dialect)) for name in names or ()),
            usual={name: each.effective_value for each, name in compiled.bind_names.items() if not each.required},
            is_positional=bool(compiled.positional),
        )

    def bound(self, given: Given) -> Any:
        """The values as the driver takes them. Raises `KeyError` for one that is missing."""
        values = {**self.usual, **given}
        if self.is_positional:
            return [step(values[name]) if step else values[name] for name, step in self.places]
        return {name: step(values[name]) if step else values[name] for name, step in self.places}


class _EachText(FunctionElement[str]):
    """The texts of a JSON list, one in a row."""

    name = "each_text"
    inherit_cache = True


@compiles(_EachText, "sqlite")
def _on_sqlite(element: _EachText, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_EachText, "postgresql")
def _on_postgresql(element: _EachText, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **how)} AS json))"


class _Listed(TypeDecorator[Sequence[str]]):
    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's
        """What is stored."""
        return _json.encode(value).decode()


def each_of(name: str) -> TableValuedAlias:
    """A list of texts that is given under `name`, however long, as a table with the column `value`."""
    return _EachText(bindparam(name, type_=_Listed())).table_valued("value")


def handed_over(connection: Connection, text: str, given: Any = ()) -> Any:
    """The driver's cursor after a statement of its own. Raises `DBAPIError` as the usual way does."""
    cursor = connection.connection.cursor()
    for hear in connection.dispatch.before_cursor_execute:
        hear(connection, cursor, text, given, None, False)  # noqa: FBT003 - as they are called
    driver = connection.dialect.loaded_dbapi
    try:
        cursor.execute(text, given)
    except driver.Error as failure:
        cursor.close()
        raise _translated(connection, text, failure) from failure
    for hear in connection.dispatch.after_cursor_execute:
        hear(connection, cursor, text, given, None, False)  # noqa: FBT003 - as they are called
    return cursor


def _translated(connection: Connection, text: str, failure: Exception) -> BaseException:
    dialect, held = connection.dialect, connection.connection.dbapi_connection
    is_cut = dialect.is_disconnect(failure, held, None)  # type: ignore[arg-type]
    if is_cut:
        connection.invalidate(failure)
    return DBAPIError.instance(
        text,
        None,
        failure,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_cut,
        dialect=dialect,
    )


def _packed(query: Any) -> Select[Any]:
    """The query's rows as one JSON list, which keeps what they are to their types."""
    found = query.subquery()
    return select(func.json_group_array(func.json_array(*map(_in_json, found.c))))


def _in_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """JSON would round a fraction, of which nothing must stay nothing, and times are stored without their zone."""
    if isinstance(column.type, Float):
        return case((column.is_not(None), func.printf("%!.17g", column)))
    return column.op("||")(literal_column("'Z'", String())) if isinstance(column.type, UTCDateTime) else column
