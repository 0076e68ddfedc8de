"""The schema as an operator meets it: made where the settings say, left alone by an older program, told of plainly."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from psycopg import connect
from sqlalchemy import text
from sqlalchemy.engine import make_url

import stores
from mdk.db import NEWER
from mdk.errors import NOT_OWNER
from mdk_web.cli.main import cli
from postgres import Server


def mdk(*args: str, **settings: str) -> Result:
    return CliRunner().invoke(cli, args, env={"MDK_SECRET_KEY": stores.SECRET, **settings})


def test_the_schema_of_a_later_program_is_left_as_it_is(database_url: str, tmp_path: Path) -> None:
    at = {"MDK_DATABASE_URL": database_url, "MDK_DATA_DIR": str(tmp_path)}
    with stores.opened(database_url) as database, database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    done = mdk("migrate", **at)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"{NEWER}\n", "")
    checked = mdk("migrate", "--check", **at)
    assert (checked.exit_code, checked.stderr) == (1, f"mdk: {NEWER}\n")
    with stores.opened(database_url) as database, database.engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_no_store_is_made_where_no_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = mdk("migrate")
    assert (refused.exit_code, "MDK_DATABASE_URL" in refused.stderr, list(tmp_path.iterdir())) == (2, True, [])
    assert mdk("migrate", MDK_DATA_DIR="var/demo").exit_code == 0
    assert mdk("migrate").exit_code == 0, "a store that is there is gone on with"


@pytest.fixture
def guest(postgres_server: Server) -> Iterator[str]:
    """A user of PostgreSQL who owns nothing."""
    with connect(postgres_server.url("postgres"), autocommit=True) as owner:
        owner.execute("CREATE ROLE mdk_guest LOGIN")
        yield "mdk_guest"
        owner.execute("DROP ROLE mdk_guest")


@pytest.mark.postgres
def test_whoever_does_not_own_the_database_is_told_that_its_owner_is_needed(
    guest: str, postgres_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    copy, name = str(tmp_path / "kopia"), postgres_server.create()
    assert mdk("backup", copy, MDK_DATABASE_URL=postgres_url).exit_code == 0
    there = make_url(postgres_server.url(name)).set(username=guest).render_as_string()
    for args in (("migrate",), ("restore", copy)):
        refused = mdk(*args, MDK_DATABASE_URL=there)
        assert (refused.exit_code, NOT_OWNER in refused.stderr, refused.stderr.count("\n")) == (1, True, 1), args
    postgres_server.drop(name)


@pytest.mark.postgres
def test_a_copy_that_failed_says_why(guest: str, postgres_url: str, tmp_path: Path) -> None:
    with stores.opened(postgres_url) as database, database.engine.begin() as connection:
        connection.execute(text(f"GRANT SELECT ON alembic_version, data_key TO {guest}"))
    there = make_url(postgres_url).set(username=guest, password="hemligt-ord").render_as_string(hide_password=False)
    refused = mdk("backup", str(tmp_path / "kopia"), MDK_DATABASE_URL=there)
    assert (refused.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "pg_dump misslyckades: pg_dump: error: query failed: ERROR: permission denied for" in refused.stderr
    assert "hemligt-ord" not in refused.stderr
    with stores.opened(postgres_url) as database, database.engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {guest}"))


@pytest.mark.postgres
def test_a_restore_that_failed_quotes_no_row(postgres_url: str, tmp_path: Path) -> None:
    copy, here = str(tmp_path / "kopia"), {"MDK_DATABASE_URL": postgres_url}
    with stores.opened(postgres_url) as database, database.engine.begin() as connection:
        for statement in (
            "CREATE FUNCTION fits(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE TABLE extra (word text CHECK (fits(word)))",
            "INSERT INTO extra VALUES ('hemligt')",
            "CREATE OR REPLACE FUNCTION fits(text) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
        ):
            connection.execute(text(statement))
    assert mdk("backup", copy, **here).exit_code == 0
    refused = mdk("restore", copy, "--force", **here)
    assert (refused.exit_code, "psql misslyckades" in refused.stderr, "23514" in refused.stderr) == (1, True, True)
    assert "hemligt" not in refused.stderr
    with stores.opened(postgres_url) as database, database.reading() as session:
        assert session.execute(text("SELECT word FROM extra")).scalar_one() == "hemligt"
