import importlib

import pytest
from sqlmodel import SQLModel

from tree import ROOT, code, module_of, name_of


def tables() -> list[type[SQLModel]]:
    for path in code():
        if path.name == "tables.py":
            importlib.import_module(module_of(path))
    mapped = [mapper.class_ for mapper in SQLModel._sa_registry.mappers]
    return sorted(mapped, key=lambda table: str(table.__name__))


def column_names(table: type[SQLModel]) -> set[str]:
    return {column.name for column in SQLModel.metadata.tables[str(table.__tablename__)].columns}


def test_every_table_is_mapped_in_a_tables_file() -> None:
    assert {table.__module__.rpartition(".")[2] for table in tables()} == {"tables"}
    assert len(SQLModel.metadata.tables) == len(tables())


@pytest.mark.parametrize("table", tables(), ids=lambda table: str(table.__name__))
def test_the_table_declares_which_of_its_columns_are_personal(table: type[SQLModel]) -> None:
    assert "personal" in vars(table), f"{table.__name__} needs `personal: ClassVar[frozenset[str]]`, empty if none is"
    personal = vars(table)["personal"]
    assert isinstance(personal, frozenset)
    assert personal - column_names(table) == frozenset()


def test_no_table_holds_text_that_sounds_personal_and_is_not_declared() -> None:
    telling = {"name", "email", "identity_number", "birth_date", "patient_name", "address", "recipient", "submission"}
    # Names of places and things, which tell nothing about a person.
    of_things = {("region", "name"), ("unit", "name"), ("series", "name"), ("conference_series", "name")}
    undeclared = [
        (str(table.__tablename__), column)
        for table in tables()
        for column in column_names(table)
        if column in telling and column not in vars(table).get("personal", ())
    ]
    assert [pair for pair in undeclared if pair not in of_things] == []


def test_tables_define_no_behaviour() -> None:
    with_methods = [
        f"{table.__module__}.{table.__name__}.{name}"
        for table in tables()
        for name, value in vars(table).items()
        if callable(value) and not name.startswith("_") and value.__module__ == table.__module__
    ]
    assert with_methods == []


def test_the_three_packages_are_found() -> None:
    assert {name_of(path).split("/")[0] for path in code()} == {"mdk", "web", "calendar"}
    assert (ROOT / "pyproject.toml").exists()
