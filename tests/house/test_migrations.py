import importlib

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text
from sqlmodel import SQLModel

from mdk.db import SEARCH_INDEX, Database, is_modelled
from tree import ROOT, code, module_of


def scripts() -> ScriptDirectory:
    return ScriptDirectory(str(ROOT / "infra" / "migrations"))


def load_tables() -> None:
    for path in code():
        if path.name == "tables.py":
            importlib.import_module(module_of(path))


def test_the_migrations_are_one_line_from_one_root_to_one_head() -> None:
    revisions = list(scripts().walk_revisions())
    assert len(scripts().get_heads()) == 1
    assert len(scripts().get_bases()) == 1
    assert [revision.revision for revision in revisions if revision.is_branch_point or revision.is_merge_point] == []


def test_every_migration_says_what_it_does() -> None:
    assert [revision.revision for revision in scripts().walk_revisions() if not revision.doc.strip()] == []


def test_a_migrated_database_is_what_the_tables_describe(database: Database) -> None:
    load_tables()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_modelled})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_migrated_database_holds_every_check_that_the_tables_declare(database: Database) -> None:
    load_tables()
    declared = {
        (table.name, str(constraint.name))
        for table in SQLModel.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and constraint.name
    }
    found = inspect(database.engine)
    there = {
        (table, str(check["name"])) for table in found.get_table_names() for check in found.get_check_constraints(table)
    }
    assert declared - there == set()


def test_no_later_migration_has_lost_the_index_of_the_search(database: Database) -> None:
    asked = (
        "SELECT type, name FROM sqlite_master WHERE name IN ('case_search', 'case_search_insert', "
        "'case_search_update', 'case_search_delete') ORDER BY name"
        if database.is_sqlite
        else "SELECT 'index', indexname FROM pg_indexes WHERE indexname = 'case_search'"
    )
    triggers = [("trigger", f"{SEARCH_INDEX}_{moment}") for moment in ("delete", "insert", "update")]
    with database.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(asked))]
    assert found == ([("table", SEARCH_INDEX), *triggers] if database.is_sqlite else [("index", SEARCH_INDEX)])


def test_a_migrated_database_has_no_rows_yet(database: Database) -> None:
    load_tables()
    with database.reading() as session:
        filled = [name for name, table in SQLModel.metadata.tables.items() if session.execute(table.select()).first()]
    assert filled == []
